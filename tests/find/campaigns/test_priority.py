"""J-14: whoever had the words first was copied, and did not copy."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from made_log import view_of
from worded import codes_of, log_from, rows_of, wording

from stillwatch.find.campaigns.priority import COPIED, originated
from stillwatch.find.campaigns.style import Styles

OWN = wording(0)


def logged(*, target_first):
    """Ten accounts and a target with the same sentences, the target's before or after theirs."""
    rows = rows_of((("g", 10, OWN), ("t", 1, OWN)), each=8, spread=8)
    shift = timedelta(days=60)
    for row in rows:
        if row["account_id"].startswith("t") is not target_first:
            row["time"] += shift
    return log_from(rows)


@pytest.mark.parametrize("first", [True, False])
def test_j14_only_who_had_the_words_first_is_the_one_copied(first):
    view = view_of(logged(target_first=first))
    group = codes_of(view.log, lambda name: name[0] in "gt")
    pieces = Styles(view).reach(group).pieces
    share = dict(
        zip(
            view.log.accounts.ids.take(group).to_pylist(),
            originated(view, group, pieces).tolist(),
            strict=True,
        )
    )
    assert (share["t00"] >= COPIED) is first
    assert all(share[name] < COPIED for name in share if name.startswith("g"))


def test_j14_shares_of_a_group_come_to_one_owner_a_piece():
    view = view_of(logged(target_first=False))
    group = codes_of(view.log, lambda name: name[0] in "gt")
    pieces = Styles(view).reach(group).pieces
    users = np.array(
        [[p in set(own(view, account).tolist()) for p in pieces.tolist()] for account in group]
    )
    owned = originated(view, group, pieces) * users.sum(axis=1)
    assert owned.sum() == pytest.approx(users.any(axis=0).sum())


def own(view, account):
    index, rows = view.facets, np.flatnonzero(view.log.account == account)
    parts = [index.text_facet[index.text_ptr[r] : index.text_ptr[r + 1]] for r in rows]
    return np.unique(np.concatenate(parts))


def test_j14_an_account_without_a_piece_owns_none():
    view = view_of(logged(target_first=True))
    group = codes_of(view.log, lambda name: name[0] == "g")
    stranger = codes_of(view.log, lambda name: name == "o00")
    pieces = Styles(view).reach(group).pieces
    both = np.union1d(group, stranger).astype(np.int32)
    assert originated(view, both, pieces)[both == stranger[0]].tolist() == [0.0]


def test_j14_of_two_who_are_copied_by_accounts_tied_together_neither_counts_against_the_other():
    rows = rows_of((("g", 10, OWN), ("t", 2, OWN)), each=8, spread=8)
    for row in rows:  # t00, then t01, then the others
        row["time"] += timedelta(days=60) * {"t00": 0, "t01": 1}.get(row["account_id"], 2)
    view = view_of(log_from(rows))
    group = codes_of(view.log, lambda name: name[0] in "gt")
    names = view.log.accounts.ids.take(group).to_pylist()
    pieces = Styles(view).reach(group).pieces
    second = names.index("t01")
    assert originated(view, group, pieces)[second] < COPIED
    tied = np.array([name.startswith("g") for name in names])
    assert originated(view, group, pieces, tied)[second] >= COPIED
    few = np.array([name in {"g00", "g01"} for name in names])
    assert originated(view, group, pieces, few)[second] < COPIED
