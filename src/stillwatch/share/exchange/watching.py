"""Watching: server-sent events or NATS, and polling where there are none.

A stream tells that there is something; what is taken passes the same verification as a pull.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import httpx
import msgspec

from stillwatch.errors import RefusedError, UnreachableError
from stillwatch.share.exchange.client import UNREADABLE, refusal
from stillwatch.share.exchange.pulling import Pulled
from stillwatch.share.exchange.records import Record

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

    from stillwatch.share.exchange.client import HubClient
    from stillwatch.share.exchange.pulling import Puller
    from stillwatch.share.exchange.store import Store

__all__ = ["Batch", "Event", "Source", "Watcher", "events", "streamed"]

_LONGEST = 1 << 20
"""Bytes of an event at most."""
_STREAM = "/exchange/v1/stream"
_MOST_HELD = 5_000
"""Records that wait for cosignatures; with more, the member goes back to pulling."""
_FIRST_WAIT, _LONGEST_WAIT = 0.5, 60.0


@dataclass(frozen=True, slots=True)
class Event:
    """One server-sent event (WHATWG HTML, section 9.2)."""

    name: str
    data: str
    id: str = ""


class _Checkpoint(msgspec.Struct, frozen=True):
    """What an event of a checkpoint holds."""

    checkpoint: str


@dataclass(frozen=True, slots=True)
class Batch:
    """Records that came together."""

    records: list[Record]
    """In order of index."""
    note: bytes = b""
    """A checkpoint that came with them; empty for none."""


Source: TypeAlias = "Callable[[HubClient, int], Generator[Batch]]"
"""Brings records as they come, from an index on."""


class _Reader:
    """Reads the events of a stream as its bytes arrive."""

    def __init__(self) -> None:
        self._held = b""
        self._size = 0  # bytes of lines since the last event
        self._fields: dict[str, list[str]] = {}

    def fed(self, chunk: bytes) -> list[Event]:
        """Return the events that end in a chunk.

        Raises:
            UnreachableError: an event is longer than a mebibyte.
        """
        found = []
        *lines, self._held = (self._held + chunk).replace(b"\r\n", b"\n").split(b"\n")
        for line in lines:
            self._size += len(line) + 1
            if not line:
                found += self._event()
                continue
            name, _, value = line.decode("utf-8", "replace").partition(":")
            if name:
                self._fields.setdefault(name, []).append(value.removeprefix(" "))
        if self._size + len(self._held) > _LONGEST:
            raise UnreachableError("an event of the hub's stream is too long")
        return found

    def _event(self) -> list[Event]:
        fields, self._fields, self._size = self._fields, {}, 0
        if "data" not in fields:
            return []
        name, number = fields.get("event", ["message"])[-1], fields.get("id", [""])[-1]
        return [Event(name, "\n".join(fields["data"]), number)]


def events(chunks: Iterable[bytes]) -> Iterator[Event]:
    r"""Yield the events of a stream; comments are left out.

    Raises:
        UnreachableError: an event is longer than a mebibyte.

    >>> [event.data for event in events(iter([b": hi\n\ndata: 1\nid: 7\n", b"\ndata: 2\n\n"]))]
    ['1', '2']
    """
    reader = _Reader()
    for chunk in chunks:
        yield from reader.fed(chunk)


def streamed(client: HubClient, cursor: int) -> Generator[Batch]:
    """Yield what a hub's stream brings, in the pieces that it comes in; empty ones too.

    Args:
        client: asks the hub.
        cursor: index after which to begin.

    Raises:
        UnreachableError: there is no stream, or it ended.
        RefusedError: the hub refuses; M-9 an event holds no record.
    """
    headers = {
        "Accept": "text/event-stream",
        "Cache-Control": "no-store",
        "Last-Event-ID": str(cursor),
    }
    reader = _Reader()
    try:
        with client.streamed(_STREAM, headers) as response:
            if response.status_code in {404, 405, 406} or response.status_code >= 500:
                raise UnreachableError("the hub has no stream", where=_STREAM)
            if not response.is_success:
                raise refusal(response.read(), response.status_code, _STREAM)
            for chunk in response.iter_bytes():
                yield _batch(reader.fed(chunk))
    except httpx.HTTPError as error:
        raise UnreachableError(
            f"the hub's stream ended: {type(error).__name__}", where=_STREAM
        ) from error


def _batch(found: list[Event]) -> Batch:
    """Return the records among events, with the checkpoint where it comes after them."""
    records = [_record(event) for event in found if event.name == "record"]
    if not found or found[-1].name != "checkpoint":
        return Batch(records)
    try:
        note = msgspec.json.decode(found[-1].data, type=_Checkpoint).checkpoint
    except UNREADABLE as error:
        raise RefusedError("M-9", f"an event holds no checkpoint: {error}") from error  # M-9
    return Batch(records, note.encode())


def _record(event: Event) -> Record:
    try:
        return msgspec.json.decode(event.data, type=Record)
    except UNREADABLE as error:
        raise RefusedError("M-9", f"an event holds no record: {error}") from error  # M-9


class Watcher:
    """Keeps a member up to date.

    Args:
        client: asks the hub.
        puller: verifies and keeps.
        store: knows the place that was reached.
        wait: waits so many seconds, and says whether to go on; asked whenever the stream says
            something, which a hub does every 15 seconds.
        told: is told what was taken.
        source: brings records as they come, from an index on.
    """

    def __init__(
        self,
        client: HubClient,
        puller: Puller,
        store: Store,
        *,
        wait: Callable[[float], bool],
        told: Callable[[Pulled], None],
        source: Source = streamed,
    ) -> None:
        self._client, self._puller, self._store = client, puller, store
        self._wait, self._told, self._source = wait, told, source
        self._held: dict[int, Record] = {}

    def watch(self) -> None:
        """Watch until ``wait`` says to stop; a hub that is away is waited for.

        Raises:
            RefusedError: the hub lies, or refuses this member.
        """
        pause = _FIRST_WAIT
        while True:
            before = self._store.cursor
            with contextlib.suppress(UnreachableError):
                self._tell(self._puller.pull())  # what came while there was no stream
                self._follow()
            # a hub that answers and breaks off is asked again at once, one that is away is not
            pause = _FIRST_WAIT if self._store.cursor > before else min(2 * pause, _LONGEST_WAIT)
            if not self._wait(pause):
                return

    def _follow(self) -> None:
        """Take what comes until it ends, or ``wait`` says to stop."""
        self._held = {}
        with contextlib.closing(self._source(self._client, self._store.cursor)) as batches:
            for batch in batches:
                self._take(batch)
                if not self._wait(0.0):
                    return

    def _take(self, batch: Batch) -> None:
        """Take records with those that wait for a checkpoint with its cosignatures."""
        self._held |= {record.index: record for record in batch.records}
        if not self._held:
            return
        self._tell(self._puller.take([one for _, one in sorted(self._held.items())], batch.note))
        cursor = self._store.cursor
        self._held = {index: one for index, one in self._held.items() if index > cursor}
        if len(self._held) > _MOST_HELD:
            raise UnreachableError("the hub's witnesses do not cosign", where=_STREAM)

    def _tell(self, pulled: Pulled) -> None:
        if pulled != Pulled(0, 0, 0, 0, 0):
            self._told(pulled)
