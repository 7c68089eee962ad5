"""Every control on the page of controls has a check, and every check of the page runs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "reference" / "controls.md").read_text("utf-8")
CONTROLS, _, CHECKS = PAGE.partition("\n## Checks\n")
CHECK = re.compile(r"^### ([a-z]+)\n(.*?)^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
FOUND = {name: (words, code) for name, words, code in CHECK.findall(CHECKS)}
SLOW = {
    name
    for name, (words, code) in FOUND.items()
    if "Slow:" in words or code.startswith("python -m pytest")  # the suite runs those anyway
}


def run(code, folder):
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(  # noqa: S603 - our own text
        ["bash", "-euo", "pipefail", "-c", code],  # noqa: S607 - whichever bash the auditor has
        cwd=folder,
        env={**os.environ, "PATH": path, "COLUMNS": "100"},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, f"{code}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder of an auditor: the world that all checks use, and the checkout's files."""
    at = tmp_path_factory.mktemp("audit")
    for name in ("tests", "bench", "src", "pyproject.toml"):
        (at / name).symlink_to(ROOT / name)
    run(FOUND["world"][1], at)
    return at


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.slow] if name in SLOW else [])
        for name in FOUND
        if name != "world"
    ],
)
def test_a_check_holds(name, folder):
    run(FOUND[name][1], folder)


def test_every_block_of_the_page_is_a_check():
    assert CHECKS.count("```sh\n") == len(FOUND) == CHECKS.count("\n### ")
    assert "```sh\n" not in CONTROLS


def test_every_check_belongs_to_a_control_and_every_control_names_one_that_is_there():
    asked = set(re.findall(r"\(#([a-z]+)\)", CONTROLS))
    assert asked - set(FOUND) == set()
    assert set(FOUND) - asked == {"world", "fairness"}


def test_rows_of_controls_end_with_a_check():
    tables = CONTROLS.partition("\n## OWASP AISVS\n")[2].partition("\n## Indicators")[0]
    rows = [
        line
        for line in tables.splitlines()
        if re.match(r"\| (11|\u2013|AML|tell|limit|test|mend)", line)
    ]
    assert len(rows) >= 20
    for row in rows:
        assert "](#" in row.rsplit("|", 2)[1], row


@pytest.mark.parametrize("path", re.findall(r"(tests/\S+\.py|bench/\S+\.py)", CHECKS))
def test_what_a_check_runs_is_there(path):
    assert (ROOT / path).is_file()


def test_detectors_that_the_page_names_exist():
    page = (ROOT / "docs" / "reference" / "detectors.md").read_text("utf-8")
    known = set(re.findall(r"^\| `([a-z-]+)` \|", page, re.MULTILINE))
    table = CONTROLS.partition("## Indicators of the joint advisory")[2]
    named = {n for n in re.findall(r"`([a-z-]+)`", table) if "-" in n or n == "exchangeability"}
    assert named
    assert named - known == set()
