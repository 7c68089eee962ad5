"""Token buckets: so much a second, saved up for a minute."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["SAVED_SECONDS", "Bucket", "Quotas"]

SAVED_SECONDS = 60.0
"""Unused quota is kept for so long; a burst is that much."""


@dataclass(slots=True)
class Bucket:
    """What one member may still take."""

    left: float
    """Tokens."""

    at: float
    """When they were counted, seconds."""

    def take(self, amount: float, rate: float, now: float) -> float:
        """Take tokens; return 0, or the seconds until there would be enough.

        More than a full bucket holds is let through when it is full, and paid off before anything
        else is. A clock that steps back neither gives nor takes.

        >>> bucket = Bucket(2.0, 0.0)
        >>> bucket.take(2, 1.0, 0.0), bucket.take(3, 1.0, 1.0)
        (0.0, 2.0)
        """
        most = max(rate * SAVED_SECONDS, 1.0)
        self.left = min(most, self.left + max(now - self.at, 0.0) * rate)
        self.at = now
        wanted = min(amount, most)
        if wanted <= self.left:
            self.left -= amount
            return 0.0
        return (wanted - self.left) / rate if rate > 0 else SAVED_SECONDS


class Quotas:
    """The buckets of all members, of requests and of objects."""

    def __init__(self) -> None:
        self._buckets: dict[tuple[int, str], Bucket] = {}

    def take(self, member: int, kind: str, amount: float, rate: float, now: float) -> float:
        """Take tokens of a member; return 0, or the seconds to wait."""
        bucket = self._buckets.get((member, kind))
        if bucket is None:
            bucket = self._buckets[member, kind] = Bucket(max(rate * SAVED_SECONDS, 1.0), now)
        return bucket.take(amount, rate, now)
