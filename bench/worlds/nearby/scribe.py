"""Prompt texts: corpus ones, spliced and restyled, and spoken ones of the phrase packs."""

import random
import re
import zlib
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from words import LANGS, WORDS, Speaker, table

DATA = Path(__file__).resolve().parents[4] / "shared/data/dev"
CJK = re.compile(r"[\u3040-\u9fff\uac00-\ud7af]")
SWAP = dict(pair.split(":") for pair in WORDS["swap"])


def weights(line: str) -> dict[str, float]:
    return {k: float(v) for k, v in (pair.split(":") for pair in line.split())}


TASTES = {name: weights(line) for name, line in table("tastes").items()}


def taste(lang: str, sort: str) -> dict[str, float]:
    """What people of a language and sort mostly ask."""
    return TASTES[{"en": "", "zh": "zh-"}.get(lang, "other-") + sort]


def heart(pool: str, text: str) -> str:
    """The part of a published template that is its own."""
    if pool == "math":
        return text.rsplit("Question:", 1)[-1].replace("Answer:", "").strip()
    if pool == "med":
        found = re.search(r"<[^>]*[Qq]uestion>\s*(.*?)\s*(</|$)", text, re.DOTALL)
        return found.group(1) if found else text[-700:]
    return text[-420:] if pool == "gen" else text


class Pool:
    """Texts of one sort with topics (spherical k-means of hashed words) and a token stream."""

    def __init__(self, name: str, files: list[str], want: float, rng: np.random.Generator) -> None:
        rows = [r for f in files for r in pq.read_table(DATA / f"{f}.parquet").to_pylist()]
        rows = [r for r in rows if r["prompt"] and (name != "zh" or CJK.search(r["prompt"]))]
        rows = [r for r in rows if name != "chat" or not CJK.search(r["prompt"])]
        self.want, self.wide = want, name.startswith("zh")
        self.texts = [heart(name, r["prompt"]) for r in rows]
        self.system, self.used = [r["system"] for r in rows], [0] * len(rows)
        self.stream: list = []
        self.start, self.where = [], {}
        for text in self.texts:
            self.start.append(len(self.stream))
            for tok in (list(text) if self.wide else text.split(" "))[:160]:
                self.where.setdefault(tok, []).append(len(self.stream))
                self.stream.append(tok)
            self.stream.append(None)
        self.topics = self.grouped(rng)

    def grouped(self, rng: np.random.Generator) -> list[list[int]]:
        feats = np.zeros((len(self.texts), 192), np.float32)
        for i, text in enumerate(self.texts):
            for tok in list(text[:80]) if self.wide else text.lower().split()[:60]:
                feats[i, zlib.crc32(tok.encode()) % 192] += 1
        feats = np.log1p(feats) * np.log(len(feats) / (1 + (feats > 0).sum(0)) + 1)
        feats /= np.linalg.norm(feats, axis=1, keepdims=True) + 1e-9
        k = max(2, len(feats) // 50)
        mid = feats[rng.choice(len(feats), k, replace=False)]
        for _ in range(6):
            near = (feats @ mid.T).argmax(1)
            mid = np.stack(
                [feats[near == j].sum(0) if (near == j).any() else mid[j] for j in range(k)]
            )
            mid /= np.linalg.norm(mid, axis=1, keepdims=True) + 1e-9
        return [g for j in range(k) if len(g := np.flatnonzero(near == j).tolist()) > 2]

    def pick(self, rnd: random.Random, topic: int | None) -> int:
        """The least used of three texts of a topic, so that bodies seldom come back."""
        among = range(len(self.texts)) if topic is None else self.topics[topic % len(self.topics)]
        best = min((rnd.choice(among) for _ in range(3)), key=self.used.__getitem__)
        self.used[best] += 1
        return best

    def mill(self, rnd: random.Random, i: int, cap: int = 70) -> str:
        """Walk from text i, jumping between places that share a word."""
        out, at = [], self.start[i]
        while len(out) < cap * (1 + self.wide) and (tok := self.stream[at]) is not None:
            out.append(tok)
            at = (rnd.choice(self.where[tok]) if rnd.random() < 0.22 else at) + 1
        return ("" if self.wide else " ").join(out).strip()


class Style:
    """How one author types."""

    def __init__(self, rnd: random.Random, neat: bool = False) -> None:
        self.rnd, self.swap = rnd, rnd.random() * 0.5
        self.lower, self.bare = not neat and rnd.random() < 0.22, not neat and rnd.random() < 0.3
        self.typos = 0.0 if neat or rnd.random() < 0.6 else rnd.random() * 0.04

    def dress(self, text: str) -> str:
        rnd = self.rnd
        if not CJK.search(text):
            toks = text.split(" ")
            for i, tok in enumerate(toks):
                if rnd.random() < self.swap and tok.lower() in SWAP:
                    toks[i] = SWAP[tok.lower()]
                elif len(tok) > 4 and rnd.random() < self.typos:
                    j = rnd.randrange(len(tok) - 1)
                    toks[i] = tok[:j] + tok[j + 1] + tok[j] + tok[j + 2 :]
            text = " ".join(toks)
        text = text.lower() if self.lower else text
        return text.rstrip(".?!。？") if self.bare else text


class Library:
    """All pools, loaded once."""

    def __init__(self, rng: np.random.Generator) -> None:
        rows = [(name, *line.split()) for name, line in table("pools").items()]
        self.pools = {name: Pool(name, files, float(want), rng) for name, want, *files in rows}

    def text(self, rnd: random.Random, name: str, topic: int | None, rework: float) -> tuple:
        """A text of a pool: renumbered and spliced with another of its topic, or walked anew."""
        pool = self.pools[name]
        i = pool.pick(rnd, topic)
        if pool.used[i] > 2 or rnd.random() < rework:
            return pool.mill(rnd, i), pool.want
        new = lambda m: str(rnd.randint(1, 10 ** len(m.group()) + 2))  # noqa: E731
        text = re.sub(r"\d{1,4}", new, pool.texts[i])
        if rnd.random() < 0.5:
            text += ("" if pool.wide else " ") + pool.mill(rnd, pool.pick(rnd, topic), 14)
        return text, pool.want


class Mind:
    """What one author asks about: pools, topics, a way of speaking; `broad` asks about all."""

    def __init__(self, lib: Library, rnd, lang: str, pools: dict, groups=None, broad=False) -> None:
        self.lib, self.rnd, self.broad, self.style = lib, rnd, broad, Style(rnd)
        self.speaker = Speaker(rnd, LANGS[lang], groups, broad)
        self.names, self.odds = (
            list(pools),
            [w * (0.2 + rnd.expovariate(1)) for w in pools.values()],
        )
        self.topics = {p: [rnd.randrange(997) for _ in range(rnd.randint(1, 4))] for p in pools}
        self.reasons, self.scale = max(0.0, rnd.gauss(0.02, 0.09)), rnd.lognormvariate(0, 0.3)

    def ask(self) -> tuple[str, float]:
        rnd, pack = self.rnd, self.speaker.pack
        name = rnd.choices(self.names, self.odds)[0]
        if name == "spoken":
            text, want = self.speaker.say(pack.frames), 360.0
        else:
            topic = None if self.broad else rnd.choice(self.topics[name])
            text, want = self.lib.text(rnd, name, topic, 0.45)
            if rnd.random() < 0.4:
                more = self.speaker.slot("c")
                text = f"{more} {text}" if rnd.random() < 0.5 else f"{text}\n{more}"
        text = self.style.dress(text)
        if rnd.random() < self.reasons:
            text, want = f"{text} {self.speaker.say(pack.reason)}", want * 1.6
        return text, want * self.scale

    def follow(self) -> tuple[str, float]:
        text = self.speaker.say(self.speaker.pack.follow)
        text += " " + self.speaker.slot("c") if self.rnd.random() < 0.6 else ""
        return self.style.dress(text), 240 * self.scale
