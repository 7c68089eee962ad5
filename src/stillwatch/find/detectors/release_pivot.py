"""Traffic that moves to a new model on its first day."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from stillwatch.find.detectors.averages import pooled_effect
from stillwatch.find.detectors.interface import Measurement

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from stillwatch.find.features.groups import Groups
    from stillwatch.find.features.view import View

__all__ = ["ReleasePivot"]

_WINDOW = 3 * 86_400_000_000
"""Three days after a release, microseconds."""


def _releases(view: View) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
    """Return which rows follow a release within the window, and which use what was released."""
    log = view.log
    eligible = np.zeros(len(log), np.bool_)
    fresh = np.zeros(len(log), np.float32)
    start = log.time[0] if len(log) else 0
    model = log.model[: view.rows]
    for code in np.flatnonzero(np.bincount(model)):
        first = int(np.argmax(model == code))
        if log.time[first] < start + _WINDOW:
            continue  # a model that was there from the start
        hi = int(np.searchsorted(log.time, min(log.time[first] + _WINDOW, view.time)))
        eligible[first:hi] = True
        fresh[first:hi] = np.maximum(fresh[first:hi], log.model[first:hi] == code)
    return eligible, fresh


class ReleasePivot:
    """Traffic that moves to a new model on its first day."""

    slug = "release-pivot"
    family = "lifecycle"
    reads = frozenset({"model"})
    cheap = False
    sees = "exchanges that use a model within three days of its first appearance"
    innocent = "everyone moves, and strangers move with their client: the crowd is the null"
    source = "the first disclosure: half of a campaign's traffic moved within a day; see THREATS"

    def measure(self, groups: Groups, view: View) -> Measurement:
        """Average the share on the new model among exchanges within three days of a release."""
        eligible, fresh = view.once("releases", lambda: _releases(view))
        mean, _, support = pooled_effect(groups, fresh, eligible, 1.0)
        enough = support >= 5
        return Measurement(
            np.where(enough, mean, 0.0), np.where(enough, mean, 0.0), support, enough
        )

    def explain(self, effect: float, support: int) -> str:
        """Return one sentence that a person can check."""
        return (
            f"{effect:.0%} of the exchanges of {support} accounts within three days of a release "
            "use the new model"
        )
