"""One contract for every scheme; the function behind them is SipHash and is everybody's."""

from __future__ import annotations

import math
import shutil
import subprocess
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.errors import ConfigurationError, InputFormatError
from stillwatch.find.features.hashing import fold, mix
from stillwatch.prove.watermark import (
    SCHEMES,
    GreenRed,
    Gumbel,
    Sampler,
    WatermarkKey,
    check_scheme,
    cost,
    scheme_of,
)
from stillwatch.prove.watermark.prf import lanes, lanes_by_numpy, stacked, vocabulary_lanes
from stillwatch.prove.watermark.sampling import entropy

VARIANTS = [
    *(kind() for kind in SCHEMES),
    GreenRed(gamma=0.25, context=2),
    GreenRed(context=4),
    GreenRed(gamma=0.5, context=16, delta=4.0),
    Gumbel(context=1),
]


@pytest.mark.parametrize("scheme", VARIANTS, ids=repr)
def test_every_scheme_holds_to_the_contract(scheme):
    check_scheme(scheme)


class BlindToItsContext(GreenRed):
    """Favours the same tokens everywhere."""

    def bits(self, key, contexts, tokens):
        return super().bits(key, np.zeros_like(np.asarray(contexts)), tokens)

    def row(self, key, context, vocabulary):
        return super().row(key, np.zeros_like(np.asarray(context)), vocabulary)


class BlindToItsKey(GreenRed):
    """Favours the same tokens under every key."""

    def words(self, key):
        del key
        return (1, 2)


class CountsRepeats(GreenRed):
    """Counts a pair as often as it stands."""

    def score(self, tokens, key):
        score = super().score(tokens, key)
        return replace(score, pairs=len(tokens))


@pytest.mark.parametrize(
    ("broken", "fault"),
    [
        (BlindToItsContext, "bits follow input 0"),
        (BlindToItsKey, "bits follow input 2"),
        (CountsRepeats, "repeated scores otherwise"),
    ],
)
def test_the_contract_says_what_a_broken_scheme_breaks(broken, fault):
    with pytest.raises(AssertionError, match=fault):
        check_scheme(broken())


def test_blocks_are_siphash_as_its_authors_print_it():
    # Vectors of the reference implementation: key 00…0f, messages 00…07 and 00…13 (appendix A).
    words = (0x0706050403020100, 0x0F0E0D0C0B0A0908)
    short = np.frombuffer(bytes(range(8)), "<u4").reshape(2, 1)
    high, low = _whole(words, short)
    assert (high << 32 | low) == 0x93F5F5799A932462


@pytest.mark.parametrize("context", [1, 2, 3, 4])
def test_openssl_computes_the_same_colours(context):
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("openssl is not on PATH")
    scheme, key = GreenRed(context=context), WatermarkKey.random(3)
    before, token = list(range(70, 70 + context)), 1234
    words = b"".join(word.to_bytes(8, "little") for word in scheme.words(key))
    message = b"".join(part.to_bytes(4, "little") for part in (*before, token // 64))
    done = subprocess.run(  # noqa: S603 - fixed arguments
        [program, "mac", "-macopt", f"hexkey:{words.hex()}", "-macopt", "size:8", "SIPHASH"],
        input=message,
        capture_output=True,
        check=False,
    )
    if done.returncode:
        pytest.skip("this openssl has no SIPHASH")
    block = int.from_bytes(bytes.fromhex(done.stdout.decode().strip()), "little")
    colour = int(scheme.bits(key, [before], [token])[0])
    assert colour == 1 - (block >> (token % 64) & 1)


def _whole(words, columns):
    """Return both halves of a block, whose lanes of 32 bits belong to tokens 2b + 1 and 2b."""
    halves = []
    for lane in (1, 0):
        asked = columns.copy()
        asked[-1] = asked[-1] * 2 + lane
        halves.append(int(lanes(words, asked, 1)[0]))
    return halves


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**64 - 1),
    st.integers(0, 2**64 - 1),
    st.integers(1, 6),
    st.integers(1, 6),
    st.integers(0, 2**32 - 1),
)
def test_compiled_and_numpy_forms_agree(low, high, shift, context, seed):
    columns = np.random.default_rng(seed).integers(0, 2**32, (context + 1, 77), np.uint32)
    assert np.array_equal(
        lanes((low, high), columns, shift), lanes_by_numpy((low, high), columns, shift)
    )


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 6), st.integers(1, 5), st.integers(1, 700), st.integers(0, 2**32 - 1))
def test_a_vocabulary_is_its_tokens(shift, context, size, seed):
    before = np.random.default_rng(seed).integers(0, 2**32, context, np.uint32)
    row = vocabulary_lanes((5, 6), before, size, shift)
    alone = lanes((5, 6), stacked(np.tile(before, (size, 1)), np.arange(size)), shift)
    assert np.array_equal(row, alone)


def test_the_hash_of_text_sketches_would_have_related_keys():
    """Why it is not used here: keys that differ in one bit mark alike in contexts that do."""
    key, context = np.uint64(0x1234_5678_9ABC_DEF0), np.uint64(40)

    def colours(key, context):
        start = np.uint64(0xCBF29CE484222325) ^ key
        return [int(mix(fold(fold(start, context), np.uint64(token)))) & 1 for token in range(2000)]

    one = np.uint64(1)
    assert colours(key, context) == colours(key ^ one, context ^ one)
    scheme, first = GreenRed(), WatermarkKey.random(1)
    other = WatermarkKey(bytes([first.raw[0] ^ 1]) + first.raw[1:])
    same = scheme.row(first, [40], 2000) == scheme.row(other, [41], 2000)
    assert abs(same.mean() - 0.5) < 5 * 0.5 / math.sqrt(2000)


def test_settings_out_of_range_are_named_errors():
    for wrong in ({"gamma": 0.3}, {"gamma": 0.0}, {"context": 0}, {"delta": 0.0}):
        with pytest.raises(ConfigurationError, match=f"{next(iter(wrong))}"):
            GreenRed(**wrong)
    with pytest.raises(ConfigurationError, match="context"):
        Gumbel(context=17)


@pytest.mark.parametrize(
    "held",
    [
        {},
        {"name": "other"},
        {"name": "gumbel", "gamma": 0.5},
        {"name": "green-red", "context": "1"},
        {"name": "green-red", "context": True},
        {"name": "green-red", "context": 99},
        {"name": ["green-red"]},
    ],
    ids=str,
)
def test_settings_of_no_scheme_are_refused(held):
    with pytest.raises(InputFormatError):
        scheme_of(held)


def test_the_race_keeps_the_distribution():
    logits = np.log(np.array([0.5, 0.3, 0.15, 0.05]))
    scheme, counts = Gumbel(), np.zeros(4)
    for seed in range(4000):
        counts[scheme.winner(WatermarkKey.random(seed), [1, 2, 3, 4], logits)] += 1
    expected = 4000 * np.exp(logits)
    assert float(((counts - expected) ** 2 / expected).sum()) < 21.1  # chi-squared(3) at 1e-4


def test_a_context_that_comes_again_is_drawn_with_dice():
    logits = np.zeros(500)
    sampler = Sampler(Gumbel(context=1), WatermarkKey.random(1), np.random.default_rng(1))
    drawn = {sampler.draw([7], logits) for _ in range(20)}
    assert len(drawn) > 10


def test_a_gate_leaves_sure_tokens_alone():
    scheme, key = GreenRed(delta=20.0), WatermarkKey.random(1)
    red, green = (int(np.flatnonzero(scheme.row(key, [7], 100) == c)[0]) for c in (0, 1))
    logits = np.full(100, -40.0)
    logits[red], logits[green] = 0.0, -12.0
    gated = Sampler(scheme, key, np.random.default_rng(1), least_entropy=0.1)
    open_ = Sampler(scheme, key, np.random.default_rng(1))
    assert {gated.draw([7], logits) for _ in range(50)} == {red}
    assert green in {open_.draw([7], logits) for _ in range(50)}


def test_the_cost_is_the_divergence():
    rng = np.random.default_rng(2)
    logits, green = rng.normal(0, 2, (5, 40)), rng.integers(0, 2, (5, 40))
    p = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    q = p * np.exp(1.5 * green)
    q /= q.sum(-1, keepdims=True)
    assert np.allclose(cost(logits, green, 1.5), (q * np.log(q / p)).sum(-1))
    assert np.allclose(entropy(logits), -(p * np.log(p)).sum(-1))
