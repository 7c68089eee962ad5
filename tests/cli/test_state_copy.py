"""A copy of a scan's state, taken between scans, is a back-up: the next scan says the same."""

from __future__ import annotations

import json
import shutil

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from examined import examine, failed, good

from stillwatch.cli.entry import cli


def run(*words):
    done = CliRunner().invoke(cli, [str(word) for word in words])
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.fixture(scope="module")
def landed(tmp_path_factory):
    """A log of which the state has read the first days, a copy of that state, and a further day."""
    folder = tmp_path_factory.mktemp("landed")
    run(
        "simulate", "--out", folder / "world", "--exchanges", 3000, "--accounts", 200,
        "--seed", 11, "--days", 5,
    )  # fmt: skip
    days = sorted((folder / "world" / "exchanges").iterdir())
    (folder / "log").mkdir()
    for day in days[:-1]:
        shutil.copytree(day, folder / "log" / day.name)
    scan(folder, "state", "out")
    shutil.copytree(folder / "state", folder / "copy")
    shutil.copytree(days[-1], folder / "log" / days[-1].name)
    return folder


def scan(folder, state, out):
    accounts = folder / "world" / "accounts.parquet"
    run(
        "scan", folder / "log", "--accounts", accounts, "--state", folder / state,
        "--out", folder / out,
    )  # fmt: skip


def test_a_state_from_its_copy_says_what_the_lost_one_would_have_said(landed):
    scan(landed, "state", "expected")
    shutil.rmtree(landed / "state")
    shutil.copytree(landed / "copy", landed / "back")
    assert good(examine(SCAN_STATE=landed / "back"), "D-20").endswith("parts")
    scan(landed, "back", "found")
    said = [
        json.loads((landed / name / "campaigns.json").read_text())["campaigns"]
        for name in ("expected", "found")
    ]
    assert said[0] == said[1]
    expected, found = (
        pq.read_table(landed / name / "verdicts.parquet") for name in ("expected", "found")
    )
    assert expected.equals(found)


def test_a_copy_that_lacks_a_part_is_found_out(landed):
    shutil.copytree(landed / "copy", landed / "cut")
    (part, *_) = sorted((landed / "cut" / "observations").iterdir())
    shutil.rmtree(part)
    assert "observations are missing" in failed(examine(SCAN_STATE=landed / "cut"), "D-20")
    accounts = landed / "world" / "accounts.parquet"
    words = ("scan", landed / "log", "--accounts", accounts, "--state", landed / "cut", "--out")
    done = CliRunner().invoke(cli, [str(word) for word in (*words, landed / "never")])
    assert done.exit_code != 0
