"""``stillwatch serve`` as a process: shadow by default, reloads, drains, keeps, counts."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from replicas import CLIENT, ENFORCED, replicas, today, waited, write_policy
from scan_folder import write_scan

from stillwatch.cli.entry import cli
from stillwatch.errors import ConfigurationError
from stillwatch.find.features.hashing import key_from_secret
from stillwatch.find.receiving import Segments
from stillwatch.stop.service.settings import Settings, read_settings


def test_without_a_policy_it_runs_in_shadow_and_changes_nothing(tmp_path):
    write_scan(tmp_path / "out", ["bad"], as_of=today(hours=1))
    with replicas(tmp_path, 'scan = "out"\n') as (one,):
        assert one.ready()
        assert CLIENT.get(f"{one.urls['admin']}/healthz").text == "ok\n"
        decided = one.ask("bad")
        assert decided["effect"]["status"] == 0
        assert decided["rung"] == "observe"
        assert decided["would"] == "limit"
        waited(lambda: one.logged("a measure would apply"))  # lines are written beside the loop
        (line,) = one.logged("a measure would apply")
        assert (line["account"], line["would"]) == ("bad", "limit")
        metrics = one.metrics()
        name = 'stillwatch_decisions_total{applied="observe",mode="shadow",would="limit"}'
        assert metrics[name] == 1
        assert not any("bad" in name for name in metrics)
        assert one.end() == 0


def test_a_scan_and_a_policy_are_in_force_seconds_after_they_are_written(tmp_path):
    lines = write_policy(tmp_path) + 'scan = "out"\n'
    write_scan(tmp_path / "out", ["bad"], as_of=today(hours=1))
    with replicas(tmp_path, lines) as (one,):
        assert (one.status("bad"), one.status("good")) == (403, 0)
        write_scan(tmp_path / "out", ["worse"], as_of=today(minutes=1))
        assert waited(lambda: one.status("worse") == 403) < 15
        assert one.status("bad") == 0
        (tmp_path / "policy.toml").write_text("version = 1\nmode = 'enforce'\nunknown = 1\n")
        waited(lambda: one.logged("a file cannot be used; what was in force stays"))
        assert one.status("worse") == 403
        write_policy(tmp_path, ENFORCED.replace('member = "verify"', 'member = "limit"'))
        waited(lambda: one.status("worse") == 0)
        (line,) = one.logged("a policy is in force")[1:]
        assert any("verify -> limit" in change for change in line["changes"])
        reloads = one.metrics()
        assert reloads['stillwatch_reloads_total{file="policy",outcome="refused"}'] >= 1
        one.process.send_signal(signal.SIGHUP)
        waited(lambda: len(one.logged("a policy is in force")) == 3)


def test_exchanges_reach_the_lake_and_zero_retention_only_its_observations(tmp_path):
    (tmp_path / "key").write_text("a long random secret")
    settings = (
        'key_file = "key"\n[lake]\nfolder = "lake"\nobservations = "observed"\n'
        "keep_answers = true\nseconds = 0.2\n"
    )
    with replicas(tmp_path, settings) as (one,):
        for number in range(3):
            one.answered(one.ask(prompt=f"Question {number}?"))
        one.answered(one.ask("quiet", prompt="Nobody keeps this.", zero_retention=True))
        assert one.end() == 0
    (part,) = {path.parent for path in tmp_path.glob("lake/day=*/part-*.parquet")}
    table = pq.read_table(part)
    assert sorted(table.column("prompt").to_pylist()) == [f"Question {n}?" for n in range(3)]
    assert set(table.column("response").to_pylist()) == {"It is."}
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not any(b"Nobody keeps this." in path.read_bytes() for path in files)
    with Segments.opened(tmp_path / "observed", key_from_secret(b"a long random secret")):
        assert list((tmp_path / "observed").glob("*/day=*/*.parquet"))
    out = tmp_path / "scanned"
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "stillwatch", "scan", str(tmp_path / "lake"), "--out", str(out)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads((out / "campaigns.json").read_text())["scan"]["exchanges"] == 3


def test_a_restart_without_anything_else_loses_no_verdict(tmp_path):
    lines = write_policy(tmp_path) + 'scan = "out"\nstate = "state"\n'
    write_scan(tmp_path / "out", ["bad"], as_of=today(hours=1))
    with replicas(tmp_path, lines) as (one,):
        assert one.status("bad") == 403
        one.end(signal.SIGKILL)
        for path in (tmp_path / "out").iterdir():
            path.unlink()
        one.start()
        assert one.status("bad") == 403


def test_the_account_table_counts(tmp_path):
    import pyarrow as pa  # noqa: PLC0415 - here alone

    table = pa.table({"account_id": ["shop"], "licensed": [True], "verification_level": ["x"]})
    pq.write_table(table, tmp_path / "accounts.parquet")
    with replicas(tmp_path, 'accounts = "accounts.parquet"\n') as (one,):
        assert one.ask("shop")["tier"] == "licensed"
        assert one.ask("other")["tier"] == "unverified"


@pytest.mark.parametrize(
    "text",
    [
        "unknown = 1",
        "[lake]\nfolder = 1",
        "[updates]\nnats = 'nats://127.0.0.1:1'",
        "state = 'x'\n[updates]\nnats = 'nats://127.0.0.1:1'",
        "[lake]\nobservations = 'x'",
        "measures = 'x'",
        "[api]\nport = 1",
        "[[updates.trusted]]\nkey = 'x'\nkinds = ['scan']",
        "drain = 0",
        "x = ",
    ],
)
def test_settings_are_a_closed_schema(tmp_path, text):
    path = tmp_path / "serve.toml"
    path.write_text(text)
    with pytest.raises(ConfigurationError) as error:
        read_settings(path)
    assert error.value.exit_code == 3


@pytest.mark.parametrize(
    "text",
    [
        '[api]\naddress = "0.0.0.0:0"',
        '[admin]\naddress = "nowhere"',
        'key_file = "none"',
        '[buckets]\nurl = "http://x"',
    ],
)
def test_what_cannot_be_served_ends_with_a_named_error(tmp_path, text):
    path = tmp_path / "serve.toml"
    path.write_text("known_accounts = 4096\nknown_segments = 4096\n" + text)
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "stillwatch", "serve", "--config", str(path)],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode in {3, 4}
    assert "error: " in done.stderr
    assert "Traceback" not in done.stderr


def test_check_reads_and_ends(tmp_path):
    write_policy(tmp_path)
    path = tmp_path / "serve.toml"
    path.write_text('policy = "policy.toml"\nanalysts = "analysts.toml"\n')
    assert CliRunner().invoke(cli, ["serve", "--config", str(path), "--check"]).exit_code == 0
    (tmp_path / "policy.toml").write_text("version = 2\n")
    assert CliRunner().invoke(cli, ["serve", "--config", str(path), "--check"]).exit_code != 0
    assert Settings().admin.place() == ("127.0.0.1", 8729)


def test_what_was_learnt_outlives_a_restart_under_the_same_key(tmp_path):
    """The price of a request that was asked before is the same after a restart as without one."""
    (tmp_path / "key").write_text("a long random secret")
    words = "Explain in detail how a turbine blade is cooled and which alloys bear the heat."
    costs = []
    for key in ("key", "key", "other"):
        (tmp_path / "other").write_text("another long random secret")
        with replicas(tmp_path, f'key_file = "{key}"\nstate = "state"\n') as (one,):
            costs.append(one.ask("someone", prompt=words)["cost"])
            assert one.end() == 0
            warned = one.logged("what was remembered is of another key file, and is left out")
        assert bool(warned) is (key == "other")
    assert (tmp_path / "state" / "remembered").stat().st_mode & 0o777 == 0o600
    assert costs[1] < costs[0] == costs[2]
