"""HTTP/2 as gRPC uses it (RFC 9113), on the side that answers: frames, windows, streams.

Everything that a peer can make grow is bounded: frames, header blocks, streams, what is received
and not yet read, what is answered and not yet sent.
"""

from __future__ import annotations

import asyncio
import struct
from typing import TYPE_CHECKING

from stillwatch.stop.gateways.grpc.blocks import LONGEST_BLOCK, Blocks
from stillwatch.stop.gateways.grpc.streams import MOST_UNSENT, WINDOW_OF_STREAM, Stream

if TYPE_CHECKING:
    from collections.abc import Callable

    from stillwatch.stop.gateways.grpc.blocks import Headers
    from stillwatch.stop.gateways.grpc.streams import Receiver

__all__ = ["Connection"]

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_HEAD = struct.Struct(">HBBBL")
_SETTING = struct.Struct(">HL")
_U32 = struct.Struct(">L")

_DATA, _HEADERS, _PRIORITY, _RESET, _SETTINGS, _PUSH, _PING, _GOAWAY, _WINDOW, _MORE = range(10)
_END_STREAM, _ACK, _END_HEADERS, _PADDED, _PRIORITISED = 0x1, 0x1, 0x4, 0x8, 0x20
_NO_ERROR, _PROTOCOL, _INTERNAL, _FLOW = 0, 1, 2, 3
_CLOSED, _FRAME_SIZE, _REFUSED, _CANCEL, _COMPRESSION, _CALM = 5, 6, 7, 8, 9, 11

_LONGEST_FRAME = 1 << 16
_WINDOW_OF_CONNECTION = 1 << 24
_MOST_WINDOW = (1 << 31) - 1
_MOST_UNREAD_ACKS = 1 << 16
"""Bytes of acknowledgements that a peer may leave unread."""
_PULSE = 30.0
"""Seconds of silence before a peer is asked whether it is there, and again before it is let go."""


class Connection(asyncio.Protocol):
    """One connection.

    Args:
        opened: is told of each new stream with its headers, and returns what takes it in.
        begun: is told when the connection is there, which one whose TLS fails never is.
        closed: is told when it is gone.
        most_streams: streams at once; further ones are refused, and the peer may retry them.
    """

    def __init__(
        self,
        opened: Callable[[Stream, Headers], Receiver],
        begun: Callable[[Connection], None],
        closed: Callable[[Connection], None],
        most_streams: int,
    ) -> None:
        self._opened = opened
        self._begun = begun
        self._closed = closed
        self._most_streams = most_streams
        self._transport: asyncio.Transport
        self._loop = asyncio.get_running_loop()
        self._held = b""
        self._greeted = self._ending = self._paused = self._heard = self._asked = False
        self._blocks = Blocks()
        self._block = bytearray()
        self._block_of = 0
        self._block_ends = False
        self._window = 65_535
        self._first_window = 65_535
        self._frame = 16_384
        self._credit = _WINDOW_OF_CONNECTION
        self._last = 0
        self._unread = 0
        self._out: list[bytes] = []
        self._blocked: dict[int, Stream] = {}
        self.streams: dict[int, Stream] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet the peer."""
        self._transport = transport  # type: ignore[assignment]
        settings = ((3, self._most_streams), (4, WINDOW_OF_STREAM), (5, _LONGEST_FRAME))
        self.put(_SETTINGS, 0, 0, b"".join(_SETTING.pack(*pair) for pair in settings))
        self.put(_WINDOW, 0, 0, _U32.pack(_WINDOW_OF_CONNECTION - 65_535))
        self._pulse = self._loop.call_later(_PULSE, self._listen_for_life)
        self._begun(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's
        """Let every stream go."""
        self._ending = True
        self._pulse.cancel()
        for stream in list(self.streams.values()):
            self._drop(stream)
        self._closed(self)

    def pause_writing(self) -> None:
        """Send no data until the peer reads."""
        self._paused = True

    def resume_writing(self) -> None:
        """Send what waits."""
        self._paused = False
        self._unread = 0
        self._pump_blocked()

    def goaway(self) -> None:
        """Take no further stream; those that are open go on."""
        self.put(_GOAWAY, 0, 0, struct.pack(">LL", self._last, _NO_ERROR))

    def abort(self) -> None:
        """Close at once."""
        self._transport.abort()

    def put(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        """Queue a frame; those of one turn of the loop leave together."""
        length = len(payload)
        if not self._out:
            self._loop.call_soon(self._flush)
        self._out.append(_HEAD.pack(length >> 8, length & 0xFF, kind, flags, stream) + payload)

    def pump(self, stream: Stream) -> None:
        """Send as much of a stream as windows and the peer's reading allow."""
        if stream.local_end:
            stream.unsent.clear()
            return
        unsent = stream.unsent
        while unsent and not self._paused:
            count = min(len(unsent), stream.window, self._window, self._frame)
            if count <= 0:
                break
            self.put(_DATA, 0, stream.number, bytes(unsent[:count]))
            del unsent[:count]
            stream.window -= count
            self._window -= count
        if unsent:
            self._blocked[stream.number] = stream
            return
        self._blocked.pop(stream.number, None)
        if stream.closing:
            self._finish(stream)

    def data_received(self, data: bytes) -> None:
        """Read frames."""
        if self._ending:
            return
        self._heard = True
        held = self._held + data if self._held else data
        at = 0
        if not self._greeted:
            if not _PREFACE.startswith(held[: len(_PREFACE)]):
                self._end(_PROTOCOL)
                return
            if len(held) < len(_PREFACE):
                self._held = held
                return
            self._greeted = True
            at = len(_PREFACE)
        size = len(held)
        while size - at >= 9 and not self._ending:
            high, low, kind, flags, number = _HEAD.unpack_from(held, at)
            until = at + 9 + (high << 8 | low)
            if until - at - 9 > _LONGEST_FRAME:
                self._end(_FRAME_SIZE)
                return
            if until > size:
                break
            self._take(kind, flags, number & 0x7FFFFFFF, held[at + 9 : until])
            at = until
        self._held = held[at:]

    def _take(self, kind: int, flags: int, number: int, payload: bytes) -> None:
        if self._block_of and (kind != _MORE or number != self._block_of):
            self._end(_PROTOCOL)
        elif kind == _DATA:
            self._data(flags, number, payload)
        elif kind == _HEADERS:
            self._headers(flags, number, payload)
        elif kind == _MORE:
            self._more(flags, payload)
        elif kind == _WINDOW:
            self._widen(number, payload)
        elif kind == _RESET:
            self._was_reset(number, payload)
        elif kind == _SETTINGS:
            self._settings(flags, number, payload)
        elif kind == _PING:
            self._ping(flags, number, payload)
        elif kind == _PUSH or (kind == _PRIORITY and len(payload) != 5):
            self._end(_PROTOCOL)

    def _data(self, flags: int, number: int, payload: bytes) -> None:
        size = len(payload)
        if not self._spend(size):
            return
        stream = self.streams.get(number)
        if stream is None:
            if number > self._last or number % 2 == 0:
                self._end(_PROTOCOL)
            return  # it ended here before the peer knew
        unpadded = _unpadded(flags, payload)
        if unpadded is None:
            self._end(_PROTOCOL)
            return
        stream.credit -= size
        if stream.remote_end or stream.credit < 0:
            self._reset(stream, _CLOSED if stream.remote_end else _FLOW)
            return
        if size > len(unpadded):
            stream.give_back(size - len(unpadded))
        if unpadded and stream.receiver is not None:
            stream.receiver.data(unpadded)
        if flags & _END_STREAM:
            self._ended(stream)

    def _spend(self, size: int) -> bool:
        """Take from what the connection may receive, and fill it up again in time."""
        self._credit -= size
        if self._credit < 0:
            self._end(_FLOW)
            return False
        if self._credit < _WINDOW_OF_CONNECTION // 2:
            self.put(_WINDOW, 0, 0, _U32.pack(_WINDOW_OF_CONNECTION - self._credit))
            self._credit = _WINDOW_OF_CONNECTION
        return True

    def _headers(self, flags: int, number: int, payload: bytes) -> None:
        unpadded = _unpadded(flags, payload)
        skipped = 5 if flags & _PRIORITISED else 0
        if unpadded is None or len(unpadded) < skipped or number % 2 == 0:
            self._end(_PROTOCOL)
            return
        self._block_of = number
        self._block_ends = bool(flags & _END_STREAM)
        self._block += unpadded[skipped:]
        if flags & _END_HEADERS:
            self._whole_block()

    def _more(self, flags: int, payload: bytes) -> None:
        self._block += payload
        if not self._block_of or len(self._block) > LONGEST_BLOCK or not payload:
            # a block of empty parts would go on for ever (CVE-2024-27316)
            self._end(_PROTOCOL if not self._block_of else _CALM)
        elif flags & _END_HEADERS:
            self._whole_block()

    def _whole_block(self) -> None:
        block, number = bytes(self._block), self._block_of
        self._block.clear()
        self._block_of = 0
        headers = self._blocks.read(block)
        if headers is None:
            self._end(_COMPRESSION)
            return
        stream = self.streams.get(number)
        if stream is not None:  # trailers of a request, which gRPC has none of
            if not self._block_ends or stream.remote_end:
                self._end(_PROTOCOL)
            else:
                self._ended(stream)
        elif number <= self._last:
            return
        else:
            self._last = number
            self._open(number, headers)

    def _open(self, number: int, headers: Headers) -> None:
        if len(self.streams) >= self._most_streams:
            self.put(_RESET, 0, number, _U32.pack(_REFUSED))
            return
        stream = self.streams[number] = Stream(self, number, self._first_window)
        stream.receiver = self._opened(stream, headers)
        if self._block_ends:
            self._ended(stream)

    def _ended(self, stream: Stream) -> None:
        stream.remote_end = True
        if stream.receiver is not None:
            stream.receiver.end()
        if stream.local_end:
            self._forget(stream)

    def _finish(self, stream: Stream) -> None:
        self.put(_HEADERS, _END_HEADERS | _END_STREAM, stream.number, stream.closing)
        stream.local_end = True
        if not stream.remote_end:  # RFC 9113 8.1: the rest of the request is not needed
            self.put(_RESET, 0, stream.number, _U32.pack(_NO_ERROR))
        self._forget(stream)

    def _forget(self, stream: Stream) -> None:
        self.streams.pop(stream.number, None)
        stream.receiver = None  # they hold each other: a call would wait for a collection

    def _reset(self, stream: Stream, code: int) -> None:
        self.put(_RESET, 0, stream.number, _U32.pack(code))
        self._drop(stream)

    def _drop(self, stream: Stream) -> None:
        stream.local_end = stream.remote_end = True
        stream.unsent.clear()
        receiver = stream.receiver
        self._blocked.pop(stream.number, None)
        self._forget(stream)
        if receiver:
            receiver.reset()

    def _was_reset(self, number: int, payload: bytes) -> None:
        if len(payload) != 4 or number == 0 or number > self._last:
            self._end(_PROTOCOL)
        elif (stream := self.streams.get(number)) is not None:
            self._drop(stream)

    def _widen(self, number: int, payload: bytes) -> None:
        more = _U32.unpack(payload)[0] & _MOST_WINDOW if len(payload) == 4 else 0
        if number == 0:
            self._window += more
            if not more or self._window > _MOST_WINDOW:
                self._end(_FLOW if more else _PROTOCOL)
            else:
                self._pump_blocked()
        elif (stream := self.streams.get(number)) is not None:
            stream.window += more
            if not more or stream.window > _MOST_WINDOW:
                self._reset(stream, _FLOW if more else _PROTOCOL)
            elif stream.unsent:
                self._pump_one(stream)

    def _settings(self, flags: int, number: int, payload: bytes) -> None:
        if flags & _ACK:
            return
        if number or len(payload) % 6 or len(payload) > 600:
            self._end(_PROTOCOL)
            return
        for name, value in _SETTING.iter_unpack(payload):
            if name == 4:
                if value > _MOST_WINDOW:
                    self._end(_FLOW)
                    return
                for stream in self.streams.values():
                    stream.window += value - self._first_window
                self._first_window = value
            elif name == 5:
                self._frame = min(max(value, 16_384), _LONGEST_FRAME)
        self._acknowledge(_SETTINGS, b"")
        self._pump_blocked()

    def _ping(self, flags: int, number: int, payload: bytes) -> None:
        if number or len(payload) != 8:
            self._end(_PROTOCOL)
        elif not flags & _ACK:
            self._acknowledge(_PING, payload)

    def _acknowledge(self, kind: int, payload: bytes) -> None:
        if self._paused:
            self._unread += 9 + len(payload)
        if self._unread > _MOST_UNREAD_ACKS:
            self._end(_CALM)
        else:
            self.put(kind, _ACK, 0, payload)

    def _pump_blocked(self) -> None:
        for stream in list(self._blocked.values()):
            self._pump_one(stream)

    def _pump_one(self, stream: Stream) -> None:
        self.pump(stream)
        if len(stream.unsent) < MOST_UNSENT and stream.receiver is not None:
            stream.receiver.drained()

    def _listen_for_life(self) -> None:
        if not self._greeted or (self._asked and not self._heard):
            self.abort()
            return
        self._asked = not self._heard
        if self._asked:
            self.put(_PING, 0, 0, bytes(8))
        self._heard = False
        self._pulse = self._loop.call_later(_PULSE, self._listen_for_life)

    def _end(self, code: int) -> None:
        self.put(_GOAWAY, 0, 0, struct.pack(">LL", self._last, code))
        self._flush()
        self._ending = True
        self._transport.close()

    def _flush(self) -> None:
        out, self._out = self._out, []
        if out and not self._transport.is_closing():
            self._transport.write(b"".join(out))


def _unpadded(flags: int, payload: bytes) -> bytes | None:
    """Return a payload without its padding; None where there is more of it than payload."""
    if not flags & _PADDED:
        return payload
    if not payload or payload[0] >= len(payload):
        return None
    return payload[1 : len(payload) - payload[0]]
