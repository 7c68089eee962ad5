"""Prompt texts: corpora read from Parquet, varied so that strangers do not send one text."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
from languages import words_of

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence
    from pathlib import Path

    from languages import Language

ROLES: dict[str, tuple[str, ...]] = {
    "people": ("arena_users_2023", "oasst_prompts", "instructionwild_users", "cosqa_bing_code"),
    "long": ("awesome_prompts", "awesome_prompts_zh", "arena_users_2023"),
    "tickets": ("banking77_tickets",),
    "tools": ("bfcl_live_tools",),
    "code": ("cosqa_bing_code",),
    "benchmark": ("gsm8k_eval",),
    "distill": ("alpaca_instruct", "codealpaca_gpt4", "taskbench_tools", "logicot_reasoning"),
    "distill_zh": ("smile_zh_multiturn",),
    "requests": ("alpaca_genrequests", "huatuo_o1_reasoning"),
}
"""Corpora by the part that they play."""
_SECOND = {"people": "long", "long": "people", "distill_zh": "distill", "requests": "distill"}

_TOKEN = re.compile(r"[\u4e00-\u9fff]{2}|[\u4e00-\u9fff]|[^\W\u4e00-\u9fff]+|[^\w]+")
_STOP = frozenset(
    words_of(
        "that this with from have what when where which your will would should could about into them "
        "then than there their please write make give want need like some only also each more"
    )
)
_ENDINGS = ("ing", "ed", "ly", "s")

FOLLOW_UPS = (
    "can you make it shorter",
    "why is that",
    "and what about {w}?",
    "ok thanks, now add {w}",
    "that is not quite right, the {w} is wrong",
    "rewrite the second part",
    "more on {w} please",
    "could you use simpler words",
    "what if {w} changes?",
    "continue",
    "are you sure about {w}",
    "give an example with {w}",
    "now the same for {w} and {v}",
    "no, I meant the {w} of the {v}",
    "hm ok. how would {w} work then",
    "drop the {v}, keep the {w}",
    "thanks!",
    "try again",
)
HABITS = (
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    " explain it step by step",
    " thanks",
    " keep it short",
    " show your work please",
    " in simple terms",
    " pls",
    " with sources",
    " as a table",
)


@dataclass(frozen=True, slots=True)
class Item:
    """One text in pieces."""

    text: str
    tokens: tuple[str, ...]
    content: tuple[int, ...]
    """Positions of pieces that may be replaced."""
    system: str | None


def _shape(token: str) -> str:
    if token[0] > "\u2fff":
        return "zh"
    for ending in _ENDINGS:
        if token.endswith(ending):
            return ending
    return "cap" if token[0].isupper() else "base"


def _item(text: str, system: str | None) -> Item:
    tokens = tuple(_TOKEN.findall(text))
    content = tuple(
        i
        for i, token in enumerate(tokens)
        if (len(token) == 2 and "\u4e00" <= token[0] <= "\u9fff")
        or (len(token) > 3 and token.isascii() and token.isalpha() and token.lower() not in _STOP)
    )
    return Item(text, tokens, content, system)


class TextBank:
    """All corpora, their words, and ways to vary a text."""

    def __init__(self, folder: Path, names: Sequence[str] | None) -> None:
        """Read the corpora of a folder, or of it those that are named."""
        self.corpora: dict[str, list[Item]] = {}
        self.outputs: list[Item] = []
        self._pools: dict[str, list[Item]] = {}
        for path in sorted(folder.glob("*.parquet")):
            if names is not None and path.stem not in names:
                continue
            if "prompt" in pq.read_schema(path).names:
                self._read(path)
        if not self.corpora:
            raise SystemExit(f"{folder}: no corpus with prompts among {names or 'its files'}")
        self._words()

    def _read(self, path: Path) -> None:
        table = pq.read_table(path, columns=["prompt", "output", "system"])
        rows = zip(table["prompt"].to_pylist(), table["system"].to_pylist(), strict=True)
        self.corpora[path.stem] = [_item(p, s) for p, s in rows if p and p.strip()]
        self.outputs += [_item(o, None) for o in table["output"].to_pylist()[:400] if o]

    def _words(self) -> None:
        seen: Counter[str] = Counter()
        for items in self.corpora.values():
            for item in items:
                seen.update(item.tokens[i] for i in item.content[:80])
        self.words: dict[str, list[str]] = {}
        for word, count in seen.items():
            self.words.setdefault(_shape(word), []).extend([word] * max(1, int(math.sqrt(count))))

    def pool(self, role: str) -> list[Item]:
        """Return the texts of a role; where its corpora are absent, those of a near one."""
        found = self._pools.get(role)
        if found is None:
            found = self._pools[role] = self._gather(role)
        return found

    def _gather(self, role: str) -> list[Item]:
        for candidate in (role, _SECOND.get(role, "")):
            found = [i for n in ROLES.get(candidate, ()) for i in self.corpora.get(n, ())]
            if found:
                return found
        return [i for items in self.corpora.values() for i in items]

    def chinese(self, role: str) -> list[Item]:
        """Return the texts of a role that are written in Chinese."""
        found = self._pools.get(f"{role}/zh")
        if found is None:
            texts = [i for i in self.pool(role) if i.content]
            found = [i for i in texts if i.tokens[i.content[0]][0] > "\u2fff"]
            self._pools[f"{role}/zh"] = found
        return found

    def interests(self, rnd: random.Random, count: int = 30) -> dict[str, list[str]]:
        """Return a few words of each shape that one account returns to."""
        return {shape: rnd.choices(words, k=count) for shape, words in self.words.items()}

    def vary(
        self, item: Item, rnd: random.Random, rate: float, own: dict[str, list[str]] | None = None
    ) -> str:
        """Return an item with a share of its content words exchanged for words of one shape."""
        tokens = list(item.tokens)
        for i in item.content:
            if rnd.random() < rate:
                shape = _shape(tokens[i])
                source = own if own is not None and rnd.random() < 0.5 else self.words
                words = source.get(shape)
                if words:
                    tokens[i] = words[int(rnd.random() * len(words))]
        if len(tokens) > 150 and rnd.random() < 0.6:
            start = rnd.randrange(len(tokens) - 120)
            tokens = tokens[start : start + rnd.randrange(60, 120)]
        return "".join(tokens).strip()

    def unique_text(self, rnd: random.Random, role: str = "long", limit: int = 900) -> str:
        """Return a text of its own, such as a system prompt that a developer wrote."""
        return self.vary(rnd.choice(self.pool(role)), rnd, 0.75)[:limit]


class Voice:
    """How one person writes: language, interests, habits."""

    def __init__(
        self, bank: TextBank, rnd: random.Random, language: Language, taste: str = "people"
    ) -> None:
        """Draw a person's interests and habits."""
        self.bank, self.rnd, self.language = bank, rnd, language
        self.own = bank.interests(rnd)
        self.rate = rnd.uniform(0.4, 0.75)
        pool = bank.pool(taste)
        self.items = rnd.sample(pool, min(len(pool), 60))
        self.native = bank.chinese(taste) if language.code == "zh" else []
        self.habit = rnd.choice(HABITS)
        self.lower = rnd.random() < 0.3

    def _remark(self) -> str:
        """Return a short message that leans on what was said before."""
        words = self.bank.vary(self.rnd.choice(self.items), self.rnd, 0.8, self.own).split()
        start = self.rnd.randrange(max(1, len(words) - 3))
        return " ".join(words[start : start + self.rnd.randint(3, 11)]) or "ok"

    def say(self, turn: int = 0) -> str:
        """Return the next message; turn counts within the conversation."""
        rnd = self.rnd
        if turn and rnd.random() < 0.35:
            base = self.own.get("base") or ["it"]
            said = rnd.choice(FOLLOW_UPS).format(w=rnd.choice(base), v=rnd.choice(base))
            return self.language.translate(said)
        if turn and rnd.random() < 0.5:
            return self.language.translate(self._remark())
        if self.native and rnd.random() < 0.6:
            return self.bank.vary(rnd.choice(self.native), rnd, self.rate, self.own)
        said = self.bank.vary(rnd.choice(self.items), rnd, self.rate, self.own)
        if self.habit and rnd.random() < 0.3:
            said += self.habit
        if self.lower:
            said = said.lower()
        return self.language.translate(said)
