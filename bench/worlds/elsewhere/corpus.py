"""Texts from the public corpora, and how one text becomes another that nobody sent before."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow.parquet as pq
from lexicon import CITIES, LANGUAGES

__all__ = ["DATA", "Library", "Pool"]

DATA = Path(__file__).resolve().parents[4] / "shared/data/dev"

POOLS: dict[str, tuple[str, ...]] = {
    "chat": ("arena_users_2023", "oasst_prompts", "instructionwild_users"),
    "roles": ("awesome_prompts",),
    "roles_zh": ("awesome_prompts_zh",),
    "bank": ("banking77_tickets",),
    "search": ("cosqa_bing_code",),
    "tools": ("bfcl_live_tools",),
    "eval": ("gsm8k_eval",),
    "instruct": ("alpaca_instruct",),
    "code": ("codealpaca_gpt4",),
    "care_zh": ("smile_zh_multiturn",),
    "agentic": ("taskbench_tools",),
    "logic": ("logicot_reasoning",),
    "medical": ("huatuo_o1_reasoning",),
    "seeds": ("alpaca_genrequests",),
}
"""Our names of the pools, and the files that feed each."""

_NUMBER = re.compile(r"\d+")
_SPLIT = re.compile(r"(?<=[.!?。？！])\s*|\n+")
_HAN = re.compile(r"[\u4e00-\u9fff]")


@dataclass(slots=True)
class Pool:
    """Texts of one sort; each is given out verbatim once, later only altered."""

    texts: list[str]
    pieces: list[str]
    words: list[str]
    cursor: int = 0

    def fresh(self, rng: random.Random) -> str:
        """Return a text that was not given out before."""
        if self.cursor < len(self.texts):
            self.cursor += 1
            return self.texts[self.cursor - 1]
        return self.altered(rng)

    def altered(self, rng: random.Random) -> str:
        """Return a new text of this sort: a changed one, or parts of several."""
        if rng.random() < 0.4:
            count = rng.choice((1, 2, 2, 3))
            joined = " ".join(rng.choice(self.pieces) for _ in range(count))
            return self._reword(joined, rng)
        return self._reword(rng.choice(self.texts), rng)

    def same(self, rng: random.Random) -> str:
        """Return a published text as it stands, as those who copy do."""
        return rng.choice(self.texts)

    def _reword(self, text: str, rng: random.Random) -> str:
        text = _NUMBER.sub(lambda m: str(_other_number(m.group(), rng)), text)
        words = text.split(" ")
        if len(words) < 3 and _HAN.search(text):
            return f"{text}{rng.choice(self.pieces)}"
        if len(words) < 3:
            return f"{text} {rng.choice(self.words)}"
        for _ in range(1 + min(len(words) // 8, 5)):
            at = rng.randrange(len(words))
            if len(words[at]) > 3:
                words[at] = rng.choice(self.words)
        if len(words) > 14 and rng.random() < 0.5:
            start = rng.randrange(len(words) // 3)
            words = words[start : start + max(8, int(len(words) * rng.uniform(0.5, 1.0)))]
        return " ".join(words)


def _other_number(text: str, rng: random.Random) -> int:
    value = int(text[:9])
    if value < 2 or 1900 < value < 2030:
        return value
    return rng.randint(max(1, value // 2), value * 2)


def _pieces(texts: list[str]) -> list[str]:
    found = {p.strip() for t in texts for p in _SPLIT.split(t[:600]) if 12 <= len(p.strip()) <= 220}
    return sorted(found) or texts


def _words(texts: list[str]) -> list[str]:
    found = {w for t in texts for w in t[:400].split() if 4 <= len(w) <= 14 and w.isalpha()}
    return sorted(found) or ["detail"]


@dataclass(slots=True)
class Library:
    """All pools, functions that tools offer, and everyday talk in every language."""

    pools: dict[str, Pool]
    schemas: list[str]
    domains: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def load(cls, rng: random.Random, root: Path = DATA) -> Library:
        """Read the corpora, shuffled for this world."""
        pools: dict[str, Pool] = {}
        schemas: list[str] = []
        for name, files in POOLS.items():
            texts: list[str] = []
            for file in files:
                table = pq.read_table(root / f"{file}.parquet", columns=["prompt", "system"])
                texts += [t.strip() for t in table["prompt"].to_pylist() if t and t.strip()]
                if name == "tools":
                    schemas = sorted({s for s in table["system"].to_pylist() if s})
            texts = sorted(set(texts))
            rng.shuffle(texts)
            if name == "chat":
                chinese = [t for t in texts if _HAN.search(t)]
                texts = [t for t in texts if not _HAN.search(t)]
                pools["chat_zh"] = Pool(chinese, _pieces(chinese), ["朋友", "今天", "方案", "孩子"])
            pools[name] = Pool(texts, _pieces(texts), _words(texts))
        return cls(pools, schemas)

    def everyday(self, lang: str, rng: random.Random) -> str:
        """Return a request made of parts, in a language."""
        say = LANGUAGES[lang]
        parts = [rng.choice(say.asks).replace("{t}", rng.choice(say.topics))]
        if rng.random() < 0.3:
            parts.insert(0, rng.choice(say.greetings))
        if rng.random() < 0.7:
            parts.insert(rng.randrange(len(parts) + 1), rng.choice(say.contexts))
        if rng.random() < 0.35:
            parts.append(rng.choice(say.limits))
        if rng.random() < 0.15:
            parts.append(rng.choice(say.contexts))
        return fill(rng.choice((", ", ". ", " ", "\n")).join(parts), rng)

    def follow_up(self, lang: str, rng: random.Random) -> str:
        """Return what people say after an answer."""
        say = LANGUAGES[lang]
        text = rng.choice(say.follow_ups)
        if rng.random() < 0.75:
            text = f"{text} {rng.choice(say.contexts if rng.random() < 0.6 else say.limits)}"
        if rng.random() < 0.55:
            text = f"{text} ({rng.choice(say.topics)})"
        return fill(text, rng)

    def human(self, lang: str, rng: random.Random) -> str:
        """Return what a person of a language might type."""
        draw = rng.random()
        if lang == "zh" and draw < 0.55:
            return self.pools["chat_zh" if draw < 0.42 else "roles_zh"].fresh(rng)
        if lang != "en" or draw < 0.25:
            return self.everyday(lang if draw > 0.05 else "en", rng)
        if draw < 0.9:
            text = self.pools["chat"].fresh(rng)
            if draw < 0.36:
                text = f"{text}\n\n{self.pasted(rng)}"
            return text
        if draw < 0.96:
            return self.pools["search"].fresh(rng)
        return self.pools["roles"].fresh(rng)

    def pasted(self, rng: random.Random) -> str:
        """Return a stretch of a longer text, as people paste them."""
        text = self.pools["roles"].same(rng)
        start = rng.randrange(max(1, len(text) - 200))
        return text[start : start + rng.randint(80, 900)]


def fill(text: str, rng: random.Random) -> str:
    """Put a number and a place where a text leaves them open."""
    if "{n}" in text:
        text = text.replace(
            "{n}", str(rng.choice((rng.randint(2, 9), rng.randint(2, 99), 10 * rng.randint(2, 99))))
        )
    if "{c}" in text:
        text = text.replace("{c}", rng.choice(CITIES))
    return text
