"""Candidate groups of a look: facets whose carriers have more in common than text."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from stillwatch.find.campaigns.judge import BOUNDS
from stillwatch.find.campaigns.mixture import SIZE
from stillwatch.find.campaigns.refine import Population, concentration, features_of
from stillwatch.find.detectors import DETECTORS
from stillwatch.find.features.facets import LEAST_CARRIERS
from stillwatch.find.features.groups import group_of_rows, groups_of_facets, groups_of_rows
from stillwatch.find.features.peers import RECOGNISED, recognised
from stillwatch.find.features.threads import shared_out

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from stillwatch.find.campaigns.crowds import Crowds
    from stillwatch.find.campaigns.grow import Grower
    from stillwatch.find.campaigns.pool import Pooled
    from stillwatch.find.campaigns.structure import Proposer
    from stillwatch.find.campaigns.style import Reached, Styles
    from stillwatch.find.features.groups import Groups
    from stillwatch.find.features.view import View

__all__ = [
    "LEAST",
    "Candidate",
    "alike_candidates",
    "candidates",
    "has_grown",
    "manner_candidates",
    "most_accounts",
    "peer_candidates",
    "pooled_candidates",
]

LEAST = 4
"""Accounts of the smallest group weighed."""
_SEED = 2.0
"""Nats from which on a facet is looked at closely."""
_CLOSE = 100
"""Facets looked at closely in one look at most, strongest first."""
_GROWN = 1.2
"""Growth of a group's exchanges after which it is looked at again."""
_REMEMBERED = 50_000
"""Groups remembered at most."""
_MANNERS = 400
"""Groups of one manner that are compared in one look at most, those most alike first."""
_MOST = 0.6
"""Share of such a group that must write in its style for only that to be looked at."""
_WRITES = 3.0
"""Nats from which on an account writes in a style."""
_PURE = 0.1
"""Share of those who write in a group's style that must be its members."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A group worth judging."""

    groups: Groups
    """Groups of one."""
    facets: NDArray[np.int32]
    by: Proposer = "words"
    styled: bool = False
    """Whether its accounts were compared as a whole, so that it may be judged as it is."""


def most_accounts(view: View) -> int:
    """Return the accounts above which a group is a crowd: 12 in 100 of all, at least 50."""
    return max(50, int(0.12 * view.accounts))


def candidates(
    view: View,
    touched: NDArray[np.int32],
    crowds: Crowds,
    grower: Grower,
    population: Population,
) -> tuple[list[Candidate], set[int]]:
    """Return candidates, best first and not overlapping by half, and what was weighed.

    Facets with the same carriers are one hypothesis; it is named by its carriers' first
    accounts, so that growth of a group does not make it another.
    """
    most = most_accounts(view)
    facets, groups = groups_of_facets(view, touched, least=LEAST, most=most)
    if facets.size == 0:
        return [], set()
    weighed = _marks(groups, view)
    strength = np.zeros(facets.size)
    for detector in DETECTORS:
        if detector.slug not in crowds.tails:
            continue
        if detector.cheap and (detector.family != "content" or detector.slug == "answer-length"):
            measured = detector.measure(groups, view)
            value = crowds.log_e(detector.slug, measured, groups.sizes)
            strength += np.clip(value, 0.0, BOUNDS[detector.slug][1])
    order = np.argsort(-strength, kind="stable")
    order = order[strength[order] >= _SEED]
    seeds = _distinct(groups, order)[:_CLOSE]
    scored = []
    for seed in seeds:
        score = _score(groups, seed, view, population)
        scored.append((score, seed))
    scored.sort(key=lambda item: (-item[0], item[1]))
    found: list[Candidate] = []
    taken = np.zeros(view.seen.size, np.bool_)
    for score, seed in scored:
        accounts = groups.accounts_of(seed)
        if taken[accounts].mean() > 0.5:
            continue
        best = Candidate(group_of_rows(view, groups.rows_of(seed)), facets[seed : seed + 1])
        grown = grower.grow(accounts, most)
        if grown.accounts.size >= LEAST:
            wider = group_of_rows(view, grown.rows)
            wider_score = _score(wider, 0, view, population)
            if wider_score > score:
                best = Candidate(wider, grown.facets)
            else:
                best = Candidate(best.groups, np.union1d(best.facets, grown.facets))
        found.append(best)
        taken[best.groups.accounts] = True
    return found, weighed


def _marks(groups: Groups, view: View) -> set[int]:
    """Return what names each group: its first three accounts."""
    first = groups.account_ptr[:-1]
    name = np.zeros(first.size, np.uint64)
    for k in range(3):
        mark = view.log.accounts.mark[groups.accounts[first + k]]
        name = name * np.uint64(0x9E3779B97F4A7C15) + mark
    return set(name.tolist())


def pooled_candidates(view: View, pooled: Pooled, population: Population) -> list[Candidate]:
    """Return the best groups of tied circles, not overlapping by half."""
    if len(pooled) == 0:
        return []
    groups = groups_of_rows(view, pooled.row_ptr, pooled.rows)
    scored = [
        (_score(groups, group, view, population), group)
        for group in range(len(groups))
        if groups.sizes[group] >= LEAST
    ]
    return [
        Candidate(
            group_of_rows(view, groups.rows_of(group)), pooled.facets[group], "values", styled=True
        )
        for group in _apart(view, scored, groups.accounts_of)
    ]


def alike_candidates(
    view: View, groups: list[NDArray[np.int32]], styles: Sequence[Styles], met: dict[bytes, int]
) -> list[Candidate]:
    """Return the groups that write in a style of their own, best first, not overlapping by half.

    Args:
        view: what is known.
        groups: accounts of each, as from ``Neighbours.groups``.
        styles: of the same view, one for every thread.
        met: exchanges of the groups looked at before, by their accounts; updated.
    """
    due = [
        number
        for number, accounts in enumerate(groups)
        if has_grown(met, accounts.tobytes(), int(view.requests[accounts].sum()), _GROWN)
    ]
    scored, styled = [], {}
    found = shared_out(styles, due, lambda own, number: _own_style(own, groups[number]))
    for number, own in zip(due, found, strict=True):
        if own is not None:
            value, styled[number] = own
            scored.append((value, number))
    apart = _apart(view, scored, groups.__getitem__)
    candidates = [_in_style(view, styled[number], groups[number], "words") for number in apart]
    return [candidate for candidate in candidates if candidate.groups.accounts.size >= LEAST]


def _own_style(styles: Styles, accounts: NDArray[np.int32]) -> tuple[float, Reached] | None:
    """Return a group's style and how well it tells the group from others, None where it cannot."""
    reached = styles.reach(accounts)
    if reached is None:
        return None
    writes = reached.accounts[reached.log_ratio >= _WRITES]
    inside = int(np.isin(writes, accounts).sum())
    if inside < LEAST or inside < _PURE * writes.size:
        return None
    return inside / writes.size * inside / accounts.size * float(np.log2(inside)), reached


def peer_candidates(view: View, styles: Styles) -> list[Candidate]:
    """Return, for each campaign that a peer declared, the accounts here that are recognised.

    Args:
        view: what is known.
        styles: of the same view.
    """
    found = []
    for nats in recognised(view):
        accounts = np.flatnonzero(nats >= RECOGNISED).astype(np.int32)
        accounts = accounts[view.seen[accounts]]
        if LEAST <= accounts.size <= most_accounts(view):
            latest = group_of_rows(view, np.sort(styles.latest.rows(accounts)))
            found.append(_whole(view, accounts, latest, styles, "peers"))
    return found


def manner_candidates(
    view: View,
    groups: list[NDArray[np.int32]],
    styles: Styles,
    population: Population,
    met: dict[bytes, int],
) -> list[Candidate]:
    """Return the groups that are most of one piece, best first, not overlapping by half.

    A group's exchanges are those in its style where it has one, else its accounts' latest.

    Args:
        view: what is known.
        groups: accounts of each, as from ``Graph.groups``.
        styles: of the same view.
        population: what everyone looks like.
        met: exchanges of the groups looked at before, by their accounts; updated.
    """
    scored, latest = [], {}
    for number, accounts in enumerate(groups):
        sent = int(view.requests[accounts].sum())
        if not has_grown(met, accounts.tobytes(), sent, _GROWN):
            continue
        group = group_of_rows(view, np.sort(styles.latest.rows(accounts)))
        score = _score(group, 0, view, population)
        if score > 0.0:
            scored.append((score, number))
            latest[number] = group
    return [
        _whole(view, groups[number], latest[number], styles, "manner")
        for number in islice(_apart(view, scored, groups.__getitem__), _MANNERS)
    ]


def _apart(
    view: View, scored: list[tuple[float, int]], accounts_of: Callable[[int], NDArray[np.int32]]
) -> Iterator[int]:
    """Yield the numbers of groups, best first, that do not overlap better ones by half."""
    taken = np.zeros(view.seen.size, np.bool_)
    for _, number in sorted(scored, key=lambda item: (-item[0], item[1])):
        accounts = accounts_of(number)
        if taken[accounts].mean() <= 0.5:
            taken[accounts] = True
            yield number


def _in_style(view: View, reached: Reached, accounts: NDArray[np.int32], by: Proposer) -> Candidate:
    """Return the group of these accounts with their exchanges in its style."""
    member = np.zeros(view.seen.size, np.bool_)
    member[accounts] = True
    rows = reached.rows[member[view.log.account[reached.rows]]]
    pieces = reached.pieces[view.carriers[reached.pieces] >= LEAST_CARRIERS]
    return Candidate(group_of_rows(view, rows), pieces, by, styled=True)


def _whole(
    view: View, accounts: NDArray[np.int32], latest: Groups, styles: Styles, by: Proposer
) -> Candidate:
    """Return a group with its exchanges in style where most have some, else with its latest."""
    reached = styles.reach(accounts)
    if reached is not None:
        own = _in_style(view, reached, accounts, by)
        if own.groups.accounts.size >= max(LEAST, _MOST * accounts.size):
            return own
    return Candidate(latest, np.zeros(0, np.int32), by, styled=True)


def has_grown(met: dict[bytes, int], key: bytes, size: int, growth: float) -> bool:
    """Say whether a group is new or has grown by so much since it was last met; remember it then.

    Args:
        met: exchanges of the groups met before; when there are too many, all are forgotten.
        key: of the group.
        size: its exchanges now.
        growth: least ratio to those when it was last met.

    >>> met = {}
    >>> has_grown(met, b"a", 10, 1.2), has_grown(met, b"a", 11, 1.2), has_grown(met, b"a", 12, 1.2)
    (True, False, True)
    """
    if size < growth * met.get(key, 0):
        return False
    if len(met) >= _REMEMBERED:
        met.clear()
    met[key] = size
    return True


def _distinct(groups: Groups, order: NDArray[np.int64]) -> list[int]:
    """Return the first of every set of equal groups."""
    met: set[bytes] = set()
    kept = []
    for group in order.tolist():
        key = np.sort(groups.accounts_of(group)).tobytes()
        if key not in met:
            met.add(key)
            kept.append(group)
            if len(kept) >= _CLOSE:
                break
    return kept


def _score(groups: Groups, group: int, view: View, population: Population) -> float:
    size = int(groups.sizes[group])
    score: float = concentration(features_of(groups, group, view, population), size) / size**SIZE
    return score
