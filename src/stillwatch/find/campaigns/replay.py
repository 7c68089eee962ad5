"""Looks on a fixed grid: what would have been declared when, from what was known then.

Everything that carries over from one look to the next (background, crowds, campaigns) is a
function of the rows before that look, so the log cut at a look gives the same verdicts.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from stillwatch.find.campaigns.actors import CLOSELY, LOOSELY, parts_of
from stillwatch.find.campaigns.background import refresh
from stillwatch.find.campaigns.crowds import measure_crowds
from stillwatch.find.campaigns.grow import Grower
from stillwatch.find.campaigns.judge import (
    FLOORS,
    SMALLEST,
    Judged,
    complete,
    decide,
    fitting,
    judge,
    reviewed,
    speaking,
)
from stillwatch.find.campaigns.places import places
from stillwatch.find.campaigns.propose import candidates, most_accounts
from stillwatch.find.campaigns.proposers import Proposers
from stillwatch.find.campaigns.refine import Population
from stillwatch.find.campaigns.screen import Screen
from stillwatch.find.campaigns.style import Styles
from stillwatch.find.campaigns.ties import tied_accounts
from stillwatch.find.campaigns.weigh import THRESHOLD, weigh
from stillwatch.find.features.facets import LEAST_CARRIERS
from stillwatch.find.features.groups import group_of_rows
from stillwatch.find.features.rows import HOUR
from stillwatch.find.features.ties import no_ties
from stillwatch.find.features.view import View

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from stillwatch.find.campaigns.crowds import Crowds
    from stillwatch.find.campaigns.graph import Graph
    from stillwatch.find.campaigns.propose import Candidate
    from stillwatch.find.features.facets import FacetIndex
    from stillwatch.find.features.log import Log
    from stillwatch.find.features.rows import Rows

__all__ = ["Declared", "Replay", "replay"]

_REFRESH = 1.25
"""Growth of the log after which the background is learned again."""
_FIRST = 500
"""Rows before which nothing is learned and nothing declared."""
_RETEST = 1.2
"""Growth of a facet's postings after which it is weighed again."""
_POOL = 1.1
"""Growth of the log after which accounts are compared again and campaigns followed."""
_GROWS = 1.0
"""Newcomers at once, in shares of a campaign, above which its wording is anyone's."""
_FOUND = 0.9
"""Membership of an account that writes in a declared campaign's style."""
TIED_MEMBER = 0.8
"""Membership of an account that shares its identity values with members."""
_PART = 2.0
"""Nats below the threshold at which a part of a declared group still holds up by itself."""
_SAME = 0.5
"""Share of the smaller group's members that makes two declared groups one campaign."""


@dataclass(slots=True)
class Declared:
    """A campaign as it grows from look to look."""

    declared_at: int
    """Look that declared it, microseconds."""
    judged: Judged
    """Latest judgement."""
    flagged_at: dict[int, int] = field(default_factory=dict)
    """Look by account."""
    probability: dict[int, float] = field(default_factory=dict)
    """Membership by account."""
    rows: set[int] = field(default_factory=set)
    """Exchanges of the campaign's own."""

    def take(self, judged: Judged, time: int) -> None:
        """Take in a judgement; flags latch, probabilities follow."""
        self.judged = judged
        for account, probability in zip(
            judged.accounts.tolist(), judged.probability.tolist(), strict=True
        ):
            if probability >= 0.5:
                self.flagged_at.setdefault(account, time)
            if account in self.flagged_at:
                self.probability[account] = max(probability, 0.5)
        self.rows.update(judged.rows.tolist())


@dataclass(slots=True)
class Replay:
    """What the looks said."""

    campaigns: list[Declared]
    refused: dict[bytes, tuple[Judged, str]]
    """Groups that carried weight and fell short, by their members, with the rule."""
    looks: int
    tested: int
    """Facets weighed in all."""
    view: View


def replay(
    log: Log,
    derived: Rows,
    index: FacetIndex,
    *,
    as_of: int,
    step: int = HOUR,
    alpha: float = 0.05,
    without: frozenset[str] = frozenset(),
    progress: Callable[[float], None] | None = None,
) -> Replay:
    """Replay a log look by look.

    Args:
        log: observations.
        derived: columns derived from it.
        index: its facets.
        as_of: last look at most, microseconds.
        step: width of the grid, microseconds.
        alpha: rate of false coordination.
        without: families and detectors that are left out.
        progress: called with the share done.
    """
    if "identity" in without:
        derived = replace(derived, ties=no_ties(len(log.accounts)))
    view = View(log, derived, index)
    state = _State(view, alpha, without)
    looks = 0
    if len(log):
        time = (int(log.time[0]) // step + 1) * step
        last = min(-(-(int(log.time[-1]) + 1) // step) * step, as_of // step * step)
        total = max(last - time, 1)
        start = time
        while time <= last:
            state.look(int(np.searchsorted(log.time, time)), time)
            looks += 1
            if progress is not None:
                progress((time - start) / total)
            time += step
    campaigns = [part for campaign in state.campaigns for part in _actors(campaign, view)]
    return Replay(campaigns, state.refused, looks, state.tested, view)


def _actors(campaign: Declared, view: View) -> list[Declared]:
    """Split a campaign by what its parts alone repeat; small parts stay with the largest."""
    members = np.array(sorted(campaign.flagged_at), np.int32)
    rows = np.array(sorted(campaign.rows), np.int32)
    parts = parts_of(view, members, rows, CLOSELY)
    large = [part.tolist() for part in parts if part.size >= SMALLEST]
    if len(large) < 2:
        return [campaign]
    large[0] += [a for part in parts if part.size < SMALLEST for a in part.tolist()]
    owner = np.zeros(view.seen.size, np.int64)
    for number, part in enumerate(large):
        owner[part] = number
    out = []
    for number in range(len(large)):
        flagged = {a: t for a, t in campaign.flagged_at.items() if owner[a] == number}
        out.append(
            Declared(
                min(flagged.values()),
                _confined(campaign.judged, np.flatnonzero(owner == number), view),
                flagged,
                {a: campaign.probability[a] for a in flagged},
                set(rows[owner[view.log.account[rows]] == number].tolist()),
            )
        )
    return out


def _confined(judged: Judged, accounts: NDArray[np.integer], view: View) -> Judged:
    """Return a judgement of which only these accounts can be members; the others are reviewed."""
    inside = np.zeros(view.seen.size, np.bool_)
    inside[accounts] = True
    return replace(
        judged,
        probability=reviewed(judged.probability, ~inside[judged.accounts]),
        rows=judged.rows[inside[view.log.account[judged.rows]]],
    )


class _State:
    """What carries over from look to look."""

    def __init__(self, view: View, alpha: float, without: frozenset[str]) -> None:
        self.view = view
        self.alpha = alpha
        self.without = without
        self.detectors = speaking(without)
        self.grower = Grower(view)
        self.styles = Styles(view)
        self._proposers = Proposers(view, self.styles, without)
        self._screen = Screen()
        self.campaigns: list[Declared] = []
        self.refused: dict[bytes, tuple[Judged, str]] = {}
        self.tested = 0
        self._crowds: Crowds | None = None
        self._learned = 0
        self._pooled = 0
        self._weighed: NDArray[np.int64] = np.zeros(len(view.facets), np.int64)
        self._ever: set[int] = set()
        self._waiting: NDArray[np.int32] = np.zeros(0, np.int32)

    def look(self, rows: int, time: int) -> None:
        """Take in the rows before ``rows`` and decide."""
        view = self.view
        if rows > view.rows:
            self._waiting = np.union1d(self._waiting, view.advance(rows, time))
        view.time = time
        # the log cut here knows no facet with fewer carriers
        self._waiting = self._waiting[view.carriers[self._waiting] >= LEAST_CARRIERS]
        if rows < _FIRST or self._waiting.size == 0:
            return
        if self._crowds is None or rows >= _REFRESH * self._learned:
            refresh(view)
            floors = {d.slug: FLOORS.get(d.slug, 1.0) for d in self.detectors}
            self._crowds = measure_crowds(view, self.detectors, floors, most_accounts(view))
            self._learned = rows
        size = view.ends[self._waiting] - view.facets.posting_ptr[self._waiting]
        due = self._waiting[size >= np.ceil(_RETEST * self._weighed[self._waiting])]
        due = due[view.carriers[due] >= 4]
        self._waiting = np.zeros(0, np.int32)
        self._weighed[due] = view.ends[due] - view.facets.posting_ptr[due]
        population = Population(view)
        found, weighed = candidates(view, due, self._crowds, self.grower, population)
        self._ever.update(weighed)
        self.tested = len(self._ever)
        if rows >= _POOL * self._pooled:
            self._pooled = rows
            proposed, near = self._proposers.propose(population)
            self._follow(near, time)
            found += proposed
        picked = self._screen.pick(view, found, self._crowds, self.detectors)
        for candidate in picked:
            self._consider(candidate, time, population)

    def _consider(self, candidate: Candidate, time: int, population: Population) -> None:
        """Judge a candidate as it is, and then the part of it that is most of one piece."""
        crowds = self._crowds
        assert crowds is not None
        refused = None
        for whole in (True, False) if candidate.styled else (False,):
            judged = judge(
                self.view,
                candidate.groups,
                0,
                candidate.facets,
                crowds,
                population,
                self.styles,
                by=candidate.by,
                whole=whole,
                without=self.without,
            )
            rule = decide(judged, self.alpha, self._learned)
            if rule is None:
                for part in self._parts(judged, candidate, population):
                    self._declare(fitting(part), time)
                return
            if refused is None or judged.total > refused[0].total:
                refused = (judged, rule)
        assert refused is not None
        judged, rule = refused
        if judged.total >= 4.0 and judged.members.size >= 4:
            self.refused[np.sort(judged.members).tobytes()] = (judged, rule)

    def _parts(self, judged: Judged, candidate: Candidate, population: Population) -> list[Judged]:
        """Return the parts of a declared group that hold up by themselves.

        Parts too small to be judged go with the largest of those.
        """
        view, crowds = self.view, self._crowds
        assert crowds is not None
        parts = parts_of(view, judged.members, judged.rows, LOOSELY)
        large = [part for part in parts if part.size >= SMALLEST]
        if len(large) < 2:
            return [judged]
        kept = []
        for part in large:
            rows = judged.rows[np.isin(view.log.account[judged.rows], part)]
            groups = group_of_rows(view, rows)
            one = judge(
                view, groups, 0, candidate.facets, crowds, population, self.styles,
                by=candidate.by, whole=True, without=self.without,
            )  # fmt: skip
            if weigh(one) >= THRESHOLD - _PART:
                kept.append(part)
        small = [part for part in parts if part.size < SMALLEST]
        if kept:
            kept[0] = np.concatenate([kept[0], *small])
        return [_confined(judged, part, view) for part in kept]

    def _declare(self, judged: Judged, time: int) -> None:
        judged = complete(self.view, judged, self.without)
        if "identity" not in self.without:
            judged = self._with_tied(judged)
        members = set(judged.members.tolist())
        for campaign in self.campaigns:
            shared = len(members & campaign.flagged_at.keys())
            if shared >= _SAME * min(len(members), len(campaign.flagged_at)):
                campaign.take(judged, time)
                return
        campaign = Declared(time, judged)
        campaign.take(judged, time)
        self.campaigns.append(campaign)

    def _follow(self, near: Graph, time: int) -> None:
        """Flag the accounts that by now write like the members of a declared campaign."""
        taken = {a for campaign in self.campaigns for a in campaign.flagged_at}
        for campaign in self.campaigns:
            core = np.sort(campaign.judged.members)
            joined = [a for a in near.join(core).tolist() if a not in taken]
            if not joined or len(joined) > _GROWS * core.size:
                continue
            for account in joined:
                campaign.flagged_at[account] = time
                campaign.probability[account] = _FOUND
            taken.update(joined)

    def _with_tied(self, judged: Judged) -> Judged:
        view = self.view
        tied = tied_accounts(view, judged.members)
        tied = tied[~np.isin(tied, judged.members)]
        known = np.isin(judged.accounts, tied)
        fresh = tied[~np.isin(tied, judged.accounts)]
        accounts = np.concatenate([judged.accounts, fresh])
        probability = np.concatenate(
            [np.where(known, TIED_MEMBER, judged.probability), np.full(fresh.size, TIED_MEMBER)]
        )
        # shops and families among the members: a person looks before anyone acts
        loose = probability >= 0.5
        loose[loose] = places(view, accounts[loose]).placed
        return replace(judged, accounts=accounts, probability=reviewed(probability, loose))
