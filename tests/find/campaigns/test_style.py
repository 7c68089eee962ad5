"""Who writes in a group's style."""

from __future__ import annotations

import numpy as np
import pytest
from made_log import account_table, early_log, exchange_table, log_of, made_rows, view_of
from worded import EVERYONE, codes_of, log_from, rows_of, wording

from stillwatch.find.campaigns.style import Styles

OWN = wording(0)


def rows_by(log, accounts):
    return np.flatnonzero(np.isin(log.account, accounts)).astype(np.int32)


@pytest.fixture(scope="module")
def world():
    """Ten accounts in one wording, one more like them, and a group in another wording."""
    rows = rows_of((("g", 10, OWN), ("s", 1, OWN), ("h", 10, wording(1))), each=12)
    for row in rows:  # a third of the group's exchanges is like anyone's
        if row["account_id"] < "h" and int(row["exchange_id"][1:]) % 3 == 0:
            row["prompt"] = f"{EVERYONE}\n" + row["prompt"].split("\n")[1]
    log = log_from(rows)
    prompts = {row["exchange_id"]: row["prompt"] for row in rows}
    return view_of(log), [prompts[i] for i in log.exchange_id.to_pylist()]


@pytest.fixture(scope="module")
def group(world):
    accounts = codes_of(world[0].log, lambda name: name.startswith("g"))
    return accounts, rows_by(world[0].log, accounts)


def test_rows_in_style_are_those_that_hold_the_wording(world, group):
    view, prompts = world
    reached = Styles(view).reach(*group)
    assert np.array_equal(reached.rows, np.unique(reached.rows))
    wanted = {r for r, p in enumerate(prompts) if any(sentence in p for sentence in OWN)}
    found = set(reached.rows.tolist())
    assert found <= wanted
    assert len(found) > 0.7 * len(wanted)


def test_members_and_who_writes_like_them_stand_above_strangers(world, group):
    view, _ = world
    reached = Styles(view).reach(*group)
    names = view.log.accounts.ids.take(reached.accounts).to_pylist()
    ratio = dict(zip(names, reached.log_ratio.tolist(), strict=True))
    like = [name for name in names if name[0] in "gs"]
    assert "s00" in like
    assert len(like) == 11
    strangers = [ratio[name] for name in names if name not in like]
    assert min(ratio[name] for name in like) > max([*strangers, 3.0])


def test_random_accounts_have_no_style_of_their_own(world):
    view, _ = world
    plain = codes_of(view.log, lambda name: name.startswith("o"))[:10]
    assert Styles(view).reach(plain, rows_by(view.log, plain)) is None
    everyone = np.flatnonzero(view.seen).astype(np.int32)
    assert Styles(view).reach(everyone, rows_by(view.log, everyone)) is None


def test_an_answer_does_not_depend_on_what_was_asked_before(world, group):
    view, _ = world
    other = codes_of(view.log, lambda name: name.startswith("h"))
    styles = Styles(view)
    first = styles.reach(*group)
    assert not styles._score.any()
    assert styles.reach(other, rows_by(view.log, other)) is not None
    again = styles.reach(*group)
    for name in ("accounts", "log_ratio", "rows", "pieces"):
        assert np.array_equal(getattr(first, name), getattr(again, name))
    assert not styles._score.any()


@pytest.mark.parametrize("share", [0.15, 0.4, 0.65, 0.9])
def test_a_log_cut_gives_the_style_of_the_look(share):
    rows = made_rows(seed=3)
    log = log_of(exchange_table(rows[0]), account_table(rows[1]))
    early = early_log(rows, log, share)
    view, alone = view_of(log, len(early)), view_of(early)
    for first in range(5):  # accounts of one habit
        accounts = np.flatnonzero(alone.seen)[first::5].astype(np.int32)
        known = rows_by(early, accounts)
        a, b = Styles(view).reach(accounts, known), Styles(alone).reach(accounts, known)
        assert (a is None) == (b is None)
        if a is not None:
            assert np.array_equal(a.rows, b.rows)
            assert np.array_equal(a.accounts, b.accounts)
            assert np.array_equal(a.log_ratio, b.log_ratio)
            assert np.array_equal(view.facets.value[a.pieces], alone.facets.value[b.pieces])


def test_the_latest_exchanges_are_counted_as_if_they_were_given(world, group):
    view, _ = world
    styles = Styles(view)
    other = codes_of(view.log, lambda name: name.startswith("h"))
    for accounts in (group[0], other, np.union1d(group[0], other)):
        given, latest = styles.reach(accounts, rows_by(view.log, accounts)), styles.reach(accounts)
        assert given is not None
        for name in ("accounts", "log_ratio", "rows", "pieces"):
            assert np.array_equal(getattr(given, name), getattr(latest, name))
        assert not styles._place.any()
