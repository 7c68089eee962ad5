"""How well each member of a group fits the others: in wording, in manner, in covert ties.

A group may be a campaign and still hold a few who only sound like it.  An account stays in it
that writes in the group's style, looks like the other members where the population looks
otherwise, or is tied to them covertly; one that does little of each is put before a person.
The weights were fitted on the members of groups that were campaigns in simulated worlds of two
generators (docs/decisions/0009); all are positive by construction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from stillwatch.find.campaigns.levels import runs
from stillwatch.find.campaigns.mixture import code_features, log_ratios
from stillwatch.find.features.ties import covert_components

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from stillwatch.find.campaigns.refine import Feature
    from stillwatch.find.campaigns.style import Reached
    from stillwatch.find.features.view import View

__all__ = ["FITS", "Likeness", "likeness_of"]

_WRITES = 3.0
"""Nats from which on an account counts as one that writes in the group's style."""
_WORDING, _WORDING_RANGE = 0.4, (-2.0, 10.0)
"""Weight of a nat of writing in the group's style, and the nats that count."""
_MANNER, _MANNER_RANGE = 0.45, (-4.0, 6.0)
"""Weight of a nat of looking like the others, and the nats that count."""
_TIES, _TIES_MOST = 1.9, 6
"""Weight of the log of the members of an account's covert circle, and the members that count."""
_START = -0.5
FITS = 2.4
"""Log odds from which on a member fits; half the innocent and one member in seventy do not."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """How k members fit each other."""

    accounts: NDArray[np.int32]
    """(k,) in order of their first row."""
    fit: NDArray[np.float64]
    """(k,) log odds that the account belongs with the others."""
    purity: float
    """Share of the accounts that write in the group's own style that are members."""
    ages: float
    """Mean log ratio of the members' ages against the population's."""
    clients: float
    """Mean log ratio of their clients."""


def likeness_of(
    view: View,
    accounts: NDArray[np.int32],
    features: Sequence[Feature],
    reached: Reached | None,
) -> Likeness:
    """Return how the members of a group fit each other.

    Args:
        view: what is known.
        accounts: (k,) members, in the order of the features' rows.
        features: of these accounts, as from ``refine.features_of``.
        reached: who writes in the group's style, None where it has none.
    """
    by_name = dict(zip((f.name for f in features), _ratios(features, accounts.size), strict=True))
    manner = np.sum(list(by_name.values()), axis=0) if by_name else np.zeros(accounts.size)
    wording = np.zeros(accounts.size)
    purity = 0.0
    if reached is not None:
        wording = reached.ratios_of(accounts)
        writes = reached.accounts[reached.log_ratio >= _WRITES]
        purity = float(np.isin(writes, accounts).sum() / writes.size) if writes.size else 0.0
    root = covert_components(view)[accounts]
    circles, counts = runs(root)
    circle = np.log(np.minimum(counts[np.searchsorted(circles, root)], _TIES_MOST))
    fit = (
        _START
        + _WORDING * np.clip(wording, *_WORDING_RANGE)
        + _MANNER * np.clip(manner, *_MANNER_RANGE)
        + _TIES * circle
    )
    return Likeness(
        accounts, fit, purity, _mean(by_name.get("ages")), _mean(by_name.get("clients"))
    )


def _ratios(features: Sequence[Feature], size: int) -> list[NDArray[np.float64]]:
    """Return the log ratios of each feature by itself."""
    coded, everyone = code_features(features, size), np.ones(size)
    return [log_ratios(coded, everyone, only=number) for number in range(len(features))]


def _mean(values: NDArray[np.float64] | None) -> float:
    return float(values.mean()) if values is not None and values.size else 0.0
