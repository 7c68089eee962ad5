"""How much longer an answer becomes when it is asked for in a certain form.

The factor belongs to the form and to nobody: a campaign, a review bot and a student who ask for
reasons get the same.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import numpy as np

from stillwatch.worlds.simulation.network import mixed

if TYPE_CHECKING:
    from stillwatch.worlds.simulation.columns import Floats, Ints

__all__ = ["FACTORS", "NOISE", "lengthening"]

FACTORS: dict[str, tuple[float, float]] = {
    "trace": (1.8, 3.0),
    "rubric": (1.5, 2.5),
    "rewrite": (1.3, 1.8),
    "tools": (1.5, 2.4),
    "code": (1.6, 2.6),
    "instruct": (1.5, 2.6),
    "persona": (1.3, 1.9),
    "probe": (1.3, 1.7),
}
"""Least and largest factor of each family of elicitation, by style."""

NOISE = 0.2
"""Spread of the logarithm of the factor from one exchange to the next."""

_ROLES = {"review": "rubric", "audit": "trace", "harness": "trace", "testdata": "instruct"}
"""Benign frames that ask for the same forms."""


def lengthening(name: str, style: Ints) -> Floats:
    """Return the factor of each style of a family or benign role; 1 where none is known.

    >>> lengthening("newsletter", np.array([3, 4])).tolist()
    [1.0, 1.0]
    """
    family = _ROLES.get(name, name)
    low, high = FACTORS.get(family, (1.0, 1.0))
    luck = (mixed(style, zlib.crc32(family.encode())) >> np.uint64(11)) / 2.0**53
    return np.asarray(low + (high - low) * luck)
