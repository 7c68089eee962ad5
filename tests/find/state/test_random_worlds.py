"""What holds for every world: cut short, shuffled, taken in day by day, killed anywhere.

The default is a world or two; ``STILLWATCH_WORLDS`` sets how many, and the slow suite takes six
and kills one scan at twenty points.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from datetime import timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from easy_world import START, easy_world, flags, run

from stillwatch.find.campaigns import Settings, scan
from stillwatch.find.features.facets import index_facets
from stillwatch.find.features.log import build_log
from stillwatch.find.features.observe import observe
from stillwatch.find.features.rows import HOUR, derive_rows
from stillwatch.find.features.scratch import Scratch

_WORLDS = int(os.environ.get("STILLWATCH_WORLDS", "1"))
SEEDS = [
    *range(_WORLDS),
    *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(_WORLDS, max(6, _WORLDS))),
]
KILLS = 20
SCAN = "import sys; from stillwatch.cli import main; sys.argv[0] = 'stillwatch'; main()"


@pytest.fixture(scope="module")
def easy(tmp_path_factory):
    return easy_world(tmp_path_factory.mktemp("worlds") / "world")


def world_of(easy, seed):
    """Return a random part of the accounts, and a random part of each one's exchanges."""
    luck = np.random.default_rng(seed)
    ids = easy.accounts["account_id"].to_pylist()
    kept = pa.array([i for i in ids if luck.random() < (0.85 if i.startswith("zz") else 0.7)])
    exchanges = easy.exchanges.filter(pc.is_in(easy.exchanges["account_id"], value_set=kept))
    exchanges = exchanges.filter(pa.array(luck.random(len(exchanges)) < 0.95))
    return exchanges, easy.accounts.filter(pc.is_in(easy.accounts["account_id"], value_set=kept))


def said(result):
    return result.verdicts, result.campaigns, result.findings


@pytest.mark.parametrize("seed", SEEDS)
def test_the_log_cut_at_any_look_flags_what_the_whole_had_flagged_by_then(easy, seed):
    exchanges, accounts = world_of(easy, seed)
    whole = run(exchanges, accounts)[0]
    assert flags(whole), "a world in which nothing is flagged shows nothing"
    luck = random.Random(seed)
    times = sorted({at for _, at in flags(whole).values()})
    for cut in (luck.choice(times), START + timedelta(hours=6 * luck.randrange(8, 50))):
        until = pc.less(exchanges["time"], pa.scalar(cut, exchanges["time"].type))
        part = run(exchanges.filter(until), accounts, as_of=cut)[0]
        assert flags(part) == flags(whole, cut)


@pytest.mark.parametrize("seed", SEEDS)
def test_any_order_and_partition_and_files_in_place_of_memory_say_the_same(
    easy, seed, tmp_path, monkeypatch
):
    exchanges, accounts = world_of(easy, seed)
    whole = run(exchanges, accounts)[0]
    luck = np.random.default_rng(seed)
    mixed = exchanges.take(pa.array(luck.permutation(len(exchanges))))
    cuts = np.sort(luck.choice(len(mixed), 9, replace=False)).tolist()
    parts = [mixed.slice(a, b - a) for a, b in zip([0, *cuts], [*cuts, len(mixed)], strict=True)]
    batches = [batch for part in parts for batch in part.combine_chunks().to_batches()]
    monkeypatch.setattr("stillwatch.find.features.scratch._SMALL", 512)
    settings = Settings(step=6 * HOUR, scratch=tmp_path)
    assert said(scan(batches, accounts, settings=settings)[0]) == said(whole)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_scan_killed_at_twenty_points_says_what_one_never_killed_says(easy, tmp_path):
    """Days come in one by one; every scan is killed until twenty are, and then runs on."""
    exchanges, accounts = world_of(easy, 77)
    whole = run(exchanges, accounts)[0]
    pq.write_table(accounts, tmp_path / "accounts.parquet")
    (tmp_path / "log").mkdir()
    luck = random.Random(77)
    arguments = [str(tmp_path / "log"), "--accounts", str(tmp_path / "accounts.parquet")]
    arguments += ["--state", str(tmp_path / "state"), "--out", str(tmp_path / "out"), "--step", "6"]
    killed, days = 0, 7
    for day in range(days):
        first, last = (START + timedelta(days=2 * d) for d in (day, day + 1))
        ends = [pa.scalar(at, exchanges["time"].type) for at in (first, last)]
        after = pc.greater_equal(exchanges["time"], ends[0])
        part = after if day == days - 1 else pc.and_(after, pc.less(exchanges["time"], ends[1]))
        pq.write_table(exchanges.filter(part), tmp_path / f"log/day-{day}.parquet")
        wait = luck.uniform(0.3, 2.0)
        while True:
            with subprocess.Popen([sys.executable, "-c", SCAN, "scan", *arguments]) as one:  # noqa: S603 - our own
                try:
                    assert one.wait(wait if killed < KILLS else None) == 0
                    break
                except subprocess.TimeoutExpired:
                    one.send_signal(signal.SIGKILL)
                    killed += 1
            wait *= luck.uniform(1.1, 1.7)
    assert killed == KILLS
    found = pq.read_table(tmp_path / "out/verdicts.parquet").to_pylist()
    assert {v["account_id"]: (v["campaign_id"], v["flagged_at"]) for v in found} == {
        v.account_id: (v.campaign_id, v.flagged_at) for v in whole.verdicts
    }


def _copies(easy, times):
    """Return a world so many times as large: other accounts say the same, weeks later."""
    tables = []
    for k in range(times):
        table = easy.exchanges
        for name in ("account_id", "exchange_id", "conversation_id"):
            place = table.schema.get_field_index(name)
            named = pc.binary_join_element_wise(table[name], str(k), "~")
            table = table.set_column(place, name, named)
        tables.append(table)
    return pa.concat_tables(tables).combine_chunks()


def _seconds(table, stage):
    observed = [observe(batch) for batch in table.to_batches(max_chunksize=8_000)]
    log = build_log(observed, None)
    work = {
        "observe": lambda: [observe(b) for b in table.to_batches(max_chunksize=8_000)],
        "collect": lambda: build_log(observed, None, scratch=Scratch()),
        "derive": lambda: derive_rows(log),
        "index": lambda: index_facets(log),
    }[stage]
    spent = []
    for _ in range(4):
        started = time.thread_time()
        work()
        spent.append(time.thread_time() - started)
    return min(spent)


@pytest.mark.parametrize("stage", ["observe", "collect", "derive", "index"])
def test_eight_times_the_log_costs_far_less_than_its_square(easy, stage):
    """Linear is 8 and quadratic 64; the bound lies so far from 8 that noise does not reach it."""
    small, large = _seconds(easy.exchanges, stage), _seconds(_copies(easy, 8), stage)
    assert large < 40 * max(small, 0.002)
