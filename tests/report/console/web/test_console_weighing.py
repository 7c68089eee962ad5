"""What a person weighs: questions, what was measured, and the side that it speaks for."""

from __future__ import annotations

import dataclasses

import pytest
from filled_cases import FilledCases

from stillwatch.report.console.cases.records import CampaignView, FindingRow
from stillwatch.report.console.web.weighing import facts


def finding(detector, effect, log_e=0.0, accounts=10, **more):
    row = FilledCases("x").made(FindingRow)
    values = {"role": "evidence", "enough_data": True, "explanation": f"of {detector}"} | more
    return dataclasses.replace(
        row, detector=detector, effect=effect, log_e=log_e, accounts=accounts, **values
    )


def view(*findings, odds=1.0, members=10, entities=()):
    made = FilledCases("x").made(CampaignView)
    row = dataclasses.replace(made.row, log_odds=odds, members=members)
    return dataclasses.replace(made, row=row, findings=findings, entities=entities)


def sides(*findings, alpha=0.05, **more):
    return {fact.question.split()[0]: fact.side for fact in facts(view(*findings, **more), alpha)}


@pytest.mark.parametrize(
    ("odds", "side"), [(3.5, "against"), (3.4, ""), (-1.0, ""), (-1.1, "for"), (9, "against")]
)
def test_the_weighed_evidence_speaks_by_the_scans_own_threshold(odds, side):
    assert sides(odds=odds)["How"] == side


def test_evidence_that_is_mostly_of_other_accounts_is_said_to_be():
    assert sides(finding("lock-step", 1.0, accounts=15))["Is"] == "for"
    assert "Is" not in sides(finding("lock-step", 1.0, accounts=14))
    assert "Is" not in sides(finding("lock-step", 1.0, accounts=6))
    assert sides(finding("lock-step", 1.0, accounts=5))["Is"] == ""


def test_ties_speak_only_where_the_members_hold_values_that_nobody_else_holds():
    tie = finding("payment-links", 0.6, 4.0)
    own, common = ("card", "card 1", 4, 0), ("card", "card 2", 5, 9)
    assert sides(tie, entities=(own,))["Who"] == "against"
    assert sides(tie, entities=(common,))["Who"] == ""
    assert sides(tie)["Who"] == ""
    assert sides(finding("payment-links", 0.0), entities=(own,))["Who"] == ""
    [fact] = [f for f in facts(view(tie, entities=(own,)), None) if f.question.startswith("Who")]
    assert "60% share a payment value" in fact.here
    assert "a card of 4 of 10 members and 0 other accounts" in fact.here
    assert "values" not in fact.here
    held = (own, ("card", "card 3", 2, 0), ("phone", "phone 1", 3, 0), common)
    [fact] = [f for f in facts(view(tie, entities=held), None) if f.question.startswith("Who")]
    assert "3 values are each held by several of them and by nobody else" in fact.here


def test_people_who_ask_on_and_classes_and_users_of_one_tool_are_spoken_for():
    assert sides(finding("no-follow-up", 0.3))["Do"] == "for"
    assert sides(finding("no-follow-up", 1.0))["Do"] == ""
    assert sides(finding("no-follow-up", 1.0, 1.2))["Do"] == "against"
    assert sides(finding("creation-clump", 1.0, 6.0))["Were"] == "for"
    assert sides(finding("client-rarity", 0.9))["Do"] == "for"
    tied = (finding("device-links", 0.8, 5.0), finding("creation-clump", 1.0, 6.0))
    assert sides(*tied)["Were"] == ""
    assert "Were" not in sides(finding("creation-clump", 0.2))


def test_what_had_too_little_data_says_nothing():
    silent = finding("no-follow-up", 0.1, enough_data=False)
    assert [fact.question for fact in facts(view(silent, odds=None), None)] == [
        "Who pays, and from which machine?"
    ]


def test_a_lenient_scan_is_named():
    [fact] = [f for f in facts(view(odds=1.0), 0.999) if f.question.startswith("How")]
    assert "alpha 0.999" in fact.tells
    [fact] = [f for f in facts(view(odds=1.0), 0.05) if f.question.startswith("How")]
    assert "alpha" not in fact.tells
