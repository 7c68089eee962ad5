"""Ranges of money as geometry: low, likely and high on one axis of powers of ten."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stillwatch.report.damage import NAMES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stillwatch.report.assumptions import Range
    from stillwatch.report.damage import Damage, Figure

__all__ = ["Amount", "Amounts", "amounts", "power_ticks"]

_TICKS = 4


@dataclass(frozen=True, slots=True)
class Amount:
    """One figure as a line with a mark."""

    says: str
    """What it means."""
    figure: Figure
    """Its ranges and what they rest on."""
    low_x: float
    """Percent."""
    likely_x: float
    """Percent."""
    high_x: float
    """Percent."""
    nothing: bool
    """Whether the whole range is nothing."""


@dataclass(frozen=True, slots=True)
class Amounts:
    """Figures over one axis."""

    rows: tuple[Amount, ...]
    """In the order of ``damage.NAMES``."""
    ticks: tuple[tuple[float, float], ...]
    """Place in percent and amount of each power of ten that is labelled."""


def amounts(damage: Damage) -> Amounts:
    """Return a campaign's figures on one axis."""
    ranges = [figure.whole for figure in damage.figures]
    low, high = _ends(ranges)

    def place(value: float) -> float:
        return round(100 * (_power(value, low) - low) / (high - low), 2)

    rows = tuple(
        Amount(
            says=NAMES[figure.name],
            figure=figure,
            low_x=place(figure.whole.low),
            likely_x=place(figure.whole.likely),
            high_x=place(figure.whole.high),
            nothing=figure.whole.high <= 0,
        )
        for figure in damage.figures
    )
    ticks = tuple((place(10.0**power), 10.0**power) for power in power_ticks(low, high))
    return Amounts(rows, ticks)


def power_ticks(low: int, high: int) -> range:
    """Return the powers of ten that are labelled, a few of those from low to high.

    >>> list(power_ticks(-1, 8))
    [0, 3, 6]
    """
    step = max(1, math.ceil((high - low) / _TICKS))
    first = -(-low // step) * step
    return range(first, high + 1, step)


def _ends(ranges: Sequence[Range]) -> tuple[int, int]:
    values = [value for figures in ranges for value in figures if value > 0]
    if not values:
        return 0, 1
    low = math.floor(math.log10(min(values)))
    return low, max(low + 1, math.ceil(math.log10(max(values))))


def _power(value: float, low: int) -> float:
    return float(low) if value <= 0 else max(float(low), math.log10(value))
