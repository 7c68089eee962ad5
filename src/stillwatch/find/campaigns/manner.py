"""Accounts that are alike in all that they do, though no one thing of it is rare.

Where wording is free and nothing is shared, a campaign's accounts still come from one hand: they
were opened about when the others were, by the same client, from like networks, ask in a like
form about like things, get answers of like length and seldom go on.  Each of these agreements
counts as it would in record linkage (Fellegi and Sunter, JASA 1969): the log of how much likelier
it is between two accounts of one hand than between any two, rare values counting more.

Nobody is compared with everybody: two accounts are compared when they share a rare conjunction
of attributes (a client and a form, a day and a network, ...) or rare pieces of text.  A
conjunction that many share brings nobody together, so that the work grows with accounts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numba as nb
import numpy as np

from stillwatch.find.campaigns.graph import Edges
from stillwatch.find.campaigns.refine import parameter_keys
from stillwatch.find.features.arrays import offsets, ranked
from stillwatch.find.features.threads import THREADS, ranges_of, shared_out

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from stillwatch.find.campaigns.carried import Summed
    from stillwatch.find.features.view import View

__all__ = ["Manners"]

_NEAREST = 8
"""Neighbours kept of each account."""
_RARE = 24
"""Accounts of a conjunction above which it brings nobody together."""
_AGREE = 0.4
"""Probability that two accounts of one hand agree in an attribute for that reason."""
_DAY = 86_400_000_000
_AGES = np.array([0.5, 2, 5, 10, 20, 40, 90, 180, 365]) * _DAY
_TURNS = np.array([0.01, 0.15, 0.35, 0.6])
_WEIGHTS = {
    "ages": 0.36,
    "births": 0.79,
    "starts": 0.09,
    "clients": 0.56,
    "networks": 0.14,
    "blocks": 0.53,
    "parameters": 0.13,
    "models": 0.12,
    "lengths": 0.12,
    "turns": 0.56,
}
"""Weight of a nat of each agreement: they are not independent."""
_SUBJECT, _FORM, _TEXT = 0.63, 0.62, 0.8
"""Weights of the cosine of subjects, of the log of nearness in form and of text in common."""
_NEAR = 0.3
"""Distance in form that counts as none."""
_TABLES, _BITS = 3, 7
"""Random hyperplane tables, and the planes of each."""
_LEAST = 2.0
"""Score of neighbours at least."""


@nb.njit(cache=True, nogil=True)
def _nearest(
    first, end, start, token_account, own_ptr, own, codes, agree, agree_ptr, miss,
    subject, form, text_ptr, text_to, text_value, scale, least,
):  # fmt: skip
    """Return (E,) edges from accounts ``first`` to ``end`` to those most like them."""
    n = codes.shape[0]
    seen = np.full(n, -1, np.int64)
    text = np.zeros(n, np.float32)
    met = np.empty(n, np.int32)
    left = np.empty((end - first) * _NEAREST, np.int32)
    right = np.empty((end - first) * _NEAREST, np.int32)
    value = np.empty((end - first) * _NEAREST, np.float32)
    count = 0
    for a in range(first, end):
        m = 0
        for i in range(text_ptr[a], text_ptr[a + 1]):
            b = text_to[i]
            text[b] = text_value[i]
            seen[b] = a
            met[m] = b
            m += 1
        for i in range(own_ptr[a], own_ptr[a + 1]):
            t = own[i]
            for k in range(start[t], start[t + 1]):
                b = token_account[k]
                if b != a and seen[b] != a:
                    seen[b] = a
                    met[m] = b
                    m += 1
        best = np.full(_NEAREST, least, np.float32)
        at = np.full(_NEAREST, -1, np.int32)
        for i in range(m):
            b = met[i]
            s = 0.0
            for k in range(codes.shape[1]):
                x, y = codes[a, k], codes[b, k]
                if x >= 0 and y >= 0:
                    s += agree[agree_ptr[k] + x] if x == y else miss[k]
            dot, away = 0.0, 0.0
            for k in range(subject.shape[1]):
                dot += subject[a, k] * subject[b, k]
            for k in range(form.shape[1]):
                away += (form[a, k] - form[b, k]) ** 2
            s += scale[0] * dot - scale[1] * np.log(_NEAR + np.sqrt(away))
            s += scale[2] * np.log1p(100.0 * text[b])
            text[b] = 0
            ranked(best, at, s, b)
        for j in range(_NEAREST):
            if at[j] >= 0:
                left[count], right[count], value[count] = a, at[j], best[j] - least
                count += 1
    return left[:count], right[:count], value[:count]


def _cells(vectors: NDArray[np.float64], table: int) -> NDArray[np.int64]:
    """Return (N,) the cell of each vector between random hyperplanes (Charikar, STOC 2002)."""
    planes = np.random.default_rng([vectors.shape[1], table]).standard_normal(
        (vectors.shape[1], _BITS)
    )
    return ((vectors @ planes > 0) @ (1 << np.arange(_BITS))).astype(np.int64)


def _conjunctions(
    attributes: dict[str, NDArray[np.int64]],
    subject: NDArray[np.float64],
    form: NDArray[np.float64],
) -> list[tuple[NDArray[np.int64], ...]]:
    """Return the attributes that bring accounts together, by conjunction."""
    a = attributes
    out: list[tuple[NDArray[np.int64], ...]] = [
        (a["births"],),
        (a["blocks"],),
        (a["clients"],),
        (a["births"], a["clients"]),
        (a["births"], a["networks"]),
        (a["births"], a["turns"]),
        (a["births"], a["lengths"]),
        (a["starts"], a["clients"], a["ages"]),
        (a["clients"], a["networks"]),
        (a["clients"], a["ages"], a["turns"]),
        (a["clients"], a["parameters"], a["lengths"]),
        (a["networks"], a["starts"]),
    ]
    for table in range(_TABLES):
        shape, about = _cells(form, table), _cells(subject, table)
        out += [
            (a["births"], shape),
            (a["clients"], shape),
            (a["networks"], shape),
            (a["ages"], a["turns"], shape),
            (a["clients"], about),
            (a["births"], about),
            (shape, about),
        ]
    return out


def _tokens(
    conjunctions: list[tuple[NDArray[np.int64], ...]], seen: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Return (T,) tokens from 0 and their accounts, those of two to ``_RARE`` accounts."""
    tokens, accounts = [], []
    offset = 0
    for columns in conjunctions:
        known = seen.copy()
        for column in columns:
            known &= column >= 0
        who = np.flatnonzero(known)
        code = np.zeros(who.size, np.int64)
        for column in columns:
            width = int(column.max(initial=0)) + 1
            _, code = np.unique(code * width + column[who], return_inverse=True)
        counts = np.bincount(code, minlength=1)
        rare = (counts[code] >= 2) & (counts[code] <= _RARE)
        tokens.append(code[rare] + offset)
        accounts.append(who[rare].astype(np.int32))
        offset += counts.size
    token, account = np.concatenate(tokens), np.concatenate(accounts)
    return np.unique(token, return_inverse=True)[1].astype(np.int64), account


class Manners:
    """What accounts do, added up look by look over one view.

    Args:
        view: what is known; it advances.
        summed: sums so far; updated.
    """

    def __init__(self, view: View, summed: Summed) -> None:
        self._view, self._sums = view, summed

    def nearest(self, text: Edges) -> Edges:
        """Return the nearest neighbours of every account but those with a licence.

        Args:
            text: edges between accounts with rare text in common, and their cosine.
        """
        view = self._view
        self._advance()
        total = view.seen.size
        eligible = view.seen & ~view.log.accounts.licensed
        attributes = self._attributes()
        subject = self._sums.subject
        subject = subject / (np.linalg.norm(subject, axis=1, keepdims=True) + 1e-9)
        form = self._sums.form / np.maximum(view.requests, 1)[:, None]
        mine = form[view.seen]
        form = (form - mine.mean(axis=0)) / (mine.std(axis=0) + 1e-6)
        token, account = _tokens(_conjunctions(attributes, subject, form), eligible)
        order = np.argsort(token, kind="stable")
        token, account = token[order], account[order]
        start = offsets(token, int(token.max(initial=-1)) + 1)
        by_account = np.argsort(account, kind="stable")
        known = (
            start, account, offsets(account, total), token[by_account],
            *_agreements(attributes, eligible),
            subject.astype(np.float32), form.astype(np.float32),
            offsets(text.left, total), text.right, text.value,
            np.array([_SUBJECT, _FORM, _TEXT], np.float32), np.float32(_LEAST),
        )  # fmt: skip
        work = np.bincount(account, np.diff(start)[token], minlength=total)
        parts = ranges_of(work, THREADS)
        found = shared_out(range(THREADS), parts, lambda _, part: _nearest(*part, *known))
        return Edges(*(np.concatenate(column) for column in zip(*found, strict=True)))

    def _advance(self) -> None:
        """Add up the rows since the last look."""
        view, sums = self._view, self._sums
        log, new = view.log, slice(sums.rows, view.rows)
        account, accounts = log.account[new], view.seen.size
        for k, column in enumerate(log.projection[new].T):
            sums.subject[:, k] += np.bincount(account, weights=column, minlength=accounts)
        for k, column in enumerate(np.log1p(log.form[new].astype(np.float32)).T):
            sums.form[:, k] += np.bincount(account, weights=column, minlength=accounts)
        sums.turns += np.bincount(account, weights=view.derived.turn[new] > 0, minlength=accounts)
        sums.rows = view.rows

    def _attributes(self) -> dict[str, NDArray[np.int64]]:
        """Return (N,) codes of what accounts do, -1 where unknown."""
        view = self._view
        log, derived, seen = view.log, view.derived, view.seen
        row = np.where(seen, derived.first_row, 0)
        created = log.accounts.created
        known = seen & (created >= 0)
        first = log.time[row]
        sent = np.maximum(view.requests, 1)
        account = log.account[: view.rows]
        length = np.bincount(account, view.length[: view.rows], minlength=seen.size) / sent
        parameters = np.unique(parameter_keys(log, row), return_inverse=True)[1]
        tenths = np.quantile(length[seen], np.arange(0.1, 1.0, 0.1))

        def at_first(column: NDArray[np.integer]) -> NDArray[np.int64]:
            return np.where(seen, column[row], -1).astype(np.int64)

        return {
            "ages": np.where(known, np.searchsorted(_AGES, first - created), -1),
            "births": np.where(known, created // _DAY, -1),
            "starts": np.where(seen, first // _DAY, -1),
            "clients": at_first(derived.client),
            "networks": at_first(derived.network),
            "blocks": at_first(derived.block),
            "parameters": np.where(seen, parameters, -1),
            "models": at_first(log.model),
            "lengths": np.where(seen, np.searchsorted(tenths, length), -1),
            "turns": np.where(seen, np.searchsorted(_TURNS, self._sums.turns / sent), -1),
        }


def _agreements(
    attributes: dict[str, NDArray[np.int64]], seen: NDArray[np.bool_]
) -> tuple[NDArray[np.int32], NDArray[np.float32], NDArray[np.int64], NDArray[np.float32]]:
    """Return (N, K) codes, the nats of agreeing in each, their offsets, the nats of differing."""
    codes = np.full((seen.size, len(attributes)), -1, np.int32)
    nats, sizes = [], [0]
    for number, (name, column) in enumerate(attributes.items()):
        known = seen & (column >= 0)
        values, code = np.unique(column[known], return_inverse=True)
        codes[known, number] = code
        share = np.bincount(code, minlength=1) / max(code.size, 1)
        share = np.maximum(share, 1e-9)
        nats.append(_WEIGHTS[name] * np.log((_AGREE + (1.0 - _AGREE) * share) / share))
        sizes.append(max(values.size, 1))
    miss = np.array([w * np.log(1.0 - _AGREE) for w in _WEIGHTS.values()], np.float32)
    ptr = np.cumsum(sizes).astype(np.int64)
    return codes, np.concatenate(nats).astype(np.float32), ptr, miss
