"""Which candidates are worth a full judgement: a bound that is cheap for hundreds at once.

Every detector measures all candidates together, on all their accounts; what takes time, who of
a group belongs to it and how it is built, is taken at its best.  A candidate that falls far
short even so is left; so is one that was judged before and has hardly grown since.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from stillwatch.find.campaigns.judge import BOUNDS, REPEATS
from stillwatch.find.campaigns.propose import has_grown
from stillwatch.find.campaigns.structure import Structure, circles_within
from stillwatch.find.campaigns.weigh import THRESHOLD, odds_of
from stillwatch.find.features.groups import groups_of_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stillwatch.find.campaigns.crowds import Crowds
    from stillwatch.find.campaigns.propose import Candidate
    from stillwatch.find.detectors.interface import Detector
    from stillwatch.find.features.view import View

__all__ = ["Screen"]

_MARGIN = 2.5
"""Nats below the threshold at which a candidate is still judged in full."""
_GROWN = 1.15
"""Growth of a group's exchanges after which it is judged again."""


class Screen:
    """Screens candidates, and remembers what was judged.

    Args:
        judged: exchanges of the groups judged before, by accounts and proposer; updated.
    """

    def __init__(self, judged: dict[bytes, int]) -> None:
        self._judged = judged

    def pick(
        self,
        view: View,
        candidates: Sequence[Candidate],
        crowds: Crowds,
        detectors: Sequence[Detector],
    ) -> list[Candidate]:
        """Return the candidates worth judging, in their order.

        Args:
            view: what is known.
            candidates: groups of one each.
            crowds: the null.
            detectors: those with a say.
        """
        fresh = [c for c in candidates if self._is_new(c)]
        if not fresh:
            return []
        rows = [c.groups.rows for c in fresh]
        ptr = np.concatenate([[0], np.cumsum([r.size for r in rows])]).astype(np.int64)
        groups = groups_of_rows(view, ptr, np.concatenate(rows))
        sizes = groups.sizes
        nats, effect, enough = {}, {}, {}
        for detector in detectors:
            slug = detector.slug
            measured = detector.measure(groups, view)
            value = crowds.log_e(slug, measured, sizes)
            nats[slug] = np.where(measured.enough, np.clip(value, *BOUNDS[slug]), 0.0)
            effect[slug], enough[slug] = measured.effect, measured.enough
        kept = []
        for number, candidate in enumerate(fresh):
            own = {slug: float(v[number]) for slug, v in nats.items()}
            said = {slug: float(v[number]) for slug, v in effect.items()}
            had = {slug: bool(v[number]) for slug, v in enough.items()}
            tied, circles = circles_within(view, groups.accounts_of(number))
            best = Structure(
                declared=0.0,
                tied=tied,
                circles=circles,
                networks=8.0,
                exclusive=0.8,
                purity=0.8,
                by=candidate.by,
                family=0.0,
                private=0.0,
                organised=0.0,
                domain=0.0,
                names=0.0,
                repeated=0.0,
                seats=0.0,
                ages=0.8,
                clients=0.8,
            )
            odds = _odds(own, said, had, best, int(sizes[number]))
            if odds + own.get("peer-indicators", 0.0) >= THRESHOLD - _MARGIN:
                kept.append(candidate)
        return kept

    def _is_new(self, candidate: Candidate) -> bool:
        key = candidate.groups.accounts.tobytes() + candidate.by.encode()
        return has_grown(self._judged, key, candidate.groups.rows.size, _GROWN)


def _odds(
    nats: dict[str, float],
    effect: dict[str, float],
    enough: dict[str, bool],
    built: Structure,
    size: int,
) -> float:
    if nats.get("job-queue", 0.0) <= 4 * REPEATS:
        return -np.inf
    silent = dict.fromkeys(BOUNDS, 0.0)
    return odds_of(
        silent | nats, silent | effect, dict.fromkeys(BOUNDS, False) | enough, built, size
    )
