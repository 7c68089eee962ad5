"""Ids of campaigns that turn out to be two, and of two that turn out to be one."""

from __future__ import annotations

import numpy as np
from made_log import view_of
from worded import codes_of, log_from, rows_of, wording

from stillwatch.find.campaigns.carried import Declared, Part
from stillwatch.find.campaigns.lineage import name_parts

ROWS = rows_of((("g", 6, wording(0)), ("h", 9, wording(1))))


def members_of(log, names):
    return tuple(sorted(codes_of(log, lambda name: name[0] in names).tolist()))


def named(log, parts):
    """Return the parts of a campaign of all g and h, as they are named next."""
    members = members_of(log, "gh")
    rows = set(np.flatnonzero(np.isin(log.account, members)).tolist())
    campaign = Declared(
        5, None, dict.fromkeys(members, 5), dict.fromkeys(members, 0.9), rows, parts
    )
    return name_parts(campaign, view_of(log))


def test_the_part_with_most_accounts_keeps_the_id_and_the_other_says_where_it_is_from():
    log = log_from(ROWS)
    old, new = named(log, (Part("campaign-old", members_of(log, "gh")),))
    assert (old.name, old.of, old.accounts) == ("campaign-old", "", members_of(log, "h"))
    assert (new.of, new.accounts) == ("campaign-old", members_of(log, "g"))
    assert new.name.startswith("campaign-")
    assert named(log, (old, new)) == (old, new), "ids stay"


def test_ids_that_come_back_to_one_are_kept_with_it():
    log = log_from(rows_of((("g", 6, wording(0)), ("h", 9, wording(0)))))
    before = (
        Part("campaign-old", members_of(log, "h"), took=("campaign-first",)),
        Part("campaign-new", members_of(log, "g"), "campaign-old", ("campaign-second",)),
    )
    (only,) = named(log, before)
    assert (only.name, only.accounts) == ("campaign-old", members_of(log, "gh"))
    assert only.took == ("campaign-first", "campaign-second", "campaign-new")
