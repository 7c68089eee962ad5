"""What a campaign leaves behind, by which its next accounts can be told: its signature.

Pieces of text that its accounts use and others do not, as keyed hashes with a weight; how much of
them an exchange of the campaign holds, and one of anybody else; habits in coarse cells; clients and
address blocks, as keyed hashes.  Every number is counted over accounts or exchanges and rounded.
Language, country, script, local hour and mail provider are in none of it.

How much of the pieces an exchange holds is measured on members that had no part in choosing them:
members are dealt into two halves, and each is scored by the pieces of the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from stillwatch.find.features.facets import LEAST_CARRIERS
from stillwatch.find.features.habits import HABITS, habits_of, shares_of
from stillwatch.find.features.observe import OBSERVATION_VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from stillwatch.find.features.facets import FacetIndex
    from stillwatch.find.features.view import View

__all__ = ["EDGES", "SIGNATURE_VERSION", "Tracer", "level_of"]

SIGNATURE_VERSION = 1
"""Changes when a reader of signatures must change."""
EDGES = (0.005, 3.0, 6.0, 12.0, 24.0, 48.0, 96.0)
"""Sums of weights at which an exchange rises to the next level; level 0 holds no piece."""
_LEVELS = len(EDGES) + 1
_PIECES = 256
"""Pieces at most, the most telling first."""
_LIFT, _HIGHEST = 1.4, 6.0
"""Log of how much more often the campaign uses a piece: at least, and what counts at most."""
_CLIENTS, _BLOCKS = 16, 32
"""Clients and address blocks kept at most."""
_HALVES = 4
"""Members of the smallest campaign that is dealt into halves."""


def level_of(scores: NDArray[np.float64]) -> NDArray[np.int8]:
    """Return the level of each exchange, from 0 to ``len(EDGES)``.

    Args:
        scores: (n,) sums of the weights of the pieces that each holds.

    >>> level_of(np.array([0.0, 2.0, 6.0, 500.0]))
    array([0, 1, 3, 7], dtype=int8)
    """
    return np.digitize(scores, EDGES).astype(np.int8)


@dataclass(frozen=True, slots=True)
class _Pieces:
    """Pieces of a part of the campaign."""

    facet: NDArray[np.int32]
    """Places in the index."""
    weight: NDArray[np.float64]
    mine: NDArray[np.float64]
    """Share of the members that use each."""
    others: NDArray[np.float64]
    """Share of the other accounts that use each."""


class Tracer:
    """Makes signatures from one view.

    Args:
        view: the log at the last look, with answer lengths learned.
        key: fingerprint of the key of the observations.
    """

    def __init__(self, view: View, key: str) -> None:
        self._view = view
        self._key = key
        self._made: Mapping[str, NDArray[np.int8]] | None = None

    @property
    def _habits(self) -> Mapping[str, NDArray[np.int8]]:
        if self._made is None:
            view = self._view
            turns = (view.derived.turn, view.derived.next_turn)
            self._made = habits_of(view.log, view.length, *turns, view.rows)
        return self._made

    def trace(
        self, name: str, members: NDArray[np.int32], rows: NDArray[np.int64], declared: int
    ) -> dict[str, object]:
        """Return the signature of a campaign, as its JSON document.

        Args:
            name: id of the campaign.
            members: its accounts.
            rows: its exchanges, ascending; rows of other accounts are left out.
            declared: time of the declaration, microseconds since 1970.
        """
        view, account = self._view, self._view.log.account
        inside = np.zeros(view.seen.size, np.bool_)
        inside[members] = True
        rows = rows[inside[account[rows]]]
        members = np.unique(account[rows])
        pieces = self._pieces(members, rows, inside)
        others = max(int(view.seen.sum()) - int((inside & view.seen).sum()), 1)
        return {
            "stillwatch_signature": SIGNATURE_VERSION,
            "observation": int(OBSERVATION_VERSION),
            "key": self._key,
            "campaign": name,
            "declared": declared // 1_000_000,
            "accounts": int(members.size),
            "exchanges": int(rows.size),
            "background": others,
            "pieces": [
                [f"{int(v):016x}", round(100 * float(w)), _per(1_000, m), _per(1_000_000, o)]
                for v, w, m, o in zip(
                    view.facets.value[pieces.facet],
                    pieces.weight,
                    pieces.mine,
                    pieces.others,
                    strict=True,
                )
            ],
            "levels": self._levels(members, rows, inside, pieces),
            "habits": self._shares(rows, inside),
            "clients": self._held(view.log.client, rows, inside, _CLIENTS),
            "blocks": self._held(view.log.block, rows, inside, _BLOCKS),
        }

    def _pieces(
        self, members: NDArray[np.int32], rows: NDArray[np.int64], inside: NDArray[np.bool_]
    ) -> _Pieces:
        """Return what these members use in these exchanges and others do far less often."""
        view, index = self._view, self._view.facets
        account = view.log.account
        who, facet = _texts(index, rows)
        used, at, sent = np.unique(facet, return_inverse=True, return_counts=True)
        pairs = np.unique(at.astype(np.int64) * inside.size + account[who])
        by = np.bincount(pairs // inside.size, minlength=used.size)
        common = by >= max(2.0, 0.04 * members.size)
        used, sent, by = used[common].astype(np.int32), sent[common], by[common]
        total = max(view.rows - int(view.requests[inside].sum()), 1)
        elsewhere = np.maximum(self._uses(used) - sent, 0)
        row_lift = _lift(sent, rows.size, elsewhere, total)
        near = np.flatnonzero(row_lift >= _LIFT)
        value = np.round(by[near] * row_lift[near], 6)
        near = np.sort(near[np.argsort(-value, kind="stable")[: 4 * _PIECES]])
        used, by, row_lift = used[near], by[near], row_lift[near]
        accounts = self._elsewhere(used, inside)
        known = max(int((view.seen & ~inside).sum()), 1)
        account_lift = _lift(by, members.size, accounts, known)
        account_lift[by + accounts < LEAST_CARRIERS] = 0.0  # the log cut here knows no such piece
        weight = np.minimum(np.minimum(row_lift, account_lift), _HIGHEST)
        good = np.flatnonzero(weight >= _LIFT)
        value = np.round(by[good] * weight[good], 6)
        good = np.sort(good[np.argsort(-value, kind="stable")[:_PIECES]])
        return _Pieces(
            used[good].astype(np.int32),
            np.asarray(np.round(weight[good], 2), np.float64),
            by[good] / max(members.size, 1),
            np.asarray((accounts[good] + 0.5) / (known + 1.0), np.float64),
        )

    def _uses(self, facets: NDArray[np.int32]) -> NDArray[np.int64]:
        """Return the exchanges so far that use each piece."""
        view, index = self._view, self._view.facets
        found = [
            int(np.searchsorted(index.use[index.use_ptr[f] : index.use_ptr[f + 1]], view.rows))
            for f in facets.tolist()
        ]
        return np.array(found, np.int64)

    def _elsewhere(self, facets: NDArray[np.int32], inside: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Return the accounts outside that use each piece."""
        view, index = self._view, self._view.facets
        accounts = np.zeros(facets.size, np.int64)
        for place, facet in enumerate(facets.tolist()):
            use = index.use[index.use_ptr[facet] : index.use_ptr[facet + 1]]
            who = view.log.account[use[use < view.rows]]
            accounts[place] = np.unique(who[~inside[who]]).size
        return accounts

    def _scores(self, pieces: _Pieces) -> NDArray[np.float64]:
        """Return the sum of the weights that each exchange of the log holds."""
        index = self._view.facets
        scores = np.zeros(self._view.rows)
        for facet, weight in zip(pieces.facet.tolist(), pieces.weight.tolist(), strict=True):
            use = index.use[index.use_ptr[facet] : index.use_ptr[facet + 1]]
            scores[use[use < self._view.rows]] += weight
        return np.round(scores, 2)

    def _levels(
        self,
        members: NDArray[np.int32],
        rows: NDArray[np.int64],
        inside: NDArray[np.bool_],
        pieces: _Pieces,
    ) -> dict[str, list[int]]:
        """Return shares of exchanges by level, and of accounts that reach each level."""
        view = self._view
        account = view.log.account[: view.rows]
        level = level_of(self._scores(pieces))
        outside = ~inside[account]
        held = self._held_out(members, rows, inside)
        mine = np.bincount(held, minlength=_LEVELS) + 0.5
        rest = np.bincount(level[outside], minlength=_LEVELS) + 0.5
        best = np.zeros(inside.size, np.int8)
        np.maximum.at(best, account[rows], held)
        top = np.zeros(inside.size, np.int8)
        np.maximum.at(top, account[outside], level[outside])
        reached, others = best[members], top[view.seen & ~inside]
        return {
            "exchanges": [_per(10_000, x) for x in mine / mine.sum()],
            "others_exchanges": [_per(10_000_000, x) for x in rest / rest.sum()],
            "accounts": [
                _per(1_000, ((reached >= k).sum() + 0.5) / (reached.size + 1.0))
                for k in range(1, _LEVELS)
            ],
            "others_accounts": [
                _per(1_000_000, ((others >= k).sum() + 0.5) / (others.size + 1.0))
                for k in range(1, _LEVELS)
            ],
        }

    def _held_out(
        self, members: NDArray[np.int32], rows: NDArray[np.int64], inside: NDArray[np.bool_]
    ) -> NDArray[np.int8]:
        """Return the level of each exchange by the pieces of the half that it is not in."""
        if members.size < _HALVES:
            return level_of(self._scores(self._pieces(members, rows, inside)))[rows]
        half = np.searchsorted(members, self._view.log.account[rows]) % 2
        levels = np.zeros(rows.size, np.int8)
        for number in range(2):
            chosen = self._pieces(members[number::2], rows[half == number], inside)
            levels[half != number] = level_of(self._scores(chosen))[rows[half != number]]
        return levels

    def _shares(
        self, rows: NDArray[np.int64], inside: NDArray[np.bool_]
    ) -> dict[str, list[list[int]]]:
        """Return, by habit, the shares of the campaign's exchanges and of the others'."""
        account = self._view.log.account[: self._view.rows]
        outside = ~inside[account]
        found = {}
        for name, size in HABITS.items():
            cells = self._habits[name][: self._view.rows]
            mine = shares_of(cells[rows], account[rows], size)
            rest = shares_of(cells[outside], account[outside], size)
            if mine is not None and rest is not None:
                found[name] = [[_per(1_000, x) for x in part] for part in (mine, rest)]
        return found

    def _held(
        self,
        values: NDArray[np.uint64],
        rows: NDArray[np.int64],
        inside: NDArray[np.bool_],
        most: int,
    ) -> list[list[object]]:
        """Return values that several members use and others do less often, most telling first."""
        view = self._view
        account, values = view.log.account[: view.rows], values[: view.rows]
        mine = np.unique(np.stack([values[rows], account[rows].astype(np.uint64)]), axis=1)
        used, by = np.unique(mine[0][mine[0] != 0], return_counts=True)
        used, by = used[by >= 2], by[by >= 2]
        outside = ~inside[account] & np.isin(values, used)
        rest = np.unique(np.stack([values[outside], account[outside].astype(np.uint64)]), axis=1)
        others = np.bincount(np.searchsorted(used, rest[0]), minlength=used.size)
        share = (by + 0.5) / (np.unique(account[rows]).size + 1.0)
        usual = (others + 0.5) / (int((view.seen & ~inside).sum()) + 1.0)
        lift = np.log(share / usual)
        good = np.flatnonzero(lift >= np.log(2.0))
        good = good[np.argsort(-np.round(by[good] * lift[good], 6), kind="stable")[:most]]
        return [
            [f"{int(used[k]):016x}", _per(1_000, share[k]), _per(1_000_000, usual[k])]
            for k in np.sort(good)
        ]


def _texts(
    index: FacetIndex, rows: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Return the pairs of a row and a piece in its text."""
    lengths = np.diff(index.text_ptr)[rows]
    ends = np.cumsum(lengths)
    at = np.arange(int(ends[-1]) if ends.size else 0)
    at += np.repeat(index.text_ptr[rows] - (ends - lengths), lengths)
    return np.repeat(rows, lengths), index.text_facet[at]


def _lift(
    mine: NDArray[np.int64], total: int, others: NDArray[np.int64], rest: int
) -> NDArray[np.float64]:
    """Return the log of how much more often something is met inside than outside."""
    lift = np.log((mine + 0.5) / (total + 1.0)) - np.log((others + 0.5) / (rest + 1.0))
    return np.asarray(lift)


def _per(whole: int, share: float) -> int:
    """Return a share as a whole number of parts."""
    return min(whole, max(0, round(whole * float(share))))
