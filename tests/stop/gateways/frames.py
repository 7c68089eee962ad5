"""HTTP/2 frames and gRPC messages written by hand, for peers that do not keep the rules."""

from __future__ import annotations

import socket
import struct

from hpack import Decoder, Encoder

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST, SETTINGS, PUSH, PING, GOAWAY, WINDOW, CONTINUATION = range(10)
END_STREAM, END_HEADERS, PADDED, ACK = 1, 4, 8, 1
U32 = struct.Struct(">L").pack
PROCESS = "/envoy.service.ext_proc.v3.ExternalProcessor/Process"


def frame(kind, flags=0, stream=0, payload=b""):
    length = len(payload)
    return struct.pack(">HBBBL", length >> 8, length & 255, kind, flags, stream) + payload


def grpc_headers(path=PROCESS, **more):
    headers = [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", path),
        (":authority", "x"),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
        *((name.replace("_", "-"), value) for name, value in more.items()),
    ]
    return Encoder().encode(headers)


def message(raw, compressed=0):
    return bytes([compressed]) + len(raw).to_bytes(4, "big") + raw


class Peer:
    """A client that sends what it is told, and reads frames."""

    def __init__(self, port, *, preface=True):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=15)
        self.held = b""
        self.decoder = Decoder()
        if preface:
            self.send(PREFACE + frame(SETTINGS))

    def send(self, raw):
        self.socket.sendall(raw)

    def frames(self):
        """Yield (kind, flags, stream, payload) until the connection ends."""
        while True:
            while len(self.held) >= 9:
                high, low, kind, flags, stream = struct.unpack_from(">HBBBL", self.held)
                until = 9 + (high << 8 | low)
                if len(self.held) < until:
                    break
                payload, self.held = self.held[9:until], self.held[until:]
                yield kind, flags, stream, payload
            try:
                more = self.socket.recv(65536)
            except ConnectionResetError:
                return
            if not more:
                return
            self.held += more

    def until(self, wanted, stream=None):
        """Return the payload of the first frame of a kind; None where the connection ends."""
        for kind, _, number, payload in self.frames():
            if kind == wanted and stream in {None, number}:
                return payload
        return None

    def goaway(self):
        """Return the error code with which the connection is ended."""
        payload = self.until(GOAWAY)
        return None if payload is None else struct.unpack(">LL", payload[:8])[1]

    def status(self, stream=1):
        """Return the gRPC status of a call."""
        for kind, flags, number, payload in self.frames():
            if kind != HEADERS:
                continue
            headers = dict(self.decoder.decode(payload))
            if number == stream and flags & END_STREAM:
                return int(headers["grpc-status"])
        return None

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
