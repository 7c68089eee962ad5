"""The endpoints of records: pages of them, and the stream."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Self

import msgspec

from stillwatch.share.hub.calls import Answer, Call
from stillwatch.share.hub.feed import entitled, read_records, written_record
from stillwatch.share.hub.refusals import HubError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from stillwatch.share.hub.hub import Hub

__all__ = ["records", "stream"]

_AT_ONCE = 500
_EVENTS = "text/event-stream"
_encode = msgspec.json.Encoder().encode


async def records(hub: Hub, call: Call) -> Answer:
    """Page through the records that the member is entitled to, in order of index."""
    limit = call.number("limit", hub.settings.page, hub.settings.most_page, least=1)
    after = call.number("after", -1, 1 << 62, least=-1)
    size, note = hub.feed.size, hub.feed.note
    found = [
        record for record in await hub.database.read(read_records, after, limit)
        if record.leaf < size
    ]  # fmt: skip
    more = len(found) == limit and found[-1].leaf + 1 < size
    last = found[-1].leaf if more else max(after, size - 1)
    shown = [
        written_record(record, hub.roster)
        for record in found
        if entitled(record, call.asker, hub.roster, call.now)
    ]
    tail = _encode({"more": more, "last": last, "checkpoint": note})
    body = b'{"records":[%b],%b' % (b",".join(shown), tail[1:])
    return Answer(200, body, noted=(("given", len(shown)), ("last", last)))


async def stream(hub: Hub, call: Call) -> Answer:
    """Send records as they come."""
    member = call.asker.number
    resumed = call.headers.get("last-event-id", "")
    if resumed and not (resumed.isascii() and resumed.isdigit() and len(resumed) < 19):  # H-0
        raise HubError(400, "H-0", "Last-Event-ID is no index of the log")
    start = int(resumed) if resumed else call.number("after", hub.feed.size - 1, 1 << 62, least=-1)
    if hub.streams.get(member, 0) >= hub.settings.streams:  # H-8
        after = (("Retry-After", "5"),)
        raise HubError(429, "H-8", "the member has too many streams", headers=after)
    headers = (("Cache-Control", "no-store"), ("X-Accel-Buffering", "no"))
    lines = _Counted(hub, member, _lines(hub, member, min(start, hub.feed.size - 1)))
    return Answer(200, b"", _EVENTS, headers, lines, noted=(("after", start),))


class _Counted:
    """A stream that counts among its member's from the moment it is asked for until it is closed.

    Args:
        hub: keeps count.
        member: number of the member.
        lines: what is sent.
    """

    def __init__(self, hub: Hub, member: int, lines: AsyncGenerator[bytes, None]) -> None:
        self._hub, self._member, self._inner = hub, member, lines
        self._open = True
        hub.streams[member] = hub.streams.get(member, 0) + 1

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        return await anext(self._inner)

    async def aclose(self) -> None:
        """End the stream."""
        if self._open:
            self._open = False
            self._hub.streams[self._member] -= 1
        await self._inner.aclose()


async def _lines(hub: Hub, member: int, after: int) -> AsyncGenerator[bytes, None]:
    yield b": stillwatch\n\n"
    told, told_at = "", -1.0
    while not hub.feed.closed:
        events, after = await _next(hub, member, after)
        now = asyncio.get_running_loop().time()
        if hub.feed.note != told and (events or now - told_at >= 1.0):
            told, told_at = hub.feed.note, now
            events += b"event: checkpoint\ndata: %b\n\n" % _encode({"checkpoint": told})
        if hub.roster.members[member].state != "active":
            return
        if events:
            yield events
            await asyncio.sleep(hub.settings.gather)
        if after + 1 >= hub.feed.size and not hub.feed.closed:
            behind = told != hub.feed.note
            pause = max(1.0 - (now - told_at), 0.01) if behind else hub.settings.heartbeat
            if not await hub.feed.wait(pause) and not behind:
                yield b": still here\n\n"


async def _next(hub: Hub, member: int, after: int) -> tuple[bytes, int]:
    """Return the events after an index that the member may have, and the last index looked at."""
    size, now = hub.feed.size, hub.clock()
    roster = hub.roster
    who = roster.members[member]
    held = hub.feed.since(after)
    if held is not None:
        events = b"".join(
            event for record, event in held[:_AT_ONCE] if entitled(record, who, roster, now)
        )
        return events, held[_AT_ONCE - 1][0].leaf if len(held) > _AT_ONCE else size - 1
    found = [
        record for record in await hub.database.read(read_records, after, _AT_ONCE)
        if record.leaf < size
    ]  # fmt: skip
    events = b"".join(
        b"event: record\nid: %d\ndata: %b\n\n" % (record.leaf, written_record(record, roster))
        for record in found
        if entitled(record, who, roster, now)
    )
    return events, found[-1].leaf if len(found) == _AT_ONCE else size - 1
