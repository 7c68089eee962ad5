"""Token buckets: so much a second, saved up for a minute."""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from dataclasses import dataclass

__all__ = ["SAVED_SECONDS", "Bucket", "Quotas", "Tries"]

SAVED_SECONDS = 60.0
"""Unused quota is kept for so long; a burst is that much."""
_NETWORKS = 10_000
"""Networks of strangers that are remembered."""


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


class Tries:
    """Wrong tries of strangers: a few a minute from one network, so many from all.

    Args:
        one: tries a second from one network.
        every: tries a second from all.
    """

    def __init__(self, one: float, every: float) -> None:
        self._one, self._every = one, every
        self._all = Bucket(every * SAVED_SECONDS, 0.0)
        self._held: OrderedDict[str, Bucket] = OrderedDict()

    def wait(self, address: str, now: float) -> float:
        """Take a try; return 0, or the seconds to wait.

        >>> tries = Tries(0.05, 5.0)
        >>> [tries.wait("192.0.2.1", 0.0) for _ in range(4)], tries.wait("192.0.2.2", 0.0)
        ([0.0, 0.0, 0.0, 20.0], 0.0)
        """
        network = _network(address)
        held = self._held.pop(network, None) or Bucket(self._one * SAVED_SECONDS, now)
        self._held[network] = held
        while len(self._held) > _NETWORKS:
            self._held.popitem(last=False)
        return held.take(1, self._one, now) or self._all.take(1, self._every, now)


def _network(address: str) -> str:
    """Return an address, or the /64 of one of IPv6, of which anybody has plenty."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return ""
    if found.version == 4:
        return address
    return str(ipaddress.ip_network((int(found), 64), strict=False))
