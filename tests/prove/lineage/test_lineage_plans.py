"""Plans fix what is tested; results are of the plan or refused."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import numpy as np
import pytest

from stillwatch.errors import RefusedError
from stillwatch.ledger import SigningKey, canonical
from stillwatch.prove.lineage import Plan, commit_plan, digest_of, judge, verify_plan
from stillwatch.prove.lineage.small import grammar, train, write
from stillwatch.prove.watermark import GreenRed, Texts, WatermarkKey

KEYS = {"2026-11/a": WatermarkKey.random(77), "2026-11/b": WatermarkKey.random(78)}
BASELINE = Texts.of(*grammar(400, 128, 2))
PLAN = Plan(
    tests=("clipped-residuals", "residuals", "distinct-pairs", "looks"),
    suspects=("suspect",),
    controls=("control",),
    keys=tuple(KEYS),
    key_ids=tuple(key.id for key in KEYS.values()),
    family=40,
    scheme=dict(GreenRed().settings()),
    prompts=hashlib.sha256(b"prompts").hexdigest(),
    baseline=digest_of(BASELINE),
    prior=8.0,
    tokens=300 * 128,
    looks=2,
    alpha=1e-6,
    wrong_keys=30,
)


@pytest.fixture(scope="module")
def answers():
    teacher = train(grammar(400, 128, 1), 1)
    marked = write(teacher, 400, 128, 3, mark=(GreenRed(), KEYS["2026-11/a"]))
    learned = {"suspect": train(marked, 4), "control": train(grammar(400, 128, 5), 4)}
    return {name: Texts.of(*write(network, 300, 128, 6)) for name, network in learned.items()}


def test_a_plan_reads_back_and_its_digest_is_of_its_bytes():
    raw = PLAN.encode()
    assert Plan.decode(raw) == PLAN
    assert raw == canonical(json.loads(raw))
    assert hashlib.sha256(raw).hexdigest() == PLAN.digest


@pytest.mark.parametrize(
    "change",
    [
        {"tests": ()},
        {"tests": ("fortune-telling",)},
        {"suspects": ()},
        {"controls": ()},
        {"controls": ("suspect",)},
        {"keys": ("2026-11/a",)},
        {"key_ids": ("1", "1")},
        {"family": 1},
        {"scheme": {"name": "gumbel", "context": 4}},
        {"scheme": {"name": "none"}},
        {"prompts": "abc"},
        {"baseline": ""},
        {"prior": 0.0},
        {"tokens": 0},
        {"looks": 0},
        {"alpha": 1.0},
        {"wrong_keys": -1},
        {"schema": "another"},
    ],
    ids=str,
)
def test_t_1_plans_out_of_range_are_refused(change):
    with pytest.raises(RefusedError, match="T-1"):
        replace(PLAN, **change)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda raw: raw[:-1],
        lambda raw: b" " + raw,
        lambda raw: raw.replace(b'"alpha":', b'"alpha ":'),
        lambda raw: raw.replace(b'{"alpha"', b'{"Extra":1,"alpha"'),
        lambda _: b"\xff",
        lambda _: b"[" * 100_000,
    ],
)
def test_t_1_bytes_that_are_no_plan_are_refused(spoil):
    with pytest.raises(RefusedError, match="T-1"):
        Plan.decode(spoil(PLAN.encode()))


def test_t_2_a_note_commits_to_one_plan():
    key = SigningKey.generate("lab.example/plans")
    note = commit_plan(PLAN, key, 1_800_000_000)
    assert verify_plan(PLAN, note, [key.public]) == 1_800_000_000
    with pytest.raises(RefusedError, match="T-2"):
        verify_plan(replace(PLAN, alpha=0.01), note, [key.public])
    with pytest.raises(RefusedError, match="L-7"):
        verify_plan(PLAN, note, [SigningKey.generate("another.example/plans").public])


def test_the_suspect_is_found_under_its_key_alone_and_the_control_is_not(answers):
    results = judge(PLAN, 10, 11, BASELINE, answers, KEYS, {"a.jsonl": "00" * 32})
    held = {(one.test, one.subject, one.key): one for one in results.results}
    assert len(held) == 4 * 2 * 2
    assert [name for name, one in held.items() if one.found] == [
        ("clipped-residuals", "suspect", "2026-11/a")
    ]
    first = held["clipped-residuals", "suspect", "2026-11/a"]
    assert first.log10_adjusted == pytest.approx(first.log10_p + np.log10(PLAN.family))
    assert first.rank_among == (1, 31)
    assert held["looks", "suspect", "2026-11/a"].log10_p < -6
    assert all(one.log10_p > -4 for name, one in held.items() if name[1:] != first_of(first))
    raw = results.encode()
    told = json.loads(raw)
    assert told["plan"] == PLAN.digest
    assert "does not show who" in told["limits"]
    assert raw == judge(PLAN, 10, 11, BASELINE, answers, KEYS, {"a.jsonl": "00" * 32}).encode()


def first_of(one):
    return one.subject, one.key


def test_t_3_queries_before_the_plan_are_refused(answers):
    with pytest.raises(RefusedError, match="T-3"):
        judge(PLAN, 11, 11, BASELINE, answers, KEYS)


def test_t_4_other_subjects_keys_or_tokens_are_refused(answers):
    with pytest.raises(RefusedError, match="T-4"):
        judge(PLAN, 10, 11, BASELINE, {"suspect": answers["suspect"]}, KEYS)
    swapped = dict(zip(KEYS, reversed(KEYS.values()), strict=True))
    with pytest.raises(RefusedError, match="T-4"):
        judge(PLAN, 10, 11, BASELINE, answers, swapped)
    short = Texts(answers["suspect"].tokens[:-1], answers["suspect"].offsets)
    with pytest.raises(RefusedError, match=r"T-4.*38,399 tokens"):
        judge(PLAN, 10, 11, BASELINE, answers | {"suspect": short}, KEYS)


def test_t_5_another_baseline_is_refused(answers):
    with pytest.raises(RefusedError, match="T-5"):
        judge(PLAN, 10, 11, Texts.of(*grammar(10, 128, 3)), answers, KEYS)


def test_looks_alone_may_stop_early_with_the_evidence_of_the_looks_so_far(answers):
    plan = replace(PLAN, tests=("looks",), looks=4)
    whole = judge(plan, 10, 11, BASELINE, answers, KEYS)
    held = {name: first_tokens(texts, plan.tokens_at(2)) for name, texts in answers.items()}
    early = judge(plan, 10, 11, BASELINE, held, KEYS, looked=2)
    assert (whole.looked, early.looked) == (None, 2)
    found = {(one.subject, one.key): one for one in early.results}
    assert found["suspect", "2026-11/a"].found
    assert not found["control", "2026-11/a"].found
    later = {(one.subject, one.key): one for one in whole.results}
    assert all(later[name].log10_p <= found[name].log10_p for name in found)
    for looked, of in ((0, held), (5, held), (3, held), (2, answers)):
        with pytest.raises(RefusedError, match="T-4"):
            judge(plan, 10, 11, BASELINE, of, KEYS, looked=looked)
    with pytest.raises(RefusedError, match="T-4"):
        judge(replace(plan, tests=PLAN.tests), 10, 11, BASELINE, held, KEYS, looked=2)


def first_tokens(texts, many):
    return Texts(texts.tokens[:many], np.append(texts.offsets[texts.offsets < many], many))
