"""Apache Kafka through librdkafka (confluent-kafka): idempotent, acknowledged by all replicas.

The key is the campaign, so that what is said of one campaign stays in order within its partition.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from stillwatch.errors import MissingExtraError
from stillwatch.listening import is_loopback
from stillwatch.report.alerts.interface import NotTakenError
from stillwatch.report.documents.visible import visible

if TYPE_CHECKING:
    from stillwatch.report.alerts.interface import Message
    from stillwatch.report.alerts.options import Options

__all__ = ["Kafka"]

_PROTOCOLS = ("ssl", "sasl_ssl", "plaintext", "sasl_plaintext")


@dataclass(slots=True, repr=False)
class Kafka:
    """One topic of a cluster."""

    name: str
    """The operator's name for it."""
    topic: str
    """Topic."""
    settings: dict[str, Any]
    """librdkafka's settings; may hold a password."""
    timeout: float
    """Seconds until a delivery counts as failed."""
    _producer: Any = field(default=None)

    kind = "kafka"

    @classmethod
    def take(cls, name: str, options: Options) -> Self:
        """Read a topic from its table."""
        _library()
        servers = options.texts("bootstrap")
        protocol = options.choice("security", _PROTOCOLS, "ssl")
        timeout = options.number("timeout_seconds", 20, 1, 300)
        if not protocol.endswith("ssl") and not all(_near(server) for server in servers):
            raise options.wrong("security", "must be ssl or sasl_ssl: a server is another machine")
        settings: dict[str, Any] = {
            "bootstrap.servers": ",".join(servers),
            "client.id": "stillwatch",
            "security.protocol": protocol,
            "enable.idempotence": True,
            "message.timeout.ms": int(1000 * timeout),
            "log_level": 0,
        }
        if protocol.startswith("sasl"):
            settings["sasl.mechanism"] = options.choice(
                "mechanism", ("SCRAM-SHA-256", "SCRAM-SHA-512", "PLAIN"), "SCRAM-SHA-512"
            )
            settings["sasl.username"] = options.text("username")
            settings["sasl.password"] = options.secrets("password")[0]
        ca_file = options.path("ca_file")
        if ca_file is not None:
            settings["ssl.ca.location"] = str(ca_file)
        return cls(name, options.text("topic"), settings, timeout)

    def deliver(self, message: Message, now: float) -> None:  # noqa: ARG002 - the broker has a clock
        """Produce a message's events and wait until every in-sync replica has them."""
        from confluent_kafka import KafkaException  # noqa: PLC0415 - an extra

        failures: list[str] = []
        taken = 0

        def report(error: Any, _: object) -> None:  # noqa: ANN401 - librdkafka's
            nonlocal taken
            if error is None:
                taken += 1
            else:
                failures.append(visible(error.str(), 200))

        try:
            producer = self._open()
            for event in message.events:
                producer.produce(
                    self.topic,
                    key=event.subject,
                    value=event.text,
                    timestamp=int(1000 * event.time.timestamp()),
                    headers={"id": message.uid, "event": event.uid, "type": message.kind},
                    on_delivery=report,
                )
            producer.flush(self.timeout + 1)
        except (KafkaException, BufferError) as error:
            self._producer = None
            raise NotTakenError(visible(str(error), 200)) from error
        if failures or taken < len(message.events):
            producer.purge()  # what it still holds must not arrive after a later attempt
            self._producer = None
            raise NotTakenError(failures[0] if failures else "it did not confirm in time")

    def close(self) -> None:
        """Let go of the producer; it holds nothing that was not confirmed."""
        self._producer = None

    def _open(self) -> Any:  # noqa: ANN401 - librdkafka's producer has no types
        if self._producer is None:
            self._producer = _library().Producer(self.settings, logger=_quiet())
        return self._producer


def _library() -> Any:  # noqa: ANN401 - a module
    try:
        import confluent_kafka  # noqa: PLC0415 - an extra
    except ImportError:
        raise MissingExtraError(
            "a Kafka receiver needs the extra `kafka`",
            todo="pip install 'stillwatch[kafka]'",
        ) from None
    return confluent_kafka


def _quiet() -> Any:  # noqa: ANN401 - a logger
    import logging  # noqa: PLC0415 - librdkafka writes to standard error without one

    logger = logging.getLogger("stillwatch.kafka")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
    logger.propagate = False
    return logger


def _near(server: str) -> bool:
    return is_loopback(server.rpartition(":")[0].strip("[]"))
