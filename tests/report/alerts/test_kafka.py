"""Kafka: a broker that the operator names, or the one that librdkafka brings for tests."""

# ruff: noqa: S106 - the arguments name variables and hold no secret

from __future__ import annotations

import json
import os
import time
import uuid

import pytest
from test_receivers import message, taken

from stillwatch.errors import ConfigurationError
from stillwatch.report.alerts.interface import NotTakenError
from stillwatch.report.alerts.kafka import Kafka

confluent = pytest.importorskip("confluent_kafka", reason="the extra `kafka` is not installed")


@pytest.fixture
def bootstrap():
    """Return a broker's address: KAFKA_BOOTSTRAP, or librdkafka's broker in this process."""
    given = os.environ.get("KAFKA_BOOTSTRAP")
    if given:
        yield given
        return
    holder = confluent.Producer({"test.mock.num.brokers": 1, "bootstrap.servers": "none:1"})
    brokers = holder.list_topics(timeout=10).brokers.values()
    yield ",".join(f"{broker.host}:{broker.port}" for broker in brokers)
    del holder


def receiver(tmp_path, bootstrap, topic, **more):
    return taken(
        Kafka, tmp_path, bootstrap=bootstrap.split(","), topic=topic, security="plaintext", **more
    )


def consumed(bootstrap, topic, count):
    consumer = confluent.Consumer(
        {"bootstrap.servers": bootstrap, "group.id": topic, "auto.offset.reset": "earliest"}
    )
    partitions = consumer.list_topics(topic, timeout=10).topics[topic].partitions
    consumer.assign([confluent.TopicPartition(topic, number, 0) for number in partitions])
    found, end = [], time.monotonic() + 15
    while len(found) < count and time.monotonic() < end:
        record = consumer.poll(0.2)
        if record is not None and record.error() is None:
            found.append(record)
    consumer.close()
    return found


def test_events_arrive_with_key_time_and_id(tmp_path, bootstrap):
    topic = f"alerts-{uuid.uuid4()}"
    made = receiver(tmp_path, bootstrap, topic)
    made.deliver(message(3), 0.0)
    made.deliver(message(1, kind="campaign.declared"), 0.0)
    made.close()
    records = consumed(bootstrap, topic, 4)
    assert [json.loads(record.value())["n"] for record in records] == [0, 1, 2, 0]
    for record in records:
        assert record.key() == b"c-1"
        assert record.timestamp()[1] == int(1000 * message().time.timestamp())
        assert dict(record.headers())["id"] == b"sw_message"
    assert dict(records[-1].headers())["type"] == b"campaign.declared"


def test_a_cluster_that_is_away_is_told(tmp_path):
    made = receiver(tmp_path, "127.0.0.1:9", "alerts", timeout_seconds=1)
    start = time.monotonic()
    with pytest.raises(NotTakenError):
        made.deliver(message(), 0.0)
    assert time.monotonic() - start < 10
    made.close()


def test_plain_text_stays_on_this_machine(tmp_path, monkeypatch):
    table = {"bootstrap": ["kafka.example.org:9092"], "topic": "t"}
    with pytest.raises(ConfigurationError, match="another machine"):
        taken(Kafka, tmp_path, **table, security="plaintext")
    taken(Kafka, tmp_path, **table)
    monkeypatch.setenv("WORD", "hunter2")
    made = taken(Kafka, tmp_path, **table, security="sasl_ssl", username="u", password_env="WORD")
    assert made.settings["sasl.password"] == "hunter2"
    assert "hunter2" not in repr(made)
