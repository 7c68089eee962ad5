"""Hostile inputs through the real commands: a named error or quarantine, within bounds.

Each case is run in a process of its own whose peak memory and processor time are measured.
"""

from __future__ import annotations

from collections import Counter

import pytest
from families import CASES
from running import NAMES, judge, judge_folder

LEAST_CASES = 200
LEAST_MECHANISMS = 40
MOST_OF_ONE = 5


def test_enough_cases_of_enough_mechanisms():
    counts = Counter(case.mechanism for case in CASES)
    assert sum(min(MOST_OF_ONE, n) for n in counts.values()) >= LEAST_CASES
    assert len(counts) >= LEAST_MECHANISMS
    assert max(counts.values()) <= MOST_OF_ONE
    assert len({case.id for case in CASES}) == len(CASES)


def test_every_case_expects_something_that_could_fail():
    for case in CASES:
        assert case.error in {None, "usage", *NAMES.values()}, case.id
        expects = case.error or case.good is not None or case.bad or case.after
        assert expects, case.id


@pytest.mark.parametrize(
    "case",
    [pytest.param(c, id=c.id, marks=[pytest.mark.slow] if c.slow else []) for c in CASES],
)
def test_hostile(case, runner, tmp_path):
    folder = tmp_path / "here"
    folder.mkdir()
    outcomes = []
    commands = case.make(folder)
    assert commands
    for argv in commands:
        outcome = runner.run(folder, argv, case=case)
        judge(case, outcome)
        outcomes.append(outcome)
    judge_folder(case, folder)
    if case.after is not None:
        case.after(folder, outcomes)
