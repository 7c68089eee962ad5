"""How long the texts in a Parquet dictionary are, before a batch is decoded.

A dictionary holds each text once and rows hold its number, so that a text of a megabyte in every
row costs the file next to nothing and a batch of 65,536 rows 64 GiB.  What the footer says of
sizes does not tell; the dictionary itself, one page a column and row group, does.
Source: the Parquet format's ``PageHeader``, in Thrift's compact protocol.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

import numpy as np
import pyarrow as pa
from numba import njit

if TYPE_CHECKING:
    import pyarrow.parquet as pq

__all__ = ["longest_entry"]

CODECS = {"SNAPPY": "snappy", "GZIP": "gzip", "ZSTD": "zstd", "BROTLI": "brotli", "LZ4": "lz4_raw"}
LONGEST_HEADER = 1 << 12
"""Bytes read for a page's header; those of dictionaries have about 20."""
SHORT = 1 << 12
"""Bytes of a dictionary that need not be looked into."""
LONGEST_PAGE = 64 << 20
"""Bytes of a dictionary that is looked into; a longer one counts as one text."""


def longest_entry(stream: BinaryIO, chunk: pq.ColumnChunkMetaData) -> int:
    """Return the most bytes that one value of a dictionary can have; 0 without a dictionary.

    Args:
        stream: the file.
        chunk: a column of a row group, of texts or bytes.
    """
    if not chunk.has_dictionary_page:
        return 0
    most = int(chunk.total_uncompressed_size)
    try:
        stream.seek(chunk.dictionary_page_offset)
        header = _Header(stream.read(LONGEST_HEADER))
        if header.unpacked <= SHORT or header.unpacked > LONGEST_PAGE:
            return header.unpacked
        stream.seek(chunk.dictionary_page_offset + header.size)
        page = stream.read(min(header.packed, LONGEST_PAGE))
        codec = CODECS.get(chunk.compression)
        if codec is not None:
            page = pa.Codec(codec).decompress(page, header.unpacked, asbytes=True)
        return int(_longest(np.frombuffer(page, np.uint8)))
    except (ValueError, IndexError, OSError, pa.ArrowException):
        return most  # reading the column will say what is wrong with it


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _longest(page: np.ndarray) -> int:
    """Return the longest value of a page of lengths (32 bits) and bytes."""
    at = longest = 0
    while at + 4 <= page.size:
        length = 0
        for k in range(4):
            length |= int(page[at + k]) << (8 * k)
        longest = max(longest, length)
        at += 4 + length
    return longest


class _Header:
    """Sizes in a page's header.

    Raises:
        ValueError: it has fields that no header of a dictionary has.
        IndexError: it breaks off.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.size = 0
        """Bytes of the header itself."""
        found: dict[int, int] = {}
        self._fields(found)
        if found.get(1) != 2:
            raise ValueError("not the page of a dictionary")
        self.unpacked = found.get(2, 0)
        """Bytes of the page."""
        self.packed = found.get(3, 0)
        """Bytes of the page in the file."""

    def _fields(self, found: dict[int, int]) -> None:
        number = 0
        while (lead := self._byte()) != 0:
            kind = lead & 15
            number = number + (lead >> 4) if lead >> 4 else self._integer()
            if kind in (4, 5, 6):
                found[number] = self._integer()
            elif kind == 12:
                self._fields({})
            elif kind not in (1, 2):
                raise ValueError("a field of another type")

    def _byte(self) -> int:
        self.size += 1
        return self._data[self.size - 1]

    def _integer(self) -> int:
        value = shift = 0
        while (byte := self._byte()) & 0x80:
            value |= (byte & 0x7F) << shift
            shift += 7
        value |= byte << shift
        return (value >> 1) ^ -(value & 1)
