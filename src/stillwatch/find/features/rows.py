"""Columns derived from the log once, each of which keeps to event time.

A derived value at row r either uses rows before r only, or names the later row from which on
it is known, so that the log cut at any time gives the same answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numba as nb
import numpy as np

from stillwatch.find.features.arrays import widened
from stillwatch.find.features.hashing import mix
from stillwatch.find.features.log import IDENTITY
from stillwatch.find.features.ties import Ties, tie_accounts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from stillwatch.find.features.log import Log

__all__ = ["HOUR", "Pairs", "Rows", "derive_rows"]

HOUR = 3_600_000_000
"""Microseconds."""
HOMES = 4
"""First blocks of an account that are remembered."""
_OWN_DOMAIN = 64
"""Accounts at most whose mail domain is still one of their own and not a provider's."""
NEVER = np.iinfo(np.int32).max
"""Row index that stands for: not in this log."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """Distinct (account, value) pairs in the order of their first row."""

    account: NDArray[np.int32]
    value: NDArray[np.int32]
    row: NDArray[np.int32]
    """First row of the pair, ascending."""
    values: int
    """Number of distinct values."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Derived columns; n rows, N accounts."""

    next_turn: NDArray[np.int32]
    """Row of the conversation's next turn, NEVER where there is none."""
    turn: NDArray[np.int32]
    """Turn number within the conversation, 0 first."""
    body: NDArray[np.int32]
    """Code of the whole text, -1 where empty."""
    first_row: NDArray[np.int32]
    """(N,) first row of an account, NEVER where it sent nothing."""
    block: NDArray[np.int32]
    """Code of the network block, -1 where unknown."""
    blocks: Pairs
    network: NDArray[np.int32]
    """Code of the network that the block belongs to: autonomous system, or -1."""
    networks: Pairs
    network_of_block: NDArray[np.int32]
    """Network of each block, as first seen."""
    client: NDArray[np.int32]
    """Code of the client, -1 where unknown."""
    clients: Pairs
    birth: NDArray[np.int32]
    """(N,) code of the six hours in which the account was opened, -1 where unknown."""
    births: int
    relations: NDArray[np.int32]
    """(N, 2) organisation and mail domain of one's own, -1 where there is none."""
    homes: NDArray[np.int32]
    """(N, HOMES) the first blocks that an account used, -1 where fewer."""
    home_rows: NDArray[np.int32]
    """(N, HOMES) first row of each, ascending."""
    identity_offset: NDArray[np.int64]
    """(len(IDENTITY) + 1,) offsets that make identity codes distinct over types."""
    ties: Ties
    """Accounts that share identity values without naming one holder."""


@nb.njit(cache=True, nogil=True)
def _link_turns(conversation, account, turn, next_turn):
    """Chain the rows of each conversation of an account."""
    size = 1024
    while size < 2 * account.size:
        size *= 2
    mask = np.uint64(size - 1)
    latest = np.full(size, -1, np.int32)
    for r in range(account.size):
        if conversation[r] == 0:
            continue
        at = mix(conversation[r] + np.uint64(account[r])) & mask
        while latest[at] >= 0 and (
            conversation[latest[at]] != conversation[r] or account[latest[at]] != account[r]
        ):
            at = (at + np.uint64(1)) & mask
        before = latest[at]
        if before >= 0:
            next_turn[before] = r
            turn[r] = turn[before] + 1
        latest[at] = r


@nb.njit(cache=True, nogil=True)
def _numbered(values):
    """Number the distinct values as they come; return the numbers and the values."""
    size = 1024
    while size < 2 * values.size:
        size *= 2
    mask = np.uint64(size - 1)
    table = np.full(size, -1, np.int32)
    number = np.empty(values.size, np.int32)
    distinct = np.empty(values.size, np.uint64)
    count = 0
    for i in range(values.size):
        at = mix(values[i]) & mask
        while table[at] >= 0 and distinct[table[at]] != values[i]:
            at = (at + np.uint64(1)) & mask
        if table[at] < 0:
            table[at] = count
            distinct[count] = values[i]
            count += 1
        number[i] = table[at]
    return number, distinct[:count].copy()


def codes_of(values: NDArray[np.uint64]) -> tuple[NDArray[np.int32], int]:
    """Return dense codes, by value, with -1 for 0, and how many there are."""
    number, distinct = _numbered(values)
    order = np.argsort(distinct)
    shift = 1 if distinct.size and distinct[order[0]] == 0 else 0
    code = np.empty(distinct.size, np.int32)
    code[order] = np.arange(distinct.size, dtype=np.int32) - shift
    return code[number], distinct.size - shift


@nb.njit(cache=True, nogil=True)
def _first_of_pairs(account, value):
    """Return the first row of each pair of an account and a value, ascending."""
    size = 1024
    count = 0
    table = np.full(size, -1, np.int32)
    rows = np.empty(size, np.int32)
    for r in range(value.size):
        if value[r] < 0:
            continue
        if 2 * count >= size:
            size *= 2
            rows = widened(rows)
            table = np.full(size, -1, np.int32)
            for k in range(count):
                table[_place(table, rows, account, value, rows[k])] = k
        at = _place(table, rows, account, value, r)
        if table[at] < 0:
            table[at] = count
            rows[count] = r
            count += 1
    return rows[:count].copy()


@nb.njit(cache=True, inline="always")
def _place(table, rows, account, value, r):
    """Return where the pair of a row stands in the table, or would."""
    mask = np.uint64(table.size - 1)
    at = mix((np.uint64(account[r]) << np.uint64(32)) | np.uint64(value[r])) & mask
    while table[at] >= 0 and (
        account[rows[table[at]]] != account[r] or value[rows[table[at]]] != value[r]
    ):
        at = (at + np.uint64(1)) & mask
    return at


def _pairs(account: NDArray[np.int32], value: NDArray[np.int32], values: int) -> Pairs:
    at = _first_of_pairs(account, value)
    return Pairs(account=account[at], value=value[at], row=at, values=values)


def _homes(blocks: Pairs, accounts: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    homes = np.full((accounts, HOMES), -1, np.int32)
    rows = np.full((accounts, HOMES), NEVER, np.int32)
    order = np.argsort(blocks.account, kind="stable")
    account = blocks.account[order]
    new = np.ones(account.size, np.bool_)
    new[1:] = account[1:] != account[:-1]
    starts = np.flatnonzero(new)
    rank = np.arange(account.size) - np.repeat(starts, np.diff(np.append(starts, account.size)))
    kept = rank < HOMES
    homes[account[kept], rank[kept]] = blocks.value[order][kept]
    rows[account[kept], rank[kept]] = blocks.row[order][kept]
    return homes, rows


def _relations(log: Log) -> NDArray[np.int32]:
    domain = log.accounts.domain
    counts = np.bincount(domain[domain >= 0], minlength=1)
    own = np.where((domain >= 0) & (counts[np.maximum(domain, 0)] <= _OWN_DOMAIN), domain, -1)
    return np.stack([log.accounts.organization, own], axis=1).astype(np.int32)


def derive_rows(log: Log) -> Rows:
    """Derive the columns of a log."""
    n, accounts = len(log), len(log.accounts)
    turn = np.zeros(n, np.int32)
    next_turn = np.full(n, NEVER, np.int32)
    _link_turns(log.conversation, log.account, turn, next_turn)
    first_row = np.full(accounts, NEVER, np.int32)
    present, first = np.unique(log.account, return_index=True)
    first_row[present] = first
    block, blocks = codes_of(log.block)
    system = np.where(log.block != 0, log.asn + 2, 0).astype(np.uint64)
    network, networks = codes_of(system)
    known = np.flatnonzero(block >= 0)
    _, at = np.unique(block[known], return_index=True)
    network_of_block = network[known[at]]
    client, clients = codes_of(log.client)
    created = log.accounts.created
    births = np.where(created >= 0, created // (6 * HOUR) + 1, 0).astype(np.uint64)
    birth, n_births = codes_of(births)
    block_pairs = _pairs(log.account, block, blocks)
    homes, home_rows = _homes(block_pairs, accounts)
    relations = _relations(log)
    sizes = [int(log.accounts.identity[:, k].max(initial=-1)) + 1 for k in range(len(IDENTITY))]
    return Rows(
        next_turn=next_turn,
        turn=turn,
        body=codes_of(log.body)[0],
        first_row=first_row,
        block=block,
        blocks=block_pairs,
        network=network,
        networks=_pairs(log.account, network, networks),
        network_of_block=network_of_block,
        client=client,
        clients=_pairs(log.account, client, clients),
        birth=birth,
        births=n_births,
        relations=relations,
        homes=homes,
        home_rows=home_rows,
        identity_offset=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        ties=tie_accounts(log.accounts, relations),
    )
