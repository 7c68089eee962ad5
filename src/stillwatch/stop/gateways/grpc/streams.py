"""One stream of an HTTP/2 connection, as its two users see it."""

from __future__ import annotations

from typing import Protocol

__all__ = ["MOST_UNSENT", "WINDOW_OF_STREAM", "Receiver", "Sender", "Stream"]

_HEADERS, _WINDOW = 1, 8
_END_HEADERS = 0x4
WINDOW_OF_STREAM = 1 << 20
"""Bytes that a peer may send on a stream before it is told that there is room."""
MOST_UNSENT = 1 << 20
"""Bytes of a stream that wait to be sent before its handler waits."""


class Receiver(Protocol):
    """What takes in one stream."""

    def data(self, payload: bytes) -> None:
        """Take what came."""

    def end(self) -> None:
        """Nothing more comes."""

    def reset(self) -> None:
        """The stream is gone: nothing can be answered."""

    def drained(self) -> None:
        """What waited to be sent has been."""


class Sender(Protocol):
    """What a stream sends through: its connection."""

    def put(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        """Queue a frame."""

    def pump(self, stream: Stream) -> None:
        """Send as much of a stream as may be sent now."""


class Stream:
    """One stream: what is sent on it, and how much more may be received.

    Args:
        connection: that it is on.
        number: its id.
        window: bytes that the peer takes before it must say more.
    """

    __slots__ = (
        "_connection",
        "_returned",
        "closing",
        "credit",
        "local_end",
        "number",
        "receiver",
        "remote_end",
        "unsent",
        "window",
    )

    def __init__(self, connection: Sender, number: int, window: int) -> None:
        self._connection = connection
        self._returned = 0
        self.number = number
        self.window = window
        self.credit = WINDOW_OF_STREAM
        self.unsent = bytearray()
        self.closing = b""
        self.local_end = self.remote_end = False
        self.receiver: Receiver | None = None

    def head(self, block: bytes) -> None:
        """Send headers, encoded without a table."""
        self._connection.put(_HEADERS, _END_HEADERS, self.number, block)

    def send(self, payload: bytes) -> bool:
        """Send bytes, and say whether there is room for more."""
        self.unsent += payload
        self._connection.pump(self)
        return len(self.unsent) < MOST_UNSENT

    def close(self, block: bytes) -> None:
        """Send trailers after all that waits; nothing more can be sent."""
        self.closing = block
        self._connection.pump(self)

    def give_back(self, count: int) -> None:
        """Let the peer send as much more."""
        self._returned += count
        if self._returned >= WINDOW_OF_STREAM // 2 and not self.remote_end:
            self.credit += self._returned
            self._connection.put(_WINDOW, 0, self.number, self._returned.to_bytes(4, "big"))
            self._returned = 0
