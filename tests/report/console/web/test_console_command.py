"""``stillwatch console``: people, and the pages as a process."""

from __future__ import annotations

import contextlib
import ipaddress
import json
import os
import re
import select
import signal
import ssl
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from example_scan import example_scan

from stillwatch.cli.entry import cli
from stillwatch.errors import ConfigurationError
from stillwatch.report.documents import write_scan


def run(*arguments):
    done = CliRunner().invoke(cli, ["console", *map(str, arguments)])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done


@pytest.fixture
def database(tmp_path):
    return f"sqlite:///{tmp_path}/console.sqlite"


def test_the_first_password_is_printed_once(database):
    done = run("init", "--database", database)
    assert re.fullmatch(r"first account: first, password: [a-z2-7-]{27}\n", done.stderr)
    assert run("init", "--database", database).output == ""


def test_people_are_added_changed_and_stopped(database):
    password = run("people", "add", "Ada", "--role", "counsel", "--database", database).stdout
    assert re.fullmatch(r"[a-z2-7-]{27}\n", password)
    run("people", "roles", "Ada", "--role", "analyst", "--role", "approver", "--database", database)
    assert run("people", "password", "Ada", "--database", database).stdout != password
    run("people", "disable", "Ada", "--database", database)
    listed = run("people", "list", "--json", "--database", database).stdout
    assert json.loads(listed) == {
        "name": "Ada",
        "roles": ["analyst", "approver"],
        "by": "password",
        "disabled": True,
    }
    run("people", "disable", "Ada", "--undo", "--database", database)
    lines = run("people", "list", "--database", database).stdout
    assert lines == "Ada: analyst, approver, by password\n"


def test_nobody_is_changed_who_is_not_there(database):
    run("init", "--database", database)
    with pytest.raises(ConfigurationError, match="nobody"):
        run("people", "disable", "Eve", "--database", database)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--host", "0.0.0.0"), "without a TLS certificate"),  # noqa: S104
        (("--no-passwords",), "nobody could sign in"),
        (("--gateway", "east"), "a gateway is NAME=URL"),
    ],
)
def test_what_cannot_be_served_is_told(database, arguments, words):
    with pytest.raises(ConfigurationError, match=words):
        run("serve", "--database", database, *arguments)


def certificate(folder):
    """Write a certificate of 127.0.0.1 and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "console")])
    now = datetime.now(UTC)
    own = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(own, critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (folder / "chain.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(secret)
    return folder / "chain.pem", folder / "key.pem"


@contextlib.contextmanager
def served(*arguments):
    """Serve in a process of its own; yield it, its URL and the first account's password."""
    command = [sys.executable, "-m", "stillwatch", "console", "serve", "--port", "0"]
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(  # noqa: S603 - our own command
        [*command, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    ) as process:
        try:
            assert select.select([process.stdout], [], [], 60)[0]
            url = process.stdout.readline().strip()
            yield process, url, re.search(r"password: (\S+)", process.stderr.readline())[1]
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(30) in {0, -signal.SIGTERM}


def test_with_a_certificate_cookies_are_for_tls_alone(tmp_path, database):
    chain, key = certificate(tmp_path)
    arguments = ("--database", database, "--tls-certificate", chain, "--tls-key", key)
    with served(*arguments) as (_, url, password):
        assert url.startswith("https://127.0.0.1:")
        trusted = ssl.create_default_context(cafile=str(chain))
        with httpx.Client(base_url=url, timeout=30, verify=trusted) as client:
            fields = {"name": "first", "password": password, "next": "/help"}
            answer = client.post("/sign-in", data=fields, headers={"origin": url})
            assert answer.headers["set-cookie"].startswith("__Host-stillwatch=")
            assert "; Secure" in answer.headers["set-cookie"]
            assert client.get("/help").status_code == 200
            assert client.get("/help", headers={"host": "evil.test"}).status_code == 421


def test_the_pages_follow_a_scan(tmp_path, database):
    result, activity = example_scan(accounts=300)
    arguments = ("--database", database, "--results", tmp_path / "out", "--every", "1")
    with served(*arguments) as (process, url, password):
        with httpx.Client(base_url=url, timeout=30) as client:
            assert client.get("/healthz").text == "ok\n"
            fields = {"name": "first", "password": password, "next": "/"}
            client.post("/sign-in", data=fields, headers={"origin": url})
            assert "Nothing has been imported yet" in client.get("/").text
            write_scan(result, tmp_path / "out", activity)
            for _ in range(100):
                if "campaigns declared" in client.get("/").text:
                    break
                time.sleep(0.2)
            assert "campaigns declared" in client.get("/").text
            assert "server" not in client.get("/").headers
        process.send_signal(signal.SIGTERM)
        process.wait(30)
        told = process.stderr.read()
    assert told.count("error:") <= 1  # the folder was not there at first
    assert "Traceback" not in told
