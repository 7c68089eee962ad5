"""Wordings: corpora cut up and re-joined within a subject, rules in 18 languages, manners of typing."""

import re
from collections import defaultdict
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

HERE = Path(__file__).resolve().parent
DATA = Path(__file__).resolve().parents[4] / "shared/data/dev"
PART = re.compile(r"\[([^\[\]]*)\]|\{([^{}]*)\}")
STOPS = frozenset(".?!。？！؟।")


def tables():
    """The tables of tables.txt: name to lines."""
    out, rows = {}, []
    for line in (HERE / "tables.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            rows = out.setdefault(line[1 : line.index("]")], [])
        elif not line.startswith("#"):
            rows.append(line)
    return out


TABLES = tables()
PLACES, SYLLABLES, NAMES = (TABLES[k][0].split() for k in ("places", "syllables", "names"))
CUTS = frozenset(TABLES["cuts"][0].split())
SWAPS = {w: [x for x in g.split() if x != w] for g in TABLES["swaps"] for w in g.split()}

HAN = "|".join(sorted((w for w in SWAPS if not w.isascii()), key=len, reverse=True))
TOKEN = re.compile(HAN + r"|[A-Za-z]+(?:'[a-z]+)?|\d+|[\u3001-\uffef]|[^A-Za-z\d\u3001-\uffef]+")


def coin(r):
    return "".join(r.choice(SYLLABLES) for _ in range(r.randint(2, 3)))


def number(r, digits):
    return r.randint(10 ** (digits - 1) + (digits == 1), 10**digits - 1)


class Corpus:
    """Prompts as token lists, grouped by subject (k-means over hashed words)."""

    def __init__(self, texts, groups, seed, home="en", limit=220):
        cut = (TOKEN.findall(t[: limit * 5])[:limit] for t in texts)
        self.items = [w for w in cut if len(w) > 2]
        self.group = self._cluster(groups, seed)
        self.by, self.queue = defaultdict(list), []
        self.splice = 0.9 if home == "zh" else 0.5
        for i, g in enumerate(self.group):
            self.by[g].append(i)
        self.keys = sorted(self.by)
        self.words = {g: ["it"] for g in self.keys}
        for g, t in zip(self.group, self.items):
            self.words[g] += [w for w in t if len(w) > 5 and w.islower()]
        self.cuts = [[j for j, w in enumerate(t) if w.strip() in CUTS] for t in self.items]

    def _cluster(self, k, seed):
        rng = np.random.default_rng(seed)
        table = rng.normal(size=(4096, 40)).astype(np.float32)
        rows = np.zeros((len(self.items), 40), np.float32)
        for i, t in enumerate(self.items):
            ids = {sum(map(ord, w[:7].lower())) * 31 % 4093 + len(w) % 3 for w in t if len(w) > 3}
            rows[i] = table[sorted(ids)].sum(0)
        rows /= np.linalg.norm(rows, axis=1, keepdims=True) + 1e-6
        mid = rows[rng.choice(len(rows), min(k, len(rows)), replace=False)]
        for _ in range(6):
            near = (rows @ mid.T).argmax(1)
            for j in range(len(mid)):
                if (near == j).any():
                    mid[j] = rows[near == j].mean(0)
            mid /= np.linalg.norm(mid, axis=1, keepdims=True) + 1e-6
        return near.tolist()

    def deal(self, r):
        """Next item of a shuffled queue over everything: how a list of jobs is worked through."""
        if not self.queue:
            self.queue = list(range(len(self.items)))
            r.shuffle(self.queue)
        return self.queue.pop()

    def remix(self, r, group=None, rate=0.14):
        """A new text from one item: other numbers, names, words, often the tail of a neighbour."""
        item = self.deal(r) if group is None else r.choice(self.by[group])
        words, cuts, g = self.items[item], self.cuts[item], self.group[item]
        other = r.choice(self.by[g])
        if cuts and self.cuts[other] and r.random() < self.splice:
            words = words[: r.choice(cuts)] + self.items[other][r.choice(self.cuts[other]) :]
        out, pool, draw = [], self.words[g], r.random
        for w in words:
            if w in SWAPS:
                out.append(r.choice(SWAPS[w]) if draw() < 0.45 else w)
            elif w.isdigit():
                out.append(str(number(r, len(w))) if len(w) < 5 else w)
            elif len(w) > 4 and w[0].isalpha() and w.isascii() and draw() < rate:
                out.append(r.choice(NAMES) if w[0].isupper() and out else r.choice(pool))
            else:
                out.append(w)
        return "".join(out).strip()


def load(name, lang=None):
    t = pq.read_table(DATA / f"{name}.parquet", columns=["prompt", "lang"]).to_pydict()
    return [p for p, k in zip(t["prompt"], t["lang"]) if lang is None or k == lang]


class Library:
    """Every corpus and rule a world draws its wordings from."""

    def __init__(self, r, seed):
        self.r, self.seen, self.compiled = r, {}, {}
        names = ("arena_users_2023", "oasst_prompts", "instructionwild_users", "awesome_prompts")
        chinese = load("instructionwild_users", "zh") + load("awesome_prompts_zh", "zh")
        self.corpora = {
            "people": Corpus([t for n in names for t in load(n, "en")], 36, seed),
            "chinese": Corpus(chinese, 10, seed, "zh"),
        }
        for key, name, k in map(str.split, TABLES["corpora"]):
            self.corpora[key] = Corpus(load(name), int(k), seed, "zh" if "zh" in name else "en")
        systems = pq.read_table(DATA / "bfcl_live_tools.parquet")["system"].to_pylist()
        self.tool_systems = sorted({s for s in systems if s})
        lines = (HERE / "words.txt").read_text(encoding="utf-8").splitlines()
        pairs = (x.split(": ", 1) for x in lines if x and x[0] != "#")
        self.rules = {k: v.replace("\\n", "\n").split("~") for k, v in pairs}
        self.names = {k[0:2]: r.choice((k[:2], k[:2].upper())) for k in self.rules if k[2:] == ".a"}

    def parts(self, text):
        """A text taken apart: words, choices (list) and slots (tuple of name and how many)."""
        if text in self.compiled:
            return self.compiled[text]
        out, at = self.compiled.setdefault(text, []), 0
        for m in PART.finditer(text):
            out.append(text[at : m.start()].replace("<<", "{").replace(">>", "}"))
            if m[2] is None:
                out.append([self.parts(x) for x in m[1].split("|")])
            else:
                name, _, many = m[2].partition("*")
                out.append((name, *map(int, (many or "1-1").split("-"))))
            at = m.end()
        out.append(text[at:].replace("<<", "{").replace(">>", "}"))
        return out

    def frozen(self, rule):
        """One house wording of a rule: choices and forms of asking fixed, matter left open."""
        text, r = self.r.choice(self.rules[rule]), self.r
        for _ in range(6):
            text = re.sub(r"\[([^\[\]]*)\]", lambda m: r.choice(m[1].split("|")), text)
            text = re.sub(r"\{(e\.\w+|tag)\}", lambda m: r.choice(self.rules[m[1]]), text)
            text = re.sub(r"\{X\}", lambda _: coin(r).title(), text)
        return text

    def expand(self, parts, v):
        out = []
        for p in parts:
            if isinstance(p, str):
                out.append(p)
            elif isinstance(p, list):
                out.append(self.expand(self.r.choice(p), v))
            else:
                many = 1 if p[2] == 1 else self.r.randint(p[1], p[2])
                out.append("\n".join(self.slot(p[0], v) for _ in range(many)))
        return "".join(out)

    def rule(self, name, v):
        return self.expand(self.parts(self.r.choice(self.rules[name])), v)

    def slot(self, name, v):
        r = self.r
        if name in {"ask", "line"} or name[0] == "@":
            return v.matter(name[1:]) if name[0] == "@" else getattr(v, name)()
        if name in self.rules:
            return self.rule(name, v)
        if name.startswith("l."):
            return self.rule(f"{v.lang}.{name[2:]}", v)
        if name in {"n", "n2", "n3"}:
            return str(number(r, int(name[1:]) if name[1:] else r.choice((1, 1, 2, 2, 2, 3, 4))))
        return v.word(name)


class Voice:
    """Who speaks: languages, subjects, names that come up, manners of typing, and forms of work."""

    def __init__(self, w, langs, forms=(), flow=None, to=None):
        f, r = flow or w.specs["flow"], w.r
        self.r, self.lib, self.langs, self.lang, self.forms = r, w.lib, langs, langs[0], forms
        self.open, self.share, self.outs = f["open"], f["share"], f["outs"].split()
        self.subjects, self.own, self.last = [r.randrange(99) for _ in range(6)], {}, ""
        self.native = (bool(f["langs"]) or not self.open) and "en" not in langs
        self.people, self.places = r.sample(NAMES, 3), r.sample(PLACES, 2)
        self.lower, self.typo = r.random() < 0.3, max(0.0, r.gauss(-0.1, 0.35)) * (not forms)
        self.hello = r.choice(("", "", "", "hi, ", "hey ", "Hello! ")) * (langs[0] == "en")
        self.reason, self.to = r.random() ** 4 * 0.5, to or r.choice(langs)

    def __call__(self, st, turn):
        r = self.r
        if turn == 0:
            st["lang"] = self.langs[0] if r.random() < 0.7 else r.choice(self.langs)
        self.lang = st["lang"]
        if self.forms and (turn == 0 or r.random() < 0.7) and r.random() < self.share:
            form = r.choice(self.forms)
            if form.startswith("f.probe"):
                st["refused"] = 0.2
            form = r.choice(self.lib.rules[form]) if form in self.lib.rules else form
            return self.lib.expand(self.lib.parts(form), self), r.choice(self.outs)
        if turn and r.random() < 0.6:
            return self.style(self.lib.rule(f"{self.lang}.f", self)), r.choice(("short", "mid"))
        return self.style(self.ask()), r.choice(("short", "mid", "mid", "long"))

    def matter(self, name):
        """A text of a corpus, within one's own subjects; in the person's language if that is another."""
        c = self.lib.corpora[name]
        home = {"chinese": "zh", "roleplay": "zh"}.get(name, "en")
        if self.lang != home and (self.native or (home == "zh" and self.r.random() < 0.6)):
            return self.grammar()
        if self.open:
            return c.remix(self.r)
        own = self.own.setdefault(name, [self.r.choice(c.keys) for _ in range(3)])
        return c.remix(self.r, self.r.choice(own))

    def ask(self):
        x = self.r.random()
        if (self.lang == "en" and x < 0.78) or (self.lang == "zh" and x < 0.5):
            return self.matter("people" if self.lang == "en" else "chinese")
        return self.grammar()

    def grammar(self):
        """A request of the rules: an ask, perhaps a circumstance before or after it, perhaps a wish."""
        r, lib, gap = self.r, self.lib, "" if self.lang in {"ja", "zh"} else " "
        parts = [lib.rule(f"{self.lang}.a", self)]
        if r.random() < 0.5:
            parts.insert(r.randint(0, 1), lib.rule(f"{self.lang}.c", self))
        for k, p in (("z", 0.35), ("r", self.reason)):
            parts += [lib.rule(f"{self.lang}.{k}", self)] if r.random() < p else []
        return gap.join(p if p[-1] in STOPS else p + r.choice((",", ".", "")) for p in parts)

    def topic(self):
        r, topics = self.r, self.lib.rules[f"{self.lang}.t"]
        t = r.choice(topics) if self.open else topics[self.subjects[r.pick_rank()] % len(topics)]
        self.last = t if t != self.last else r.choice(topics)
        return f"{self.last} ({coin(r).title()})" if r.random() < 0.3 else self.last

    def word(self, name):
        """A slot that depends on who speaks, by its name in words.txt."""
        r = self.r
        if name in {"t", "u"}:
            text = self.topic()
        elif name in {"p", "c"}:
            mine, all_ = (self.people, NAMES) if name == "p" else (self.places, PLACES)
            text = r.choice(all_ if self.open else mine)
        elif name in {"x", "X"}:
            text = coin(r) if name == "x" else coin(r).title()
        else:
            text = f"{r.randrange(60):02}" if name == "m" else self.lib.names[self.to]
        return text

    def line(self):
        """One spoken or written line in the language in use."""
        r = self.r
        if self.lang not in {"en", "zh"}:
            return self.lib.rule(f"{self.lang}.{r.choice('acccf')}", self)
        c = self.lib.corpora["people" if self.lang == "en" else "roleplay"]
        text = c.remix(r, r.choice(c.keys)).split("\n")[0].split(". ")[-1]
        return text[: r.randint(30, 110) if self.lang == "en" else r.randint(10, 40)]

    def style(self, text):
        r = self.r
        if self.hello and r.random() < 0.3:
            text = self.hello + text
        if self.lower:
            text = text.lower().rstrip(".?!")
        if r.random() < self.typo and len(text) > 12:
            for _ in range(1 + len(text) // 90):
                i = r.randrange(1, len(text) - 2)
                text = text[:i] + r.choice((text[i + 1] + text[i], text[i] * 2, "")) + text[i + 2 :]
        return text
