"""A watch of a real NATS: the verdicts of a scan, whatever happens between broker and state."""

from __future__ import annotations

import errno
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from datetime import timedelta

import pyarrow.parquet as pq
import pytest
from streamed_world import STEP
from watching_once import AGES, Watching, jetstream, said

from stillwatch.errors import ConfigurationError, IncompatibleObservationsError, OutputError
from stillwatch.find.campaigns import scan
from stillwatch.find.features.rows import HOUR
from stillwatch.find.sources import Quarantine, open_exchanges
from stillwatch.find.state import StateFolder, folder
from stillwatch.find.streaming import Limits, Pace
from stillwatch.records import utc


def micros(when):
    return round(when.timestamp() * 1e6)


def test_a_stream_says_what_a_scan_of_its_messages_says(world, whole, broker, tmp_path):
    broker.publish("LOGS", world.messages)
    found = Watching(tmp_path, jetstream(broker), world.accounts).run()
    assert said(found.last) == said(whole)
    assert any(verdict.flagged_at for verdict in whole.verdicts)
    assert found.told.reading.messages == len(world.messages) == found.told.exchanges
    shown = broker.consumer("LOGS")
    assert (shown.ack_floor.stream_seq, shown.num_ack_pending) == (len(world.messages), 0)


def test_a_look_runs_when_event_time_has_passed_it_and_says_what_a_scan_then_says(
    world, broker, tmp_path
):
    part = world.messages[:9000]
    broker.publish("LOGS", part)
    newest = max(json.loads(one)["time"] for one in part)
    passed = micros(world.exchanges["time"][8999].as_py()) - HOUR
    look = passed // (6 * HOUR) * 6 * HOUR
    found = Watching(tmp_path, jetstream(broker), world.accounts)
    found.until(lambda told: told.look == look and told.behind == 0)
    assert newest.startswith(f"{utc(look):%Y-%m}")
    cut = world.scanned(part, replace(STEP, as_of=utc(look)))[0]
    assert said(found.last) == said(cut)
    # the rest comes while nobody watches; the next one goes on from there
    broker.publish("LOGS", world.messages[9000:])
    again = Watching(tmp_path, jetstream(broker), world.accounts).run()
    assert said(again.last) == said(world.scanned(world.messages)[0])
    assert again.told.reading.messages == len(world.messages)


KILLED = "from stillwatch.cli import main\nmain()\n"


@pytest.mark.parametrize("seed", range(int(os.environ.get("STILLWATCH_KILLS", "1"))))
def test_killed_at_any_point_nothing_is_lost_or_counted_twice(world, whole, broker, tmp_path, seed):
    broker.publish("LOGS", world.messages)
    arguments = [
        "watch", broker.url, "--stream", "LOGS", "--once", "--step", "6",
        "--commit-seconds", "0.1", "--commit-messages", "400",
        "--state", str(tmp_path / "state"), "--out", str(tmp_path / "out"),
        "--accounts", str(world.account_file), "--lake", str(tmp_path / "lake"),
    ]  # fmt: skip
    luck = random.Random(seed)
    wait, killed = luck.uniform(1.5, 3.0), 0
    while True:
        with subprocess.Popen(  # noqa: S603 - our own
            [sys.executable, "-c", KILLED, *arguments], stderr=subprocess.DEVNULL
        ) as run:
            try:
                assert run.wait(wait) == 0
                break
            except subprocess.TimeoutExpired:
                run.send_signal(signal.SIGKILL)
                killed += 1
        wait *= luck.uniform(1.1, 1.5)
    assert killed
    found = pq.read_table(tmp_path / "out/verdicts.parquet").to_pylist()
    assert {v["account_id"]: (v["campaign_id"], v["flagged_at"]) for v in found} == {
        v.account_id: (v.campaign_id, v.flagged_at) for v in whole.verdicts
    }
    with StateFolder.opened(tmp_path / "state") as state:
        reading = state.manifest.streams["nats:LOGS"]
        assert sum(one.rows for one in state.manifest.segments) == len(world.messages)
    assert (reading.messages, reading.redelivered) == (len(world.messages), 0)
    kept = pq.read_table(tmp_path / "lake")
    assert sorted(kept["exchange_id"].to_pylist()) == sorted(
        world.exchanges["exchange_id"].to_pylist()
    )


@pytest.mark.parametrize(
    "full_at", [pytest.param(1, marks=pytest.mark.slow), 4, pytest.param(9, marks=pytest.mark.slow)]
)
def test_a_full_disk_ends_it_and_the_next_run_goes_on(
    world, broker, tmp_path, monkeypatch, full_at
):
    part = world.messages[:3000]
    broker.publish("LOGS", [*part[:100], b"{", *part[100:]])
    whole_write, calls = folder.write_whole, []

    def full(path, data):
        calls.append(path)
        if len(calls) == full_at:
            raise OSError(errno.ENOSPC, "No space left on device")
        whole_write(path, data)

    monkeypatch.setattr(folder, "write_whole", full)
    limits = Limits(seconds=60, messages=500, wait=0.1, again=0.1)
    kept = tmp_path / "lake"
    with pytest.raises(OutputError, match="No space"):
        Watching(tmp_path, jetstream(broker), world.accounts, limits=limits, lake=kept).run()
    found = Watching(tmp_path, jetstream(broker), world.accounts, limits=limits, lake=kept).run()
    assert found.told.reading.messages == 3001
    assert dict(found.told.bad) == {"unreadable-record": 1}
    assert len(list((tmp_path / "out/quarantine").glob("exchanges-*.jsonl"))) == 1
    result = world.scanned(part)[0]
    assert said(found.last) == said(result)
    source = open_exchanges(str(kept), quarantine=Quarantine(None))
    lake = scan(source.batches(), world.accounts, settings=STEP)[0]
    assert said(lake) == said(result)


def test_a_broker_that_goes_away_and_comes_back_costs_nothing(world, whole, broker, tmp_path):
    broker.publish("LOGS", world.messages[:6000])
    found = Watching(tmp_path, jetstream(broker), world.accounts)

    def away():
        while not (found.told and found.told.reading.messages >= 3000):
            time.sleep(0.01)
        broker.kill()
        while found.told.connected:
            time.sleep(0.01)
        broker.start()
        broker.publish("LOGS", world.messages[6000:])

    helper = threading.Thread(target=away)
    helper.start()
    found.until(lambda told: told.exchanges == len(world.messages))
    helper.join()
    assert any("away" in line for line in found.lines)
    last = Watching(tmp_path, jetstream(broker), world.accounts).run()
    assert said(last.last) == said(whole)
    assert last.told.reading.messages == len(world.messages)


def test_what_comes_again_is_told_by_sequence_and_what_is_sent_again_by_id(world, broker, tmp_path):
    part = world.messages[:3000]
    twice = [*part, *part[100:300]]
    broker.publish("LOGS", twice)
    reader = jetstream(broker)
    read = reader.read
    reader.read = lambda seconds: [one for one in read(seconds) for _ in range(2)]  # each twice
    found = Watching(tmp_path, reader, world.accounts).run()
    reading = found.told.reading
    assert (reading.messages, reading.redelivered, reading.repeated) == (3200, 3200, 200)
    result, bad = world.scanned(twice)
    assert said(found.last) == said(result)
    assert bad == {"duplicate-id": 200}


def test_late_exchanges_leave_revisions_as_in_a_scan(world, whole, broker, tmp_path):
    flagged = {v.account_id for v in whole.verdicts if v.flagged_at}
    at = min(v.flagged_at for v in whole.verdicts if v.flagged_at) - timedelta(hours=30)
    late = [
        message
        for message, row in zip(
            world.messages, world.exchanges.select(["account_id", "time"]).to_pylist(), strict=True
        )
        if row["account_id"] in flagged and row["time"] < at
    ]
    chosen = set(late)
    rest = [message for message in world.messages if message not in chosen]
    assert late
    broker.publish("LOGS", rest)
    first = Watching(tmp_path, jetstream(broker), world.accounts).run()
    broker.publish("LOGS", late)
    found = Watching(tmp_path, jetstream(broker), world.accounts).run()
    assert found.told.late == len(late)
    assert said(found.last) == said(whole)
    changed = {v.account_id: v.flagged_at for v in first.last.verdicts} != {
        v.account_id: v.flagged_at for v in whole.verdicts
    }
    assert changed == bool(found.found[-1].revisions)


def test_bad_messages_go_to_quarantine_once_with_reason_and_position(world, broker, tmp_path):
    secret = "my secret prompt"  # noqa: S105 - a text that must not be written
    part = list(world.messages[:2000])
    broken = [
        b"", b"{", b"[1]", b"\xff\xfe", b'{"prompt": "' + secret.encode() + b'"}',
        json.dumps({**json.loads(part[0]), "exchange_id": "x", "time": "never"}).encode(),
        json.dumps({**json.loads(part[0]), "exchange_id": {"a": 1}}).encode(),
        b"[" * 100_000,
    ]  # fmt: skip
    for place, message in enumerate(broken):
        part.insert(200 * (place + 1), message)
    broker.publish("LOGS", part)
    found = Watching(tmp_path, jetstream(broker), world.accounts).run()
    assert sum(found.told.bad.values()) == len(broken)
    files = sorted((tmp_path / "out/quarantine").glob("exchanges-*.jsonl"))
    rows = [json.loads(line) for file in files for line in file.read_text().splitlines()]
    assert sorted(row["row"] for row in rows) == [200 * (k + 1) + 1 for k in range(len(broken))]
    assert {row["source"] for row in rows} == {"nats:LOGS/0"}
    assert secret not in "".join(file.read_text() for file in files)
    result, bad = world.scanned([message for message in part if message])
    assert said(found.last) == said(result)
    assert dict(found.told.bad) == {**bad, "unreadable-record": bad["unreadable-record"] + 1}


def test_a_stream_that_falls_silent_is_looked_at_to_its_end(world, broker, tmp_path):
    broker.publish("LOGS", world.messages[:4000])
    last = micros(world.exchanges["time"][3999].as_py())
    end = -(-(last + 1) // (6 * HOUR)) * 6 * HOUR
    waiting = Watching(tmp_path, jetstream(broker), world.accounts, pace=AGES)
    waiting.until(lambda told: told.reading.messages == 4000 and told.behind == 0)
    assert waiting.told.look < end
    silent = Watching(tmp_path, jetstream(broker), world.accounts, pace=Pace(HOUR, 500_000))
    silent.until(lambda told: told.look == end)
    assert said(silent.last) == said(world.scanned(world.messages[:4000])[0])


def test_observations_alone_are_kept_and_small_segments_are_joined(world, broker, tmp_path):
    broker.publish("LOGS", world.messages[:3000])
    limits = Limits(seconds=60, messages=50, wait=0.05, again=0.1)
    reader = jetstream(broker)
    read, held = reader.read, []

    def few(seconds):
        if not held:
            held.extend(read(seconds))
        came, held[:] = held[:50], held[50:]
        return came

    reader.read = few
    found = Watching(tmp_path, reader, world.accounts, limits=limits).run()
    assert found.told.reading.commits >= 50
    segments = list((tmp_path / "state/observations").iterdir())
    assert len(segments) < 30
    assert said(found.last) == said(world.scanned(world.messages[:3000])[0])
    assert not list(tmp_path.rglob("part-stream-*"))


def test_streams_that_cannot_be_read_by_sequence_are_refused(world, broker, tmp_path):
    broker.make("WORK", retention="workqueue")
    reader = jetstream(broker)
    reader._place = replace(reader._place, stream="WORK")
    with pytest.raises(ConfigurationError, match="keeps messages by"):
        Watching(tmp_path, reader, world.accounts).run()
    reader = jetstream(broker)
    reader._place = replace(reader._place, stream="NONE")
    with pytest.raises(ConfigurationError, match="no such stream"):
        Watching(tmp_path, reader, world.accounts).run()
    broker.publish("LOGS", world.messages[:600])
    Watching(tmp_path, jetstream(broker), world.accounts).run()
    broker.run(lambda context: context.delete_stream("LOGS"))
    broker.make("LOGS")
    with pytest.raises(ConfigurationError, match="which was read"):
        Watching(tmp_path, jetstream(broker), world.accounts).run()
    with pytest.raises(IncompatibleObservationsError):
        Watching(tmp_path, jetstream(broker), world.accounts, settings=replace(STEP, key=7)).run()


def test_messages_that_the_broker_dropped_are_counted(world, broker, tmp_path):
    broker.publish("LOGS", world.messages[:600])
    Watching(tmp_path, jetstream(broker), world.accounts).run()
    broker.publish("LOGS", world.messages[600:900])
    broker.run(lambda context: context.purge_stream("LOGS", seq=801))
    found = Watching(tmp_path, jetstream(broker), world.accounts).run()
    assert found.told.missed == 200
    assert found.told.exchanges == 700
