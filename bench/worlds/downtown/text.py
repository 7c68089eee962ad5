"""Text: decks of the corpora, personas, composed messages, templates, elicitation wording."""

import re
from pathlib import Path
from types import SimpleNamespace

import pyarrow.parquet as pq
from tables import BANK, DISTILL_DECKS, KEYS, NAMES, OPS, PEOPLE_DECKS, SHARED, STYLE

DATA = Path(__file__).resolve().parents[4] / "shared/data/dev"
CHUNK = re.compile(r"\b(?:about|of|for|with|on|the|a) ((?:[a-z]{3,} ){1,2}[a-z]{4,})\b")
WORD = re.compile(r"\b[a-z]{5,}\b")
NUMBER = re.compile(r"\d+")
NAME = re.compile(r"(?<=[a-z,] )[A-Z][a-z]{2,}\b")
EMOJI = ["🙂", "😅", "🙏", "😭", "❤️", "!!", "..."]
STOP = {"that", "this", "with", "from", "your", "their", "have", "into", "which", "when", "what"}
NUMBERS = [3, 5, 7, 10, 12, 15, 18, 20, 25, 30, 45, 60, 80, 100, 150, 250, 400, 900]


class Text:
    """All wording of a world, from one generator."""

    def __init__(self, rng, *, shared_corpora: bool) -> None:
        self.rng, self.seen = rng, set()
        self.decks, self.place, self.vocab = {}, {}, {}
        self.sentences = {"en": [], "zh": []}
        self.chunks = [[] for _ in KEYS]
        self.pools = {(lang, d): [] for lang in ("en", "zh") for d in range(len(KEYS))}
        self.keys = [re.compile(rf"\b(?:{k})" + "|[" + re.sub("[a-z|]", "", k) + "]") for k in KEYS]
        self.verb = 0.16 if shared_corpora else 0.07
        decks = PEOPLE_DECKS + DISTILL_DECKS * shared_corpora
        for path in sorted(DATA.glob("*.parquet")):
            if not path.stem.startswith(("timing", "coord")):
                self._load(path, public=path.stem in decks)
        for pool in self.pools.values():
            rng.shuffle(pool)

    def _load(self, path, *, public) -> None:
        table = pq.read_table(path, columns=["prompt", "lang", "output"]).to_pylist()
        deck = [(r["prompt"], "zh" if r["lang"] == "zh" else "en") for r in table]
        deck = list(dict.fromkeys(d for d in deck if len(d[0]) > 8))
        words = [w for text, _ in deck for w in WORD.findall(text[:300])]
        self.vocab[path.stem] = words or ["thing"]
        for text, lang in deck:
            d = self.subject(text)
            if public:
                self.pools[lang, d].append(text)
            if lang == "en" and "gen" not in path.stem:
                found = CHUNK.findall(text[:400])
                self.chunks[d] += [c for c in found if not STOP & set(c.split())]
        for row in table:
            lines = re.split(r"(?<=[.。!?])\s*", row["output"] or "")
            self.sentences["zh" if row["lang"] == "zh" else "en"] += [
                s for s in lines if len(s) > 25
            ]
        self.rng.shuffle(deck)
        self.decks[path.stem], self.place[path.stem] = deck, 0

    def subject(self, text) -> int:
        low = text[:300].lower()
        counts = [len(set(k.findall(low))) for k in self.keys]
        best = max(counts)
        return counts.index(best) if best else self.rng.randrange(len(KEYS))

    def deal(self, stem):
        """Next item of a deck and its language; altered from the second round on."""
        deck, at = self.decks[stem], self.place[stem]
        self.place[stem] = at + 1
        text, lang = deck[at % len(deck)]
        return (self.vary(text, lang, stem) if at >= len(deck) else text), lang

    def vary(self, text, lang, stem="oasst_prompts"):
        """Another request of the same kind: numbers, names and words exchanged, a detail added."""
        rng, vocab = self.rng, self.vocab[stem]

        def number(m):
            return str(rng.randint(2, 9 * 10 ** (min(len(m[0]), 4) - 1) + 1))

        text = NUMBER.sub(number, text)
        text = NAME.sub(lambda m: rng.choice(NAMES) if rng.random() < 0.7 else m[0], text)
        text = WORD.sub(lambda m: rng.choice(vocab) if rng.random() < 0.08 else m[0], text)
        parts = re.split(r"(?<=[.。\n])", text)
        if len(parts) > 3:
            parts.pop(rng.randrange(len(parts) - 1))
        extra = self.detail(self.persona(lang))
        parts.insert(rng.choice([0, len(parts)]), f" {extra} ")
        return "".join(parts).strip()

    def persona(self, lang):
        """Whose words these are: language, subjects, own things, habits of typing."""
        rng, b = self.rng, BANK[lang]
        doms = rng.sample(range(len(KEYS)), rng.choice([1, 2, 2, 3, 3, 4]))
        p = SimpleNamespace(lang=lang, doms=doms, city=rng.choice(b["city"]))
        p.who = rng.sample(b["who"], 2)
        p.own = [self.noun(lang, rng.choice(doms)) for _ in range(rng.choice([1, 2, 3]))]
        p.lower, p.bare = rng.random() < 0.35, rng.random() < 0.4
        p.emoji = rng.choice([0, 0, 0, 0.05, 0.3])
        p.long = rng.choice([0.05, 0.2, 0.3, 0.5])
        return p

    def noun(self, lang, dom):
        pool = self.chunks[dom]
        if lang == "en" and pool and self.rng.random() < 0.6:
            return self.rng.choice(pool)
        return self.rng.choice(BANK[lang]["nouns"][dom])

    def fill(self, template, p, **more):
        """Slots: own or subject nouns {n} {k}, a relation {p}, a number {q}, a place {c}."""
        rng, dom = self.rng, self.rng.choice(p.doms)
        n = rng.choice(p.own) if rng.random() < 0.3 else self.noun(p.lang, dom)
        slots = {"l": "English", "x": "", "y": "", "f": n, "w": 1, "n": n, "c": p.city}
        slots |= {"k": self.noun(p.lang, dom), "p": rng.choice(p.who)}
        slots["q"] = rng.choice(NUMBERS) + rng.choice([0, 0, 0, 1, 2])
        return template.format(**(slots | more))

    def detail(self, p):
        return self.fill(self.rng.choice(BANK[p.lang]["details"]), p)

    def compose(self, p):
        """A message in a person's own words."""
        rng, b = self.rng, BANK[p.lang]
        parts = [rng.choice(b["hello"])] if rng.random() < 0.15 else []
        frames = rng.sample(b["frames"], rng.choice([1, 1, 1, 1, 2]))
        parts += [self.fill(frame, p) for frame in frames]
        for _ in range(rng.choices([0, 1, 2, 4], [26, 34, 27, 13])[0]):
            parts.append(self.detail(p))
            if rng.random() < 0.3:
                rng.shuffle(parts)
        if rng.random() < 0.25:
            parts.append(self.fill(rng.choice(b["tails"]), p))
        if rng.random() < 0.04:
            parts.append(rng.choice(b["reason"]))
        return self.tics(("" if p.lang in {"zh", "ja"} else " ").join(parts), p)

    def tics(self, text, p):
        rng = self.rng
        text = text.lower() if p.lower else text
        text = text.rstrip(".?!。؟") if p.bare else text
        if rng.random() < p.emoji:
            text += " " + rng.choice(EMOJI)
        if p.lower and len(text) > 30 and rng.random() < 0.15:
            i = rng.randrange(5, len(text) - 5)
            text = text[:i] + text[i + 1] + text[i] + text[i + 2 :]
        return text

    def passage(self, p, most=4):
        """A text that somebody pastes."""
        rng, b = self.rng, BANK[p.lang]
        if p.lang in self.sentences and rng.random() < 0.5:
            return " ".join(rng.choices(self.sentences[p.lang], k=rng.randint(1, most)))
        lines = rng.choices(b["details"] + b["frames"], k=rng.randint(2, most + 2))
        return " ".join(self.fill(line, p) for line in lines)

    def ask(self, p):
        """A person's next request: a known phrase of the corpora, a pasted text, or own words."""
        rng, r = self.rng, self.rng.random()
        pool = self.pools.get((p.lang, rng.choice(p.doms)), ())
        if r < self.verb and len(pool) > 2:
            text = pool.pop()
            pool.insert(0, self.vary(text, p.lang))
            return text
        if r > 1 - p.long:
            op, body = rng.choice(OPS[p.lang].split("|")), self.passage(p, rng.choice([2, 4, 8]))
            return f"{op}\n{body}" if rng.random() < 0.7 else f'"{body}" {op}'
        return self.compose(p)

    def fresh(self, make, p):
        """A body not sent before, as far as a few tries go."""
        body = make()
        for _ in range(5):
            if len(body) < 8 or body not in self.seen:
                break
            body = f"{make()} {self.detail(p)}"
        self.seen.add(body)
        return body

    def later(self, p):
        text = self.fill(self.rng.choice(BANK[p.lang]["follow"]), p)
        return self.tics(f"{text} {self.detail(p)}" if self.rng.random() < 0.5 else text, p)

    def deepen(self, p):
        return self.fresh(lambda: self.later(p), p)

    def clauses(self, slots):
        return "".join(self.rng.choice(s.split("|")) for s in slots)

    def template(self, sort, lang):
        """One shared template: its wording is fixed from here on."""
        b = BANK[lang]
        if lang == "en":
            return self.clauses(SHARED[sort])
        return f"{self.rng.choice(b['frames'])} {self.rng.choice(b['reason'])} {{x}}"

    def elicit(self, style, lang):
        """Elicitation newly worded; outside English only the reasoning kind exists."""
        if lang == "en" and self.rng.random() < 0.9:
            text = self.clauses(STYLE[style]).strip(" ,")
            return text[:1].upper() + text[1:]
        return " ".join(self.rng.sample(BANK[lang]["reason"], self.rng.choice([1, 1, 2])))


class Wording:
    """How a source wraps its tasks: kinds = 0 bare, k fixed texts a language, -1 worded anew."""

    def __init__(self, text: Text, style: str, kinds: int) -> None:
        self.text, self.style, self.kinds, self.fixed = text, style, kinds, {}
        self.front = text.rng.choice([0, 0, 1, 0.5])
        self.bare = text.rng.choice([0.1, 0.3, 0.5, 0.7])

    def wrap(self, body, lang):
        rng, text = self.text.rng, self.text
        if not self.kinds or rng.random() < self.bare:
            return body
        extra = text.elicit(self.style, lang)
        if self.kinds > 0:
            forms = self.fixed.setdefault(lang, [])
            if len(forms) < self.kinds:
                forms.append(extra)
            extra = rng.choice(forms)
        gap = rng.choice([" ", "\n", "\n\n"])
        return extra + gap + body if rng.random() < self.front else body + gap + extra
