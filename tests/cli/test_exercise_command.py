"""``stillwatch exercise``: a marked campaign in a copy of the log, and nothing written."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from stillwatch.cli.exercise import command
from stillwatch.errors import ConfigurationError
from stillwatch.records import utc
from stillwatch.worlds.exercise import FIRST_ID, MARK, make_exercise
from stillwatch.worlds.simulation.building import Settings, simulate


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("exercise") / "world"
    simulate(Settings(folder, 15_000, 8, accounts=500, days=14, adversaries=()))
    return folder


def ran(world, *options):
    arguments = [str(world / "exchanges"), "--accounts", str(world / "accounts.parquet")]
    return CliRunner().invoke(
        command, [*arguments, "--step", "6", *options], catch_exceptions=False
    )


def test_a_campaign_that_hides_little_is_seen_and_nothing_is_written(world):
    before = {path: path.stat().st_mtime_ns for path in world.rglob("*")}
    wanted = ("--adversary", "lock-step", "--size", "60", "--requests", "40", "--json")
    said = json.loads(ran(world, *wanted).stdout)
    assert said["seen"]
    assert said["accounts"] >= 50
    assert said["flagged"] >= 0.5 * said["accounts"]
    assert 0 < said["leaked_share"] < 1
    assert said["hours"] > 0
    assert {path: path.stat().st_mtime_ns for path in world.rglob("*")} == before


def test_four_accounts_with_two_exchanges_are_not_seen(world):
    done = ran(world, "--adversary", "low-wide", "--size", "40", "--requests", "1", "--json")
    said = json.loads(done.stdout)
    assert said["seen"] == (said["flagged"] > 0)
    text = ran(world, "--adversary", "low-wide", "--size", "40", "--requests", "1").stdout
    assert ("not seen" in text) != said["seen"]


@pytest.mark.parametrize("kind", [pa.string(), pa.int64()])
def test_every_id_is_marked_and_times_and_models_are_the_logs(kind):
    first, last = utc(1_772_409_600_000_000), utc(1_772_409_600_000_000 + 10 * 86_400_000_000)
    made = make_exercise(
        "lock-step",
        accounts=50,
        requests=10,
        first=first,
        last=last,
        models=["ours-large", "ours-small"],
        seed=3,
        account_type=kind,
    )
    ids = made.accounts["account_id"].to_pylist()
    assert set(made.exchanges["account_id"].to_pylist()) <= set(ids)
    assert len(ids) == len(set(ids)) >= 40
    assert all(i >= FIRST_ID if kind == pa.int64() else i.startswith(MARK) for i in ids)
    assert all(i.startswith(MARK) for i in made.exchanges["exchange_id"].to_pylist())
    assert set(made.exchanges["model"].to_pylist()) <= {"ours-large", "ours-small"}
    times = made.exchanges["time"].to_pylist()
    assert times == sorted(times)
    assert first <= times[0] <= times[-1] <= last


@pytest.mark.parametrize(
    "options",
    [("--adversary", "nobody"), ("--size", "0"), ("--requests", "0"), ("--step", "7")],
)
def test_what_cannot_be_drilled_is_said(world, options):
    with pytest.raises(ConfigurationError):
        ran(world, *options)


def test_a_log_of_an_hour_is_too_short(world, tmp_path):
    log = pa.concat_tables(
        pq.ParquetFile(file).read() for file in sorted((world / "exchanges").rglob("*.parquet"))
    )
    (tmp_path / "exchanges").mkdir()
    pq.write_table(log.slice(0, 3), tmp_path / "exchanges" / "a.parquet")
    with pytest.raises(ConfigurationError, match="too short"):
        CliRunner().invoke(
            command,
            [str(tmp_path / "exchanges"), "--adversary", "lock-step", "--size", "50"],
            catch_exceptions=False,
        )
