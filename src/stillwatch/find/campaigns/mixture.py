"""The mixture's compiled core: expectation maximisation over categorical features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numba as nb
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from stillwatch.find.campaigns.refine import Feature

__all__ = ["SIZE", "Coded", "code_features", "fit", "log_ratios", "narrow"]

LEVELS = 10
"""Levels of a feature at most."""
_PRIOR = 2.0
"""Accounts that the population's frequencies weigh in the campaign's part."""
_STEPS = 40
SIZE = 0.75
"""Power of the size that a group's concentration is divided by: 1 would prefer the few accounts
that fit best, one half prefers two campaigns with a common phrase to either."""
_CLIP = 2.5
_MOST_ODDS = 1.0


@dataclass(frozen=True, slots=True)
class Coded:
    """Features as arrays; k accounts, F features."""

    code: NDArray[np.int64]
    """(k, F) level, -1 where unknown."""
    own: NDArray[np.float64]
    """(k, F) probability of that level in the population, for this account."""
    mean: NDArray[np.float64]
    """(F, LEVELS) mean over accounts of the population's probabilities."""
    families: tuple[str, ...]


def code_features(features: Sequence[Feature], size: int) -> Coded:
    """Return features as arrays.

    Args:
        features: as from ``refine.features_of``.
        size: accounts of the group.
    """
    code = np.full((size, len(features)), -1, np.int64)
    own = np.ones((size, len(features)))
    mean = np.zeros((len(features), LEVELS))
    for number, feature in enumerate(features):
        base = feature.base if feature.base.ndim == 2 else feature.base[None]
        _code(number, feature.code, base, code, own, mean)
    return Coded(code, own, mean, tuple(f.family for f in features))


@nb.njit(cache=True, nogil=True)
def _code(f, levels, base, code, own, mean):
    """Write one feature's column; one row of ``base`` is everyone's, else each account has one."""
    known = 0
    for i in range(levels.size):
        code[i, f] = levels[i]
        if levels[i] < 0:
            continue
        row = base[i] if base.shape[0] > 1 else base[0]
        own[i, f] = max(row[levels[i]], 1e-6)
        if base.shape[0] > 1 or known == 0:
            for level in range(row.size):
                mean[f, level] += row[level]
        known += 1
    if base.shape[0] > 1:
        for level in range(base.shape[1]):
            mean[f, level] /= max(known, 1)


@nb.njit(cache=True, nogil=True)
def _ratios(code, own, mean, used, member, out):
    """Add each account's log ratio over the features in use; its own weight is left out."""
    k, features = code.shape
    for f in range(features):
        if not used[f]:
            continue
        counts = np.zeros(mean.shape[1])
        total = 0.0
        for i in range(k):
            if code[i, f] >= 0:
                counts[code[i, f]] += member[i]
                total += member[i]
        for i in range(k):
            level = code[i, f]
            if level < 0:
                continue
            inside = (counts[level] - member[i] + _PRIOR * mean[f, level]) / (
                total - member[i] + _PRIOR
            )
            ratio = np.log(max(inside, 1e-6)) - np.log(own[i, f])
            out[i] += min(_CLIP, max(-_CLIP, ratio))


@nb.njit(cache=True, nogil=True)
def _wording(carried, member, out):
    """Add the log ratio of the facets carried; both parts learn their frequencies."""
    k, facets = carried.shape
    scale = min(1.0, 4.0 / facets)
    inside_total, outside_total = 0.0, 0.0
    for i in range(k):
        inside_total += member[i]
        outside_total += 1 - member[i]
    added = np.zeros(k)
    for f in range(facets):
        inside, outside, mean = 0.0, 0.0, 0.0
        for i in range(k):
            if carried[i, f]:
                inside += member[i]
                outside += 1 - member[i]
                mean += 1.0 / k
        for i in range(k):
            own = 1.0 if carried[i, f] else 0.0
            a = (inside - own * member[i] + mean) / (inside_total - member[i] + 1.0)
            b = (outside - own * (1 - member[i]) + mean) / (outside_total - (1 - member[i]) + 1.0)
            a, b = min(0.98, max(0.02, a)), min(0.98, max(0.02, b))
            added[i] += np.log(a / b) if carried[i, f] else np.log((1 - a) / (1 - b))
    for i in range(k):
        # facets of one wording come together: count them as a few
        out[i] += min(4.0, max(-4.0, added[i] * scale))


@nb.njit(cache=True, nogil=True)
def _fit(code, own, mean, used, carried):
    k = code.shape[0]
    member = np.full(k, 0.6)
    for step in range(_STEPS):
        share = (member.sum() + 1.0) / (k + 1.5)
        # however pure the group, an account that is quite unlike it does not stay
        odds = np.full(k, min(_MOST_ODDS, np.log(share / (1 - share))))
        _ratios(code, own, mean, used, member, odds)
        if step >= 2 and carried.shape[1] > 0:
            _wording(carried, member, odds)
        change = 0.0
        for i in range(k):
            new = 1.0 / (1.0 + np.exp(-min(30.0, max(-30.0, odds[i]))))
            change = max(change, abs(new - member[i]))
            member[i] = new
        if change < 1e-4 and step > 3:
            break
    return member


def fit(
    coded: Coded, carried: NDArray[np.bool_], *, without: str | None = None
) -> NDArray[np.float64]:
    """Return (k,) membership probabilities.

    Args:
        coded: features of the group.
        carried: (k, F) which of the group's telling facets an account carries; here both parts
            learn their frequencies, so that a wording of the campaign's own tells it from those
            who use the common part of it.
        without: a family whose features are left out.
    """
    used = np.array([family != without for family in coded.families], np.bool_)
    member: NDArray[np.float64] = _fit(coded.code, coded.own, coded.mean, used, carried)
    return member


def log_ratios(
    coded: Coded, member: NDArray[np.float64], only: int | None = None
) -> NDArray[np.float64]:
    """Return (k,) log ratios of the campaign's part over the population's.

    Args:
        coded: features of the group.
        member: membership of each account.
        only: number of the one feature that counts; all of them otherwise.
    """
    used = np.ones(len(coded.families), np.bool_)
    if only is not None:
        used[:] = False
        used[only] = True
    out = np.zeros(coded.code.shape[0])
    _ratios(coded.code, coded.own, coded.mean, used, member, out)
    return out


def narrow(coded: Coded, carried: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the part of a group that is most of one piece.

    Parts are the carriers of one of the group's facets, and of one more within them; a part is
    taken where its concentration over a power of its size is higher than the whole's.

    Args:
        coded: features of the group.
        carried: (k, F) telling facets.
    """
    used = np.ones(len(coded.families), np.bool_)
    kept = np.ones(coded.code.shape[0], np.bool_)
    best = _score(coded, kept, used)
    for _ in range(3):
        found = None
        for column in carried.T:
            part = kept & column
            if part.sum() >= 4 and not part[kept].all():
                score = _score(coded, part, used)
                if score > 1.02 * best:
                    best, found = score, part
        if found is None:
            break
        kept = found
    return kept


def _score(coded: Coded, part: NDArray[np.bool_], used: NDArray[np.bool_]) -> float:
    size = int(part.sum())
    out = np.zeros(size)
    _ratios(coded.code[part], coded.own[part], coded.mean, used, np.ones(size), out)
    score: float = float(out.sum()) / float(size) ** SIZE
    return score
