"""What a scan wrote, into the console's tables: once, whole, and with its history."""

from __future__ import annotations

import dataclasses
import json
import multiprocessing
import os
import signal
from datetime import timedelta

import pytest
import sqlalchemy as sa
from console_clock import NOW
from example_scan import HOSTILE, empty_scan, hostile_scan

from stillwatch.errors import (
    ConfigurationError,
    InputFormatError,
    OutputError,
    SourceNotFoundError,
)
from stillwatch.report.console.cases import verdicts
from stillwatch.report.console.cases.loading import load
from stillwatch.report.documents import write_scan
from stillwatch.store import Database
from stillwatch.store import console_tables as tables

FIRST, SECOND, THIRD = "c-7f3a91d2", "c-b01c44e8", "c-20d9e6aa"


def dump(database):
    """Return all rows of all tables but the log, by table."""
    found = {}
    for table in tables.METADATA.sorted_tables:
        rows = database.now_reading(lambda c, t=table: c.execute(sa.select(t)).all())
        found[table.name] = sorted(map(repr, rows))
    return found


def rows(database, table, **where):
    query = sa.select(table)
    for name, value in where.items():
        query = query.where(table.c[name] == value)
    return database.now_reading(lambda c: c.execute(query).all())


def test_the_same_results_again_change_nothing(database, publish, example):
    folder = publish()
    first = database.now(load, folder, now=NOW, who="operator")
    assert (first.run, first.changed, first.campaigns) == (1, True, 3)
    assert first.verdicts == len(example[0].verdicts)
    before = dump(database)
    assert len(before["console_accounts"]) == len(example[0].verdicts)
    again = database.now(load, folder, now=NOW + 5, who="operator")
    assert (again.run, again.changed) == (1, False)
    slower = publish("elsewhere", lambda r: dataclasses.replace(r, seconds={"observe": 99.0}))
    assert not database.now(load, slower, now=NOW + 6, who="operator").changed
    assert dump(database) == before


def test_what_is_kept_of_a_campaign_adds_up(database, publish, example):
    database.now(load, publish(), now=NOW, who="operator")
    for item in example[0].campaigns:
        (row,) = rows(database, tables.campaigns, campaign_id=item.campaign_id)
        assert (row.members, row.flagged) == (len(item.members), len(item.flagged_at))
        assert (row.exchanges, row.leaked) == (item.exchanges, item.leaked)
        bins = rows(database, tables.bins, campaign_id=item.campaign_id)
        assert sum(one.exchanges for one in bins) == item.exchanges
        assert sum(one.leaked for one in bins) == item.leaked
        assert len(rows(database, tables.votes, campaign_id=item.campaign_id)) == len(item.votes)
        edges = rows(database, tables.edges, campaign_id=item.campaign_id)
        assert len(edges) == sum(len(entity.members) for entity in item.entities)
        assert len(rows(database, tables.streams, campaign_id=item.campaign_id)) == 2
    days = rows(database, tables.days)
    assert sum(day.exchanges for day in days) == sum(c.exchanges for c in example[0].campaigns)
    costs = [row.cost for row in rows(database, tables.campaigns)]
    assert sum(day.likely for day in days) == pytest.approx(sum(costs))
    assert {row.explained for row in rows(database, tables.groups)} == {True, False}


def later(result, **campaigns):
    """Return a result a day later, some of its campaigns changed."""
    kept = tuple(
        campaigns.get(item.campaign_id[2:4], lambda one: one)(item) for item in result.campaigns
    )
    return dataclasses.replace(
        result,
        as_of=result.as_of + timedelta(days=1),
        campaigns=tuple(item for item in kept if item is not None),
        findings=tuple(
            one
            for one in result.findings
            if not one.group.startswith("c-") or any(one in k.findings for k in kept if k)
        ),
    )


def grow(by):
    def change(item):
        fresh = {f"new-{item.campaign_id}-{n}": 0.9 for n in range(by)}
        return dataclasses.replace(
            item,
            members={**item.members, **fresh},
            flagged_at={**item.flagged_at, **dict.fromkeys(fresh, item.declared_at)},
        )

    return change


def test_a_later_scan_adds_and_keeps_what_ended(database, publish):
    database.now(load, publish(), now=NOW, who="operator")
    before = {row.campaign_id: row for row in rows(database, tables.campaigns)}
    merged = {
        "7f": lambda item: dataclasses.replace(item, merged=(*item.merged, SECOND)),
        "b0": lambda _: None,
        "20": grow(3),
    }
    folder = publish("later", lambda result: later(result, **merged))
    done = database.now(load, folder, now=NOW + 9, who="operator")
    assert (done.run, done.campaigns) == (2, 2)
    after = {row.campaign_id: row for row in rows(database, tables.campaigns)}
    assert (after[SECOND].standing, after[SECOND].merged_into) == ("merged", FIRST)
    assert after[SECOND].last_run == 1
    assert after[THIRD].members == before[THIRD].members + 3
    assert after[FIRST].first_run == 1
    assert {row.last_run for name, row in after.items() if name != SECOND} == {2}
    kinds = {(r.kind, r.campaign_id) for r in rows(database, tables.history, run=2, account="")}
    assert kinds == {("merged", SECOND), ("grew", THIRD)}
    gone = publish("gone", lambda r: later(later(r, **merged), **{"20": lambda _: None}))
    database.now(load, gone, now=NOW + 10, who="operator")
    assert {r.standing for r in rows(database, tables.campaigns, campaign_id=THIRD)} == {"gone"}
    back = publish("back", lambda r: later(later(later(r, **merged))))
    database.now(load, back, now=NOW + 11, who="operator")
    assert {r.standing for r in rows(database, tables.campaigns, campaign_id=THIRD)} == {"declared"}


def test_only_verdicts_that_changed_are_told(database, publish, example):
    database.now(load, publish(), now=NOW, who="operator")
    told = len(rows(database, tables.history))
    chosen = [v for v in example[0].verdicts if v.flagged_at is not None][:3]
    names = {v.account_id for v in chosen}

    def change(result):
        said = tuple(
            dataclasses.replace(v, campaign_id=None, flagged_at=None, score=0.2)
            if v.account_id in names
            else v
            for v in result.verdicts
        )
        return dataclasses.replace(later(result), verdicts=said[:-1])

    done = database.now(load, publish("later", change), now=NOW + 9, who="operator")
    assert done.verdicts == 4
    together, *fresh = sorted(
        (row for row in rows(database, tables.history) if row.run == 2), key=lambda r: r.account
    )
    assert len(rows(database, tables.history)) == told + 4
    assert (together.account, together.now) == ("", "3 accounts")
    assert {(row.kind, row.account) for row in fresh} == {("withdrawn", name) for name in names}
    assert all(row.was.startswith("flagged ") and "score 0.200" in row.now for row in fresh)
    (gone,) = rows(database, tables.accounts, gone=True)
    assert gone.account == example[0].verdicts[-1].account_id


def test_revisions_of_the_state_are_taken_once(database, publish, tmp_path):
    state = tmp_path / "state"
    (state / "revisions").mkdir(parents=True)
    change = {
        "account_id": "acct_7f3a00001",
        "change": "moved",
        "was": "2026-09-05T00:00:00+00:00",
        "now": "2026-09-06T00:00:00+00:00",
        "campaign_was": FIRST,
        "campaign_now": FIRST,
    }
    (state / "revisions" / "000001.json").write_text(json.dumps({"changes": [change]}))
    (state / "state.json").write_text(json.dumps({"revisions": ["000001.json"]}))
    folder = publish()
    assert database.now(load, folder, now=NOW, who="o", state=state).revisions == 1
    assert database.now(load, folder, now=NOW, who="o", state=state).revisions == 0
    (state / "revisions" / "000002.json").write_text(json.dumps({"changes": [change] * 2}))
    (state / "state.json").write_text(json.dumps({"revisions": ["000001.json", "000002.json"]}))
    again = database.now(load, folder, now=NOW, who="o", state=state)
    assert (again.revisions, again.changed, again.run) == (2, True, 1)
    (found, *_) = rows(database, tables.history, kind="revised", account="acct_7f3a00001")
    assert (found.account, found.was) == (
        "acct_7f3a00001",
        f"moved: 2026-09-05T00:00:00+00:00 {FIRST}",
    )
    for text in ("{", "[]", '{"revisions": 3}', '{"revisions": ["x.json"]}'):
        (state / "state.json").write_text(text)
        (state / "revisions" / "x.json").write_text('{"changes": [{}]}')
        with pytest.raises(InputFormatError, match="state of scans is damaged"):
            database.now(load, folder, now=NOW, who="o", state=state)


def test_older_results_are_refused(database, publish):
    database.now(load, publish("late", later), now=NOW, who="operator")
    before = dump(database)
    with pytest.raises(ConfigurationError, match="these results end at"):
        database.now(load, publish(), now=NOW, who="operator")
    assert dump(database) == before


def test_hostile_text_is_kept_as_text(database, tmp_path):
    write_scan(hostile_scan(), tmp_path / "hostile")
    database.now(load, tmp_path / "hostile", now=NOW, who="operator")
    (row,) = rows(database, tables.campaigns)
    assert row.campaign_id == HOSTILE[0]
    assert row.members == len(HOSTILE)
    names = {one.account for one in rows(database, tables.members)}
    assert "nul\\x00byte" in names
    assert HOSTILE[1] in names
    assert {one.account for one in rows(database, tables.accounts)} == names


def test_a_scan_that_found_nothing_is_imported(database, tmp_path):
    write_scan(empty_scan(), tmp_path / "empty")
    assert database.now(load, tmp_path / "empty", now=NOW, who="operator").changed
    assert rows(database, tables.campaigns) == []


def broken(document, path, value):
    *steps, last = path
    place = document
    for step in steps:
        place = place[step]
    if value is KeyError:
        del place[last]
    else:
        place[last] = value


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("schema_version",), 2),
        (("scan",), KeyError),
        (("scan", "as_of"), "yesterday"),
        (("scan", "exchanges"), "many"),
        (("campaigns", 0, "members"), 3),
        (("campaigns", 0, "members", 0, "probability"), "likely"),
        (("campaigns", 0, "declared_at"), None),
        (("campaigns", 0, "activity", 0, "exchanges"), "x"),
        (("campaigns", 0, "campaign_id"), SECOND),
        (("files",), {}),
    ],
)
def test_a_bad_document_is_named_and_changes_nothing(lite, publish, path, value):
    folder = publish()
    document = json.loads((folder / "campaigns.json").read_text())
    broken(document, path, value)
    (folder / "campaigns.json").write_text(json.dumps(document))
    before = dump(lite)
    with pytest.raises(InputFormatError) as caught:
        lite.now(load, folder, now=NOW, who="operator")
    assert caught.value.where
    assert dump(lite) == before


def test_absent_or_foreign_files_are_named(lite, publish, tmp_path):
    with pytest.raises(SourceNotFoundError):
        lite.now(load, tmp_path / "nowhere", now=NOW, who="operator")
    folder = publish()
    (folder / "verdicts.parquet").write_bytes(b"PAR1")
    with pytest.raises(InputFormatError, match="not the file that"):
        lite.now(load, folder, now=NOW, who="operator")
    (folder / "findings.parquet").unlink()
    with pytest.raises((SourceNotFoundError, InputFormatError)):
        lite.now(load, folder, now=NOW, who="operator")


def die_in_the_middle(url, folder):
    def killed(*_, **__):
        os.kill(os.getpid(), signal.SIGKILL)

    verdicts._news = killed
    Database(url).now(load, folder, now=NOW + 1, who="operator")


def test_a_killed_import_leaves_what_was_there(database, publish):
    database.now(load, publish(), now=NOW, who="operator")
    before = dump(database)

    def change(result):
        said = tuple(dataclasses.replace(v, score=0.77) for v in result.verdicts)
        return dataclasses.replace(later(result, **{"20": grow(5)}), verdicts=said)

    folder = publish("later", change)
    process = multiprocessing.get_context("spawn").Process(
        target=die_in_the_middle, args=(database.url, folder)
    )
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    assert dump(database) == before
    assert database.now(load, folder, now=NOW + 2, who="operator").campaigns == 1


def test_the_log_only_grows(database, publish):
    database.now(load, publish(), now=NOW, who="operator")
    for statement in (
        "UPDATE console_actions SET who = 'nobody'",
        "DELETE FROM console_actions",
    ):
        with pytest.raises(OutputError, match="can only grow"):
            database.now(lambda c, text=statement: c.exec_driver_sql(text))
    assert len(rows(database, tables.actions)) == 1


def test_no_text_of_a_prompt_is_kept(lite, example, tmp_path):
    prompts = {e.exchange_id: "secret words of a person" for e in example[0].campaigns[0].examples}
    write_scan(example[0], tmp_path / "shown", example[1], prompts=prompts)
    assert "secret words" in (tmp_path / "shown" / "report.html").read_text()
    lite.now(load, tmp_path / "shown", now=NOW, who="operator")
    assert "secret words" not in repr(dump(lite))
