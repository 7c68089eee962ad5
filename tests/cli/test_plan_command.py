"""``stillwatch scan --plan`` on real files, with and without a state."""

from __future__ import annotations

import gzip
import json
import shutil

import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from stillwatch.cli.entry import cli
from stillwatch.errors import ConfigurationError


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("planned") / "world"
    run = CliRunner().invoke(
        cli, ["simulate", "--out", str(folder), "--exchanges", "4000", "--accounts", "200",
              "--seed", "4", "--days", "4"],
    )  # fmt: skip
    assert run.exit_code == 0, run.output
    return folder


def planned(*arguments):
    run = CliRunner().invoke(cli, ["scan", *map(str, arguments), "--plan", "--json"])
    assert run.exit_code == 0, run.output
    return json.loads(run.stdout)


def test_a_plan_counts_what_footers_say_and_writes_nothing(world, tmp_path):
    before = sorted(world.rglob("*"))
    said = planned(world / "exchanges")
    rows = ds.dataset(world / "exchanges").count_rows()
    assert (said["new"], said["held"], said["looks"]) == (rows, 0, 0)
    assert all(one["exact"] for one in said["files"])
    assert {one["partition"] for one in said["files"]} == {
        path.name for path in (world / "exchanges").iterdir()
    }
    assert said["rates"]["sample"] == rows
    for stage in ("observe", "index", "decide"):
        per_row = rows * said["rates"][stage]
        assert said[stage] == pytest.approx(per_row)
        assert said[stage] > 0
    assert said["scratch"] == 1024 * rows
    assert sorted(world.rglob("*")) == before
    assert list(tmp_path.iterdir()) == []


def test_a_plan_with_a_state_says_what_is_used_again(world, tmp_path):
    days = sorted((world / "exchanges").iterdir())
    for day in days[:2]:
        shutil.copytree(day, tmp_path / "log" / day.name)
    state = tmp_path / "state"
    fresh = planned(tmp_path / "log", "--state", state)
    assert fresh["held"] == 0
    assert not state.exists()
    run = CliRunner().invoke(
        cli, ["scan", str(tmp_path / "log"), "--state", str(state), "--out", str(tmp_path / "out")]
    )
    assert run.exit_code == 0, run.output
    shutil.copytree(days[2], tmp_path / "log" / days[2].name)
    said = planned(tmp_path / "log", "--state", state)
    assert said["held"] == fresh["new"]
    assert said["new"] == ds.dataset(days[2]).count_rows()
    assert [one["known"] for one in said["files"]] == [True, True, False]
    assert said["looks"] >= 1
    assert said["observe"] < said["rates"]["observe"] * (said["held"] + said["new"])
    text = (
        CliRunner()
        .invoke(cli, ["scan", str(tmp_path / "log"), "--state", str(state), "--plan"])
        .output
    )
    assert "2 files are unchanged" in text
    assert f"observations of {said['held']:,} exchanges" in text


@pytest.mark.parametrize("packed", [False, True])
def test_files_of_lines_are_estimated_and_said_to_be(world, tmp_path, packed):
    table = ds.dataset(world / "exchanges").to_table()
    rows = table.num_rows
    lines = "".join(json.dumps(row, default=str) + "\n" for row in table.to_pylist()).encode()
    path = tmp_path / ("log.jsonl.gz" if packed else "log.jsonl")
    path.write_bytes(gzip.compress(lines, 6) if packed else lines)
    said = planned(path)
    assert not said["files"][0]["exact"]
    assert said["new"] == pytest.approx(rows, rel=0.25)


def test_observations_are_planned_as_they_are_scanned(world, tmp_path):
    run = CliRunner().invoke(
        cli, ["observe", str(world / "exchanges"), "--out", str(tmp_path / "seen"), "--unkeyed"]
    )
    assert run.exit_code == 0, run.output
    said = planned(tmp_path / "seen")
    counted = sum(pq.read_metadata(one).num_rows for one in (tmp_path / "seen").rglob("*.parquet"))
    assert said["new"] == counted
    assert {one["format"] for one in said["files"]} == {"observations"}


@pytest.mark.parametrize("location", ["-", "sqlite:///logs.db#exchanges"])
def test_what_has_no_size_is_refused(location):
    run = CliRunner().invoke(cli, ["scan", location, "--plan"])
    assert isinstance(run.exception, ConfigurationError)
