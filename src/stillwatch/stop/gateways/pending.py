"""Decisions that wait to be told of their answers: bounded in bytes and in time."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stillwatch.stop.interface import Decision

__all__ = ["Pending"]

_OVERHEAD = 2048
"""Bytes that a decision takes beside its body, about."""


class Pending:
    """The newest decisions by key.

    Args:
        most: bytes that are kept; the oldest go first.
        seconds: that a decision waits at most.
    """

    def __init__(self, most: int = 256 << 20, seconds: float = 3600.0) -> None:
        self._most = most
        self._span = round(seconds * 1_000_000)
        self._held: OrderedDict[str, Decision] = OrderedDict()
        self._size = 0

    def keep(self, key: str, decision: Decision, now: int) -> list[Decision]:
        """Let a decision wait; return those that wait no more for it, or are of its key.

        Args:
            key: by which it is asked for.
            decision: to keep.
            now: microseconds since 1970.
        """
        gone = [self.take(key)]
        self._held[key] = decision
        self._size += _size(decision)
        while self._held:
            oldest = next(iter(self._held))
            if self._size <= self._most and now - self._held[oldest].request.time <= self._span:
                break
            gone.append(self.take(oldest))
        return [one for one in gone if one is not None]

    def take(self, key: str) -> Decision | None:
        """Return a decision, which waits no more; None where there is none."""
        decision = self._held.pop(key, None)
        if decision is not None:
            self._size -= _size(decision)
        return decision

    def drain(self) -> list[Decision]:
        """Return all that wait, oldest first; none waits any more."""
        held, self._held, self._size = list(self._held.values()), OrderedDict(), 0
        return held

    def __len__(self) -> int:
        return len(self._held)


def _size(decision: Decision) -> int:
    asked = decision.asked
    return _OVERHEAD + len(decision.request.body) + 4 * (len(asked.prompt) + len(asked.system))
