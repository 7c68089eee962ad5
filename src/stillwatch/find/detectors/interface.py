"""What a detector is: one file, one question asked of every group, one statistic back.

A detector measures; it does not decide.  Its statistic is compared with that of *matched
crowds* (groups of ordinary accounts of about the same size, see ``campaigns/crowds.py``) and
becomes an e-value there, so that whatever ordinary people who share a piece of text have in
common is the null, and not an ideal of independent strangers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from stillwatch.find.features.groups import Groups
    from stillwatch.find.features.view import View

__all__ = ["EFFECT_CAP", "Detector", "Measurement"]

EFFECT_CAP = 30
"""Accounts that count at most: with thousands, every popular phrase would be significant."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """One detector's answer for G groups."""

    statistic: NDArray[np.float64]
    """(G,) the larger, the less like a crowd; a log likelihood ratio where one exists."""
    effect: NDArray[np.float64]
    """(G,) the size a person would check, in the unit that ``explain`` names."""
    support: NDArray[np.int64]
    """(G,) accounts judged."""
    enough: NDArray[np.bool_]
    """(G,) False where the detector abstains; statistic and effect are then 0."""


class Detector(Protocol):
    """One question asked of every group."""

    slug: str
    """Name in findings and reports."""
    family: str
    """One of ``records.FAMILIES``."""
    reads: frozenset[str]
    """Input columns without which it abstains, by their names in ``records``."""
    cheap: bool
    """Whether it is measured on every facet, and not on surviving groups only."""
    sees: str
    """What it sees, one sentence."""
    innocent: str
    """Which benign accounts look alike, and what they would show."""
    source: str
    """The paper or measurement that it rests on."""

    def measure(self, groups: Groups, view: View) -> Measurement:
        """Measure every group, from what the view knows and nothing else."""
        ...

    def explain(self, effect: float, support: int) -> str:
        """Return one sentence that a person can check."""
        ...
