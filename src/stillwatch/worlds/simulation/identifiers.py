"""Random-looking identifiers, made column-wise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from stillwatch.worlds.simulation.network import mixed

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["addresses", "hexadecimal"]

_DIGITS = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)


def hexadecimal(
    prefix: str,
    values: NDArray[np.uint64],
    absent: NDArray[np.bool_] | None = None,
) -> pa.Array:
    """Return ``prefix`` and 16 hexadecimal digits of each value.

    Args:
        prefix: ASCII text before the digits.
        values: 64-bit values.
        absent: rows that become null.
    """
    n = len(values)
    octets = values.astype(">u8").view(np.uint8).reshape(n, 8)
    cells = np.empty((n, len(prefix) + 16), dtype=np.uint8)
    cells[:, : len(prefix)] = np.frombuffer(prefix.encode(), dtype=np.uint8)
    cells[:, len(prefix) :: 2] = _DIGITS[octets >> 4]
    cells[:, len(prefix) + 1 :: 2] = _DIGITS[octets & 15]
    offsets = np.arange(n + 1, dtype=np.int32) * (len(prefix) + 16)
    valid = None
    if absent is not None:
        valid = pa.py_buffer(np.packbits(~absent, bitorder="little").tobytes())
    buffers = [valid, pa.py_buffer(offsets.tobytes()), pa.py_buffer(cells.tobytes())]
    return pa.Array.from_buffers(pa.string(), n, buffers)


def addresses(values: NDArray[np.uint64], absent: NDArray[np.bool_]) -> pa.Array:
    """Return addresses as text: IPv4 dotted, IPv6 with a stable interface half."""
    unique, place = np.unique(values, return_inverse=True)
    lower = mixed(unique, 99)
    words = []
    for value, low in zip(unique.tolist(), lower.tolist(), strict=True):
        if value < 2**32:
            words.append(f"{value >> 24}.{value >> 16 & 255}.{value >> 8 & 255}.{value & 255}")
        else:
            halves = (
                value >> 48,
                value >> 32,
                value >> 16,
                value,
                low >> 48,
                low >> 32,
                low >> 16,
                low,
            )
            words.append(":".join(f"{half & 0xFFFF:x}" for half in halves))
    spelled = pa.array(words, pa.string()).take(pa.array(place))
    return pa.compute.if_else(pa.array(absent), pa.scalar(None, pa.string()), spelled)
