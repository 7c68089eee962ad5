# ruff: noqa: RUF001 - marks of several scripts
"""Prompt bodies: the development corpora, halved by hash, clustered, and varied at each use."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from typing import TYPE_CHECKING

import grammar
import pyarrow.parquet as pq
from sklearn.cluster import MiniBatchKMeans
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer

if TYPE_CHECKING:
    from pathlib import Path
    from random import Random

PEOPLE = ("arena_users_2023", "oasst_prompts", "awesome_prompts", "awesome_prompts_zh")
PEOPLE += ("instructionwild_users",)
HARVEST = ("alpaca_instruct", "codealpaca_gpt4", "smile_zh_multiturn", "taskbench_tools")
HARVEST += ("logicot_reasoning", "huatuo_o1_reasoning")
LARGE = HARVEST[:4]  # enough bodies that a campaign need not repeat them
OTHERS = ("alpaca_genrequests", "banking77_tickets", "gsm8k_eval", "cosqa_bing_code")
OTHERS += ("bfcl_live_tools",)
LONGEST = 1200  # characters of a body that are kept
CLAUSE = re.compile(r"(?<=[，。！？；,.!?;\n])")
DIGITS = re.compile(r"\d+")
WORD = re.compile(r"[A-Za-z]{4,}")
PAIR = re.compile(r"[\u4e00-\u9fff]{2}")
GLUE = ("the", "a", "an", "of", "to", "and", "is", "in", "for", "that", "my", "it", "with", "on")
GLUE += ("by", "as", "or", "from", "this", "how", "we", "can")
SMALL = re.compile(r" (?:the|a|an|of|to|and|is|in|for|that|you|i|my|it) ", re.IGNORECASE)


class Pool:
    """Bodies of one or more corpora, each in a cluster of like bodies."""

    def __init__(self, texts: list[str], langs: list[str], clusters: int) -> None:
        self.texts = texts
        self.langs = langs
        self.cluster = cluster(texts, clusters)
        self.members: dict[tuple[str, int], list[int]] = defaultdict(list)
        self.words: dict[int, list[str]] = defaultdict(list)
        self.pairs: dict[int, list[str]] = defaultdict(list)
        self.clauses: dict[tuple[str, int], list[str]] = defaultdict(list)
        self.by_lang: dict[str, list[int]] = defaultdict(list)
        for i, (text, lang, c) in enumerate(zip(texts, langs, self.cluster, strict=True)):
            self.members[lang, c].append(i)
            self.by_lang[lang].append(i)
            self.words[c] += WORD.findall(text)[:40]
            self.pairs[c] += PAIR.findall(text)[:40]
            self.clauses[lang, c] += [x for x in CLAUSE.split(text) if 4 < len(x) < 160][:12]

    def subjects(self, rng: Random, lang: str, count: int) -> list[int]:
        """Clusters somebody cares for, by size."""
        keys = [c for (x, c), m in sorted(self.members.items()) if x == lang and len(m) > 3]
        if not keys:
            return []
        sizes = [len(self.members[lang, c]) for c in keys]
        return sorted(set(rng.choices(keys, sizes, k=count)))

    def draw(self, rng: Random, lang: str, subjects: list[int]) -> int:
        """A body in a language, of one of the subjects where there are any."""
        if subjects and rng.random() < 0.9:
            return rng.choice(self.members[lang, rng.choice(subjects)])
        return rng.choice(self.by_lang[lang])

    def clause(self, rng: Random, lang: str, c: int) -> str:
        """A clause that could stand in a text of a subject: published, or made up of its words."""
        old = self.clauses[lang, c]
        if old and rng.random() < 0.35:
            return rng.choice(old)
        if lang == "zh":
            some = self.pairs[c] or ["请问"]
            return "".join(rng.choices(some, k=rng.randint(2, 8))) + rng.choice("，。的")
        some, made = self.words[c] or ["that"], []
        while len(made) < 3 or rng.random() < 0.85:
            made.append(rng.choice(GLUE if rng.random() < 0.45 else some))
        return " " + " ".join(made) + rng.choice((",", ".", "", "\n"))

    def vary(self, rng: Random, i: int) -> str:
        """A body as another person would have put it: like it, and hardly ever equal."""
        text, lang, c = self.texts[i], self.langs[i], self.cluster[i]
        if rng.random() < 0.03:
            return text
        if rng.random() < 0.7:
            text = DIGITS.sub(lambda m: digits(rng, m.group()), text)
        parts = excerpt(rng, CLAUSE.split(text))
        parts = [self.clause(rng, lang, c) if rng.random() < 0.4 else p for p in parts]
        if rng.random() < 0.4 or len(parts) < 2:
            parts.append(self.clause(rng, lang, c))
        text = "".join(parts)
        share, pool, pairs = rng.uniform(0.2, 0.65), self.words[c], self.pairs[c]
        if pool:
            text = WORD.sub(lambda m: other(rng, m.group(), pool, share), text)
        if pairs:
            text = PAIR.sub(lambda m: other(rng, m.group(), pairs, share), text)
        text = SMALL.sub(lambda m: " " if rng.random() < 0.12 else m.group(), text)
        return text[:LONGEST].strip() or self.texts[i]


def tail(rng: Random, text: str) -> str:
    """The last few words of a text."""
    if " " in text:
        return " ".join(text.split()[-rng.randint(2, 7) :])
    return text[-rng.randint(3, 10) :]


def digits(rng: Random, old: str) -> str:
    """Another number of the same length."""
    size = min(len(old), 12)
    return str(rng.randrange(10 ** (size - 1), 10**size))


def other(rng: Random, old: str, pool: list[str], share: float) -> str:
    """Now and then another word of the same subject."""
    return rng.choice(pool) if rng.random() < share else old


def excerpt(rng: Random, parts: list[str]) -> list[str]:
    """A run of clauses, as long as people's requests are: most short, a few very long."""
    room, first = rng.lognormvariate(5.2, 0.8), 0
    if len(parts) > 4 and rng.random() < 0.5:
        first = rng.randrange(len(parts) - 2)
    kept = []
    for part in parts[first:]:
        kept.append(part)
        room -= len(part)
        if room < 0:
            break
    return kept


def cluster(texts: list[str], count: int) -> list[int]:
    """A crude subject for each text."""
    count = min(count, max(1, len(texts) // 12))
    if count < 3:
        return [0] * len(texts)
    hashed = HashingVectorizer(
        analyzer="char_wb", ngram_range=(3, 3), n_features=1 << 12, norm=None, alternate_sign=False
    )
    table = TfidfTransformer().fit_transform(hashed.transform([x[:200] for x in texts]))
    dense = TruncatedSVD(16, n_iter=1, random_state=0).fit_transform(table)
    model = MiniBatchKMeans(count, n_init=1, batch_size=512, max_iter=6, random_state=0)
    return [int(x) for x in model.fit_predict(dense)]


def read(folder: Path, names: tuple[str, ...], half: str) -> tuple[list[str], list[str]]:
    """Texts and languages of one half of some corpora."""
    texts: dict[str, str] = {}
    for name in names:
        table = pq.read_table(folder / f"{name}.parquet", columns=["prompt", "lang"])
        for text, lang in zip(*(table[c].to_pylist() for c in table.column_names), strict=True):
            bit = hashlib.sha256(text.encode()).digest()[0] & 1
            if text and "ab"[bit] == half:
                texts[text[:LONGEST]] = lang if lang in grammar.LANGUAGES else "en"
    return list(texts), list(texts.values())


def pools(folder: Path, half: str) -> dict[str, Pool]:
    """Every pool of a world by name; ``people`` is what people write themselves."""
    made = {"people": Pool(*read(folder, PEOPLE, half), clusters=60)}
    for name in (*HARVEST, *OTHERS):
        made[name] = Pool(*read(folder, (name,), half), clusters=60)
    return made
