"""Pairs count once, tails are exact, and wrong keys find nothing."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest

from stillwatch.prove.watermark import (
    Detector,
    GreenRed,
    Gumbel,
    Named,
    Sampler,
    Texts,
    UniquePairs,
    WatermarkKey,
    unique_pairs,
)
from stillwatch.prove.watermark.pairs import pairs_by_text
from stillwatch.prove.watermark.prf import stacked
from stillwatch.prove.watermark.tails import holm, log10_binomial_tail, log10_gamma_tail

TEXTS = st.lists(st.lists(st.integers(0, 6), max_size=60), max_size=6)


def windows(texts, context):
    """Return the windows of texts in order, by the definition."""
    return [
        tuple(text[at - context : at + 1]) for text in texts for at in range(context, len(text))
    ]


@settings(max_examples=150, deadline=None)
@given(TEXTS, st.integers(1, 5))
def test_pairs_are_those_of_the_definition(texts, context):
    contexts, tokens = unique_pairs(Texts.of(*texts), context)
    found = [(*before, newest) for before, newest in zip(contexts.tolist(), tokens, strict=True)]
    assert found == list(dict.fromkeys(windows(texts, context)))


@settings(max_examples=80, deadline=None)
@given(TEXTS, TEXTS, st.integers(1, 4))
def test_batches_are_one_text_after_the_other(first, second, context):
    pairs = UniquePairs(context)
    parts = [pairs.add(Texts.of(*first)), pairs.add(Texts.of(*second))]
    whole = UniquePairs(context).add(Texts.of(*first, *second))
    assert np.array_equal(np.concatenate(parts, axis=1), whole)
    assert pairs.many == whole.shape[1]


@settings(max_examples=80, deadline=None)
@given(TEXTS, st.integers(1, 4))
def test_pairs_by_text_are_each_texts_own(texts, context):
    columns, of = pairs_by_text(Texts.of(*texts), context)
    for at, text in enumerate(texts):
        own = [tuple(column) for column in columns.T[of == at].tolist()]
        assert own == list(dict.fromkeys(windows([text], context)))


def test_a_table_that_grew_forgets_nothing():
    rng, pairs = np.random.default_rng(1), UniquePairs(2)
    texts = [rng.integers(0, 300, 40_000) for _ in range(5)]
    once = sum(pairs.add(Texts.of(text)).shape[1] for text in texts)
    again = sum(pairs.add(Texts.of(text)).shape[1] for text in texts)
    assert (once, again) == (len(set(windows([t.tolist() for t in texts], 2))), 0)


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 300), st.data())
def test_binomial_tails_are_exact(trials, data):
    successes = data.draw(st.integers(0, trials))
    rate = data.draw(st.sampled_from([Fraction(1, 2), Fraction(1, 4), Fraction(3, 256)]))
    exact = sum(
        math.comb(trials, k) * rate**k * (1 - rate) ** (trials - k)
        for k in range(successes, trials + 1)
    )
    wanted = (math.log(exact.numerator) - math.log(exact.denominator)) / math.log(10)
    got = log10_binomial_tail(successes, trials, float(rate))
    assert got == pytest.approx(wanted, rel=1e-9, abs=1e-9)


def test_tails_go_on_below_the_smallest_float():
    # P(X = n) alone is 2^-n; and both sides of the change of method agree.
    assert log10_binomial_tail(5000, 5000, 0.5) == pytest.approx(-5000 * math.log10(2))
    around = [log10_binomial_tail(k, 4000, 0.5) for k in range(3050, 3200)]
    steps = np.diff(around)
    assert min(around) < -300
    assert max(around) > -280
    assert np.all(np.diff(steps) < 1e-9)
    gamma = [log10_gamma_tail(s, 1000) for s in range(2400, 3000, 5)]
    assert min(gamma) < -300
    assert max(gamma) > -280
    assert np.all(np.diff(np.diff(gamma)) < 1e-6)
    assert (log10_gamma_tail(0.0, 5), log10_binomial_tail(0, 0, 0.5)) == (0.0, 0.0)


def test_holm_is_monotone_and_never_above_one():
    adjusted = holm(np.log10([0.9, 0.001, 0.5]))
    assert 10 ** adjusted[1] == pytest.approx(0.003)
    assert adjusted.max() == 0.0


@pytest.mark.parametrize("scheme", [GreenRed(), GreenRed(gamma=0.25), Gumbel()], ids=repr)
def test_two_thousand_wrong_keys_are_calibrated_on_text_that_repeats(scheme):
    """Repeats, frequent words and a mark under another key: no wrong key gains from any."""
    rng = np.random.default_rng(4)
    text = np.minimum(rng.zipf(1.3, 60_000), 5_000)
    text = np.concatenate([text, text[:20_000]])
    contexts, tokens = unique_pairs(text, scheme.context)
    columns = stacked(contexts, tokens)
    p = []
    for seed in range(2000):
        values = scheme.values(WatermarkKey.random(seed), columns)
        p.append(scheme.judged(float(values.sum(dtype=np.float64)), tokens.size).p)
    assert kstest(p, "uniform").pvalue > 1e-3
    for level in (0.05, 0.01):
        spread = 4 * math.sqrt(level * (1 - level) / len(p))
        assert np.mean(np.array(p) <= level) <= level + spread


def test_many_keys_in_one_pass_name_the_one_that_marked():
    rng, scheme, dice = np.random.default_rng(3), GreenRed(), np.random.default_rng(8)
    keys = [Named(f"cohort-{n}", scheme, WatermarkKey.random(n)) for n in range(40)]
    keys.append(Named("race", Gumbel(), WatermarkKey.random(7)))
    sampler, marked = Sampler(scheme, keys[17].key, dice), [0]
    for _ in range(1500):
        marked.append(sampler.draw(marked, rng.normal(0, 1, 200)))
    plain = rng.integers(0, 200, 1500)
    detector = Detector(keys)
    detector.add(Texts.of(marked))
    detector.add(Texts.of(plain))
    found = {d.named.name: d for d in detector.detections()}
    assert found["cohort-17"].log10_adjusted < -6
    assert [name for name, d in found.items() if d.log10_adjusted < -2] == ["cohort-17"]
    alone = scheme.score(Texts.of(marked, plain), keys[17].key)
    assert found["cohort-17"].score == alone
    scores = detector.by_text(Texts.of(marked, plain, []))
    assert scores[0][17] == scheme.score(marked, keys[17].key)
    assert scores[1][17].log10_p > -3
    assert (scores[2][17].pairs, scores[2][17].p) == (0, 1.0)
