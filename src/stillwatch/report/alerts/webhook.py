"""Webhooks, signed as the Standard Webhooks specification, version 1.0.0, says.

The signature is HMAC-SHA256 over ``id.timestamp.body`` under a secret that both sides hold.  The
id is the same on every attempt and the timestamp is the attempt's, so that a receiver can refuse
what is old and drop what it has.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from stillwatch import __version__
from stillwatch.report.alerts.http import Address, post, retry_after, take_address, trust
from stillwatch.report.alerts.interface import DAY, NotTakenError

if TYPE_CHECKING:
    import ssl

    from stillwatch.report.alerts.interface import Message
    from stillwatch.report.alerts.options import Options

__all__ = ["Webhook", "signature", "webhook_body"]

_PREFIX = "whsec_"
_GONE = 410


@dataclass(frozen=True, slots=True, repr=False)
class Webhook:
    """An HTTP endpoint that checks signatures."""

    name: str
    """The operator's name for it."""
    address: Address
    """Where to post."""
    secrets: tuple[bytes, ...]
    """Signing keys, 24 to 64 bytes; two while one is being replaced."""
    timeout: float
    """Seconds for each step of a delivery."""
    context: ssl.SSLContext
    """Whom to trust."""

    kind = "webhook"

    @classmethod
    def take(cls, name: str, options: Options) -> Self:
        """Read a webhook from its table."""
        address = take_address(options)
        secrets = tuple(_secret(word, options) for word in options.secrets("secret"))
        timeout = options.number("timeout_seconds", 20, 0.1, 300)
        return cls(name, address, secrets, timeout, trust(options.path("ca_file")))

    def deliver(self, message: Message, now: float) -> None:
        """Post a message; any status but 2xx is a failure, redirects too."""
        body = webhook_body(message)
        stamp = int(now)
        headers = {
            "content-type": "application/json",
            "user-agent": f"stillwatch/{__version__}",
            "webhook-id": message.uid,
            "webhook-timestamp": str(stamp),
            "webhook-signature": " ".join(
                signature(secret, message.uid, stamp, body) for secret in self.secrets
            ),
        }
        answer = post(self.address, headers, body, timeout=self.timeout, context=self.context)
        if 200 <= answer.status < 300:
            return
        wait = retry_after(answer, now)
        if answer.status == _GONE:  # it wants no more: ask once a day, until it is removed
            wait = DAY
        raise NotTakenError(f"it answered with status {answer.status}", wait)

    def close(self) -> None:
        """Nothing is held between deliveries."""


def webhook_body(message: Message) -> bytes:
    """Return the JSON body: type, timestamp, playbook and the events."""
    head = {
        "type": message.kind,
        "timestamp": message.time.isoformat().replace("+00:00", "Z"),
        "data": {"playbook": message.playbook, "events": []},
    }
    text = json.dumps(head, separators=(",", ":"))
    events = ",".join(event.text for event in message.events)
    return f"{text[:-3]}{events}]}}}}".encode("ascii")


def signature(secret: bytes, uid: str, stamp: int, body: bytes) -> str:
    """Return one signature, with its version.

    Args:
        secret: the shared key.
        uid: the message's id, without a full stop.
        stamp: seconds since 1970 of the attempt.
        body: the very bytes that are sent.
    """
    signed = f"{uid}.{stamp}.".encode("ascii") + body
    return "v1," + base64.b64encode(hmac.digest(secret, signed, hashlib.sha256)).decode("ascii")


def _secret(word: str, options: Options) -> bytes:
    try:
        if not word.startswith(_PREFIX):
            raise ValueError  # noqa: TRY301 - one error for all that is no secret
        key = base64.b64decode(word.removeprefix(_PREFIX), validate=True)
    except (ValueError, binascii.Error):
        raise options.wrong("secret", "does not hold whsec_ and base64") from None
    if not 24 <= len(key) <= 64:
        raise options.wrong("secret", f"has {len(key)} bytes, and 24 to 64 are asked for")
    return key
