"""What an attacker learns by trying: sketch pieces under a member's key, pseudonyms under quotas.

Run ``python bench/dictionary.py``; it takes about a minute.  The attacker holds the hub's database
and, in the second case, a member's sketch key.  It tries texts that it guesses: first those that a
campaign really used, among decoys, then random ones.
"""

from __future__ import annotations

import time
from itertools import pairwise

import numpy as np
import pyarrow as pa

from stillwatch.find.features.hashing import key_from_secret
from stillwatch.find.features.observe import observe
from stillwatch.find.features.pieces import SharedPieces
from stillwatch.find.features.veil import Veil
from stillwatch.share.exchange.networks import blocks_of

WORDS = [
    "explain",
    "every",
    "step",
    "of",
    "your",
    "reasoning",
    "before",
    "you",
    "give",
    "the",
    "answer",
    "as",
    "json",
    "with",
    "no",
    "comment",
    "and",
    "list",
    "all",
    "the",
    "cases",
    "that",
    "a",
    "strict",
    "reviewer",
    "would",
    "check",
    "in",
    "this",
    "function",
    "then",
    "rewrite",
    "it",
    "in",
    "plain",
    "words",
    "for",
    "a",
    "young",
    "reader",
    "and",
    "begin",
    "with",
    "a",
    "summary",
    "of",
    "one",
    "line",
]
TEMPLATES, GUESSES, SECRET = 200, 100_000, b"the sketch key of the epoch"


def texts(rng: np.random.Generator, many: int) -> list[str]:
    """Return instructions of ten words each, as a template has, drawn from few words."""
    return [" ".join(rng.choice(WORDS, 10)).capitalize() + "." for _ in range(many)]


def observed(prompts: list[str], key: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the pieces of prompts and their offsets."""
    n = len(prompts)
    batch = pa.RecordBatch.from_pydict(
        {
            "time": pa.array(np.zeros(n, np.int64), pa.timestamp("us", tz="UTC")),
            "exchange_id": [str(i) for i in range(n)],
            "account_id": ["a"] * n,
            "model": ["m"] * n,
            "prompt": prompts,
        }
    )
    facets = observe(batch, key=key).column("facets")
    return facets.values.to_numpy(), facets.offsets.to_numpy().astype(np.int64)


def tried(shared: SharedPieces, prompts: list[str], key: int, veil: Veil) -> tuple[int, float]:
    """Return how many guesses hit, and the seconds that trying them took."""
    begun = time.process_time()
    facets, ptr = observed(prompts, key)
    hits = shared.match(veil.many(facets), ptr)
    return int(np.unique(hits.row[hits.pieces >= 2]).size), time.process_time() - begun


def main() -> None:
    rng = np.random.default_rng(11)
    key, veil = key_from_secret(SECRET), Veil.of(SECRET)
    used = texts(rng, TEMPLATES)
    facets, ptr = observed(used, key)
    parts = [np.unique(facets[a:b])[:256].tolist() for a, b in pairwise(ptr)]
    parts = [veil.many(np.array(part, np.uint64)).tolist() for part in parts]
    shared = SharedPieces(parts, [[200] * len(part) for part in parts])
    tried(shared, used[:2], key, veil)  # compiles
    guesses = texts(rng, GUESSES)
    print(f"{len(shared):,} pieces of {TEMPLATES} templates are shared; {GUESSES:,} guesses")
    ignorant = Veil.of(b"a guess of the key")
    for who, known, under in (
        ("database alone", 0, ignorant),
        ("database and sketch key", key, veil),
    ):
        right, _ = tried(shared, used, known, under)
        wrong, took = tried(shared, guesses, known, under)
        print(
            f"{who}: {right} of {TEMPLATES} templates confirmed when guessed word for word, "
            f"{wrong:,} of the other guesses hit, {GUESSES / took:,.0f} guesses/s a core"
        )
    near = [text.replace(text.split()[4], "kindly", 1) for text in used]
    right, _ = tried(shared, near, key, veil)
    print(f"database and sketch key: {right} of {TEMPLATES} confirmed with one word of ten wrong")


def inverted(guessed: str, hashed: int) -> int:
    """Return the key under which a block has a hash of observations, were it sent without a veil.

    The hash is FNV-1a from a start that the key is mixed into, then a bijection: both run
    backwards.
    """
    mask = 2**64 - 1
    state = hashed
    for by, times in ((31, 0x94D049BB133111EB), (27, 0xBF58476D1CE4E5B9), (30, 1)):
        state ^= (state >> by) ^ (state >> 2 * by)
        state = state * pow(times, -1, 2**64) & mask
    for byte in reversed(guessed.encode()):
        state = (state * pow(0x100000001B3, -1, 2**64) & mask) ^ byte
    return state ^ 0xCBF29CE484222325


def unveiled() -> None:
    """Show why hashes do not leave as observations hold them."""
    key = key_from_secret(SECRET)
    block = "45.9.20.0/24"
    (sent,) = blocks_of(block, key).tolist()
    begun = time.process_time()
    found = inverted(block, sent)
    took = time.process_time() - begun
    print(
        f"without a veil: one block guessed rightly gives the key ({found == key}) in "
        f"{1e6 * took:.0f} µs; there are {2**24:,} blocks to try"
    )
    hidden = Veil.of(SECRET).one(sent)
    print(f"under the veil the same way gives another number ({inverted(block, hidden) != key})")


if __name__ == "__main__":
    unveiled()
    main()
