"""A declared campaign reaches the accounts that use its cards, phones and machines covertly."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from stillwatch.find.features.ties import covert_components

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from stillwatch.find.features.view import View

__all__ = ["tied_accounts", "tied_to_others"]


def tied_accounts(view: View, members: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return accounts, not members, of circles of covert ties that are the campaign's.

    A circle is the campaign's when at least two of its accounts are members, or one in three
    is; an account that names an organisation or a mail domain of its own, or holds a licence,
    is never reached this way.

    Args:
        view: what is known.
        members: accounts of a declared campaign.
    """
    root = covert_components(view)
    held = np.bincount(root[members], minlength=root.size)
    total = np.bincount(root[view.seen], minlength=root.size)
    theirs = (held >= 2) | ((held >= 1) & (3 * held >= total))
    open_ = view.seen & (view.derived.relations < 0).all(axis=1) & ~view.log.accounts.licensed
    reached = open_ & theirs[root]
    reached[members] = False
    return np.flatnonzero(reached).astype(np.int32)


def tied_to_others(view: View, members: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Return which of some accounts hold, over covert ties, something in common with another.

    Args:
        view: what is known.
        members: accounts of a group.
    """
    root = covert_components(view)[members]
    return np.asarray(np.bincount(root, minlength=view.seen.size)[root] >= 2)
