"""The ASVS checklist names every requirement of levels 1 and 2, and pages name tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "reference" / "asvs.md").read_text("utf-8")
ROW = re.compile(r"^\| (\d+)\.(\d+)\.(\d+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
ROWS = ROW.findall(PAGE)
STATES = {"yes", "part", "no", "\u2013", "operator"}
# requirements of levels 1 and 2 in ASVS 5.0.0 by section; those of level 3 are left out
SECTIONS = {
    "1.1": 2, "1.2": 9, "1.3": 11, "1.4": 3, "1.5": 2,
    "2.1": 3, "2.2": 3, "2.3": 4, "2.4": 1,
    "3.2": 2, "3.3": 4, "3.4": 6, "3.5": 5, "3.7": 2,
    "4.1": 3, "4.2": 1, "4.3": 2, "4.4": 4,
    "5.1": 1, "5.2": 3, "5.3": 2, "5.4": 3,
    "6.1": 3, "6.2": 12, "6.3": 4, "6.4": 4, "6.5": 5, "6.6": 3, "6.8": 4,
    "7.1": 3, "7.2": 4, "7.3": 2, "7.4": 5, "7.5": 2, "7.6": 2,
    "8.1": 2, "8.2": 3, "8.3": 1, "8.4": 1,
    "9.1": 3, "9.2": 4,
    "10.1": 2, "10.2": 2, "10.3": 4, "10.4": 11, "10.5": 5, "10.6": 2, "10.7": 3,
    "11.1": 2, "11.2": 3, "11.3": 3, "11.4": 4, "11.5": 1, "11.6": 1,
    "12.1": 3, "12.2": 2, "12.3": 4,
    "13.1": 1, "13.2": 5, "13.3": 2, "13.4": 5,
    "14.1": 2, "14.2": 4, "14.3": 3,
    "15.1": 3, "15.2": 3, "15.3": 7,
    "16.1": 1, "16.2": 5, "16.3": 4, "16.4": 3, "16.5": 3,
    "17.1": 1, "17.2": 4, "17.3": 2,
}  # fmt: skip


@pytest.fixture(scope="module")
def written():
    """Names of all tests in the repository."""
    return {
        name
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^(?:async )?def (test_\w+)", path.read_text("utf-8"), re.MULTILINE)
    }


def test_every_requirement_has_a_row():
    wanted = [
        (*section.split("."), str(number))
        for section, many in SECTIONS.items()
        for number in range(1, many + 1)
    ]
    assert [row[:3] for row in ROWS] == wanted
    assert len(wanted) == 253


def test_every_row_has_a_state_and_says_why():
    assert {row[4].strip() for row in ROWS} <= STATES
    for row in ROWS:
        assert len(row[5].strip()) >= 4, row
        if row[4].strip() in {"part", "no"}:
            assert len(row[5].strip()) >= 20, row


@pytest.mark.parametrize("page", ["reference/asvs.md", "explanation/threat-model.md"])
def test_every_test_that_is_named_exists(page, written):
    named = set(re.findall(r"`(test_\w+)`", (ROOT / "docs" / page).read_text("utf-8")))
    assert len(named) > 60
    assert named - written == set()
