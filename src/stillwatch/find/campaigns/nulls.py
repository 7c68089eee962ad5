"""Each family's vote beside its null: what ordinary crowds of like size would have given.

The crowds are those that calibrate the detectors (``crowds``), taken at the last look.  Each is
measured and bounded as a group is (rule J-1), and a family's null is the spread of its sums.
Crowds that are a campaign's own are among them, as they are in the calibration; quantiles up to
.95 stay clear of them while campaigns are fewer than one crowd in twenty.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from stillwatch.find.campaigns.crowds import CLASSES, draw_crowds, measure_crowds
from stillwatch.find.campaigns.judge import BOUNDS, FAMILY_CAP, FLOORS, speaking
from stillwatch.find.campaigns.propose import most_accounts
from stillwatch.records import FamilyVote

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from stillwatch.find.features.view import View

__all__ = ["QUANTILES", "Nulls"]

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
"""Which quantiles of the crowds' votes are kept."""
_LEAST = 20
"""Crowds of a size class below which those of all sizes stand in."""


class Nulls:
    """The families' votes of ordinary crowds at one view.

    Args:
        view: what is known.
        without: families and detectors that were left out.
    """

    def __init__(self, view: View, without: frozenset[str] = frozenset()) -> None:
        detectors, most = speaking(without), most_accounts(view)
        floors = {detector.slug: FLOORS.get(detector.slug, 1.0) for detector in detectors}
        crowds = measure_crowds(view, detectors, floors, most)
        groups = draw_crowds(view, most)
        self._classes = np.searchsorted(CLASSES, groups.sizes, side="right")
        self._votes: dict[str, NDArray[np.float64]] = {}
        for family, cap in FAMILY_CAP.items():
            total = np.zeros(len(groups))
            for detector in detectors:
                if detector.family == family and len(groups):
                    log_e = crowds.log_e(
                        detector.slug, detector.measure(groups, view), groups.sizes
                    )
                    total += np.clip(log_e, *BOUNDS[detector.slug])
            self._votes[family] = np.minimum(total, cap)

    def votes(self, families: Mapping[str, float], size: int) -> tuple[FamilyVote, ...]:
        """Return a group's votes beside those of crowds of its size class.

        Args:
            families: nats by family.
            size: members of the group.
        """
        number = int(np.searchsorted(CLASSES, size, side="right"))
        here = self._classes == number
        if here.sum() < _LEAST:
            here = np.ones_like(here)
        count = int(here.sum())
        return tuple(
            FamilyVote(
                family=family,
                log_e=log_e,
                null=tuple(np.quantile(self._votes[family][here], QUANTILES).tolist())
                if count >= _LEAST
                else (),
                crowds=count,
            )
            for family, log_e in families.items()
        )
