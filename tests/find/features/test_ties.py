"""Who is tied to whom, and whose habits are pooled."""

from __future__ import annotations

import numpy as np
import pytest
from made_groups import exchange, view_from, words
from made_log import HABITS, account_table, early_log, exchange_table, log_of, made_rows, view_of

from stillwatch.find.features.facets import LEAST_CARRIERS, index_facets
from stillwatch.find.features.rows import NEVER
from stillwatch.find.features.ties import POPULAR, covert_components, no_ties, pools

PLAIN = {
    "payment_fingerprint": None,
    "phone_hash": None,
    "device_fingerprint": None,
    "organization_id": None,
    "email_domain": None,
}


def table(**given):
    """An account table; each account's columns are given by its name."""
    return account_table([{"account_id": name, **PLAIN, **own} for name, own in given.items()])


def cards(*names, **more):
    return {name: {"payment_fingerprint": "card", **more} for name in names}


def sent(names, blocks=None, *, each=1):
    """Rows of accounts, each from a block of its own unless one is given."""
    rng = np.random.default_rng(5)
    blocks = blocks or {}
    rows = []
    for k in range(each):
        for n, name in enumerate(names):
            ip = (
                f"10.{n // 200}.{n % 200}.9" if name not in blocks else f"172.16.{blocks[name]}.{n}"
            )
            rows.append(exchange(name, k * len(names) + n, words(rng), ip=ip))
    return rows


def partners(view, name):
    ids, ties = view.log.accounts.ids.to_pylist(), view.derived.ties
    a = ids.index(name)
    return [ids[b] for b in ties.partner[ties.ptr[a] : ties.ptr[a + 1]]]


def circles(view):
    """Sets of at least two accounts that are tied covertly."""
    ids, root = view.log.accounts.ids.to_pylist(), covert_components(view)
    found = {}
    for name, head in zip(ids, root.tolist(), strict=True):
        found.setdefault(head, set()).add(name)
    return [names for names in found.values() if len(names) >= 2]


def test_a_shared_value_ties_both_ways_and_once():
    both = {"payment_fingerprint": "card", "phone_hash": "phone"}
    view = view_from(sent("abcd"), table(a=both, b=both, c={"phone_hash": "phone"}, d={}))
    assert partners(view, "a") == ["b", "c"]
    assert partners(view, "b") == ["a", "c"]
    assert partners(view, "c") == ["a", "b"]
    assert partners(view, "d") == []
    assert circles(view) == [{"a", "b", "c"}]


@pytest.mark.parametrize("openly", [{"organization_id": "firm"}, {"email_domain": "firm.example"}])
def test_accounts_that_name_one_holder_are_not_tied(openly):
    people = table(**cards("a", "b", **openly), **cards("c"))
    view = view_from(sent("abc"), people)
    assert partners(view, "a") == ["c"]
    assert partners(view, "c") == ["a", "b"]


@pytest.mark.parametrize("holders", [POPULAR, POPULAR + 1])
def test_popular_values_tie_nobody(holders):
    names = [f"a{n:02d}" for n in range(holders)]
    view = view_from(sent(names), table(**cards(*names)))
    few = holders <= POPULAR
    assert len(partners(view, "a00")) == (holders - 1 if few else 0)
    assert len(set(pools(view.log.accounts).tolist())) == (1 if few else holders)


def test_a_shared_address_makes_a_tie_open():
    view = view_from(sent("abc", {"a": 1, "b": 1}), table(**cards("a", "b", "c")))
    assert partners(view, "a") == ["b", "c"]
    assert circles(view) == []  # two of three are at home: the third belongs to them
    apart = view_from(sent("abc", {"a": 1, "b": 2}), table(**cards("a", "b", "c")))
    assert circles(apart) == [{"a", "b", "c"}]


def test_a_place_that_few_of_a_circle_use_leaves_the_others_tied():
    view = view_from(sent("abcde", {"a": 1, "b": 1}), table(**cards(*"abcde")))
    assert circles(view) == [set("abcde")]  # through c, d and e


def test_a_place_counts_from_the_row_that_shows_it():
    rows = sent("ab", each=2)
    for row in rows[2:]:
        row["ip"] = "172.16.1.1"
    view = view_from(rows, table(**cards("a", "b")))
    assert circles(view) == []
    assert circles(view_of(view.log, 3)) == [{"a", "b"}]
    assert circles(view_of(view.log, 1)) == []  # who was not seen ties nobody


def test_without_ties_nobody_is_tied():
    assert no_ties(3).ptr.tolist() == [0, 0, 0, 0]
    view = view_from(sent("ab"))
    assert partners(view, "a") == []
    assert pools(view.log.accounts).tolist() == [0, 1]


def test_accounts_pool_by_the_first_value_that_others_hold():
    people = table(
        a={"payment_fingerprint": "alone", "phone_hash": "p"},
        b={"phone_hash": "p", "device_fingerprint": "v"},
        c={"device_fingerprint": "v"},
        d={"device_fingerprint": "w"},
        e={"device_fingerprint": "w"},
    )
    pool = pools(view_from(sent("abcde"), people).log.accounts).tolist()
    assert pool[0] == pool[1]  # by telephone
    assert pool[2] not in pool[:2]  # b is pooled by telephone already: ties of ties are left out
    assert pool[3] == pool[4]
    assert len(set(pool)) == 3


def habit_rows():
    """Three accounts repeat a habit; then two more, of one card, use it once each."""
    rng = np.random.default_rng(8)
    uses = [name for name in "xyz" for _ in range(2)] + ["a", "q", "b", "q"]
    return [
        exchange(name, n, words(rng) if name == "q" else f"{HABITS[0]}\n{words(rng)}.")
        for n, name in enumerate(uses)
    ]


def carriers_of_habit(view):
    """Return the accounts that carry the piece of text that most accounts use."""
    index, ids = view.facets, view.log.accounts.ids.to_pylist()
    users = [
        len(set(view.log.account[index.use[a:b]].tolist()))
        for a, b in zip(index.use_ptr[:-1], index.use_ptr[1:], strict=True)
    ]
    f = int(np.argmax(users))
    at = slice(index.posting_ptr[f], view.ends[f])
    opened = view.log.account[index.posting[at]][index.opens[at]]
    assert view.carriers[f] == opened.size
    return {ids[a] for a in opened}


def test_habits_of_one_card_are_pooled_from_the_later_row_on():
    people = table(**cards("a", "b"), q={}, x={}, y={}, z={})
    view = view_from(habit_rows(), people)
    first, later = 6, 8  # rows of a and of b
    assert carriers_of_habit(view) == set("xyzab")
    for known in range(first, later + 1):
        assert carriers_of_habit(view_of(view.log, known)) == set("xyz")
    assert carriers_of_habit(view_of(view.log, later + 1)) == set("xyzab")
    index = view.facets
    for row in (first, later):
        known = index.text_known[index.text_ptr[row] : index.text_ptr[row + 1]]
        assert known.min() >= later
        assert known.min() < NEVER


def test_without_the_card_one_use_is_no_habit():
    assert carriers_of_habit(view_from(habit_rows())) == set("xyz")


def test_the_same_text_on_one_card_is_no_habit():
    rows = habit_rows()
    rows[8]["prompt"] = rows[6]["prompt"]
    people = table(**cards("a", "b"), q={}, x={}, y={}, z={})
    assert carriers_of_habit(view_from(rows, people)) == set("xyz")


@pytest.mark.parametrize("share", [0.1, 0.35, 0.6, 0.9])
@pytest.mark.parametrize("seed", [1, 2])
def test_uses_and_carriers_of_a_cut_log_are_a_prefix(share, seed):
    rows = made_rows(seed)
    log = log_of(exchange_table(rows[0]), account_table(rows[1]))
    early = early_log(rows, log, share)
    cut, whole, part = len(early), index_facets(log), index_facets(early)
    view = view_of(log, cut)
    place = {value: j for j, value in enumerate(whole.value.tolist())}
    for i, value in enumerate(part.value.tolist()):
        j = place[value]
        use = whole.use[whole.use_ptr[j] : whole.use_ptr[j + 1]]
        assert np.array_equal(use[use < cut], part.use[part.use_ptr[i] : part.use_ptr[i + 1]])
        if view.carriers[j] >= LEAST_CARRIERS:  # below, neither log's postings may be read
            known = whole.posting[whole.posting_ptr[j] : view.ends[j]]
            alone = part.posting[part.posting_ptr[i] : part.posting_ptr[i + 1]]
            assert np.array_equal(known, alone)
    assert np.array_equal(covert_components(view), covert_components(view_of(early)))
