"""Texts: real prompts in topics, and the voices in which accounts speak."""

import re
import zlib

import numpy as np
import pyarrow.parquet as pq
import words

FILES = {
    "chat": ["arena_users_2023", "oasst_prompts", "instructionwild_users"],
    "zh": ["instructionwild_users", "awesome_prompts_zh", "smile_zh_multiturn"],
    "role": ["awesome_prompts"],
    "tickets": ["banking77_tickets"],
    "search": ["cosqa_bing_code"],
    "code": ["codealpaca_gpt4"],
    "tasks": ["alpaca_instruct"],
    "tools": ["taskbench_tools", "bfcl_live_tools"],
    "logic": ["logicot_reasoning", "huatuo_o1_reasoning"],
    "sets": ["alpaca_genrequests"],
    "math": ["gsm8k_eval"],
}
_BODY = re.compile(
    r"<(?:Multiple-choice )?[Qq]uestion>\n(.+?)\n</|List of 20 tasks:\s*(.+)", re.DOTALL
)
_WORD = re.compile(r"\w+")


def _topics(texts, k, seed):
    """Group texts roughly by the words they hold."""
    g = np.random.default_rng(seed)
    x = np.zeros((len(texts), 192), np.float32)
    for i, t in enumerate(texts):
        for v in _WORD.findall(t[:300].lower()) if not t[:1] > "\u2e80" else t[:40]:
            if len(v) > 4 or v > "\u0400":
                x[i, zlib.crc32(v.encode()) % 192] += 1
    x *= np.log(len(texts) / (1 + (x > 0).sum(0)))
    x /= np.linalg.norm(x, axis=1, keepdims=True) + 1e-6
    centre = x[g.choice(len(x), k, replace=False)]
    for _ in range(5):
        label = (x @ centre.T).argmax(1)
        for j in range(k):
            if (label == j).any():
                centre[j] = x[label == j].mean(0)
    return [[t for t, b in zip(texts, label) if b == j] for j in range(k) if (label == j).any()]


class Bank:
    """All pools of real prompts, whole and by topic."""

    def __init__(self, data, r):
        self.r = r
        self.pools, self.topics = {}, {}
        for name, files in FILES.items():
            texts = set()
            for f in files:
                t = pq.read_table(data / f"{f}.parquet", columns=["prompt", "lang"])
                for p, lang in zip(t["prompt"].to_pylist(), t["lang"].to_pylist()):
                    if p and p.strip() and (lang == "zh") == (name == "zh"):
                        p = p.rsplit("Question: ", 1)[-1].removesuffix("Answer:") if name == "math" else p  # fmt: skip
                        inner = _BODY.search(p)  # the item alone, without the request around it
                        p = (inner[1] or inner[2]) if inner and name in ("logic", "sets") else p
                        texts.add(p.strip()[: 1600 if name != "sets" else 2000])
            self.pools[name] = sorted(texts)
            self.topics[name] = _topics(
                self.pools[name], min(40, len(texts) // 12), zlib.crc32(name.encode())
            )
        t = pq.read_table(data / "codealpaca_gpt4.parquet", columns=["output"])["output"]
        t2 = pq.read_table(data / "alpaca_instruct.parquet", columns=["output"])["output"]
        self.answers = sorted({o for o in (*t.to_pylist(), *t2.to_pylist()) if o and len(o) > 60})
        self.pools["answers"] = [a[:1200] for a in self.answers]

    def foreign(self, lang):
        """One question in one of the languages that have frames."""
        frames, topics, aspects = (x.split("/") for x in words.TONGUES[lang])
        r = self.r
        s = r.choice(frames).replace("%s", r.choice(topics)).replace("%a", r.choice(aspects))
        return s + (f" ({r.choice(words.PLACE)}, {r.randint(2, 90)})" if r.random() < 0.3 else "")

    def draw(self, pool):
        """Anything from a pool, a fabric or a language."""
        if pool in words.FABRICS:
            return words.FABRICS[pool](self.r)
        return self.foreign(pool) if pool in words.TONGUES else self.r.choice(self.pools[pool])

    def own(self, pools, breadth=2, loyal=0.85):
        """A source of texts with subjects of its own, as people and products have."""
        r = self.r
        mine = {p: r.sample(self.topics[p], min(breadth, len(self.topics[p]))) for p in pools if p in self.topics}  # fmt: skip

        def text():
            p = r.choice(pools)
            if p in mine and r.random() < loyal:
                return r.choice(r.choice(mine[p]))
            return self.draw(p)

        return text

    def deck(self, pools, size):
        """Texts dealt once each, in no order; where pools run out, parts are recombined."""
        real = [t for p in pools if p in self.pools for t in self.pools[p]]
        self.r.shuffle(real)
        made = [p for p in pools if p not in self.pools]
        want = max(0, size - len(real)) if not made else max(size - len(real), size // 3)
        seen = dict.fromkeys(self.draw(self.r.choice(made or ["ask"])) for _ in range(want))
        cards = real[: max(0, size - len(seen))] + list(seen)
        self.r.shuffle(cards)
        return iter(cards)


def chatter(bank, source, lang="en", follow=0.35):
    """A person: own subjects, and short remarks while a conversation lasts."""
    remark = words.FOLLOW.get(lang, words.FOLLOW["en"])

    def say(turn):
        if turn and bank.r.random() < follow + 0.2:
            return words.expand(bank.r, remark)
        return source()

    return say


def framed(source, before="", after=""):
    """A program: the same words around every input."""
    return lambda turn: f"{before}{source()}{after}"


def dealt(deck, bank, wrap):
    """A job queue: the next card, in a fresh wrapping."""

    def say(turn):
        card = next(deck, None)
        return wrap(card if card is not None else words.ask(bank.r))

    return say
