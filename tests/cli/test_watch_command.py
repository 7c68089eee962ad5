"""``stillwatch watch`` as an operator runs it: metrics, SIGTERM, and what it refuses."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from stillwatch.cli.entry import cli
from stillwatch.errors import ConfigurationError
from stillwatch.find.state import StateFolder

sys.path.append(str(Path(__file__).parents[1] / "find" / "streaming"))
import brokers


@pytest.fixture
def stream(tmp_path):
    """A running NATS with 3,000 exchanges of a small world."""
    world = tmp_path / "world"
    run = CliRunner().invoke(
        cli,
        ["simulate", "--out", str(world), "--exchanges", "3000", "--accounts", "150", "--seed",
         "3", "--days", "3"],
    )  # fmt: skip
    assert run.exit_code == 0, run.output
    table = pq.ParquetDataset(world / "exchanges").read().drop_columns("day")
    with brokers.nats_server(tmp_path / "jetstream") as server:
        server.make("LOGS")
        server.publish("LOGS", brokers.payloads(table))
        yield server, world, table.num_rows


def test_it_shows_metrics_and_ends_in_order(stream, tmp_path):
    server, world, rows = stream
    arguments = [
        "watch", server.url, "--stream", "LOGS", "--state", str(tmp_path / "state"),
        "--out", str(tmp_path / "out"), "--accounts", str(world / "accounts.parquet"),
        "--commit-seconds", "1", "--late", "30m", "--idle", "2s",
        "--metrics", str(tmp_path / "watch.prom"), "--metrics-listen", "127.0.0.1:0",
    ]  # fmt: skip
    run = subprocess.Popen(  # noqa: S603 - our own
        [sys.executable, "-m", "stillwatch", *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        url = run.stderr.readline().removeprefix("metrics on ").strip()
        assert url.startswith("http://127.0.0.1:")
        assert run.stderr.readline() == "watching nats:LOGS\n"
        page, end = "", time.monotonic() + 90
        while not (
            f"stillwatch_watch_exchanges {rows}\n" in page
            and "stillwatch_watch_looks_behind 0\n" in page
            and "stillwatch_watch_look_seconds" in page
        ):
            assert time.monotonic() < end, page
            time.sleep(0.2)
            page = urllib.request.urlopen(url).read().decode()  # noqa: S310 - our own
        assert 'stillwatch_watch_lag{partition="0"} 0\n' in page
        assert f'stillwatch_watch_position{{partition="0"}} {rows}\n' in page
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(url.replace("/metrics", "/state"))  # noqa: S310 - our own
    finally:
        run.send_signal(signal.SIGTERM)
        out, _ = run.communicate(timeout=60)
    assert run.returncode == 0
    assert out.startswith(f"{rows:,} exchanges in the state; {rows:,} messages read, 0 in")
    assert "stillwatch_watch_connected 0" in (tmp_path / "watch.prom").read_text()
    assert json.loads((tmp_path / "out/campaigns.json").read_text())
    with StateFolder.opened(tmp_path / "state") as state:
        assert sum(one.rows for one in state.manifest.segments) == rows
    scan = CliRunner().invoke(
        cli,
        ["scan", str(world / "exchanges"), "--accounts", str(world / "accounts.parquet"),
         "--out", str(tmp_path / "whole")],
    )  # fmt: skip
    assert scan.exit_code == 0, scan.output
    whole, found = (
        pq.read_table(tmp_path / name / "verdicts.parquet").sort_by("account_id").to_pylist()
        for name in ("whole", "out")
    )
    assert found == whole


@pytest.mark.parametrize(
    ("broker", "more", "words"),
    [
        ("http://127.0.0.1:4222", [], "not understood"),
        ("nats://logs.example.org:4222", [], "in clear"),
        ("nats://127.0.0.1:4222,logs.example.org:4222", [], "in clear"),
        ("kafka://logs.example.org:9092", [], "in clear"),
        ("kafka://127.0.0.1", [], "not understood"),
        ("nats://me:secret@127.0.0.1:4222", [], "password or token"),
        ("nats://127.0.0.1:4222", ["--late", "soon"], "no length of time"),
        ("nats://127.0.0.1:4222", ["--metrics-listen", "here"], "no address"),
        ("nats://127.0.0.1:4222", ["--metrics-listen", "0.0.0.0:0"], "only this machine"),
        ("nats://127.0.0.1:4222", ["--outbox", "box"], "go together"),
        ("nats://127.0.0.1:4222", ["--stream", "a.b"], "no name"),
    ],
)
def test_what_it_refuses_to_begin_with(tmp_path, broker, more, words):
    arguments = ["watch", broker, "--stream", "LOGS", "--state", str(tmp_path / "state"),
                 "--out", str(tmp_path / "out"), *more]  # fmt: skip
    run = CliRunner().invoke(cli, arguments)
    assert isinstance(run.exception, ConfigurationError)
    said = run.exception.diagnostics()
    assert words in said
    assert "secret" not in said


def test_a_receiver_that_is_away_holds_up_no_look(stream, tmp_path, monkeypatch):
    monkeypatch.setenv("WORD", "whsec_" + "A" * 32)
    server, world, rows = stream
    receivers = tmp_path / "receivers.toml"
    receivers.write_text(
        'playbook = "https://pages.example/"\n[[receiver]]\nname = "away"\nkind = "webhook"\n'
        'url = "http://127.0.0.1:9/hook"\nsecret_env = "WORD"\n'
    )
    arguments = [
        "watch", server.url, "--stream", "LOGS", "--once",
        "--state", str(tmp_path / "state"), "--out", str(tmp_path / "out"),
        "--accounts", str(world / "accounts.parquet"),
        "--receivers", str(receivers), "--outbox", str(tmp_path / "box"),
    ]  # fmt: skip
    run = CliRunner().invoke(cli, arguments)
    assert run.exit_code == 0, run.output
    assert f"{rows:,} exchanges in the state" in run.output
    status = CliRunner().invoke(cli, ["alert", "status", "--outbox", str(tmp_path / "box")])
    assert status.output.startswith("away (webhook)")
    receivers.write_text("[[receiver]]\n")
    run = CliRunner().invoke(cli, arguments)
    assert isinstance(run.exception, ConfigurationError)
