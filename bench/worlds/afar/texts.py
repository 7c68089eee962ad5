"""What people, firms and harvesters say: real prompts, sentences put together, and variations."""

import random
import re
from collections import Counter
from pathlib import Path
from zlib import crc32

import pyarrow.parquet as pq
from phrases import ASK, LANGS, SWAPS

DATA = Path(__file__).resolve().parents[4] / "shared/data/dev"
PEOPLE = ("arena_users_2023", "oasst_prompts", "instructionwild_users", "cosqa_bing_code")
TASKS = ("alpaca_instruct", "codealpaca_gpt4", "taskbench_tools", "logicot_reasoning", "huatuo_o1_reasoning")  # fmt: skip
OTHERS = ("banking77_tickets", "gsm8k_eval", "alpaca_genrequests", "awesome_prompts", "awesome_prompts_zh")  # fmt: skip
WORD = re.compile(r"[a-z]{4,14}")
OPEN = "hi, |hello! |quick one: |hey |so |please help: |pls |ok "
TAIL = " thanks| thx| (for {w})| please| asap| - {w} version| keep it short| in plain words| with an example about {w}| for a {w} project"


class Book:
    """The texts of a world, dealt by subject to people and at random to harvesters."""

    def __init__(self, seed):
        self.py = random.Random(seed)
        self.src, spoken = {}, {}
        for name in (*PEOPLE, *TASKS, *OTHERS):
            t = pq.read_table(DATA / f"{name}.parquet", columns=["prompt"])
            self.src[name] = [p for p in t["prompt"].to_pylist() if p and len(p) > 8]
        t = pq.read_table(DATA / "bfcl_live_tools.parquet", columns=["prompt", "system"])
        self.tools = list(zip(t["prompt"].to_pylist(), t["system"].to_pylist()))
        t = pq.read_table(DATA / "smile_zh_multiturn.parquet", columns=["conv_id", "prompt"])
        for conv, text in zip(t["conv_id"].to_pylist(), t["prompt"].to_pylist()):
            spoken.setdefault(conv, []).append(text)
        self.talks = list(spoken.values())
        path = DATA / "reference/disposable_email_domains.txt"
        self.throwaway = path.read_text(encoding="utf-8").split()
        self.py.shuffle(self.throwaway)
        self.zh = [p for n in PEOPLE for p in self.src[n] if not p.isascii()]
        self.zh += self.src["awesome_prompts_zh"] + [x[0] for x in self.talks]
        self._subjects()

    def _subjects(self):
        """Sort English texts of people and of tasks into subjects by a middling-rare word."""
        pool = [p for n in PEOPLE for p in self.src[n] if p.isascii()]
        pool += [p for n in TASKS for p in self.src[n] if len(p) < 900][::2]
        pool += [p for p in self.src["awesome_prompts"] if len(p) < 600]
        self.everyday = [p for p in pool if len(p) < 400]
        bags = [set(WORD.findall(p[:300].lower())) for p in pool]
        seen = Counter(w for b in bags for w in sorted(b))
        self.subjects = {}
        for p, b in zip(pool, bags):
            good = sorted((seen[w], w) for w in b if 10 <= seen[w] <= 260)
            if good:
                self.subjects.setdefault(good[-1][1], []).append(p)
        self.subjects = {w: p for w, p in self.subjects.items() if len(p) >= 6}
        self.words = [w for w, k in sorted(seen.items()) if 4 <= k <= 260]
        self.names = list(self.subjects)

    def frame(self, lang, things=None, kind="frames"):
        """Put an everyday sentence of a language together."""
        py, d = self.py, LANGS[lang]
        text = py.choice(d[kind])
        things = things or d["things"]
        fill = {"{t}": things, "{u}": d["things"], "{v}": d["verbs"], "{c}": d["contexts"]}
        for key, value in fill.items():
            text = text.replace(key, py.choice(value), 1)
        return text.replace("{n}", str(py.randint(2, 40)))

    def vary(self, text, p=0.75):
        """Change an English text a little, as people do."""
        py = self.py
        if py.random() > p:
            return text
        if py.random() < 0.3:
            text = text.lower()
        if py.random() < 0.25:
            text = text.rstrip("?.! ")
        if py.random() < 0.3 and len(text) > 20:
            i = py.randrange(3, min(len(text) - 2, 90))
            text = text[:i] + text[i + 1] + text[i] + text[i + 2 :]
        if py.random() < 0.3:
            text = py.choice(OPEN.split("|")) + text
        if py.random() < 0.45:
            text += py.choice(TAIL.split("|")).replace("{w}", py.choice(self.words))
        return re.sub(r"\d+", lambda m: str(py.randint(2, 99)), text) if py.random() < 0.3 else text

    def reword(self, text, p=0.6):
        """Swap words of an English text for others of like meaning."""
        py = self.py

        def swap(m):
            new = SWAPS.get(m[0].lower())
            return py.choice(new.split("|")) if new and py.random() < p else m[0]

        text = re.sub(r"[A-Za-z]+", swap, text[:2500])
        cut = text.find(". ")
        if 10 < cut < 160 and py.random() < 0.4:
            text = text[cut + 2 :].rstrip() + " " + text[: cut + 1]
        return text[:1].upper() + text[1:]

    def ask(self, lang, free=True):
        """Ask for a worked answer, in a listed way or in words put together anew."""
        py = self.py
        if lang != "en" or not free:
            found = py.sample(LANGS[lang]["elicit"], 1 + (free and py.random() < 0.35))
            return " ".join(found)
        parts = [py.choice(s.split("|")) for s in ASK]
        parts = parts[py.choice((0, 0, 1)) :]
        text = py.choice((", ", "; ", " and ", " - ")).join(parts)
        return (text[:1].upper() + text[1:] if py.random() < 0.7 else text) + py.choice((".", "", "!"))  # fmt: skip

    def line(self, lang, subject=None, things=None):
        """Say what a person of a language says, on a subject where one is given."""
        py = self.py
        if lang == "en":
            name = subject or py.choice(self.names)
            if py.random() < 0.62:
                text = self.vary(py.choice(self.subjects[name]))
            else:
                near = WORD.findall(py.choice(self.subjects[name]).lower()) or [name]
                pair = [f"{py.choice(near)} and {name}", f"{py.choice(self.words)} {name}", name]
                text = self.frame("en", pair if py.random() < 0.7 else things)
        elif lang == "zh" and py.random() < 0.45:
            text = py.choice(self.zh)
        else:
            text = self.frame(lang, things)
            if py.random() < 0.3:
                text += " " + self.frame(lang, things)
        return text

    def person(self, lang, longing=0.05):
        """Return a person's way of talking: subjects of their own and follow-ups."""
        py = self.py
        mine = [py.choice(self.names) for _ in range(py.randint(1, 4))]
        things = py.sample(LANGS[lang]["things"], 3)
        often = longing if py.random() < 0.8 else 0.25

        def say(k):
            subject, said = py.choice(mine), []
            if lang == "zh" and py.random() < 0.15 and k > 2:
                return [(t, False, 0.0) for t in py.choice(self.talks)[:k]] or say(1)
            for i in range(k):
                if i and py.random() < 0.6:
                    text = self.frame(lang, things, "follow")
                    said.append((text, False, -0.2))
                    continue
                text, extra = self.line(lang, subject, things), 0.0
                if py.random() < often:
                    text, extra = f"{text} {self.ask(lang, py.random() < 0.4)}", 0.5
                said.append((text, False, extra))
            return said

        return say

    def form(self, shape, bodies, extra=0.0, fresh=0.5):
        """Return a way of talking in which every prompt is one form filled with one body."""
        py = self.py

        def say(k):
            said = []
            for _ in range(k):
                body = py.choice(bodies)
                body = self.vary(body, fresh)[:1500]
                said.append((shape.replace("{x}", body).replace("{w}", py.choice(self.words)), False, extra))  # fmt: skip
            return said

        return say

    def blend(self, one, other, p):
        """Return one way of talking mixed, session by session, with another."""
        py = self.py
        return lambda k: (other if py.random() < p else one)(k)


class Deck:
    """A harvester's job queue: bodies dealt once each, in many subjects, with or without asking."""

    def __init__(self, book, langs, style, ask, people):
        self.book, self.langs, self.style, self.how, self.people = book, langs, style, ask, people
        self.used, self.cards = set(), []
        py = book.py
        names = {"code": ("codealpaca_gpt4", "cosqa_bing_code"), "reason": ("gsm8k_eval", "logicot_reasoning", "huatuo_o1_reasoning"), "agentic": ("taskbench_tools",), "broad": TASKS[:3], "seeds": ("alpaca_genrequests", "alpaca_instruct")}  # fmt: skip
        if style in names and not people:
            self.cards = [p for n in names[style] for p in book.src[n]]
            py.shuffle(self.cards)
        self.listed = [book.ask(lang, free=False) for lang in langs for _ in range(py.randint(2, 5))]  # fmt: skip

    def body(self, lang):
        """Deal a body that this campaign has not sent."""
        py, book = self.book.py, self.book
        for attempt in range(6):
            if self.people:
                text = book.line(lang)
            elif lang == "en" and self.cards and attempt < 3:
                text = self.cards.pop()
                text = book.reword(text) if py.random() < 0.7 else text
            elif lang == "en":
                text = book.reword(book.vary(py.choice(book.everyday)))
            else:
                text = book.frame(lang) + (" " + book.frame(lang) if attempt or py.random() < 0.6 else "")  # fmt: skip
            if (key := crc32(text.lower().encode())) not in self.used:
                break
        self.used.add(key)
        return text

    def say(self, k, lang=None, turns=False):
        """Deal k jobs, or one job and turns that dig deeper into it."""
        py, book, said = self.book.py, self.book, []
        lang = lang or py.choice(self.langs)
        for i in range(k):
            if turns and i:
                near = [w for w in said[0][0].split() if len(w) > 4] or ["this"]
                text = f"{book.frame(lang, kind='follow')} ({py.choice(near)[:20]}, {py.choice(near)[:20]})"  # fmt: skip
                said.append((text, True, 0.45))
                continue
            text, extra = self.body(lang), 0.25
            if self.how == "free" and py.random() < 0.85:
                tail, extra = book.ask(lang), 0.7
                text = f"{text} {tail}" if py.random() < 0.6 else f"{tail} {text}"
            elif self.how == "listed" and py.random() < 0.8:
                text, extra = f"{text}\n{py.choice(self.listed)}", 0.65
            elif self.how == "system":
                extra = 0.6
            said.append((text, True, extra))
        return said
