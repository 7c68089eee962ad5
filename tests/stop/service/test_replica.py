"""A replica keeps what it goes by: nothing that cannot be used takes a good one's place."""

from __future__ import annotations

import asyncio
import json
import logging
import time

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from asked import NOW, decision, request
from replicas import ENFORCED, write_policy
from scan_folder import write_scan
from servers import eventually
from test_knowing import Away, service
from test_lake import row

from stillwatch.errors import RefusedError
from stillwatch.stop.interface import FailMode, Rung
from stillwatch.stop.responses import Lost
from stillwatch.stop.service.bodies import Indicators, indicators_body, scan_body, table_body
from stillwatch.stop.service.lake import Bounds, Lake
from stillwatch.stop.service.replica import Replica
from stillwatch.stop.service.scans import read_scan
from stillwatch.stop.service.settings import read_settings
from stillwatch.stop.service.updates import Update
from stillwatch.stop.serving import Place

VERDICTS = {
    "account_id": pa.array(["bad"]),
    "campaign_id": pa.array(["c-1"]),
    "flagged_at": pa.array([0], pa.timestamp("us", "UTC")),
    "score": pa.array([0.9]),
}


def snapshot(version=1, killed=("everything",)):
    return json.dumps({"version": version, "killed": list(killed), "measures": []}).encode()


def replica(folder, lines="", **options):
    (folder / "serve.toml").write_text(write_policy(folder) + lines)
    made, metrics, lake = service(folder, **options)
    lake.close(20)
    return Replica(read_settings(folder / "serve.toml"), made, metrics), made


def killed(made):
    return set(made.gate.governance.measures.killed)


EVERYTHING = {rung for rung in Rung if rung}


@pytest.mark.parametrize("raw", [b"{", b"[]", b"\xff", b'{"version":1}', b"[" * 9000])
def test_g4_a_snapshot_that_cannot_be_read_undoes_no_kill_switch(tmp_path, raw):
    one, made = replica(tmp_path)

    async def run():
        await one.start()
        await one.take(Update("measures", "scan", 1, snapshot()))
        one.apply(made.policy)
        assert killed(made) == EVERYTHING
        with pytest.raises(RefusedError, match="G-13"):
            await one.take(Update("measures", "scan", 2, raw))
        one.apply(made.policy)

    asyncio.run(run())
    assert killed(made) == EVERYTHING


def test_a_scan_is_built_once_and_what_is_known_already_not_at_all(tmp_path):
    accounts = pa.table({"account_id": ["bad"], "licensed": [False]})
    pq.write_table(accounts, tmp_path / "accounts.parquet")
    one, made = replica(tmp_path, 'accounts = "accounts.parquet"\nstate = "state"\n')

    async def run():
        await one.start()
        running = asyncio.create_task(one.run())
        versions = [made.core.knowledge.version]
        for version in (1, 2):
            write_scan(tmp_path / "out", ["bad"])
            update = read_scan(tmp_path / "out", version=version)
            await one.take(update)
            await eventually(lambda: made.core.knowledge.version > versions[-1])
            versions.append(made.core.knowledge.version)
            await one.take(update)  # heard again
        await asyncio.sleep(0.2)
        running.cancel()
        return versions, made.core.knowledge.version, one._built

    assert asyncio.run(run()) == ([1, 2, 3], 3, 3)


def test_an_account_table_that_nothing_can_be_built_with_is_no_fault_of_the_scan(tmp_path):
    table = pa.table({"account_id": ["bad"], "licensed": ["perhaps"]})
    pq.write_table(table, tmp_path / "accounts.parquet")
    one, _ = replica(tmp_path, 'accounts = "accounts.parquet"\n')

    async def run():
        await one.start()
        write_scan(tmp_path / "out", ["bad"])
        await one.take(read_scan(tmp_path / "out", version=1))

    asyncio.run(run())
    assert len(one.board.of("scan")) == 1


def test_u7_a_snapshot_from_before_a_kill_switch_does_not_undo_it(tmp_path):
    one, made = replica(tmp_path)

    async def run():
        await one.start()
        await one.take(Update("measures", "scan", 1, snapshot(8)))
        with pytest.raises(RefusedError, match="U-7"):
            await one.take(Update("measures", "another", 2, snapshot(7, ())))
        await one.take(Update("measures", "scan", 3, snapshot(8)))
        one.apply(made.policy)

    asyncio.run(run())
    assert killed(made) == EVERYTHING


def test_a_file_of_measures_that_breaks_leaves_what_was_in_force(tmp_path):
    path = tmp_path / "measures.json"
    path.write_bytes(snapshot())
    one, made = replica(tmp_path, 'measures = "measures.json"\n')

    async def run():
        await one.start()
        path.write_bytes(b"{")
        await one.look()
        one.apply(made.policy)

    asyncio.run(run())
    assert killed(made) == EVERYTHING


def test_nothing_is_served_where_nobody_knows_which_kill_switches_are_pulled(tmp_path):
    (tmp_path / "measures.json").write_bytes(b"{")
    one, _ = replica(tmp_path, 'measures = "measures.json"\n')
    with pytest.raises(RefusedError, match="G-13"):
        asyncio.run(one.start())


def told(kind, body):
    return Update(kind, "k", 5, body)


HOSTILE = {
    "intelligence-without-columns": told("intelligence", table_body(pa.table({"x": [1]}))),
    "intelligence-of-other-types": told(
        "intelligence",
        table_body(
            pa.table({"time": ["now"], "account_id": ["a"], "actor": ["b"], "log_ratio": ["c"]})
        ),
    ),
    "verdicts-of-other-types": told(
        "scan", scan_body(NOW, [], pa.table(VERDICTS | {"flagged_at": pa.array(["never"])}))
    ),
    "campaigns-without-ids": told(
        "scan",
        scan_body(NOW, [{"campaign_id": None, "findings": []}], pa.table(VERDICTS)).replace(
            b"campaign_id", b"campaign_xx", 1
        ),
    ),
    "an-indicator-of-no-kind": told(
        "indicators",
        indicators_body(Indicators((), (Place("p", "a", "zodiac", "leo", 9.0, "verify"),))),
    ),
    "not-arrow": told("intelligence", b"ARROW1\0\0"),
    "not-msgpack": told("recall", b"\xc1"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_u6_an_update_of_which_nothing_can_be_built_stops_no_later_one(tmp_path, name):
    write_scan(tmp_path / "out", ["bad"])
    good = read_scan(tmp_path / "out", version=6)
    one, made = replica(tmp_path)

    async def run():
        await one.start()
        running = asyncio.create_task(one.run())
        with pytest.raises(RefusedError, match="U-6"):
            await one.take(HOSTILE[name])
        await one.take(good)
        end = time.monotonic() + 20
        while "c-1" not in str(made.core.knowledge.campaigns):
            assert time.monotonic() < end
            assert not running.done()
            await asyncio.sleep(0.01)
        running.cancel()

    asyncio.run(run())


def test_g2_a_policy_whose_signer_is_an_analyst_no_more_is_applied_no_more(tmp_path):
    one, made = replica(tmp_path)

    async def run():
        await one.start()
        assert len(made.policy.signed_by) == 2
        path = tmp_path / "analysts.toml"
        path.write_text(path.read_text().rpartition("[[analysts]]")[0])
        await one.look()

    asyncio.run(run())
    assert made.policy.signed_by == ()
    asked = decision(rung=Rung.VERIFY)
    assert made.gate.settle(asked, NOW).would is Rung.OBSERVE


def test_with_both_away_the_stricter_of_the_fail_modes_holds(tmp_path):
    closed = ENFORCED + '[measures.refuse.fail]\nknowledge = "closed"\n'
    one, made = replica(tmp_path, shared=Away())
    write_policy(tmp_path, closed)

    async def run():
        await one.start()
        made.knowing = False
        return (await made.decide(request()))[1].status

    assert asyncio.run(run()) == 503
    assert made.policy.fail(Lost.BUCKETS) is FailMode.OPEN


def test_an_exchange_that_no_file_holds_ends_no_writing(tmp_path, caplog):
    lake = Lake(tmp_path, bounds=Bounds(seconds=0.05))
    lake.put(row(1) | {"user_agent": "\ud800"}, zero_retention=False)
    with caplog.at_level(logging.ERROR):
        end = time.monotonic() + 20
        while not lake.counts.dropped:
            assert time.monotonic() < end
            time.sleep(0.01)
    lake.put(row(2), zero_retention=False)
    assert lake.close(20)
    assert (lake.counts.written, lake.counts.dropped, lake.counts.failures) == (1, 1, 1)
    assert "UnicodeEncodeError" in str([vars(one) for one in caplog.records])
