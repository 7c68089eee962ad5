"""Facets: the pieces of content that accounts use again and again, and who uses them.

An account *carries* a piece of content once it has sent it in two exchanges of different
text, or has sent it as an account with the same card, phone or machine did in another text:
what is sent once is a body, what comes back is an instruction, a template, a habit.  A
piece enters the index as a facet when at least three accounts have sent it anywhere in the
log; that prunes storage only, since what is below that number at the end is below it at every
earlier time.  Every use is listed by its row (``use``); the uses of carriers are listed once
more, by the row from which on each is known to be one (``posting``), so that the log cut at a
time is a prefix of each list.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numba as nb
import numpy as np

from stillwatch.find.features.arrays import offsets
from stillwatch.find.features.rows import NEVER
from stillwatch.find.features.ties import pools

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from stillwatch.find.features.log import Log

__all__ = ["LEAST_CARRIERS", "FacetIndex", "index_facets"]

LEAST_CARRIERS = 3
"""Accounts that must carry a piece of content before it is a facet."""
_CHUNKS = 16


@dataclass(frozen=True, slots=True)
class FacetIndex:
    """Facets and rows, both ways; F facets, n rows, P postings."""

    kind: NDArray[np.uint8]
    """(F,) where the facet stands: sentence, head, tail, system."""
    value: NDArray[np.uint64]
    """(F,) keyed hash, ascending."""
    posting_ptr: NDArray[np.int64]
    """(F + 1,) offsets into posting."""
    posting: NDArray[np.int32]
    """(P,) rows that carry the facet, by the row from which on that is known."""
    opens: NDArray[np.bool_]
    """(P,) whether the posting makes its account a carrier."""
    row_ptr: NDArray[np.int64]
    """(n + 1,) offsets into row_facet."""
    row_facet: NDArray[np.int32]
    """(P,) facets that a row makes known."""
    row_opens: NDArray[np.bool_]
    """(P,) whether the row makes its account a carrier."""
    use_ptr: NDArray[np.int64]
    """(F + 1,) offsets into use."""
    use: NDArray[np.int32]
    """(U,) rows whose text holds the facet, ascending."""
    text_ptr: NDArray[np.int64]
    """(n + 1,) offsets into text_facet."""
    text_facet: NDArray[np.int32]
    """(U,) facets in a row's own text."""
    text_known: NDArray[np.int32]
    """(U,) row from which on the row's account is known to carry it, NEVER where it is not."""

    def __len__(self) -> int:
        """Return the number of facets."""
        return self.value.size


@nb.njit(cache=True, nogil=True)
def _carriers(values, rows, account, pool, body, least, keep, known, opens):
    """Mark the uses that enter the index; pairs sort by value, pool, row.

    ``keep`` becomes whether enough accounts use the piece, ``known`` the row from which on a
    use is that of a carrier (NEVER where its account carries nothing, or too few do).
    """
    met = np.full(pool.size, -1, np.int64)
    used = np.full(pool.size, -1, np.int64)
    start = 0
    for i in range(1, values.size + 1):
        if i < values.size and values[i] == values[start]:
            continue
        users = 0
        for j in range(start, i):
            a = account[rows[j]]
            if used[a] < start:
                used[a] = j
                users += 1
        if users < least:
            start = i
            continue
        keep[start:i] = True
        carriers = 0
        first = start
        for j in range(start + 1, i + 1):
            if j < i and pool[account[rows[j]]] == pool[account[rows[first]]]:
                continue
            for k in range(first + 1, j):  # the first exchange of another text
                if body[rows[k]] != body[rows[first]]:
                    for m in range(first, j):
                        known[m] = max(rows[m], rows[k])
                        a = account[rows[m]]
                        if met[a] < start:  # its first posting is known as early as any
                            met[a] = m
                            opens[m] = True
                            carriers += 1
                    break
            first = j
        if carriers < least:
            known[start:i] = NEVER
            opens[start:i] = False
        start = i


def index_facets(log: Log) -> FacetIndex:
    """Build the index of a log in bounded extra memory (one sixteenth of the pairs at a time)."""
    rows_all = np.repeat(np.arange(len(log), dtype=np.int32), np.diff(log.facet_ptr))
    part = (log.facets >> np.uint64(60)).astype(np.uint8)
    # licensed distillers do what campaigns do, with consent: they carry nothing
    part[log.accounts.licensed[log.account[rows_all]]] = _CHUNKS
    pool = pools(log.accounts)
    parts = []
    for chunk in range(_CHUNKS):
        here = np.flatnonzero(part == chunk)
        order = np.lexsort((pool[log.account[rows_all[here]]], log.facets[here]))
        here = here[order]
        value, row = log.facets[here], rows_all[here]
        keep, opens = np.zeros(value.size, np.bool_), np.zeros(value.size, np.bool_)
        known = np.full(value.size, NEVER, np.int32)
        if value.size:
            _carriers(value, row, log.account, pool, log.body, LEAST_CARRIERS, keep, known, opens)
        kept = np.flatnonzero(keep)
        kept = kept[np.lexsort((row[kept], value[kept]))]
        parts.append((value[kept], row[kept], log.kinds[here[kept]], known[kept], opens[kept]))
    value, row, kind, known, opens = (np.concatenate(column) for column in zip(*parts, strict=True))
    del parts, rows_all, part
    new = np.ones(value.size, np.bool_)
    new[1:] = value[1:] != value[:-1]
    starts = np.flatnonzero(new)
    facet = (np.cumsum(new) - 1).astype(np.int32)
    by_text = np.argsort(row, kind="stable")
    carried = np.flatnonzero(known < NEVER)
    carried = carried[np.lexsort((known[carried], facet[carried]))]
    by_row = carried[np.argsort(known[carried], kind="stable")]
    return FacetIndex(
        kind=kind[starts],
        value=value[starts],
        posting_ptr=offsets(facet[carried], starts.size),
        posting=row[carried],
        opens=opens[carried],
        row_ptr=offsets(known[by_row], len(log)),
        row_facet=facet[by_row],
        row_opens=opens[by_row],
        use_ptr=np.append(starts, value.size).astype(np.int64),
        use=row,
        text_ptr=offsets(row, len(log)),
        text_facet=facet[by_text],
        text_known=known[by_text],
    )
