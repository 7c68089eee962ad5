"""The equality test: p holds at any number of answers, and a small one speaks against lineage."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest

from stillwatch.errors import RefusedError
from stillwatch.prove.lineage.blackbox import (
    Answer,
    Equality,
    Heard,
    NotEnough,
    decoded,
    encoded,
    equality_power,
)
from stillwatch.prove.lineage.blackbox.equality import discrepancy
from stillwatch.prove.lineage.blackbox.kernels import gram

PROMPTS = tuple(f"p{at}" for at in range(8))


def plan(**changes):
    return Equality(prompts=PROMPTS, permutations=199, **changes)


def writes(rng, tilt=0.0, samples=10):
    """Answers of a made endpoint: letters of a prompt's own alphabet, the first one favoured."""
    chances = np.full(6, (1 - tilt) / 6)
    chances[0] += tilt
    return tuple(
        Answer(
            item=str(at),
            sample=sample,
            text="".join(chr(97 + at + pick) for pick in rng.choice(6, 30, p=chances)),
        )
        for at in range(len(PROMPTS))
        for sample in range(samples)
    )


def test_another_endpoint_is_told_apart_and_our_own_is_not():
    rng = np.random.default_rng(1)
    heard = Heard(suspect=writes(rng), ours=writes(rng), references={"other": writes(rng, 0.25)})
    (outcome,) = plan().judge("x", heard)
    assert outcome.log10_p > -2
    assert outcome.controls[0].subject == "other"
    assert outcome.controls[0].log10_p == pytest.approx(-math.log10(200))
    assert outcome.least_log10_p == pytest.approx(-math.log10(200))
    assert not outcome.accuses
    assert "does not show that it is our model" in outcome.limits
    (swapped,) = plan(kernel="trigrams").judge(
        "x", Heard(suspect=writes(rng, 0.25), ours=writes(rng))
    )
    assert swapped.log10_p == pytest.approx(-math.log10(200))
    assert swapped.statistic > swapped.expected


@pytest.mark.parametrize("kernel", ["hamming", "trigrams"])
def test_p_values_are_not_liberal(kernel):
    """2,000 times two samples of one endpoint, small and of unequal sizes."""
    rng = np.random.default_rng(2)
    p = []
    for trial in range(2_000):
        words = ["".join(rng.choice(list("ab"), 4)) for _ in range(14)]
        pairs = [(words[:3], words[3:7]), (words[7:9], words[9:])]
        p.append(discrepancy(pairs, kernel, 4, 99, trial)[2])
    for level in (0.2, 0.05, 0.01):
        spread = math.sqrt(level * (1 - level) / len(p))
        assert np.mean(np.array(p) <= level) <= level + 4 * spread


def test_the_statistic_is_the_discrepancy_of_every_pair():
    left, right = ["aaa", "aab"], ["abb", "bbb", "aaa"]
    alike = gram([*left, *right], "hamming", 3)
    by_hand = (
        sum(alike[i, j] for i, j in itertools.product(range(2), repeat=2)) / 4
        + sum(alike[i, j] for i, j in itertools.product(range(2, 5), repeat=2)) / 9
        - 2 * sum(alike[i, j] for i in range(2) for j in range(2, 5)) / 6
    )
    assert discrepancy([(left, right)], "hamming", 3, 99, 0)[0] == pytest.approx(by_hand)


def test_all_the_same_answer_gives_p_one_and_ties_never_help():
    same = tuple(Answer(item=str(at), sample=0, text="yes") for at in range(8))
    both = (*same, *(replace(one, sample=1) for one in same))
    (outcome,) = plan().judge("x", Heard(suspect=both, ours=both))
    assert outcome.log10_p == 0
    assert outcome.statistic == 0
    empty = tuple(replace(one, text="") for one in both)
    assert plan().judge("x", Heard(suspect=empty, ours=empty))[0].log10_p == 0
    assert plan(kernel="trigrams").judge("x", Heard(suspect=empty, ours=empty))[0].log10_p == 0


def test_one_prompt_with_two_answers_is_tested_and_fewer_are_not_enough():
    rng = np.random.default_rng(3)
    ours = writes(rng)
    few = tuple(one for one in writes(rng) if one.item == "0" and one.sample < 2)
    (outcome,) = plan().judge("x", Heard(suspect=few, ours=ours))
    assert (outcome.used, outcome.unused) == (1, 7)
    for suspect in ((), few[:1]):
        assert isinstance(plan().judge("x", Heard(suspect=suspect, ours=ours))[0], NotEnough)
    assert isinstance(plan().judge("x", Heard(suspect=ours))[0], NotEnough)


def test_power_grows_with_samples():
    rng = np.random.default_rng(4)
    ours, other = writes(rng, samples=40), writes(rng, 0.08, samples=40)
    pairs = [
        ([a.text for a in ours if a.item == item], [a.text for a in other if a.item == item])
        for item in map(str, range(8))
    ]
    small, large = (equality_power(pairs, many, 0.05, trials=40) for many in (2, 30))
    assert small < large
    assert large > 0.8
    with pytest.raises(RefusedError, match="Q-1"):
        equality_power(pairs, 41, 0.05)
    with pytest.raises(RefusedError, match="Q-1"):
        equality_power([], 2, 0.05)


def test_kernels_read_any_text():
    texts = ["", "a", "\ud800", "e\u0301" * 900, "é" * 900, "\x00", "東京" * 500]
    for kernel in ("hamming", "trigrams"):
        alike = gram(texts, kernel, 50)
        assert np.allclose(np.diag(alike), 1)
        assert np.allclose(alike, alike.T)
        assert np.isfinite(alike).all()


def test_q_2_mismatched_items_are_refused():
    rng = np.random.default_rng(5)
    ours = writes(rng)
    with pytest.raises(RefusedError, match="Q-2"):
        plan().judge("x", Heard(suspect=(*ours, replace(ours[0], item="8")), ours=ours))


@pytest.mark.parametrize(
    "change",
    [
        {"prompts": ()},
        {"prompts": ("",)},
        {"prompts": ("a", "a")},
        {"samples": 1},
        {"samples": 257},
        {"length": 0},
        {"permutations": 9},
        {"seed": -1},
    ],
    ids=str,
)
def test_q_1_plans_out_of_range_are_refused(change):
    with pytest.raises(RefusedError, match="Q-1"):
        replace(plan(), **change)


def test_a_plan_reads_back():
    assert decoded(encoded(plan())) == plan()
    with pytest.raises(RefusedError, match="Q-1"):
        decoded(encoded(plan()).replace(b'"hamming"', b'"another"'))
