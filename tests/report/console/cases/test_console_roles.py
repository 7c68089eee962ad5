"""Who may see and do what, role by role and act by act."""

from __future__ import annotations

import asyncio
import dataclasses
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from stillwatch.report.console.cases.interface import (
    MAY,
    Act,
    Approve,
    Benign,
    Confirm,
    Decline,
    ForbiddenError,
    Merge,
    Move,
    Person,
    Query,
    Reject,
    Request,
    Role,
    Split,
)
from stillwatch.report.console.cases.roles import may, role_for

EXPECTED = {
    Act.SEE_OVERVIEW: "analyst approver counsel support read_only",
    Act.SEE_CAMPAIGNS: "analyst approver counsel read_only",
    Act.SEE_ACCOUNTS: "analyst approver counsel support",
    Act.SEE_EXCHANGE: "analyst approver counsel read_only",
    Act.SEE_LOG: "analyst approver counsel",
    Act.CONFIRM: "analyst",
    Act.REJECT: "analyst",
    Act.BENIGN: "analyst",
    Act.MERGE: "analyst",
    Act.SPLIT: "analyst",
    Act.MOVE: "analyst",
    Act.UNDO: "analyst",
    Act.UNDO_OTHERS: "approver",
    Act.REQUEST: "analyst",
    Act.APPROVE: "approver",
    Act.EXPORT: "analyst approver counsel",
    Act.PEOPLE: "approver",
}
"""The table as it is promised; a change of the code has to change it here too."""
ACCOUNT = "acct_7f3a00000"
CAMPAIGN, OTHER = "c-7f3a91d2", "c-20d9e6aa"


def test_every_act_and_role_has_its_row():
    assert set(EXPECTED) == set(Act)
    assert set(MAY) == set(Role)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("act", Act)
def test_a_role_may_do_what_the_table_says(role, act):
    person = Person("x", frozenset({role}))
    able = role.value in EXPECTED[act].split()
    assert person.may(act) == able
    if able:
        may(person, act)
        assert role_for(person, act) is role
    else:
        with pytest.raises(ForbiddenError) as caught:
            may(person, act)
        assert caught.value.exit_code == 12
        assert all(name in caught.value.todo for name in EXPECTED[act].split())


def test_roles_add_up_and_nobody_may_without_one():
    both = Person("x", frozenset({Role.ANALYST, Role.APPROVER}))
    assert {act for act in Act if both.may(act)} == MAY[Role.ANALYST] | MAY[Role.APPROVER]
    assert not any(Person("x", frozenset()).may(act) for act in Act)


ASKED = {
    Act.SEE_OVERVIEW: [lambda c, p: c.now(p)],
    Act.SEE_CAMPAIGNS: [
        lambda c, p: c.changes(p, datetime(2026, 1, 1, tzinfo=UTC)),
        lambda c, p: c.campaigns(p, Query()),
        lambda c, p: c.campaign(p, CAMPAIGN),
        lambda c, p: c.members(p, CAMPAIGN, Query()),
        lambda c, p: c.graph(p, CAMPAIGN),
        lambda c, p: c.groups(p, Query()),
        lambda c, p: c.group(p, "g-0000"),
        lambda c, p: c.queue(p, Query()),
        lambda c, p: c.approvals(p),
    ],
    Act.SEE_ACCOUNTS: [
        lambda c, p: c.accounts(p, Query()),
        lambda c, p: c.account(p, ACCOUNT),
    ],
    Act.SEE_EXCHANGE: [lambda c, p: c.exchange(p, Query())],
    Act.SEE_LOG: [lambda c, p: c.actions(p, Query())],
    Act.EXPORT: [lambda c, p: c.decisions(p)],
}


@pytest.mark.parametrize("role", Role)
def test_every_question_asks_for_its_right(loaded, role):
    person = Person("x", frozenset({role}))
    for act, questions in ASKED.items():
        for question in questions:
            if person.may(act):
                asyncio.run(question(loaded, person))
            else:
                with pytest.raises(ForbiddenError):
                    asyncio.run(question(loaded, person))


DONE = {
    Act.CONFIRM: Confirm(CAMPAIGN),
    Act.REJECT: Reject(CAMPAIGN),
    Act.BENIGN: Benign(CAMPAIGN, "a class"),
    Act.MERGE: Merge(OTHER, CAMPAIGN),
    Act.SPLIT: Split(CAMPAIGN, (ACCOUNT,)),
    Act.MOVE: Move(ACCOUNT, CAMPAIGN),
    Act.REQUEST: Request("limit", campaign_id=CAMPAIGN),
    Act.APPROVE: Approve("q-0"),
}


@pytest.mark.parametrize("act", DONE)
@pytest.mark.parametrize("role", Role)
def test_every_act_asks_for_its_right(loaded, role, act):
    person = Person("x", frozenset({role}))
    if person.may(act):
        if act is not Act.APPROVE:  # there is none to approve
            assert asyncio.run(loaded.act(person, DONE[act], "why")).role == role.value
        return
    for decision in (DONE[act], *([Decline("q-0")] if act is Act.APPROVE else [])):
        with pytest.raises(ForbiddenError):
            asyncio.run(loaded.act(person, decision, "why"))
    everyone = Person("a", frozenset(Role))
    assert asyncio.run(loaded.actions(everyone, Query())).total == 1, "the import alone"


def test_support_sees_one_account_at_a_time_and_no_names(loaded, people):
    support = people[Role.SUPPORT]
    analyst = people[Role.ANALYST]
    asyncio.run(loaded.act(analyst, Move("acct_7f3a00001", CAMPAIGN), "a customer"))
    assert asyncio.run(loaded.accounts(support, Query())).total == 0
    assert asyncio.run(loaded.accounts(support, Query(filters={"text": "acct_7f"}))).total == 0
    (found,) = asyncio.run(loaded.accounts(support, Query(filters={"text": ACCOUNT}))).rows
    assert found.account_id == ACCOUNT
    for account in (ACCOUNT, "acct_7f3a00001"):
        view = asyncio.run(loaded.account(support, account))
        assert view.peers.rows == ()
        assert view.decisions == ()
    assert len(asyncio.run(loaded.account(analyst, "acct_7f3a00001")).decisions) == 1
    assert asyncio.run(loaded.now(support)).changes == ()


def test_who_may_not_see_the_log_sees_no_names(loaded, people):
    asyncio.run(loaded.act(people[Role.ANALYST], Confirm(CAMPAIGN), "looked"))
    reader = people[Role.READ_ONLY]
    view = asyncio.run(loaded.campaign(reader, CAMPAIGN))
    now = asyncio.run(loaded.now(reader, datetime(2026, 1, 1, tzinfo=UTC)))
    assert now.changes
    names = {person.name for person in people.values()}
    assert not any(name in repr((view, dataclasses.replace(now, health=()))) for name in names)


def test_the_documented_table_is_the_one_that_counts():
    page = (Path(__file__).parents[4] / "docs" / "reference" / "console-cases.md").read_text()
    rows = re.findall(r"^\| (\w+) \|((?: yes \| *| \| *)+)$", page, re.MULTILINE)
    said = {name: [cell.strip() == "yes" for cell in cells.split("|")[:-1]] for name, cells in rows}
    held = {act.value: [act in MAY[role] for role in Role] for act in Act}
    assert said == held
