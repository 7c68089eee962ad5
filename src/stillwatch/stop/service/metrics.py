"""What Prometheus reads (docs/reference/serve.md); never an account as a label."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from stillwatch.stop.service.lake import Lake

__all__ = ["Metrics"]

_SECONDS = (1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 2e-2, 5e-2, 0.1, 0.25, 1.0)


class Metrics:
    """Counters of one process, in a registry of their own.

    >>> metrics = Metrics()
    >>> metrics.decisions.labels("observe", "limit", "shadow").inc()
    >>> b'stillwatch_decisions_total{applied="observe",mode="shadow",would="limit"} 1.0' in (
    ...     metrics.shown()
    ... )
    True
    """

    def __init__(self) -> None:
        registry = self.registry = CollectorRegistry()

        def counter(name: str, words: str, *labels: str) -> Counter:
            return Counter(f"stillwatch_{name}", words, labels, registry=registry)

        def gauge(name: str, words: str) -> Gauge:
            return Gauge(f"stillwatch_{name}", words, registry=registry)

        self.decisions = counter(
            "decisions", "Decisions by measure applied and by measure that the policy says",
            "applied", "would", "mode",
        )  # fmt: skip
        self.answers = counter("answers", "Requests answered in the model's place", "status")
        self.outcomes = counter("requests", "What gateways made of requests", "outcome")
        self.undecided = counter(
            "undecided", "Requests for which something was away, by how they failed", "lost", "fail"
        )
        self.seconds = Histogram(
            "stillwatch_decision_seconds", "Time to a decision", buckets=_SECONDS, registry=registry
        )
        self.in_flight = gauge("in_flight", "Decisions under way")
        self.late = gauge("late_seconds", "How late the event loop runs")
        self.buckets_away = gauge("shared_buckets_away", "1 while shared buckets are left alone")
        self.updates = counter("updates", "Updates heard", "kind", "outcome")
        self.updates_connected = gauge("updates_connected", "1 while NATS answers")
        self.knowledge_version = gauge("knowledge_version", "Snapshots built since the start")
        self.knowledge_as_of = gauge(
            "knowledge_as_of_seconds", "Last look of the scan in use, seconds since 1970"
        )
        self.reloads = counter("reloads", "Files that changed, by outcome", "file", "outcome")
        self.ready = gauge("ready", "1 while requests are wanted")
        self.logs_dropped = counter("log_lines_dropped", "Log lines that did not fit the queue")

    def watch_lake(self, lake: Lake) -> None:
        """Show what becomes of exchanges."""
        self.registry.register(_Lake(lake))

    def watch(self, name: str, words: str, read: Callable[[], float]) -> None:
        """Show a number that is read when it is asked for."""
        Gauge(f"stillwatch_{name}", words, registry=self.registry).set_function(read)

    def shown(self) -> bytes:
        """Return everything in Prometheus' text format."""
        return generate_latest(self.registry)


class _Lake:
    """A lake's own counts, read when they are asked for."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake

    def collect(self) -> Iterator[Any]:
        """Yield the families."""
        counts = self._lake.counts
        made = CounterMetricFamily(
            "stillwatch_lake_exchanges", "What became of exchanges", labels=["outcome"]
        )
        for name in ("written", "observed", "dropped", "unobserved"):
            made.add_metric([name], getattr(counts, name))
        yield made
        yield CounterMetricFamily(
            "stillwatch_lake_failures", "Attempts to write that failed", value=counts.failures
        )
        yield GaugeMetricFamily(
            "stillwatch_lake_waiting", "Exchanges that wait", value=self._lake.waiting
        )
