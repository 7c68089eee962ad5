"""Watching: server-sent events with a place to resume from, and polling where there are none.

A stream tells that there is something; what is taken passes the same verification as a pull.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx
import msgspec

from stillwatch.errors import RefusedError, UnreachableError
from stillwatch.share.exchange.client import UNREADABLE, refusal
from stillwatch.share.exchange.pulling import Pulled
from stillwatch.share.exchange.records import Record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from stillwatch.share.exchange.client import HubClient
    from stillwatch.share.exchange.pulling import Puller
    from stillwatch.share.exchange.store import Store

__all__ = ["Event", "Watcher", "events"]

_LONGEST = 1 << 20
"""Bytes of an event at most."""
_STREAM = "/exchange/v1/stream"
_FIRST_WAIT, _LONGEST_WAIT = 0.5, 60.0


@dataclass(frozen=True, slots=True)
class Event:
    """One server-sent event (WHATWG HTML, section 9.2)."""

    name: str
    data: str
    id: str = ""


def events(chunks: Iterator[bytes]) -> Iterator[Event]:
    r"""Yield the events of a stream; comments are left out.

    Raises:
        UnreachableError: an event is longer than a mebibyte.

    >>> [event.data for event in events(iter([b": hi\n\ndata: 1\nid: 7\n", b"\ndata: 2\n\n"]))]
    ['1', '2']
    """
    held = b""
    size = 0  # bytes of lines since the last event
    fields: dict[str, list[str]] = {}
    for chunk in chunks:
        held += chunk
        *lines, held = held.replace(b"\r\n", b"\n").split(b"\n")
        for line in lines:
            size += len(line) + 1
            if not line:
                if "data" in fields:
                    yield Event(
                        fields.get("event", ["message"])[-1],
                        "\n".join(fields["data"]),
                        fields.get("id", [""])[-1],
                    )
                fields, size = {}, 0
                continue
            name, _, value = line.decode("utf-8", "replace").partition(":")
            if name:
                fields.setdefault(name, []).append(value.removeprefix(" "))
        if size + len(held) > _LONGEST:
            raise UnreachableError("an event of the hub's stream is too long")


class Watcher:
    """Keeps a member up to date.

    Args:
        client: asks the hub.
        puller: verifies and keeps.
        store: knows the place that was reached.
        wait: waits so many seconds, and says whether to go on; asked whenever the stream says
            something, which a hub does every 15 seconds.
        told: is told what was taken.
    """

    def __init__(
        self,
        client: HubClient,
        puller: Puller,
        store: Store,
        *,
        wait: Callable[[float], bool],
        told: Callable[[Pulled], None],
    ) -> None:
        self._client, self._puller, self._store = client, puller, store
        self._wait, self._told = wait, told

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
                self._stream()
            # a hub that answers and breaks off is asked again at once, one that is away is not
            pause = _FIRST_WAIT if self._store.cursor > before else min(2 * pause, _LONGEST_WAIT)
            if not self._wait(pause):
                return

    def _stream(self) -> None:
        """Take what a stream tells until it ends."""
        headers = {
            "Accept": "text/event-stream",
            "Cache-Control": "no-store",
            "Last-Event-ID": str(self._store.cursor),
        }
        try:
            with self._client.streamed(_STREAM, headers) as response:
                if response.status_code in {404, 405, 406} or response.status_code >= 500:
                    raise UnreachableError("the hub has no stream", where=_STREAM)
                if not response.is_success:
                    raise refusal(response.read(), response.status_code, _STREAM)
                for event in events(self._while_wanted(response.iter_bytes())):
                    self._take(event)
        except httpx.HTTPError as error:
            raise UnreachableError(
                f"the hub's stream ended: {type(error).__name__}", where=_STREAM
            ) from error

    def _while_wanted(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """Pass on what comes, comments too, until ``wait`` says to stop."""
        for chunk in chunks:
            yield chunk
            if not self._wait(0.0):
                return

    def _take(self, event: Event) -> None:
        if event.name != "record":
            return
        try:
            record = msgspec.json.decode(event.data, type=Record)
        except UNREADABLE as error:
            raise RefusedError("M-9", f"an event holds no record: {error}") from error  # M-9
        self._tell(self._puller.take([record], b""))

    def _tell(self, pulled: Pulled) -> None:
        if pulled != Pulled(0, 0, 0, 0, 0):
            self._told(pulled)
