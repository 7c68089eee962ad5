from __future__ import annotations

from itertools import product
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, fisher_exact

from stillwatch.worlds.evaluation import bounds
from stillwatch.worlds.evaluation.bounds import equal_rates, equal_rates_within, rate

COUNTS = st.integers(1, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(COUNTS)
def test_bounds_surround_the_share(count):
    r = rate(*count)
    assert 0 <= r.low <= r.share <= r.high <= 1


@given(COUNTS)
def test_bounds_are_where_the_tails_hold_two_and_a_half_percent(count):
    hits, total = count
    r = rate(hits, total)
    if hits:
        assert binom.sf(hits - 1, total, r.low) == pytest.approx(0.025, rel=1e-6)
    if hits < total:
        assert binom.cdf(hits, total, r.high) == pytest.approx(0.025, rel=1e-6)


@given(COUNTS)
def test_bounds_of_the_complement_mirror(count):
    hits, total = count
    r, q = rate(hits, total), rate(total - hits, total)
    assert r.low == pytest.approx(1 - q.high)
    assert r.high == pytest.approx(1 - q.low)


@pytest.mark.parametrize("total", [5, 30])
@pytest.mark.parametrize("true", [0.01, 0.2, 0.5, 0.9])
def test_coverage_is_at_least_nominal(total, true):
    covered = 0.0
    for hits in range(total + 1):
        r = rate(hits, total)
        if r.low <= true <= r.high:
            covered += binom.pmf(hits, total, true)
    assert covered >= 0.95


def test_nothing_seen_says_nothing():
    r = rate(0, 0)
    assert (r.share, r.low, r.high) == (None, 0.0, 1.0)


@given(st.integers(1, 8), st.data())
def test_two_cells_are_fishers_exact_test_when_sizes_are_equal(n, data):
    a, b = data.draw(st.integers(0, n)), data.draw(st.integers(0, n))
    expected = fisher_exact([[a, n - a], [b, n - b]]).pvalue
    assert equal_rates([a, b], [n, n]) == pytest.approx(expected)


def test_three_cells_by_hand():
    totals, hits = [2, 1, 1], [2, 0, 0]
    # tables of two hits: expected (1, .5, .5), variance 1/3 of 1, .75, .75
    chances = {}
    for table in product(range(3), range(2), range(2)):
        if sum(table) == 2:
            ways = comb(2, table[0]) * comb(1, table[1]) * comb(1, table[2])
            chances[table] = ways / comb(4, 2)

    def far(t):
        return (t[0] - 1) ** 2 / (1 / 3) + ((t[1] - 0.5) ** 2 + (t[2] - 0.5) ** 2) / 0.25

    expected = sum(p for t, p in chances.items() if far(t) >= far((2, 0, 0)) - 1e-12)
    assert equal_rates(hits, totals) == pytest.approx(expected)


def test_strata_explain_a_difference():
    # one cohort has all hits and speaks one language more; within it rates are equal
    hits = [[30, 30], [0, 0]]
    totals = [[100, 100], [0, 2000]]
    assert equal_rates([30, 30], [100, 2100]) < 0.001
    assert equal_rates_within(hits, totals) > 0.5


def test_strata_that_agree_add_up():
    assert equal_rates_within([[8, 2]] * 4, [[50, 50]] * 4) < 0.001


def test_drawn_tables_agree_with_enumerated_ones(monkeypatch):
    exact = equal_rates([7, 1, 2], [30, 20, 50])
    monkeypatch.setattr(bounds, "EXACT_TABLES", 0)
    assert equal_rates([7, 1, 2], [30, 20, 50]) == pytest.approx(exact, abs=0.02)


def test_everyone_or_nobody_hit_is_no_evidence():
    assert equal_rates([5, 5], [5, 5]) == 1.0
    assert equal_rates([0, 0], [5, 0]) == 1.0
