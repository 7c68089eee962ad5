"""Each check of the doctor is made to fail by what it is there to find."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from examined import environment, examine, failed, good, warned

from stillwatch.cli.doctor.databases import _verified
from stillwatch.cli.doctor.registry import CHECKS
from stillwatch.cli.entry import cli
from stillwatch.ledger import SigningKey
from stillwatch.store import Database, migrations

ROOT = Path(__file__).parents[2]


def run(*words):
    done = CliRunner().invoke(cli, [str(word) for word in words])
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.fixture
def hub(tmp_path):
    run("hub", "init", "hub.example/log", "--state", tmp_path / "hub")
    return tmp_path / "hub"


@pytest.fixture
def serve(tmp_path):
    """Return what writes a serve.toml and gives its variable."""

    def write(text):
        (tmp_path / "serve.toml").write_text(text)
        return {"SERVE_CONFIG": tmp_path / "serve.toml"}

    return write


def test_numbers_follow_each_other_and_are_written_down():
    assert [check.number for check in CHECKS] == [f"D-{n}" for n in range(1, len(CHECKS) + 1)]
    page = (ROOT / "docs" / "reference" / "doctor.md").read_text("utf-8")
    assert all(f"| {check.number} | {check.name} |" in page for check in CHECKS)


def test_each_check_has_a_test_that_makes_it_fail():
    tests = "".join(path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*doctor*.py"))
    for check in CHECKS:
        number = check.number.replace("-", "_").lower()
        assert re.search(rf"def test_(d_\d+_)*{number}_", tests), check.number


def test_nothing_set_is_a_healthy_machine():
    found = examine()
    assert all(one["level"] == "ok" for ones in found.values() for one in ones)
    assert {"D-1", "D-2", "D-3", "D-4", "D-5"} == found.keys()


def test_a_hub_as_it_should_be(hub):
    found = examine(HUB_SERVE_STATE=hub, HUB_INIT_STATE=hub)
    assert all(one["level"] == "ok" for ones in found.values() for one in ones), found
    assert good(found, "D-14") == "hub.example/log: 0 leaves, as its checkpoint says"
    assert good(found, "D-12").startswith("SQLite")


def test_lines_for_people_and_exit_codes(hub):
    variables = environment({"HUB_SERVE_STATE": hub, "HUB_SERVE_HOST": "0.0.0.0"})  # noqa: S104
    done = CliRunner(env=variables).invoke(cli, ["doctor"])
    assert done.exception.exit_code == 14
    assert "FAIL  D-11  listeners: hub serve: would listen beyond" in done.stdout
    assert "to do: give a certificate" in done.stdout
    (hub / "hub.key").chmod(0o640)
    found = examine(HUB_SERVE_STATE=hub)
    assert "mode 640" in failed(found, "D-9")


def test_warnings_count_when_strict(tmp_path):
    variables = environment({"SCAN_STATE": tmp_path / "none"})
    done = CliRunner(env=variables).invoke(cli, ["doctor"])
    assert (done.exit_code, "WARN  D-7" in done.stdout) == (0, True)
    assert CliRunner(env=variables).invoke(cli, ["doctor", "--strict"]).exception.exit_code == 14


def test_d_1_names_that_are_options_of_nothing_and_files_that_cannot_be_read(tmp_path, serve):
    assert "STILLWATCH_HUB_SRVE_STATE" in failed(examine(HUB_SRVE_STATE="x"), "D-1")
    (tmp_path / "a.env").write_text('STILLWATCH_SCAN_OUT="quoted"\n')
    assert "line 1" in failed(examine("--settings", tmp_path / "a.env"), "D-1")
    assert "opened" in failed(examine("--settings", tmp_path / "none.env"), "D-1")
    assert "cannot be used" in failed(examine(**serve("nonsense = 1\n")), "D-1")
    assert "opened" in failed(examine("--config", tmp_path / "none.toml"), "D-1")
    (tmp_path / "a.env").write_text(f"# words\n\nSTILLWATCH_SCAN_OUT={tmp_path}\n")
    assert good(examine("--settings", tmp_path / "a.env"), "D-1") == "1 variables"


def elsewhere(folder, metadata, **variables):
    """Run the doctor where the package's metadata are others."""
    place = folder / "stillwatch-9.dist-info"
    place.mkdir()
    (place / "METADATA").write_text(
        f"Metadata-Version: 2.4\nName: stillwatch\nVersion: 9\n{metadata}"
    )
    done = subprocess.run(
        [sys.executable, "-m", "stillwatch", "doctor", "--json"],
        env={**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{ROOT / 'src'}"}
        | {f"STILLWATCH_{name}": str(value) for name, value in variables.items()},
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
    )
    assert done.returncode == 14, done.stderr
    found = {}
    for one in json.loads(done.stdout)["checks"]:
        found.setdefault(one["id"], []).append(one)
    return found


def test_d_2_d_3_d_4_versions_and_packages_that_are_not_those_asked_for(tmp_path):
    found = elsewhere(
        tmp_path,
        "Requires-Python: >=9\nRequires-Dist: numpy>=999\nRequires-Dist: duckdb>=0\n"
        "Provides-Extra: share\nProvides-Extra: kafka\nProvides-Extra: postgres\n"
        "Requires-Dist: no-such-package>=1; extra == 'share'\n"
        "Requires-Dist: click<1; extra == 'postgres'\n"
        "Requires-Dist: no-such-package; extra == 'kafka'\n",
        HUB_SERVE_STATE=tmp_path,
        HUB_SERVE_DATABASE="postgresql://u@127.0.0.1:1/x",
    )
    assert "Python 3" in failed(found, "D-2")
    assert failed(found, "D-3").startswith("numpy is")
    said = failed(found, "D-4")
    assert "share: no-such-package is missing" in said
    assert "postgres: click is" in said
    assert "not installed: kafka" in found["D-4"][-1]["said"]


def test_d_5_kernels_that_cannot_be_kept(tmp_path):
    shutil.copytree(
        ROOT / "src" / "stillwatch",
        tmp_path / "stillwatch",
        ignore=shutil.ignore_patterns("__pycache__", "static", "templates"),
    )
    (tmp_path / "stillwatch" / "find" / "features" / "__pycache__").write_text("no folder")
    own = {"PYTHONPATH": str(tmp_path), "HOME": "/proc/no", "NUMBA_CACHE_DIR": "/proc/no"}
    done = subprocess.run(
        [sys.executable, "-m", "stillwatch", "doctor", "--json"],
        env={**os.environ, **own, "XDG_CACHE_HOME": "/proc/no"},
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 14, done.stderr
    found = {one["id"]: [one] for one in json.loads(done.stdout)["checks"]}
    assert "kernels cannot be compiled" in failed(found, "D-5")
    assert "NUMBA_CACHE_DIR" in found["D-5"][0]["todo"]


def test_d_6_a_disk_without_room(tmp_path):
    found = examine("--free", 1e9, SCAN_OUT=tmp_path)
    assert "GiB are free" in failed(found, "D-6")


def test_d_7_folders_that_cannot_be_written(tmp_path, serve):
    (tmp_path / "file").write_text("")
    found = examine(SCAN_OUT=tmp_path / "file", **serve('[lake]\nfolder = "/proc/1/lake"\n'))
    said = failed(found, "D-7")
    assert "STILLWATCH_SCAN_OUT cannot be written" in said
    assert "lake.folder" in said


def test_d_8_folders_that_others_can_open(tmp_path, serve):
    for name in ("lake", "state", "closed"):
        (tmp_path / name).mkdir()
    (tmp_path / "lake").chmod(0o755)
    (tmp_path / "state").chmod(0o770)
    (tmp_path / "closed").chmod(0o700)
    text = f'state = "{tmp_path}/state"\n[lake]\nfolder = "{tmp_path}/lake"\n'
    found = examine(SCAN_STATE=tmp_path / "closed", **serve(text))
    assert "prompts lie here" in failed(found, "D-8")
    assert str(tmp_path / "lake") in failed(found, "D-8")
    assert str(tmp_path / "state") in warned(found, "D-8")
    assert [one["where"] for one in found["D-8"] if one["level"] == "ok"] == [
        str(tmp_path / "closed")
    ]


def test_d_9_secrets_that_are_missing_empty_or_open(tmp_path, serve):
    for name, mode, text in (("open", 0o644, "s"), ("empty", 0o600, ""), ("group", 0o640, "s")):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(mode)
    SigningKey.generate("scan").write(tmp_path / "scan.key")
    (tmp_path / "scan.key").chmod(0o640)
    found = examine(
        SCAN_KEY_FILE=tmp_path / "open",
        UPDATES_SEND_KEY=tmp_path / "scan.key",
        APPEALS_SERVE_TOKEN_KEY=tmp_path / "none",
        **serve(f'key_file = "{tmp_path}/empty"\nappeal_key_file = "{tmp_path}/group"\n'),
    )
    said = failed(found, "D-9")
    assert said.count("can be read by others") == 2
    assert "key_file is empty" in said
    assert "STILLWATCH_APPEALS_SERVE_TOKEN_KEY cannot be read" in said
    assert "by its group" in warned(found, "D-9")


def test_d_10_certificates_and_credentials_that_ended(tmp_path):
    ended, ending = certified(tmp_path / "a", days=91), certified(tmp_path / "b", days=87)
    assert "the certificate ended on" in failed(examine(**ended), "D-10")
    assert "ends on" in warned(examine(**ending), "D-10")
    mixed = ended | {"HUB_SERVE_TLS_KEY": ending["HUB_SERVE_TLS_KEY"]}
    assert "cannot be used" in failed(examine(**mixed), "D-10")
    (tmp_path / "nats.creds").write_text(
        "-----BEGIN NATS USER JWT-----\ne30.eyJleHAiOiAxNzAwMDAwMDAwfQ.c2ln\n------END\n"
    )
    found = examine(UPDATES_SEND_CREDENTIALS=tmp_path / "nats.creds")
    assert "NATS credentials ended on 2023-11-14" in failed(found, "D-10")


def certified(folder, days):
    """Write a certificate that was made so many days ago, and its key."""
    sys.path.insert(0, str(ROOT / "deploy"))
    try:
        import first_secrets  # noqa: PLC0415 - a script beside the package
    finally:
        sys.path.pop(0)
    folder.mkdir()
    made = dt.datetime.now(dt.UTC) - dt.timedelta(days=days)
    chain, key = first_secrets.certificate(["localhost"], made)
    (folder / "tls.crt").write_text(chain)
    (folder / "tls.key").write_text(key)
    return {
        "HUB_SERVE_TLS_CERTIFICATE": folder / "tls.crt",
        "HUB_SERVE_TLS_KEY": folder / "tls.key",
    }


def test_d_11_listeners_without_tls_or_token(serve):
    open_ = '[api]\naddress = "0.0.0.0:1"\n[admin]\naddress = "127.0.0.1:2"\ntls_key = "x"\n'
    found = examine(HUB_SERVE_HOST="192.0.2.1", CONSOLE_SERVE_TLS_KEY="x", **serve(open_))
    said = failed(found, "D-11")
    assert "hub serve: would listen beyond this machine without TLS" in said
    assert "console serve: a certificate or its key is missing" in said
    assert "serve api: would listen beyond" in said
    assert "serve api: asks callers for no token" in said
    assert "serve admin: a certificate or its key is missing" in said
    assert "this is no address" in failed(examine(**serve('[api]\naddress = "x"\n')), "D-11")


def test_d_12_databases_that_are_away(tmp_path):
    away = "postgresql://me:hidden@127.0.0.1:1/x"
    found = examine(
        CONSOLE_SERVE_DATABASE=away, APPEALS_INIT_DATABASE=f"sqlite:///{tmp_path}/no.db"
    )
    said = failed(found, "D-12")
    assert "does not answer" in said
    assert "there is no such database" in said
    assert "hidden" not in json.dumps(found)
    assert "D-13" not in found
    assert list(tmp_path.iterdir()) == []
    assert "URL" in failed(examine(APPEALS_INIT_DATABASE="nonsense"), "D-12")
    assert _verified(f"{away}?host=/run")
    assert not _verified("postgresql://db.example/x?sslmode=require")
    assert _verified("postgresql://db.example/x?sslmode=verify-full")


def test_d_13_tables_that_are_behind_missing_or_of_a_later_version(tmp_path):
    url = f"sqlite:///{tmp_path}/x.sqlite"
    database = Database(url)
    database.now(migrations.upgrade, "hub", to="0001")
    found = examine(HUB_SERVE_DATABASE=url, CONSOLE_SERVE_DATABASE=url)
    said = failed(found, "D-13")
    assert "hub is at 0001 and 0002 is the newest" in said
    assert "console_cases has no tables" in said
    database.now(lambda c: c.execute(sa.text("UPDATE alembic_version SET version_num = '9'")))
    database.close()
    assert "does not know" in failed(examine(HUB_SERVE_DATABASE=url), "D-13")


def test_d_14_a_hub_with_another_key_or_another_log(hub):
    key = (hub / "hub.key").read_bytes()
    (hub / "hub.key").unlink()
    SigningKey.generate("hub.example/log").write(hub / "hub.key")
    assert "not that of this hub's log" in failed(examine(HUB_SERVE_STATE=hub), "D-14")
    (hub / "hub.key").write_bytes(key)
    database = Database(f"sqlite:///{hub}/hub.sqlite")
    database.now(lambda c: c.execute(sa.text("UPDATE hub_head SET note = replace(note, '0', '7')")))
    database.close()
    assert failed(examine(HUB_SERVE_STATE=hub), "D-14")


POLICY = 'version = 1\nmode = "enforce"\n[links]\nappeal = "https://a.example/appeal"\n'


def test_d_17_policies_that_nobody_signed_or_can_be_used(tmp_path, serve):
    (tmp_path / "policy.toml").write_text(POLICY)
    key = SigningKey.generate("ada")
    people = f'[[analysts]]\nname = "Ada"\nkey = "{key.public.encode()}"\n'
    (tmp_path / "analysts.toml").write_text(people)
    signed = serve('policy = "policy.toml"\nanalysts = "analysts.toml"\n')
    assert "0 of the 2 people" in failed(examine(**signed), "D-17")
    assert "no analysts" in warned(examine(**serve('policy = "policy.toml"\n')), "D-17")
    (tmp_path / "policy.toml").write_text("nonsense")
    assert failed(examine(**signed), "D-17")
    (tmp_path / "policy.toml").write_text('version = 1\nmode = "shadow"\n')
    assert "shadow mode" in good(examine(**signed), "D-17")


def test_d_19_a_clock_that_is_off():
    class Handler(BaseHTTPRequestHandler):
        ahead = 0.0

        def log_message(self, *_):
            pass

        def do_HEAD(self):
            self.send_response_only(204)
            self.send_header("Date", self.date_time_string(time.time() + self.ahead))
            self.end_headers()

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/"
    try:
        assert good(examine("--clock", url), "D-19")
        Handler.ahead = 3600
        assert "behind" in failed(examine("--clock", url), "D-19")
        Handler.ahead = -20
        assert "ahead" in warned(examine("--clock", url), "D-19")
    finally:
        server.shutdown()
        server.server_close()
    assert "cannot be compared" in warned(examine("--clock", "http://127.0.0.1:1/"), "D-19")


def test_d_20_a_state_that_is_damaged_or_of_another_version(tmp_path):
    state = tmp_path / "state"
    state.mkdir()
    (state / "state.json").write_text('{"stillwatch_state": 99}')
    assert "version 99" in failed(examine(SCAN_STATE=state), "D-20")
    segment = {"name": "000001", "rows": 5, "first": 0, "last": 1}
    empty = {"segments": [segment], "looks": [], "revisions": [], "sources": {}}
    (state / "state.json").write_text(json.dumps({"stillwatch_state": 1, **empty}))
    assert "1 of 1 parts of the observations are missing" in failed(
        examine(SCAN_STATE=state), "D-20"
    )
    (state / "observations" / "000001").mkdir(parents=True)
    assert good(examine(SCAN_STATE=state), "D-20") == "5 exchanges in 1 parts"
    (state / "state.json").write_text("{")
    assert "damaged" in failed(examine(SCAN_STATE=state), "D-20")
    (state / "state.json").unlink()
    assert "holds no state" in failed(examine(SCAN_STATE=state), "D-20")


def test_d_21_results_that_are_cut_or_old(tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    own = {"CONSOLE_SERVE_RESULTS": out}
    assert "no results" in warned(examine(**own), "D-21")
    (out / "campaigns.json").write_text('{"campaigns": []')
    assert "cannot be read" in failed(examine(**own), "D-21")
    (out / "campaigns.json").write_text('{"campaigns": []}')
    assert "verdicts.parquet is missing" in failed(examine(**own), "D-21")
    (out / "verdicts.parquet").write_bytes(b"")
    assert good(examine(**own), "D-21").startswith("0 campaigns")
    os.utime(out / "campaigns.json", (0, time.time() - 40 * 3600))
    assert "40 hours ago" in warned(examine(**own), "D-21")
    assert good(examine("--recent", 48, **own), "D-21")


def test_d_22_a_console_that_nobody_can_sign_in_to(tmp_path):
    url = f"sqlite:///{tmp_path}/console.sqlite"
    database = Database(url)
    for part in ("console_cases", "console_people"):
        database.now(migrations.upgrade, part)
    found = examine(CONSOLE_SERVE_DATABASE=url)
    assert "nobody can sign in" in warned(found, "D-22")
    insert = sa.text(
        "INSERT INTO console_people VALUES ('p', 'ada', 'analyst', 'x', NULL, NULL, 0, 1)"
    )
    database.now(lambda c: c.execute(insert))
    database.close()
    assert good(examine(CONSOLE_SERVE_DATABASE=url), "D-22") == "1 people may sign in"
