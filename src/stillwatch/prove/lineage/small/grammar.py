"""Text from a random grammar: a language with classes of words, Zipf's law and turns of phrase.

It is generated, so its licence is this package's and it holds no text of a person.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["grammar"]


def grammar(
    sequences: int, length: int, seed: int, *, vocabulary: int = 128, classes: int = 8
) -> NDArray[np.uint32]:
    """Return texts of one language, which `vocabulary` and `classes` fix; the seed draws texts.

    A word has a class; a class is followed by another as the last two classes allow, and its word
    is drawn by Zipf's law, in an order that the class before it sets.

    Args:
        sequences: texts.
        length: tokens of each.
        seed: of the texts.
        vocabulary: tokens, a multiple of `classes`.
        classes: kinds of words.

    Returns:
        (sequences, length) uint32.
    """
    form = np.random.default_rng(20_261)
    members = vocabulary // classes
    follow = form.dirichlet(np.full(classes, 0.5), (classes, classes)).cumsum(axis=-1)
    zipf = 1 / np.arange(1, members + 1)
    zipf = (zipf / zipf.sum()).cumsum()
    orders = np.argsort(form.random((classes, classes, members)), axis=-1)
    rng = np.random.default_rng(seed)
    out = np.empty((sequences, length), np.uint32)
    older = rng.integers(0, classes, sequences)
    newer = rng.integers(0, classes, sequences)
    for at in range(length):
        kind = (rng.random(sequences)[:, None] > follow[older, newer]).sum(axis=1)
        kind = np.minimum(kind, classes - 1)
        rank = np.minimum(np.searchsorted(zipf, rng.random(sequences)), members - 1)
        out[:, at] = kind * members + orders[newer, kind, rank]
        older, newer = newer, kind
    return out
