"""The null of every detector: crowds of ordinary accounts that share a piece of text.

A crowd is made as a candidate is: accounts are drawn, each gives one of the facets that it
carries, and the facet's carriers are the crowd.  So a crowd has whatever ordinary people who
share text have in common, households, clouds and launch days included.  The tail above the
upper quartile is described by its median, which campaigns cannot move while they are fewer
than one crowd in eight, and the e-value of a statistic x is that of an exponential tail,

    log e = c (x - q75) / scale + log(1 - c),    c = 0.9,

whose expectation under the tail is at most one (calibration of p into e with kappa = 1 - c;
Vovk and Wang, E-values: calibration, combination and applications, Ann. Statist. 2021).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numba as nb
import numpy as np

from stillwatch.find.detectors.job_queue import JobQueue
from stillwatch.find.features.groups import groups_of_facets

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from stillwatch.find.detectors.interface import Detector, Measurement
    from stillwatch.find.features.groups import Groups
    from stillwatch.find.features.view import View

__all__ = ["CLASSES", "Crowds", "Tail", "draw_crowds", "measure_crowds"]

CLASSES = (10, 40)
"""Sizes that divide small, middle and large groups; each has a null of its own."""
_CROWDS = 900
RATIOS = frozenset(
    {
        "payment-links",
        "phone-links",
        "device-links",
        "mail-patterns",
        "address-blocks",
        "replacement-after-block",
    }
)
"""Detectors whose statistic is a log likelihood ratio already."""
_BOUNDED = frozenset({"job-queue", "peer-indicators"})
"""Detectors whose statistic is a log likelihood ratio within bounds, which is taken as it is."""
_SLOPE = 0.9
_REPEATS = -3.0
"""Nats against a queue from which on whole texts repeat (rule J-3)."""
_LEAST = 20


@dataclass(frozen=True, slots=True)
class Tail:
    """Upper tail of one detector over the crowds of one size class."""

    start: float
    """Upper quartile."""
    scale: float
    """Mean excess above it, from the median of the upper quarter."""

    def log_e(self, statistic: NDArray[np.float64], *, ratio: bool = False) -> NDArray[np.float64]:
        """Return log e-values, negative below the tail's start.

        Args:
            statistic: the detector's.
            ratio: it is a log likelihood ratio, whose power 1 / scale <= 1 is an e-value as it
                stands (Jensen).
        """
        if ratio:
            return (statistic - self.start) / self.scale
        log_e: NDArray[np.float64] = _SLOPE * (statistic - self.start) / self.scale + np.log(
            1 - _SLOPE
        )
        return np.maximum(log_e, np.log(1 - _SLOPE))


@dataclass(frozen=True, slots=True)
class Crowds:
    """Tails by detector and size class."""

    tails: dict[str, tuple[Tail, ...]]
    """By slug, one tail a size class."""
    crowds: int
    """Crowds measured."""

    def log_e(
        self, detector: str, measurement: Measurement, sizes: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Return (G,) log e-values; 0 where the detector abstains."""
        if detector in _BOUNDED:
            return np.where(measurement.enough, measurement.statistic, 0.0)
        out = np.zeros(sizes.size)
        classes = np.searchsorted(CLASSES, sizes, side="right")
        for number, tail in enumerate(self.tails[detector]):
            here = (classes == number) & measurement.enough
            out[here] = tail.log_e(measurement.statistic[here], ratio=detector in RATIOS)
        return out


def _draw(view: View, most: int) -> NDArray[np.int32]:
    """Return facets: one of each drawn account's, drawn by hash so that any engine agrees."""
    index = view.facets
    carriers = view.carriers
    usable = np.flatnonzero((carriers >= 4) & (carriers <= most)).astype(np.int32)
    if usable.size == 0:
        return usable
    accounts = view.log.accounts.mark
    drawn = _first_drawn(
        usable,
        index.posting_ptr,
        view.ends,
        index.posting,
        index.opens,
        view.log.account,
        accounts,
        index.value,
    )
    who = np.flatnonzero(drawn >= 0)
    with np.errstate(over="ignore"):
        turn = (accounts[who] * np.uint64(0xD6E8FEB86659FD93)) >> np.uint64(20)
    facets: NDArray[np.int32] = drawn[who[np.argsort(turn, kind="stable")][:_CROWDS]]
    return facets


@nb.njit(cache=True, nogil=True)
def _first_drawn(facets, posting_ptr, ends, posting, opens, account, mark, value):
    """Return for each account the facet that is drawn first of those it carries, -1 for none."""
    salt = np.uint64(0x9E3779B97F4A7C15)
    drawn = np.full(mark.size, -1, np.int32)
    lowest = np.zeros(mark.size, np.uint64)
    for f in facets:
        for k in range(posting_ptr[f], ends[f]):
            if not opens[k]:
                continue
            a = account[posting[k]]
            rank = (mark[a] * salt ^ value[f]) * np.uint64(0xBF58476D1CE4E5B9)
            rank = (rank ^ (rank >> np.uint64(31))) * salt
            if drawn[a] < 0 or rank < lowest[a]:
                drawn[a], lowest[a] = f, rank
    return drawn


def draw_crowds(view: View, most: int) -> Groups:
    """Return the crowds of a view, without those that are together openly.

    Args:
        view: what is known.
        most: accounts above which a facet is not drawn.
    """
    drawn, groups = groups_of_facets(view, _draw(view, most), least=4, most=most)
    return groups_of_facets(view, drawn[~_explained(groups, view)], least=4, most=most)[1]


def measure_crowds(
    view: View, detectors: Sequence[Detector], floors: dict[str, float], most: int
) -> Crowds:
    """Measure the crowds of a view.

    Args:
        view: what is known.
        detectors: those to measure.
        floors: by slug, the least scale: one nat for log likelihood ratios, else a unit
            that a person would call a difference.
        most: accounts above which a facet is not drawn.
    """
    groups = draw_crowds(view, most)
    classes = np.searchsorted(CLASSES, groups.sizes, side="right")
    tails: dict[str, tuple[Tail, ...]] = {}
    for detector in detectors:
        measured = detector.measure(groups, view)
        every = measured.statistic[measured.enough]
        parts = []
        for number in range(len(CLASSES) + 1):
            own = measured.statistic[measured.enough & (classes == number)]
            parts.append(_tail(own if own.size >= _LEAST else every, floors[detector.slug]))
        tails[detector.slug] = tuple(parts)
    return Crowds(tails, len(groups))


def _explained(groups: Groups, view: View) -> NDArray[np.bool_]:
    """Return which crowds are together openly: they repeat whole texts or name one holder.

    A candidate with such an explanation is not declared, so the null of the others is that of
    crowds without one.
    """
    explained = JobQueue().measure(groups, view).statistic <= _REPEATS
    for group in range(len(groups)):
        for relation in view.derived.relations[groups.accounts_of(group)].T:
            named = relation[relation >= 0]
            if named.size and np.bincount(named - named.min()).max() >= 0.5 * relation.size:
                explained[group] = True
    return explained


def _tail(values: NDArray[np.float64], floor: float) -> Tail:
    if values.size < _LEAST:
        return Tail(0.0, max(floor, 1.0) * 2.0)  # too few crowds: believe half
    start, middle = np.quantile(values, (0.75, 0.875))
    # the median of the upper quarter lies ln 2 scales above its start
    return Tail(float(start), max(float(middle - start) / float(np.log(2.0)), floor))
