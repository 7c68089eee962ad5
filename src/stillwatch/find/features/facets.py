"""Facets: the pieces of content that accounts use again and again, and who uses them.

An account *carries* a piece of content once it has sent it in two exchanges of different
text: what is sent once is a body, what comes back is an instruction, a template, a habit.  A
facet enters the index when at least three accounts carry it anywhere in the log; that prunes
storage only, since a facet below that number at the end is below it at every earlier time.
A posting is listed under the row from which on its account is known to carry the facet, so
that the log cut at a time is a prefix of each posting list.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numba as nb
import numpy as np

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

    def __len__(self) -> int:
        """Return the number of facets."""
        return self.value.size


@nb.njit(cache=True, nogil=True)
def _carriers(values, rows, account, body, least, keep, known, opens):
    """Mark the postings of facets with enough carriers; pairs sort by value, account, row.

    ``known`` becomes the row from which on a posting counts.
    """
    start = 0
    for i in range(1, values.size + 1):
        if i < values.size and values[i] == values[start]:
            continue
        carriers = 0
        first = start
        for j in range(start + 1, i + 1):
            if j < i and account[rows[j]] == account[rows[first]]:
                continue
            for k in range(first + 1, j):  # the first exchange of another text
                if body[rows[k]] != body[rows[first]]:
                    carriers += 1
                    opens[k] = True
                    for m in range(first, j):
                        keep[m] = True
                        known[m] = max(rows[m], rows[k])
                    break
            first = j
        if carriers < least:
            keep[start:i] = False
        start = i


def index_facets(log: Log) -> FacetIndex:
    """Build the index of a log in bounded extra memory (one sixteenth of the pairs at a time)."""
    rows_all = np.repeat(np.arange(len(log), dtype=np.int32), np.diff(log.facet_ptr))
    part = (log.facets >> np.uint64(60)).astype(np.uint8)
    # licensed distillers do what campaigns do, with consent: they carry nothing
    part[log.accounts.licensed[log.account[rows_all]]] = _CHUNKS
    parts = []
    for chunk in range(_CHUNKS):
        here = np.flatnonzero(part == chunk)
        order = np.lexsort((log.account[rows_all[here]], log.facets[here]))
        here = here[order]
        value, row = log.facets[here], rows_all[here]
        keep, opens = np.zeros(value.size, np.bool_), np.zeros(value.size, np.bool_)
        known = np.zeros(value.size, np.int32)
        if value.size:
            _carriers(value, row, log.account, log.body, LEAST_CARRIERS, keep, known, opens)
        kept = np.flatnonzero(keep)
        kept = kept[np.lexsort((row[kept], known[kept], value[kept]))]
        parts.append((value[kept], row[kept], log.kinds[here[kept]], known[kept], opens[kept]))
    value, row, kind, known, opens = (np.concatenate(column) for column in zip(*parts, strict=True))
    new = np.ones(value.size, np.bool_)
    new[1:] = value[1:] != value[:-1]
    starts = np.flatnonzero(new)
    facet = np.cumsum(new) - 1
    by_row = np.argsort(known, kind="stable")
    counts = np.bincount(known, minlength=len(log))
    return FacetIndex(
        kind=kind[starts],
        value=value[starts],
        posting_ptr=np.append(starts, value.size).astype(np.int64),
        posting=row,
        opens=opens,
        row_ptr=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        row_facet=facet[by_row].astype(np.int32),
        row_opens=opens[by_row],
    )
