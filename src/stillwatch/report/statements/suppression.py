"""Small counts of people are not published, and neither is what would give them away.

Counts above 0 and below k are suppressed.  Where a total is published, further counts of the same
breakdown are suppressed, smallest first, until those that are hidden add up to k at least; where
that cannot be, the total is suppressed as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

__all__ = ["Cell", "breakdown", "cell"]


@dataclass(frozen=True, slots=True)
class Cell:
    """A count, or that it is too small to be published."""

    count: int | None
    """None where suppressed."""
    suppressed: bool = False


_HIDDEN = Cell(None, suppressed=True)


def cell(count: int, below: int) -> Cell:
    """Return a count that stands alone.

    Args:
        count: of people.
        below: k, the smallest count that is published.

    >>> cell(4, 5), cell(0, 5).count, cell(5, 5).count
    (Cell(count=None, suppressed=True), 0, 5)
    """
    return _HIDDEN if 0 < count < below else Cell(count)


def breakdown(
    counts: Mapping[str, int], below: int, *, also: Collection[str] = ()
) -> tuple[dict[str, Cell], Cell]:
    """Return the parts of a count of people, and their total.

    Args:
        counts: by part; together they are the total.
        below: k.
        also: parts that are suppressed for another reason.

    >>> parts, total = breakdown({"a": 2, "b": 9, "c": 30}, 5)
    >>> parts["a"].suppressed, parts["b"].suppressed, parts["c"].count, total.count
    (True, True, 30, 41)
    """
    total = sum(counts.values())
    hidden = {name for name, n in counts.items() if 0 < n < below or name in also}
    left = sorted((n, name) for name, n in counts.items() if name not in hidden and n > 0)
    while hidden and sum(counts[name] for name in hidden) < below and left:
        hidden.add(left.pop(0)[1])
    if len(hidden) == 1 and left:  # a single one is the total less the others
        hidden.add(left.pop(0)[1])
    alone = len(hidden) == 1 or (hidden and sum(counts[name] for name in hidden) < below)
    whole = _HIDDEN if alone else cell(total, below)
    return {name: _HIDDEN if name in hidden else Cell(n) for name, n in counts.items()}, whole
