"""Network blocks used by a few accounts each, within one group."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numba as nb
import numpy as np

from stillwatch.find.detectors.interface import EFFECT_CAP, Measurement
from stillwatch.find.detectors.linkage import AFFINITY, value_evidence

if TYPE_CHECKING:
    from stillwatch.find.features.groups import Groups
    from stillwatch.find.features.view import View

__all__ = ["AddressBlocks"]

_ROOM, _PLACE = 8, 0.2
"""Accounts, and the share of a group, that one block holds where it is a place of theirs."""


@nb.njit(cache=True, nogil=True)
def _related(accounts, relations, identity):
    """Share of pairs, at most 256 of them, that share an identity value or name one holder."""
    n = accounts.size
    met, pairs = 0, 0
    for step in range(1, n):
        stride = max(1, n * (n - 1) // 512)
        for i in range(0, n - step, stride):
            a, b = accounts[i], accounts[i + step]
            same = False
            for k in range(relations.shape[1]):
                same |= relations[a, k] >= 0 and relations[a, k] == relations[b, k]
            for k in range(identity.shape[1]):
                same |= identity[a, k] >= 0 and identity[a, k] == identity[b, k]
            met += same
            pairs += 1
        if pairs >= 256:
            break
    return met / max(pairs, 1)


@nb.njit(cache=True, nogil=True)
def _mark(pairs, start, n, linked):
    """Mark the accounts of one value."""
    i = start
    while i < pairs.size and pairs[i] // n == pairs[start] // n:
        linked[pairs[i] % n] = True
        i += 1


@nb.njit(cache=True, nogil=True)
def _blocks(
    account_ptr,
    members,
    relations,
    identity,
    row_ptr,
    rows,
    slot,
    sizes,
    block,
    network,
    network_of,
    degree,
    network_degree,
    stat,
    effect,
    support,
):
    """Weigh each shared block against chance among the accounts of the same network."""
    for g in range(row_ptr.size - 1):
        n = sizes[g]
        known, linked = np.zeros(n, np.bool_), np.zeros(n, np.bool_)
        keys = np.empty(row_ptr[g + 1] - row_ptr[g], np.int64)
        nets = np.empty(keys.size, np.int64)
        used = 0
        for i in range(row_ptr[g], row_ptr[g + 1]):
            if block[rows[i]] >= 0:
                keys[used] = np.int64(block[rows[i]]) * n + slot[i]
                nets[used] = np.int64(network[rows[i]]) * n + slot[i]
                known[slot[i]] = True
                used += 1
        pairs, net_pairs = np.unique(keys[:used]), np.unique(nets[:used])
        total, largest, largest_at = 0.0, 0.0, -1
        usual = _related(members[account_ptr[g] : account_ptr[g + 1]], relations, identity)
        start = 0
        for i in range(1, pairs.size + 1):
            if i < pairs.size and pairs[i] // n == pairs[start] // n:
                continue
            v, m = pairs[start] // n, i - start
            if m >= 2 and (m < _ROOM or m < _PLACE * n):
                w = network_of[v]
                lo = np.searchsorted(net_pairs, w * n)
                inside = np.searchsorted(net_pairs, (w + 1) * n) - lo
                p = AFFINITY * max(inside - 1, 1) / max(network_degree[w] - 1.0, 1.0)
                evidence = value_evidence(m, degree[v], min(0.5, p))
                if evidence > 0:
                    here = members[account_ptr[g] + pairs[start:i] % n]
                    open_ = _related(here, relations, identity)
                    if open_ >= 0.8 or (open_ >= 0.5 and open_ >= 2.5 * usual):
                        evidence = 0.0  # one shop or family
                if evidence > 0:
                    total += evidence
                    if evidence > largest:
                        if largest_at >= 0:
                            _mark(pairs, largest_at, n, linked)
                        largest, largest_at = evidence, start
                    else:
                        _mark(pairs, start, n, linked)
            start = i
        support[g] = known.sum()
        stat[g] = (total - largest) * min(1.0, EFFECT_CAP / max(n, 1))
        effect[g] = linked.sum() / max(support[g], 1)


class AddressBlocks:
    """Network blocks used by a few accounts each, within one group."""

    slug = "address-blocks"
    family = "infrastructure"
    reads = frozenset({"ip"})
    cheap = True
    sees = "several address blocks, each used by a few of the group's accounts"
    innocent = (
        "schools and companies leave by a block for each room or floor; a block with many of the "
        "group counts nothing, and tools in one cloud are compared with everyone in that cloud"
    )
    source = "Cao et al., SynchroTrap (CCS 2014), with rarity in place of a fixed threshold"

    def measure(self, groups: Groups, view: View) -> Measurement:
        """Measure how many accounts share blocks other than the group's most shared one."""
        size = len(groups)
        stat, effect, support = np.zeros(size), np.zeros(size), np.zeros(size, np.int64)
        _blocks(
            groups.account_ptr,
            groups.accounts,
            view.derived.relations,
            view.log.accounts.identity,
            groups.row_ptr,
            groups.rows,
            groups.slot,
            groups.sizes,
            view.derived.block,
            view.derived.network,
            view.derived.network_of_block,
            view.block_degree,
            view.network_degree,
            stat,
            effect,
            support,
        )
        return Measurement(stat, effect, support, support >= 3)

    def explain(self, effect: float, support: int) -> str:
        """Return one sentence that a person can check."""
        return (
            f"{effect:.0%} of {support} accounts share an address block with others of the group "
            "beyond chance within their networks, the block shared most not counted"
        )
