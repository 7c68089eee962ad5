"""Groups whose wording is alike, told apart from a background without one."""

from __future__ import annotations

import numpy as np
import pytest
from made_log import account_table, early_log, exchange_table, log_of, made_rows, view_of
from worded import codes_of, log_from, names_of, people, rows_of, wording

from stillwatch.find.campaigns.graph import Graph
from stillwatch.find.campaigns.neighbours import alike_in_words

TWO = (("g", 10, wording(0)), ("h", 10, wording(1)))
G = {f"g{n:02d}" for n in range(10)}
H = {f"h{n:02d}" for n in range(10)}


def graph(view, most=50):
    return Graph(alike_in_words(view), view.seen.size, most)


def proposed(view, most=50):
    return [names_of(view.log, group) for group in graph(view, most).groups()]


@pytest.fixture(scope="module")
def rows():
    return rows_of(TWO)


@pytest.fixture(scope="module")
def view(rows):
    return view_of(log_from(rows))


def test_two_groups_with_wordings_of_their_own_are_told_apart(view):
    found = proposed(view)
    assert G in found
    assert H in found
    assert all(names <= G or names <= H for names in found)


def test_what_everyone_says_makes_no_group():
    assert proposed(view_of(log_from(rows_of(())))) == []


@pytest.mark.parametrize("batch", [1, 37])
def test_partitions_and_order_of_rows_change_nothing(rows, view, batch):
    mixed = [rows[i] for i in np.random.default_rng(batch).permutation(len(rows))]
    assert proposed(view_of(log_from(mixed, batch=batch))) == proposed(view)


def test_the_same_graph_says_the_same_again(view):
    near = graph(view)
    first = [group.tolist() for group in near.groups()]
    assert [group.tolist() for group in near.groups()] == first
    assert len(set(map(tuple, first))) == len(first)


@pytest.mark.parametrize("most", [6, 10])
def test_no_group_is_larger_than_most(view, most):
    assert all(len(names) <= most for names in proposed(view, most))
    assert (G in proposed(view, most)) == (most >= len(G))


def test_cards_change_no_group(rows, view):
    tied = {name: {"payment_fingerprint": f"card{k % 4}"} for k, name in enumerate(sorted(G | H))}
    assert proposed(view_of(log_from(rows, people(**tied)))) == proposed(view)


def test_licensed_accounts_are_not_compared(rows):
    licensed = people(**{name: {"licensed": True} for name in H})
    found = proposed(view_of(log_from(rows, licensed)))
    assert G in found
    assert not any(names & H for names in found)


def test_the_vote_takes_in_the_rest_and_leaves_strangers_out(view):
    near = graph(view)
    half = codes_of(view.log, lambda name: name in {f"g{n:02d}" for n in range(7)} | {"h03", "o07"})
    assert names_of(view.log, near.settle(half)) == G
    strangers = codes_of(view.log, lambda name: name.startswith("o"))
    assert near.settle(strangers).size == 0


@pytest.mark.parametrize("share", [0.15, 0.4, 0.65, 0.9])
def test_a_log_cut_gives_the_groups_of_the_look(share):
    rows = made_rows(seed=3)
    log = log_of(exchange_table(rows[0]), account_table(rows[1]))
    early = early_log(rows, log, share)
    view, alone = view_of(log, len(early)), view_of(early)
    groups = [group.tolist() for group in graph(view).groups()]
    assert groups == [group.tolist() for group in graph(alone).groups()]
    whole, part = alike_in_words(view), alike_in_words(alone)
    for name in ("left", "right", "value"):
        assert np.array_equal(getattr(whole, name), getattr(part, name)), name
