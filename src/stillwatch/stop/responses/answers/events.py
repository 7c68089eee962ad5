"""Server-sent events out of bytes that are cut anywhere (WHATWG HTML, section 9.2)."""

from __future__ import annotations

import re

__all__ = ["EventSplitter", "data_of", "with_data"]

_EMPTY_LINE = re.compile(rb"(?:\r\n|\n|\r(?!\n))(?:\r\n|\n|\r(?!\n))")
_BOM = b"\xef\xbb\xbf"


class EventSplitter:
    r"""Cuts a stream after each empty line; joined again, the parts are the stream.

    Args:
        most: bytes of an event, at most.

    >>> splitter = EventSplitter(100)
    >>> splitter.feed(b"data: a\n"), splitter.feed(b"\ndata: b\r\n\r\ndata")
    ([], [b'data: a\n\n', b'data: b\r\n\r\n'])
    >>> splitter.end()
    b'data'
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._held = bytearray()
        self._seen = 0
        self.overlong = False
        """Whether an event was longer than allowed; nothing is split after it."""

    def feed(self, data: bytes) -> list[bytes]:
        """Return the events that are whole now, each with the empty line that ends it."""
        if self.overlong:
            return [data]
        held = self._held
        held += data
        events: list[bytes] = []
        start = 0
        while found := _EMPTY_LINE.search(held, max(start, self._seen)):
            if found.end() == len(held) and held[-1] == 0x0D:
                break  # the next byte says whether this line ends here
            if found.end() - start > self._most:
                break
            events.append(bytes(held[start : found.end()]))
            start = self._seen = found.end()
        if len(held) - start > self._most:
            self.overlong = True
            events.append(bytes(held[start:]))
            start = len(held)
        del held[:start]
        self._seen = max(0, len(held) - 3)
        return events

    def end(self) -> bytes:
        """Return what is left: an event that nothing ended."""
        left = bytes(self._held)
        self._held.clear()
        self._seen = 0
        return left


def data_of(event: bytes) -> bytes | None:
    r"""Return an event's data, None where it has none.

    >>> data_of(b": ping\n\n"), data_of(b"event: x\ndata: 1\ndata:2\n\n")
    (None, b'1\n2')
    """
    lines = [
        line[5:].removeprefix(b" ")
        for line in event.removeprefix(_BOM).splitlines()
        if line.startswith(b"data:")
    ]
    return b"\n".join(lines) if lines else None


def with_data(event: bytes, data: bytes) -> bytes:
    r"""Return an event with other data, which has no line break.

    >>> with_data(b"id: 7\r\ndata: 1\r\n\r\n", b"2")
    b'id: 7\r\ndata: 2\r\n\r\n'
    """
    made, put = [], False
    for line in event.splitlines(keepends=True):
        if not line.removeprefix(_BOM).startswith(b"data:"):
            made.append(line)
        elif not put:
            put = True
            made.append(b"data: " + data + line[len(line.rstrip(b"\r\n")) :])
    return b"".join(made)
