"""Accounts that take the place of blocked ones, and groups that merely come and go."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pyarrow as pa
from made_groups import exchange, measured, view_from
from made_log import START, account_table

from stillwatch.find.detectors.replacement import ReplacementAfterBlock
from stillwatch.find.features.log import build_log, with_blocks
from stillwatch.find.features.observe import observe

DETECTOR = ReplacementAfterBlock()
DAY = 24.0


def log_rows(spans, rng):
    """Exchanges of accounts that are there from one hour to another, every few hours."""
    rows = []
    for n, (begin, end) in enumerate(spans):
        times = np.append(begin, np.sort(rng.uniform(begin, end, 8)))
        rows += [exchange(f"g{n:02d}", t, f"explain {n} {t}") for t in times]
    for n in range(40):  # everyone else begins at any time
        rows += [exchange(f"o{n:02d}", t, f"ask {n} {t}") for t in rng.uniform(0, 28 * DAY, 6)]
    return rows


def blocked_at(view, spans, *, last=28 * DAY):
    """Return the view with the group's accounts blocked where their spans end."""
    ids = view.log.accounts.ids.to_pylist()
    start = int(START.timestamp() * 1e6)
    blocked = np.full(len(ids), -1, np.int64)
    for n, (_, end) in enumerate(spans):
        if end < last:
            blocked[ids.index(f"g{n:02d}")] = start + int(end * 3.6e9)
    view.log = replace(view.log, accounts=replace(view.log.accounts, blocked=blocked))
    return view


def chains(rng, *, pause):
    """Six places over four weeks, each handed on ``pause()`` hours after a block."""
    spans = []
    for place in range(6):
        begin = float(place)
        while begin < 28 * DAY:
            end = begin + rng.uniform(3, 8) * DAY
            spans.append((begin, min(end, 28 * DAY)))
            begin = end + pause()
    return spans


def test_a_place_that_is_filled_within_the_hour_is_seen():
    rng = np.random.default_rng(1)
    spans = chains(rng, pause=lambda: rng.uniform(0.2, 1.5))
    view = blocked_at(view_from(log_rows(spans, rng)), spans)
    statistic, effect, support, enough = measured(DETECTOR, view)
    assert enough
    assert support >= 12
    assert effect > 0.7
    assert statistic > 8


def test_accounts_that_begin_at_any_time_are_not():
    for seed in range(5):
        rng = np.random.default_rng(seed)
        begins = rng.uniform(0, 24 * DAY, 24)
        spans = [(b, b + rng.uniform(3, 8) * DAY) for b in begins]
        view = blocked_at(view_from(log_rows(spans, rng)), spans)
        statistic, effect, _, enough = measured(DETECTOR, view)
        assert enough
        assert statistic < 2
        assert effect < 0.6


def test_a_class_that_arrives_while_others_leave_is_not():
    for seed in range(5):
        rng = np.random.default_rng(seed)
        begins = np.sort(rng.uniform(0, 1, 30))  # all within one lesson
        spans = [(b, b + rng.uniform(0.05, 0.5)) for b in begins]
        silent = view_from(log_rows(spans, rng), at_hours=28 * DAY)
        assert measured(DETECTOR, silent)[0] < 2
        blocks = blocked_at(view_from(log_rows(spans, rng)), spans)
        assert measured(DETECTOR, blocks)[0] < 2


def test_silence_stands_for_blocks_where_the_log_has_none():
    rng = np.random.default_rng(2)
    spans = chains(rng, pause=lambda: rng.uniform(0.1, 0.3))
    rows = []
    for n, (begin, end) in enumerate(spans):  # they send until the very end
        times = np.linspace(begin, end - 0.01, 30)
        rows += [exchange(f"g{n:02d}", t, f"explain {n} {t}") for t in times]
    statistic, effect, _, enough = measured(DETECTOR, view_from(rows, at_hours=32 * DAY))
    assert enough
    assert effect > 0.6
    assert statistic > 5


def test_a_block_after_the_look_is_not_known():
    rng = np.random.default_rng(1)
    spans = chains(rng, pause=lambda: rng.uniform(0.2, 1.5))
    view = blocked_at(view_from(log_rows(spans, rng)), spans)
    early = view_from(log_rows(spans, rng))
    early.log = view.log
    early.time = int((START + timedelta(hours=2)).timestamp() * 1e6)
    assert not measured(DETECTOR, early)[3]


def test_blocked_times_reach_the_account_columns():
    when = [START + timedelta(hours=h) for h in (5, 3, 9)]
    events = pa.table(
        {
            "time": pa.array(when, pa.timestamp("us", tz="UTC")),
            "account_id": ["a", "a", "b"],
            "type": ["blocked", "blocked", "unblocked"],
        }
    )
    accounts = account_table([{"account_id": "a"}, {"account_id": "b"}])
    table = pa.table(
        {
            "time": pa.array(when[:1], pa.timestamp("us", tz="UTC")),
            "exchange_id": ["x"],
            "account_id": ["a"],
            "model": ["m"],
            "prompt": ["hello"],
        }
    )
    for known in (accounts, None):
        log = build_log([observe(table.to_batches()[0])], with_blocks(known, events))
        first = int(when[1].timestamp() * 1e6)
        assert log.accounts.blocked.tolist() == [first, -1][: len(log.accounts)]
    assert with_blocks(accounts, None) is accounts
    assert with_blocks(None, events.slice(2)) is None
