"""Peers of the gRPC server that break HTTP/2, gRPC or Envoy's protocol: each has a named end."""

from __future__ import annotations

import contextlib
import datetime as dt
import socket
import ssl
import struct
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from frames import (
    ACK,
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    HEADERS,
    PADDED,
    PING,
    PREFACE,
    PRIORITY,
    PUSH,
    RST,
    SETTINGS,
    WINDOW,
    Peer,
    frame,
    grpc_headers,
    message,
)
from gateway_world import Rules, gateway, grpc_server
from hpack import Encoder

from stillwatch.stop.gateways.ext_proc import ext_proc
from stillwatch.stop.gateways.http_api import token_digest
from stillwatch.stop.gateways.messages import ProcessingRequest, RateLimitRequest
from stillwatch.stop.gateways.rate_limits import rate_limits

PROTOCOL, FLOW, FRAME_SIZE, COMPRESSION, CALM = 1, 3, 6, 9, 11
OPEN = frame(HEADERS, END_HEADERS, 1, grpc_headers())
U32 = struct.Struct(">L").pack


def processing(**given):
    held = ProcessingRequest()
    held.protocol_config.request_body_mode = given.get("mode", 4)
    held.protocol_config.response_body_mode = given.get("answers", 4)
    held.request_headers.SetInParent()
    return held.SerializeToString()


BOMB = b"".join([b"\x40\x01a\x7f\x81\x1e" + b"x" * 4000, b"\xbe" * 4000])  # one entry, often

CONNECTIONS = {
    # the connection's error code, for what is sent after the preface
    "data-before-headers": (frame(DATA, 0, 1, b"x"), PROTOCOL),
    "data-on-no-stream": (frame(DATA, 0, 0, b"x"), PROTOCOL),
    "even-stream": (frame(HEADERS, END_HEADERS, 2, grpc_headers()), PROTOCOL),
    "headers-on-no-stream": (frame(HEADERS, END_HEADERS, 0, grpc_headers()), PROTOCOL),
    "push": (frame(PUSH, END_HEADERS, 1, U32(2)), PROTOCOL),
    "reset-of-nothing": (frame(RST, 0, 7, U32(8)), PROTOCOL),
    "reset-too-short": (OPEN + frame(RST, 0, 1, b"x"), PROTOCOL),
    "priority-too-short": (frame(PRIORITY, 0, 1, b"x"), PROTOCOL),
    "ping-too-short": (frame(PING, 0, 0, b"x"), PROTOCOL),
    "settings-not-six": (frame(SETTINGS, 0, 0, b"12345"), PROTOCOL),
    "settings-on-a-stream": (frame(SETTINGS, 0, 1), PROTOCOL),
    "settings-without-end": (frame(SETTINGS, 0, 0, bytes(6) * 200), PROTOCOL),
    "window-setting-too-wide": (frame(SETTINGS, 0, 0, struct.pack(">HL", 4, 1 << 31)), FLOW),
    "window-of-none": (frame(WINDOW, 0, 0, U32(0)), PROTOCOL),
    "window-too-wide": (frame(WINDOW, 0, 0, U32((1 << 31) - 1)) * 2, FLOW),
    "frame-too-long": (b"\xff\xff\xff\x00\x00\x00\x00\x00\x01", FRAME_SIZE),
    "padding-beyond-the-frame": (OPEN + frame(DATA, PADDED, 1, b"\x09x"), PROTOCOL),
    "headers-within-headers": (
        frame(HEADERS, 0, 1, b"\x88") + frame(HEADERS, END_HEADERS, 3, grpc_headers()),
        PROTOCOL,
    ),
    "ping-within-headers": (frame(HEADERS, 0, 1, b"\x88") + frame(PING, 0, 0, bytes(8)), PROTOCOL),
    "continuation-of-nothing": (frame(CONTINUATION, END_HEADERS, 1, b"\x88"), PROTOCOL),
    "continuation-of-another": (
        frame(HEADERS, 0, 1, b"\x88") + frame(CONTINUATION, END_HEADERS, 3, b"\x88"),
        PROTOCOL,
    ),
    "continuations-without-end": (
        frame(HEADERS, 0, 1, b"\x88") + frame(CONTINUATION, 0, 1, b"x" * 9000) * 9,
        CALM,
    ),
    "empty-continuations": (frame(HEADERS, 0, 1, b"\x88") + frame(CONTINUATION, 0, 1) * 3, CALM),
    "no-such-index": (frame(HEADERS, END_HEADERS, 1, b"\xff\xff\x03"), COMPRESSION),
    "table-too-large": (frame(HEADERS, END_HEADERS, 1, b"\x3f\xe1\xff\x03\x88"), COMPRESSION),
    "header-bomb": (frame(HEADERS, END_HEADERS, 1, BOMB), COMPRESSION),
    "broken-huffman": (frame(HEADERS, END_HEADERS, 1, b"\x00\x84\xff\xff\xff\xff"), COMPRESSION),
    "trailers-that-do-not-end": (OPEN + frame(HEADERS, END_HEADERS, 1, b"\x88"), PROTOCOL),
}


@pytest.fixture(scope="module")
def server():
    made, outcomes = gateway(Rules(), longest=1 << 20)
    with grpc_server([ext_proc(made), rate_limits(made)], longest=2 << 20, most_streams=50) as held:
        port, running = held
        yield port, running, outcomes


def serves(port):
    """Say whether the server answers a call as it should."""
    with Peer(port) as peer:
        peer.send(OPEN + frame(DATA, END_STREAM, 1))
        return peer.status() == 0


@pytest.mark.parametrize("name", CONNECTIONS)
def test_a_connection_that_breaks_the_rules_is_ended(server, name):
    sent, code = CONNECTIONS[name]
    with Peer(server[0]) as peer:
        peer.send(sent)
        assert peer.goaway() == code
    assert serves(server[0])


@pytest.mark.parametrize(
    "first", [b"GET / HTTP/1.1\r\nhost: x\r\n\r\n", bytes(24), b"\x16\x03\x01"]
)
def test_what_is_not_http2_is_ended(server, first):
    with Peer(server[0], preface=False) as peer:
        peer.send(first)
        assert peer.goaway() == PROTOCOL
    assert serves(server[0])


CALLS = {
    "no-such-method": (frame(HEADERS, END_HEADERS, 1, grpc_headers("/x.Y/Z")), 12),
    "not-grpc": (
        frame(
            HEADERS,
            END_HEADERS | END_STREAM,
            1,
            Encoder().encode([(":method", "GET"), (":path", "/")]),
        ),
        12,
    ),
    "compressed": (OPEN + frame(DATA, END_STREAM, 1, message(b"x", compressed=1)), 12),
    "longer-than-is-taken": (OPEN + frame(DATA, 0, 1, b"\x00\x7f\xff\xff\xff"), 8),
    "not-whole": (OPEN + frame(DATA, END_STREAM, 1, b"\x00\x00\x00\x00\x09x"), 3),
    "no-message": (OPEN + frame(DATA, END_STREAM, 1, message(b"\xff\xff\xff\xff")), 3),
    "an-empty-message": (OPEN + frame(DATA, END_STREAM, 1, message(b"")), 3),
    "bodies-not-sent": (OPEN + frame(DATA, END_STREAM, 1, message(processing(mode=0))), 3),
    "bodies-not-held": (OPEN + frame(DATA, END_STREAM, 1, message(processing(mode=1))), 3),
    "answers-not-sent": (OPEN + frame(DATA, END_STREAM, 1, message(processing(answers=0))), 3),
    "answers-in-part": (OPEN + frame(DATA, END_STREAM, 1, message(processing(answers=3))), 3),
    "bodies-in-part": (OPEN + frame(DATA, END_STREAM, 1, message(processing(mode=3))), 3),
    "too-late": (
        frame(HEADERS, END_HEADERS, 1, grpc_headers(grpc_timeout="50m")),
        4,
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_call_that_breaks_the_rules_ends_with_its_status(server, name):
    sent, status = CALLS[name]
    with Peer(server[0]) as peer:
        peer.send(sent)
        assert peer.status() == status
    assert serves(server[0])


def test_more_streams_than_are_taken_are_refused(server):
    with Peer(server[0]) as peer:
        for number in range(1, 103, 2):
            peer.send(frame(HEADERS, END_HEADERS, number, grpc_headers()))
        assert struct.unpack(">L", peer.until(RST, 101))[0] == 7  # refused: to be tried again
    assert serves(server[0])


def test_streams_that_are_opened_and_reset_leave_nothing(server):
    port, running, _ = server
    with Peer(port) as peer:
        for number in range(1, 4001, 2):
            peer.send(
                frame(HEADERS, END_HEADERS, number, grpc_headers()) + frame(RST, 0, number, U32(8))
            )
        peer.send(frame(PING, 0, 0, b"still me"))
        assert peer.until(PING) == b"still me"
    until = time.monotonic() + 10
    while running.calls and time.monotonic() < until:
        time.sleep(0.02)
    assert running.calls == 0
    assert serves(port)


@pytest.mark.parametrize("kind", [PING, SETTINGS])
def test_a_peer_that_asks_and_never_reads_is_let_go(server, kind):
    port = server[0]
    asked = frame(kind, 0, 0, bytes(8) if kind == PING else b"") * 5000
    with Peer(port) as peer:
        peer.socket.settimeout(20)
        until = time.monotonic() + 60
        gone = False
        while not gone and time.monotonic() < until:
            try:
                peer.send(asked)
            except OSError:
                gone = True
        assert gone
    assert serves(port)


def test_more_than_the_window_is_refused(server):
    asked = RateLimitRequest()
    entry = asked.descriptors.add().entries.add()
    entry.key, entry.value = "account", "slow"  # while it is decided, nothing more is read
    path = "/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit"
    with Peer(server[0]) as peer:
        peer.send(frame(HEADERS, END_HEADERS, 1, grpc_headers(path)))
        peer.send(frame(DATA, 0, 1, message(asked.SerializeToString())))
        for _ in range(60):
            peer.send(frame(DATA, 0, 1, message(bytes(60_000))))
        assert struct.unpack(">L", peer.until(RST, 1))[0] == FLOW
    assert serves(server[0])


def test_a_peer_that_leaves_in_the_middle_leaves_nothing(server):
    port, running, _ = server
    for _ in range(20):
        with Peer(port) as peer:
            peer.send(OPEN + frame(DATA, 0, 1, message(processing())))
    until = time.monotonic() + 10
    while running.calls and time.monotonic() < until:
        time.sleep(0.02)
    assert running.calls == 0


def test_who_has_no_token_is_not_served():
    made, _ = gateway(Rules())
    with grpc_server([ext_proc(made)], tokens=[token_digest("t0ken")]) as (port, _):
        for more, status in (
            ({}, 16),
            ({"authorization": "Bearer wrong"}, 16),
            ({"authorization": "Bearer t0ken"}, 0),
        ):
            with Peer(port) as peer:
                opened = frame(HEADERS, END_HEADERS, 1, grpc_headers(**more))
                peer.send(opened + frame(DATA, END_STREAM, 1))
                assert peer.status() == status


def test_a_server_that_is_told_to_end_lets_calls_end():
    made, _ = gateway(Rules())
    with grpc_server([ext_proc(made)]) as (port, server), Peer(port) as peer:
        peer.send(OPEN + frame(DATA, 0, 1, message(processing())))
        assert peer.until(DATA, 1) is not None
        server.run(server.close(grace=0.2))
        assert peer.goaway() in {0, None}
        assert server.calls == 0


def test_acknowledgements_are_not_acknowledged(server):
    with Peer(server[0]) as peer:
        peer.send(frame(PING, ACK, 0, bytes(8)) + frame(PING, 0, 0, b"12345678"))
        assert peer.until(PING) == b"12345678"


def test_a_preface_in_pieces_is_read(server):
    with Peer(server[0], preface=False) as peer:
        for piece in (PREFACE[:5], PREFACE[5:20], PREFACE[20:] + frame(SETTINGS), OPEN[:4]):
            peer.send(piece)
            time.sleep(0.01)
        peer.send(OPEN[4:] + frame(DATA, END_STREAM, 1))
        assert peer.status() == 0


def made_certificates(folder):
    """Make an authority, and a certificate of its that serves both sides."""
    now = dt.datetime.now(dt.UTC)

    def made(name, key, *, authority):
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(names[0])
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(hours=1))
            .not_valid_after(now + dt.timedelta(hours=1))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
            .sign(ca_key, hashes.SHA256())
        )

    names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, one)]) for one in ("ca", "peer")]
    ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    raw = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    (folder / "ca.pem").write_bytes(made(names[0], ca_key, authority=True).public_bytes(pem))
    (folder / "cert.pem").write_bytes(made(names[1], key, authority=False).public_bytes(pem))
    (folder / "key.pem").write_bytes(raw)
    return folder / "ca.pem", (folder / "cert.pem", folder / "key.pem")


@pytest.mark.parametrize("shown", [True, False])
def test_client_certificates_are_asked_for(tmp_path, shown):
    ca, pair = made_certificates(tmp_path)
    made, _ = gateway(Rules())
    context = ssl.create_default_context(cafile=str(ca))
    context.set_alpn_protocols(["h2"])
    if shown:
        context.load_cert_chain(*pair)
    got = b""
    with (
        grpc_server([ext_proc(made)], tls=pair, clients=ca) as (port, _),
        socket.create_connection(("127.0.0.1", port), timeout=15) as plain,
        contextlib.suppress(OSError),
        context.wrap_socket(plain, server_hostname="localhost") as held,
    ):
        assert held.selected_alpn_protocol() == "h2"
        held.sendall(PREFACE + frame(SETTINGS) + OPEN + frame(DATA, END_STREAM, 1))
        while b"grpc-status\x010" not in got and (more := held.recv(65536)):
            got += more
    assert (b"grpc-status\x010" in got) == shown
