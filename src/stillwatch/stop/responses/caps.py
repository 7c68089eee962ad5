"""No measure reaches more of the traffic or of the accounts than it may (G-14).

Counts are of the last hour, of this process. All accounts are counted by HyperLogLog (Flajolet et
al. 2007; 1,024 registers, about 3 % off), those that a measure reaches by their hashes, as many as
65,536. Below twenty requests or five accounts an hour a share says nothing, and so many are always
let through.
"""

from __future__ import annotations

import hashlib
import math
from typing import TYPE_CHECKING

from stillwatch.stop.interface import Rung
from stillwatch.stop.responses.governance import lowered

if TYPE_CHECKING:
    from stillwatch.stop.interface import Decision
    from stillwatch.stop.responses.governance import Governance

__all__ = ["Caps", "Distinct"]

_MINUTE = 60_000_000
_SLOTS = 60
_HALF = 30
_LEAST_REQUESTS = 20
_LEAST_ACCOUNTS = 5
_REGISTERS = 1024
_ALPHA = 0.7213 / (1 + 1.079 / _REGISTERS)
_MOST_ACCOUNTS = 65_536
_MOST_COUNTED = 1024
"""Measures that are counted each for itself; those beyond are bounded by their kind alone."""


class Distinct:
    """About how many different values were added, in a kibibyte.

    >>> seen = Distinct()
    >>> for value in range(1000):
    ...     seen.add(hashlib.blake2b(b"%d" % value, digest_size=8).digest())
    >>> 900 < seen.estimate() < 1100
    True
    """

    def __init__(self) -> None:
        self._registers = bytearray(_REGISTERS)
        self._empty = _REGISTERS
        self._sum = float(_REGISTERS)

    def add(self, hashed: bytes) -> None:
        """Add a value by its hash of 8 bytes."""
        number = int.from_bytes(hashed, "little")
        index, rest = number % _REGISTERS, number >> 10
        rank = 55 - rest.bit_length()
        old = self._registers[index]
        if rank <= old:
            return
        self._registers[index] = rank
        self._empty -= old == 0
        self._sum += 2.0**-rank - 2.0**-old

    def estimate(self) -> float:
        """Return about how many different values were added."""
        found = _ALPHA * _REGISTERS * _REGISTERS / self._sum
        if found <= 2.5 * _REGISTERS and self._empty:
            return _REGISTERS * math.log(_REGISTERS / self._empty)
        return found


class _Requests:
    """Requests of the last hour, by the minute."""

    def __init__(self) -> None:
        self._slots = [0] * _SLOTS
        self._minute = -1
        self.count = 0

    def turn(self, minute: int) -> int:
        """Let go of what is over; return how many half hours began, two at most.

        A clock that goes back changes nothing.
        """
        first, last = self._minute + 1, minute
        if last < first:
            return 0
        self._minute = minute
        begun = 2 if first == 0 else min(2, last // _HALF - (first - 1) // _HALF)
        for at in range(max(first, last - _SLOTS + 1), last + 1):
            self.count -= self._slots[at % _SLOTS]
            self._slots[at % _SLOTS] = 0
        return begun

    def add(self) -> None:
        """Count one."""
        self._slots[self._minute % _SLOTS] += 1
        self.count += 1


class _All:
    """What passes."""

    def __init__(self) -> None:
        self.requests = _Requests()
        self._halves = [Distinct(), Distinct()]

    def add(self, hashed: bytes, minute: int) -> None:
        """Count a request of an account."""
        for _ in range(self.requests.turn(minute)):
            self._halves = [Distinct(), self._halves[0]]
        self.requests.add()
        self._halves[0].add(hashed)

    def accounts(self) -> float:
        """Return about how many accounts there were, rather too few."""
        return max(half.estimate() for half in self._halves)


class _Reached:
    """What a measure was applied to."""

    def __init__(self) -> None:
        self._requests = _Requests()
        self._halves: list[set[bytes]] = [set(), set()]

    def turn(self, minute: int) -> None:
        """Let go of what is over."""
        for _ in range(self._requests.turn(minute)):
            self._halves = [set(), self._halves[0]]

    def full(self, hashed: bytes, requests: float, accounts: float) -> bool:
        """Say whether one more request of an account would be more than so many."""
        if self._requests.count + 1 > requests:
            return True
        known = hashed in self._halves[0] or hashed in self._halves[1]
        return not known and sum(map(len, self._halves)) + 1 > min(accounts, _MOST_ACCOUNTS)

    def add(self, hashed: bytes) -> None:
        """Count a request of an account."""
        self._requests.add()
        self._halves[1].discard(hashed)
        self._halves[0].add(hashed)


class Caps:
    """Counts what measures reach; for one thread."""

    def __init__(self) -> None:
        self._all = _All()
        self._reached: dict[Rung | str, _Reached] = {}

    def admit(self, decision: Decision, governance: Governance, now: int) -> Decision:
        """Count a decision, and lower it where its measure has reached as much as it may.

        Args:
            decision: that governance permits.
            governance: whose policy and measures have the bounds.
            now: microseconds since 1970.
        """
        minute = now // _MINUTE
        account = decision.request.account.encode("utf-8", "surrogatepass")
        hashed = hashlib.blake2b(account, digest_size=8).digest()
        self._all.add(hashed, minute)
        if decision.would is Rung.OBSERVE:
            return decision
        rule = governance.policy.rules[decision.would]
        bounds: list[tuple[Rung | str, float, float]] = [
            (decision.would, rule.most_of_traffic, rule.most_of_accounts)
        ]
        measure = governance.measures.by_id.get(decision.measure_id)
        if measure is not None and self._counts(measure.measure_id):
            bounds.append((measure.measure_id, measure.most_of_traffic, measure.most_of_accounts))
        all_requests, all_accounts = self._all.requests.count, self._all.accounts()
        reached = []
        for key, traffic, accounts in bounds:
            one = self._reached.setdefault(key, _Reached())
            one.turn(minute)
            requests = max(_LEAST_REQUESTS, traffic * all_requests)
            if one.full(hashed, requests, max(_LEAST_ACCOUNTS, accounts * all_accounts)):
                return lowered(decision, Rung.OBSERVE, "cap-reached", decision.would.name.lower())
            reached.append(one)
        for one in reached:
            one.add(hashed)
        return decision

    def _counts(self, key: str) -> bool:
        return key in self._reached or len(self._reached) < _MOST_COUNTED
