"""A replay that goes on from what an earlier one carried says what one from the beginning says."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from easy_world import START, easy_world

from stillwatch.find.campaigns.checkpoint import decode, encode
from stillwatch.find.campaigns.replay import replay
from stillwatch.find.campaigns.result import assemble
from stillwatch.find.campaigns.scan import observe_all
from stillwatch.find.features.facets import index_facets
from stillwatch.find.features.log import build_log
from stillwatch.find.features.rows import HOUR, derive_rows

FOREVER = 2**62


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return easy_world(tmp_path_factory.mktemp("easy") / "world")


@pytest.fixture(scope="module")
def observed(world):
    return pa.Table.from_batches(list(observe_all(world.exchanges.to_batches())))


@pytest.fixture(scope="module")
def whole(world, observed):
    return replayed(observed, world.accounts)


def replayed(table, accounts, held=None, at=None):
    """Replay; return the result, and what was carried at the last look and at some others."""
    log = build_log(table.to_batches(), accounts)
    index = index_facets(log)
    carried = None if held is None else decode(held, log, index)
    assert held is None or carried is not None
    kept = {}

    def keep(now, last):
        if last or now.time in (at or ()):
            kept[now.time] = encode(now, log, index)

    found = replay(log, derive_rows(log), index, as_of=FOREVER, carried=carried, keep=keep)
    return assemble(found, 0.05, {}), kept


def until(table, time):
    return table.filter(pc.less(table["time"], time))


def micros(days):
    return int((START + timedelta(days=days)).timestamp() * 1_000_000)


def test_days_one_by_one_say_what_all_at_once_say(world, observed, whole):
    held = None
    last = int(np.asarray(observed["time"]).max())
    day = 1
    while micros(day - 1) <= last:
        result, kept = replayed(until(observed, micros(day)), world.accounts, held)
        held = kept[max(kept)]
        day += 1
    assert day > 7
    assert result == whole[0]


def test_accounts_that_open_later_move_nothing(world, observed, whole):
    """Codes of accounts shift when others with smaller ids appear between two scans."""
    cut = until(observed, micros(7))
    known = pc.is_in(world.accounts["account_id"], value_set=pc.unique(cut["account_id"]))
    assert not pc.all(known).as_py()
    _, kept = replayed(cut, world.accounts.filter(known))
    assert replayed(observed, world.accounts, kept[max(kept)])[0][0].verdicts == (
        whole[0][0].verdicts
    )


@pytest.mark.parametrize("seed", range(4))
def test_going_on_from_any_look_says_the_same(world, observed, whole, seed):
    first = int(np.asarray(observed["time"]).min()) // HOUR
    last = int(np.asarray(observed["time"]).max()) // HOUR
    at = int(np.random.default_rng(seed).integers(first + 1, last)) * HOUR
    _, kept = replayed(observed, world.accounts, at={at})
    assert replayed(observed, world.accounts, kept[at])[0] == whole[0]


def test_damaged_or_foreign_bytes_are_told(world, observed, whole):
    held = whole[1][max(whole[1])]
    log = build_log(observed.to_batches(), world.accounts)
    index = index_facets(log)
    assert decode(held, log, index) is not None
    for bad in (b"", b"PK\x03\x04", held[: len(held) // 2], bytes(reversed(held))):
        assert decode(bad, log, index) is None
    shorter = build_log(until(observed, micros(3)).to_batches(), world.accounts)
    assert decode(held, shorter, index_facets(shorter)) is None
    absent = observed.filter(pc.not_equal(observed["account_id"], observed["account_id"][0]))
    accounts = world.accounts.filter(
        pc.not_equal(world.accounts["account_id"], observed["account_id"][0])
    )
    without = build_log(absent.to_batches(), accounts)
    assert decode(held, without, index_facets(without)) is None
