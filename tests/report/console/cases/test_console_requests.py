"""Requests and approvals: the table of who has to agree, row by row."""

from __future__ import annotations

import asyncio
import dataclasses
import json

import pytest
from console_clock import NOW

from stillwatch.errors import RefusedError
from stillwatch.report.console.cases.interface import (
    Approve,
    Decline,
    Person,
    Query,
    Reject,
    Request,
    Role,
    Sources,
    Undo,
    UnknownCaseError,
    Withdraw,
)
from stillwatch.report.console.cases.stored import StoredCases

CAMPAIGN, SMALL, ACCOUNT = "c-7f3a91d2", "c-b01c44e8", "acct_7f3a00000"
BOTH = frozenset({Role.ANALYST, Role.APPROVER})
ADA, BO, CY = (Person(name, BOTH) for name in ("ada", "bo", "cy"))


def act(cases, decision, person=ADA, why="so that it stops"):
    return asyncio.run(cases.act(person, decision, why))


def asked(cases, *words, person=ADA, **more):
    done = act(cases, Request(*words, **more), person)
    return done.about.removeprefix("request:")


def request(cases, name):
    found = asyncio.run(cases.approvals(ADA))
    return next(one for one in found if one.request_id == name)


@pytest.mark.parametrize(
    ("rung", "campaign", "needed", "rule"),
    [
        ("limit", CAMPAIGN, 1, "G-5"),
        ("verify", CAMPAIGN, 1, "G-5"),
        ("withhold", CAMPAIGN, 2, "G-6"),
        ("cap", CAMPAIGN, 2, "G-6"),
        ("mark", CAMPAIGN, 2, "G-6"),
        ("hold", CAMPAIGN, 2, "G-9"),
        ("refuse", SMALL, 1, "G-7"),  # 14 accounts
        ("refuse", CAMPAIGN, 2, "G-7"),  # 240 accounts, above the bound of 25
        ("publish", CAMPAIGN, 1, "DESIGN 7"),
    ],
)
def test_so_many_different_people_agree(loaded, rung, campaign, needed, rule):
    name = asked(loaded, rung, campaign_id=campaign)
    one = request(loaded, name)
    assert (one.needed, one.rule.split(":")[0], one.people) == (needed, rule, ("ada",))
    assert one.state == ("approved" if needed == 1 else "waiting")
    if needed == 1:
        with pytest.raises(RefusedError, match="R-8"):
            act(loaded, Approve(name), BO)
        return
    assert one.command == ""
    with pytest.raises(RefusedError, match="R-8: nobody approves or declines their own"):
        act(loaded, Approve(name), ADA)
    assert request(loaded, name).state == "waiting"
    act(loaded, Approve(name), BO)
    one = request(loaded, name)
    assert (one.state, one.people) == ("approved", ("ada", "bo"))
    with pytest.raises(RefusedError, match="R-8: the request is approved"):
        act(loaded, Approve(name), CY)


@pytest.mark.parametrize("rung", ["decoy", "perturb"])
def test_what_the_policy_turns_off_is_not_asked_for(loaded, rung):
    with pytest.raises(RefusedError, match="G-15"):
        act(loaded, Request(rung, campaign_id=CAMPAIGN))
    assert asyncio.run(loaded.approvals(ADA)) == ()


@pytest.mark.parametrize("rung", ["decoy", "perturb"])
def test_deceiving_measures_take_two_people_and_a_campaign(loaded, tmp_path, rung):
    policy = tmp_path / "policy.toml"
    policy.write_text('version = 1\n[shaping]\ndecoy_model = "small"\nperturbation = true\n')
    sources = Sources(database=loaded.database.url, policy=policy)
    cases = StoredCases(loaded.database, sources, now=lambda: NOW)
    assert request(cases, asked(cases, rung, campaign_id=CAMPAIGN)).needed == 2
    with pytest.raises(RefusedError, match="G-10"):
        act(cases, Request(rung, account_id=ACCOUNT))


@pytest.mark.parametrize(
    ("wanted", "rule"),
    [
        (Request("burn", campaign_id=CAMPAIGN), "R-7"),
        (Request("limit"), "R-7"),
        (Request("limit", campaign_id=CAMPAIGN, account_id=ACCOUNT), "R-7"),
        (Request("publish", account_id=ACCOUNT), "R-7"),
        (Request("limit", campaign_id=CAMPAIGN, hours=0), "G-13"),
        (Request("hold", campaign_id=CAMPAIGN, hours=15 * 24), "G-13"),
        (Request("limit", campaign_id=CAMPAIGN, hours=31 * 24), "G-13"),
        (Request("refuse", account_id="acct_p000000"), "G-8"),  # nothing was found of it
        (Request("limit", account_id="acct_p000000"), "G-5"),
    ],
)
def test_what_governance_forbids_is_not_asked_for(loaded, wanted, rule):
    with pytest.raises(RefusedError, match=rule):
        act(loaded, wanted)
    assert asyncio.run(loaded.actions(ADA, Query())).total == 1


def test_grounds_are_the_families_that_spoke_against_it(loaded):
    one = request(loaded, asked(loaded, "limit", account_id=ACCOUNT))
    assert one.grounds == ("content", "rhythm", "identity", "lifecycle")
    assert one.accounts == 1


def test_nothing_is_asked_of_what_was_rejected_or_does_not_exist(loaded):
    act(loaded, Reject(CAMPAIGN))
    with pytest.raises(RefusedError, match="R-7: the campaign is rejected"):
        act(loaded, Request("limit", campaign_id=CAMPAIGN))
    for wanted in (Request("limit", campaign_id="c-x"), Request("limit", account_id="nobody")):
        with pytest.raises(UnknownCaseError):
            act(loaded, wanted)
    for given in (Approve("q-0"), Decline("\0"), Withdraw("")):
        with pytest.raises(UnknownCaseError):
            act(loaded, given)


def test_a_request_is_declined_or_withdrawn(loaded):
    one, two = (asked(loaded, "hold", campaign_id=CAMPAIGN) for _ in range(2))
    with pytest.raises(RefusedError, match="own request"):
        act(loaded, Decline(one))
    with pytest.raises(RefusedError, match="only who asked"):
        act(loaded, Withdraw(one), BO)
    act(loaded, Decline(one), BO)
    act(loaded, Withdraw(two))
    assert (request(loaded, one).state, request(loaded, one).declined_by) == ("declined", "bo")
    assert request(loaded, two).state == "withdrawn"
    for name in (one, two):
        with pytest.raises(RefusedError, match="R-8"):
            act(loaded, Approve(name), CY)


def test_an_answered_request_is_not_undone(loaded):
    done = act(loaded, Request("hold", campaign_id=CAMPAIGN))
    with pytest.raises(UnknownCaseError):
        act(loaded, Undo(done.number))


def test_a_request_lapses(loaded):
    name = asked(loaded, "hold", campaign_id=CAMPAIGN)
    waiting = Query(filters={"kind": "request"})
    assert asyncio.run(loaded.queue(BO, waiting)).total == 1
    loaded.clock[0] += 72 * 3_600_000_000
    assert request(loaded, name).state == "lapsed"
    assert asyncio.run(loaded.approvals(ADA, "waiting")) == ()
    assert len(asyncio.run(loaded.approvals(ADA, "lapsed"))) == 1
    assert asyncio.run(loaded.queue(BO, waiting)).total == 0
    with pytest.raises(RefusedError, match="R-8: the request is lapsed"):
        act(loaded, Approve(name), BO)


def test_the_queue_says_what_each_may_do(loaded):
    asked(loaded, "hold", campaign_id=CAMPAIGN)
    analyst = dataclasses.replace(CY, roles=frozenset({Role.ANALYST}))
    query = Query(filters={"kind": "request"})
    for person, acts in ((ADA, ("withdraw",)), (BO, ("approve", "decline")), (analyst, ())):
        (item,) = asyncio.run(loaded.queue(person, query)).rows
        assert item.acts == acts


def test_the_command_signs_what_was_approved(loaded):
    one = request(loaded, asked(loaded, "limit", campaign_id=CAMPAIGN, hours=36))
    assert one.command.startswith(f"stillwatch measures propose limit --campaign {CAMPAIGN}")
    assert "--hours 36" in one.command
    assert "--why 'so that it stops'" in one.command
    nasty = act(loaded, Request("limit", campaign_id=CAMPAIGN), why="'; rm -rf ~ #$(x)")
    command = request(loaded, nasty.about.removeprefix("request:")).command
    assert command.endswith("""--why ''"'"'; rm -rf ~ #$(x)'""")


def test_both_names_are_in_the_log(loaded):
    name = asked(loaded, "hold", campaign_id=CAMPAIGN)
    act(loaded, Approve(name), BO, why="agreed")
    query = Query(filters={"about": f"request:{name}"}, descending=False)
    first, second = asyncio.run(loaded.actions(ADA, query)).rows
    assert (first.action, first.who, first.more["needed"]) == ("request", "ada", 2)
    assert (second.action, second.who, second.why) == ("approve", "bo", "agreed")
    assert json.loads(json.dumps(second.more)) == {"rung": "hold", "requested_by": "ada"}
