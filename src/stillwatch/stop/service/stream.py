"""Updates over NATS JetStream: sent whole before what they replace is removed, heard until kept.

One stream holds the newest version of every update. Each replica has a durable consumer of its
own, and acknowledges an update only when it lies on its disk; one that was away hears what it
missed, and a new one hears everything once.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import nats
from nats.errors import Error as NatsError
from nats.js.api import ConsumerConfig, DeliverPolicy, StorageType, StreamConfig
from nats.js.errors import APIError, BadRequestError

from stillwatch.errors import (
    ConfigurationError,
    RefusedError,
    StillwatchError,
    UnreachableError,
)
from stillwatch.stop.service.updates import Gathering, opened, sealed_parts, subject_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from pathlib import Path

    from stillwatch.ledger import SigningKey
    from stillwatch.stop.service.updates import Trusted, Update

__all__ = ["Hearing", "Place", "send_updates"]

_log = logging.getLogger(__name__)
_AT_ONCE = 64
_PAUSE = 0.5
_PATIENCE = 3.0
"""Seconds that a server has to take a connection."""
_GONE = 7 * 86_400.0
"""Seconds after which the server forgets a replica that does not come back."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where updates travel."""

    url: str
    """``nats://`` or ``tls://``, several with commas."""
    stream: str = "STILLWATCH"
    prefix: str = "stillwatch.updates"
    credentials: Path | None = None
    """File of a NATS user's JWT and seed."""


class Hearing:
    """A replica's ear.

    Args:
        place: where.
        replica: name of the consumer; a replica that lost its folder needs another.
        trusted: keys whose updates are believed.
        take: takes an update, and returns when it is on the disk; raises OSError where it is not.
        clock: microseconds since 1970.
        refused: takes the rule that a message broke.
    """

    def __init__(
        self,
        place: Place,
        replica: str,
        *,
        trusted: Sequence[Trusted],
        take: Callable[[Update], Awaitable[None]],
        clock: Callable[[], int],
        refused: Callable[[RefusedError], None] = lambda _: None,
    ) -> None:
        self.connected = False
        """Whether NATS answers."""
        self._place, self._replica, self._trusted = place, replica, trusted
        self._take, self._clock, self._refused = take, clock, refused
        self._gathering = Gathering()
        self._waiting: dict[tuple[str, str, int], dict[int, Any]] = {}

    async def run(self) -> None:
        """Hear until cancelled; a server that is away is tried again and again."""
        said = False
        while True:
            try:
                client = await _connected(self._place)
            except (OSError, NatsError, TimeoutError, StillwatchError) as error:
                if not said:
                    _log.warning("updates are not heard: NATS is away", extra=_why(error))
                said = True
                await asyncio.sleep(_PAUSE)
                continue
            try:
                said = False
                await self._listen(client)
            except (OSError, NatsError, TimeoutError, StillwatchError) as error:
                _log.warning("updates are not heard: NATS is away", extra=_why(error))
            finally:
                self.connected = False
                with contextlib.suppress(OSError, NatsError, TimeoutError):
                    await client.close()
            await asyncio.sleep(_PAUSE)

    async def _listen(self, client: Any) -> None:  # noqa: ANN401 - nats-py's client
        context = client.jetstream(timeout=2.0)
        await _make_stream(context, self._place)
        inbox = await context.subscribe(
            f"{self._place.prefix}.>",
            durable=self._replica,
            stream=self._place.stream,
            manual_ack=True,
            config=ConsumerConfig(
                deliver_policy=DeliverPolicy.LAST_PER_SUBJECT,
                ack_wait=30.0,
                max_ack_pending=1024,
                inactive_threshold=_GONE,
            ),
        )
        while True:
            self.connected = True
            try:
                message = await inbox.next_msg(timeout=2.0)
            except TimeoutError:
                await client.flush(2)  # nothing new, or nobody there
            else:
                await self._hear(message)

    async def _hear(self, message: Any) -> None:  # noqa: ANN401 - nats-py's message
        try:
            part = opened(message.data, self._trusted, now=self._clock())
            update = self._gathering.take(part)
        except RefusedError as error:
            self._refused(error)
            await message.term()
            return
        name = (part.kind, part.key, part.version)
        # by number: what was not acknowledged in time comes again, and takes its own place
        self._waiting.setdefault(name, {})[part.number] = message
        while len(self._waiting) > _AT_ONCE:  # of updates that were never completed
            del self._waiting[next(iter(self._waiting))]
        if update is None:
            return
        try:
            await self._take(update)
        except RefusedError as error:
            self._refused(error)
        except OSError as error:  # not acknowledged: it comes again
            _log.error("an update is in force and not on the disk", extra=_why(error))
            del self._waiting[name]
            return
        for one in self._waiting.pop(name).values():
            await one.ack()


async def send_updates(place: Place, updates: Sequence[Update], key: SigningKey | None) -> None:
    """Publish updates; each is whole in the stream when this returns.

    Args:
        place: where.
        updates: newest last.
        key: signs; without a signature no replica believes them.

    Raises:
        UnreachableError: NATS did not take all of them.
        RefusedError: U-4 an update is too large.
    """
    try:
        client = await _connected(place)
    except (OSError, NatsError, TimeoutError) as error:
        raise _away(error) from error
    try:
        context = client.jetstream(timeout=5.0)
        await _make_stream(context, place)
        for update in updates:
            await _send(context, place, update, key)
    except (OSError, NatsError, TimeoutError) as error:
        raise _away(error) from error
    finally:
        with contextlib.suppress(OSError, NatsError, TimeoutError):
            await client.close()


async def _send(context: Any, place: Place, update: Update, key: SigningKey | None) -> None:  # noqa: ANN401 - nats-py's
    subject = subject_of(place.prefix, update.kind, update.key)
    for part, raw in sealed_parts(update, key):
        name = f"{subject}.{update.version}.{part.number}"
        await context.publish(name, raw, stream=place.stream)
    # only now that all parts are there do those of earlier versions go
    info = await context.stream_info(place.stream, subjects_filter=f"{subject}.>")
    for name in {name.rpartition(".")[0] for name in info.state.subjects or {}}:
        if int(name.rpartition(".")[2]) < update.version:
            await context.purge_stream(place.stream, subject=f"{name}.>")


async def _make_stream(context: Any, place: Place) -> None:  # noqa: ANN401 - nats-py's
    wanted = StreamConfig(
        name=place.stream,
        subjects=[f"{place.prefix}.>"],
        max_msgs_per_subject=1,
        storage=StorageType.FILE,
    )
    try:
        await context.add_stream(wanted)
    except BadRequestError as error:  # the operator made it, with settings of their own
        if error.err_code != 10058:  # stream name already in use
            raise
    except APIError as error:
        raise UnreachableError(
            f"the stream of updates cannot be made: {error.description}",
            where=place.stream,
            todo="let this user make it, or make it with these subjects",
        ) from error


async def _connected(place: Place) -> Any:  # noqa: ANN401 - nats-py's client
    async def quiet(_: Exception) -> None:
        """Say nothing: what went wrong is raised where it matters."""

    try:
        async with asyncio.timeout(_PATIENCE):  # nats-py tries on by itself, without an end
            return await nats.connect(
                place.url.split(","),
                name="stillwatch",
                allow_reconnect=False,
                connect_timeout=2,
                ping_interval=5,
                max_outstanding_pings=2,
                error_cb=quiet,
                user_credentials=None if place.credentials is None else str(place.credentials),
            )
    except (ValueError, TypeError, FileNotFoundError) as error:
        raise ConfigurationError(
            "the URL or credentials of NATS cannot be used",
            where="updates.nats",
            todo="give nats://host:4222 or tls://host:4222, and a file that is there",
        ) from error


def _away(error: Exception) -> UnreachableError:
    return UnreachableError(
        f"NATS did not take the updates: {type(error).__name__}",
        where="updates.nats",
        todo="check that it runs with JetStream, and send again",
    )


def _why(error: Exception) -> dict[str, str]:
    return {"error": type(error).__name__}
