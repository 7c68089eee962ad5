"""Buckets in this process: bounded, all or nothing, without a clock of their own."""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING

import numpy as np

from stillwatch.errors import ConfigurationError
from stillwatch.stop.interface import Charged
from stillwatch.stop.serving.kernels.gcra import WAYS, charge_all

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stillwatch.stop.interface import Charge

__all__ = ["CHARGES", "LocalBuckets"]

CHARGES = 8
"""Buckets that one request may be charged to."""
_ROW = Struct("=16sqqq")
_LARGEST = 2**63 - 1


class LocalBuckets:
    """Buckets of one process; for one thread.

    Args:
        capacity: buckets that are not full and can be told apart, 24 bytes each.  Beyond it
            those soonest full are forgotten first.

    >>> from stillwatch.stop.interface import Charge
    >>> buckets = LocalBuckets(1024)
    >>> small = Charge(b"a" * 16, cost=2000, rate=1000, burst=3000)
    >>> [one.allowed for one in buckets.charge([small], 0)]
    [True]
    >>> buckets.charge([small], 0)
    [Charged(allowed=False, remaining=0, retry_after=1000000, reset_after=2000000)]
    """

    def __init__(self, capacity: int = 1 << 21) -> None:
        if capacity < WAYS:
            raise ConfigurationError(
                "too few buckets", where=f"capacity {capacity}", todo=f"name {WAYS} at least"
            )
        self._table = np.zeros((capacity // WAYS * WAYS, 3), np.int64)
        self._packed = bytearray(_ROW.size * CHARGES)
        self._asked = np.frombuffer(self._packed, np.int64).reshape(CHARGES, 5)
        self._told = np.zeros((CHARGES, 4), np.int64)
        self._places = np.zeros(CHARGES, np.int64)
        self.charge((), 0)  # compiles, so that no request waits for it

    def charge(self, charges: Sequence[Charge], now: int) -> list[Charged]:
        """Charge each bucket; where one does not allow it, none is charged.

        A request that costs more than a whole bucket passes where the bucket is full.

        Args:
            charges: at most ``CHARGES``; the same bucket may stand there twice.
            now: microseconds since 1970.

        Raises:
            ConfigurationError: there are more charges, or a key is not of 16 bytes.
        """
        if len(charges) > CHARGES or any(len(one.bucket) != 16 for one in charges):
            raise ConfigurationError(
                "charges that no bucket takes",
                where=f"{len(charges)} charges",
                todo=f"name {CHARGES} buckets at most, by keys of 16 bytes",
            )
        for place, one in enumerate(charges):
            _ROW.pack_into(
                self._packed,
                place * _ROW.size,
                one.bucket,
                min(one.cost, _LARGEST),
                min(one.rate, _LARGEST),
                min(one.burst, _LARGEST),
            )
        many = len(charges)
        charge_all(self._table, self._asked, many, now, self._told, self._places)
        return [
            Charged(allowed == 1, remaining, retry, reset)
            for allowed, remaining, retry, reset in self._told[:many].tolist()
        ]
