"""Splunk's HTTP Event Collector: JSON events, and its indexer acknowledgement where asked for.

Formats are those of Splunk's manual, "Format events for HTTP Event Collector" and "About HTTP Event
Collector Indexer Acknowledgment".  Without acknowledgement a success means that the collector has
the events, and not yet that they are indexed.
"""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Self

from stillwatch import __version__
from stillwatch.report.alerts.http import Address, Answer, post, retry_after, take_address, trust
from stillwatch.report.alerts.interface import NotTakenError

if TYPE_CHECKING:
    import ssl

    from stillwatch.report.alerts.interface import Message
    from stillwatch.report.alerts.options import Options

__all__ = ["Splunk", "collector_body"]

_EVENT = "/services/collector/event"
_ACK = "/services/collector/ack"
_POLL_SECONDS = 0.5


@dataclass(frozen=True, slots=True, repr=False)
class Splunk:
    """One event collector and one of its tokens."""

    name: str
    """The operator's name for it."""
    address: Address
    """The collector; its path is set here."""
    token: str
    """The collector's token."""
    index: str | None
    """Index, where it is not the token's default."""
    source_type: str
    """Source type of the events."""
    acknowledge: bool
    """Whether to wait until the events are indexed."""
    timeout: float
    """Seconds for each step of a delivery, and for the acknowledgement."""
    context: ssl.SSLContext
    """Whom to trust."""
    channel: str = field(default_factory=lambda: str(uuid.uuid4()))
    """Channel that acknowledgements are counted in; the collector asks for a GUID."""

    kind = "splunk"

    @classmethod
    def take(cls, name: str, options: Options) -> Self:
        """Read a collector from its table."""
        address = take_address(options)
        if address.target != "/":
            raise options.wrong("url", "has a path: give only https://host:port")
        return cls(
            name=name,
            address=address,
            token=options.secrets("token")[0],
            index=options.maybe("index"),
            source_type=options.text("sourcetype", "_json"),
            acknowledge=options.flag("acknowledge", default=False),
            timeout=options.number("timeout_seconds", 20, 0.1, 300),
            context=trust(options.path("ca_file")),
        )

    def deliver(self, message: Message, now: float) -> None:
        """Post a message's events, and wait for the acknowledgement where it is wanted."""
        body = collector_body(message, self.index, self.source_type)
        answer = self._post(_EVENT, body)
        said = _json(answer)
        if answer.status != 200 or said.get("code") != 0:
            code = said.get("code")
            words = f"status {answer.status}" + (f", code {code}" if type(code) is int else "")
            raise NotTakenError(f"it answered with {words}", retry_after(answer, now))
        if self.acknowledge:
            self._wait(said.get("ackId"))

    def close(self) -> None:
        """Nothing is held between deliveries."""

    def _wait(self, ack: object) -> None:
        if type(ack) is not int:
            raise NotTakenError("it gave no ackId: acknowledgement is not on for this token")
        end = time.monotonic() + self.timeout
        while True:
            answer = self._post(
                f"{_ACK}?channel={self.channel}", json.dumps({"acks": [ack]}).encode("ascii")
            )
            acks = _json(answer).get("acks")
            if answer.status == 200 and isinstance(acks, dict) and acks.get(str(ack)) is True:
                return
            if time.monotonic() >= end:
                raise NotTakenError("it did not acknowledge the events in time")
            time.sleep(_POLL_SECONDS)

    def _post(self, target: str, body: bytes) -> Answer:
        headers = {
            "authorization": f"Splunk {self.token}",
            "content-type": "application/json",
            "user-agent": f"stillwatch/{__version__}",
            "x-splunk-request-channel": self.channel,
        }
        address = replace(self.address, target=target)
        return post(address, headers, body, timeout=self.timeout, context=self.context)


def collector_body(message: Message, index: str | None, source_type: str) -> bytes:
    """Return the events as the collector takes a batch: objects one after another.

    Times are seconds since 1970 with three decimals.
    """
    lines = []
    for event in message.events:
        envelope: dict[str, Any] = {
            "time": round(event.time.timestamp(), 3),
            "source": "stillwatch",
            "sourcetype": source_type,
            "fields": {"alert_id": message.uid, "alert_type": message.kind},
        }
        if index is not None:
            envelope["index"] = index
        lines.append(f'{json.dumps(envelope)[:-1]}, "event": {event.text}}}')
    return "\n".join(lines).encode("ascii")


def _json(answer: Answer) -> dict[str, Any]:
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
