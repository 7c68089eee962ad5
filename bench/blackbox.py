"""Power and errors of the tests without a watermark, on small models.

Run ``OPENBLAS_NUM_THREADS=1 python bench/blackbox.py [canaries agreement refusals equality]``; each
takes up to four minutes on an idle core.  All models are the small network of
``stillwatch.prove.lineage.small``, trained on 256 thousand tokens; a prompt is two tokens, and what
a model says next is its answer.  Every seed has its own teacher, students and draws.
"""

from __future__ import annotations

import argparse
import json
import time

import numpy as np

from stillwatch.ledger import commit
from stillwatch.prove.lineage.blackbox import (
    Agreement,
    Answer,
    Borderline,
    Canaries,
    Canary,
    CommittedSet,
    Heard,
    Item,
    NotEnough,
    Refusals,
    Slot,
)
from stillwatch.prove.lineage.blackbox.equality import discrepancy
from stillwatch.prove.lineage.small import Network, grammar, train, write
from stillwatch.stop.responses.canaries import CanarySet

TEXTS, LENGTH, VOCABULARY = 1_000, 256, 128
VARIANTS = np.arange(120, 124)
REFUSES = 127
SALT = bytes(32)
SEEDS = 5
FEW = 3
PEERS = 14
EXPOSED = 200


def language(seed: int) -> np.ndarray:
    return grammar(TEXTS, LENGTH, seed)


def planted(texts: np.ndarray, triples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return texts with (n, 3) tokens written over theirs at random places."""
    out = texts.copy()
    rows = rng.integers(0, len(texts), len(triples))
    columns = rng.integers(2, LENGTH - 3, len(triples))
    out[rows[:, None], columns[:, None] + np.arange(3)] = triples
    return out


def contexts(many: int, rng: np.random.Generator) -> np.ndarray:
    """Return distinct pairs of tokens, (many, 2)."""
    pairs = rng.choice(VOCABULARY**2, many, replace=False)
    return np.stack([pairs // VOCABULARY, pairs % VOCABULARY], axis=1)


def says(model: Network, asked: np.ndarray, samples: int, rng: np.random.Generator) -> np.ndarray:
    """Return the next tokens that a model draws after each context, (contexts, samples)."""
    scores = model.logits(asked[:, 0], asked[:, 1]).astype(np.float64)
    drawn = scores + rng.gumbel(size=(samples, *scores.shape))
    return drawn.argmax(axis=2).T


def answers(tokens: np.ndarray, items: list[str]) -> tuple[Answer, ...]:
    return tuple(
        Answer(item=item, sample=sample, text=f"w{token}.")
        for item, row in zip(items, tokens, strict=True)
        for sample, token in enumerate(row)
    )


def middle(values: list[float]) -> str:
    return f"{np.median(values):.1f} ({min(values):.1f} to {max(values):.1f})"


def plan(chosen: CanarySet, asked: np.ndarray, samples: int) -> Canaries:
    return Canaries(
        sets=(CommittedSet(set_id="s", commitment=commit(SALT, chosen.content()).hex()),),
        slots=(Slot(set_id="s", slot="x", signs=tuple((f"w{v}",) for v in VARIANTS)),),
        canaries=tuple(
            Canary(slot=0, request_id=str(at), prompts=(str(pair),))
            for at, pair in enumerate(asked.tolist())
        ),
        samples=samples,
    )


def opening(chosen: CanarySet) -> bytes:
    line = {"set_id": "s", "content": chosen.content().decode(), "key": chosen.key.hex()}
    return json.dumps(line | {"salt": SALT.hex()}).encode()


def canaries() -> None:
    """A harvest holds each canary 64 times; a student learns from a share of it."""
    print("canaries: m = 4; median log10 p (least to most), found at 1e-6")
    controls: dict[str, list[float]] = {}
    references = [train(language(400 + at), at) for at in range(3)]
    said = [
        write(train(language(100 + seed), seed), TEXTS, LENGTH, 200 + seed) for seed in range(SEEDS)
    ]
    for many in (50, 200, 800):
        for share in (6, 12, 25, 50, 100):
            p: dict[str, list[float]] = {}
            for seed in range(SEEDS):
                rng = np.random.default_rng([seed, many, share])
                chosen = CanarySet("s", "c", {"x": tuple(f"w{v}" for v in VARIANTS)}, rng.bytes(32))
                asked = contexts(many, rng)
                drawn = VARIANTS[[chosen.choice(str(at), "x") for at in range(many)]]
                other = VARIANTS[rng.integers(0, 4, many)]
                heard = []
                for values in (drawn, other):
                    triples = np.repeat(np.column_stack([asked, values]), 64, axis=0)
                    harvest = planted(said[seed], triples, rng)[: TEXTS * share // 100]
                    rest = language(60_000 + 100 * seed + share)[: TEXTS - len(harvest)]
                    heard.append(train(np.concatenate([harvest, rest]), 300 + seed))
                told = [says(model, asked, 20, rng) for model in (*heard, *references)]
                for samples in (2, 20):
                    part = plan(chosen, asked, samples)
                    items = [query.item for query in part.queries()]
                    suspect, control, *rest = [answers(one[:, :samples], items) for one in told]
                    outcomes = part.judge(
                        "student",
                        Heard(
                            suspect=suspect,
                            references={str(at): one for at, one in enumerate(rest)},
                            controls={"other draws": control},
                            openings=(opening(chosen),),
                        ),
                    )
                    for one in outcomes:
                        name = f"{one.test.partition('/')[2]} of {samples}"
                        p.setdefault(name, []).append(one.log10_p)
                        found = [c.log10_p for c in one.controls if c.subject == "other draws"]
                        controls.setdefault(name, []).extend(found)
            cells = [
                f"{name}: {middle(of)}, {sum(x < -6 for x in of)}/{len(of)}"
                for name, of in p.items()
            ]
            print(f"  {many:4} canaries, {share:3} %: {'; '.join(cells)}", flush=True)
    for name, of in controls.items():
        below = [float(np.mean(np.array(of) <= np.log10(level))) for level in (0.05, 0.01, 0.001)]
        print(f"  controls of other draws, {name}: {len(of)}, below .05/.01/.001 {below}")


def agreement() -> None:
    """References of the teacher's size, a wide tolerance; then of several sizes, a narrow one."""
    agreeing(np.full(PEERS, TEXTS), 0.12, FEW, 6, (0, 20, 50, 100))
    agreeing(np.linspace(300, TEXTS, 24).astype(int), 0.05, 4, 5, (0, 5, 10, 20, 50, 100))


def agreeing(
    sizes: np.ndarray, tolerance: float, seeds: int, innocent: int, shares: tuple[int, ...]
) -> None:
    print(f"agreement: references of {sizes[0]} to {sizes[-1]} texts, tolerance {tolerance}")
    base = grammar(16_000, LENGTH, 77)
    flat = (base[:, :-2].astype(np.int64) * VOCABULARY + base[:, 1:-1]) * VOCABULARY + base[:, 2:]
    counts = np.bincount(flat.ravel(), minlength=VOCABULARY**3).reshape(-1, VOCABULARY)
    common = np.flatnonzero(counts.sum(axis=1) >= 50)
    ranks: dict[int, list[tuple[int, int]]] = {share: [] for share in shares}
    used = []
    for seed in range(seeds):
        rng = np.random.default_rng([seed, 1])
        places = rng.choice(common, 1_000, replace=False)
        asked = np.stack([places // VOCABULARY, places % VOCABULARY], axis=1)
        truth = counts[places].argmax(axis=1)
        part = Agreement(
            items=tuple(
                Item(prompt=str(pair), truth=f"w{right}")
                for pair, right in zip(asked.tolist(), truth, strict=True)
            ),
            tolerance=tolerance,
        )
        items = [query.item for query in part.queries()]

        def best(model: Network, asked: np.ndarray = asked, items: list[str] = items) -> tuple:
            tokens = model.logits(asked[:, 0], asked[:, 1]).argmax(axis=1)
            return answers(tokens[:, None], items)

        teacher = train(language(1_000 + seed), seed)
        said = write(teacher, TEXTS, LENGTH, 1_100 + seed)
        peers = {
            str(at): best(train(language(10_000 + 100 * seed + at)[:size], at))
            for at, size in enumerate(sizes)
        }
        answered = best(teacher)
        for share, of in ranks.items():
            for again in range(innocent if share == 0 else 2):
                fresh = language(20_000 + 1_000 * seed + 10 * share + again)
                mixed = np.concatenate([said[: TEXTS * share // 100], fresh])[:TEXTS]
                (one,) = part.judge(
                    "x",
                    Heard(suspect=best(train(mixed, 7 + again)), ours=answered, references=peers),
                )
                if isinstance(one, NotEnough):
                    print(f"  {share} %: {one.why}")
                    continue
                of.append((one.rank, one.among))
                used.append(one.used)
    for share, of in ranks.items():
        first = sum(rank == 1 for rank, _ in of)
        among = [k for _, k in of]
        place = np.median([rank for rank, _ in of])
        print(
            f"  {share:3} %: {len(of)} students, first {first}, median rank {place:.0f}; "
            f"{min(among)} to {max(among)} models of like accuracy"
        )
    print(f"  items that told models apart: {min(used)} to {max(used)}")
    chance = sum(1 / k for _, k in ranks[0])
    print(f"  without our answers: ranks {sorted(ranks[0])}; first by chance {chance:.1f}")


def refusals() -> None:
    print("refusals: 60 prompts x 10 askings, three kinds; rank among 15")
    ranks: dict[int, list[int]] = {share: [] for share in (0, 20, 50, 100)}
    gaps = []
    for seed in range(FEW):
        rng = np.random.default_rng([seed, 2])
        asked = contexts(60, rng)
        part = Refusals(
            prompts=tuple(
                Borderline(prompt=str(pair), category=f"kind {at % 3}")
                for at, pair in enumerate(asked.tolist())
            ),
            classifier="the token",
            samples=10,
        )
        items = [query.item for query in part.queries()]
        delicate = rng.normal(0, 1, 60)

        def policy(rng: np.random.Generator = rng, delicate: np.ndarray = delicate) -> np.ndarray:
            return 1 / (1 + np.exp(-(delicate + rng.normal(0, 1.5, 60) + rng.normal(0, 0.5))))

        def learned(
            parts: list[tuple[np.ndarray, int]],
            number: int,
            rng: np.random.Generator = rng,
            asked: np.ndarray = asked,
        ) -> Network:
            triples = [
                np.column_stack(
                    [asked, np.where(rng.random(60) < chances, REFUSES, rng.integers(0, 120, 60))]
                )
                for chances, times in parts
                for _ in range(times)
            ]
            return train(planted(language(number), np.concatenate(triples), rng), number)

        def heard(
            model: Network,
            rng: np.random.Generator = rng,
            asked: np.ndarray = asked,
            items: list[str] = items,
        ) -> tuple[Answer, ...]:
            tokens = says(model, asked, 10, rng)
            return tuple(
                Answer(
                    item=item,
                    sample=sample,
                    text="",
                    label="refused" if token == REFUSES else "answered",
                )
                for item, row in zip(items, tokens, strict=True)
                for sample, token in enumerate(row)
            )

        own = policy()
        victim = heard(learned([(own, EXPOSED)], 30_000 + seed))
        peers = {
            str(at): heard(learned([(policy(), EXPOSED)], 31_000 + 100 * seed + at))
            for at in range(PEERS)
        }
        for share, of in ranks.items():
            for again in range(6 if share == 0 else 2):
                theirs = EXPOSED * share // 100
                model = learned(
                    [(own, theirs), (policy(), EXPOSED - theirs)],
                    40_000 + 1_000 * seed + share + again,
                )
                ranked, gap = part.judge(
                    "x", Heard(suspect=heard(model), ours=victim, references=peers)
                )
                of.append(ranked.rank)
                if share in {0, 100}:
                    whole = next(f for f in gap.figures if f.subject == "x" and "all" in f.name)
                    gaps.append((share, whole.count / max(whole.of, 1)))
    for share, of in ranks.items():
        first = sum(rank == 1 for rank in of)
        print(f"  {share:3} %: {len(of)} students, first {first}, median rank {np.median(of):.0f}")
    print(f"  ranks of students without our answers: {sorted(ranks[0])}")
    for share in (0, 100):
        print(f"  safety gap at {share} %: {np.mean([g for s, g in gaps if s == share]):.2f}")


def written(
    model: Network, asked: np.ndarray, samples: int, rng: np.random.Generator, heat: float = 1.0
) -> list[list[str]]:
    """Return answers of 30 tokens, a character each, to each context."""
    out = np.empty((len(asked), samples, 32), np.uint32)
    out[:, :, :2] = asked[:, None]
    for at in range(2, 32):
        scores = model.logits(out[:, :, at - 2].ravel(), out[:, :, at - 1].ravel()) / heat
        scores = scores + rng.gumbel(size=scores.shape)
        out[:, :, at] = scores.argmax(axis=1).reshape(len(asked), samples)
    return [["".join(chr(0x4E00 + t) for t in one[2:]) for one in row] for row in out.tolist()]


def rounded(model: Network, bits: int) -> Network:
    parts = []
    for part in (model.older, model.newer, model.out, model.bias):
        step = np.abs(part).max() / 2 ** (bits - 1)
        parts.append((np.round(part / step) * step).astype(np.float32))
    return Network(*parts)


def equality() -> None:
    print("equality: 20 prompts, 30 characters; told apart at .05 by askings of each side")
    rng = np.random.default_rng(3)
    asked = contexts(20, rng)
    teacher = train(language(50_000), 1)
    said = write(teacher, TEXTS, LENGTH, 50_001)
    others = {
        "the same": (teacher, 1.0),
        "weights of 3 bits": (rounded(teacher, 3), 1.0),
        "temperature .8": (teacher, 0.8),
        "student of 100 %": (train(said, 2), 1.0),
        "another, of as much text": (train(language(50_002), 3), 1.0),
        "another, of a tenth of the text": (train(language(50_002)[: TEXTS // 10], 3), 1.0),
    }
    ours = written(teacher, asked, 1_000, rng)
    for name, (model, heat) in others.items():
        theirs = written(model, asked, 1_000, rng, heat)
        for kernel in ("hamming", "trigrams"):
            told = {}
            for samples in (5, 25, 50):
                p = []
                for trial in range(min(40, 1_000 // samples)):
                    drawn = slice(trial * samples, (trial + 1) * samples)
                    pairs = [(x[drawn], y[drawn]) for x, y in zip(ours, theirs, strict=True)]
                    p.append(discrepancy(pairs, kernel, 30, 199, trial)[2])
                told[samples] = float(np.mean(np.array(p) <= 0.05))
            print(f"  {kernel}, {name}: {told}", flush=True)
    pool = written(teacher, asked[:3], 16_000, rng)
    for kernel in ("hamming", "trigrams"):
        p = []
        for trial in range(2_000):
            at = 8 * trial
            pairs = [(one[at : at + 4], one[at + 4 : at + 8]) for one in pool]
            p.append(discrepancy(pairs, kernel, 30, 199, trial)[2])
        below = [float(np.mean(np.array(p) <= level)) for level in (0.05, 0.01)]
        print(f"  {kernel}, the same, 2,000 tests with 4 askings of 3 prompts: {below}", flush=True)


def main() -> None:
    parts = {one.__name__: one for one in (canaries, agreement, refusals, equality)}
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", default=list(parts))
    for name in parser.parse_args().parts:
        begun = time.perf_counter()
        parts[name]()
        print(f"  {time.perf_counter() - begun:.0f} s")


if __name__ == "__main__":
    main()
