"""What a partner's gateway does to a prompt, and what the forms in many prompts say of a key.

The draw at a place is HMAC-SHA-256 under the key over the place's context, modulo the number of
forms.  Under the null hypothesis that prompts were written without the key, the draws at distinct
contexts are independent of what is written there and uniform, so that the number of places that
show the drawn form is a sum of independent chances 1 / m, whatever the writer's habits.  The same
context twice is the same draw: it counts once, by the form shown most often there.
"""

from __future__ import annotations

import hmac
import math
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import brentq
from scipy.signal import fftconvolve
from scipy.stats import binom

from stillwatch.prove.provenance.forms import (
    line_context,
    lines_at,
    typographic,
    with_typography,
)
from stillwatch.prove.watermark.tails import log10_binomial_tail

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from stillwatch.prove.provenance.forms import Place
    from stillwatch.prove.watermark import WatermarkKey

__all__ = ["Marked", "Shown", "drawn", "log10_hits", "mark", "places_of"]

_DOMAIN = b"stillwatch prompt mark v1\n"
_REACH = 40.0


@dataclass(frozen=True, slots=True)
class Marked:
    """A marked prompt."""

    prompt: str
    """The user's turn; changed at typographic places alone."""
    system_prompt: str | None
    """With the partner's lines at its end."""


class Shown:
    """Forms that were seen at distinct contexts, for any key to be tried on.

    Memory grows with the distinct contexts.

    >>> from stillwatch.prove.watermark import WatermarkKey
    >>> seen = Shown()
    >>> seen.add(typographic("Don't"))
    >>> seen.score(WatermarkKey(bytes(32)))[0]
    1
    """

    def __init__(self) -> None:
        self._seen: dict[tuple[bytes, int], Counter[int]] = defaultdict(Counter)

    def add(self, places: Iterable[Place]) -> None:
        """Count places of one prompt."""
        for place in places:
            self._seen[place.context, place.choices][place.shown] += 1

    def score(self, key: WatermarkKey) -> tuple[int, int, float, float]:
        """Return distinct places, how many show the drawn form, how many by chance, log10 p."""
        hits, many = 0, Counter[int]()
        for (context, choices), counts in self._seen.items():
            (first, most), *rest = counts.most_common(2)
            if rest and rest[0][1] == most:
                continue  # as many of either: which form counts may not depend on the key
            many[choices] += 1
            hits += drawn(key, context, choices) == first
        expected = sum(n / m for m, n in many.items())
        return many.total(), hits, expected, log10_hits(many, hits)


def drawn(key: WatermarkKey, context: bytes, choices: int) -> int:
    """Return the number of the form that a key draws at a place."""
    said = hmac.digest(key.raw, _DOMAIN + context, "sha256")[:16]
    return int.from_bytes(said, "big") % choices


def mark(
    key: WatermarkKey,
    prompt: str,
    system_prompt: str | None,
    lines: Mapping[str, Sequence[str]],
    *,
    typography: bool = False,
) -> Marked:
    """Return a prompt marked under a key.

    Args:
        key: the cohort's, committed before.
        prompt: the user's turn.
        system_prompt: what it comes with; None where there is none.
        lines: the partner's variants by slot, appended one a line.
        typography: whether the user's apostrophes and dots are chosen too.

    >>> from stillwatch.prove.watermark import WatermarkKey
    >>> lines = {"end": ("Be brief.", "Keep it short.")}
    >>> mark(WatermarkKey(bytes(32)), "Hi", None, lines).system_prompt
    'Keep it short.'
    """
    said = [
        variants[drawn(key, line_context(slot, prompt), len(variants))]
        for slot, variants in sorted(lines.items())
    ]
    if typography:
        places = typographic(prompt)
        prompt = with_typography(prompt, [drawn(key, one.context, 2) for one in places])
    whole = [*([system_prompt] if system_prompt else []), *said]
    return Marked(prompt, "\n".join(whole) if whole else system_prompt)


def places_of(
    prompt: str,
    system_prompt: str | None,
    lines: Mapping[str, Sequence[str]],
    *,
    typography: bool = False,
) -> list[Place]:
    """Return all places of a prompt that was perhaps marked, as `mark` takes it."""
    found = lines_at(system_prompt or "", prompt, lines) if lines else []
    return found + (typographic(prompt) if typography else [])


def log10_hits(many: Mapping[int, int], hits: int) -> float:
    """Return log10 P(X ≥ hits), X a sum over m of Binomial(many[m], 1 / m): not a bound.

    The chances are tilted until `hits` is the mean, so that about half of the tilted mass is in the
    tail; what lies 40 deviations off is left out, which no digit of the result shows.

    >>> round(log10_hits({2: 3}, 3) + 3 * math.log10(2), 9)
    0.0
    """
    groups = {m: n for m, n in many.items() if n}
    total, mean = sum(groups.values()), sum(n / m for m, n in groups.items())
    if hits <= 0:
        return 0.0
    if hits > total:
        return -math.inf
    if len(groups) == 1:
        ((m, n),) = groups.items()
        return log10_binomial_tail(hits, n, 1 / m)
    if hits == total:
        return -sum(n * math.log10(m) for m, n in groups.items())

    def rate(m: int, lean: float) -> float:
        return 1 / (1 + (m - 1) * math.exp(-lean))

    def gap(lean: float) -> float:
        return sum(n * rate(m, lean) for m, n in groups.items()) - hits

    lean = float(brentq(gap, 0.0, 60.0)) if hits > mean else 0.0
    mass, low, log_norm = np.ones(1), 0, 0.0
    for m, n in groups.items():
        chance = rate(m, lean)
        reach = _REACH * math.sqrt(n * chance * (1 - chance)) + _REACH
        begin, end = max(int(n * chance - reach), 0), min(int(n * chance + reach) + 1, n)
        mass = fftconvolve(mass, binom.pmf(np.arange(begin, end + 1), n, chance))
        low += begin
        log_norm += n * math.log((math.exp(lean) + m - 1) / m)
    at = np.arange(low, low + mass.size)
    kept = at >= hits
    with np.errstate(under="ignore"):
        share = float(np.sum(np.maximum(mass[kept], 0.0) * np.exp(-lean * (at[kept] - hits))))
    return min((math.log(share) + log_norm - lean * hits) / math.log(10), 0.0)
