"""Quotas, and an audit log that shows when it was touched."""

from __future__ import annotations

import re
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.errors import ConfigurationError, RefusedError
from stillwatch.share.oprf import (
    DEFAULTS,
    Quota,
    audit,
    connected,
    days_to_enumerate,
    quota_table,
)
from stillwatch.share.oprf.database import REPEATS, Request, charge, spent

DAY = 86_400
QUOTA = Quota(member_day=10, member_epoch=15, all_day=18, all_epoch=25)
ASKED = Request(
    at=100 * DAY, member="one", keyid="k", epoch=1, generation=0, kind="email",
    purpose="suspicion", elements=5, batch="00" * 32,
)  # fmt: skip


@pytest.fixture
def database(tmp_path):
    with connected(tmp_path / "operator.db") as made:
        yield made


class Asking:
    def __init__(self, database):
        self._database, self._number = database, 0

    def __call__(self, elements=5, batch=None, refused=None, **changes):
        self._number += 1
        name = f"{self._number:064x}" if batch is None else batch
        request = replace(ASKED, elements=elements, batch=name, **changes)
        charge(self._database, request, (str(self._number), request.at), QUOTA, refused)


def test_p_7_quotas_of_a_member_and_of_all(database):
    ask = Asking(database)
    ask()
    ask()
    with pytest.raises(RefusedError, match="P-7: your quota of the day has 0 of 10"):
        ask(1)
    with pytest.raises(RefusedError, match="P-7: your quota of the day"):
        ask(1, epoch=2)  # a day is one over all epochs
    ask(kind="phone")
    ask(8, member="two")
    with pytest.raises(RefusedError, match="P-7: the quota of the day of all members has 0 of 18"):
        ask(1, member="three")
    ask(at=101 * DAY)
    with pytest.raises(RefusedError, match="P-7: your quota of the epoch has 0 of 15"):
        ask(1, at=102 * DAY)
    ask(1, at=102 * DAY, epoch=2)
    with pytest.raises(RefusedError, match="P-7: the quota of the epoch of all members has 2"):
        ask(3, at=103 * DAY, member="two")
    held = [(row.epoch, row.kind, row.batches, row.elements) for row in spent(database)]
    assert held == [(1, "email", 4, 23), (1, "phone", 1, 5), (2, "email", 1, 1)]
    assert [row.elements for row in spent(database, "two")] == [8]


def test_p_7_a_batch_is_charged_once_and_repeated_a_few_times(database):
    ask = Asking(database)
    for _ in range(1 + REPEATS):
        ask(batch="aa" * 32)
    with pytest.raises(RefusedError, match="P-7"):
        ask(batch="aa" * 32)
    assert spent(database)[0].elements == 5


def test_p_3_a_nonce_counts_once_and_refusals_are_written_down(database):
    charge(database, ASKED, ("n", ASKED.at), QUOTA)
    with pytest.raises(RefusedError, match="P-3"):
        charge(database, replace(ASKED, batch="11" * 32), ("n", ASKED.at), QUOTA)
    with pytest.raises(RefusedError, match="P-10"):
        Asking(database)(refused=RefusedError("P-10", "no"))
    assert [entry.outcome for entry in audit(database)] == ["charged", "P-3", "P-10"]
    assert [e.outcome for e in audit(database, ASKED.at + 1)] == []


def test_p_7_the_audit_log_only_grows(database):
    ask = Asking(database)
    for _ in range(3):
        ask(1)
    for change in ("update audit set elements = 0", "delete from audit"):
        with pytest.raises(sqlite3.IntegrityError, match="only grows"):
            database.execute(change)
    for change in (
        "update audit set elements = 9 where number = 2",
        "delete from audit where number = 2",
    ):
        for trigger in ("audit_stays", "audit_keeps"):
            database.execute(f"drop trigger if exists {trigger}")
        database.execute("begin")
        database.execute(change)
        with pytest.raises(ConfigurationError, match="row 2"):
            list(audit(database))
        database.execute("rollback")
    assert len(list(audit(database))) == 3


def test_a_file_that_is_no_database_is_named(tmp_path):
    (tmp_path / "x.db").write_bytes(b"words, words, words" * 100)
    with pytest.raises(ConfigurationError), connected(tmp_path / "x.db"):
        pass


@given(st.integers(1, 10**6), st.integers(1, 5000), st.integers(1, 100_000))
def test_p_7_days_are_those_of_a_simulation(values, day, epoch):
    days = spent_ = in_epoch = 0
    while spent_ < values and days < 400:
        if days % 90 == 0:
            in_epoch = 0
        step = min(day, epoch - in_epoch)
        in_epoch += step
        spent_ += step
        days += 1
    if spent_ >= values:
        assert days_to_enumerate(values, day, epoch) == days


def test_p_7_p_10_the_documented_table_is_that_of_the_defaults():
    page = Path(__file__).parents[3].joinpath("docs/reference/oprf.md").read_text("utf-8")
    number = r" ([\d,]+) \|"
    row = r"^\| `(\w+)` \| (one member|all) \|" + 4 * number + "$"
    rows = re.findall(row, page, re.MULTILINE)
    wanted = [
        (r.kind, r.of, f"{r.day:,}", f"{r.epoch:,}", f"{r.million:,}", f"{r.ten_billion:,}")
        for r in quota_table()
    ]
    assert rows == wanted


def test_p_10_guessable_types_have_the_small_quotas():
    for kind in ("email", "phone"):
        quota = DEFAULTS[kind]
        assert days_to_enumerate(10**6, quota.member_day, quota.member_epoch) > 10 * 365
        assert days_to_enumerate(10**6, quota.all_day, quota.all_epoch) > 365


def test_p_7_requests_that_come_at_once_do_not_pass_a_quota(tmp_path):
    def ask(number):
        request = replace(ASKED, elements=1, batch=f"{number:064x}")
        with connected(tmp_path / "operator.db") as database:
            try:
                charge(database, request, (str(number), ASKED.at), QUOTA)
            except RefusedError as error:
                return error.rule
        return "charged"

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(ask, range(24)))
    assert sorted(outcomes) == ["P-7"] * 14 + ["charged"] * 10
    with connected(tmp_path / "operator.db") as database:
        assert len(list(audit(database))) == 24
