"""Who a PostgreSQL is, is looked at before a password leaves, where the URL asks for that."""

from __future__ import annotations

import contextlib
import datetime as dt
import socket
import ssl
import sys
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa

from stillwatch.errors import ConfigurationError, OutputError
from stillwatch.store import Database

DEPLOY = Path(__file__).parents[2] / "deploy"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    sys.path.insert(0, str(DEPLOY))
    try:
        import first_secrets  # noqa: PLC0415 - a script beside the package
    finally:
        sys.path.pop(0)
    folder = tmp_path_factory.mktemp("tls")
    chain, key = first_secrets.certificate(["localhost"], dt.datetime.now(dt.UTC))
    (folder / "tls.crt").write_text(chain)
    (folder / "tls.key").write_text(key)
    return folder


@contextlib.contextmanager
def server(certificate=None):
    """A server that takes or refuses TLS, notes what it is told after that, and hangs up."""
    listening, heard = socket.create_server(("127.0.0.1", 0)), []

    def talk(to):
        with contextlib.suppress(OSError, ssl.SSLError), to:
            first = to.recv(8)
            asked = first == b"\x00\x00\x00\x08\x04\xd2\x16\x2f"
            if not asked:
                heard.append("plain")
                return
            to.sendall(b"S" if certificate else b"N")
            if certificate is None:
                heard.append("plain" if to.recv(64) else "nothing")
                return
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate / "tls.crt", certificate / "tls.key")
            with context.wrap_socket(to, server_side=True) as within:
                heard.append("encrypted" if within.recv(64) else "nothing")

    def accept():
        with contextlib.suppress(OSError):
            while True:
                talk(listening.accept()[0])

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield listening.getsockname()[1], heard
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(10)


def told(url, certificate=None):
    """Return what a server heard of a connection after the question for TLS."""
    with server(certificate) as (port, heard):
        database = Database(url.format(port=port))
        with pytest.raises(OutputError) as caught:
            database.now_reading(lambda c: c.execute(sa.text("SELECT 1")))
        database.close()
        assert "hidden" not in caught.value.diagnostics()
    return [one for one in heard if one != "nothing"]


URL = "postgresql://me:hidden@localhost:{port}/x"


@pytest.mark.parametrize("mode", ["require", "verify-ca", "verify-full"])
def test_a_server_without_tls_hears_nothing(mode):
    assert told(f"{URL}?sslmode={mode}") == []


def test_without_a_mode_tls_is_taken_where_it_is_offered(certificate):
    assert told(URL) == ["plain"]
    assert told(f"{URL}?sslmode=disable") == ["plain"]
    assert told(URL, certificate) == ["encrypted"]


def test_a_server_of_another_authority_hears_nothing(certificate):
    for mode in ("verify-ca", "verify-full"):
        assert told(f"{URL}?sslmode={mode}", certificate) == []
    assert told(f"{URL}?sslmode=require", certificate) == ["encrypted"]


def test_a_server_of_the_authority_named_is_spoken_to(certificate):
    own = f"&sslrootcert={certificate}/tls.crt"
    assert told(f"{URL}?sslmode=verify-full{own}", certificate) == ["encrypted"]
    # the certificate is for localhost
    other = URL.replace("localhost", "127.0.0.1")
    assert told(f"{other}?sslmode=verify-full{own}", certificate) == []
    assert told(f"{other}?sslmode=verify-ca{own}", certificate) == ["encrypted"]


@pytest.mark.parametrize("query", ["sslmode=maybe", "sslmode=verify-full&sslrootcert=/none"])
def test_what_cannot_be_is_told(query):
    with pytest.raises(ConfigurationError) as caught:
        Database(f"postgresql://me:hidden@localhost/x?{query}")
    assert "hidden" not in caught.value.diagnostics()
