"""NATS JetStream, read by sequence through a consumer that is made anew at each start.

The state says where to begin; the consumer is a window of bounded size, and its acknowledgements
are for people to see. Deliveries are numbered without a gap, so that a message lost on the way is
noticed and the consumer made again; what it delivers twice is told by its sequence. Needs the
``nats`` extra.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import nats
from nats.errors import Error as NatsError
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy, RetentionPolicy
from nats.js.errors import APIError, NotFoundError

from stillwatch.errors import ConfigurationError, UnreachableError
from stillwatch.find.streaming.interface import Message

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping
    from pathlib import Path

__all__ = ["JetStream", "JetStreamReader"]

PARTITION = "0"
"""A stream of JetStream is one sequence."""
_AT_ONCE = 2_000
"""Messages of a read and of a request."""
_BYTES = 64 << 20
"""Bytes of a request: as many as the largest message that a server may allow."""
_HELD = 30.0
"""Seconds that the server holds a request."""
_LINGER = 0.05
"""Seconds for messages to come together: many cost little more than one."""
_PATIENCE = 10.0
_ACK_WAIT = 900.0
"""Seconds after which what is not acknowledged comes again, and is told by its sequence."""


@dataclass(frozen=True, slots=True)
class JetStream:
    """Where a stream is."""

    url: str
    """``nats://`` or ``tls://``, several with commas; without a password."""
    stream: str
    subject: str = ""
    """Only messages of subjects that match; empty is all of the stream."""
    consumer: str = "stillwatch-watch"
    """Name of the consumer; one for each watch of the stream."""
    credentials: Path | None = None
    """File of a NATS user's JWT and seed."""
    ca: Path | None = None
    """Certificates to trust, PEM; the system's where None."""
    pending: int = 250_000
    """Messages that the server may have sent and that are not committed yet."""


class JetStreamReader:
    """Reads one stream.

    Args:
        place: where.
    """

    def __init__(self, place: JetStream) -> None:
        self.name = f"nats:{place.stream}" + (f":{place.subject}" if place.subject else "")
        """See :class:`Reader`, as all below."""
        self.connected = False
        self.missed = 0
        self._place = place
        self._runner = asyncio.Runner()
        self._client: Any = None
        self._inbox: Any = None
        self._lag = 0
        self._left = 0
        self._until = 0.0
        self._delivered = self._taken = 0
        self._reply = ""

    def open(self, taken: Mapping[str, int]) -> None:
        """Make the consumer after the sequence taken."""
        self._run(self._close())
        try:
            self._run(self._opened(taken.get(PARTITION, 0)))
        except BaseException:
            self._run(self._close())
            raise
        self.connected = True

    def read(self, seconds: float) -> list[Message]:
        """Return what came."""
        came: list[Message] = self._run(self._came(seconds))
        return came

    def acknowledge(self, taken: Mapping[str, int]) -> None:
        """Acknowledge all up to the last message that was read."""
        if self._reply and taken.get(PARTITION, 0) >= self._taken:
            with contextlib.suppress(UnreachableError):
                self._run(self._acknowledged())

    def lag(self) -> Mapping[str, int]:
        """Return how many messages wait."""
        return {PARTITION: self._lag}

    def close(self) -> None:
        """Close the connection."""
        self._run(self._close())
        self._runner.close()

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:  # noqa: ANN401 - as the work gives
        try:
            return self._runner.run(work)
        except (OSError, NatsError, TimeoutError) as error:
            self.connected = False
            raise UnreachableError(
                f"NATS does not answer: {type(error).__name__}",
                where=self._place.url,
                todo="check that it runs with JetStream",
            ) from error
        except UnreachableError:
            self.connected = False
            raise

    async def _opened(self, taken: int) -> None:
        self._client = await _connected(self._place)
        context = self._client.jetstream(timeout=5.0)
        place = self._place
        try:
            info = await context.stream_info(place.stream)
        except NotFoundError as error:
            raise ConfigurationError(
                "there is no such stream", where=place.stream, todo="name one that there is"
            ) from error
        _check(info, place, taken)
        first = info.state.first_seq
        if taken and first > taken + 1:
            self.missed += first - taken - 1
        with contextlib.suppress(NotFoundError):
            await context.delete_consumer(place.stream, place.consumer)
        try:
            made = await context.add_consumer(
                place.stream,
                ConsumerConfig(
                    durable_name=place.consumer,
                    deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
                    opt_start_seq=max(taken + 1, first, 1),
                    ack_policy=AckPolicy.ALL,
                    ack_wait=_ACK_WAIT,
                    max_ack_pending=place.pending,
                    filter_subject=place.subject or None,
                ),
            )
        except APIError as error:
            raise ConfigurationError(
                f"the consumer cannot be made: {error.description}",
                where=f"{place.stream}, {place.consumer}",
                todo="let this user make and delete it, and name a subject of the stream",
            ) from error
        self._lag = made.num_pending or 0
        inbox = self._client.new_inbox()
        self._inbox = await self._client.subscribe(
            inbox, pending_msgs_limit=2 * _AT_ONCE, pending_bytes_limit=2 * _BYTES
        )
        self._left, self._until, self._delivered, self._reply = 0, 0.0, 0, ""
        self._taken = taken

    async def _came(self, seconds: float) -> list[Message]:
        loop = asyncio.get_running_loop()
        await self._ask(loop.time())
        found: list[Message] = []
        end = loop.time() + seconds
        while len(found) < _AT_ONCE and (left := end - loop.time()) > 0:
            if not self._inbox.pending_msgs and found and (not self._left or not self._lag):
                break
            try:
                message = await self._inbox.next_msg(left)
            except nats.errors.TimeoutError:
                break
            if self._is_status(message):
                if not self._left:
                    break
                continue
            if not found:
                end = min(end, loop.time() + _LINGER)
            found.append(self._taken_note(message))
        if self._client.is_closed:
            raise UnreachableError("NATS closed the connection", where=self._place.url)
        return found

    def _taken_note(self, message: Any) -> Message:  # noqa: ANN401 - nats-py's message
        said = message.metadata
        if said.sequence.consumer != self._delivered + 1:
            raise UnreachableError(
                "a message was lost on the way; reading again", where=self._place.stream
            )
        self._delivered += 1
        self._left -= 1
        self._lag = said.num_pending
        if said.sequence.stream > self._taken:
            self._taken, self._reply = said.sequence.stream, message.reply
        return Message(PARTITION, said.sequence.stream, message.data)

    def _is_status(self, message: Any) -> bool:  # noqa: ANN401 - as above
        """Take note of a message that is the server's own; False for all others."""
        status = (message.headers or {}).get("Status", "")
        if not status or message.reply:
            return False
        words = (message.headers or {}).get("Description", "")
        if status == "100":
            return True
        if status in {"404", "408"} or (status == "409" and _is_end(words)):
            self._left = 0
            return True
        raise UnreachableError(
            f"NATS answers {status[:3]}: the consumer is gone or moved",
            where=self._place.stream,
            todo="give each watch of a stream a consumer name of its own",
        )

    async def _ask(self, now: float) -> None:
        if self._left > 0 and now < self._until:
            return
        api = f"$JS.API.CONSUMER.MSG.NEXT.{self._place.stream}.{self._place.consumer}"
        asked = {"batch": _AT_ONCE, "max_bytes": _BYTES, "expires": int(_HELD * 1e9)}
        await self._client.publish(api, json.dumps(asked).encode(), self._inbox.subject)
        self._left, self._until = _AT_ONCE, now + _HELD + 1.0

    async def _acknowledged(self) -> None:
        await self._client.publish(self._reply, b"+ACK")
        await self._client.flush(2)

    async def _close(self) -> None:
        client, self._client, self._inbox = self._client, None, None
        self.connected = False
        if client is not None:
            with contextlib.suppress(OSError, NatsError, TimeoutError):
                await client.close()


def _is_end(words: str) -> bool:
    return "MaxBytes" in words or "Batch Completed" in words or "Leadership" in words


def _check(info: Any, place: JetStream, taken: int) -> None:  # noqa: ANN401 - nats-py's
    """Refuse a stream that cannot be read by sequence.

    Raises:
        ConfigurationError: messages go once they are acknowledged, or the stream is another.
    """
    if info.config.retention != RetentionPolicy.LIMITS:
        raise ConfigurationError(
            f"the stream keeps messages by {info.config.retention}, and not for a time",
            where=place.stream,
            todo="make a stream with retention `limits` that sources this one, and name that",
        )
    if info.state.last_seq < taken:
        raise ConfigurationError(
            f"the stream ends at {info.state.last_seq}, before {taken}, which was read",
            where=place.stream,
            todo="it was made anew: name a new state folder",
        )


async def _connected(place: JetStream) -> Any:  # noqa: ANN401 - nats-py's client
    async def quiet(_: Exception) -> None:
        """Say nothing: what went wrong is raised where it matters."""

    tls: dict[str, Any] = {}
    if place.url.startswith("tls:"):
        tls["tls"] = ssl.create_default_context(cafile=place.ca)
    try:
        async with asyncio.timeout(_PATIENCE):
            return await nats.connect(
                place.url.split(","),
                name="stillwatch",
                allow_reconnect=False,  # what was on the way is asked for again by sequence
                connect_timeout=5,
                ping_interval=10,
                max_outstanding_pings=3,
                error_cb=quiet,
                user_credentials=None if place.credentials is None else str(place.credentials),
                **tls,
            )
    except (ValueError, TypeError, FileNotFoundError) as error:
        raise ConfigurationError(
            "the URL or credentials of NATS cannot be used",
            where=place.url,
            todo="give nats://host:4222 or tls://host:4222, and a file that is there",
        ) from error
