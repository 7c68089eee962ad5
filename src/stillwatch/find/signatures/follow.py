"""How well accounts agree with a signature as their requests come in, one by one.

What is said of a request rests on what can be read of it before it is answered, on the account's
earlier ones, and on nothing later.  An actor that moves on keeps some of its traits and not others:
each is taken to be kept or not with even chances, so that new words do not speak for whoever comes
with the old client, and old words not against whoever comes with a new one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from stillwatch.find.campaigns.trace import EDGES
from stillwatch.find.features.habits import HABITS, shares_of
from stillwatch.find.signatures.evidence import CROWD, MEASURES, SHARES, STYLED, styled_rows
from stillwatch.find.signatures.model import weights
from stillwatch.find.signatures.rarity import Arrivals, pooled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from stillwatch.find.signatures.evidence import Traffic
    from stillwatch.find.signatures.record import Entity, Signature

__all__ = ["Followed", "Runs", "follow", "kept_or_not"]

_T = TypeVar("_T", np.int64, np.float64)
_LEVELS = len(EDGES) + 1
_ASKED = ("turn", "lines", "code", "cap", "heat")
"""Habits that a request shows before it is answered."""
_MOST = 6.0
"""Nats that one client or one address block says at most: others use them too, sooner or later."""


@dataclass(frozen=True, slots=True)
class Followed:
    """Requests of the accounts that agree with one signature in something; R requests."""

    row: NDArray[np.int64]
    """(R,) rows of the log, by account and then by time."""
    ratio: NDArray[np.float64]
    """(R,) nats: the account is the actor's against it is anybody's, as known at the request."""
    styled: NDArray[np.bool_]
    """(R,) whether the request is in the campaign's words."""


def kept_or_not(*traits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the log ratio of traits of which each is kept with even chances.

    Args:
        traits: log ratios where the trait was kept; 0 where nothing of it is seen.

    >>> kept_or_not(np.array([8.0, 8.0]), np.array([0.0, -20.0])).round(2).tolist()
    [7.31, 6.61]
    """
    return np.asarray(sum(np.logaddexp(0.0, trait) - np.log(2.0) for trait in traits))


def follow(traffic: Traffic, signature: Signature, since: int) -> Followed:
    """Return what was known of each account at each of its requests.

    Args:
        traffic: the log, in which the signature's pieces were looked for.
        signature: made under the key of the log.
        since: when the campaign was first seen anywhere, microseconds since 1970.
    """
    log = traffic.log
    arrivals = Arrivals(log, since)
    hit, level, _ = styled_rows(traffic, signature)
    client = _held(arrivals, log.client, signature.clients)
    block = _held(arrivals, log.block, signature.blocks)
    some = np.zeros(len(log.accounts), np.bool_)
    some[log.account[hit[level >= 2]]] = True
    some[log.account[(client > 0) | (block > 0)]] = True
    rows = traffic.rows_of(np.flatnonzero(some).astype(np.int32)).astype(np.int64)
    runs = Runs(log.account[rows])
    levels = np.zeros(len(log), np.int8)
    levels[hit] = level
    own = levels[rows]
    best = runs.highest(own.astype(np.float64)).astype(np.int64)
    reach = _reach(signature, arrivals, hit.astype(np.int64), level, rows)
    # an account that sends much comes upon everything once, and one that found words repeats them:
    # it is believed no further than its exchanges, each by itself, and itself among accounts allow
    words = np.minimum(
        reach[np.arange(rows.size), best],
        _wording(signature, arrivals, level[hit < arrivals.before], runs, own),
    )
    words += _HABITS * _habits(traffic, signature, rows, runs, own >= STYLED, arrivals.before)
    network = runs.highest(client[rows]) + runs.highest(block[rows])
    return Followed(rows, np.round(kept_or_not(words, network), 6), own >= STYLED)


class Runs:
    """Figures so far within runs of equal accounts.

    >>> runs = Runs(np.array([3, 3, 5]))
    >>> runs.sums(np.array([1, 1, 1])).tolist(), runs.highest(np.array([2.0, 1.0, 0.5])).tolist()
    ([1, 2, 1], [2.0, 2.0, 0.5])
    """

    def __init__(self, account: NDArray[np.integer]) -> None:
        new = np.ones(account.size, np.bool_)
        new[1:] = account[1:] != account[:-1]
        self._start = np.flatnonzero(new)
        self._run = np.cumsum(new) - 1

    def sums(self, values: NDArray[_T]) -> NDArray[_T]:
        """Return the sums so far, along the first axis."""
        total = np.cumsum(values, axis=0)
        earlier = total[self._start] - values[self._start]
        return np.asarray(total - earlier[self._run])

    def highest(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the highest so far of values from 0 to 63, to the millionth."""
        lifted = np.round(values, 6) + 64.0 * self._run
        return np.asarray(np.round(np.maximum.accumulate(lifted) - 64.0 * self._run, 6))


_HABITS = weights("match").each[MEASURES.index("habits")]
"""What the mean log ratio of an exchange's habits is worth beside its words."""


def _reach(
    signature: Signature,
    arrivals: Arrivals,
    hit: NDArray[np.int64],
    level: NDArray[np.int8],
    rows: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Return (R, levels) log ratios of an account that has reached each level by a row.

    Wording that more of the accounts seen by then use than any actor has is anybody's.
    """
    mine = (np.array(signature.levels.accounts) + 0.5) / 1_001
    ratio = np.zeros((rows.size, _LEVELS))
    for k in range(1, _LEVELS):
        at = hit[level >= k]
        stated = np.array(signature.levels.others_accounts[k - 1])
        usual = pooled(stated, np.array(arrivals.early(at)), arrivals.accounts)
        now = arrivals.share(at, rows)
        ratio[:, k] = np.log(mine[k - 1] / np.maximum(usual, np.where(now > CROWD, now, 0.0)))
    return np.maximum.accumulate(np.maximum(ratio, 0.0), axis=1)


def _wording(
    signature: Signature,
    arrivals: Arrivals,
    early: NDArray[np.int8],
    runs: Runs,
    level: NDArray[np.int8],
) -> NDArray[np.float64]:
    """Return each account's log ratio by its exchanges so far, of which a share may be harvest."""
    p = np.array(signature.levels.exchanges) + 0.5
    held = np.bincount(early, minlength=_LEVELS)
    held[0] = arrivals.before - early.size
    q = pooled(np.array(signature.levels.others_exchanges) / 10, held, arrivals.before)
    ratio = (p / p.sum()) / (q / q.sum())
    ones = np.zeros((level.size, _LEVELS))
    ones[np.arange(level.size), level] = 1.0
    counts = runs.sums(ones)
    by_share = [counts @ np.log(share * ratio + 1.0 - share) for share in SHARES]
    return np.asarray(np.max(by_share, axis=0) - np.log(len(SHARES)))


def _habits(
    traffic: Traffic,
    signature: Signature,
    rows: NDArray[np.int64],
    runs: Runs,
    styled: NDArray[np.bool_],
    before: int,
) -> NDArray[np.float64]:
    """Return the mean log ratio of each account's requests in style so far; 0 before the first."""
    ratio = np.zeros(rows.size)
    for name in _ASKED:
        early = traffic.cells[name][:before]
        here = shares_of(early, traffic.log.account[:before], HABITS[name])
        if here is None or name not in signature.habits:
            continue
        p = np.array(signature.habits[name][0]) + 5.0
        usual = here + 0.005
        cells = traffic.cells[name][rows]
        if name == "turn":
            # whether what opens a conversation stays alone is not known when it is asked
            p, usual = (np.array([part[0] + part[1], part[2]]) for part in (p, usual))
            cells = np.where(cells > 0, cells - 1, cells)
        table = np.clip(np.log(p / p.sum()) - np.log(usual / usual.sum()), -2.0, 2.0)
        ratio += np.where(cells >= 0, table[cells], 0.0)
    many = runs.sums(styled.astype(np.int64))
    total = runs.sums(np.where(styled, np.round(ratio, 6), 0.0))
    return np.asarray(total / np.maximum(many, 1))


def _held(
    arrivals: Arrivals, values: NDArray[np.uint64], known: tuple[Entity, ...]
) -> NDArray[np.float64]:
    """Return the log ratio of the known value that each row holds, from 0 to 6."""
    found = np.zeros(values.size)
    for entity in known:
        rows = np.flatnonzero(values == np.uint64(entity.value))
        told = np.minimum(arrivals.ratio(rows, entity.mine, entity.others), _MOST)
        found[rows] = np.maximum(found[rows], told)
    return found
