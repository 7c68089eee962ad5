from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from stillwatch.cli.entry import cli
from stillwatch.cli.tour.labs import labs, requests_of
from stillwatch.cli.tour.lineage import proven
from stillwatch.cli.tour.processes import Processes
from stillwatch.cli.tour.story import proof
from stillwatch.errors import OutputError, UnreachableError


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """The tour, whole: its folder, what it printed and its figures."""
    folder = tmp_path_factory.mktemp("tour") / "tour"
    done = CliRunner().invoke(cli, ["demo", "tour", "--out", str(folder), "--tokens", "128000"])
    assert done.exit_code == 0, (done.output, done.exception)
    return folder, done.stdout, json.loads((folder / "tour.json").read_text())


def test_the_actor_is_found_at_a_and_met_at_b_and_c(told):
    _, _, figures = told
    found = figures["detection"]
    assert found["campaigns"] >= 1
    assert found["found"] > 0.8 * found["actors"]
    assert found["accused"] <= 2
    assert 0 < found["leaked"] < found["harvest"]
    before = figures["before"]
    assert before["harvest"]["requests"] > 0
    assert all(before[kind]["verify"] == 0 for kind in ("harvest", "cover", "innocent", "grey"))
    for lab in ("b", "c"):
        after = figures["after"][lab]
        assert after["harvest"]["verify"] > 0.6 * after["harvest"]["requests"]
        assert after["innocent"]["requests"] > 1000
        assert after["innocent"]["accounts_touched"] <= 2
        for row in (after[kind] for kind in ("harvest", "cover", "innocent", "grey")):
            assert row["verify"] + row["other"] + row["passed"] == row["requests"]
            assert row["accounts_touched"] <= row["accounts"]


def test_the_warning_is_there_within_seconds_and_holds_no_prompt(told):
    folder, _, figures = told
    way = figures["warning"]
    assert way["indicators"] == 1
    assert way["published"] < 5
    assert set(way["handed"]) == set(way["challenged"]) == {"b", "c"}
    assert max(way["challenged"].values()) < 20
    (line,) = (folder / "labs" / "a" / "published.jsonl").read_text().splitlines()
    assert len(line.encode()) == way["size"]
    held = json.loads(line)["extensions"].popitem()[1]["content"]
    assert len(held["pieces"]) == way["pieces"]
    assert all(set(piece) <= set("0123456789abcdef") for piece in held["pieces"])


def test_a_copy_is_found_and_its_controls_are_not(told):
    folder, _, figures = told
    proof = figures["lineage"]
    assert proof["skipped"] == ""
    assert proof["found"] == ["suspect"]
    assert proof["models"]["suspect"] < -6 < proof["models"]["other-model"]
    assert proof["steps"] > 10
    assert proof["failed"] == []
    assert Path(proof["bundle"]).is_dir()
    assert Path(proof["bundle"]).is_relative_to(folder)


def test_a_proof_that_cannot_be_is_left_out_with_its_reason(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "rfc3161_client", None)
    with Processes(tmp_path) as processes:
        found = proven(tmp_path / "lineage", processes, tokens=50_000, seed=1)
    assert "rfc3161_client" in found.skipped
    assert "pip install 'stillwatch[prove,serve]'" in found.skipped
    assert found.skipped in proof(found)


def test_each_act_is_told_and_the_commands_can_be_typed_again(told):
    folder, printed, figures = told
    for words in ("Act 1.", "A finds it", "B and C are warned", "with status 403", "People decide"):
        assert words in printed
    assert f"{figures['after']['b']['innocent']['requests']:,}" in printed
    commands = (folder / "commands.txt").read_text()
    for word in ("hub serve", "exchange join", "exchange stand", "hand-over", "scan", "console"):
        assert word in commands
    assert figures["total_seconds"] >= max(figures["seconds"].values())


def test_the_password_is_told_and_not_kept(told):
    folder, printed, _ = told
    password = printed.partition("password: ")[2].split()[0]
    assert len(password) > 12
    for path in folder.rglob("*"):
        if path.is_file() and path.suffix in {".json", ".txt", ".log"}:
            assert password.encode() not in path.read_bytes(), path


def test_nothing_of_it_goes_on(told):
    folder, _, _ = told
    assert _running(folder) == []


def test_a_folder_in_use_is_left_alone(told):
    again = CliRunner().invoke(cli, ["demo", "tour", "--out", str(told[0])])
    assert isinstance(again.exception, OutputError)


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="processes are read from /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_tour_that_is_ended_leaves_no_process(tmp_path, number):
    folder = tmp_path / "tour"
    words = ["demo", "tour", "--out", str(folder), "--exchanges", "6000", "--accounts", "200"]
    tour = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-m", "stillwatch", *words],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        end = time.monotonic() + 120
        while len(_running(folder)) < 3 and time.monotonic() < end:
            assert tour.poll() is None
            time.sleep(0.1)
        assert len(_running(folder)) >= 3
        tour.send_signal(number)
        assert tour.wait(60) != 0
        assert _running(folder) == []
    finally:
        tour.kill()
        tour.wait()


def test_a_process_that_ends_is_told_with_its_words(tmp_path):
    with Processes(tmp_path) as processes:
        processes.start("gone", "serve", "--config", str(tmp_path / "nowhere.toml"))
        with pytest.raises(UnreachableError, match="gone ended with 4"):
            processes.until(lambda: False, "nothing")


def test_worlds_are_the_same_whatever_day_of_the_week_it_is(tmp_path):
    asked = []
    for number, today in enumerate((date(2026, 11, 22), date(2026, 11, 28))):
        made = labs(tmp_path / str(number), exchanges=1200, accounts=60, seed=5, today=today)
        asked.append([requests_of(lab) for lab in made])
        assert made[0].ends.date() == date(2026, 11, 22)
    assert asked[0] == asked[1]


def _running(folder):
    """Return the processes that were started with words that name a folder, but for the tour."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        own = int(entry.name) != os.getpid() and "demo" not in words
        if own and any(str(folder) in word for word in words):
            found.append(words)
    return found
