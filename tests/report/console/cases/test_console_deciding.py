"""Decisions: what each does, what forbids it, how it is undone, and that all of it is logged."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from datetime import timedelta

import jsonschema
import pytest
import sqlalchemy as sa
from console_clock import NOW
from test_console_loading import FIRST, SECOND, THIRD, grow, later

from stillwatch.errors import RefusedError
from stillwatch.find.campaigns.rulings import schema
from stillwatch.report.console.cases.interface import (
    Approve,
    Benign,
    Confirm,
    ForbiddenError,
    Merge,
    Move,
    Person,
    Query,
    Reject,
    Request,
    Role,
    Sources,
    Split,
    Undo,
    UnknownCaseError,
)
from stillwatch.report.console.cases.loading import load
from stillwatch.report.console.cases.log import lines, verify
from stillwatch.report.console.cases.stored import StoredCases
from stillwatch.store import Database
from stillwatch.store import console_tables as tables

ADA, BO = (Person(name, frozenset({Role.ANALYST})) for name in ("ada", "bo"))
CHIEF = Person("chief", frozenset({Role.APPROVER}))
ACCOUNTS = tuple(f"acct_7f3a{n:05d}" for n in range(240))


def act(cases, decision, person=ADA, why="looked at it"):
    return asyncio.run(cases.act(person, decision, why))


def row(cases, name):
    found = asyncio.run(cases.campaigns(ADA, Query(filters={"text": name}))).rows
    return found[0] if found else None


def members(cases, name):
    return {m.account_id: m for m in asyncio.run(cases.members(ADA, name, Query(size=500))).rows}


def state(cases):
    """Return what decisions may change, for comparing before and after."""
    names = ("console_campaigns", "console_members", "console_details", "console_votes")
    kept = [tables.METADATA.tables[name] for name in names]
    return [
        sorted(map(repr, cases.database.now_reading(lambda c, t=t: c.execute(sa.select(t)).all())))
        for t in kept
    ]


def decisions(cases):
    document = json.loads(asyncio.run(cases.decisions(ADA)))
    jsonschema.validate(document, schema())
    return document["decisions"]


def waits(cases):
    page = asyncio.run(cases.queue(ADA, Query(filters={"kind": "campaign"})))
    return {item.campaign_id for item in page.rows}


@pytest.mark.parametrize(
    ("decision", "said"),
    [(Confirm(FIRST), "confirmed"), (Reject(FIRST), "rejected"), (Benign(FIRST, "X"), "benign")],
)
def test_a_campaign_is_decided_once(loaded, decision, said):
    assert waits(loaded) == {FIRST, SECOND, THIRD}
    done = act(loaded, decision)
    assert (done.who, done.role, done.about) == ("ada", "analyst", f"campaign:{FIRST}")
    assert row(loaded, FIRST).state == said
    assert row(loaded, FIRST).waiting_since is None
    assert waits(loaded) == {SECOND, THIRD}
    with pytest.raises(RefusedError, match="R-2"):
        act(loaded, Confirm(FIRST))
    (one,) = decisions(loaded)
    assert (one["action"], one["campaign_id"]) == (done.action, FIRST)
    assert one["members"] == sorted(ACCOUNTS)
    assert one["log_odds"] == 6.4


def test_the_explanations_name_is_on_the_page(loaded):
    act(loaded, Benign(FIRST, "  harness of team X "), why="their ticket 17")
    assert asyncio.run(loaded.campaign(ADA, FIRST)).benign == "harness of team X"
    (one,) = decisions(loaded)
    assert (one["name"], one["reason"]) == ("harness of team X", "their ticket 17")


@pytest.mark.parametrize("name", ["", "  ", "x" * 81, "a\nb", "a\0b"])
def test_r3_an_explanation_needs_a_name(loaded, name):
    with pytest.raises(RefusedError, match="R-3"):
        act(loaded, Benign(FIRST, name))


@pytest.mark.parametrize("why", ["", "   ", "x" * 2_001, "a\0b", "a\ud800"])
def test_r1_an_act_needs_a_reason(loaded, why):
    for decision in (Confirm(FIRST), Move(ACCOUNTS[0], FIRST), Undo(1)):
        with pytest.raises(RefusedError, match="R-1"):
            act(loaded, decision, why=why)
    assert asyncio.run(loaded.actions(ADA, Query())).total == 1


@pytest.mark.parametrize(
    "decision",
    [
        Confirm("c-none"), Reject(""), Benign("c\0", "X"), Merge(FIRST, "c-none"),
        Merge("c-none", FIRST), Split("c-none", ("a",)), Move("a", "c-none"),
        Move(ACCOUNTS[0], FIRST, "c-none"), Undo(99), Undo(1),
    ],
)  # fmt: skip
def test_what_does_not_exist_is_said(loaded, decision):
    before = state(loaded)
    with pytest.raises(UnknownCaseError):
        act(loaded, decision)
    assert state(loaded) == before


def test_a_merge_goes_on_under_the_others_name(loaded):
    size = row(loaded, FIRST).members
    done = act(loaded, Merge(FIRST, THIRD))
    assert done.more["other"] == FIRST
    merged = asyncio.run(loaded.campaign(ADA, THIRD))
    assert (merged.row.state, merged.merged_into) == ("merged", FIRST)
    assert row(loaded, FIRST).members == size + 62
    assert sum(m.by_hand for m in members(loaded, FIRST).values()) == 62
    for bad in (Merge(FIRST, FIRST), Merge(THIRD, SECOND), Merge(SECOND, THIRD)):
        with pytest.raises(RefusedError, match="R-4"):
            act(loaded, bad)
    (one,) = decisions(loaded)
    assert (one["campaign_id"], one["other"], len(one["members"])) == (THIRD, FIRST, 62)


def test_r4_what_was_decided_is_not_merged(loaded):
    act(loaded, Reject(THIRD))
    for bad in (Merge(FIRST, THIRD), Merge(THIRD, FIRST)):
        with pytest.raises(RefusedError, match="R-4"):
            act(loaded, bad)


def test_a_split_makes_a_campaign_that_waits(loaded):
    done = act(loaded, Split(FIRST, ACCOUNTS[:7]))
    name = done.more["other"]
    made = asyncio.run(loaded.campaign(ADA, name))
    assert (made.row.standing, made.row.state, made.split_from) == ("made", "waiting", FIRST)
    assert set(members(loaded, name)) == set(ACCOUNTS[:7])
    assert not set(members(loaded, FIRST)) & set(ACCOUNTS[:7])
    assert row(loaded, FIRST).members == 233
    assert set(asyncio.run(loaded.campaign(ADA, FIRST)).split_off) == {THIRD, name}
    (one,) = decisions(loaded)
    assert (one["name"], one["other"], one["accounts"]) == (name, "", sorted(ACCOUNTS[:7]))


@pytest.mark.parametrize("chosen", [(), ACCOUNTS, ("stranger",), (*ACCOUNTS[:2], "stranger")])
def test_r5_some_members_are_split_off(loaded, chosen):
    before = state(loaded)
    with pytest.raises(RefusedError, match="R-5"):
        act(loaded, Split(FIRST, chosen))
    assert state(loaded) == before


def test_a_member_is_moved(loaded):
    done = act(loaded, Move(ACCOUNTS[0], FIRST, THIRD))
    assert done.about == f"account:{ACCOUNTS[0]}"
    assert members(loaded, THIRD)[ACCOUNTS[0]].by_hand
    assert ACCOUNTS[0] not in members(loaded, FIRST)
    act(loaded, Move(ACCOUNTS[1], FIRST))
    assert (row(loaded, FIRST).members, row(loaded, THIRD).members) == (238, 63)
    view = asyncio.run(loaded.account(ADA, ACCOUNTS[0]))
    assert [one[0] for one in view.member_of] == [THIRD]
    assert [one.action for one in view.decisions] == ["move"]
    for bad in (Move("stranger", FIRST), Move(ACCOUNTS[2], FIRST, FIRST)):
        with pytest.raises(RefusedError, match="R-5"):
            act(loaded, bad)


EACH = [
    Confirm(FIRST), Reject(FIRST), Benign(FIRST, "X"), Merge(FIRST, THIRD),
    Split(FIRST, ACCOUNTS[:7]), Move(ACCOUNTS[0], FIRST, THIRD), Move(ACCOUNTS[0], FIRST),
]  # fmt: skip


@pytest.mark.parametrize("decision", EACH, ids=lambda d: type(d).__name__)
def test_undoing_brings_back_what_was(loaded, decision):
    before = state(loaded)
    done = act(loaded, decision)
    assert state(loaded) != before
    undone = act(loaded, Undo(done.number), why="a mistake")
    assert state(loaded) == before
    assert decisions(loaded) == []
    again, old, _ = asyncio.run(loaded.actions(ADA, Query())).rows
    assert (again.number, old.undone_by, again.undone_by) == (undone.number, undone.number, None)
    with pytest.raises(RefusedError, match="R-6"):
        act(loaded, Undo(done.number))
    with pytest.raises(UnknownCaseError):
        act(loaded, Undo(undone.number))


def test_r6_later_decisions_are_undone_first(loaded):
    split = act(loaded, Split(FIRST, ACCOUNTS[:7]))
    confirm = act(loaded, Confirm(split.more["other"]))
    with pytest.raises(RefusedError, match="R-6") as caught:
        act(loaded, Undo(split.number))
    assert str(confirm.number) in caught.value.todo
    act(loaded, Undo(confirm.number))
    act(loaded, Undo(split.number))
    assert row(loaded, split.more["other"]) is None


def test_only_ones_own_decision_is_undone_but_by_an_approver(loaded):
    done = act(loaded, Reject(FIRST))
    with pytest.raises(ForbiddenError):
        act(loaded, Undo(done.number), person=BO)
    assert act(loaded, Undo(done.number), person=CHIEF).role == "approver"


def test_what_people_decided_stands_over_a_scan_that_does_not_know_it(loaded, publish):
    act(loaded, Move(ACCOUNTS[0], FIRST, THIRD))
    split = act(loaded, Split(FIRST, ACCOUNTS[10:17])).more["other"]
    act(loaded, Reject(SECOND))
    folder = publish("later", lambda r: later(r, **{"7f": grow(3), "20": grow(2), "b0": grow(1)}))
    loaded.database.now(load, folder, now=NOW + 9, who="operator")
    assert members(loaded, THIRD)[ACCOUNTS[0]].by_hand
    assert not {ACCOUNTS[0], *ACCOUNTS[10:17]} & set(members(loaded, FIRST))
    assert set(members(loaded, split)) == set(ACCOUNTS[10:17])
    assert row(loaded, FIRST).members == 240 - 8 + 3
    assert row(loaded, THIRD).members == 62 + 1 + 2
    assert row(loaded, SECOND).state == "rejected"
    assert SECOND not in waits(loaded)


@pytest.mark.parametrize(
    ("decision", "by", "odds", "state_"),
    [
        (Reject(SECOND), 3, 0.0, "rejected"),
        (Reject(SECOND), 4, 0.0, "again"),
        (Reject(SECOND), 0, 2.9, "rejected"),
        (Reject(SECOND), 0, 3.1, "again"),
        (Benign(SECOND, "X"), 0, 9.0, "benign"),
        (Benign(SECOND, "X"), 4, 0.0, "again"),
        (Confirm(SECOND), 40, 9.0, "confirmed"),
    ],
)
def test_a_decided_campaign_waits_again_when_its_evidence_grew(
    loaded, publish, decision, by, odds, state_
):
    first = act(loaded, decision)

    def change(item):
        return dataclasses.replace(grow(by)(item), log_odds=item.log_odds + odds)

    folder = publish("later", lambda result: later(result, b0=change))
    loaded.database.now(load, folder, now=NOW + 9, who="operator")
    assert row(loaded, SECOND).state == state_
    assert (SECOND in waits(loaded)) == (state_ == "again")
    if state_ != "again":
        return
    history = asyncio.run(loaded.campaign(ADA, SECOND)).history
    assert "again" in {one.kind for one in history}
    second = act(loaded, Confirm(SECOND))
    (stands,) = decisions(loaded)
    assert stands["number"] == second.number, "the earlier decision has ended"
    act(loaded, Undo(second.number))
    (stands,) = decisions(loaded)
    assert (stands["number"], row(loaded, SECOND).state) == (first.number, "again")


def test_every_act_is_a_line_of_a_chain_that_shows_a_change(loaded):
    for decision in EACH[:1] + EACH[3:4]:
        with pytest.raises(RefusedError):
            act(loaded, decision, why="")
    act(loaded, Confirm(FIRST))
    act(loaded, Split(THIRD, tuple(f"acct_20d9{n:05d}" for n in range(5))))
    held = loaded.database.now_reading(lambda c: list(lines(c)))
    count, newest = verify(held)
    assert (count, len(newest)) == (3, 64)
    said = [json.loads(line) for line, _ in held]
    assert [one["action"] for one in said] == ["import", "confirm", "split"]
    assert [one["who"] for one in said] == ["operator", "ada", "ada"]
    for n, (line, mark) in enumerate(held):
        for bad in ([*held[:n], *held[n + 1 :]], [*held[:n], (line + b" ", mark), *held[n + 1 :]]):
            if bad == held[: len(bad)]:
                assert verify(bad)[1] != newest, "cut at its end: the hash kept elsewhere shows it"
                continue
            with pytest.raises(RefusedError, match="R-9"):
                verify(bad)


def test_the_file_is_the_same_until_something_is_decided(loaded):
    act(loaded, Confirm(FIRST))
    first = asyncio.run(loaded.decisions(ADA))
    loaded.clock[0] += int(timedelta(days=1).total_seconds() * 1e6)
    assert asyncio.run(loaded.decisions(ADA)) == first
    act(loaded, Reject(SECOND))
    assert [one["number"] for one in decisions(loaded)] == [2, 3]


def test_of_two_who_decide_at_once_one_is_told(database, publish):
    database.now(load, publish(), now=NOW, who="operator")
    cases = StoredCases(database, Sources(database=database.url))

    async def both():
        acts = [cases.act(one, Reject(FIRST), "at once") for one in (ADA, BO)]
        requests = [cases.act(ADA, Request("hold", campaign_id=SECOND), "wait")]
        await asyncio.gather(*requests)
        return await asyncio.gather(*acts, return_exceptions=True)

    done = asyncio.run(both())
    assert sum(isinstance(one, RefusedError) for one in done) == 1
    assert len(decisions(cases)) == 1
    (asked,) = asyncio.run(cases.approvals(ADA))
    people = [Person(name, frozenset({Role.APPROVER})) for name in ("x", "y", "z")]
    others = Database(database.url)
    apart = StoredCases(others, Sources(database=database.url))

    async def approve():
        acts = [
            (cases, apart)[n % 2].act(one, Approve(asked.request_id), "yes")
            for n, one in enumerate(people)
        ]
        return await asyncio.gather(*acts, return_exceptions=True)

    done = asyncio.run(approve())
    assert sum(isinstance(one, RefusedError) for one in done) == 2
    assert verify(database.now_reading(lambda c: list(lines(c))))[0] == 4
    others.close()
