"""The families' votes as geometry: each bar beside what ordinary crowds of like size gave."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stillwatch.records import FAMILIES

if TYPE_CHECKING:
    from stillwatch.records import Campaign, Finding

__all__ = ["Vote", "Votes", "threshold", "votes"]


@dataclass(frozen=True, slots=True)
class Vote:
    """One family's evidence, or the combination."""

    family: str
    """Family, or ``combined``."""
    log_e: float | None
    """Sum of its log e-values, the strongest where no sum was kept; None where nothing could be
    judged."""
    x: float
    """Left edge of the bar, percent."""
    width: float
    """Percent."""
    detectors: tuple[str, ...]
    """Detectors that gave evidence."""
    proposes: bool
    """Whether the group was proposed by this family alone, so that it has no vote."""
    null: tuple[float, ...] = ()
    """What crowds of like size gave at quantiles .05, .25, .5, .75 and .95, log e."""
    places: tuple[float, ...] = ()
    """Their places, percent."""
    crowds: int = 0
    """Crowds measured."""

    @property
    def beyond(self) -> bool:
        """Whether the vote is more than nineteen crowds in twenty gave."""
        return self.log_e is not None and bool(self.null) and self.log_e > self.null[-1]


@dataclass(frozen=True, slots=True)
class Votes:
    """The families' bars and what the decision asks for."""

    rows: tuple[Vote, ...]
    """Families in their fixed order, then the combination."""
    zero_x: float
    """Place of log e = 0, percent."""
    threshold: float
    """Log e that e-BH asks for."""
    threshold_x: float
    """Its place, percent."""


def threshold(groups: int, alpha: float, declared: int) -> float:
    """Return the log e-value that e-BH asks of each of ``declared`` groups out of ``groups``."""
    return math.log(max(groups, 1) / (alpha * max(declared, 1))) if alpha > 0 else 0.0


def votes(campaign: Campaign, asked: float) -> Votes:
    """Return the evidence of each family against the threshold ``asked``, log e."""
    kept = {vote.family: vote for vote in campaign.votes}
    rows = []
    for family in FAMILIES:
        mine = [f for f in campaign.findings if f.family == family and f.role != "explanation"]
        evidence = [f for f in mine if f.role == "evidence" and f.enough_data]
        names = tuple(sorted({f.detector for f in evidence}))
        vote = kept.get(family)
        value = max((f.log_e for f in evidence), default=None)
        if vote is not None and evidence:
            value = vote.log_e
        null = tuple(_finite(q) for q in vote.null) if vote is not None else ()
        count = vote.crowds if vote is not None else 0
        rows.append((family, value, names, bool(mine) and all(map(_proposes, mine)), null, count))
    rows.append(("combined", campaign.log_e, (), False, (), 0))
    values = [_finite(row[1]) for row in rows if row[1] is not None]
    values += [quantile for row in rows for quantile in row[4]]
    low = min(0.0, *values)
    high = max(asked * 1.15, *values, 1.0)

    def place(value: float) -> float:
        return round(100 * (_finite(value) - low) / (high - low), 3)

    zero = place(0.0)
    drawn = []
    for family, value, names, proposes, null, count in rows:
        end = zero if value is None else place(value)
        left, width = round(min(zero, end), 3), round(abs(end - zero), 3)
        places = tuple(place(quantile) for quantile in null)
        drawn.append(Vote(family, value, left, width, names, proposes, null, places, count))
    return Votes(tuple(drawn), zero, asked, place(asked))


def _proposes(finding: Finding) -> bool:
    return finding.role == "proposal"


def _finite(value: float) -> float:
    return 0.0 if math.isnan(value) else max(-1e6, min(1e6, value))
