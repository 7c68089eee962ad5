"""Outcomes of different kinds never join; every test keeps the family's contract."""

from __future__ import annotations

import math

import pytest

from stillwatch.errors import RefusedError
from stillwatch.prove.lineage.blackbox import (
    SUSPECT,
    TESTS,
    Exact,
    NotEnough,
    Ranked,
    Report,
    joined,
)


def exact(log10_p, *, accuses=True, decides=True):
    return Exact(
        test="t",
        subject="x",
        null="n",
        accuses=accuses,
        decides=decides,
        statistic=1.0,
        expected=0.0,
        log10_p=log10_p,
        least_log10_p=-9.0,
        used=1,
        unused=0,
        limits="l",
    )


RANKED = Ranked(
    test="t",
    subject="x",
    statistic=1.0,
    others={"r": 0.0},
    rank=1,
    among=2,
    assumption="a",
    used=1,
    limits="l",
)


def test_holm_counts_the_family_and_takes_what_accuses_and_decides():
    given = [exact(-3.0), exact(-9.0, accuses=False), exact(-9.0, decides=False), exact(-8.0)]
    found = joined(given, 10)
    assert [one.log10_p for one, _ in found] == [-3.0, -8.0]
    assert found[0][1] == pytest.approx(-3 + math.log10(9))
    assert found[1][1] == pytest.approx(-8 + 1)
    assert joined([], 0) == []


@pytest.mark.parametrize(
    "odd",
    [
        RANKED,
        Report(test="t", subject="x", figures=(), limits="l"),
        NotEnough(test="t", subject="x", why="w"),
        0.01,
    ],
    ids=["rank", "report", "not enough", "number"],
)
def test_q_4_ranks_and_reports_join_no_p_values(odd):
    with pytest.raises(RefusedError, match="Q-4"):
        joined([exact(-3.0), odd], 10)


def test_q_5_a_family_smaller_than_its_tests_is_refused():
    with pytest.raises(RefusedError, match="Q-5"):
        joined([exact(-3.0), exact(-4.0)], 1)


def test_a_rank_has_no_p_value_and_says_its_least():
    assert not {name for name in dir(RANKED) if "p_value" in name or "log10" in name}
    assert RANKED.least == 0.5


def test_names_are_unique_and_every_test_asks_the_suspect_and_says_its_limits():
    assert len({one.name for one in TESTS}) == len(TESTS) == 4
    for one in TESTS:
        assert one.roles[0] == SUSPECT
        assert "not show" in one.limits
