"""How fast observed prompts are veiled and matched with a million shared pieces, on one core.

Run ``python bench/sketches.py``; it takes about half a minute.  Prompts are drawn from the words of
the built-in corpus, so that their pieces are as many and as long as those of a log.
"""

from __future__ import annotations

import time

import numpy as np

from stillwatch.find.features.pieces import SharedPieces
from stillwatch.find.features.veil import Veil

PIECES, PROMPTS, A_PROMPT = 1_000_000, 400_000, 28


def main() -> None:
    rng = np.random.default_rng(7)
    values = rng.integers(1, 2**63, PIECES, np.int64).astype(np.uint64)
    sketches = [part.tolist() for part in np.split(values, 5_000)]
    begun = time.perf_counter()
    shared = SharedPieces(sketches, [[200] * len(part) for part in sketches])
    built = time.perf_counter() - begun
    many = rng.poisson(A_PROMPT, PROMPTS)
    ptr = np.concatenate([[0], np.cumsum(many)])
    facets = rng.integers(1, 2**63, int(ptr[-1]), np.int64).astype(np.uint64)
    held = rng.random(facets.size) < 0.001
    facets[held] = rng.choice(values, int(held.sum()))
    veil = Veil.of(b"the sketch key of the epoch")
    shared.match(veil.many(facets[:100]), np.array([0, 100]))  # compiles
    begun = time.process_time()
    veil.many(facets)
    hits = shared.match(facets, ptr)
    took = time.process_time() - begun
    print(f"{len(shared):,} shared pieces of {len(sketches):,} sketches, built in {built:.1f} s")
    print(f"{PROMPTS:,} prompts of {facets.size / PROMPTS:.0f} pieces in {took:.2f} s of one core")
    print(f"{PROMPTS / took:,.0f} prompts/s, {hits.row.size:,} hits")


if __name__ == "__main__":
    main()
