"""How small a share of marked text in a student's training is found, and what wrong keys give.

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
    chosen = parser.parse_args()
    if chosen.table:
        table(chosen.table)
        return
    chosen.out.mkdir(parents=True, exist_ok=True)
    for seed in chosen.seeds:
        with (chosen.out / f"{seed}.jsonl").open("w", encoding="utf-8") as file:
            run(seed, file)


if __name__ == "__main__":
    main()
