"""Hostile requests, objects, files and answers: each refused by its rule, within bounds.

Servers and commands are processes of their own, whose processor time and peak memory are measured;
after each case the one that was attacked has to take what an honest member asks.
"""

from __future__ import annotations

from collections import Counter

import pytest
from attacks import CASES
from judging import judge

LEAST_CASES = 150
LEAST_MECHANISMS = 40
MOST_OF_ONE = 5


def test_enough_cases_of_enough_mechanisms():
    counts = Counter(case.mechanism for case in CASES)
    short = Counter(case.mechanism for case in CASES if not case.slow)
    for held in (counts, short):
        assert sum(held.values()) >= LEAST_CASES
        assert len(held) >= LEAST_MECHANISMS
    assert max(counts.values()) <= MOST_OF_ONE
    assert len({case.id for case in CASES}) == len(CASES)


def test_every_case_says_what_refuses_it():
    for case in CASES:
        assert case.rule, case.id
        assert case.status or case.at == "member", case.id
        assert case.seconds > 0, case.id


@pytest.mark.parametrize(
    "case",
    [pytest.param(c, id=c.id, marks=[pytest.mark.slow] if c.slow else []) for c in CASES],
)
def test_hostile(case, world):
    usage = world.usage(case.at, memory=case.mebibytes is not None)
    answers = case.attack(world)
    seconds, mebibytes = usage.seconds(), usage.mebibytes()
    judge(case, answers)
    assert seconds <= case.seconds, f"{case.id}: {seconds:.1f} s"
    if case.mebibytes is not None:
        assert mebibytes <= case.mebibytes, f"{case.id}: {mebibytes:.0f} MiB"
    assert world.honest(case.at), case.id
