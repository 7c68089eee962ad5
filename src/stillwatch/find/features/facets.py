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
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from stillwatch.find.features.dividing import (
    by_piece,
    carriers_of,
    divided,
    sorted_postings,
    transposed,
)
from stillwatch.find.features.ties import pools

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from stillwatch.find.features.log import Log

__all__ = ["LEAST_CARRIERS", "FacetIndex", "index_facets"]

LEAST_CARRIERS = 3
"""Accounts that must carry a piece of content before it is a facet."""


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


def index_facets(log: Log) -> FacetIndex:
    """Build the index of a log; what is of the size of the log is made where the log's is.

    Licensed distillers do what campaigns do, with consent: they carry nothing.
    """
    scratch, accounts = log.scratch, log.accounts
    parts, pieces, rows, said = divided(
        log.facet_ptr, log.facets, log.kinds, accounts.licensed, log.account, scratch
    )
    pool = np.unique(pools(accounts), return_inverse=True)[1]
    names = {"use": np.int32, "known": np.int32, "opens": np.bool_}
    spools = {name: scratch.spool(dtype) for name, dtype in names.items()}
    values, kinds, sizes = [], [], []
    for lo, hi in pairwise(parts.tolist()):
        value, ptr, row, kind = by_piece(
            pieces[lo:hi], rows[lo:hi], said[lo:hi], log.account, LEAST_CARRIERS
        )
        known, opens = np.empty(row.size, np.int32), np.empty(row.size, np.bool_)
        stamps = np.full((4, len(accounts)), -1, np.int64)
        carriers_of(ptr, row, log.account, pool, log.body, LEAST_CARRIERS, stamps, known, opens)
        for name, column in zip(names, (row, known, opens), strict=True):
            spools[name].add(column)
        values.append(value)
        kinds.append(kind)
        sizes.append(np.diff(ptr))
    del pieces, rows, said
    use, known, opens = (spool.taken() for spool in spools.values())
    use_ptr = np.concatenate([[0], np.cumsum(np.concatenate(sizes))]).astype(np.int64)
    text_ptr, text_facet, text_known = transposed(use_ptr, use, known, len(log), scratch)
    posting_ptr, posting, since, first = sorted_postings(use_ptr, use, known, opens, scratch)
    row_ptr, row_facet, row_opens = transposed(posting_ptr, since, first, len(log), scratch)
    scratch.release()
    return FacetIndex(
        kind=np.concatenate(kinds),
        value=np.concatenate(values),
        posting_ptr=posting_ptr,
        posting=posting,
        opens=first,
        row_ptr=row_ptr,
        row_facet=row_facet,
        row_opens=row_opens,
        use_ptr=use_ptr,
        use=use,
        text_ptr=text_ptr,
        text_facet=text_facet,
        text_known=text_known,
    )
