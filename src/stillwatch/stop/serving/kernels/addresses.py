"""Tables handed to a kernel by address.

Handing an array to a kernel costs about a tenth of a microsecond, and a request needs two dozen of
them that never move.  So their addresses and lengths are written down once, and the kernel makes
arrays of them.  Whoever calls holds the tables while the call runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numba as nb
import numpy as np
from numba.core import cgutils, types
from numba.extending import intrinsic

from stillwatch.errors import ConfigurationError
from stillwatch.find.features.text import FACETS, FORM, MAX_TOKENS
from stillwatch.stop.serving.kernels.accounts import COLUMNS, SEEN
from stillwatch.stop.serving.kernels.segments import CELL, CROWD
from stillwatch.stop.serving.kernels.tables import (
    TOLD,
    KnownTables,
    PieceTables,
    Scratch,
    StateTables,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["addresses_of", "known_of", "pieces_at", "scratch_of", "state_of"]

_U8, _U16, _U32, _I32 = np.uint8, np.uint16, np.uint32, np.int32
_U64, _I64 = np.uint64, np.int64


def addresses_of(tables: tuple[object, ...]) -> NDArray[np.int64]:
    """Return where the tables lie: for each its address and its length, or its value and 0.

    Args:
        tables: C-contiguous arrays, and numbers of 64 bits.

    Raises:
        ConfigurationError: an array is not contiguous.
    """
    found = np.zeros((len(tables), 2), np.int64)
    for place, one in enumerate(tables):
        if not isinstance(one, np.ndarray):
            found[place, 0] = np.uint64(one).astype(np.int64)  # type: ignore[arg-type]
            continue
        if not one.flags.c_contiguous:
            raise ConfigurationError("a table that is not contiguous", where=f"number {place}")
        found[place] = one.ctypes.data, one.shape[0]
    return found


@intrinsic
def _pointer(_context, address):
    """Return a number as a pointer."""

    def generate(_context, builder, _signature, values):
        return builder.inttoptr(values[0], cgutils.voidptr_t)

    return types.voidptr(address), generate


@nb.njit(cache=True, nogil=True)
def known_of(at):
    """Return ``KnownTables`` of their addresses."""
    return KnownTables(
        nb.carray(_pointer(at[0, 0]), (at[0, 1],), _U64),
        nb.carray(_pointer(at[1, 0]), (at[1, 1],), _I32),
        nb.carray(_pointer(at[2, 0]), (at[2, 1],), _U64),
        nb.carray(_pointer(at[3, 0]), (at[3, 1], 6), _I32),
    )


@nb.njit(cache=True, nogil=True)
def pieces_at(at):
    """Return ``PieceTables`` of their addresses."""
    return PieceTables(
        nb.carray(_pointer(at[0, 0]), (at[0, 1],), _U64),
        nb.carray(_pointer(at[1, 0]), (at[1, 1],), _I32),
        nb.carray(_pointer(at[2, 0]), (at[2, 1],), _U8),
        np.uint64(at[3, 0]),
    )


@nb.njit(cache=True, nogil=True)
def state_of(at):
    """Return ``StateTables`` of their addresses."""
    return StateTables(
        nb.carray(_pointer(at[0, 0]), (at[0, 1],), _U64),
        nb.carray(_pointer(at[1, 0]), (at[1, 1], COLUMNS), _U32),
        nb.carray(_pointer(at[2, 0]), (at[2, 1], SEEN), _U16),
        nb.carray(_pointer(at[3, 0]), (at[3, 1], CELL), _U64),
        nb.carray(_pointer(at[4, 0]), (2, CROWD), _U8),
        nb.carray(_pointer(at[5, 0]), (2,), _I64),
    )


@nb.njit(cache=True, nogil=True)
def scratch_of(at):
    """Return ``Scratch`` of its addresses."""
    return Scratch(
        nb.carray(_pointer(at[0, 0]), (MAX_TOKENS + 2,), _U64),
        nb.carray(_pointer(at[1, 0]), (MAX_TOKENS + 2,), _U8),
        nb.carray(_pointer(at[2, 0]), (MAX_TOKENS + 2,), _U8),
        nb.carray(_pointer(at[3, 0]), (FORM,), _I64),
        nb.carray(_pointer(at[4, 0]), (FACETS,), _U64),
        nb.carray(_pointer(at[5, 0]), (FACETS,), _U8),
        nb.carray(_pointer(at[6, 0]), (FACETS,), _U64),
        nb.carray(_pointer(at[7, 0]), (FACETS,), _I64),
        nb.carray(_pointer(at[8, 0]), (TOLD,), _I64),
    )
