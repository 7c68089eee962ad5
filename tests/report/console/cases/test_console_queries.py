"""What pages get: lists in every order, pages that fit together, views that hold what was read."""

from __future__ import annotations

import asyncio
import dataclasses
from datetime import UTC, datetime

import pytest
from console_clock import NOW

from stillwatch.errors import ConfigurationError
from stillwatch.report.console.cases.interface import (
    ORDERS,
    Confirm,
    Person,
    Query,
    Role,
    Sources,
    UnknownCaseError,
)
from stillwatch.report.console.cases.loading import load
from stillwatch.report.console.cases.records import Page
from stillwatch.report.console.cases.stored import StoredCases

ANN = Person("ann", frozenset(Role))
CAMPAIGN = "c-7f3a91d2"
LISTS = {
    "campaigns": lambda cases, query: cases.campaigns(ANN, query),
    "members": lambda cases, query: cases.members(ANN, CAMPAIGN, query),
    "accounts": lambda cases, query: cases.accounts(ANN, query),
    "groups": lambda cases, query: cases.groups(ANN, query),
    "actions": lambda cases, query: cases.actions(ANN, query),
    "queue": lambda cases, query: cases.queue(ANN, query),
}
NAMES = {"accounts": "account_id", "members": "account_id", "actions": "number"}


def asked(cases, kind, **query):
    return asyncio.run(LISTS[kind](cases, Query(**query)))


@pytest.mark.parametrize(
    ("kind", "sort"), [(kind, sort) for kind in LISTS for sort in ORDERS[kind]]
)
@pytest.mark.parametrize("descending", [True, False])
def test_pages_in_every_order_are_the_whole_list(loaded, kind, sort, descending):
    asyncio.run(loaded.act(ANN, Confirm(CAMPAIGN), "looked"))
    how = {"sort": sort, "descending": descending}
    whole = asked(loaded, kind, size=500, **how)
    rows = list(whole.rows)
    for page in range(2, whole.pages + 1):
        rows += asked(loaded, kind, size=500, page=page, **how).rows
    assert len(rows) == whole.total > 0
    parts = []
    for page in range(1, -(-whole.total // 7) + 1):
        if whole.total > 100 and 2 < page < whole.total // 7 - 2 and page % 9:
            parts += rows[7 * (page - 1) : 7 * page]  # a few of many
            continue
        parts += asked(loaded, kind, size=7, page=page, **how).rows
    assert parts == rows
    values = [getattr(row, sort, None) for row in rows]
    if values[0] is not None and sort not in {"since", "weight"}:
        known = [value for value in values if value is not None]
        assert known == sorted(known, reverse=descending)
        assert None not in values[: len(known)], "what is not known stands last"
    beyond = asked(loaded, kind, size=7, page=9_999, **how)
    assert (beyond.page, beyond.rows) == (beyond.pages, tuple(rows[7 * (beyond.pages - 1) :]))


@pytest.mark.parametrize("kind", LISTS)
@pytest.mark.parametrize(
    "query",
    [{"sort": "digest"}, {"size": 0}, {"size": 501}, {"page": 0}, {"page": 2**40}],
    ids=str,
)
def test_a_query_that_means_nothing_is_named(loaded, kind, query):
    with pytest.raises(ConfigurationError):
        asked(loaded, kind, **query)


@pytest.mark.parametrize(
    ("kind", "filters", "total"),
    [
        ("campaigns", {"state": "waiting"}, 3),
        ("campaigns", {"state": "confirmed"}, 0),
        ("campaigns", {"kind": "code"}, 1),
        ("campaigns", {"text": "c-7"}, 1),
        ("campaigns", {"text": "C-7"}, 0),
        ("campaigns", {"text": "%"}, 0),
        ("members", {"flagged": "yes", "text": "acct_7f3a0000"}, 10),
        ("accounts", {"text": "acct_p"}, 284),
        ("accounts", {"campaign": "c-b01c44e8"}, 14),
        ("groups", {"explained": "yes"}, 3),
        ("actions", {"action": "import"}, 1),
        ("actions", {"who": "nobody"}, 0),
        ("queue", {"kind": "appeal"}, 0),
        ("queue", {"campaign": CAMPAIGN}, 1),
    ],
)
def test_filters(loaded, kind, filters, total):
    assert asked(loaded, kind, filters=filters).total == total


@pytest.mark.parametrize("kind", [kind for kind in LISTS if kind != "actions"])
def test_a_filter_that_does_not_exist_is_named(loaded, kind):
    with pytest.raises(ConfigurationError):
        asked(loaded, kind, filters={"digest": "x"})


def test_the_first_page_says_where_everything_stands(loaded, example):
    now = asyncio.run(loaded.now(ANN, datetime(2026, 1, 1, tzinfo=UTC)))
    result = example[0]
    assert (now.run.exchanges, now.run.flagged) == (
        result.exchanges, sum(v.flagged_at is not None for v in result.verdicts),
    )  # fmt: skip
    assert now.run.as_of == result.as_of
    assert now.run.events == tuple((e.time, e.type, e.model or "") for e in result.events)
    assert now.states == {"waiting": 3}
    assert now.waiting["campaign"] == 3
    assert now.currency == "USD"
    assert [day.day for day in now.days] == sorted(day.day for day in now.days)
    assert sum(day.leaked for day in now.days) == sum(c.leaked for c in result.campaigns)
    kinds = [change.kind for change in now.changes]
    assert kinds.count("declared") == 3
    assert kinds.count("flagged") == 3, "accounts are told together, by campaign"
    assert asyncio.run(loaded.now(ANN, datetime(2030, 1, 1, tzinfo=UTC))).changes == ()


def test_the_version_changes_with_every_import_and_act(loaded, publish):
    seen = [asyncio.run(loaded.version())]
    asyncio.run(loaded.act(ANN, Confirm(CAMPAIGN), "looked"))
    seen.append(asyncio.run(loaded.version()))
    folder = publish("later", lambda r: dataclasses.replace(r, exchanges=r.exchanges + 1))
    loaded.database.now(load, folder, now=NOW, who="o")
    seen.append(asyncio.run(loaded.version()))
    loaded.database.now(load, folder, now=NOW, who="o")
    assert len(set(seen)) == 3
    assert asyncio.run(loaded.version()) == seen[-1]


def test_a_campaigns_page_holds_what_the_scan_said(loaded, example):
    item = example[0].campaigns[0]
    view = asyncio.run(loaded.campaign(ANN, item.campaign_id))
    assert {(v.family, v.log_e, v.null) for v in view.votes} == {
        (v.family, v.log_e, v.null) for v in item.votes
    }
    assert {f.detector for f in view.findings} == {f.detector for f in item.findings}
    weights = [f.log_e or 0.0 for f in view.findings]
    assert weights == sorted(weights, reverse=True)
    assert view.explanations == item.explanations
    assert view.harvested == tuple(item.harvested.items())
    assert view.merged == item.merged
    assert view.split_off == ("c-20d9e6aa",)
    assert {s.name: s.exchanges for s in view.streams} == {u.model: u.exchanges for u in item.usage}
    assert {e[1] for e in view.entities} == {e.name for e in item.entities}
    assert [e["exchange_id"] for e in view.examples] == [e.exchange_id for e in item.examples]
    assert view.damage["currency"] == "USD"
    assert [b.time for b in view.bins] == sorted(b.time for b in view.bins)


@pytest.mark.parametrize("most", [2, 30, 2_000])
def test_a_network_is_drawn_up_to_a_bound_and_the_rest_is_counted(loaded, example, most):
    item = example[0].campaigns[0]
    graph = asyncio.run(loaded.graph(ANN, item.campaign_id, most))
    assert len(graph.nodes) <= most
    drawn = {node.node_id for node in graph.nodes}
    assert all({edge.account, edge.entity} <= drawn for edge in graph.edges)
    shown = sum(node.kind == "account" for node in graph.nodes)
    assert shown + graph.accounts_left_out == len(item.members)
    entities = [e for e in item.entities if f"entity:{e.name}" in drawn]
    held = sum(len(entity.members) for entity in entities)
    assert len(graph.edges) + sum(graph.together.values()) == held


def test_an_accounts_page_says_why_and_why_not(loaded, example):
    item = example[0].campaigns[0]
    name = item.entities[0].members[0]
    view = asyncio.run(loaded.account(ANN, name))
    assert view.row.campaign_id == item.campaign_id
    assert view.why[0] == "starts in lock step with 239 others"
    assert any("rhythm, log e 21.4" in said for said in view.why)
    assert item.explanations[0] in view.why_not
    assert view.missing[0].startswith("peer-indicators: not enough data.")
    assert view.missing[-1] == example[0].missing[-1]
    expected = {
        other
        for entity in item.entities
        if name in entity.members
        for other in entity.members
        if other != name
    }
    assert {peer.account_id for peer in view.peers.rows} == expected
    assert [one.kind for one in view.history] == ["flagged"]
    quiet = asyncio.run(loaded.account(ANN, "acct_p000001"))
    assert quiet.why_not == ("it belongs to no declared campaign",)
    assert quiet.peers == Page((), 0, 1, 50)


def test_a_groups_page_holds_its_evidence_and_why_it_was_not_declared(loaded):
    view = asyncio.run(loaded.group(ANN, "g-0000"))
    assert view.row.explained
    assert view.row.rule.startswith("All accounts joined one network")
    assert {f.role for f in view.findings} == {"evidence", "explanation"}
    weak = asyncio.run(loaded.group(ANN, "w-1"))
    assert not weak.row.explained
    assert "J-9" in weak.row.rule


@pytest.mark.parametrize("name", ["", "nobody", "a\0b", "x" * 5_000, "' OR 1=1 --"])
def test_what_does_not_exist_is_said(loaded, name):
    for ask in (loaded.campaign, loaded.group, loaded.account, loaded.graph):
        with pytest.raises(UnknownCaseError):
            asyncio.run(ask(ANN, name))
    with pytest.raises(UnknownCaseError):
        asyncio.run(loaded.members(ANN, name, Query()))


def test_before_the_first_import_pages_are_empty(lite):
    cases = StoredCases(lite, Sources(database=lite.url))
    now = asyncio.run(cases.now(ANN))
    assert (now.run, now.days, now.changes) == (None, (), ())
    assert now.health[0].state == "unknown"
    for kind in ("campaigns", "accounts", "groups", "queue", "actions"):
        assert asked(cases, kind).total == 0


def test_grey_accounts_wait_for_a_person(lite, publish):
    names = ("acct_p000001", "acct_p000002")

    def change(result):
        said = tuple(
            dataclasses.replace(v, score=0.45, recommended_measure="review", reasons=("look",))
            if v.account_id in names
            else v
            for v in result.verdicts
        )
        return dataclasses.replace(result, verdicts=said)

    lite.now(load, publish("grey", change), now=NOW, who="o")
    cases = StoredCases(lite, Sources(database=lite.url))
    found = asked(cases, "queue", filters={"kind": "account"})
    assert {item.account_id for item in found.rows} == set(names)
    assert {(item.why, item.acts) for item in found.rows} == {("look", ("request",))}
    assert asyncio.run(cases.now(ANN)).waiting["account"] == 2
