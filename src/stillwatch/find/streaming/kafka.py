"""Apache Kafka through librdkafka, read by offset: partitions are assigned, not subscribed to.

The state says where to begin in each partition. Offsets are committed to the group, too, for
people and their tools to see, and are never read back. Needs the ``kafka`` extra.
"""

from __future__ import annotations

import contextlib
import logging
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from stillwatch.errors import ConfigurationError, UnreachableError
from stillwatch.find.streaming.interface import Message

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Kafka", "KafkaReader"]

_AT_ONCE = 2_000
_PATIENCE = 10.0
"""Seconds that a broker has to answer a question."""
_PARTITIONS = 60.0
"""Seconds between looks whether the topic has more partitions."""
_LINGER = 0.05
_BOUNDS: Mapping[str, object] = {
    "enable.auto.commit": False,
    "enable.auto.offset.store": False,
    "enable.partition.eof": True,
    "auto.offset.reset": "error",
    "isolation.level": "read_committed",
    "queued.max.messages.kbytes": 65_536,
    "log_level": 0,
}
"""What an operator's settings may not change: reading and memory rest on it."""
_GONE = frozenset(
    {
        KafkaError._TRANSPORT,  # noqa: SLF001 - the library's own name
        KafkaError._ALL_BROKERS_DOWN,  # noqa: SLF001 - as above
        KafkaError._TIMED_OUT,  # noqa: SLF001 - as above
    }
)


@dataclass(frozen=True, slots=True)
class Kafka:
    """Where a topic is."""

    servers: str
    """``host:port``, several with commas."""
    topic: str
    group: str = "stillwatch-watch"
    """Consumer group under which offsets are shown."""
    settings: Mapping[str, object] = field(default_factory=dict, repr=False)
    """librdkafka's settings of the connection; may hold a password."""


class KafkaReader:
    """Reads one topic, all partitions.

    Args:
        place: where.
    """

    def __init__(self, place: Kafka) -> None:
        self.name = f"kafka:{place.topic}"
        """See :class:`Reader`, as all below."""
        self.connected = False
        self.missed = 0
        self._place = place
        self._consumer: Any = None
        self._next: dict[int, int] = {}
        self._ended: set[int] = set()
        self._listed = 0.0

    def open(self, taken: Mapping[str, int]) -> None:
        """Assign all partitions, each after the offset taken."""
        self._shut()
        try:
            self._consumer = Consumer(
                {
                    "client.id": "stillwatch",
                    **self._place.settings,
                    "bootstrap.servers": self._place.servers,
                    "group.id": self._place.group,
                    **_BOUNDS,
                    "error_cb": self._failed,
                },
                logger=_quiet(),
            )
        except (KafkaException, ValueError, TypeError) as error:
            raise ConfigurationError(
                "the settings of Kafka cannot be used",
                where=self._place.topic,
                todo="check --client-config against librdkafka's CONFIGURATION.md",
            ) from error
        self._next, self._ended = {}, set()
        try:
            self._assign(taken)
        except BaseException:
            self._shut()
            raise
        self.connected = True

    def read(self, seconds: float) -> list[Message]:
        """Return what came."""
        if time.monotonic() - self._listed > _PARTITIONS:
            with contextlib.suppress(UnreachableError):  # it is asked again
                self._assign({str(number): at - 1 for number, at in self._next.items()})
        found: list[Message] = []
        try:
            records = self._consumer.consume(1, seconds)
            if records and records[0].error() is None:
                records += self._consumer.consume(_AT_ONCE - 1, _LINGER)
        except KafkaException as error:
            raise self._away(error) from error
        for record in records:
            number, wrong = record.partition(), record.error()
            if wrong is None:
                self._next[number] = record.offset() + 1
                self._ended.discard(number)
                self.connected = True
                found.append(Message(str(number), record.offset(), record.value()))
            elif wrong.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - the library's name
                self._ended.add(number)
                self.connected = True
            elif wrong.code() not in _GONE:  # those the library sees to by itself
                raise UnreachableError(
                    f"Kafka: {wrong.name()}", where=f"{self._place.topic}/{number}"
                )
        return found

    def acknowledge(self, taken: Mapping[str, int]) -> None:
        """Commit the offsets to the group."""
        topic = self._place.topic
        offsets = [TopicPartition(topic, int(name), at + 1) for name, at in taken.items()]
        with contextlib.suppress(KafkaException):
            self._consumer.commit(offsets=offsets, asynchronous=True)

    def lag(self) -> Mapping[str, int]:
        """Return how many messages wait in each partition."""
        found: dict[str, int] = {}
        for number, at in self._next.items():
            behind = 0
            if number not in self._ended and self._consumer is not None:
                behind = 1  # at least, until its end was seen
                with contextlib.suppress(KafkaException):
                    one = TopicPartition(self._place.topic, number)
                    _, high = self._consumer.get_watermark_offsets(one, cached=True)
                    behind = max(1, high - at)
            found[str(number)] = behind
        return found

    def close(self) -> None:
        """Close the connection."""
        self._shut()

    def _assign(self, taken: Mapping[str, int]) -> None:
        """Assign the partitions that are not yet."""
        topic = self._place.topic
        try:
            said = self._consumer.list_topics(topic, timeout=_PATIENCE).topics[topic]
            if said.error is not None or not said.partitions:
                raise ConfigurationError(
                    "there is no such topic", where=topic, todo="name one that there is"
                )
            fresh = sorted(said.partitions.keys() - self._next.keys())
            starts = [self._start(number, taken.get(str(number))) for number in fresh]
            if starts:
                self._consumer.incremental_assign(starts)
        except KafkaException as error:
            raise self._away(error) from error
        self._next |= {one.partition: one.offset for one in starts}
        self._listed = time.monotonic()

    def _start(self, number: int, taken: int | None) -> TopicPartition:
        """Return where to begin in a partition."""
        place = TopicPartition(self._place.topic, number)
        low, high = self._consumer.get_watermark_offsets(place, timeout=_PATIENCE)
        if taken is None:
            return TopicPartition(self._place.topic, number, low)
        if taken + 1 > high:
            raise ConfigurationError(
                f"the partition ends at {high}, before {taken + 1}, which was read to",
                where=f"{self._place.topic}/{number}",
                todo="the topic was made anew: name a new state folder",
            )
        self.missed += max(0, low - taken - 1)
        return TopicPartition(self._place.topic, number, max(taken + 1, low))

    def _failed(self, error: Any) -> None:  # noqa: ANN401 - librdkafka's
        if error.code() in _GONE:
            self.connected = False

    def _away(self, error: KafkaException) -> UnreachableError:
        self.connected = False
        return UnreachableError(
            f"Kafka does not answer: {error.args[0].name()}",
            where=self._place.servers,
            todo="check the servers and settings",
        )

    def _shut(self) -> None:
        consumer, self._consumer = self._consumer, None
        self.connected = False
        if consumer is not None:
            with contextlib.suppress(KafkaException):
                consumer.close()


def _quiet() -> logging.Logger:
    """Return a logger that writes nothing: librdkafka writes to standard error without one."""
    logger = logging.getLogger("stillwatch.kafka")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
    logger.propagate = False
    return logger
