"""Looks on a fixed grid: what would have been declared when, from what was known then.

Everything that carries over from one look to the next (background, crowds, campaigns) is a
function of the rows before that look, so the log cut at a look gives the same verdicts, and a
replay may go on from what an earlier one carried.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from stillwatch.find.campaigns.actors import LOOSELY, parts_of
from stillwatch.find.campaigns.background import refresh
from stillwatch.find.campaigns.carried import Carried, Declared
from stillwatch.find.campaigns.crowds import measure_crowds
from stillwatch.find.campaigns.grow import Grower
from stillwatch.find.campaigns.judge import (
    FLOORS,
    SMALLEST,
    Judged,
    complete,
    confined,
    decide,
    fitting,
    judge,
    reviewed,
    speaking,
)
from stillwatch.find.campaigns.lineage import actors_of, name_parts
from stillwatch.find.campaigns.places import places
from stillwatch.find.campaigns.priority import COPIED, originated, pieces_of
from stillwatch.find.campaigns.propose import candidates, most_accounts
from stillwatch.find.campaigns.proposers import Proposers
from stillwatch.find.campaigns.refine import Population
from stillwatch.find.campaigns.screen import Screen
from stillwatch.find.campaigns.style import Styles
from stillwatch.find.campaigns.ties import tied_accounts, tied_to_others
from stillwatch.find.campaigns.weigh import THRESHOLD, weigh
from stillwatch.find.features.facets import LEAST_CARRIERS
from stillwatch.find.features.groups import group_of_rows
from stillwatch.find.features.peers import known_to_peers
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

__all__ = ["Replay", "replay"]

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
_NAMED = 24 * HOUR
"""Grid on which the actors of a campaign are told apart and named."""
_PART = 2.0
"""Nats below the threshold at which a part of a declared group still holds up by itself."""
_SAME = 0.5
"""Share of the smaller group's members that makes two declared groups one campaign."""


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
    carried: Carried | None = None,
    keep: Callable[[Carried, bool], None] | None = None,
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
        carried: what an earlier replay of a prefix of the log carried, with the same step, alpha
            and what is left out; None begins at the first look.  It is changed.
        keep: called after each look but the last with what is carried, which the next look
            changes, and with False; after the last with True.
        progress: called with the share done.
    """
    if "identity" in without:
        derived = replace(derived, ties=no_ties(len(log.accounts)))
    if not log.peers.actors:
        without |= {"intelligence"}  # nothing is computed for a family that says nothing
    view = View(log, derived, index)
    state = _State(view, alpha, without, carried or Carried.nothing(view))
    now = state.carried
    if len(log):
        start = (int(log.time[0]) // step + 1) * step
        time = now.time + step if now.looks else start
        last = min(-(-(int(log.time[-1]) + 1) // step) * step, as_of // step * step)
        total = max(last - start, 1)
        while time <= last:
            state.look(int(np.searchsorted(log.time, time)), time)
            if keep is not None:
                keep(now, time + step > last)
            if progress is not None:
                progress((time - start) / total)
            time += step
    campaigns = [part for campaign in now.campaigns for part in actors_of(campaign, view)]
    return Replay(campaigns, now.refused, now.looks, len(now.ever), view)


class _State:
    """What one look after the other decides with."""

    def __init__(self, view: View, alpha: float, without: frozenset[str], carried: Carried) -> None:
        self.view, self.carried = view, carried
        self.alpha, self.without = alpha, without
        self.detectors = speaking(without)
        self.grower = Grower(view)
        self.styles = Styles(view)
        self._proposers = Proposers(view, self.styles, carried, without)
        self._screen = Screen(carried.screened)
        self._crowds: Crowds | None = None
        if carried.learned:
            view.advance(carried.learned, carried.learned_at)
            self._learn()
        if carried.looks:
            view.advance(carried.rows, carried.time)

    def _learn(self) -> None:
        """Learn what ordinary traffic looks like from all that is known."""
        refresh(self.view)
        floors = {d.slug: FLOORS.get(d.slug, 1.0) for d in self.detectors}
        self._crowds = measure_crowds(self.view, self.detectors, floors, most_accounts(self.view))

    def look(self, rows: int, time: int) -> None:
        """Take in the rows before ``rows`` and decide."""
        view, now = self.view, self.carried
        if rows > view.rows:
            now.waiting = np.union1d(now.waiting, view.advance(rows, time))
        view.time = time
        now.rows, now.time, now.looks = rows, time, now.looks + 1
        # the log cut here knows no facet with fewer carriers
        now.waiting = now.waiting[view.carriers[now.waiting] >= LEAST_CARRIERS]
        if rows >= _FIRST and now.waiting.size:
            self._decide()
        if time % _NAMED == 0:
            for campaign in now.campaigns:
                campaign.parts = name_parts(campaign, view)
            view.log.scratch.release()

    def _decide(self) -> None:
        """Judge what new exchanges touched."""
        view, now = self.view, self.carried
        if self._crowds is None or view.rows >= _REFRESH * now.learned:
            self._learn()
            now.learned, now.learned_at = view.rows, view.time
        assert self._crowds is not None
        size = view.ends[now.waiting] - view.facets.posting_ptr[now.waiting]
        due = now.waiting[size >= np.ceil(_RETEST * now.weighed[now.waiting])]
        due = due[view.carriers[due] >= 4]
        now.waiting = np.zeros(0, np.int32)
        now.weighed[due] = view.ends[due] - view.facets.posting_ptr[due]
        population = Population(view)
        found, weighed = candidates(view, due, self._crowds, self.grower, population)
        now.ever.update(weighed)
        if view.rows >= _POOL * now.pooled:
            now.pooled = view.rows
            proposed, near = self._proposers.propose(population)
            self._follow(near, view.time)
            found += proposed
        for candidate in self._screen.pick(view, found, self._crowds, self.detectors):
            self._consider(candidate, view.time, population)

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
            rule = decide(judged, self.alpha, self.carried.learned)
            if rule is None and self._needs_peers(judged):
                judged = confined(judged, known_to_peers(self.view), self.view)  # J-15
                if judged.members.size < SMALLEST:
                    rule = "J-15: peers recognise too few of the accounts"
            if rule is None:
                for part in self._parts(judged, candidate, population):
                    self._declare(fitting(part), time)
                return
            if refused is None or judged.total > refused[0].total:
                refused = (judged, rule)
        assert refused is not None
        judged, rule = refused
        if judged.total >= 4.0 and judged.members.size >= 4:
            self.carried.refused[np.sort(judged.members).tobytes()] = (judged, rule)

    def _needs_peers(self, judged: Judged) -> bool:
        """Say whether a declared group falls short without what peers say."""
        if not judged.log_e["peer-indicators"]:
            return False
        alone = replace(judged, log_e={**judged.log_e, "peer-indicators": 0.0})
        return decide(alone, self.alpha, self.carried.learned) is not None

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
        return [confined(judged, part, view) for part in kept]

    def _declare(self, judged: Judged, time: int) -> None:
        copied = self._copied(judged.members, self._style(judged))
        loose = np.isin(judged.accounts, copied)
        judged = replace(judged, probability=reviewed(judged.probability, loose))
        if judged.members.size < SMALLEST:
            return
        judged = complete(self.view, judged, self.without)
        if "identity" not in self.without:
            judged = self._with_tied(judged)
        members = set(judged.members.tolist())
        for campaign in self.carried.campaigns:
            shared = len(members & campaign.flagged_at.keys())
            if shared >= _SAME * min(len(members), len(campaign.flagged_at)):
                campaign.take(judged, time)
                return
        campaign = Declared(time, judged)
        campaign.take(judged, time)
        self.carried.campaigns.append(campaign)

    def _follow(self, near: Graph, time: int) -> None:
        """Flag the accounts that by now write like the members of a declared campaign."""
        taken = {a for campaign in self.carried.campaigns for a in campaign.flagged_at}
        for campaign in self.carried.campaigns:
            core = np.sort(campaign.judged.members)
            joined = [a for a in near.join(core).tolist() if a not in taken]
            if not joined or len(joined) > _GROWS * core.size:
                continue
            newcomers = np.array(joined, np.int32)
            pieces = pieces_of(self.view, self.styles.latest.rows(newcomers))
            copied = self._copied(np.union1d(core, newcomers), pieces)
            joined = np.setdiff1d(newcomers, copied).tolist()
            for account in joined:
                campaign.flagged_at[account] = time
                campaign.probability[account] = _FOUND
            taken.update(joined)

    def _style(self, judged: Judged) -> NDArray[np.int32]:
        reached = self.styles.reach(judged.members, judged.rows)
        return np.zeros(0, np.int32) if reached is None else reached.pieces

    def _copied(self, accounts: NDArray[np.int32], pieces: NDArray[np.int32]) -> NDArray[np.int32]:
        """Return the accounts of a group that the others may have copied (J-14)."""
        tied = np.zeros(accounts.size, np.bool_)
        if "identity" not in self.without:
            tied = tied_to_others(self.view, accounts)
        before = originated(self.view, accounts, pieces, tied) >= COPIED
        return accounts[before & ~tied]

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
