"""Circles of tied accounts, pooled where they write alike."""

from __future__ import annotations

import numpy as np
import pytest
from made_log import account_table, early_log, exchange_table, log_of, made_rows, view_of
from worded import log_from, names_of, people, rows_of, wording

from stillwatch.find.campaigns.pool import pool_circles

G = {f"g{n:02d}" for n in range(12)}
OTHERS = {f"o{n:02d}" for n in range(50)}


def cards(names, each=2):
    """Give every ``each`` accounts in turn a card of their own."""
    names = sorted(names)
    return {name: {"payment_fingerprint": f"{name[0]}{k // each}"} for k, name in enumerate(names)}


@pytest.fixture(scope="module")
def rows():
    return rows_of((("g", 12, wording(0)),))


@pytest.fixture(scope="module")
def accounts():
    """Six circles of the campaign, and twenty-five households of everyone else."""
    return people(**cards(G), **cards(OTHERS))


def proposed(view, most=50):
    pooled = pool_circles(view, most)
    found = []
    for group in range(len(pooled)):
        rows = pooled.rows[pooled.row_ptr[group] : pooled.row_ptr[group + 1]]
        assert np.array_equal(rows, np.unique(rows))
        found.append(names_of(view.log, np.unique(view.log.account[rows])))
    return found


def test_circles_that_write_alike_are_pooled_and_households_are_not(rows, accounts):
    found = proposed(view_of(log_from(rows, accounts)))
    assert G in found
    assert all(names <= G for names in found)


def test_a_circle_of_four_is_proposed_whatever_it_writes(rows):
    four = {"o00", "o01", "o02", "o03"}
    assert proposed(view_of(log_from(rows, people(**cards(four, each=4))))) == [four]


def test_the_facets_of_a_group_are_what_its_circles_have_in_common(rows, accounts):
    view = view_of(log_from(rows, accounts))
    pooled = pool_circles(view, 50)
    for group, facets in enumerate(pooled.facets):
        at = slice(pooled.row_ptr[group], pooled.row_ptr[group + 1])
        inside = np.unique(view.log.account[pooled.rows[at]])
        assert facets.size
        for facet in facets.tolist():
            known = view.facets.posting[view.facets.posting_ptr[facet] : view.ends[facet]]
            assert np.isin(inside, view.log.account[known]).sum() >= 2


@pytest.mark.parametrize("most", [4, 8, 12])
def test_no_group_is_larger_than_most(rows, accounts, most):
    found = proposed(view_of(log_from(rows, accounts)), most)
    assert found
    assert max(map(len, found)) <= most


def test_accounts_of_one_organisation_and_licensed_ones_are_no_circle(rows):
    firm = {name: {**own, "organization_id": "firm"} for name, own in cards(G).items()}
    assert proposed(view_of(log_from(rows, people(**firm)))) == []
    licensed = {name: {**own, "licensed": True} for name, own in cards(G).items()}
    assert proposed(view_of(log_from(rows, people(**licensed)))) == []


def test_without_an_account_table_nothing_is_pooled(rows):
    assert proposed(view_of(log_from(rows))) == []


def test_a_log_in_which_everyone_carries_everything_pools_nothing():
    """No piece of text is rarer than another there, so that none weighs anything."""
    rows = rows_of((("g", 4, wording(0, 1)),), others=0, spread=1)
    view = view_of(log_from(rows, people(**cards({f"g{n:02d}" for n in range(4)}))))
    assert set(view.carriers[view.carriers > 0].tolist()) == {view.accounts}
    assert proposed(view) == []


@pytest.mark.parametrize("batch", [1, 37])
def test_partitions_and_order_of_rows_change_nothing(rows, accounts, batch):
    mixed = [rows[i] for i in np.random.default_rng(batch).permutation(len(rows))]
    whole = pool_circles(view_of(log_from(rows, accounts)), 50)
    again = pool_circles(view_of(log_from(mixed, accounts, batch=batch)), 50)
    assert np.array_equal(whole.rows, again.rows)
    assert np.array_equal(whole.row_ptr, again.row_ptr)


@pytest.mark.parametrize("share", [0.15, 0.4, 0.65, 0.9])
def test_a_log_cut_gives_the_groups_of_the_look(share):
    rows = made_rows(seed=3)
    log = log_of(exchange_table(rows[0]), account_table(rows[1]))
    early = early_log(rows, log, share)
    view, alone = view_of(log, len(early)), view_of(early)
    whole, part = pool_circles(view, 50), pool_circles(alone, 50)
    assert np.array_equal(whole.rows, part.rows)
    assert np.array_equal(whole.row_ptr, part.row_ptr)
    for a, b in zip(whole.facets, part.facets, strict=True):
        assert np.array_equal(view.facets.value[a], alone.facets.value[b])
