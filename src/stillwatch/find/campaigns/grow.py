"""From one piece of content to the group that works with it.

A group grows along facets: a facet belongs when most of its carriers are members, an account
belongs when it carries several of the group's facets, or one that is nearly all the group's
and little else.  Entering needs more than staying (hysteresis), and every judgement about an
account leaves that account out.  Growth sees text alone: no address, card, clock or length,
so that those can be judged afterwards on a group that they did not choose.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numba as nb
import numpy as np

from stillwatch.find.features.arrays import widened

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from stillwatch.find.features.view import View

__all__ = ["Grower", "Grown"]

ROUNDS = 6
"""Rounds of growth at most."""
ENTER, LEAVE = 0.6, 0.45
"""Share of a facet's other carriers that are members, to enter and to stay."""
FIT_ENTER, FIT_LEAVE = 0.4, 0.25
"""Share of what a typical member carries of the group's facets, to enter and to stay: one
borrowed phrase does not make a member."""
REACH = 0.15
"""Share of the members that must carry a facet: growth through what two members happen to
share would reach everyone within a few rounds."""
ROWS_EACH = 256
"""Latest exchanges of an account that are read at most, which bounds heavy accounts."""


@dataclass(frozen=True, slots=True)
class Grown:
    """A group after growth."""

    accounts: NDArray[np.int32]
    """Members, ascending."""
    rows: NDArray[np.int32]
    """Their exchanges that carry one of the facets, ascending."""
    facets: NDArray[np.int32]
    """The group's facets, ascending."""


@nb.njit(cache=True, nogil=True)
def _grow(
    seeds,
    most,
    known,
    account,
    account_ptr,
    account_rows,
    text_ptr,
    text_facet,
    text_known,
    posting_ptr,
    ends,
    posting,
    opens,
    carriers,
    f_stamp,
    f_count,
    f_last,
    a_stamp,
    a_hits,
    a_fit,
    member,
    mark,
):
    """Return members, facets and the mark that is free next; scratch arrays are stamped."""
    members = seeds.copy()
    chosen = np.empty(0, np.int32)
    for _ in range(ROUNDS):
        mark += 1
        for i in range(members.size):
            member[members[i]] = mark
        # which facets do the members carry, and how many members each
        listed = np.empty(1024, np.int32)
        n_listed = 0
        for i in range(members.size):
            a = members[i]
            lo, hi = account_ptr[a], account_ptr[a + 1]
            while hi > lo and account_rows[hi - 1] >= known:
                hi -= 1
            lo = max(lo, hi - ROWS_EACH)
            for j in range(lo, hi):
                r = account_rows[j]
                for k in range(text_ptr[r], text_ptr[r + 1]):
                    if text_known[k] >= known:
                        continue
                    f = text_facet[k]
                    if f_stamp[f] != mark:
                        f_stamp[f] = mark
                        f_count[f] = 0
                        f_last[f] = -1
                        if n_listed == listed.size:
                            listed = widened(listed)
                        listed[n_listed] = f
                        n_listed += 1
                    if f_last[f] != a:
                        f_last[f] = a
                        f_count[f] += 1
        # facets most of whose carriers are members
        chosen = np.empty(n_listed, np.int32)
        n_chosen = 0
        for i in range(n_listed):
            f = listed[i]
            reach = max(3.0, REACH * members.size)
            if f_count[f] >= reach and carriers[f] <= most and f_count[f] >= LEAVE * carriers[f]:
                chosen[n_chosen] = f
                n_chosen += 1
        chosen = chosen[:n_chosen]
        # what a typical member carries: the sum over facets of share times share
        typical = 0.0
        for i in range(n_chosen):
            share = f_count[chosen[i]] / members.size
            typical += share * share
        # accounts that carry them
        mark += 1
        candidates = np.empty(1024, np.int32)
        n_candidates = 0
        for i in range(n_chosen):
            f = chosen[i]
            for j in range(posting_ptr[f], ends[f]):
                r = posting[j]
                a = account[r]
                if a_stamp[a] != mark:
                    a_stamp[a] = mark
                    a_hits[a] = 0
                    a_fit[a] = 0.0
                    if n_candidates == candidates.size:
                        candidates = widened(candidates)
                    candidates[n_candidates] = a
                    n_candidates += 1
                if opens[j]:
                    inside = 1 if member[a] == mark - 1 else 0
                    others = (f_count[f] - inside) / max(carriers[f] - 1, 1)
                    threshold = LEAVE if inside else ENTER
                    a_hits[a] += others >= threshold
                    a_fit[a] += f_count[f] / members.size
        kept = np.empty(n_candidates, np.int32)
        n_kept, same = 0, 0
        for i in range(n_candidates):
            a = candidates[i]
            needed = FIT_LEAVE if member[a] == mark - 1 else FIT_ENTER
            enough = a_hits[a] >= 1 and a_fit[a] >= needed * typical
            if enough:
                kept[n_kept] = a
                n_kept += 1
                same += member[a] == mark - 1
        new = np.sort(kept[:n_kept])
        stable = n_kept == members.size and same == n_kept
        members = new
        if stable or n_kept < 3 or n_kept > most:
            break
    return members, np.sort(chosen), mark


class Grower:
    """Grows groups on one view; holds scratch memory of the size of accounts and facets."""

    def __init__(self, view: View) -> None:
        self._view = view
        accounts, facets = len(view.log.accounts), len(view.facets)
        self._facet_stamp = np.zeros(facets, np.int64)
        self._facet_count = np.zeros(facets, np.int32)
        self._facet_last = np.zeros(facets, np.int32)
        self._account_stamp = np.zeros(accounts, np.int64)
        self._hits = np.zeros(accounts, np.int32)
        self._fit = np.zeros(accounts, np.float64)
        self._member = np.zeros(accounts, np.int64)
        self._mark = 1

    def grow(self, seeds: NDArray[np.int32], most: int) -> Grown:
        """Grow a group from seed accounts, to ``most`` accounts at most.

        Args:
            seeds: accounts, usually the carriers of one facet.
            most: accounts above which a group is not a campaign but a crowd.
        """
        view, index = self._view, self._view.facets
        members, facets, self._mark = _grow(
            np.sort(seeds).astype(np.int32),
            most,
            view.rows,
            view.log.account,
            *view.account_rows,
            index.text_ptr,
            index.text_facet,
            index.text_known,
            index.posting_ptr,
            view.ends,
            index.posting,
            index.opens,
            view.carriers,
            self._facet_stamp,
            self._facet_count,
            self._facet_last,
            self._account_stamp,
            self._hits,
            self._fit,
            self._member,
            self._mark,
        )
        return Grown(members, self._rows_with(members, facets), facets)

    def _rows_with(
        self, members: NDArray[np.int32], facets: NDArray[np.int32]
    ) -> NDArray[np.int32]:
        view, index = self._view, self._view.facets
        if facets.size == 0 or members.size == 0:
            return np.zeros(0, np.int32)
        rows = np.concatenate(
            [index.posting[index.posting_ptr[f] : view.ends[f]] for f in facets.tolist()]
        )
        rows = np.unique(rows)
        return rows[np.isin(view.log.account[rows], members)]
