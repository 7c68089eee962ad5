"""A watch of Kafka, from librdkafka's broker: partitions out of order, idle, and killed clients."""

from __future__ import annotations

import json
import time

import pytest
from streamed_world import STEP
from watching_once import AGES, Watching, said

from stillwatch.errors import ConfigurationError, UnreachableError
from stillwatch.find.features.rows import HOUR
from stillwatch.find.streaming import Pace

confluent = pytest.importorskip("confluent_kafka", reason="the extra `kafka` is not installed")
streaming = pytest.importorskip("stillwatch.find.streaming.kafka")

TOPIC = "exchanges"


@pytest.fixture
def servers():
    holder = confluent.Producer({"test.mock.num.brokers": 1, "bootstrap.servers": "none:1"})
    brokers = holder.list_topics(timeout=10).brokers.values()
    yield ",".join(f"{broker.host}:{broker.port}" for broker in brokers)
    del holder


def reader(servers):
    return streaming.KafkaReader(streaming.Kafka(servers, TOPIC))


def produce(servers, messages, partition_of=lambda _: 0):
    producer = confluent.Producer({"bootstrap.servers": servers, "linger.ms": 5})
    for place, message in enumerate(messages):
        producer.poll(0)
        producer.produce(TOPIC, value=message, partition=partition_of(place))
    assert producer.flush(30) == 0


def test_partitions_in_any_order_say_what_a_scan_says(world, whole, servers, tmp_path):
    third = len(world.messages) // 3
    produce(servers, world.messages[2 * third :], lambda _: 2)  # the newest comes first
    produce(servers, world.messages[: 2 * third], lambda place: place % 2)
    found = Watching(tmp_path, reader(servers), world.accounts).run()
    assert said(found.last) == said(whole)
    assert found.told.reading.messages == len(world.messages)
    assert sorted(found.told.reading.positions) == ["0", "1", "2"]


def test_a_partition_that_is_behind_holds_up_the_looks(world, servers, tmp_path):
    rows = world.exchanges["time"]
    produce(servers, world.messages[:2000], lambda _: 0)
    produce(servers, world.messages[2000:6000], lambda _: 1)
    newest = round(rows[1999].as_py().timestamp() * 1e6)
    silent = Pace(HOUR, 2_000_000)  # two partitions of the four never have anything
    found = Watching(tmp_path, reader(servers), world.accounts, pace=AGES)
    found.until(lambda told: told.reading.messages == 6000 and told.exchanges == 6000)
    assert found.told.marks == {
        "0": newest - HOUR,
        "1": round(rows[5999].as_py().timestamp() * 1e6) - HOUR,
        "2": None,
        "3": None,
    }
    assert found.told.look is None  # partitions that have said nothing might say anything
    again = Watching(tmp_path, reader(servers), world.accounts, pace=silent)
    end = -(-(round(rows[5999].as_py().timestamp() * 1e6) + 1) // (6 * HOUR)) * 6 * HOUR
    again.until(lambda told: told.look == end)
    assert said(again.last) == said(world.scanned(world.messages[:6000])[0])


def test_a_second_run_goes_on_from_the_offsets_of_the_state(world, servers, tmp_path):
    produce(servers, world.messages[:1000], lambda place: place % 2)
    Watching(tmp_path, reader(servers), world.accounts).run()
    produce(servers, [*world.messages[1000:1500], b"{", None], lambda place: place % 2)
    found = Watching(tmp_path, reader(servers), world.accounts).run()
    assert found.told.reading.messages == 1502
    assert found.told.exchanges == 1500
    assert dict(found.told.bad) == {"unreadable-record": 2}
    files = sorted((tmp_path / "out/quarantine").glob("exchanges-*.jsonl"))
    rows = [json.loads(line) for file in files for line in file.read_text().splitlines()]
    assert {(row["source"], row["row"]) for row in rows} == {
        ("kafka:exchanges/0", 750),
        ("kafka:exchanges/1", 750),
    }
    assert said(found.last) == said(world.scanned(world.messages[:1500])[0])


def test_a_topic_that_was_made_anew_is_told(world, servers, tmp_path):
    produce(servers, world.messages[:100])
    Watching(tmp_path, reader(servers), world.accounts).run()
    other = confluent.Producer({"test.mock.num.brokers": 1, "bootstrap.servers": "none:1"})
    broker = next(iter(other.list_topics(timeout=10).brokers.values()))
    produce(f"{broker.host}:{broker.port}", world.messages[:50])
    with pytest.raises(ConfigurationError, match="which was read to"):
        Watching(
            tmp_path, reader(f"{broker.host}:{broker.port}"), world.accounts, settings=STEP
        ).run()


def test_a_cluster_that_is_away_is_asked_again_until_the_end(world, tmp_path, monkeypatch):
    monkeypatch.setattr(streaming, "_PATIENCE", 0.3)
    one = reader("127.0.0.1:9")
    with pytest.raises(UnreachableError):
        one.open({})
    found = Watching(tmp_path, reader("127.0.0.1:9"), world.accounts)
    start = time.monotonic()
    found.until(lambda told: not told.connected)
    assert time.monotonic() - start < 20
    assert found.told.exchanges == 0
