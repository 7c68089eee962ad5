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
def _listed(
    a,
    known,
    account_ptr,
    account_rows,
    requests,
    text_ptr,
    text_facet,
    text_known,
    held_ptr,
    held_facet,
    held_known,
    f_met,
    lists,
    used,
):
    """List the facets that an account carries in its latest exchanges, by the first that does."""
    if requests[a] <= ROWS_EACH:  # all are read
        for k in range(held_ptr[a], held_ptr[a + 1]):
            if held_known[k] < known:
                if used == lists.size:
                    lists = widened(lists)
                lists[used] = held_facet[k]
                used += 1
        return lists, used
    first = used
    hi = account_ptr[a] + requests[a]
    for j in range(hi - ROWS_EACH, hi):
        r = account_rows[j]
        for k in range(text_ptr[r], text_ptr[r + 1]):
            f = text_facet[k]
            if text_known[k] < known and not f_met[f]:
                f_met[f] = True
                if used == lists.size:
                    lists = widened(lists)
                lists[used] = f
                used += 1
    for k in range(first, used):
        f_met[lists[k]] = False
    return lists, used


@nb.njit(cache=True, nogil=True)
def _grow(
    seeds,
    most,
    known,
    account_ptr,
    account_rows,
    requests,
    text_ptr,
    text_facet,
    text_known,
    held_ptr,
    held_facet,
    held_known,
    opener_ptr,
    opener,
    carriers,
    f_met,
    f_stamp,
    f_count,
    a_stamp,
    a_hits,
    a_fit,
    member,
    l_look,
    l_start,
    l_end,
    lists,
    used,
    mark,
):
    """Return members, facets, the lists of what accounts carry, and the mark that is free next.

    An account is listed once a look: ``lists`` holds what it carries from ``l_start`` to
    ``l_end`` where ``l_look`` is the rows known now, and ``used`` places of it are taken.  The
    other scratch arrays are stamped.
    """
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
            if l_look[a] != known:
                l_look[a], l_start[a] = known, used
                lists, used = _listed(
                    a,
                    known,
                    account_ptr,
                    account_rows,
                    requests,
                    text_ptr,
                    text_facet,
                    text_known,
                    held_ptr,
                    held_facet,
                    held_known,
                    f_met,
                    lists,
                    used,
                )
                l_end[a] = used
            for k in range(l_start[a], l_end[a]):
                f = lists[k]
                if f_stamp[f] != mark:
                    f_stamp[f] = mark
                    f_count[f] = 0
                    if n_listed == listed.size:
                        listed = widened(listed)
                    listed[n_listed] = f
                    n_listed += 1
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
            for j in range(opener_ptr[f], opener_ptr[f] + carriers[f]):
                a = opener[j]
                if a_stamp[a] != mark:
                    a_stamp[a] = mark
                    a_hits[a] = 0
                    a_fit[a] = 0.0
                    if n_candidates == candidates.size:
                        candidates = widened(candidates)
                    candidates[n_candidates] = a
                    n_candidates += 1
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
    return members, np.sort(chosen), lists, used, mark


@nb.njit(cache=True, nogil=True)
def _rows_with(members, facets, account, posting_ptr, ends, posting, member, r_stamp, mark):
    """List the rows of members among the postings of facets."""
    for i in range(members.size):
        member[members[i]] = mark
    rows = np.empty(4096, np.int32)
    n = 0
    for i in range(facets.size):
        for j in range(posting_ptr[facets[i]], ends[facets[i]]):
            r = posting[j]
            if r_stamp[r] != mark and member[account[r]] == mark:
                r_stamp[r] = mark
                if n == rows.size:
                    rows = widened(rows)
                rows[n] = r
                n += 1
    return np.sort(rows[:n])


@dataclass(frozen=True, slots=True)
class _Carried:
    """Who carries what, each pair once, in compressed rows both ways."""

    held_ptr: NDArray[np.int64]
    """(N + 1,) offsets of each account."""
    held_facet: NDArray[np.int32]
    """Facets that an account carries, by the first row that holds each."""
    held_known: NDArray[np.int32]
    """Row from which on each is known."""
    opener_ptr: NDArray[np.int64]
    """(F + 1,) offsets of each facet."""
    opener: NDArray[np.int32]
    """Accounts that carry a facet, in the order in which that is known."""


@nb.njit(cache=True, nogil=True)
def _openers(posting_ptr, posting, opens, row_ptr, row_facet, row_opens):
    """List the first posting of every account of a facet, by facet: offsets, rows, when known."""
    ptr = np.zeros(posting_ptr.size, np.int64)
    for f in range(ptr.size - 1):
        ptr[f + 1] = ptr[f]
        for k in range(posting_ptr[f], posting_ptr[f + 1]):
            ptr[f + 1] += opens[k]
    rows, known = np.empty(ptr[-1], np.int32), np.empty(ptr[-1], np.int32)
    at = ptr[:-1].copy()
    for f in range(ptr.size - 1):
        for k in range(posting_ptr[f], posting_ptr[f + 1]):
            if opens[k]:
                rows[at[f]] = posting[k]
                at[f] += 1
    at = ptr[:-1].copy()
    for r in range(row_ptr.size - 1):
        for k in range(row_ptr[r], row_ptr[r + 1]):
            if row_opens[k]:
                known[at[row_facet[k]]] = r
                at[row_facet[k]] += 1
    return ptr, rows, known


@nb.njit(cache=True, nogil=True)
def _held(ptr, first, known, account, accounts):
    """Put the pairs of facet and account by account, first row, facet."""
    rows = np.zeros(account.size + 1, np.int64)
    held_ptr = np.zeros(accounts + 1, np.int64)
    for r in first:
        rows[r + 1] += 1
        held_ptr[account[r] + 1] += 1
    for r in range(account.size):
        rows[r + 1] += rows[r]
    for a in range(accounts):
        held_ptr[a + 1] += held_ptr[a]
    by_row = np.empty(first.size, np.int32)
    facets = np.empty(first.size, np.int32)
    for f in range(ptr.size - 1):
        for k in range(ptr[f], ptr[f + 1]):
            facets[rows[first[k]]], by_row[rows[first[k]]] = f, k
            rows[first[k]] += 1
    at = held_ptr[:-1].copy()
    facet, since = np.empty(first.size, np.int32), np.empty(first.size, np.int32)
    for k in range(first.size):
        a = account[first[by_row[k]]]
        facet[at[a]], since[at[a]] = facets[k], known[by_row[k]]
        at[a] += 1
    return held_ptr, facet, since


def _carried(view: View) -> _Carried:
    index, account = view.facets, view.log.account
    ptr, first, known = _openers(
        index.posting_ptr,
        index.posting,
        index.opens,
        index.row_ptr,
        index.row_facet,
        index.row_opens,
    )
    held_ptr, facet, since = _held(ptr, first, known, account, len(view.log.accounts))
    return _Carried(held_ptr, facet, since, ptr, account[first])


class Grower:
    """Grows groups on one view; holds scratch memory of the size of accounts and facets."""

    def __init__(self, view: View) -> None:
        self._view = view
        accounts, facets = len(view.log.accounts), len(view.facets)
        self._carried = _carried(view)
        self._facet_stamp = np.zeros(facets, np.int64)
        self._facet_count = np.zeros(facets, np.int32)
        self._facet_met = np.zeros(facets, np.bool_)
        self._account_stamp = np.zeros(accounts, np.int64)
        self._hits = np.zeros(accounts, np.int32)
        self._fit = np.zeros(accounts, np.float64)
        self._member = np.zeros(accounts, np.int64)
        self._look = np.zeros(accounts, np.int64)
        self._start = np.zeros(accounts, np.int64)
        self._end = np.zeros(accounts, np.int64)
        self._lists = np.zeros(1 << 16, np.int32)
        self._rows, self._used = 0, 0
        self._row_stamp = np.zeros(len(view.log), np.int32)
        self._mark = 1

    def grow(self, seeds: NDArray[np.int32], most: int) -> Grown:
        """Grow a group from seed accounts, to ``most`` accounts at most.

        Args:
            seeds: accounts, usually the carriers of one facet.
            most: accounts above which a group is not a campaign but a crowd.
        """
        view, index, carried = self._view, self._view.facets, self._carried
        if self._rows != view.rows:
            self._rows, self._used = view.rows, 0
        members, facets, self._lists, self._used, mark = _grow(
            np.sort(seeds).astype(np.int32),
            most,
            view.rows,
            *view.account_rows,
            view.requests,
            index.text_ptr,
            index.text_facet,
            index.text_known,
            carried.held_ptr,
            carried.held_facet,
            carried.held_known,
            carried.opener_ptr,
            carried.opener,
            view.carriers,
            self._facet_met,
            self._facet_stamp,
            self._facet_count,
            self._account_stamp,
            self._hits,
            self._fit,
            self._member,
            self._look,
            self._start,
            self._end,
            self._lists,
            self._used,
            self._mark,
        )
        self._mark = mark + 1
        rows = _rows_with(
            members,
            facets,
            view.log.account,
            index.posting_ptr,
            view.ends,
            index.posting,
            self._member,
            self._row_stamp,
            self._mark,
        )
        return Grown(members, rows, facets)
