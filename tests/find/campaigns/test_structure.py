"""How a group is built, on small logs that show one thing each."""

from __future__ import annotations

import numpy as np
import pytest
from made_log import view_of
from worded import codes_of, log_from, people, rows_of, wording

from stillwatch.find.campaigns.likeness import likeness_of
from stillwatch.find.campaigns.refine import Population, features_of
from stillwatch.find.campaigns.structure import structure_of
from stillwatch.find.campaigns.style import Styles
from stillwatch.find.features.groups import group_of_rows
from stillwatch.find.features.rows import _OWN_DOMAIN as OWN_DOMAIN

NAMES = tuple(f"g{n:02d}" for n in range(10))


def built(rows=None, *, chosen=lambda name: name[0] == "g", by="words", known=None, **given):
    """Return the structure of the chosen accounts with all their exchanges so far."""
    log = log_from(rows or rows_of((("g", 10, wording(0)),)), people(**given) if given else None)
    view = view_of(log, known)
    members = codes_of(log, chosen)
    own = np.flatnonzero(np.isin(log.account[: view.rows], members)).astype(np.int32)
    facets = np.flatnonzero(view.carriers >= 4).astype(np.int32)
    group = group_of_rows(view, own)
    features = features_of(group, 0, view, Population(view))
    reached = Styles(view).reach(members, own)
    likeness = likeness_of(view, group.accounts, features, reached)
    return structure_of(view, group.accounts, group.rows, facets, likeness, by=by)


def cards(*circles):
    """Return account columns; the circles take the group's accounts in turn."""
    names = iter(NAMES)
    return {
        next(names): {"payment_fingerprint": f"card{number}"}
        for number, size in enumerate(circles)
        for _ in range(size)
    }


def sitting(names, address="172.16.1.9"):
    """Return exchanges in which these accounts use one address."""
    rows = rows_of((("g", 10, wording(0)),))
    return [{**row, "ip": address} if row["account_id"] in names else row for row in rows]


OPEN = ("declared", "names", "organised", "domain")
PLACED = ("family", "private")


def test_without_a_table_nothing_is_declared_tied_or_placed():
    found = built()
    assert {getattr(found, name) for name in (*OPEN, *PLACED, "tied", "circles")} == {0}
    assert found.by == "words"
    assert built(by="manner").by == "manner"


def test_declared_counts_only_names_that_another_member_gives():
    firm = {name: {"organization_id": "firm"} for name in NAMES[:4]}
    assert built(**firm, g04={"organization_id": "alone"}).declared == pytest.approx(0.4)


def test_an_organisation_of_ones_own_is_named_and_not_one_organisation():
    firm = {name: {"organization_id": "firm"} for name in NAMES[:3]}
    alone = {name: {"organization_id": name} for name in NAMES[3:7]}
    found = built(**firm, **alone)
    said = [getattr(found, name) for name in OPEN]
    assert said == pytest.approx([0.3, 0.7, 0.3, 0.0])


@pytest.mark.parametrize(("holders", "share"), [(0, 0.4), (OWN_DOMAIN, 0.0)])
def test_mail_at_one_domain_is_no_organisation_and_a_providers_is_nothing(holders, share):
    people = {name: {"email_domain": "small.example"} for name in NAMES[:4]}
    people |= {f"p{n:02d}": {"email_domain": "small.example"} for n in range(holders)}
    found = built(**people)
    assert [getattr(found, name) for name in OPEN] == pytest.approx([share, 0.0, 0.0, share])


@pytest.mark.parametrize(
    ("sizes", "tied", "circles"),
    [((2, 2, 2), 0.4, 3), ((4, 2), 0.2, 2), ((4, 1), 0.0, 1)],
)
def test_circles_are_counted_less_those_of_the_value_held_most(sizes, tied, circles):
    found = built(**cards(*sizes))
    assert found.tied == pytest.approx(tied)
    assert found.circles == circles
    assert found.family == 0.0


def test_one_value_of_half_the_group_is_one_customer_with_many_seats():
    found = built(**cards(6, 2))
    assert found.seats == pytest.approx(0.6)
    assert found.tied == pytest.approx(0.2)
    assert found.circles == 2


def test_a_tie_to_a_stranger_is_none_of_the_group():
    outside = {"g00": {"payment_fingerprint": "card"}, "o00": {"payment_fingerprint": "card"}}
    assert built(**outside).tied == 0.0


def test_a_circle_in_one_place_is_a_family_and_not_tied():
    found = built(sitting(NAMES[:4]), **cards(4, 3, 3))
    assert (found.family, found.private) == pytest.approx((0.4, 0.4))
    assert (found.circles, found.tied) == (2, pytest.approx(0.2))


def test_ties_between_accounts_of_no_known_address_count_a_fifth():
    rows = rows_of((("g", 10, wording(0)),))
    without = [{**row, "ip": None} for row in rows]
    assert built(rows, **cards(2, 2, 2)).tied == pytest.approx(0.4)
    assert built(without, **cards(2, 2, 2)).tied == pytest.approx(0.08)


def test_an_address_used_after_the_look_is_not_known():
    rows = sorted(rows_of((("g", 10, wording(0)),)), key=lambda row: row["time"])
    early = 3 * len(rows) // 4
    late = [{**row, "ip": row["ip"] if n >= early else None} for n, row in enumerate(rows)]
    assert built(late, known=early, **cards(2, 2, 2)).tied == pytest.approx(0.08)
    assert built(late, **cards(2, 2, 2)).tied > 0.08


def test_those_who_share_a_place_and_no_value_are_no_family():
    found = built(sitting(NAMES[:4]), **cards(1, 1, 1, 1, 4))
    assert (found.family, found.private) == (0.0, 0.0)


def test_a_place_that_strangers_use_too_is_not_private():
    strangers = {f"o{n:02d}" for n in range(4)}
    found = built(sitting({*NAMES[:4], *strangers}), **cards(4))
    assert (found.family, found.private) == pytest.approx((0.4, 0.2))


@pytest.mark.parametrize(("size", "family"), [(8, 0.8), (9, 0.0)])
def test_more_than_a_household_in_one_place_is_no_family(size, family):
    found = built(sitting(NAMES[:size]), **cards(size))
    assert found.family == pytest.approx(family)
    assert found.private == pytest.approx(size / 10)


def test_whole_texts_that_repeat_within_the_group_are_counted():
    assert built().repeated == 0.0
    rows = rows_of((("g", 10, wording(0)),))
    own = [row for row in rows if row["account_id"] in NAMES]
    for row in own[:16] + [row for row in rows if row["account_id"] == "o00"]:
        row["prompt"] = own[0]["prompt"]
    assert built(rows).repeated == pytest.approx(15 / len(own))


def test_a_wording_of_ones_own_is_exclusive_and_pure():
    found = built()
    assert found.purity == 1.0
    whole = built(rows_of((("g", 10, wording(0)), ("s", 10, wording(0)))))
    assert whole.purity < 0.8
    assert whole.exclusive < found.exclusive


def test_no_style_is_no_purity():
    found = built(chosen=lambda name: name.startswith("o0"))
    assert found.purity == 0.0
