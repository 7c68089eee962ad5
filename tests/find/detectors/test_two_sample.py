"""A group whose content and form differ from others', and groups drawn at random."""

from __future__ import annotations

import numpy as np
import pytest
from made_groups import exchange, group, measured, view_from, words

from stillwatch.find.detectors.interface import EFFECT_CAP
from stillwatch.find.detectors.two_sample import TwoSample

DETECTOR = TwoSample()
SHELL = "Return a table: | step | reason | check |, then {answer} in brackets (all of it).\n"


@pytest.fixture(scope="module")
def view():
    rng = np.random.default_rng(3)
    rows = []
    for n in range(160):
        kind = "g" if n < 20 else "o"
        for k in range(6):
            body = words(rng, int(rng.integers(6, 30)))
            prompt = SHELL + body if kind == "g" else body
            rows.append(exchange(f"{kind}{n:03d}", n / 7 + 13 * k, prompt))
    return view_from(rows)


def test_content_of_one_kind_is_seen(view):
    statistic, effect, support, enough = measured(DETECTOR, view)
    assert enough
    assert support == 20
    assert statistic > 6
    assert effect > 0.3


def test_accounts_drawn_at_random_are_not(view):
    ids = view.log.accounts.ids.to_pylist()
    rng = np.random.default_rng(5)
    wealth = []
    for _ in range(200):
        drawn = {ids[a] for a in rng.choice(len(ids), 12, replace=False)}
        statistic, _, _, enough = measured(DETECTOR, view, lambda a, _row, d=drawn: a in d)
        assert enough
        wealth.append(np.exp(statistic))
    # an e-value has mean one, and exceeds 20 with probability of at most one in twenty
    assert np.mean(np.array(wealth) >= 20) <= 0.05
    assert np.mean(np.minimum(wealth, 100.0)) < 2


def test_no_more_accounts_count_than_the_cap(view):
    statistic, _, support, _ = measured(DETECTOR, view, lambda _account, row: row % 2 == 0)
    assert support <= EFFECT_CAP
    assert statistic <= EFFECT_CAP * np.log(2)


def test_without_others_to_compare_with_it_abstains(view):
    everyone = measured(DETECTOR, view, lambda _account, _row: True)
    assert everyone == (0.0, 0.0, 0, False)


def test_the_answer_is_the_same_every_time(view):
    own = group(view, lambda account, _row: account.startswith("g"))
    one, other = DETECTOR.measure(own, view), DETECTOR.measure(own, view)
    assert one.statistic.tobytes() == other.statistic.tobytes()
