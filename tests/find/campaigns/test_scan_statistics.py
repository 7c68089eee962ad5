"""Statistics over many simulated worlds, and how a scan's time grows; run by ``pytest -m slow``."""

from __future__ import annotations

import time

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from easy_world import flags, run

from stillwatch.worlds.simulation.building import Settings, simulate

pytestmark = pytest.mark.slow


def made(folder, **options):
    simulate(Settings(folder, **options))
    log = pa.concat_tables(
        pq.ParquetFile(file).read() for file in sorted(folder.glob("exchanges/*/*.parquet"))
    )
    return log, pq.ParquetFile(folder / "accounts.parquet").read()


def test_worlds_without_a_campaign_have_none_declared(tmp_path):
    wrong = 0
    for seed in range(20):
        log, people = made(
            tmp_path / str(seed), exchanges=60_000, accounts=2_000, seed=seed, adversaries=()
        )
        wrong += bool(flags(run(log, people)[0]))
    assert wrong <= 3  # one in twenty wanted; four or more have probability .016 then


def test_time_grows_in_line_with_the_log(tmp_path):
    seconds = {}
    for exchanges in (30_000, 100_000, 300_000):
        log, people = made(tmp_path / str(exchanges), exchanges=exchanges, seed=3)
        if not seconds:
            run(log, people)  # compiles
        started = time.perf_counter()
        run(log, people)
        seconds[exchanges] = time.perf_counter() - started
    assert seconds[300_000] < 20 * seconds[30_000] + 5
    assert seconds[300_000] < 5 * seconds[100_000] + 5
