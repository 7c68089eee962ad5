"""A declared campaign reaches the accounts that use its cards, phones and machines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from stillwatch.find.features.ties import POPULAR

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from stillwatch.find.features.view import View

__all__ = ["tied_accounts"]

_ROUNDS = 3


def tied_accounts(view: View, members: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return accounts, not members, that share identity values with members.

    A value counts when at least two of its holders are members, or one in three is; an account
    that names an organisation or a mail domain of its own is never reached this way.

    Args:
        view: what is known.
        members: accounts of a declared campaign.
    """
    inside = np.zeros(view.seen.size, np.bool_)
    inside[members] = True
    open_ = view.seen & (view.derived.relations < 0).all(axis=1) & ~view.log.accounts.licensed
    for _ in range(_ROUNDS):
        reached = np.zeros(inside.size, np.bool_)
        for codes in view.log.accounts.identity.T:
            known = codes >= 0
            if not known.any():
                continue
            held = np.bincount(codes[inside & known], minlength=int(codes.max()) + 1)
            total = np.bincount(codes[view.seen & known], minlength=int(codes.max()) + 1)
            tells = (held >= 1) & (total <= POPULAR) & ((held >= 2) | (3 * held >= total))
            reached |= known & tells[np.maximum(codes, 0)]
        fresh = reached & open_ & ~inside
        if not fresh.any():
            break
        inside |= fresh
    inside[members] = False
    return np.flatnonzero(inside).astype(np.int32)
