"""Prompts as vectors without a neural model: hashed byte n-grams, TF-IDF, latent axes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_matrix, diags
from scipy.sparse.linalg import svds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["Embedding", "fit"]

BUCKETS = 1 << 15
"""Hash buckets."""
LENGTHS = (3, 5)
"""Lengths of the byte n-grams."""
BYTES = 600
"""Bytes of a prompt that are read."""


def _counts(texts: Sequence[str]) -> csr_matrix:
    """Count hashed n-grams: (texts, BUCKETS), 1 + log of the count."""
    coded = [t.lower().encode()[:BYTES] + b"\0" for t in texts]
    sizes = np.array([len(c) for c in coded], dtype=np.int64)
    data = np.frombuffer(b"".join(coded), dtype=np.uint8).astype(np.uint64)
    owner = np.repeat(np.arange(len(coded)), sizes)
    rows, columns = [], []
    for length in LENGTHS:
        if len(data) < length:
            continue
        starts = len(data) - length + 1
        value = np.full(starts, length, dtype=np.uint64)
        for i in range(length):
            value = (value ^ data[i : i + starts]) * np.uint64(0x100000001B3)
        value = (value ^ (value >> np.uint64(29))) * np.uint64(0x9E3779B97F4A7C15)
        inside = owner[:starts] == owner[length - 1 :]
        rows.append(owner[:starts][inside])
        columns.append((value >> np.uint64(49)).astype(np.int64)[inside])
    row, column = np.concatenate([[], *rows]), np.concatenate([[], *columns])
    ones = np.ones(len(row), dtype=np.float32)
    table = csr_matrix((ones, (row, column)), shape=(len(coded), BUCKETS))
    table.sum_duplicates()
    table.data = 1 + np.log(table.data)
    return table


@dataclass(frozen=True, slots=True)
class Embedding:
    """A fitted map from text to unit vectors."""

    weights: NDArray[np.float32]
    """Inverse document frequency, (BUCKETS,)."""
    axes: NDArray[np.float32]
    """Latent axes, (BUCKETS, dimensions)."""

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return unit vectors, (texts, dimensions); a text without n-grams becomes zero."""
        parts = [
            _counts(texts[i : i + 4096]) @ (self.weights[:, None] * self.axes)
            for i in range(0, len(texts), 4096)
        ]
        points = np.concatenate([np.zeros((0, self.axes.shape[1]), np.float32), *parts])
        norm = np.linalg.norm(points, axis=1, keepdims=True)
        return np.asarray(points / np.maximum(norm, 1e-12), dtype=np.float32)


def fit(texts: Sequence[str], dimensions: int = 128) -> Embedding:
    """Fit weights and axes.

    Args:
        texts: reference prompts, at least one.
        dimensions: latent axes wanted; fewer where there are few texts.

    Source: latent semantic analysis, Deerwester et al., JASIS 41 (1990).
    """
    table = _counts(texts)
    frequency = np.bincount(table.indices, minlength=BUCKETS)
    weights = (np.log((1 + len(texts)) / (1 + frequency)) + 1).astype(np.float32)
    size = min(dimensions, len(texts) - 1)
    if size < 1:
        return Embedding(weights, np.zeros((BUCKETS, 1), dtype=np.float32))
    weighted = table @ diags(weights)
    start = np.random.default_rng(0).standard_normal(min(weighted.shape))
    _, _, axes = svds(weighted.astype(np.float64), k=size, v0=start)
    return Embedding(weights, np.ascontiguousarray(axes.T, dtype=np.float32))
