"""Randomness by hashing: the same numbers for the same row, in whatever order rows are asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from stillwatch.worlds.simulation.columns import Ints

__all__ = ["draws", "keyed", "mix", "stream"]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MASK = 2**64 - 1
_M1 = np.uint64(0xBF58476D1CE4E5B9)
_M2 = np.uint64(0x94D049BB133111EB)


def mix(value: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return the splitmix64 finaliser of each value (Steele, Lea, Flood 2014)."""
    value = (value ^ (value >> np.uint64(30))) * _M1
    value = (value ^ (value >> np.uint64(27))) * _M2
    return value ^ (value >> np.uint64(31))


def keyed(salt: int, *columns: Ints) -> NDArray[np.uint64]:
    """Return one 64-bit key a row from a salt and any number of integer columns."""
    key = np.full(len(columns[0]), (salt * 0x9E3779B97F4A7C15 + 0x1234567) & _MASK, np.uint64)
    for column in columns:
        key = mix((key ^ column.astype(np.uint64)) * _GOLDEN + _GOLDEN)
    return key


def draws(key: NDArray[np.uint64], width: int) -> list[list[int]]:
    """Return ``width`` numbers below 2**31 for each key.

    >>> draws(keyed(1, np.array([5])), 2) == draws(keyed(1, np.array([5])), 2)
    True
    """
    steps = np.arange(1, width + 1, dtype=np.uint64) * _GOLDEN
    table = mix(key[:, None] + steps[None, :]) >> np.uint64(33)
    rows: list[list[int]] = table.astype(np.int64).tolist()
    return rows


def _scramble(value: int) -> int:
    value = ((value ^ (value >> 30)) * int(_M1)) & _MASK
    value = ((value ^ (value >> 27)) * int(_M2)) & _MASK
    return value ^ (value >> 31)


def stream(*values: int) -> Iterator[int]:
    """Yield endless numbers below 2**31 that depend on ``values`` alone.

    >>> next(stream(1, 2)) == next(stream(1, 2))
    True
    """
    golden = int(_GOLDEN)
    state = 0
    for value in values:
        state = _scramble(((state ^ value) * golden + golden) & _MASK)
    while True:
        state = (state + golden) & _MASK
        yield _scramble(state) >> 33
