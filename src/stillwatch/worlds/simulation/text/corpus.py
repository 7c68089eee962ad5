"""Text from a folder of Parquet files of prompts.

Files are told by their columns alone: ``prompt`` is needed; ``kind`` (legit or distill),
``lang``, ``system`` and ``source`` are used where they are.  People draw on legit rows,
adversaries on distill rows; what a folder lacks (languages, kinds, follow-ups) comes from the
built-in generator.  A pool is walked by seed through a permutation, so n consecutive seeds give
n different rows; once in three walks (nine in a small pool) rows are plain, else two rows of
one neighbourhood are recombined: a campaign outlasts a small corpus without repeating itself.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.errors import InputFormatError, NoUsableRowsError, SourceNotFoundError
from stillwatch.worlds.simulation.text.builtin import BuiltinText
from stillwatch.worlds.simulation.text.draws import keyed

if TYPE_CHECKING:
    from pathlib import Path

    from stillwatch.worlds.simulation.columns import Ints
    from stillwatch.worlds.simulation.interface import Elicitation

__all__ = ["CorpusText", "Pool", "read_corpus"]

_LEAST = 150  # rows below which a kind is drawn from the whole language
_AMPLE = 1000  # rows above which a third of the walks is plain, else a ninth
_SUBJECTS = 96
_SENTENCE = re.compile(r"(?<=[.!?\u3002\uff01\uff1f])\s*")
_WORD = re.compile(r"[^\W\d_]{4,}")
_CODE = re.compile(
    r"\bdef |\bclass |\{|;\n|SELECT |function|python|javascript|\bsql\b|\bcode\b", re.IGNORECASE
)
_STEPS = re.compile(
    r"\d.*\d|\bprove\b|premise|step by step|how many|证明|多少", re.IGNORECASE | re.DOTALL
)
_TELLING = re.compile(
    r"\bstory\b|\bpoem\b|act as|write a song|dialogue|扮演|充当|故事|诗", re.IGNORECASE
)
_USES = ("legit", "distill")


@dataclass(frozen=True, slots=True)
class Pool:
    """Prompts of one use, kind and language."""

    prompts: tuple[str, ...]
    """Distinct prompts, neighbours by subject."""
    edges: Ints
    """Where each of the neighbourhoods begins, and the end."""


def read_corpus(directory: Path) -> dict[tuple[str, str, str], Pool]:
    """Return pools by (legit or distill, kind, language); kind ``any`` holds them all.

    Raises:
        SourceNotFoundError: the folder does not exist.
        InputFormatError: a file is not Parquet.
        NoUsableRowsError: no file has prompts.
    """
    if not directory.is_dir():
        problem = "there is no such folder of prompts"
        raise SourceNotFoundError(problem, where=str(directory), todo="check --text")
    rows: dict[tuple[str, str, str], dict[str, int]] = {}
    for path in sorted(directory.glob("**/*.parquet")):
        for prompt, use, lang, system, source in _rows(path):
            subject = _subject(source, prompt)
            for kind in (_kind(prompt, system), "any"):
                rows.setdefault((use, kind, lang), {}).setdefault(prompt, subject)
    if not rows:
        problem = "no Parquet file here has a column of prompts"
        raise NoUsableRowsError(problem, where=str(directory), todo="see the reference of --text")
    return {key: _pool(found) for key, found in sorted(rows.items())}


def _rows(path: Path) -> list[tuple[str, str, str, bool, str]]:
    try:
        file = pq.ParquetFile(path)
        names = set(file.schema_arrow.names)
        if "prompt" not in names:
            return []
        wanted = [n for n in ("prompt", "kind", "lang", "system", "source") if n in names]
        table = file.read(columns=wanted)
    except (pa.ArrowInvalid, OSError) as error:
        problem = f"a prompt file cannot be read: {error}"
        raise InputFormatError(problem, where=str(path), todo="remove or repair it") from error
    columns = {name: table[name].to_pylist() for name in wanted}
    nothing: list[None] = [None] * table.num_rows
    got = [columns.get(name, nothing) for name in ("prompt", "kind", "lang", "system", "source")]
    return [
        (prompt, use or "legit", lang or "en", bool(system), source or path.name)
        for prompt, use, lang, system, source in zip(*got, strict=True)
        if isinstance(prompt, str) and prompt.strip() and (use or "legit") in _USES
    ]


def _kind(prompt: str, system: bool) -> str:  # noqa: FBT001 (a column's truth)
    """Guess what sort of request a prompt is."""
    if system:
        return "tools"
    if _CODE.search(prompt):
        return "code"
    if _TELLING.search(prompt):
        return "creative"
    if _STEPS.search(prompt) and len(prompt) > 80:
        return "reasoning"
    if len(prompt) > 900:
        return "document"
    return "chat"


def _subject(source: str, prompt: str) -> int:
    """Return source and rarest-looking word, hashed: a crude subject."""
    words = sorted(set(_WORD.findall(prompt.lower())), key=lambda w: (-len(w), w))[:1]
    return zlib.crc32(f"{source}\n{' '.join(words)}".encode()) % _SUBJECTS


def _pool(found: dict[str, int]) -> Pool:
    ordered = sorted(found, key=lambda p: (found[p], zlib.crc32(p.encode()), p))
    counts = np.bincount([found[p] for p in ordered], minlength=_SUBJECTS)
    filled = counts[counts > 0]
    return Pool(tuple(ordered), np.concatenate([[0], np.cumsum(filled)]).astype(np.int64))


class CorpusText:
    """Text of a corpus, with the built-in generator for what it lacks.

    Args:
        pools: from :func:`read_corpus`.
        seed: seed of the source.
    """

    def __init__(self, pools: dict[tuple[str, str, str], Pool], seed: int) -> None:
        self._pools = pools
        self._seed = seed
        self._rest = BuiltinText(seed)

    def bodies(self, kind: str, lang: str, subject: Ints, seed: Ints, turn: Ints) -> list[str]:
        """Return one body a row; see :class:`TextSource`."""
        pool = self._find("legit", kind, lang)
        out = np.empty(len(seed), dtype=object)
        first = np.flatnonzero(turn == 0) if pool else np.array([], np.int64)
        later = np.setdiff1d(np.arange(len(seed)), first)
        if len(later):
            out[later] = self._rest.bodies(kind, lang, subject[later], seed[later], turn[later])
        if pool:
            out[first] = self._own(pool, subject[first], seed[first])
        return list(out)

    def harvest(self, kind: str, lang: str, subject: Ints, seed: Ints) -> list[str]:
        """Return bodies of distill rows; see :class:`TextSource`."""
        pool = self._find("distill", kind, lang)
        if pool is None:
            return self._rest.harvest(kind, lang, subject, seed)
        count = len(pool.prompts)
        place = _walk(seed, count, self._seed + 1)
        return self._said(pool, place, seed // count, seed)

    def elicitation(self, family: str, lang: str, style: int, seed: int) -> Elicitation:
        """Return one wording of an elicitation; see :class:`TextSource`."""
        return self._rest.elicitation(family, lang, style, seed)

    def frame(self, role: str, lang: str, style: int) -> Elicitation:
        """Return a benign framing; see :class:`TextSource`."""
        return self._rest.frame(role, lang, style)

    def _find(self, use: str, kind: str, lang: str) -> Pool | None:
        """Return the pool of a kind, else of the language, else None."""
        made = ("review", "testdata", "assignment", "translation", "support", "redteam")
        if kind in made and use == "legit":
            return None
        for name in ("reasoning", "any") if kind == "eval" else (kind, "any"):
            pool = self._pools.get((use, name, lang))
            if pool is not None and len(pool.prompts) >= _LEAST:
                return pool
        return None

    def _own(self, pool: Pool, subject: Ints, seed: Ints) -> list[str]:
        """Return rows from the neighbourhoods that each subject covers."""
        hoods = len(pool.edges) - 1
        hood = (keyed(self._seed, subject) % np.uint64(hoods)).astype(np.int64)
        low = pool.edges[hood]
        width = np.minimum(np.maximum(pool.edges[hood + 1] - low, 24), len(pool.prompts))
        low = np.minimum(low, len(pool.prompts) - width)
        return self._said(pool, low + seed % width, seed // width, seed)

    def _said(self, pool: Pool, place: Ints, round_: Ints, seed: Ints) -> list[str]:
        """Return rows as they are or, in two rounds of three, recombined."""
        prompts = pool.prompts
        every = 3 if len(prompts) >= _AMPLE else 9
        luck = (keyed(self._seed + 2, seed, place) >> np.uint64(33)).astype(np.int64).tolist()
        partner = ((place + 1 + round_ % min(61, len(prompts) - 1)) % len(prompts)).tolist()
        plain = (round_ % every == 0).tolist()
        return [
            prompts[at] if as_is else _recombined(prompts[at], prompts[by], number)
            for at, by, as_is, number in zip(place.tolist(), partner, plain, luck, strict=True)
        ]


def _walk(seed: Ints, count: int, salt: int) -> Ints:
    """Map each run of ``count`` consecutive seeds onto all rows, scattered."""
    steps = [s for s in range(count // 3 + 1, count + 2) if np.gcd(s, count) == 1]
    step = steps[salt % min(64, len(steps))]
    return np.asarray((seed % count * step + salt) % count)


def _recombined(text: str, other: str, number: int) -> str:
    """Return a row with a sentence or its numbers taken from a neighbour."""
    borrowed = [s for s in _SENTENCE.split(other) if 8 <= len(s) <= 220 and "\n" not in s]
    if borrowed:
        extra = borrowed[number // 2 % len(borrowed)]
        return f"{text.rstrip()} {extra}" if number & 1 else f"{extra} {text.lstrip()}"
    return re.sub(r"\d+", lambda m: str(int(m.group()[:9]) + number % 90 + 1), text) + (
        "" if any(c.isdigit() for c in text) else f" ({number % 900 + 100})"
    )
