from __future__ import annotations

import json

from click.testing import CliRunner

from stillwatch.cli.entry import cli
from stillwatch.errors import OutputError


def run(*arguments):
    return CliRunner().invoke(cli, ["demo", "--exchanges", "6000", *map(str, arguments)])


def test_demo_prints_the_truth_beside_the_result(tmp_path):
    done = run("--out", tmp_path / "demo")
    assert done.exit_code == 0, done.output
    assert "A made world: 6,000 exchanges of 150 accounts" in done.stdout
    assert "Campaigns in it, and what the scan found of each" in done.stdout
    assert "innocent" in done.stdout
    report = tmp_path / "demo" / "out" / "report.html"
    assert str(report) in done.stdout
    assert report.is_file()
    again = run("--out", tmp_path / "demo")
    assert isinstance(again.exception, OutputError)


def test_demo_gives_its_figures_as_json(tmp_path):
    figures = json.loads(run("--out", tmp_path / "demo", "--json").stdout)
    assert figures["exchanges"] == 6000
    assert 0 <= figures["detection"]["macro_recall"] <= 1
