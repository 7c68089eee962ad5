"""Samplers in torch, transformers and vLLM say what the detector says, bit for bit."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest

from stillwatch.prove.watermark import GreenRed, Gumbel, IssuedKey, WatermarkKey
from stillwatch.prove.watermark.prf import vocabulary_lanes

torch = pytest.importorskip("torch", reason="torch is not installed (extra prove-torch)")

VOCABULARY = 300


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.parametrize(
    "scheme", [GreenRed(), GreenRed(gamma=0.25, context=2), Gumbel()], ids=repr
)
def test_torch_operations_agree_with_the_kernel(scheme):
    from stillwatch.prove.watermark.torch_prf import (  # noqa: PLC0415
        lanes_by_torch,
        rows,
        words_tensor,
    )

    keys = [scheme.words(WatermarkKey.random(n)) for n in range(9)]
    contexts = np.random.default_rng(1).integers(0, 2**31, (9, scheme.context))
    asked = (words_tensor(keys), torch.from_numpy(contexts), VOCABULARY, scheme.shift)
    wanted = np.stack(
        [
            vocabulary_lanes(words, context, VOCABULARY, scheme.shift)
            for words, context in zip(keys, contexts.astype(np.uint32), strict=True)
        ]
    )
    assert np.array_equal(lanes_by_torch(*asked).numpy(), wanted)
    assert np.array_equal(rows(*asked).numpy(), wanted)


@pytest.mark.parametrize("scheme", [GreenRed(), GreenRed(gamma=0.25, context=2)], ids=repr)
def test_rows_are_raised_alike_on_every_path(scheme):
    from stillwatch.prove.watermark.torch_prf import raised, words_tensor  # noqa: PLC0415

    words = words_tensor([scheme.words(WatermarkKey.random(n)) for n in range(4)])
    contexts = torch.randint(0, VOCABULARY, (4, scheme.context))
    delta = torch.tensor([2.0, 0.0, 1.5, 0.25])
    scores = torch.randn(4, VOCABULARY)
    compiled = raised(scores.clone(), words, contexts, delta, scheme)
    by_operations = raised(scores.double(), words, contexts, delta, scheme)
    assert torch.equal(compiled, (by_operations - scores.double() + scores).float())
    green = np.stack([
        scheme.row(WatermarkKey.random(n), contexts[n], VOCABULARY) for n in range(4)
    ])  # fmt: skip
    wanted = scores + torch.from_numpy(green.astype(np.float32)) * delta[:, None]
    assert torch.equal(compiled, wanted)


def test_the_race_has_the_same_winners_as_in_numpy():
    from stillwatch.prove.watermark.for_transformers import GumbelProcessor  # noqa: PLC0415

    scheme, key = Gumbel(context=2), WatermarkKey.random(1)
    ids, scores = torch.randint(0, VOCABULARY, (200, 2)), torch.randn(200, VOCABULARY)
    scores[:, 7] = -torch.inf
    got = GumbelProcessor(scheme, key)(ids, scores)
    assert int(torch.isfinite(got).sum()) == 200, "one token is left in each row"
    wanted = [
        scheme.winner(key, ids[n], scores[n].double().numpy()) for n in range(200)
    ]  # fmt: skip
    assert got.argmax(-1).tolist() == wanted


def model():
    transformers = pytest.importorskip(
        "transformers", reason="transformers is not installed (extra prove-torch)"
    )
    torch.manual_seed(0)
    config = transformers.GPT2Config(
        vocab_size=VOCABULARY, n_positions=256, n_embd=32, n_layer=1, n_head=2
    )
    config.bos_token_id = config.eos_token_id = None
    return transformers.GPT2LMHeadModel(config).eval()


def generated(processor, rows=3, new=200):
    torch.manual_seed(1)
    prompts = torch.arange(rows * 5).reshape(rows, 5)
    out = model().generate(
        prompts,
        attention_mask=torch.ones_like(prompts),
        logits_processor=[processor],
        do_sample=True,
        max_new_tokens=new,
        pad_token_id=0,
        top_k=0,
    )
    return out[:, 5:].tolist()


def test_each_row_of_a_batch_is_marked_by_its_own_key():
    from stillwatch.prove.watermark.for_transformers import GreenRedProcessor  # noqa: PLC0415

    scheme, keys = GreenRed(), [WatermarkKey.random(n) for n in range(3)]
    texts = generated(GreenRedProcessor(scheme, keys))
    log10 = np.array([[scheme.score(text, key).log10_p for key in keys] for text in texts])
    assert np.all(np.diag(log10) < -6)
    assert np.all(log10[~np.eye(3, dtype=bool)] > -4)


def test_the_processor_adds_delta_to_green_tokens_and_nothing_else():
    from stillwatch.prove.watermark.for_transformers import GreenRedProcessor  # noqa: PLC0415

    scheme, key = GreenRed(delta=1.5), WatermarkKey.random(1)
    scores = torch.randn(2, VOCABULARY)
    scores[:, 5] = -torch.inf
    marked = GreenRedProcessor(scheme, key)(torch.tensor([[1, 7], [2, 9]]), scores)
    for row, last in enumerate((7, 9)):
        added = scheme.row(key, [last], VOCABULARY) * np.float32(1.5)
        assert torch.equal(marked[row], scores[row] + torch.from_numpy(added))
    sure = torch.zeros(1, VOCABULARY).index_fill_(1, torch.tensor([3]), 50.0)
    gated = GreenRedProcessor(scheme, key, least_entropy=0.5)
    assert torch.equal(gated(torch.tensor([[7]]), sure), sure)
    assert torch.equal(GreenRedProcessor(GreenRed(context=4), key)(torch.tensor([[7]]), sure), sure)


def test_the_race_is_found_in_what_transformers_generates():
    from stillwatch.prove.watermark.for_transformers import GumbelProcessor  # noqa: PLC0415

    scheme, key = Gumbel(), WatermarkKey.random(1)
    texts = generated(GumbelProcessor(scheme, key, temperature=0.9))
    assert max(scheme.score(text, key).log10_p for text in texts) < -20
    assert min(scheme.score(text, WatermarkKey.random(2)).log10_p for text in texts) > -4


@pytest.fixture
def vllm(monkeypatch, tmp_path):
    """Yield the stub and our processor, imported against it, with keys for two cohorts."""
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    stub = importlib.import_module("vllm_stub")
    stub.install(monkeypatch)
    name = "stillwatch.prove.watermark.for_vllm"
    monkeypatch.delitem(sys.modules, name, raising=False)
    for cohort, seed in (("a", 1), ("b", 2)):
        issued(cohort, seed).write(tmp_path / f"{cohort}.key")
    monkeypatch.setenv("STILLWATCH_WATERMARK_KEYS", str(tmp_path))
    monkeypatch.delenv("STILLWATCH_WATERMARK_DEFAULT", raising=False)
    yield stub, importlib.import_module(name)
    sys.modules.pop(name, None)


def issued(cohort, seed, scheme=None):
    return IssuedKey("2026-11", cohort, scheme or GreenRed(context=3), WatermarkKey.random(seed))


@pytest.mark.parametrize("drafts", [0, 1, 4])
def test_in_the_stub_of_vllm_each_request_is_marked_by_its_cohorts_key(vllm, drafts):
    stub, ours = vllm
    engine = stub.Engine(ours.CohortProcessor, torch.randn(80, 80))
    engine.admit(1, [5, 6, 7, 8], {ours.COHORT: "b"})  # a first occupant of the slot
    engine.step([1], drafts)
    engine.admit(0, [3, 1, 4], {ours.COHORT: "a"})
    engine.admit(1, [2, 7], {ours.COHORT: "a"})
    engine.admit(2, [9], {ours.COHORT: "b"})
    engine.admit(3, [9, 9], None)
    assert [engine.declined[slot] for slot in range(4)] == [False, False, False, True]
    for at in range(160 // (drafts + 1)):
        engine.step([[0, 1, 2, 3], [3, 1, 0, 2]][at % 2], drafts)
    scheme = GreenRed(context=3)
    for slot, right in ((0, 1), (1, 1), (2, 2), (3, None)):
        for seed in (1, 2):
            log10 = scheme.score(engine.text(slot), WatermarkKey.random(seed)).log10_p
            assert (log10 < -6) if seed == right else (log10 > -4), (slot, seed, log10)


def test_in_the_stub_of_vllm_rows_get_the_detectors_bits(vllm):
    stub, ours = vllm
    table = torch.zeros(80, 80)
    table[:, 4] = -torch.inf  # as a grammar bars a token
    engine = stub.Engine(ours.CohortProcessor, table)
    engine.admit(0, [3, 1, 4, 1, 5], {ours.COHORT: "a"})
    engine.admit(2, [2, 6], {ours.COHORT: "a"})
    got = engine.step([2, 0])
    scheme, key = GreenRed(context=3), WatermarkKey.random(1)
    wanted = 2.0 * scheme.row(key, [4, 1, 5], 80).astype(np.float32)
    wanted[4] = -np.inf
    assert np.array_equal(got[1].numpy(), wanted)
    assert np.array_equal(got[0].numpy(), table[0].numpy()), "two tokens are no context of three"


def test_in_the_stub_of_vllm_a_cohort_without_key_fails_its_request(vllm, tmp_path, monkeypatch):
    stub, ours = vllm
    engine = stub.Engine(ours.CohortProcessor, torch.zeros(80, 80))
    with pytest.raises(ValueError, match="no key was issued"):
        engine.admit(0, [1], {ours.COHORT: "c"})
    issued("c", 3).write(tmp_path / "c.key")  # a campaign's key, without a restart
    engine.admit(0, [1, 2, 3], {ours.COHORT: "c"})
    monkeypatch.setenv("STILLWATCH_WATERMARK_DEFAULT", "a")
    engine.admit(1, [1, 2, 3], None)
    assert engine.declined == {0: False, 1: False}
    issued("d", 4, Gumbel()).write(tmp_path / "d.key")
    with pytest.raises(ValueError, match="one green-red scheme"):
        engine.admit(2, [1], None)
    monkeypatch.setenv("STILLWATCH_WATERMARK_KEYS", str(tmp_path / "none"))
    with pytest.raises(ValueError, match="names no folder"):
        engine.admit(2, [1], None)
