"""``stillwatch backtest``: each look at which something was flagged, and what had leaked."""

import csv
import json

import pytest
from click.testing import CliRunner

from stillwatch.cli.backtest import command
from stillwatch.errors import ConfigurationError
from stillwatch.report.documents import read_campaigns
from stillwatch.worlds.simulation.building import Settings, simulate


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("backtest") / "world"
    simulate(Settings(folder, 20_000, 5, accounts=600, adversaries=("lock-step",), prevalence=0.07))
    return folder


def ran(world, out, *options):
    arguments = [str(world / "exchanges"), "--accounts", str(world / "accounts.parquet")]
    return CliRunner().invoke(
        command, [*arguments, "--out", str(out), *options], catch_exceptions=False
    )


def test_history_and_scan_agree(world, tmp_path):
    done = ran(world, tmp_path / "out", "--step", "6h", "--json")
    assert done.exit_code == 0
    said = json.loads(done.stdout.splitlines()[-1])
    scan = read_campaigns(tmp_path / "out")
    assert scan.campaigns
    assert {row["campaign_id"] for row in said["history"]} == {
        one.campaign_id for one in scan.campaigns
    }
    with (tmp_path / "out" / "backtest.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["time"] for row in rows] == [row["time"] for row in said["history"]]
    for one in scan.campaigns:
        own = [row for row in rows if row["campaign_id"] == one.campaign_id]
        assert own[0]["event"] == "declared"
        assert sum(int(row["flagged"]) for row in own) == len(one.members)
        assert int(own[-1]["members"]) == len(one.members)
        assert int(own[0]["leaked"]) == one.leaked
        assert all(row["time"].endswith(("00:00Z", "06:00Z", "12:00Z", "18:00Z")) for row in own)
    assert said["leaked"] == sum(one.leaked for one in scan.campaigns)
    assert 0 < said["leaked_share"] < 1


def test_rarer_looks_are_fewer(world, tmp_path):
    often = json.loads(ran(world, tmp_path / "a", "--step", "6h", "--json").stdout.splitlines()[-1])
    rarely = json.loads(
        ran(world, tmp_path / "b", "--step", "1d", "--json").stdout.splitlines()[-1]
    )
    assert rarely["looks"] * 4 >= often["looks"] > rarely["looks"]
    assert all(row["time"].endswith("T00:00Z") for row in rarely["history"])
    text = ran(world, tmp_path / "b", "--step", "1d").stdout
    assert text.splitlines()[-1].startswith(
        f"{len({r['campaign_id'] for r in rarely['history']})} "
    )


@pytest.mark.parametrize("options", [("--step", "5h"), ("--step", "1"), ("--alpha", "0")])
def test_what_is_no_step_or_rate_is_refused(world, tmp_path, options):
    with pytest.raises(ConfigurationError):
        ran(world, tmp_path / "out", *options)
