"""Digests of files of any size: SHA-256 for everybody's tools, a Merkle root beside it.

Both are computed from one reading, on two threads, with a few MiB of memory.  The root is
RFC 6962's over chunks of 1 MiB, so that a chunk of a file of many GB can be shown with 32 bytes a
level.
"""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stillwatch.errors import RefusedError
from stillwatch.ledger import merkle

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["CHUNK", "Digests", "digests_of"]

CHUNK = 1 << 20
"""Bytes under one leaf of a file's tree."""

_TAKEN = 8
"""Chunks that are read before both threads are waited for."""


@dataclass(frozen=True, slots=True)
class Digests:
    """What a file is."""

    sha256: str
    """Of the whole file, 64 hex digits: what ``sha256sum`` prints."""
    merkle: str
    """RFC 6962 root over its chunks, 64 hex digits."""
    size: int
    """Its length, bytes."""


def digests_of(path: Path) -> Digests:
    """Return a file's digests, read once.

    Raises:
        RefusedError: E-7 it cannot be read.
    """
    whole, tree = hashlib.sha256(), merkle.Tree()
    size = 0
    try:
        with ThreadPoolExecutor(1) as beside:
            for chunks in _runs(path):
                size += sum(map(len, chunks))
                leaves = beside.submit(lambda run: [merkle.leaf_hash(c) for c in run], chunks)
                for chunk in chunks:
                    whole.update(chunk)
                tree.append(leaves.result())
    except OSError as error:  # E-7
        raise RefusedError("E-7", f"a part cannot be read: {error.strerror}") from error
    return Digests(whole.hexdigest(), tree.root().hex(), size)


def _runs(path: Path) -> Iterator[list[bytes]]:
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        while chunks := [chunk for _ in range(_TAKEN) if (chunk := _chunk(file.fileno()))]:
            yield chunks


def _chunk(descriptor: int) -> bytes:
    """Return the next chunk, whole unless the file ends: a read may return less."""
    held = os.read(descriptor, CHUNK)
    while held and len(held) < CHUNK and (more := os.read(descriptor, CHUNK - len(held))):
        held += more
    return held
