"""Every record to the members that run NATS: one stream in log order, each message once.

A message says what the last one before it must be, so that of several replicas one publishes and
the others see that it does. Where the stream ends is read from the stream: nothing is kept twice.
Members read it as they do server-sent events, and verify it alike.
"""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stillwatch.share.hub.feed import read_records, written_record
from stillwatch.share.hub.replicas import connect_nats
from stillwatch.share.hub.subjects import filters_of, names_of, recipients, subscribers
from stillwatch.share.hub.times import SECOND

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nats.js import JetStreamContext

    from stillwatch.share.hub.hub import Hub
    from stillwatch.share.hub.journal import Record

__all__ = ["publish_records"]

_log = logging.getLogger(__name__)
_AT_ONCE = 500
_AGAIN = 1.0
_KEPT = 3600.0
"""Seconds that the stream keeps a message; who was away for longer pulls."""
_WINDOW = 600.0
"""Seconds in which a message's id is remembered."""
_BACK = 900
"""Seconds before a consumer was made from which on it passes on; members pull more often."""
_QUIET = 900.0
"""Seconds after which a checkpoint says that there was nothing; shorter than `_KEPT`."""
_LOOK = 60.0
"""Seconds between looks at the consumers."""
_PLACE = "Stillwatch-Place"
_CHECKPOINT = "Stillwatch-Checkpoint"


async def publish_records(hub: Hub) -> None:
    """Publish what is accepted until cancelled; a NATS that is away is waited for."""
    while True:
        try:
            client = await connect_nats(hub.settings)
            try:
                await _Publisher(hub, client.jetstream(timeout=5.0)).run()
            finally:
                await client.close()
        except Exception as error:  # noqa: BLE001 - whatever it is, members pull until it is over
            _log.warning("JetStream does not take records: %s", type(error).__name__)
        await asyncio.sleep(_AGAIN)


class _BehindError(Exception):
    """Another replica published first."""


@dataclass(frozen=True, slots=True)
class _Message:
    place: tuple[int, int]
    """Index of the record and number of the recipient, 0 for all."""
    subject: str
    """Below the hub's own."""
    body: bytes
    """The record, as over server-sent events; empty where there was none."""
    name: str
    """What no other message of the stream has."""
    note: bytes
    """A checkpoint that covers the record."""
    life: int
    """Seconds, 0 for as long as the stream keeps any."""

    def headers(self, *, after: int) -> dict[str, Any]:
        """Return the headers of a message that must follow that of a number."""
        return {
            "Nats-Msg-Id": self.name,
            "Nats-Expected-Last-Sequence": str(after),
            _PLACE: "{}.{}".format(*self.place),
            _CHECKPOINT: base64.b64encode(self.note).decode(),
        }


class _Publisher:
    def __init__(self, hub: Hub, stream: JetStreamContext) -> None:
        self._hub = hub
        self._js = stream
        self._name = names_of(hub.verify_key.key_id, 0).stream
        self._prefix = f"stillwatch.{hub.verify_key.key_id[:16]}"
        self._place = (-1, 0)
        """Index and recipient of the last message."""
        self._last = 0
        """Its number in the stream."""
        self._roster = -1
        self._looked = 0.0
        self._sent = 0.0

    async def run(self) -> None:
        await self._open()
        while not self._hub.feed.closed:
            await self._tend()
            try:
                await self._catch_up()
                await self._say_so()
            except _BehindError:
                await self._follow()
                continue
            await self._hub.feed.wait(_LOOK)

    async def _open(self) -> None:
        from nats.js import api, errors  # noqa: PLC0415 - an extra

        config = api.StreamConfig(
            name=self._name,
            subjects=[f"{self._prefix}.>"],
            max_age=_KEPT,
            duplicate_window=_WINDOW,
            allow_msg_ttl=True,
            storage=api.StorageType.FILE,
            deny_delete=True,
        )
        try:
            await self._js.add_stream(config)
        except errors.BadRequestError:  # it is there, with settings of its operator
            _log.info("the stream %s is used as it is", self._name)
        await self._look()
        if self._place[0] < 0:  # new, or empty since long: what came before is pulled
            self._place = (self._hub.feed.size - 1, 1 << 62)

    async def _look(self) -> None:
        """Read where the stream ends."""
        from nats.js import errors  # noqa: PLC0415 - an extra

        state = (await self._js.stream_info(self._name)).state
        self._last = state.last_seq
        if not state.messages:
            return
        try:
            found = await self._js.get_msg(self._name, seq=state.last_seq)
        except errors.NotFoundError:  # its life ended first, as that of an object can
            return
        leaf, _, number = (found.headers or {}).get(_PLACE, "-1.0").partition(".")
        self._place = (int(leaf), int(number))

    async def _follow(self) -> None:
        """Watch another replica publish; go on once it does not."""
        while not self._hub.feed.closed:
            due = self._hub.feed.size - 1
            await asyncio.sleep(_AGAIN)
            await self._look()
            if self._place[0] < due:
                return

    async def _catch_up(self) -> None:
        """Publish the records that are not in the stream."""
        hub = self._hub
        while self._place[0] < hub.feed.size - 1:
            size, note = hub.feed.size, hub.feed.note.encode()
            readers = frozenset(subscribers(hub.roster, hub.clock()))
            after = self._place[0] - (self._place[1] < 1 << 62)  # of the last one, the rest
            found = await self._records(after, size)
            await self._send(
                [
                    _Message(
                        (record.leaf, number), subject, written_record(record, hub.roster),
                        f"{record.leaf}.{number}", note, self._life(record),
                    )
                    for record in found
                    for number, subject in recipients(record, hub.roster, readers)
                    if (record.leaf, number) > self._place and self._life(record) >= 0
                ]
            )  # fmt: skip
            reached = found[-1].leaf if len(found) == _AT_ONCE else size - 1
            self._place = max(self._place, (reached, 1 << 62))

    async def _records(self, after: int, size: int) -> list[Record]:
        held = self._hub.feed.since(after)
        if held is not None:
            return [record for record, _ in held if record.leaf < size][:_AT_ONCE]
        found = await self._hub.database.read(read_records, after, _AT_ONCE)
        return [record for record in found if record.leaf < size]

    async def _say_so(self) -> None:
        """Publish a checkpoint where there was nothing to publish for long."""
        if asyncio.get_running_loop().time() - self._sent < _QUIET:
            return
        place = (self._place[0], 1 << 62)
        note = self._hub.feed.note.encode()
        await self._send([_Message(place, "checkpoint", b"", f"quiet.{self._last}", note, 0)])

    async def _send(self, messages: Sequence[_Message]) -> None:
        """Publish messages, each after the one before it; those that are there are passed over.

        Raises:
            _BehindError: another replica's came between.
        """
        waiting = [
            await self._js.publish_async(
                f"{self._prefix}.{message.subject}",
                message.body,
                headers=message.headers(after=self._last + number),
                msg_ttl=message.life or None,
            )
            for number, message in enumerate(messages)
        ]
        async with asyncio.timeout(10.0):
            answers = await asyncio.gather(*waiting, return_exceptions=True)
        self._sent = asyncio.get_running_loop().time()
        for message, answer in zip(messages, answers, strict=True):
            if isinstance(answer, BaseException):
                raise _BehindError from answer
            self._place, self._last = message.place, max(self._last, answer.seq)

    def _life(self, record: Record) -> int:
        """Return the seconds that a message is good, 0 for as long as the stream keeps any."""
        if record.valid_until is None or record.revoked:
            return 0
        left = (record.valid_until - self._hub.clock()) // SECOND
        return -1 if left < 1 else left if left < _KEPT else 0

    async def _tend(self) -> None:
        """Have a consumer for each member that reads, passing on what is for it."""
        now = asyncio.get_running_loop().time()
        if self._hub.roster.version == self._roster and now < self._looked + _LOOK:
            return
        roster, self._looked = self._hub.roster, now
        wanted = {
            names_of(self._hub.verify_key.key_id, number).consumer: {
                f"{self._prefix}.{name}" for name in filters_of(roster, roster.members[number])
            }
            for number in subscribers(roster, self._hub.clock())
        }
        held = {one.name: one.config for one in await self._consumers()}
        for name, config in held.items():
            if wanted.get(name) != set(config.filter_subjects or ()):
                await self._js.delete_consumer(self._name, name)
        for name, subjects in wanted.items():
            if name not in held or set(held[name].filter_subjects or ()) != subjects:
                await self._consumer(name, sorted(subjects))
        self._roster = roster.version

    async def _consumers(self) -> list[Any]:
        found: list[Any] = []
        while part := await self._js.consumers_info(self._name, offset=len(found)):
            found += part
        return found

    async def _consumer(self, name: str, subjects: list[str]) -> None:
        from nats.js import api  # noqa: PLC0415 - an extra

        start = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=_BACK)
        await self._js.add_consumer(
            self._name,
            api.ConsumerConfig(
                name=name,
                durable_name=name,
                deliver_policy=api.DeliverPolicy.BY_START_TIME,
                opt_start_time=start,
                ack_policy=api.AckPolicy.ALL,
                ack_wait=30.0,
                max_ack_pending=2 * _AT_ONCE,
                filter_subjects=subjects,
            ),
        )
