"""``stillwatch observe --otlp-listen`` as a process: what it leaves on the disk; how it ends."""

from __future__ import annotations

import contextlib
import datetime as dt
import ipaddress
import json
import os
import signal
import ssl
import subprocess
import sys
from pathlib import Path

import httpx
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

sys.path.insert(0, str(Path(__file__).parents[1] / "find" / "receiving"))
from made_exports import log, logs, packed, span, traces
from serving import until

from stillwatch.cli.entry import cli
from stillwatch.errors import ConfigurationError
from stillwatch.find.features.files import find_observations

PROMPT = "the recipe of a purple giraffe cake"
DETAILS = "gen_ai.client.inference.operation.details"
PIECES = ("purple", "giraffe")


@contextlib.contextmanager
def receiving(folder, *arguments):
    """Yield a running receiver and where it listens; all that it could write to is in folder."""
    (folder / "key").write_bytes(b"a secret\n")
    (folder / "tmp").mkdir(exist_ok=True)
    # the folder must have all that is written: a cache elsewhere is not what is looked at
    places = dict.fromkeys(("TMPDIR", "HOME", "XDG_CACHE_HOME"), str(folder / "tmp"))
    with (folder / "said").open("w") as said:
        running = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", "stillwatch", "observe", "--otlp-listen", "127.0.0.1:0",
             "--out", folder / "out", "--key-file", folder / "key", *arguments],
            stdout=subprocess.PIPE, stderr=said, cwd=folder, env=os.environ | places,
        )  # fmt: skip
    try:
        until(lambda: running.poll() is not None or "listening" in (folder / "said").read_text())
        yield running, (folder / "said").read_text().split()[-1]
    finally:
        running.kill()
        running.communicate()


def leavings(folder):
    """Return all files below a folder: names, bytes, and what compressed tables hold."""
    held = []
    for path in folder.rglob("*"):
        if path.is_file():
            held.append(str(path).encode() + path.read_bytes())
        if path.suffix == ".parquet":
            held.append(repr(pq.read_table(path).to_pylist()).encode())
    return held


def test_no_prompt_is_on_the_disk_and_the_rest_is_written_at_sigterm(tmp_path):
    with receiving(tmp_path, "--json", "--segment-exchanges", "3") as (running, where):
        with httpx.Client(base_url=where, timeout=30) as client:
            assert client.post("/v1/traces", json=traces(*(span(n, PROMPT) for n in range(1, 4))))
            until(lambda: list((tmp_path / "out").glob("2*")))
            body, kind = packed(traces(span(4, PROMPT), span(5))), "application/x-protobuf"
            sent = client.post("/v1/traces", content=body, headers={"content-type": kind})
            assert sent.status_code == 200
            said = logs(log(5, DETAILS, **{"gen_ai.input.messages": PROMPT}))  # waits for span 5
            assert client.post("/v1/logs", json=said).status_code == 200
            lacking = traces(span(6, PROMPT, **{"user.id": ""}))
            assert "partialSuccess" in client.post("/v1/traces", json=lacking).json()
            assert client.post("/v1/traces", content=PROMPT * 9).status_code == 415
        held = leavings(tmp_path)
        running.send_signal(signal.SIGTERM)
        summary = json.loads(running.communicate(timeout=30)[0])
    assert running.returncode == 0
    assert summary == {
        "out": str(tmp_path / "out"), "exchanges": 5, "segments": 2, "rejected": 1,
    }  # fmt: skip
    assert find_observations(str(tmp_path / "out")).rows == 5
    held += leavings(tmp_path)
    assert any(b"'a1'" in one for one in held), "ids are looked for and found"
    for piece in PIECES:
        assert not [one for one in held if piece.encode() in one]


def test_a_killed_receiver_leaves_its_segments_and_goes_on(tmp_path):
    """Over TLS with a token, too."""
    certificate, private = made_certificate(tmp_path)
    (tmp_path / "token").write_text("long and secret\n")
    arguments = (
        "--segment-seconds", "0.1", "--tls-certificate", certificate, "--tls-key", private,
        "--token-file", tmp_path / "token",
    )  # fmt: skip
    headers = {"authorization": "Bearer long and secret"}
    trusted = ssl.create_default_context(cafile=certificate)
    for turn in (1, 2):
        with receiving(tmp_path, *arguments) as (running, where):
            with httpx.Client(base_url=where, verify=trusted, timeout=30) as client:
                assert client.post("/v1/traces", json=traces()).status_code == 401
                sent = client.post("/v1/traces", json=traces(span(turn, PROMPT)), headers=headers)
                assert sent.status_code == 200
            until(lambda count=turn: len(list((tmp_path / "out").glob("2*"))) == count)
            running.send_signal(signal.SIGKILL if turn == 1 else signal.SIGINT)
            running.wait(30)
        (tmp_path / "out" / ".segment-left").mkdir(exist_ok=True)
    assert running.returncode == 0
    assert find_observations(str(tmp_path / "out")).rows == 2
    assert not any(PROMPT.encode() in one for one in leavings(tmp_path))


def made_certificate(folder):
    """Return paths of a certificate for 127.0.0.1 that signs itself, and of its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "receiver")])
    now = dt.datetime.now(dt.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "cert.pem").write_bytes(made.public_bytes(pem))
    private = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "key.pem").write_bytes(private)
    return folder / "cert.pem", folder / "key.pem"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--otlp-listen", "0.0.0.0:4318"], "anybody"),
        (["--otlp-listen", "0.0.0.0:4318", "--token-file", "key"], "anybody"),
        (["--otlp-listen", "[::]:4318"], "anybody"),
        (["--otlp-listen", "example.org:4318"], "no address"),
        (["--otlp-listen", "127.0.0.1"], "no address"),
        (["--otlp-listen", "127.0.0.1:70000"], "no address"),
        (["--otlp-listen", "127.0.0.1:0", "--tls-key", "key"], "without its key"),
        (["--otlp-listen", "127.0.0.1:0", "--token-file", "none"], "token file is empty"),
        (
            ["--otlp-listen", "127.0.0.1:0", "--tls-key", "key", "--tls-certificate", "key"],
            "cannot be used",
        ),
        (["--otlp-listen", "127.0.0.1:0", "--format", "otlp"], "either"),
        (["--otlp-listen", "127.0.0.1:0", "log.jsonl"], "either"),
        ([], "either"),
    ],
)
def test_what_would_expose_prompts_or_makes_no_sense_is_refused(
    arguments, words, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    Path("key").write_bytes(b"a secret\n")
    Path("none").write_bytes(b" \n")
    done = CliRunner().invoke(cli, ["observe", "--out", "out", "--key-file", "key", *arguments])
    assert isinstance(done.exception, ConfigurationError)
    assert words in str(done.exception)
