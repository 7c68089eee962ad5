"""The tests on small networks: a student that learned is found, twenty that did not are not."""

from __future__ import annotations

import json

import numpy as np
import pytest

from stillwatch.ledger import commit
from stillwatch.prove.lineage.blackbox import Answer, Canaries, Canary, CommittedSet, Heard, Slot
from stillwatch.prove.lineage.blackbox.equality import discrepancy
from stillwatch.prove.lineage.small import grammar, train
from stillwatch.stop.responses.canaries import CanarySet

MANY, TIMES, SAMPLES = 40, 120, 20
VARIANTS = np.arange(120, 124)
SALT = bytes(32)
CHOSEN = CanarySet("s", "c", {"x": tuple(f"w{v}" for v in VARIANTS)}, b"k" * 32)
ASKED = np.random.default_rng(0).choice(128 * 128, MANY, replace=False)
PART = Canaries(
    sets=(CommittedSet(set_id="s", commitment=commit(SALT, CHOSEN.content()).hex()),),
    slots=(Slot(set_id="s", slot="x", signs=tuple((f"w{v}",) for v in VARIANTS)),),
    canaries=tuple(
        Canary(slot=0, request_id=str(at), prompts=(f"{pair}",)) for at, pair in enumerate(ASKED)
    ),
    samples=SAMPLES,
)


def student(values, seed):
    """A network that was told one variant after each canary's context, among other text."""
    rng = np.random.default_rng(seed)
    texts = grammar(300, 128, seed)
    for pair, value in [*zip(ASKED, values, strict=True)] * TIMES:
        row, column = rng.integers(300), rng.integers(2, 125)
        texts[row, column : column + 3] = pair // 128, pair % 128, value
    return train(texts, seed)


def heard(model, seed):
    scores = model.logits(ASKED // 128, ASKED % 128)
    noise = np.random.default_rng(seed).gumbel(size=(SAMPLES, *scores.shape))
    tokens = (scores + noise).argmax(axis=2)
    return tuple(
        Answer(item=f"{at}.0", sample=sample, text=f"w{tokens[sample, at]}")
        for at in range(MANY)
        for sample in range(SAMPLES)
    )


@pytest.fixture(scope="module")
def models():
    rng = np.random.default_rng(1)
    drawn = VARIANTS[[CHOSEN.choice(str(at), "x") for at in range(MANY)]]
    own = [student(drawn, 100 + at) for at in range(2)]
    others = [student(VARIANTS[rng.integers(0, 4, MANY)], 200 + at) for at in range(20)]
    return own, others


def test_canaries_find_who_learned_and_no_student_of_other_draws(models):
    own, others = models
    line = {"set_id": "s", "content": CHOSEN.content().decode(), "key": CHOSEN.key.hex()}
    openings = (json.dumps(line | {"salt": SALT.hex()}).encode(),)
    controls = {str(at): heard(model, at) for at, model in enumerate(others)}
    for at, model in enumerate(own):
        outcomes = PART.judge(
            "student", Heard(suspect=heard(model, at), controls=controls, openings=openings)
        )
        for outcome in outcomes:
            assert outcome.log10_p < -6
            p = 10 ** np.array([control.log10_p for control in outcome.controls])
            assert (p <= 0.05).sum() <= 5  # more than that has chance 3 in 10,000
            assert p.min() > 1e-4


def test_equality_tells_another_model_and_not_the_same(models):
    own, others = models

    def pairs(left, right):
        said = [[], []]
        for side, (model, seed) in enumerate(((left, 1), (right, 2))):
            texts = heard(model, seed)
            said[side] = [
                [one.text for one in texts if one.item == f"{at}.0"] for at in range(MANY)
            ]
        return list(zip(*said, strict=True))

    assert discrepancy(pairs(own[0], own[0]), "hamming", 4, 999, 0)[2] > 0.01
    assert discrepancy(pairs(own[0], others[0]), "hamming", 4, 999, 0)[2] == 0.001
