"""Relative agreement: ranks are fair among exchangeable models and high for a copy."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from stillwatch.errors import RefusedError
from stillwatch.prove.lineage.blackbox import (
    Agreement,
    Answer,
    Heard,
    Item,
    NotEnough,
    Ranked,
    decoded,
    encoded,
)
from stillwatch.prove.lineage.blackbox.agreement import _agreeing, short_answer

CHOICES = ("alpha", "beta", "gamma", "delta")


def plan(many=200, **changes):
    items = tuple(Item(prompt=f"q{at}", truth="alpha", choices=CHOICES) for at in range(many))
    return Agreement(items=items, **changes)


def answers(picks, words=CHOICES):
    return tuple(
        Answer(item=str(at), sample=0, text=words[pick] if pick >= 0 else "")
        for at, pick in enumerate(picks)
    )


def model(rng, many=200, accuracy=0.6):
    """Right by its accuracy, else one of three wrong answers, some likelier for every model."""
    wrong = 1 + np.minimum(rng.geometric(0.5, many) - 1, 2)
    return np.where(rng.random(many) < accuracy, 0, wrong)


def copy(rng, of, share):
    return np.where(rng.random(of.size) < share, of, model(rng, of.size))


def judged(part, ours, suspect, references):
    heard = Heard(
        suspect=answers(suspect),
        ours=answers(ours),
        references={f"r{at}": answers(one) for at, one in enumerate(references)},
    )
    return part.judge("x", heard)[0]


def test_a_copy_comes_first_and_the_rank_says_no_more_than_one_in_k_plus_one():
    rng = np.random.default_rng(1)
    ours = model(rng)
    outcome = judged(plan(), ours, copy(rng, ours, 0.5), [model(rng) for _ in range(9)])
    assert isinstance(outcome, Ranked)
    assert (outcome.rank, outcome.least) == (1, 1 / outcome.among)
    assert not hasattr(outcome, "log10_p")
    assert "Accuracy: suspect" in outcome.notes[0]
    assert "does not show training" in outcome.limits


def test_ranks_are_even_among_exchangeable_models():
    """2,000 times k + 1 models of one kind: each place as often, matched on accuracy or not."""
    rng = np.random.default_rng(2)
    truths = ["alpha"] * 60
    first, strict = np.zeros(5), 0
    for _ in range(2_000):
        shares = [[{CHOICES[pick]: 1.0} for pick in model(rng, 60)] for _ in range(6)]
        (own, *others), _ = _agreeing(shares[0], shares[1:], truths)
        first[sum(one >= own for one in others)] += 1
        strict += all(own > one for one in others)
    assert strict / 2_000 <= 0.2 + 4 * np.sqrt(0.16 / 2_000)
    assert abs(first / 2_000 - 0.2).max() < 0.05


def test_matching_on_accuracy_keeps_ranks_fair():
    rng = np.random.default_rng(3)
    part = plan(60, tolerance=0.1, least_references=2)
    firsts, chances = 0, 0.0
    for _ in range(400):
        ours, *models = (model(rng, 60) for _ in range(7))
        outcome = judged(part, ours, models[0], models[1:])
        if isinstance(outcome, Ranked):
            firsts += outcome.rank == 1
            chances += outcome.least
    assert firsts <= chances + 4 * np.sqrt(chances)


def test_items_where_everyone_agrees_carry_nothing():
    part = plan(50, least_items=1)
    same = np.ones(50, np.int64)
    outcome = judged(part, same, same, [same] * 4)
    assert isinstance(outcome, NotEnough)
    assert "0 items" in outcome.why
    apart = same.copy()
    apart[0] = 2
    outcome = judged(part, same, same, [apart] * 4)
    assert (outcome.rank, outcome.used) == (1, 1)


def test_ties_count_against_lineage():
    rng = np.random.default_rng(4)
    ours, other = model(rng), model(rng)
    outcome = judged(plan(), ours, other, [other] * 4)
    assert outcome.rank == outcome.among == 5


def test_references_of_other_accuracy_are_named_and_left_out():
    rng = np.random.default_rng(5)
    ours = model(rng)
    strong = model(rng, accuracy=0.99)
    outcome = judged(
        plan(tolerance=0.1), ours, model(rng), [*(model(rng) for _ in range(4)), strong]
    )
    assert outcome.unmatched == ("r4",)
    assert "r4" not in outcome.others


@pytest.mark.parametrize(
    ("suspect", "references", "why"),
    [
        ([], 4, "0 items tell"),
        ([-1] * 200, 4, "0 items tell"),
        ([1] * 200, 0, "0 references"),
        ([1] * 200, 1, "1 references"),
    ],
    ids=["no answers", "empty answers", "no reference", "one reference"],
)
def test_too_little_is_not_enough(suspect, references, why):
    rng = np.random.default_rng(6)
    ours = model(rng)
    rest = [[1] * 200] * references
    outcome = judged(plan(), ours, suspect, rest)
    assert isinstance(outcome, NotEnough)
    assert why in outcome.why


def test_one_reference_gives_a_rank_of_two_at_most_where_planned():
    rng = np.random.default_rng(7)
    ours = model(rng)
    part = plan(least_references=1, tolerance=1.0)
    outcome = judged(part, ours, copy(rng, ours, 0.9), [model(rng)])
    assert (outcome.rank, outcome.among, outcome.least) == (1, 2, 0.5)


def test_short_answers_without_truth_are_compared_and_it_is_said():
    rng = np.random.default_rng(8)
    part = Agreement(items=tuple(Item(prompt=f"q{at}") for at in range(100)))
    words = ("Oslo.", "oslo", "**Lima**", "東京")
    ours = rng.integers(0, 4, 100)
    heard = Heard(
        suspect=answers(ours, words),
        ours=answers(ours, words),
        references={str(at): answers(rng.integers(0, 4, 100), words) for at in range(5)},
    )
    outcome = part.judge("x", heard)[0]
    assert (outcome.rank, outcome.statistic) == (1, pytest.approx(1.0))
    assert "not checked" in outcome.notes[0]


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("", ""),
        ("  \n\n", ""),
        ("...", ""),
        ("\n“Oslo”\nmore", "oslo"),
        ("x" * 100_000, "x" * 80),
        ("!" * 5_000 + "a" + "!" * 5_000, "a"),
        ("हिन्दी।", "हिन्दी"),
        ("\ud800", ""),
    ],
    ids=["empty", "space", "signs", "quoted", "long", "many signs", "vowel signs", "surrogate"],
)
def test_short_answers_are_read_from_any_text(text, answer):
    assert short_answer(text) == answer


def test_q_2_mismatched_items_are_refused():
    rng = np.random.default_rng(9)
    ours = model(rng)
    odd = (*answers(ours), Answer(item="200", sample=0, text="alpha"))
    with pytest.raises(RefusedError, match="Q-2"):
        plan().judge("x", Heard(suspect=odd, ours=answers(ours)))


@pytest.mark.parametrize(
    "change",
    [
        {"items": ()},
        {"items": (Item(prompt=""),)},
        {"items": (Item(prompt="a"), Item(prompt="a"))},
        {"items": (Item(prompt="a", choices=("x",)),)},
        {"items": (Item(prompt="a", choices=("x", "X")),)},
        {"items": (Item(prompt="a", truth="z", choices=("x", "y")),)},
        {"samples": 0},
        {"tolerance": -0.1},
        {"least_references": 0},
        {"least_items": 0},
    ],
    ids=str,
)
def test_q_1_plans_out_of_range_are_refused(change):
    with pytest.raises(RefusedError, match="Q-1"):
        replace(plan(3), **change)


def test_a_plan_reads_back():
    assert decoded(encoded(plan(3))) == plan(3)
