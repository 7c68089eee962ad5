"""``stillwatch alert`` and ``stillwatch verdicts`` as a person, a timer and a kill meet them."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from alert_scans import BASE, later, small_scan
from click.testing import CliRunner
from example_scan import END, HOSTILE, hostile_scan
from listening import SECRET_TEXT, checked, web

from stillwatch.cli.entry import cli
from stillwatch.errors import (
    ConfigurationError,
    InputFormatError,
    SourceNotFoundError,
    StillwatchError,
    UndeliveredError,
)
from stillwatch.report.documents import write_scan


def run(*arguments, **more):
    return CliRunner().invoke(cli, [str(argument) for argument in arguments], **more)


def receivers(folder, *ports, text=""):
    lines = [f'playbook = "{BASE}"', text]
    for number, port in enumerate(ports):
        lines += ["[[receiver]]", f'name = "r{number}"', 'kind = "webhook"',
                  f'url = "http://127.0.0.1:{port}/"', 'secret_file = "secret"']  # fmt: skip
    (folder / "r.toml").write_text("\n".join(lines))
    return folder / "r.toml"


def send(folder, *arguments):
    return run("alert", "send", *arguments, "--receivers", folder / "r.toml",
               "--outbox", folder / "box", "--patience", "0")  # fmt: skip


def uids(server):
    return [headers["webhook-id"] for _, headers, _ in server.requests]


def test_a_scan_is_told_once(hook, folder):
    receivers(folder, hook.server_port)
    done = send(folder, folder / "out", "--json")
    assert done.exit_code == 0, done.exception
    summary = json.loads(done.stdout)
    assert (summary["new"], summary["delivered"]) == (6, 6)
    again = send(folder, folder / "out")
    assert again.exit_code == 0
    assert "0 new alerts, 0 delivered" in again.stderr
    assert len(hook.requests) == 6
    for request in hook.requests:
        assert checked(request)["data"]["playbook"].startswith(BASE)


def test_away_is_an_exit_code_and_a_status(folder):
    with web() as server:
        port = server.server_port
    receivers(folder, port)
    done = send(folder, folder / "out")
    assert isinstance(done.exception, UndeliveredError)
    assert done.exception.exit_code == 11
    shown = run("alert", "status", "--outbox", folder / "box")
    assert shown.exit_code == 0
    assert "r0 (webhook)" in shown.stdout
    assert "waiting      6, the oldest since" in shown.stdout
    assert "refused" in shown.stdout.lower()
    (state,) = json.loads(run("alert", "status", "--outbox", folder / "box", "--json").stdout)
    assert (state["waiting"], state["attempts"]) == (6, 1)
    with web(port=port) as server:
        time.sleep(1.1)  # its first wait
        assert send(folder).exit_code == 0
        assert len(uids(server)) == 6


def test_skip_and_forget(folder):
    with web() as server:
        server.answers.append((400, {}, b""))
        receivers(folder, server.server_port)
        send(folder, folder / "out")
        skipped = run("alert", "skip", "r0", "--outbox", folder / "box")
        assert skipped.stdout.strip() == uids(server)[0]
        assert send(folder).exit_code == 0
    assert "skipped      1" in run("alert", "status", "--outbox", folder / "box").stdout
    assert run("alert", "forget", "r0", "--outbox", folder / "box").exit_code == 0
    assert run("alert", "status", "--outbox", folder / "box").stdout == ""
    error = run("alert", "skip", "r0", "--outbox", folder / "nowhere").exception
    assert isinstance(error, SourceNotFoundError)
    assert not (folder / "nowhere").exists()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_a_kill_in_the_middle_loses_and_invents_nothing(folder):
    """Kill the command while the fourth request is answered, until all have arrived."""
    write_scan(small_scan((60, 9, 3)), folder / "out")
    with web() as reference:
        receivers(folder, reference.server_port)
        assert send(folder, folder / "out").exit_code == 0
        expected = uids(reference)
    assert len(expected) >= 9
    with web() as server:
        receivers(folder, server.server_port)
        command = [sys.executable, "-m", "stillwatch", "alert", "send", folder / "out",
                   "--receivers", folder / "r.toml", "--outbox", folder / "other"]  # fmt: skip
        kills = 0
        for _ in range(20):
            had = len(server.requests)
            server.respond = lambda *_: time.sleep(0.03) or (204, {}, b"")
            process = subprocess.Popen(command, stderr=subprocess.DEVNULL)  # noqa: S603
            while process.poll() is None and len(server.requests) < had + 4:
                time.sleep(0.002)
            if process.poll() is not None:
                break
            process.send_signal(signal.SIGKILL)
            process.wait()
            kills += 1
        assert process.returncode == 0
        assert kills >= 2
        arrived = uids(server)
    assert list(dict.fromkeys(arrived)) == expected  # all, in order, with the same ids
    assert len(arrived) <= len(expected) + kills  # one is repeated a kill, and no more


def test_hostile_texts_are_data(hook, folder):
    write_scan(hostile_scan(), folder / "out")
    receivers(folder, hook.server_port)
    done = send(folder, folder / "out")
    assert done.exit_code == 0, done.exception
    told = [
        event["evidences"][0]["user"]["uid"]
        for request in hook.requests
        for event in checked(request)["data"]["events"]
        if event["class_uid"] == 2004
    ]
    assert sorted(told) == sorted(HOSTILE[:5])


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        ("playbook = 1", ConfigurationError, "playbook"),
        ("", ConfigurationError, "`playbook` is missing"),
        ('playbook = "x"', ConfigurationError, "no http or https"),
        ('playbook = "https://x.example"', ConfigurationError, "slash"),
        ('playbook = "https://x.example/"\ntypo = 1', ConfigurationError, "`typo`"),
        ('playbook = "https://x.example/"\nreceiver = 3', ConfigurationError, "[[receiver]]"),
        ("playbook = ", InputFormatError, "TOML"),
        ("\x00", InputFormatError, "TOML"),
        ("[[receiver]]", ConfigurationError, "playbook"),
    ],
)
def test_receivers_files_that_are_refused(folder, text, error, words):
    (folder / "r.toml").write_text(text)
    done = send(folder, folder / "out")
    assert isinstance(done.exception, error), done.exception
    assert words in str(done.exception)
    assert not (folder / "box").exists()


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ('kind = "webhook"', "`name` is missing"),
        ('name = "a b"\nkind = "webhook"', "letters"),
        ('name = "a"\nkind = "pager"', "none of webhook"),
        ('name = "a"', "`kind`"),
        ('name = "a"\nkind = "webhook"\nurl = "https://x.example"', "secret_env must be given"),
        ('name = "a"\nkind = "splunk"\nurl = "https://x.example/y"\ntoken_env = "T"', "path"),
        ('name = "a"\nkind = "syslog"\nhost = "127.0.0.1"\nport = 0', "within 1 to 65535"),
        ('name = "a"\nkind = "syslog"\nhost = "127.0.0.1"\nport = true', "no number"),
        ('name = "a"\nkind = "syslog"\nhost = "127.0.0.1"\ntimeout_seconds = nan', "within"),
        ('name = "a"\nkind = "syslog"\nhost = "127.0.0.1"\nconfirm = "no"', "neither true"),
        ('name = "a"\nkind = "syslog"\nhost = "127.0.0.1"\nca_file = "secret"', "no certificate"),
        ('name = "a"\nkind = "syslog"\nhost = "127.0.0.1"\nca_file = "absent"', "no file"),
    ],
)
def test_receivers_that_are_refused(folder, table, words):
    (folder / "r.toml").write_text(f'playbook = "{BASE}"\n[[receiver]]\n{table}')
    error = send(folder, folder / "out").exception
    assert isinstance(error, StillwatchError), error
    assert words in str(error)
    assert "receiver 1" in error.where


def test_two_receivers_of_one_name_are_refused(folder):
    text = f'playbook = "{BASE}"\n'
    text += '[[receiver]]\nname = "a"\nkind = "syslog"\nhost = "127.0.0.1"\n' * 2
    (folder / "r.toml").write_text(text)
    assert "used twice" in str(send(folder, folder / "out").exception)


def test_secrets_stay_out_of_the_file_and_of_every_message(hook, folder):
    receivers(folder, hook.server_port)
    text = (folder / "r.toml").read_text().replace("secret_file", "secret").replace(
        '"secret"', f'"{SECRET_TEXT}"'
    )  # fmt: skip
    (folder / "r.toml").write_text(text)
    error = send(folder, folder / "out").exception
    assert "secret_file" in error.todo
    assert SECRET_TEXT not in error.diagnostics()
    receivers(folder, hook.server_port)
    (folder / "secret").chmod(0o644)
    assert "chmod 600" in send(folder, folder / "out").exception.todo
    (folder / "secret").chmod(0o600)
    hook.answers.append((500, {}, SECRET_TEXT.encode()))
    done = send(folder, folder / "out")
    shown = done.output + done.exception.diagnostics()
    shown += run("alert", "status", "--outbox", folder / "box").output
    assert SECRET_TEXT[6:] not in shown
    for path in (folder / "box").iterdir():
        assert SECRET_TEXT[6:].encode() not in path.read_bytes()


def test_a_scan_that_is_being_written_is_not_told(hook, folder):
    receivers(folder, hook.server_port)
    verdicts = (folder / "out" / "verdicts.parquet").read_bytes()
    write_scan(later(small_scan()), folder / "out")
    (folder / "out" / "verdicts.parquet").write_bytes(verdicts + b" ")
    assert isinstance(send(folder, folder / "out").exception, InputFormatError)
    assert hook.requests == []


def export(folder, *arguments):
    return run("verdicts", "export", folder / "out", *arguments)


def test_export_gives_flags_since_a_time(folder):
    every = [json.loads(line) for line in export(folder, "--since", "2026-01-01").stdout.split("\n")
             if line]  # fmt: skip
    assert len(every) == 12
    assert {row["change"] for row in every} == {"flagged"}
    times = sorted(row["flagged_at"] for row in every)
    assert [row["changed_at"] for row in every] == times
    some = export(folder, "--since", times[6]).stdout.splitlines()
    assert len(some) == sum(time >= times[6] for time in times)
    done = export(folder, "--since", END.isoformat())
    assert f"next time --since {END.isoformat().replace('+00:00', 'Z')}" in done.stderr


def test_export_with_an_outbox_gives_changes_and_withdrawals(hook, folder):
    receivers(folder, hook.server_port)
    assert send(folder, folder / "out").exit_code == 0
    write_scan(later(small_scan((4, 5, 0))), folder / "out")
    assert send(folder, folder / "out").exit_code == 0
    since = END.isoformat()
    shown = export(folder, "--since", since, "--outbox", folder / "box").stdout
    rows = [json.loads(line) for line in shown.splitlines()]
    changes = sorted(row["change"] for row in rows)
    assert changes == ["flagged", *["withdrawn"] * 4]
    gone = [row for row in rows if row["change"] == "withdrawn"]
    assert all(row["score"] == 0 and row["recommended_measure"] == "observe" for row in gone)
    assert export(folder, "--since", since).stdout == ""


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_formats_hold_the_same(folder, kind):
    out = folder / "made" / f"verdicts.{kind}"
    done = export(folder, "--since", "2026-01-01", "--format", kind, "--out", out)
    assert (done.exit_code, done.stdout) == (0, ""), done.exception
    if kind == "parquet":
        table = pq.read_table(out)
        assert table.schema.field("account_id").type == pa.string()
        accounts = table.column("account_id").to_pylist()
        assert table.schema.names[-2:] == ["change", "changed_at"]
    elif kind == "csv":
        accounts = [r["account_id"] for r in csv.DictReader(io.StringIO(out.read_text("utf-8")))]
    else:
        accounts = [json.loads(line)["account_id"] for line in out.read_text().splitlines()]
    shown = export(folder, "--since", "2026-01-01").stdout.splitlines()
    assert accounts == [json.loads(line)["account_id"] for line in shown]
    assert [path.name for path in out.parent.iterdir()] == [out.name]


@pytest.mark.parametrize("since", ["yesterday", "", "2026-13-01", "2026-01-01T25:00"])
def test_times_that_are_refused(folder, since):
    assert isinstance(export(folder, "--since", since).exception, ConfigurationError)


def test_export_of_what_is_not_there(folder):
    missing = run("verdicts", "export", folder / "none", "--since", "2026-01-01").exception
    assert isinstance(missing, SourceNotFoundError)
    options = ("--since", "2026-01-01", "--outbox", folder / "none")
    assert isinstance(export(folder, *options).exception, SourceNotFoundError)
    options = ("--since", "2026-01-01", "--format", "parquet")
    assert isinstance(export(folder, *options).exception, ConfigurationError)
