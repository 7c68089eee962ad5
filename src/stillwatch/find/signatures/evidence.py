"""How well accounts agree with a signature, measured in a few numbers an account.

One pass over the pieces of all exchanges finds those that any signature knows; what follows works
on these hits and on the accounts that have some.  Counts are of exchanges and accounts, so that
neither the order nor the partitioning of the log changes anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from stillwatch.find.campaigns.background import answer_length_residuals
from stillwatch.find.campaigns.trace import EDGES, level_of
from stillwatch.find.features.habits import HABITS, habits_of, shares_of
from stillwatch.find.features.rows import derive_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from stillwatch.find.features.log import Log
    from stillwatch.find.signatures.record import Entity, Signature

__all__ = [
    "CROWD",
    "MEASURES",
    "SHARES",
    "STYLED",
    "Evidence",
    "Traffic",
    "evidence_for",
    "level_ratios",
    "styled_rows",
]

MEASURES = ("wording", "reach", "habits", "client", "block")
"""What is measured of an account, in this order; all are log ratios, in nats.

wording: of its exchanges by level, at the share of harvest that suits it best, at most 6; the same
text again counts once.  reach: of reaching its highest level at all.  habits: of one exchange, the
mean.  client, block: of the most telling one that it used."""
SHARES = (0.95, 0.3, 0.08)
_MOST = 6.0
CROWD = 0.07
"""Share of all accounts that no actor exceeds: wording that more of them use is anybody's here."""
STYLED = 3
"""Level from which on an exchange counts as written in the campaign's words."""
_CHUNK = 1 << 20
_MIX = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True)
class Evidence:
    """Accounts that agree with one signature in something; C accounts."""

    accounts: NDArray[np.int32]
    """(C,) ascending."""
    measures: NDArray[np.float64]
    """(C, len(MEASURES))."""
    styled: NDArray[np.int64]
    """(C,) exchanges in the campaign's words."""
    rows: NDArray[np.int32]
    """Those exchanges of all accounts, ascending."""


class Traffic:
    """A log with what every signature is compared with.

    Args:
        log: observations.
        signatures: whose pieces are looked for.
    """

    def __init__(self, log: Log, signatures: Sequence[Signature]) -> None:
        self.log = log
        derived = derive_rows(log)
        length = answer_length_residuals(log, len(log))
        self.cells = habits_of(log, length, derived.turn, derived.next_turn, len(log))
        self.usual = {
            name: shares_of(self.cells[name], log.account, size) for name, size in HABITS.items()
        }
        """By habit, the share of each cell among everybody's exchanges."""
        self.requests = np.bincount(log.account, minlength=len(log.accounts))
        """(N,) exchanges of each account."""
        known = {piece.value for signature in signatures for piece in signature.pieces}
        self.values = np.array(sorted(known), np.uint64)
        """Pieces of any signature, ascending."""
        self.hit_row, self.hit_value = _hits(log, self.values)
        self._by_account = np.argsort(log.account, kind="stable").astype(np.int32)
        self._ends = np.cumsum(self.requests)

    def rows_of(self, accounts: NDArray[np.int32]) -> NDArray[np.int32]:
        """Return the exchanges of some accounts."""
        many = self.requests[accounts]
        ends = np.cumsum(many)
        at = np.arange(int(ends[-1]) if ends.size else 0)
        at += np.repeat(self._ends[accounts] - ends, many)
        return self._by_account[at]


def _hits(log: Log, values: NDArray[np.uint64]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return the pairs of an exchange and the place of a known piece that it holds."""
    rows, places = [np.zeros(0, np.int32)], [np.zeros(0, np.int32)]
    for first in range(0, log.facets.size if values.size else 0, _CHUNK):
        part = log.facets[first : first + _CHUNK]
        place = np.minimum(np.searchsorted(values, part), values.size - 1)
        hit = np.flatnonzero(values[place] == part)
        rows.append((np.searchsorted(log.facet_ptr, hit + first, "right") - 1).astype(np.int32))
        places.append(place[hit].astype(np.int32))
    row, place = np.concatenate(rows), np.concatenate(places)
    # a system prompt may repeat a piece of the prompt: once is enough
    pairs = np.unique(row.astype(np.int64) * max(values.size, 1) + place)
    return (
        (pairs // max(values.size, 1)).astype(np.int32),
        (pairs % max(values.size, 1)).astype(np.int32),
    )


def evidence_for(traffic: Traffic, signature: Signature) -> Evidence:
    """Return the accounts that agree with a signature in text, client or block.

    Args:
        traffic: the log, in which the signature's pieces were looked for.
        signature: made under the key of the log.
    """
    log = traffic.log
    row, level, text = styled_rows(traffic, signature)
    account = log.account[row]
    client = _entities(log, log.client, signature.clients)
    block = _entities(log, log.block, signature.blocks)
    some = np.zeros(len(log.accounts), np.bool_)
    some[account[level >= 2]] = True
    some |= (client > 0) | (block > 0)
    accounts = np.flatnonzero(some).astype(np.int32)
    place = np.full(len(log.accounts), -1, np.int64)
    place[accounts] = np.arange(accounts.size)
    kept = place[account] >= 0
    at, level_of_hit = place[account[kept]], level[kept]
    counts = _different(at, level_of_hit, text[kept], accounts.size)
    held = np.bincount(at, minlength=accounts.size)
    counts[:, 0] = np.maximum(traffic.requests[accounts] - held, 0)
    best = np.zeros(accounts.size, np.int64)
    np.maximum.at(best, at, level_of_hit)
    reached = np.zeros(len(log.accounts), np.int8)
    np.maximum.at(reached, account, level)
    senders = reached[traffic.requests > 0]
    crowd = np.array([(senders >= k).mean() for k in range(1, len(EDGES) + 1)])
    crowd[crowd <= CROWD] = 0.0
    styled = np.bincount(at[level_of_hit >= STYLED], minlength=accounts.size)
    columns = {
        "wording": _wording(signature, counts, crowd),
        "reach": _reach(signature, crowd)[best],
        "habits": _habits(traffic, signature, accounts, row[level >= STYLED]),
        "client": client[accounts],
        "block": block[accounts],
    }
    measures = np.stack([columns[name] for name in MEASURES], axis=1)
    return Evidence(accounts, np.round(measures, 6), styled, row[level >= STYLED])


def styled_rows(
    traffic: Traffic, signature: Signature
) -> tuple[NDArray[np.int32], NDArray[np.int8], NDArray[np.uint64]]:
    """Return the exchanges with a piece, their levels, and what tells different texts apart."""
    weights = np.zeros(traffic.values.size)
    values = np.array([piece.value for piece in signature.pieces], np.uint64)
    own = np.searchsorted(traffic.values, values)
    weights[own] = [piece.weight / 100 for piece in signature.pieces]
    kept = weights[traffic.hit_value] > 0
    row, place = traffic.hit_row[kept], traffic.hit_value[kept]
    rows, first = np.unique(row, return_index=True)
    if rows.size == 0:
        return rows, np.zeros(0, np.int8), np.zeros(0, np.uint64)
    scores = np.asarray(np.round(np.add.reduceat(weights[place], first), 2), np.float64)
    text = np.add.reduceat(traffic.values[place] * _MIX, first)
    return rows, level_of(scores), text


def _different(
    at: NDArray[np.int64], level: NDArray[np.int8], text: NDArray[np.uint64], accounts: int
) -> NDArray[np.float64]:
    """Return (accounts, levels) counts of different sets of pieces."""
    counts = np.zeros((accounts, len(EDGES) + 1))
    order = np.lexsort((text, at))
    at, level, text = at[order], level[order], text[order]
    new = np.ones(at.size, np.bool_)
    new[1:] = (at[1:] != at[:-1]) | (text[1:] != text[:-1])
    np.add.at(counts, (at[new], level[new]), 1.0)
    return counts


def level_ratios(signature: Signature) -> NDArray[np.float64]:
    """Return by level how much more often the campaign's exchanges hold that much than others."""
    p = np.array(signature.levels.exchanges) + 0.5
    q = np.array(signature.levels.others_exchanges) + 0.5
    return np.asarray((p / p.sum()) / (q / q.sum()))


def _wording(
    signature: Signature, counts: NDArray[np.float64], crowd: NDArray[np.float64]
) -> NDArray[np.float64]:
    ratio = level_ratios(signature)
    ratio[1:][crowd > 0] = np.minimum(ratio[1:][crowd > 0], 1.0)
    best = np.full(counts.shape[0], -np.inf)
    for share in SHARES:
        best = np.maximum(best, counts @ np.log(share * ratio + 1.0 - share))
    return np.asarray(np.clip(best - np.log(len(SHARES)), -5.0, _MOST))


def _reach(signature: Signature, crowd: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the log ratio of an account that reaches each level, at least 0 and rising."""
    mine = (np.array(signature.levels.accounts) + 0.5) / 1_001
    others = (np.array(signature.levels.others_accounts) + 0.5) / 1_000_001
    others = np.maximum(others, crowd)
    ratio = np.maximum.accumulate(np.maximum(np.log(mine / others), 0.0))
    return np.asarray(np.append(0.0, ratio))


def _habits(
    traffic: Traffic,
    signature: Signature,
    accounts: NDArray[np.int32],
    styled: NDArray[np.int32],
) -> NDArray[np.float64]:
    """Return the mean log ratio of each account's exchanges: those in style, else all."""
    log = traffic.log
    has = np.zeros(len(log.accounts), np.bool_)
    has[log.account[styled]] = True
    rows = np.concatenate([styled, traffic.rows_of(accounts[~has[accounts]])])
    ratio = np.zeros(rows.size)
    for name, (mine, _) in signature.habits.items():
        usual = traffic.usual[name]
        if usual is None:
            continue
        p = (np.array(mine) + 5.0) / (sum(mine) + 5.0 * len(mine))
        table = np.log(p / ((usual + 0.005) / (1.0 + 0.005 * usual.size)))
        cells = traffic.cells[name][rows]
        ratio += np.where(cells >= 0, np.clip(table, -2.0, 2.0)[cells], 0.0)
    who = np.searchsorted(accounts, log.account[rows])
    total = np.bincount(who, weights=np.round(ratio, 6), minlength=accounts.size)
    many = np.bincount(who, minlength=accounts.size)
    return np.asarray(total / np.maximum(many, 1))


def _entities(
    log: Log, values: NDArray[np.uint64], known: tuple[Entity, ...]
) -> NDArray[np.float64]:
    """Return each account's log ratio of the most telling known value that it used, at least 0."""
    found = np.zeros(len(log.accounts))
    here = max(int(np.unique(log.account).size), 1)
    for entity in known:
        accounts = np.unique(log.account[values == np.uint64(entity.value)])
        usual = max(entity.others / 1_000_000, (accounts.size + 0.5) / (10.0 * here))
        ratio = np.log((entity.mine + 0.5) / 1_001 / usual)
        found[accounts] = np.maximum(found[accounts], ratio)
    return found
