"""Records over NATS JetStream, from the consumer that the hub made for this member.

NATS carries and the hub vouches: what arrives passes the same verification as a pull, and a pull
every ten minutes takes what NATS may have kept back.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import json
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from stillwatch.errors import ConfigurationError, MissingExtraError, RefusedError, UnreachableError
from stillwatch.share.exchange.client import UNREADABLE
from stillwatch.share.exchange.records import Record
from stillwatch.share.exchange.watching import Batch

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from nats.aio.client import Client
    from nats.aio.msg import Msg
    from nats.aio.subscription import Subscription

    from stillwatch.share.exchange.client import HubClient

__all__ = ["JetStream", "NatsNames"]

_AT_ONCE = 500
_WAIT = 5.0
"""Seconds between looks at whether to go on."""
_GATHER = 0.05
"""Seconds for messages to come together: verifying many costs little more than one."""
_ASKED = 30.0
"""Seconds that the server holds a request for messages."""
_PULL = 600.0


class NatsNames(msgspec.Struct, frozen=True):
    """What a hub says of its stream."""

    stream: str
    consumer: str
    inbox: str


@dataclass(frozen=True, slots=True)
class JetStream:
    """A hub's stream, as one member reads it.

    Args:
        url: of NATS.
        seed: of the member's NATS key.
        ca: certificates to trust, PEM; the system's where None.
        domain: of the hub's JetStream, where the URL is a leaf node's of another domain.
        clock: seconds that only rise.
    """

    url: str
    seed: str
    clock: Callable[[], float]
    ca: Path | None = None
    domain: str = ""

    def batches(self, client: HubClient, _cursor: int) -> Generator[Batch]:
        """Yield what comes, and nothing every five seconds; said to be taken when asked for more.

        Raises:
            UnreachableError: NATS is away, or ten minutes are over, after which there is a pull.
            RefusedError: M-9 a message holds no record.
            ConfigurationError: the hub does not publish to NATS.
        """
        said = client.get("/exchange/v1/me")
        try:
            names = msgspec.convert(said["nats"], NatsNames)
        except (KeyError, TypeError, msgspec.ValidationError) as error:
            raise ConfigurationError(
                "the hub does not publish to NATS", where=self.url, todo="watch without --nats"
            ) from error
        end = self.clock() + _PULL
        with asyncio.Runner() as runner:
            link = runner.run(_Link.open(self, names))
            try:
                while self.clock() < end:
                    messages = runner.run(link.wait(_WAIT))
                    yield _batch(messages)
                    runner.run(link.took(messages))
            finally:
                runner.run(link.close())
        raise UnreachableError("it is time to pull", where=self.url)


class _Link:
    """A connection that keeps a request for messages open."""

    def __init__(self, client: Client, inbox: Subscription, names: NatsNames, api: str) -> None:
        self._client, self._inbox, self._names = client, inbox, names
        self._next = f"{api}.CONSUMER.MSG.NEXT.{names.stream}.{names.consumer}"
        self._asked_until = 0.0
        self._left = 0

    @classmethod
    async def open(cls, given: JetStream, names: NatsNames) -> _Link:
        try:
            import nats.errors  # noqa: PLC0415 - an extra
            from nats.aio.client import Client  # noqa: PLC0415 - as above
        except ModuleNotFoundError as error:
            raise MissingExtraError(
                f"--nats needs {error.name}", todo="pip install 'stillwatch[nats]'"
            ) from error
        tls: dict[str, Any] = {}
        if given.url.startswith("tls:"):
            tls["tls"] = ssl.create_default_context(cafile=given.ca)
        client = Client()
        try:
            await client.connect(
                given.url,
                nkeys_seed_str=given.seed,
                inbox_prefix=names.inbox,
                allow_reconnect=False,
                connect_timeout=10,
                error_cb=_silent,
                **tls,
            )
            inbox = await client.subscribe(f"{names.inbox}.records")
        except (OSError, nats.errors.Error, TimeoutError) as error:
            with contextlib.suppress(Exception):  # what is half open is let go
                await client.close()
            raise _away(given.url, error) from error
        domain = f"$JS.{given.domain}.API" if given.domain else "$JS.API"
        return cls(client, inbox, names, domain)

    async def wait(self, seconds: float) -> list[Msg]:
        """Return what came, after so many seconds at most.

        Raises:
            UnreachableError: NATS is away, or has no such consumer.
        """
        import nats.errors  # noqa: PLC0415 - an extra

        await self._ask()
        found: list[Msg] = []
        try:
            with contextlib.suppress(nats.errors.TimeoutError):
                found.append(await self._inbox.next_msg(seconds))
                while self._inbox.pending_msgs and len(found) < _AT_ONCE:
                    found.append(await self._inbox.next_msg(seconds))
        except nats.errors.Error as error:
            raise _away("NATS", error) from error
        if self._client.is_closed:
            raise UnreachableError("NATS closed the connection", todo="wait")
        return [message for message in found if not self._said(message)]

    async def took(self, messages: list[Msg]) -> None:
        """Say that messages, and all before them, are kept; let the next ones gather."""
        if messages and not self._client.is_closed:
            await self._client.publish(messages[-1].reply, b"+ACK")
            await asyncio.sleep(_GATHER)

    async def close(self) -> None:
        with contextlib.suppress(Exception):  # it may be gone already
            await self._client.drain()

    async def _ask(self) -> None:
        now = asyncio.get_running_loop().time()
        if self._left > _AT_ONCE // 2 and now < self._asked_until:
            return
        many = _AT_ONCE - (self._left if now < self._asked_until else 0)
        asked = {"batch": many, "expires": int(_ASKED * 1e9)}
        await self._client.publish(self._next, json.dumps(asked).encode(), self._inbox.subject)
        self._left = _AT_ONCE
        self._asked_until = now + _ASKED - 1.0

    def _said(self, message: Msg) -> bool:
        """Take note of a message that is the server's own; False for all others.

        Raises:
            UnreachableError: the consumer is gone.
        """
        status = (message.headers or {}).get("Status", "")
        if not status:
            self._left -= 1
            return False
        if status in {"404", "408"}:  # none yet, or the request is over
            self._left = 0
        elif status != "100":
            words = (message.headers or {}).get("Description", "")
            raise UnreachableError(f"NATS answers {status} {words}", todo="ask the hub's operator")
        return True


def _batch(messages: list[Msg]) -> Batch:
    """Return records with the checkpoint that came with the last.

    Raises:
        RefusedError: M-9 a message holds no record.
    """
    note = b""
    try:
        records = [msgspec.json.decode(one.data, type=Record) for one in messages if one.data]
        if messages:
            header = (messages[-1].headers or {}).get("Stillwatch-Checkpoint", "")
            note = base64.b64decode(header, validate=True)
    except (*UNREADABLE, binascii.Error) as error:
        raise RefusedError("M-9", f"a message holds no record: {error}") from error  # M-9
    return Batch(records, note)


async def _silent(_error: Exception) -> None:
    """Say nothing: what matters is raised where it is waited for."""


def _away(url: str, error: BaseException) -> UnreachableError:
    return UnreachableError(
        f"NATS does not answer: {type(error).__name__}",
        where=url.rpartition("@")[2],
        todo="check the URL and that the hub's NATS knows this member's key",
    )
