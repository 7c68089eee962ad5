"""How a group grows along the text that its accounts carry."""

from __future__ import annotations

import numpy as np
import pytest
from made_log import account_table, exchange_table, log_of, made_rows, view_of

from stillwatch.find.campaigns.grow import ROWS_EACH, Grower, _listed


def carried(view, account):
    """Walk over the latest exchanges of an account."""
    index, found = view.facets, {}
    rows = np.flatnonzero(view.log.account[: view.rows] == account)[-ROWS_EACH:]
    for row in rows.tolist():
        for k in range(index.text_ptr[row], index.text_ptr[row + 1]):
            if index.text_known[k] < view.rows:
                found[int(index.text_facet[k])] = None
    return list(found)


@pytest.fixture(scope="module", params=[12, 300])
def log(request):
    rows = made_rows(accounts=30, each=request.param)
    return log_of(exchange_table(rows[0]), account_table(rows[1]))


@pytest.mark.parametrize("share", [0.3, 1.0])
def test_what_an_account_carries_is_listed_by_the_first_exchange_that_does(log, share):
    view = view_of(log, int(share * len(log)))
    index, grower = view.facets, Grower(view)
    text = (index.text_ptr, index.text_facet, index.text_known)
    whole = grower._carried
    held = (whole.held_ptr, whole.held_facet, whole.held_known)
    for account in range(len(log.accounts)):
        lists, used = _listed(
            account,
            view.rows,
            *view.account_rows,
            view.requests,
            *text,
            *held,
            grower._facet_met,
            np.zeros(1, np.int32),
            0,
        )
        assert lists[:used].tolist() == carried(view, account)
        assert not grower._facet_met.any()


def test_an_answer_does_not_depend_on_what_was_asked_at_earlier_looks(log):
    view = view_of(log, len(log) // 4)
    grower, largest = Grower(view), 0
    for share in (0.25, 0.5, 0.75, 1.0):
        view.advance(int(share * len(log)), int(log.time[-1]))
        alone = Grower(view_of(log, view.rows))
        for facet in np.flatnonzero((view.carriers >= 4) & (view.carriers <= 15))[::7].tolist():
            at = slice(view.facets.posting_ptr[facet], view.ends[facet])
            seeds = np.unique(log.account[view.facets.posting[at]])
            a, b = grower.grow(seeds, 20), alone.grow(seeds, 20)
            assert np.array_equal(a.accounts, b.accounts)
            assert np.array_equal(a.facets, b.facets)
            assert np.array_equal(a.rows, b.rows)
            assert np.array_equal(a.rows, np.unique(a.rows))
            largest = max(largest, a.accounts.size)
    assert largest >= 4
