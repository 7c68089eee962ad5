"""Speed, cost and survival of watermarks, beside transformers' and lm-watermarking's.

Run ``python bench/watermark.py``; it takes about three minutes on one core.  Speeds are of
processor time and torch has one thread.  The peers need ``stillwatch[prove-torch]``; a checkout of
lm-watermarking is given as ``--lm-watermarking DIR``.  Texts are drawn from a language of 2,000
tokens, each with successors of its own under Zipf's law, about 4 nats a token: no text of a person,
and no neural model, so that survival is of the mark and not of one model's manner.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import math
import statistics
import sys
import time
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import kstest

from stillwatch.find.features.hashing import fold, mix
from stillwatch.prove.watermark import (
    Detector,
    GreenRed,
    Gumbel,
    Named,
    Sampler,
    Texts,
    WatermarkKey,
    cost,
    unique_pairs,
)
from stillwatch.prove.watermark.prf import lanes, stacked
from stillwatch.prove.watermark.sampling import entropy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

VOCABULARY, TOKENS, TEXTS = 2_000, 1_000, 12
WIDE = 32_768
KEY = WatermarkKey.random(1)


def rate(call: Callable[[], object], tokens: int, least: float = 0.5) -> float:
    """Return tokens a second of processor time, the best of repeats over half a second."""
    call()
    best, spent = math.inf, 0.0
    while spent < least:
        begun = time.process_time()
        call()
        took = time.process_time() - begun
        best, spent = min(best, took), spent + max(took, 1e-6)
    return tokens / best


def text_of(many: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.minimum(rng.zipf(1.2, many), WIDE - 1).astype(np.uint32)


def prfs() -> None:
    print("\n1. The function: 1,000,000 pairs, context of one")
    columns = np.random.default_rng(1).integers(0, WIDE, (2, 1_000_000), np.uint32)
    sip = rate(lambda: lanes((1, 2), columns, 6), columns.shape[1])
    loose = np.zeros(columns.shape[1], np.uint8)
    sketch = rate(partial(sketch_hash, columns, loose), columns.shape[1])
    few = columns.T[:20_000].astype("<u4")
    blake = rate(
        lambda: [hashlib.blake2b(pair.tobytes(), key=b"k" * 16, digest_size=8) for pair in few],
        len(few),
    )
    print(f"   SipHash-2-4, keyed by 128 bits      {sip / 1e6:8.1f} M/s")
    print(f"   hash of the text sketches           {sketch / 1e6:8.1f} M/s ({sketch / sip:.1f} x)")
    print(
        f"   BLAKE2b a pair, hashlib             {blake / 1e6:8.2f} M/s ({sip / blake:.0f} x less)"
    )


def sketch_hash(columns: np.ndarray, out: np.ndarray) -> None:
    """Colour pairs by the hash that sketches use, compiled like the other."""
    _sketch_loop(np.uint64(0x1234_5678), columns[0], columns[1], out)


def _compiled() -> Callable[..., None]:
    import numba  # noqa: PLC0415 - beside the kernel that it compiles

    @numba.njit
    def loop(key: np.uint64, before: np.ndarray, newest: np.ndarray, out: np.ndarray) -> None:
        for i in range(out.size):
            state = fold(np.uint64(0xCBF29CE484222325) ^ key, np.uint64(before[i]))
            out[i] = mix(fold(state, np.uint64(newest[i]))) & np.uint64(1)

    return loop


_sketch_loop = _compiled()


def detection(folder: str | None) -> None:
    print(f"\n2. Detection, vocabulary of {WIDE:,}, green-red, context of one")
    many = 4_000_000
    text = text_of(many, 2)
    columns = np.stack([text[:-1], text[1:]])
    scheme = GreenRed()
    ours = rate(lambda: scheme.values(KEY, columns).sum(), many)
    whole = rate(lambda: scheme.score(text, KEY), many)
    spread = np.random.default_rng(3).integers(0, WIDE, many).astype(np.uint32)
    distinct = rate(lambda: scheme.score(spread, KEY), many)
    race = rate(lambda: Gumbel().score(text, KEY), many)
    print(f"   ours, scoring                       {ours:16,.0f} tokens/s")
    print(f"   ours, each pair once                {whole:16,.0f} tokens/s")
    print(f"   ours, each pair once, all distinct  {distinct:16,.0f} tokens/s")
    print(f"   ours, gumbel, each pair once        {race:16,.0f} tokens/s")
    keys = [Named(str(n), scheme, WatermarkKey.random(n)) for n in range(200)]

    def tried() -> None:
        Detector(keys).add(Texts.of(text[:500_000]))

    print(f"   ours, 200 keys, each pair once      {rate(tried, 500_000):16,.0f} tokens/s")
    short = text_of(600, 4).astype(np.int64)
    for name, call in peers(short, folder):
        theirs = rate(call, short.size, least=0.2)
        print(f"   {name:35s} {theirs:16,.0f} tokens/s (ours {whole / theirs:,.0f} x)")


def peers(short: np.ndarray, folder: str | None) -> Iterator[tuple[str, Callable[[], object]]]:
    """Yield name and call of others' detectors on the same text."""
    try:
        import torch  # noqa: PLC0415 - an extra
        from transformers import GPT2Config, WatermarkDetector, WatermarkingConfig  # noqa: PLC0415
    except ModuleNotFoundError as error:
        print(f"   peers are left out: {error.name} is not installed")
        return
    torch.set_num_threads(1)
    model = GPT2Config(vocab_size=WIDE, bos_token_id=0, eos_token_id=0)
    settings = WatermarkingConfig(greenlist_ratio=0.5, bias=2.0, context_width=1)
    ids = torch.from_numpy(short)[None]

    def transformers() -> None:  # a new one a call: it caches what it saw
        WatermarkDetector(model, "cpu", settings, ignore_repeated_ngrams=True)(ids)

    yield "transformers, WatermarkDetector", transformers
    if folder is None:
        print("   lm-watermarking is left out: give --lm-watermarking")
        return
    sys.path.insert(0, folder)
    module = importlib.import_module("extended_watermark_processor")

    def original() -> None:
        detector = module.WatermarkDetector(
            vocab=list(range(WIDE)),
            gamma=0.5,
            seeding_scheme="simple_1",
            device=torch.device("cpu"),
            tokenizer=SimpleNamespace(bos_token_id=None),
            normalizers=[],
            ignore_repeated_ngrams=True,
        )
        detector.detect(tokenized_text=ids[0])

    yield "lm-watermarking", original


def samplers() -> None:
    print("\n3. Samplers: share of one step of a model of 30 million parameters, one thread")
    try:
        import torch  # noqa: PLC0415 - an extra
        from transformers import (  # noqa: PLC0415
            GPT2Config,
            GPT2LMHeadModel,
            SynthIDTextWatermarkLogitsProcessor,
            WatermarkLogitsProcessor,
        )
    except ModuleNotFoundError as error:
        print(f"   left out: {error.name} is not installed")
        return
    from stillwatch.prove.watermark.for_transformers import (  # noqa: PLC0415
        GreenRedProcessor,
        GumbelProcessor,
    )

    torch.set_num_threads(1)
    torch.manual_seed(0)
    config = GPT2Config(
        vocab_size=WIDE, n_positions=512, n_embd=448, n_layer=6, n_head=7,
        bos_token_id=0, eos_token_id=0,
    )  # fmt: skip
    model = GPT2LMHeadModel(config).eval()
    chosen = {
        "ours, green-red": GreenRedProcessor(GreenRed(), KEY),
        "ours, green-red, entropy gate": GreenRedProcessor(GreenRed(), KEY, least_entropy=0.5),
        "ours, gumbel": GumbelProcessor(Gumbel(), KEY),
        "transformers, green-red": WatermarkLogitsProcessor(WIDE, "cpu", 0.5, 2.0, context_width=1),
        "transformers, SynthID": SynthIDTextWatermarkLogitsProcessor(
            ngram_len=5, keys=list(range(1, 31)), sampling_table_size=2**16,
            sampling_table_seed=0, context_history_size=1024, device="cpu",
        ),
    }  # fmt: skip
    spent = {name: [] for name in chosen}
    steps = []
    ids = torch.randint(0, WIDE, (1, 64))
    with torch.no_grad():
        past = model(ids, use_cache=True).past_key_values
        for turn in range(45):
            begun = time.process_time()
            logits = model(ids[:, -1:], past_key_values=past, use_cache=True).logits[:, -1]
            steps.append(time.process_time() - begun)
            order = list(chosen.items())
            for name, processor in order[turn % len(order) :] + order[: turn % len(order)]:
                begun = time.process_time()
                processor(ids, logits.clone())
                spent[name].append(time.process_time() - begun)
            ids = torch.cat([ids, torch.tensor([[turn]])], 1)
    step = statistics.median(steps[5:])
    parameters = sum(part.numel() for part in model.parameters())
    print(f"   a step of {parameters / 1e6:.1f} M parameters: {step * 1e3:.1f} ms")
    for name, times in spent.items():
        took = statistics.median(times[5:])
        print(f"   {name:35s} {took * 1e6:9,.0f} µs, x{1 + took / step:.3f}")


def language() -> np.ndarray:
    """Return logits of (VOCABULARY, VOCABULARY): each token ranks its successors anew."""
    rng = np.random.default_rng(11)
    ranks = np.argsort(rng.random((VOCABULARY, VOCABULARY), np.float32), axis=1)
    steepness = rng.uniform(0.9, 1.8, (VOCABULARY, 1))
    return (-steepness * np.log1p(ranks)).astype(np.float32)


def drawn(
    logits: np.ndarray,
    scheme: GreenRed | Gumbel,
    seed: int,
    many: int = TOKENS,
    least_entropy: float = 0.0,
) -> list[int]:
    rng = np.random.default_rng(seed)
    text = rng.integers(0, VOCABULARY, 5).tolist()
    sampler = Sampler(scheme, KEY, rng, least_entropy=least_entropy)
    for _ in range(many):
        text.append(sampler.draw(text, logits[text[-1]]))
    return text


def plain(logits: np.ndarray, seed: int, many: int = TOKENS) -> list[int]:
    """Return a text that nobody marked: a bias of nothing."""
    return drawn(logits, GreenRed(delta=1e-9), seed, many)


def quality(logits: np.ndarray) -> None:
    print(f"\n4. Cost and strength on {TEXTS} texts of {TOKENS:,} tokens (medians)")
    every = entropy(logits)
    used = np.array(plain(logits, 5, 4_000))
    print(f"   entropy of the next token {every[used].mean():.2f} nats")
    print("   scheme                              nats/token   log10 p   marked tokens")
    for delta in (0.5, 1.0, 2.0, 4.0):
        for gate in (0.0, 4.0):
            scheme = GreenRed(delta=delta)
            nats, p = [], []
            for seed in range(TEXTS):
                text = drawn(logits, scheme, seed, least_entropy=gate)
                at = np.array(text[4:-1])
                green = np.stack([scheme.row(KEY, [token], VOCABULARY) for token in at])
                marked = every[at] >= gate
                nats.append(float((cost(logits[at], green, delta) * marked).mean()))
                p.append(scheme.score(text, KEY).log10_p)
            named = f"green-red, delta {delta}" + (f", gate {gate:.0f} nats" if gate else "")
            share = float((every[used] >= gate).mean())
            print(
                f"   {named:35s} {statistics.median(nats):10.3f} {statistics.median(p):9.1f} "
                f"{share:12.0%}"
            )
    p = [Gumbel().score(drawn(logits, Gumbel(), s), KEY).log10_p for s in range(TEXTS)]
    print(f"   {'gumbel, over keys':35s} {0:10.3f} {statistics.median(p):9.1f} {1:12.0%}")


def substituted(
    logits: np.ndarray, text: list[int], rng: np.random.Generator, share: float
) -> list[int]:
    """Replace a share of words by what fits after the word before, as a synonym does."""
    found = list(text)
    for at in range(1, len(found)):
        if rng.random() < share:
            p = np.exp(logits[found[at - 1]])
            found[at] = int(rng.choice(VOCABULARY, p=p / p.sum(dtype=np.float64)))
    return found


def rewritten(
    logits: np.ndarray, text: list[int], rng: np.random.Generator, likeness: float
) -> list[int]:
    """Write the text again: a model draws each word, leaning to the source's words near by.

    Like a translation there and back, it may drop, keep, move or replace words; the lean, in nats,
    is all that binds it to the source.
    """
    found = [text[0]]
    for at in range(1, len(text)):
        scores = logits[found[-1]].astype(np.float64)
        scores[text[max(at - 2, 0) : at + 3]] += likeness
        p = np.exp(scores - scores.max())
        found.append(int(rng.choice(VOCABULARY, p=p / p.sum())))
    return found


def changes(
    logits: np.ndarray,
) -> dict[str, Callable[[list[int], np.random.Generator], list[int]]]:
    """Return what is done to a marked text, by name."""
    unmarked = plain(logits, 99, 10 * TOKENS)
    return {
        "as it is": lambda text, _: text,
        "10 % of words substituted": lambda t, rng: substituted(logits, t, rng, 0.1),
        "30 % of words substituted": lambda t, rng: substituted(logits, t, rng, 0.3),
        "50 % of words substituted": lambda t, rng: substituted(logits, t, rng, 0.5),
        "cut to 250 tokens": lambda t, _: t[:250],
        "cut to 100 tokens": lambda t, _: t[:100],
        "50 % unmarked mixed in": lambda t, _: t + unmarked[: len(t)],
        "90 % unmarked mixed in": lambda t, _: t + unmarked[: 9 * len(t)],
        "rewritten, close": lambda t, rng: rewritten(logits, t, rng, 6.0),
        "rewritten, loose": lambda t, rng: rewritten(logits, t, rng, 3.0),
        "rewritten, free": lambda t, rng: rewritten(logits, t, rng, 0.0),
    }


def survival(logits: np.ndarray) -> None:
    schemes = [GreenRed(), GreenRed(context=2), Gumbel(context=1), Gumbel()]
    print(f"\n5. What survives, {TEXTS} texts of {TOKENS:,} tokens: median log10 p, found at 1e-6")
    names = [f"{scheme.name} h={scheme.context}" for scheme in schemes]
    print(f"   {'':28s}" + "".join(f"{name:>18s}" for name in names))
    texts = [[drawn(logits, scheme, s) for s in range(TEXTS)] for scheme in schemes]
    for name, change in changes(logits).items():
        cells = []
        for scheme, marked in zip(schemes, texts, strict=True):
            p = [
                scheme.score(change(text, np.random.default_rng(s)), KEY).log10_p
                for s, text in enumerate(marked)
            ]
            cells.append(f"{statistics.median(p):10.1f} {sum(x < -6 for x in p):3d}/{len(p)}")
        print(f"   {name:28s}" + "".join(f"{cell:>18s}" for cell in cells))


def calibration(logits: np.ndarray, many: int = 4_000) -> None:
    print(f"\n6. {many:,} wrong keys on one marked text of 20,000 tokens, repeats and all")
    for scheme in (GreenRed(), Gumbel()):
        text = drawn(logits, scheme, 7, 20_000) + drawn(logits, scheme, 7, 4_000)
        contexts, tokens = unique_pairs(text, scheme.context)
        columns = stacked(contexts, tokens)
        p = np.array([
            scheme.judged(
                float(scheme.values(key, columns).sum(dtype=np.float64)), tokens.size
            ).p
            for key in map(WatermarkKey.random, range(10, 10 + many))
        ])  # fmt: skip
        shares = ", ".join(f"{np.mean(p <= level):.4f} at {level}" for level in (0.05, 0.01, 0.001))
        print(
            f"   {scheme.name:10s} {shares}; smallest {p.min():.1e}, "
            f"Kolmogorov-Smirnov p {kstest(p, 'uniform').pvalue:.2f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--lm-watermarking", help="a checkout of jwkirchenbauer/lm-watermarking")
    folder = parser.parse_args().lm_watermarking
    print("figures of one core of a machine that may be shared; compare ratios")
    prfs()
    detection(folder)
    samplers()
    logits = language()
    quality(logits)
    survival(logits)
    calibration(logits)


if __name__ == "__main__":
    main()
