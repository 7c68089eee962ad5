"""Parts of a group that have words of their own, and members that fit the others."""

from __future__ import annotations

import numpy as np
from made_log import view_of
from worded import codes_of, log_from, people, rows_of, wording

from stillwatch.find.campaigns.actors import LOOSELY, parts_of
from stillwatch.find.campaigns.likeness import FITS, likeness_of
from stillwatch.find.campaigns.refine import Population, features_of
from stillwatch.find.campaigns.style import Styles
from stillwatch.find.features.groups import group_of_rows


def parts(rows, names="gh", **given):
    log = log_from(rows, people(**given) if given else None)
    view = view_of(log)
    members = codes_of(log, lambda name: name[0] in names)
    own = np.flatnonzero(np.isin(log.account, members)).astype(np.int32)
    found = parts_of(view, members, own, LOOSELY)
    ids = log.accounts.ids.to_pylist()
    return [sorted(ids[a] for a in part.tolist()) for part in found]


def test_one_wording_is_one_part():
    (only,) = parts(rows_of((("g", 10, wording(0)),)))
    assert len(only) == 10


def test_two_wordings_are_two_parts_the_larger_first():
    found = parts(rows_of((("g", 6, wording(0)), ("h", 9, wording(1)))))
    assert [{name[0] for name in part} for part in found] == [{"h"}, {"g"}]
    assert [len(part) for part in found] == [9, 6]


def test_a_covert_tie_holds_two_wordings_together():
    card = {"payment_fingerprint": "card"}
    found = parts(rows_of((("g", 6, wording(0)), ("h", 9, wording(1)))), g00=card, h00=card)
    together = next(part for part in found if "g00" in part)
    assert "h00" in together


def test_nobody_is_lost_and_order_does_not_matter():
    rows = rows_of((("g", 6, wording(0)), ("h", 9, wording(1))))
    log = log_from(rows)
    view = view_of(log)
    members = codes_of(log, lambda name: name[0] in "gh")
    own = np.flatnonzero(np.isin(log.account, members)).astype(np.int32)
    found = parts_of(view, members, own, LOOSELY)
    again = parts_of(view, members[::-1].copy(), own, LOOSELY)
    assert [part.tolist() for part in found] == [part.tolist() for part in again]
    assert sorted(np.concatenate(found).tolist()) == members.tolist()


def test_who_writes_like_the_others_fits_and_a_stranger_does_not():
    log = log_from(rows_of((("g", 10, wording(0)),)))
    view = view_of(log)
    members = codes_of(log, lambda name: name[0] == "g")
    stranger = codes_of(log, lambda name: name[0] != "g")[:1]
    both = np.concatenate([members, stranger])
    own = np.flatnonzero(np.isin(log.account, both)).astype(np.int32)
    group = group_of_rows(view, own)
    features = features_of(group, 0, view, Population(view))
    reached = Styles(view).reach(members, np.flatnonzero(np.isin(log.account, members)))
    found = likeness_of(view, group.accounts, features, reached)
    inside = np.isin(found.accounts, members)
    assert found.fit[inside].min() > found.fit[~inside].max()
    assert (found.fit[inside] >= FITS).all()
    assert (found.fit[~inside] < FITS).all()
    assert found.purity == 1.0


def test_without_a_style_or_features_nobody_fits():
    log = log_from(rows_of((("g", 4, wording(0)),)))
    members = codes_of(log, lambda name: name[0] == "g")
    found = likeness_of(view_of(log), members, [], None)
    assert (found.fit < FITS).all()
    assert (found.purity, found.ages, found.clients) == (0.0, 0.0, 0.0)
