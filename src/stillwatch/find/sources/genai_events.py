"""GenAI events in log records, and the spans that they belong to.

An instrumentation may put what was said in log records and the rest in a span: either one event
with everything about the operation, or one event a turn.  The halves bear the same trace and span
id and come in requests of their own, in any order.
https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-events/
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from stillwatch.find.sources.genai import attributes_of, exchange_of, identity_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stillwatch.find.sources.records import Record

__all__ = ["Halves"]

DETAILS = "gen_ai.client.inference.operation.details"
"""The event that holds everything about an operation."""
SETTLE = 10.0
"""Seconds that a half waits for the other, from the last that came of it."""
MOST_WAITING = 20_000
"""Exchanges that wait, at most; the oldest goes on as it is."""
MOST_HELD = 64 << 20
"""Characters of text that wait, at most, about."""
MOST_KNOWN = 200_000
"""Exchanges gone on that are remembered, so that a late half of one makes no second."""


@dataclass(slots=True)
class _Half:
    since: float
    resource: dict[str, object] = field(default_factory=dict)
    span: Record | None = None
    attributes: list[object] = field(default_factory=list)
    events: list[object] = field(default_factory=list)
    time: object = None
    size: int = 0


class Halves:
    """Joins spans with the log records about them; a pure core, whose clock is an argument.

    >>> halves = Halves()
    >>> halves.span({}, {"name": "GET /"}, now=0.0)  # no exchange
    []
    """

    def __init__(self) -> None:
        self._waiting: OrderedDict[tuple[str, str], _Half] = OrderedDict()
        self._gone: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._held = 0

    def __len__(self) -> int:
        """Exchanges that wait for a half."""
        return len(self._waiting)

    def span(self, resource: dict[str, object], span: Record, now: float) -> list[Record]:
        """Take a span in; return the exchanges that are whole by it.

        Args:
            resource: attributes of what sent it.
            span: an OTLP span, parsed.
            now: seconds, of any clock that goes forward.
        """
        exchange = exchange_of(span, resource)
        identity = identity_of(span)
        if exchange is None:
            return []
        if identity is None:
            return [exchange]
        if identity in self._gone:  # sent again, or after the event that says it all
            return [exchange] if "messages" in exchange else []
        if "messages" in exchange and identity not in self._waiting:
            self._remember(identity)
            return [exchange]
        half = self._half(identity, now)
        half.span, half.resource = span, resource | half.resource
        if "messages" in exchange:
            return self._went_on(identity)
        self._grew(half, span)
        return self._overflow()

    def log(self, resource: dict[str, object], log: Record, now: float) -> list[Record]:
        """Take a log record in; return the exchanges that are whole by it, or pushed out.

        Args:
            resource: attributes of what sent it.
            log: an OTLP log record, parsed.
            now: seconds, of the clock of :meth:`span`.
        """
        pairs = log.get("attributes")
        own = attributes_of(pairs)
        name = log.get("eventName") or log.get("event_name") or own.get("event.name")
        if not isinstance(name, str) or not name.startswith("gen_ai."):
            return []
        identity = identity_of(log)
        if identity in self._gone:
            return []
        # without ids nothing can be joined, and the rules say what the exchange lacks
        half = _Half(now) if identity is None else self._half(identity, now)
        half.resource = resource | half.resource
        half.time = half.time or _time(log)
        given = [*(pairs if isinstance(pairs, list) else []), *_body(log.get("body"))]
        if name == DETAILS:
            half.attributes += given
        else:
            half.events.append({"name": name, "attributes": given})
        if identity is None:
            return _exchange(half, None)
        self._grew(half, given)
        return self._overflow()

    def settled(self, now: float) -> Iterator[Record]:
        """Yield the exchanges whose other half did not come in time."""
        while self._waiting:
            identity, half = next(iter(self._waiting.items()))
            if now - half.since < SETTLE:
                return
            yield from self._went_on(identity)

    def rest(self) -> Iterator[Record]:
        """Yield all that waits."""
        while self._waiting:
            yield from self._went_on(next(iter(self._waiting)))

    def _half(self, identity: tuple[str, str], now: float) -> _Half:
        half = self._waiting.setdefault(identity, _Half(now))
        half.since = now
        self._waiting.move_to_end(identity)
        return half

    def _grew(self, half: _Half, given: object) -> None:
        size = _size(given)
        half.size += size
        self._held += size

    def _overflow(self) -> list[Record]:
        out: list[Record] = []
        while len(self._waiting) > MOST_WAITING or (self._held > MOST_HELD and self._waiting):
            out += self._went_on(next(iter(self._waiting)))
        return out

    def _went_on(self, identity: tuple[str, str]) -> list[Record]:
        half = self._waiting.pop(identity)
        self._held -= half.size
        self._remember(identity)
        return _exchange(half, identity)

    def _remember(self, identity: tuple[str, str]) -> None:
        self._gone[identity] = None
        if len(self._gone) > MOST_KNOWN:
            self._gone.popitem(last=False)


def _exchange(half: _Half, identity: tuple[str, str] | None) -> list[Record]:
    """Return the exchange that the halves make, as of one span that holds all."""
    span: dict[str, object] = {"startTimeUnixNano": half.time}
    if identity is not None:
        span["traceId"], span["spanId"] = identity
    span |= half.span or {}
    own, events = span.get("attributes"), span.get("events")
    span["attributes"] = [*half.attributes, *(own if isinstance(own, list) else [])]
    span["events"] = [*(events if isinstance(events, list) else []), *half.events]
    if not half.span and not half.attributes:  # turns alone: no model, no account
        return [{"exchange_id": "-".join(identity)} if identity else {}]
    found = exchange_of(span, half.resource)
    return [] if found is None else [found]


def _body(body: object) -> list[object]:
    """Return what a log record's body says, as attributes."""
    if not isinstance(body, Mapping):
        return []
    inner = body.get("kvlistValue") or body.get("kvlist_value")
    if isinstance(inner, Mapping):
        pairs = inner.get("values")
        return pairs if isinstance(pairs, list) else []
    return [{"key": "content", "value": body}]


def _time(log: Record) -> object:
    names = ("timeUnixNano", "time_unix_nano", "observedTimeUnixNano", "observed_time_unix_nano")
    return next((log[name] for name in names if log.get(name) not in (None, "", 0, "0")), None)


def _size(value: object) -> int:
    """Return about how many characters a parsed value holds."""
    size, ahead = 0, [value]
    while ahead:
        one = ahead.pop()
        size += 64
        if isinstance(one, str):
            size += len(one)
        elif isinstance(one, Mapping):
            ahead += one.values()
        elif isinstance(one, list):
            ahead += one
    return size
