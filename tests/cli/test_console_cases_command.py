"""From a scan to the console, a decision, and back into a scan."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from stillwatch.cli.entry import cli
from stillwatch.errors import ConfigurationError, InputFormatError, OutputError
from stillwatch.report.console.cases.interface import Benign, Person, Query, Role, Sources, Undo
from stillwatch.report.console.cases.stored import StoredCases
from stillwatch.store import Database

sys.path.insert(0, str(Path(__file__).parents[1] / "find"))
from easy_world import easy_world

sys.path.pop(0)

ANN = Person("ann", frozenset(Role))


def run(*words):
    result = CliRunner().invoke(cli, [str(word) for word in words], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result


@pytest.fixture
def world(tmp_path):
    made = easy_world(tmp_path / "world")
    pq.write_table(made.exchanges, tmp_path / "exchanges.parquet")
    pq.write_table(made.accounts, tmp_path / "accounts.parquet")
    return tmp_path


def scanned(world, name, *more):
    run("scan", world / "exchanges.parquet", "--accounts", world / "accounts.parquet",
        "--out", world / name, *more)  # fmt: skip
    return json.loads((world / name / "campaigns.json").read_text())


def test_a_decision_comes_back_into_the_next_scan_and_goes_when_it_is_undone(world):
    url = f"sqlite:///{world}/console.sqlite"
    first = scanned(world, "out")
    (campaign,) = first["campaigns"]
    name, size = campaign["campaign_id"], len(campaign["members"])
    done = json.loads(run("console", "import", world / "out", "--database", url, "--json").output)
    assert (done["run"], done["changed"], done["campaigns"]) == (1, True, 1)
    again = run("console", "import", world / "out", "--database", url)
    assert again.output == "scan 1: nothing new\n"

    database = Database(url)
    cases = StoredCases(database, Sources(database=url))
    said = asyncio.run(cases.act(ANN, Benign(name, "harness of team X"), "ticket 17"))
    path = world / "decisions.json"
    assert run("console", "decisions", "--database", url, "--out", path).output.strip() == str(path)
    assert run("console", "decisions", "--database", url).output == path.read_text()

    second = scanned(world, "out2", "--decisions", path)
    assert second["campaigns"] == []
    report = (world / "out2" / "report.html").read_text()
    assert "harness of team X" in report
    assert f"({size} of {size} accounts were there then)" in report
    run("console", "import", world / "out2", "--database", url)
    row = asyncio.run(cases.campaigns(ANN, Query())).rows[0]
    assert (row.state, row.standing, row.waiting_since) == ("benign", "aside", None)
    group = asyncio.run(cases.group(ANN, name))
    assert group.row.explained
    assert "harness of team X" in group.row.rule

    asyncio.run(cases.act(ANN, Undo(said.number), "it was not theirs"))
    run("console", "decisions", "--database", url, "--out", path)
    third = scanned(world, "out3", "--decisions", path)
    assert (world / "out3" / "verdicts.parquet").read_bytes() == (
        world / "out" / "verdicts.parquet"
    ).read_bytes()
    del first["files"], third["files"]  # a report tells how long its scan took
    assert third == first
    run("console", "import", world / "out3", "--database", url)
    row = asyncio.run(cases.campaigns(ANN, Query())).rows[0]
    assert (row.state, row.standing) == ("waiting", "declared")
    assert row.waiting_since is not None

    log = run("console", "log", "--database", url)
    lines = [json.loads(line) for line in log.stdout.splitlines()]
    assert [one["action"] for one in lines] == ["import", "benign", "import", "undo", "import"]
    assert log.stderr.startswith("5 lines, newest hash ")
    database.close()


def test_what_cannot_be_used_is_named(tmp_path):
    url = f"sqlite:///{tmp_path}/console.sqlite"
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "campaigns.json").write_text("{}")
    with pytest.raises(InputFormatError):
        run("console", "import", tmp_path / "out", "--database", url)
    with pytest.raises(OutputError, match="cannot be written"):
        run("console", "decisions", "--database", url, "--out", tmp_path / "no" / "d.json")
    with pytest.raises(ConfigurationError):
        run("console", "decisions", "--database", "mysql://x/y")
    with pytest.raises(OutputError, match="database does not answer"):
        run("console", "log", "--database", f"sqlite:///{tmp_path}/other.sqlite")
