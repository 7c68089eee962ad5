"""The demo of lineage ends in a bundle that verifies, and finds the copy alone."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from stillwatch.cli.entry import cli
from stillwatch.errors import OutputError, RefusedError

TUTORIAL = Path(__file__).parents[2] / "docs" / "tutorial" / "prove-a-copy.md"


def lines_of(text):
    """Return lines without figures, paths and blanks, which differ from run to run."""
    text = re.sub(r"(Report|Bundle): .*", r"\1", text)
    return [" ".join(re.sub(r"[-^\d.,e]*\d", "#", line).split()) for line in text.splitlines()]


def run(*arguments):
    return CliRunner().invoke(cli, list(map(str, arguments)))


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    out = tmp_path_factory.mktemp("demo") / "shown"
    done = run("demo", "lineage", "--out", out, "--tokens", 60_000, "--share", 0.5)
    assert done.exit_code == 0, done.output + repr(done.exception)
    return out, done


def test_the_copy_is_found_under_its_key_and_nobody_else(shown):
    out, done = shown
    held = json.loads((out / "case" / "results.json").read_bytes())
    found = {(one["subject"], one["key"]) for one in held["results"] if one["found"]}
    assert found == {("suspect", "demo/campaign-demo")}
    others = [one["log10_p"] for one in held["results"] if one["subject"] != "suspect"]
    assert min(others) > -5
    (line,) = [line for line in done.stdout.splitlines() if "FOUND" in line]
    assert line.split()[0] == "suspect"
    assert "1 of 10,001" in line
    assert "The bundle verifies: 15 steps hold" in done.stdout
    assert "was trained on marked answers" not in done.stdout
    assert (out / "report.html").is_file()


def test_the_tutorial_shows_what_it_prints(shown):
    _, done = shown
    page = TUTORIAL.read_text("utf-8")
    block = page.partition("$ stillwatch demo lineage\n")[2].partition("\n```")[0]
    assert lines_of(block) == lines_of(done.stdout.strip())


def test_the_commands_that_it_shows_can_be_run_again(shown):
    out, done = shown
    commands = [line for line in done.stderr.splitlines() if line.startswith("$ stillwatch ")]
    assert len(commands) == 14
    (verify,) = [line for line in commands if line.startswith("$ stillwatch evidence verify")]
    again = run(*verify.split()[2:])
    assert again.exit_code == 0, again.output
    steps = [json.loads(line) for line in again.stdout.splitlines()]
    assert {one["step"] for one in steps if one["held"]} >= {"E-15", "E-16", "E-17", "E-18"}
    transcript = out / "bundle" / "parts" / "lineage" / "transcripts" / "other-model.jsonl"
    whole = transcript.read_bytes()
    transcript.write_bytes(whole.replace(b'"answered"', b'"Answered"', 1))
    refused = run(*verify.split()[2:])
    transcript.write_bytes(whole)
    assert isinstance(refused.exception, RefusedError)
    assert refused.exception.rule == "E-7"


def test_a_folder_that_is_used_is_left_alone(shown):
    out, _ = shown
    done = run("demo", "lineage", "--out", out)
    assert isinstance(done.exception, OutputError)


def test_figures_as_json(tmp_path):
    sizes = ("--tokens", 50_000, "--share", 1.0)
    done = run("demo", "lineage", "--out", tmp_path / "d", *sizes, "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert {one["subject"] for one in told["results"] if one["found"]} == {"suspect"}
    assert told["steps"]["E-16"] is True
