"""Header blocks (HPACK, RFC 7541): requests' are decoded by ``hpack``, answers' need no table.

A block that left the decoder's table as it was is remembered: a proxy opens each stream with the
same bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from hpack import Decoder, HPACKError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["LONGEST_BLOCK", "Blocks", "Headers", "literal"]

Headers: TypeAlias = list[tuple[bytes, bytes]]
"""Names, lower case, and values, in order."""

LONGEST_BLOCK = 1 << 16
"""Bytes of a block, and of the headers that it says."""
_MOST_REMEMBERED = 64


class Blocks:
    """The header blocks of one connection."""

    def __init__(self) -> None:
        self._decoder = Decoder(max_header_list_size=LONGEST_BLOCK)
        self._remembered: dict[bytes, Headers] = {}

    def read(self, block: bytes) -> Headers | None:
        """Return what a block says; None where it is no block, and the connection is lost."""
        headers = self._remembered.get(block)
        if headers is not None:
            return headers
        before = self._mark()
        try:
            headers = [(bytes(n), bytes(v)) for n, v in self._decoder.decode(block, raw=True)]
        except (HPACKError, ValueError):
            return None
        if self._mark() != before:
            self._remembered.clear()  # what an index means has changed
        elif len(self._remembered) < _MOST_REMEMBERED:
            self._remembered[block] = headers
        return headers

    def _mark(self) -> tuple[int, int, int]:
        # an entry that is added is a new object, and comes first
        entries = self._decoder.header_table.dynamic_entries
        return len(entries), id(entries[0]) if entries else 0, self._decoder.header_table_size


def literal(headers: Sequence[tuple[bytes, bytes]]) -> bytes:
    """Return a header block (RFC 7541, 6.2.2) that no table changes.

    Args:
        headers: names and values of at most 16,000 bytes each.
    """
    return b"".join(b"\x00" + _string(name) + _string(value) for name, value in headers)


def _string(text: bytes) -> bytes:
    if len(text) < 127:
        return bytes([len(text)]) + text
    rest = len(text) - 127
    coded = bytearray([127])
    while rest >= 128:
        coded.append(rest & 127 | 128)
        rest >>= 7
    coded.append(rest)
    return bytes(coded) + text
