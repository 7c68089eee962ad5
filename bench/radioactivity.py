"""How small a share of marked text in a student's training is found, and what wrong keys give.

``--robust`` measures what is left where a fifth of the training are answers that were cut, thinned
out, had words replaced or were learned by another in between; and with another tokenizer.

Run ``OPENBLAS_NUM_THREADS=1 python bench/radioactivity.py --seeds 1 2 3 --out DIR``, then ``--table
DIR``.  A seed takes one to two minutes on a shared core.  Each seed has its own key, teacher and
students.  The teacher is trained on a language of our grammar; a student's 1.02 million training
tokens are the teacher's marked answers by the given share and fresh text of the language for the
rest; each is asked for 1.02 million tokens.  The baseline is 4.1 million tokens of the language.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np

from stillwatch.prove.lineage import STATISTICS, EProcess, count, findings
from stillwatch.prove.lineage.small import grammar, train, write
from stillwatch.prove.lineage.statistics import bits_of
from stillwatch.prove.lineage.tails import tails
from stillwatch.prove.watermark import GreenRed, Texts, WatermarkKey

SHARES = (5, 1, 10, 0, 20, 100, 50)  # what is asked first comes first
TEXTS, LENGTH = 4_000, 256
WRONG, LOOKS = 500, 4
LEVELS = (0.05, 0.01, 0.001)
SCHEME = GreenRed()


def p_of(name: str, weights: np.ndarray, totals: np.ndarray) -> np.ndarray:
    """Return p-values of many sums under wrong keys."""
    if name == "residuals":
        return np.exp(-2 * np.maximum(totals, 0) ** 2 / (weights @ weights))
    return tails(weights, totals)


def student(seed: int, share: int, teacher: object, key: WatermarkKey) -> np.ndarray:
    """Return what a student writes that learned from a share of marked answers, in per cent."""
    marked = TEXTS * share // 100
    parts = [grammar(TEXTS - marked, LENGTH, 1_000 * seed + share)]
    if marked:
        parts.append(write(teacher, marked, LENGTH, 2_000 * seed + share, mark=(SCHEME, key)))
    trained = train(np.concatenate(parts), 3_000 * seed + share)
    return write(trained, TEXTS, LENGTH, 4_000 * seed + share)


def run(seed: int, file: object) -> None:
    key = WatermarkKey.random(10_000_000 + seed)
    teacher = train(grammar(TEXTS, LENGTH, 5_000 + seed), 6_000 + seed)
    baseline = Texts.of(*grammar(4 * TEXTS, LENGTH, 7_000 + seed))
    wrong = [WatermarkKey.random(100_000 * seed + n) for n in range(WRONG)]
    for share in SHARES:
        begun = time.perf_counter()
        wrote = student(seed, share, teacher, key)
        counts = count(Texts.of(*wrote), baseline, SCHEME.context)
        others = np.stack([statistic.weights(counts) for statistic in STATISTICS])
        sums = np.stack([others @ bits_of(counts, SCHEME, one) for one in wrong], axis=1)
        process = EProcess(SCHEME, key, LOOKS)
        for look in range(1, LOOKS + 1):
            so_far = Texts.of(*wrote[: TEXTS * look // LOOKS])
            process.look(count(so_far, baseline, SCHEME.context))
        line = {"seed": seed, "share": share, "pairs": counts.many, "log10_e": process.log10_e}
        for found, weights, totals in zip(findings(counts, SCHEME, key), others, sums, strict=True):
            p = p_of(found.statistic, weights, totals)
            line[found.statistic] = {
                "log10_p": found.log10_p,
                "log10_bound": found.log10_bound,
                "rank": 1 + int((totals >= found.total).sum()),
                "wrong": [int((p <= level).sum()) for level in LEVELS],
                "lowest": float(p.min()),
            }
        line["seconds"] = round(time.perf_counter() - begun, 1)
        file.write(json.dumps(line) + "\n")
        file.flush()
        print(json.dumps(line), flush=True)


def cut(texts: np.ndarray, length: int) -> np.ndarray:
    """Return texts of which only the beginning is left, as rows as long as before."""
    return texts[:, :length].reshape(-1, LENGTH)


def thinned(texts: np.ndarray, other: np.ndarray, run_: int = 16) -> np.ndarray:
    """Return texts in which every second run of tokens is somebody else's."""
    mine = (np.arange(LENGTH) // run_ % 2).astype(bool)
    return np.where(mine, texts, other[: len(texts)])


def replaced(texts: np.ndarray, share: float, seed: int) -> np.ndarray:
    """Return texts with a share of their tokens drawn anew, as often as the texts have them."""
    rng = np.random.default_rng(seed)
    drawn = rng.choice(texts.ravel(), texts.shape)
    return np.where(rng.random(texts.shape) < share, drawn, texts)


class Pairs:
    """A tokenizer with a token for each of the most frequent pairs of words beside the words."""

    def __init__(self, texts: np.ndarray, many: int = 64) -> None:
        both = texts[:, :-1].astype(np.int64) * 128 + texts[:, 1:]
        found, times = np.unique(both, return_counts=True)
        self.pairs = found[np.argsort(-times)[:many]]
        self.number = np.full(128 * 128, -1)
        self.number[self.pairs] = 128 + np.arange(many)

    def encoded(self, texts: np.ndarray) -> np.ndarray:
        """Return texts, end to end, in rows as long as before."""
        out, at, words = [], 0, texts.ravel().tolist()
        number = self.number.tolist()
        while at < len(words):
            pair = number[words[at] * 128 + words[at + 1]] if at + 1 < len(words) else -1
            out.append(words[at] if pair < 0 else pair)
            at += 1 if pair < 0 else 2
        rows = len(out) // LENGTH
        return np.array(out[: rows * LENGTH], np.uint32).reshape(rows, LENGTH)

    def decoded(self, texts: np.ndarray) -> list[np.ndarray]:
        """Return the words of each text."""
        first = np.append(np.arange(128), self.pairs // 128)
        second = np.append(np.full(128, -1), self.pairs % 128)
        both = np.stack([first[texts], second[texts]], axis=2).reshape(len(texts), -1)
        return [row[row >= 0].astype(np.uint32) for row in both]


def robust(seed: int, file: object) -> None:
    """Write what is left of the mark after each treatment of a fifth of marked answers."""
    key = WatermarkKey.random(10_000_000 + seed)
    teacher = train(grammar(TEXTS, LENGTH, 5_000 + seed), 6_000 + seed)
    baseline = Texts.of(*grammar(4 * TEXTS, LENGTH, 7_000 + seed))
    many = TEXTS // 5
    fresh = grammar(TEXTS - many, LENGTH, 1_000 * seed + 20)

    def answers(texts: int, add: int) -> np.ndarray:
        return write(teacher, texts, LENGTH, 2_000 * seed + add, mark=(SCHEME, key))

    def told(what: str, texts: list[np.ndarray] | np.ndarray) -> None:
        counts = count(Texts.of(*texts), baseline, SCHEME.context)
        line = {"seed": seed, "treatment": what, "tokens": counts.tokens}
        line |= {one.statistic: one.log10_p for one in findings(counts, SCHEME, key)}
        file.write(json.dumps(line) + "\n")
        file.flush()
        print(json.dumps(line), flush=True)

    def learn(texts: np.ndarray, vocabulary: int = 128) -> object:
        return train(texts, 3_000 * seed + 20, vocabulary=vocabulary)

    def wrote(student: object) -> np.ndarray:
        return write(student, TEXTS, LENGTH, 4_000 * seed + 20)

    marked = answers(many, 20)
    treated = {
        "as they are": marked,
        "cut to 32 tokens each": cut(answers(8 * many, 21), 32),
        "every second run of 16 tokens unmarked": thinned(
            marked, write(teacher, many, LENGTH, 2_000 * seed + 22)
        ),
        "10 % of the words replaced": replaced(marked, 0.1, seed),
        "30 % of the words replaced": replaced(marked, 0.3, seed),
        "50 % of the words replaced": replaced(marked, 0.5, seed),
    }
    for what, texts in treated.items():
        told(what, wrote(learn(np.concatenate([fresh, texts]))))
    between = learn(answers(TEXTS, 23))
    second = write(between, many, LENGTH, 2_000 * seed + 24)
    told(
        "learned by another, whose answers are a fifth",
        wrote(learn(np.concatenate([fresh, second]))),
    )
    pairs = Pairs(fresh)
    other = learn(pairs.encoded(np.concatenate([fresh, marked])), 192)
    told("another tokenizer", pairs.decoded(wrote(other)))


def robust_table(folder: Path) -> None:
    rows = [json.loads(line) for path in sorted(folder.glob("*.jsonl")) for line in path.open()]
    names = [statistic.name for statistic in STATISTICS]
    for what in dict.fromkeys(row["treatment"] for row in rows):
        of = [row for row in rows if row["treatment"] == what]
        cells = [f"{np.median([r[n] for r in of]):.1f} {sum(r[n] < -6 for r in of)}" for n in names]
        most = max(row[names[0]] for row in of), min(row[names[0]] for row in of)
        print(f"{what} | {len(of)} | " + " | ".join(cells) + f" | {most}")


def table(folder: Path) -> None:
    rows = [json.loads(line) for path in sorted(folder.glob("*.jsonl")) for line in path.open()]
    names = [statistic.name for statistic in STATISTICS]
    print("median log10 p (least, most), found at 1e-6; e: median log10, found at 1e6")
    for share in sorted(SHARES):
        of = [row for row in rows if row["share"] == share]
        if not of:
            continue
        cells = []
        for name in names:
            p = [row[name]["log10_p"] for row in of]
            cells.append(
                f"{np.median(p):.1f} ({min(p):.1f}, {max(p):.1f}) {sum(x < -6 for x in p)}/{len(p)}"
            )
        e = [row["log10_e"] for row in of]
        cells.append(f"{np.median(e):.1f} {sum(x >= 6 for x in e)}/{len(e)}")
        print(f"{share:4d} % | " + " | ".join(cells))
    for name in names:
        many = WRONG * len(rows)
        shares = np.sum([row[name]["wrong"] for row in rows], axis=0) / many
        lowest = min(row[name]["lowest"] for row in rows)
        first = sum(row[name]["rank"] == 1 for row in rows if row["share"])
        marked = sum(row["share"] > 0 for row in rows)
        print(
            f"{name}: {many:,} wrong keys, "
            + ", ".join(f"{x:.5f} at {level}" for x, level in zip(shares, LEVELS, strict=True))
            + f", lowest p {lowest:.1e}; true key first of {WRONG + 1:,} in {first}/{marked}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--out", type=Path, default=Path("radioactivity"))
    parser.add_argument("--table", type=Path)
    parser.add_argument("--robust", action="store_true")
    chosen = parser.parse_args()
    if chosen.table:
        (robust_table if chosen.robust else table)(chosen.table)
        return
    chosen.out.mkdir(parents=True, exist_ok=True)
    for seed in chosen.seeds:
        with (chosen.out / f"{seed}.jsonl").open("w", encoding="utf-8") as file:
            (robust if chosen.robust else run)(seed, file)


if __name__ == "__main__":
    main()
