"""What every scheme has to hold to, as one check that a test runs on each of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from stillwatch.prove.watermark.keys import WatermarkKey
from stillwatch.prove.watermark.pairs import Texts, unique_pairs
from stillwatch.prove.watermark.prf import lanes_by_numpy, stacked
from stillwatch.prove.watermark.sampling import Sampler
from stillwatch.prove.watermark.schemes import scheme_of

if TYPE_CHECKING:
    from stillwatch.prove.watermark.green_red import GreenRed
    from stillwatch.prove.watermark.gumbel import Gumbel

__all__ = ["check_scheme"]

_VOCABULARY = 1000


def check_scheme(scheme: GreenRed | Gumbel) -> None:
    """Refuse a scheme that does not hold to its contract.

    Raises:
        AssertionError: which point it breaks.
    """
    for check in (_named, _one_function, _only_key_context_token, _repeats, _wrong_keys, _marked):
        fault = check(scheme)
        if fault:
            raise AssertionError(f"{scheme.name}: {fault}")


def _contexts(scheme: GreenRed | Gumbel, many: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(7)
    contexts = rng.integers(0, 2**32, (many, scheme.context), np.uint32)
    return contexts, rng.integers(0, 2**32, many, np.uint32)


def _named(scheme: GreenRed | Gumbel) -> str:
    again = scheme_of(dict(scheme.settings()))
    return "" if again.settings() == scheme.settings() else f"its settings describe {again}"


def _one_function(scheme: GreenRed | Gumbel) -> str:
    key = WatermarkKey.random(1)
    contexts, tokens = _contexts(scheme, 2000)
    compiled = scheme.values(key, stacked(contexts, tokens))
    drawn = lanes_by_numpy(scheme.words(key), stacked(contexts, tokens), scheme.shift)
    if not np.array_equal(compiled, scheme.values_of(drawn)):
        return "compiled and numpy forms differ"
    row = scheme.row(key, contexts[0], _VOCABULARY)
    alone = scheme.bits(key, np.tile(contexts[0], (_VOCABULARY, 1)), np.arange(_VOCABULARY))
    return "" if np.array_equal(row, alone) else "a sampler's row differs from a detector's bits"


def _only_key_context_token(scheme: GreenRed | Gumbel) -> str:
    contexts, tokens = _contexts(scheme, 4000)
    bits = scheme.bits(WatermarkKey.random(1), contexts, tokens)
    order = np.random.default_rng(3).permutation(tokens.size)
    if not np.array_equal(
        bits[order], scheme.bits(WatermarkKey.random(1), contexts[order], tokens[order])
    ):
        return "a pair's bits depend on the other pairs"
    half = float(np.median(bits)) if bits.dtype == np.uint32 else 0.5
    for at in range(scheme.context + 2):
        key, moved, newest = WatermarkKey.random(1), contexts.copy(), tokens.copy()
        if at < scheme.context:
            moved[:, at] ^= 1
        elif at == scheme.context:
            newest = newest ^ np.uint32(1)
        else:
            key = WatermarkKey.random(2)
        other = scheme.bits(key, moved, newest)
        link = np.corrcoef(bits > half, other > half)[0, 1]
        if abs(link) > 5 / np.sqrt(tokens.size):
            return f"bits follow input {at}: correlation {link:.3f}"
    return ""


def _repeats(scheme: GreenRed | Gumbel) -> str:
    key, text = WatermarkKey.random(1), np.random.default_rng(5).integers(0, 50, 3000)
    once = scheme.score(text, key)
    twice = scheme.score(Texts.of(text, text), key)
    return "" if once == twice else "a text that is repeated scores otherwise"


def _wrong_keys(scheme: GreenRed | Gumbel, many: int = 400) -> str:
    text = np.random.default_rng(9).integers(0, _VOCABULARY, 5000)
    contexts, tokens = unique_pairs(text, scheme.context)
    columns = stacked(contexts, tokens)
    p = np.sort(
        [
            scheme.judged(
                float(np.sum(scheme.values(key, columns), dtype=np.float64)), tokens.size
            ).p
            for key in map(WatermarkKey.random, range(100, 100 + many))
        ]
    )
    gap = float(np.max(np.abs(p - (np.arange(many) + 0.5) / many)))
    bound = 1.95 / np.sqrt(many) + 0.02  # Kolmogorov at .001, and the steps of a binomial
    return "" if gap < bound else f"wrong keys are not calibrated: distance {gap:.3f}"


def _marked(scheme: GreenRed | Gumbel) -> str:
    key, rng = WatermarkKey.random(1), np.random.default_rng(11)
    logits = rng.normal(0, 1, _VOCABULARY)
    sampler, text = Sampler(scheme, key, rng), [0] * scheme.context
    for _ in range(400):
        text.append(sampler.draw(text, logits))
    right, wrong = scheme.score(text, key), scheme.score(text, WatermarkKey.random(2))
    if right.log10_p > -6:
        return f"400 marked tokens give 10^{right.log10_p:.1f}"
    return "" if wrong.log10_p > -4 else f"a wrong key gives 10^{wrong.log10_p:.1f}"
