from __future__ import annotations

import sys

import numpy as np
import pytest
from world_files import Row, write_world

from stillwatch.errors import MissingExtraError, SourceNotFoundError
from stillwatch.worlds.evaluation.baselines import BASELINES, evaluate_baselines
from stillwatch.worlds.evaluation.baselines.embedding import fit
from stillwatch.worlds.evaluation.baselines.forest import IsolationForestTop
from stillwatch.worlds.evaluation.baselines.identity import SharedIdentity
from stillwatch.worlds.evaluation.baselines.keywords import KeywordRule
from stillwatch.worlds.evaluation.baselines.mmd import MeanDiscrepancy, Reference, kernel
from stillwatch.worlds.evaluation.baselines.running import read_log
from stillwatch.worlds.evaluation.baselines.volume import VolumeRule

FOOD = [
    "how long do I boil eggs",
    "bread without yeast",
    "is rice gluten free",
    "quick pasta sauce",
]
CODE = [
    "def parse(line): fix this",
    "segfault in malloc loop",
    "git rebase onto main",
    "SQL join two",
]


def sends(n):
    return [(i / 10, False) for i in range(n)]


def chatter(seed, n, words=FOOD):
    rng = np.random.default_rng(seed)
    return [f"{rng.choice(words)} {rng.integers(1000)}" for _ in range(n)]


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    rows = [
        Row(f"n{i}", "people", "benign", sends=sends(30), prompts=chatter(i, 30)) for i in range(40)
    ]
    rows += [
        Row("heavy", "app", "benign", sends=sends(301), prompts=chatter(99, 301)),
        Row("even", "app", "benign", sends=sends(300), prompts=chatter(98, 300)),
        Row("silent", "people", "benign", extra={"payment_fingerprint": "p1"}),
        Row("c1", "a", "attack", "A", sends=sends(100), prompts=chatter(97, 100, CODE)),
        Row(
            "k1",
            "a",
            "attack",
            "A",
            sends=sends(3),
            prompts=["Think Step By Step", "reasoning please", "hello"],
            extra={"payment_fingerprint": "p1", "phone_hash": "h1"},
        ),
        Row(
            "k2",
            "a",
            "attack",
            "A",
            sends=sends(10),
            prompts=["请逐步思考"] * 3,
            extra={"payment_fingerprint": "p1", "phone_hash": "h1"},
        ),
    ]
    return write_world(tmp_path_factory.mktemp("w"), rows)


def named(world, judgement):
    ids = read_log(world).accounts["account_id"].to_pylist()
    return {a for a, f in zip(ids, judgement.flagged, strict=True) if f}


def test_volume_counts_more_than_300(world):
    assert named(world, VolumeRule().judge(read_log(world))) == {"heavy"}


def test_keywords_in_more_than_three_of_ten(world):
    assert named(world, KeywordRule().judge(read_log(world))) == {"k1"}  # k2 has exactly 3 in 10


def test_identity_shared_by_three(world):
    found = named(world, SharedIdentity().judge(read_log(world)))
    assert found == {"silent", "k1", "k2"}  # the phone is shared by two alone


def test_forest_flags_its_top_share_of_active_accounts(world):
    judgement = IsolationForestTop(top=0.1).judge(read_log(world))
    assert 1 <= judgement.flagged.sum() <= 5
    assert "silent" not in named(world, judgement)
    assert "heavy" in named(world, judgement)


def test_forest_says_which_extra_it_needs(world, monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.ensemble", None)
    with pytest.raises(MissingExtraError):
        IsolationForestTop().judge(read_log(world))


def test_mmd_ranks_the_account_that_differs_first(world):
    log = read_log(world)
    judgement = MeanDiscrepancy(windows=5).judge(log)
    ids = log.accounts["account_id"].to_pylist()
    assert ids[int(judgement.score.argmax())] == "c1"
    assert judgement.score[ids.index("k1")] == 0.0  # three queries are not enough


def test_mmd_abstains_without_reference(tmp_path):
    world = write_world(tmp_path, [Row("n", "people", "benign", sends=sends(2))])
    assert not MeanDiscrepancy().judge(read_log(world)).flagged.any()


def test_kernel_is_the_mean_of_four_gaussians():
    x = np.array([[0.0, 0.0]], dtype=np.float32)
    y = np.array([[0.6, 0.8]], dtype=np.float32)
    widths = np.array([0.5, 1, 2, 4]) * 1.5
    assert kernel(x, y, 1.5)[0, 0] == pytest.approx(np.exp(-1 / (2 * widths**2)).mean(), rel=1e-5)


def test_mmd_is_unbiased_and_grows_with_the_mix():
    rng = np.random.default_rng(3)
    pool = rng.normal(size=(4000, 8)).astype(np.float32)
    reference = Reference.of(pool, 50, 10, rng)
    same = [reference.score(rng.normal(size=(50, 8)).astype(np.float32)) for _ in range(60)]
    shifted = reference.score((rng.normal(size=(50, 8)) + 1).astype(np.float32))
    # the same reference in every score leaves a common error of its own sampling
    assert abs(np.mean(same)) < 4 * np.std(same) / np.sqrt(10)
    assert shifted > max(same)


def test_mmd_by_hand():
    pool = np.array([[0.0], [1.0]], dtype=np.float32)
    reference = Reference.of(pool, 2, 1, np.random.default_rng(0))
    near = float(kernel(pool[:1], pool[1:], reference.sigma)[0, 0])
    assert reference.sigma == 1.0
    # windows are equal: within (1 pair) near, across half 1 and half near
    assert reference.score(pool) == pytest.approx(2 * near - 2 * (1 + near) / 2, rel=1e-5)


def test_embedding_brings_like_texts_together():
    texts = chatter(1, 200, FOOD) + chatter(2, 200, CODE)
    points = fit(texts, 16)(["boil eggs long", "how long boil eggs", "git rebase main", ""])
    assert points[0] @ points[1] > points[0] @ points[2]
    assert np.linalg.norm(points[:3], axis=1) == pytest.approx(1)
    assert np.allclose(fit(texts, 16)(texts[:3]), fit(texts, 16)(texts[:3]))


def test_each_baseline_is_evaluated(world):
    results = evaluate_baselines([world, world])
    assert list(results) == [b.slug for b in BASELINES]
    volume = results["volume"]
    assert volume.worlds == 2
    assert volume.false_positives.overall.hits == 2
    assert volume.purity.declared == 0
    assert all(b.source for b in BASELINES)


def test_a_world_without_accounts(tmp_path):
    with pytest.raises(SourceNotFoundError):
        evaluate_baselines([tmp_path])
