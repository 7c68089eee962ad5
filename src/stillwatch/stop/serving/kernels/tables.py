"""What kernels are given together: named tuples of arrays, which compile to plain arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from stillwatch.find.features.text import FACETS, FORM, MAX_TOKENS

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["TOLD", "KnownTables", "PieceTables", "Scratch", "StateTables", "scratch"]

TOLD = 10
"""Figures that a call tells."""


class KnownTables(NamedTuple):
    """Accounts of which something is known, see ``Knowledge``."""

    slots: NDArray[np.uint64]
    places: NDArray[np.int32]
    holders: NDArray[np.uint64]
    rows: NDArray[np.int32]


class PieceTables(NamedTuple):
    """Shared pieces of text, see ``SharedPieces``."""

    known: NDArray[np.uint64]
    slots: NDArray[np.int32]
    bitmap: NDArray[np.uint8]
    seed: np.uint64


class StateTables(NamedTuple):
    """What is remembered, see ``kernels.accounts`` and ``kernels.segments``."""

    keys: NDArray[np.uint64]
    """(n,) accounts, 0 where a place is free."""
    counts: NDArray[np.uint32]
    """(n, COLUMNS)."""
    seen: NDArray[np.uint16]
    """(n, SEEN)."""
    cells: NDArray[np.uint64]
    """(m, CELL) segments."""
    crowd: NDArray[np.uint8]
    """(2, CROWD) registers of the count of all holders."""
    crowd_told: NDArray[np.int64]
    """(2,) number of this pane; the count as it last was."""


class Scratch(NamedTuple):
    """Memory that one request uses after the other."""

    tokens: NDArray[np.uint64]
    weights: NDArray[np.uint8]
    marks: NDArray[np.uint8]
    form: NDArray[np.int64]
    facets: NDArray[np.uint64]
    kinds: NDArray[np.uint8]
    segments: NDArray[np.uint64]
    found: NDArray[np.int64]
    """(FACETS,) places of shared pieces that a prompt holds."""
    told: NDArray[np.int64]
    """(TOLD,) what the call tells."""


def scratch() -> Scratch:
    """Return memory for one thread."""
    return Scratch(
        tokens=np.zeros(MAX_TOKENS + 2, np.uint64),
        weights=np.zeros(MAX_TOKENS + 2, np.uint8),
        marks=np.zeros(MAX_TOKENS + 2, np.uint8),
        form=np.zeros(FORM, np.int64),
        facets=np.zeros(FACETS, np.uint64),
        kinds=np.zeros(FACETS, np.uint8),
        segments=np.zeros(FACETS, np.uint64),
        found=np.zeros(FACETS, np.int64),
        told=np.zeros(TOLD, np.int64),
    )
