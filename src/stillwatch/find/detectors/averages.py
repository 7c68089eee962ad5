"""Averages over a group's accounts, every account counting once however much it sends."""

from __future__ import annotations

import numba as nb
import numpy as np

__all__ = ["account_means", "pooled_effect"]


@nb.njit(cache=True, nogil=True)
def account_means(row_ptr, rows, slot, sizes, values, known, clip, mean, spread, support):
    """Average a row value within accounts, then over accounts.

    Args:
        row_ptr: (G + 1,) offsets into rows.
        rows: rows of the groups.
        slot: account position of each row.
        sizes: (G,) accounts.
        values: (n,) float32 row values.
        known: (n,) bool rows that have a value.
        clip: account averages are clipped to +-clip.
        mean: (G,) out, mean over accounts.
        spread: (G,) out, standard deviation over accounts.
        support: (G,) out, accounts with a value.
    """
    for g in range(row_ptr.size - 1):
        total = np.zeros(sizes[g])
        count = np.zeros(sizes[g])
        for i in range(row_ptr[g], row_ptr[g + 1]):
            if known[rows[i]]:
                total[slot[i]] += values[rows[i]]
                count[slot[i]] += 1
        n, first, second = 0, 0.0, 0.0
        for s in range(sizes[g]):
            if count[s] > 0:
                x = min(clip, max(-clip, total[s] / count[s]))
                n += 1
                first += x
                second += x * x
        support[g] = n
        if n > 0:
            mean[g] = first / n
            spread[g] = np.sqrt(max(second / n - mean[g] * mean[g], 0.0))


def pooled_effect(groups, values, known, clip):
    """Return mean, spread (float64) and support (int64) by group; see :func:`account_means`."""
    size = len(groups)
    mean, spread = np.zeros(size), np.zeros(size)
    support = np.zeros(size, np.int64)
    account_means(
        groups.row_ptr,
        groups.rows,
        groups.slot,
        groups.sizes,
        values,
        known,
        clip,
        mean,
        spread,
        support,
    )
    return mean, spread, support
