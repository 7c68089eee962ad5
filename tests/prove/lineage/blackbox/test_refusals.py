"""The refusal profile: ranks are fair, a copy comes first, and words decide nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit

from stillwatch.errors import RefusedError
from stillwatch.prove.lineage.blackbox import (
    Answer,
    Borderline,
    Heard,
    NotEnough,
    Ranked,
    Refusals,
    Report,
    decoded,
    encoded,
)
from stillwatch.prove.lineage.blackbox.refusals import refused

MANY, SAMPLES = 60, 4
DELICATE = np.random.default_rng(0).normal(0, 1.5, MANY)  # for every model alike


def plan(**changes):
    prompts = tuple(Borderline(prompt=f"p{at}", category=f"c{at % 3}") for at in range(MANY))
    return Refusals(prompts=prompts, classifier="people", samples=SAMPLES, **changes)


def habits(rng):
    """One model's chances to refuse: what is delicate for all, and its own ways."""
    return expit(DELICATE + rng.normal(0, 1.5, MANY) + rng.normal(0, 0.5))


def labelled(rng, chances, samples=SAMPLES):
    return tuple(
        Answer(
            item=str(at),
            sample=sample,
            text="",
            label="refused" if rng.random() < chances[at] else "answered",
        )
        for at in range(MANY)
        for sample in range(samples)
    )


def judged(rng, part, ours, suspect, references):
    heard = Heard(
        suspect=labelled(rng, suspect),
        ours=labelled(rng, ours),
        references={f"r{at}": labelled(rng, one) for at, one in enumerate(references)},
    )
    return part.judge("x", heard)


def test_a_copy_comes_first_even_if_it_refuses_less_and_the_gap_says_how_much_less():
    rng = np.random.default_rng(1)
    ours = habits(rng)
    laxer = expit(np.log(ours / (1 - ours)) - 1.5)
    ranked, gap = judged(rng, plan(), ours, laxer, [habits(rng) for _ in range(9)])
    assert isinstance(ranked, Ranked)
    assert (ranked.rank, ranked.among) == (1, 10)
    assert not hasattr(ranked, "log10_p")
    assert isinstance(gap, Report)
    whole = next(one for one in gap.figures if one.subject == "x" and "all" in one.name)
    assert 0 < whole.count < whole.of
    assert whole.low < whole.count / whole.of < whole.high
    parts = [one for one in gap.figures if one.subject == "x" and one is not whole]
    assert (sum(one.of for one in parts), len(parts)) == (whole.of, 3)


def test_ranks_are_even_among_exchangeable_models():
    rng = np.random.default_rng(2)
    part = plan(least_references=3)
    first = 0
    for _ in range(150):
        ours, *models = (habits(rng) for _ in range(5))
        first += judged(rng, part, ours, models[0], models[1:])[0].rank == 1
    assert first / 150 <= 0.25 + 4 * np.sqrt(0.25 * 0.75 / 150)


@pytest.mark.slow
def test_ranks_are_even_over_two_thousand_worlds():
    rng = np.random.default_rng(3)
    part = plan(least_references=3)
    first = 0
    for _ in range(2_000):
        ours, *models = (habits(rng) for _ in range(5))
        first += judged(rng, part, ours, models[0], models[1:])[0].rank == 1
    assert abs(first / 2_000 - 0.25) < 4 * np.sqrt(0.25 * 0.75 / 2_000)


def test_all_alike_is_not_enough_and_ties_count_against_lineage():
    rng = np.random.default_rng(4)
    for chances in (np.zeros(MANY), np.ones(MANY)):
        outcome = judged(rng, plan(), chances, chances, [chances] * 4)[0]
        assert isinstance(outcome, NotEnough)
    own = labelled(rng, habits(rng))
    others = {f"r{at}": own for at in range(4)} | {"far": labelled(rng, habits(rng))}
    heard = Heard(suspect=own, ours=labelled(rng, habits(rng)), references=others)
    assert plan().judge("x", heard)[0].rank >= 5


def test_words_decide_nothing():
    rng = np.random.default_rng(5)
    ours = labelled(rng, habits(rng))
    prose = tuple(replace(one, label=None, text="I'm sorry, I can't help.") for one in ours)
    heard = Heard(suspect=prose, ours=ours, references={})
    outcome = plan().judge("x", heard)[0]
    assert isinstance(outcome, NotEnough)
    assert "x 0%" in outcome.why


@pytest.mark.parametrize(
    ("finish", "label", "found"),
    [
        ("stop", None, None),
        (None, None, None),
        ("refusal", None, True),
        ("content_filter", None, True),
        ("SAFETY", None, True),
        ("refusal", "answered", False),
        ("stop", "refused", True),
    ],
)
def test_labels_come_before_finish_reasons(finish, label, found):
    answer = Answer(item="0", sample=0, text="x", finish_reason=finish, label=label)
    assert refused(answer) is found


def test_endpoints_that_declare_refusals_need_no_labels_where_the_plan_says_so():
    rng = np.random.default_rng(6)
    ours = habits(rng)

    def declared(chances):
        return tuple(
            replace(one, label=None, finish_reason="refusal" if one.label == "refused" else "stop")
            for one in labelled(rng, chances)
        )

    heard = Heard(
        suspect=declared(ours),
        ours=declared(ours),
        references={f"r{at}": declared(habits(rng)) for at in range(6)},
    )
    assert isinstance(plan().judge("x", heard)[0], NotEnough)
    ranked = plan(unlabelled="answered").judge("x", heard)[0]
    assert ranked.rank == 1
    assert "without one: answered" in ranked.notes[0]


def test_references_that_are_not_known_are_named_and_too_few_are_not_enough():
    rng = np.random.default_rng(7)
    ours = habits(rng)
    full = {f"r{at}": labelled(rng, habits(rng)) for at in range(4)}
    heard = Heard(
        suspect=labelled(rng, ours), ours=labelled(rng, ours), references=full | {"mute": ()}
    )
    assert plan().judge("x", heard)[0].unmatched == ("mute",)
    outcome, gap = plan(least_references=5).judge("x", heard)
    assert isinstance(outcome, NotEnough)
    assert isinstance(gap, Report)


def test_q_2_odd_labels_and_mismatched_items_are_refused():
    rng = np.random.default_rng(8)
    ours = labelled(rng, habits(rng))
    odd = (replace(ours[0], label="perhaps"), *ours[1:])
    with pytest.raises(RefusedError, match="Q-2"):
        plan().judge("x", Heard(suspect=odd, ours=ours))
    more = (*ours, replace(ours[0], item=str(MANY)))
    with pytest.raises(RefusedError, match="Q-2"):
        plan().judge("x", Heard(suspect=more, ours=ours))


@pytest.mark.parametrize(
    "change",
    [
        {"prompts": ()},
        {"prompts": (Borderline(prompt="", category="c"),)},
        {"prompts": (Borderline(prompt="a", category="c"),) * 2},
        {"prompts": (Borderline(prompt="a", category=""),)},
        {"prompts": (Borderline(prompt="a", category="a\nb"),)},
        {"prompts": (Borderline(prompt="a", category="all categories"),)},
        {"classifier": " "},
        {"samples": 0},
        {"least_references": 0},
        {"least_known": 0.0},
    ],
    ids=str,
)
def test_q_1_plans_out_of_range_are_refused(change):
    with pytest.raises(RefusedError, match="Q-1"):
        replace(plan(), **change)


def test_a_plan_reads_back():
    assert decoded(encoded(plan())) == plan()
