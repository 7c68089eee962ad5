"""The parts of the simulator: clocks, volumes, shards, networks, plans."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stillwatch.worlds.simulation.clients import ClientTable
from stillwatch.worlds.simulation.clocks import Window, sessions
from stillwatch.worlds.simulation.columns import DAY, HOUR, RHYTHMS
from stillwatch.worlds.simulation.identifiers import addresses, hexadecimal
from stillwatch.worlds.simulation.network import Addresses
from stillwatch.worlds.simulation.opening import draw_volumes
from stillwatch.worlds.simulation.planning import plan
from stillwatch.worlds.simulation.shards import Shards

START = 20_000 * DAY


class Block:
    def __init__(self, n, created=START - DAY):
        self.created = np.full(n, created)
        self.offset = np.zeros(n)

    def __len__(self):
        return len(self.created)


@pytest.mark.parametrize("rhythm", RHYTHMS)
def test_sessions_keep_volume_and_window(rhythm):
    rng = np.random.default_rng(1)
    block, volume = Block(50), np.arange(50)
    window = Window(START, START + 7 * DAY, np.full(50, START), np.full(50, START + 7 * DAY))
    schedule = sessions(rng, block, rhythm, volume=volume, window=window, turns=2.5)
    assert (np.bincount(schedule.row, minlength=50) == volume).all()
    begins = schedule.turn == 0
    assert (schedule.time >= START).all()
    assert (schedule.time[begins] < START + 8 * DAY).all()
    same = np.diff(schedule.row) == 0
    follow = same & (np.diff(schedule.conversation) == 0)
    assert (schedule.turn[1:][follow] == schedule.turn[:-1][follow] + 1).all()
    assert (schedule.time[1:][follow] >= schedule.time[:-1][follow]).all()


def test_machines_are_flatter_than_people():
    rng = np.random.default_rng(2)
    block, volume = Block(40), np.full(40, 400)
    window = Window(START, START + 28 * DAY, np.full(40, START), np.full(40, START + 28 * DAY))
    busiest = {}
    for rhythm in ("person", "office", "machine"):
        made = sessions(rng, block, rhythm, volume=volume, window=window, turns=1.0)
        share = [
            np.bincount(made.time[made.row == r] // HOUR % 24, minlength=24).max() / 400
            for r in range(40)
        ]
        busiest[rhythm] = np.mean(share)
    assert busiest["machine"] < busiest["person"]
    assert busiest["machine"] < busiest["office"]


def test_no_accounts_make_no_sessions():
    window = Window(START, START + DAY, np.zeros(0, int), np.zeros(0, int))
    made = sessions(
        np.random.default_rng(0),
        Block(0),
        "person",
        volume=np.zeros(0, int),
        window=window,
        turns=2,
    )
    assert len(made) == 0


@pytest.mark.parametrize("mean", [0.5, 4, 300])
def test_volumes_have_their_mean_and_a_heavy_tail(mean):
    drawn = draw_volumes(np.random.default_rng(3), 200_000, mean)
    assert drawn.min() == 1
    assert mean * 0.95 < drawn.mean() < mean * 1.05 + 1
    if mean >= 4:
        assert np.median(drawn) < 0.6 * mean
        assert np.quantile(drawn, 0.999) > 10 * mean


def test_shards_give_one_order_however_many(tmp_path, monkeypatch):
    schema = pa.schema([("id", pa.int64())])
    written = []
    for held in (10_000, 50):
        monkeypatch.setattr("stillwatch.worlds.simulation.shards._HELD", held)
        rng = np.random.default_rng(4)
        shards = Shards(tmp_path / f"s{held}", "t", schema, ("id",))
        for _ in range(20):
            numbers = rng.integers(0, 1000, 30)
            batch = pa.RecordBatch.from_arrays([pa.array(numbers)], schema=schema)
            shards.take(batch, numbers // 100)
        shards.write(tmp_path / f"{held}.parquet")
        written.append(pq.read_table(tmp_path / f"{held}.parquet"))
    assert written[0].equals(written[1])
    assert not list((tmp_path / "s50").iterdir())


def test_carrier_addresses_are_shared_and_homes_are_not():
    network = Addresses(20_000)
    network.rng = np.random.default_rng(5)
    spoken = np.full(2_000, "de", dtype=object)
    home, mobile = network.home(2_000, spoken), network.mobile(2_000, spoken)
    assert len(np.unique(home.ip)) > 1_950
    assert len(np.unique(mobile.ip)) < 700


def test_one_block_is_one_block():
    network = Addresses(100)
    cloud = network.cloud(40, block=True)
    assert len(np.unique(cloud.ip >> np.uint64(8))) == 1
    assert len(np.unique(cloud.asn)) == 1


def test_addresses_are_spelled():
    none = np.zeros(2, bool)
    spelled = addresses(np.array([0x01020304, (0x2A00 << 48) + 1], np.uint64), none)
    assert spelled[0].as_py() == "1.2.3.4"
    assert spelled[1].as_py().startswith("2a00:0:0:1:")
    absent = addresses(np.array([1, 2], np.uint64), ~none)
    assert absent.null_count == 2


def test_hexadecimal_is_fixed_width_and_null_where_absent():
    made = hexadecimal("x_", np.array([1, 2**64 - 1], np.uint64), np.array([False, True]))
    assert made.to_pylist() == ["x_0000000000000001", None]


def test_clients_share_their_libraries_fingerprints():
    clients = ClientTable().clients
    libraries = {}
    for client in clients:
        libraries.setdefault(client.agent, set()).add(client.tls)
    assert max(len(found) for found in libraries.values()) <= 2
    assert len({client.tls for client in clients}) < 25
    assert len(libraries) > 1_000


def _population(slug, kind, group=1, share=1.0, intensity=1.0):
    return SimpleNamespace(
        slug=slug, kind=kind, group=group, share=share, intensity=intensity, doc="", populate=None
    )


def test_plan_deals_all_accounts():
    cohorts = [_population("a", "benign"), _population("b", "benign", 30, 0.2)]
    attackers = [_population(f"x{i}", "attack", 6) for i in range(5)]
    made = plan(
        cohorts,
        attackers,
        exchanges=10_000,
        accounts=5_000,
        prevalence=0.03,
        regime="ordinary",
        seed=1,
    )
    assert abs(made.accounts - 5_000) <= 30
    hostile = [quota for _, quota in made.calls if quota.kind == "attack"]
    assert {q.campaign for q in hostile} == {f"x{i}-1" for i in range(5)}
    assert abs(sum(q.accounts for q in hostile) - 150) <= 5
    assert max(q.accounts for _, q in made.calls) <= 2_000


def test_large_campaigns_are_split():
    made = plan(
        [_population("a", "benign")],
        [_population("x", "attack", 6)],
        exchanges=10**6,
        accounts=100_000,
        prevalence=0.08,
        regime="ordinary",
        seed=1,
    )
    sizes = [q.accounts for _, q in made.calls if q.kind == "attack"]
    assert max(sizes) <= 3_000
    assert sum(sizes) == 8_000
