"""What a suspect wrote, counted without a key, beside what an unmarked model would have written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from stillwatch.errors import ConfigurationError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from stillwatch.prove.watermark import Texts

__all__ = ["Counts", "count"]


@dataclass(frozen=True, slots=True)
class Counts:
    """Distinct (context, token) pairs with what was seen and what was to be expected.

    Every pair that the suspect or the baseline holds is here, as long as the suspect wrote its
    context: a token that the suspect avoids says as much as one that it likes.
    """

    columns: NDArray[np.uint32]
    """(h + 1, n), oldest token first, the token itself last; no two columns are alike."""
    seen: NDArray[np.int64]
    """(n,) times that the suspect wrote the token after the context."""
    expected: NDArray[np.float64]
    """(n,) the same for a model without the mark: N_c · p0(t | c)."""
    tokens: int
    """Tokens of the suspect that have a whole context."""

    @property
    def many(self) -> int:
        """Distinct pairs."""
        return self.seen.size


def count(
    suspect: Texts, baseline: Texts, context: int, *, prior: float = 8.0, chosen: int = 0
) -> Counts:
    """Count a suspect's texts against a baseline's.

    p0(t | c) is the baseline's share of t after c, pulled to the baseline's share of t anywhere as
    strongly as `prior` tokens would.  A bad baseline costs power and never validity: see
    `statistics`.

    Args:
        suspect: what the suspect wrote, without the prompts.
        baseline: what a model wrote that never met the mark.
        context: h.
        prior: tokens.
        chosen: 0 for all contexts; else only this many, those that the suspect wrote most often.

    Raises:
        ConfigurationError: a text is missing, or the prior is not above 0.

    >>> from stillwatch.prove.watermark import Texts
    >>> found = count(Texts.of([1, 2, 1, 2]), Texts.of([1, 3, 1, 2]), 1, prior=1.0)
    >>> found.columns.T.tolist()
    [[1, 2], [1, 3], [2, 1]]
    >>> found.seen.tolist()
    [2, 0, 1]
    """
    if not prior > 0:
        raise ConfigurationError("the prior is not above 0", todo="use 8")
    theirs, ours = _windows(suspect, context), _windows(baseline, context)
    if not theirs.shape[1] or not ours.shape[1]:
        raise ConfigurationError(
            "suspect or baseline has no text longer than its context", todo="query for more"
        )
    whole = np.concatenate([theirs, ours], axis=1)
    before = _numbered(whole[:-1])
    width = int(whole[-1].max()) + 1
    pairs, at = _distinct(before * width + whole[-1])
    first = np.empty(pairs.size, np.int64)
    first[at] = np.arange(at.size)
    many = theirs.shape[1]
    seen = np.bincount(at[:many], minlength=pairs.size)
    base = np.bincount(at[many:], minlength=pairs.size)
    contexts = pairs // width
    written = np.bincount(before[:many], minlength=int(before.max()) + 1)
    known = np.bincount(before[many:], minlength=written.size)
    newest = whole[-1][first].astype(np.int64)
    anywhere = np.bincount(ours[-1].astype(np.int64), minlength=width)
    share = (anywhere[newest] + 0.5) / (many + 0.5 * anywhere.size)
    share *= many / ours.shape[1]
    expected = written[contexts] * (base + prior * share) / (known[contexts] + prior)
    kept = written[contexts] > 0
    if chosen:
        floor = np.sort(written)[-min(chosen, written.size)]
        kept &= written[contexts] >= max(floor, 1)
    return Counts(whole[:, first[kept]], seen[kept], expected[kept], many)


def _windows(texts: Texts, context: int) -> NDArray[np.uint32]:
    """Return every window of context + 1 tokens, repeats too, (context + 1, n)."""
    inside = np.ones(texts.tokens.size, np.bool_)
    for begin in range(context):
        starts = texts.offsets[:-1] + begin
        inside[starts[starts < texts.offsets[1:]]] = False
    ends = np.flatnonzero(inside)
    return np.stack([texts.tokens[ends - back] for back in range(context, -1, -1)])


def _numbered(columns: NDArray[np.uint32]) -> NDArray[np.int64]:
    """Return a number for each column, equal where columns are equal, below 2^31."""
    number = np.zeros(columns.shape[1], np.int64)
    for row in columns:
        number = _distinct(number * (int(row.max()) + 1) + row)[1]
    return number


def _distinct(codes: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the distinct codes in ascending order, and each code's place among them."""
    top = int(codes.max()) + 1
    if top > 1 << 24:
        values, at = np.unique(codes, return_inverse=True)
        return values, at.astype(np.int64)
    there = np.zeros(top, np.bool_)  # a table: sorting millions takes many times as long
    there[codes] = True
    return np.flatnonzero(there), (np.cumsum(there) - 1)[codes]
