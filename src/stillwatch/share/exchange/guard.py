"""Poisoning guard: an indicator that hits those who are known to be good is held back.

A peer may be wrong, or may be made to have others block people who look like a campaign.  Accounts
that this member verified as benign are a sample of everybody who is: what hits them above a bound
hits people.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from stillwatch.share.exchange.intelligence import Intelligence

__all__ = ["BOUND", "FEWEST", "HeldBack", "guarded"]

BOUND = 0.001
"""Share of verified accounts that an indicator may hit."""
FEWEST = 2
"""Hits below which an indicator is never held back: one verified account may have gone bad."""


@dataclass(frozen=True, slots=True)
class HeldBack:
    """An indicator that is not acted on."""

    indicator: str
    hit: int
    """Verified accounts that it hits."""
    share: float
    """Of all verified accounts."""


def guarded(
    rows: Sequence[Intelligence], benign: Collection[str | int], *, bound: float = BOUND
) -> tuple[list[Intelligence], list[HeldBack]]:
    """Return the rows that stand, and the indicators that are held back.

    Args:
        rows: accounts and the indicators that they fit.
        benign: accounts that this member verified.
        bound: share of them that an indicator may hit.
    """
    known = frozenset(benign)
    hit: dict[str, set[str | int]] = defaultdict(set)
    for row in rows:
        if row.account_id in known:
            hit[row.indicator].add(row.account_id)
    allowed = max(FEWEST - 1, math.floor(bound * len(known)))
    held = [
        HeldBack(number, len(accounts), len(accounts) / len(known))
        for number, accounts in sorted(hit.items())
        if len(accounts) > allowed
    ]
    names = {one.indicator for one in held}
    return [row for row in rows if row.indicator not in names], held
