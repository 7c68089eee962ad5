"""Texts: real prompts from the data folder, and generators for code, sums, documents and tasks."""

from __future__ import annotations

import math
import re
import zlib
from collections import Counter, defaultdict
from pathlib import Path

import pyarrow.parquet as pq
from base import options, spin
from tongues import STUDY, TASKS

NAMES = "Amara|Bo|Chidi|Dagny|Elif|Farid|Greta|Hana|Ines|Jakub|Keiko|Lars|Mina|Nuno|Olga|Priya|Quentin|Rosa|Samir|Tove|Uma|Viktor|Wren|Ximena|Yusuf|Zofia".split(
    "|"
)
_NUMBER = re.compile(r"(?<![\w.])\d{1,4}(?![\w.%])")
_WORD = re.compile(r"[a-z]{5,}")
VERBS = (
    ("Generate", "Create", "Produce", "Compose", "Come up with"),
    ("Explain", "Describe", "Clarify", "Spell out"),
    ("Write", "Draft", "Prepare", "Put together"),
    ("Find", "Identify", "Determine", "Work out"),
    ("List", "Name", "Enumerate", "Give"),
    ("Classify", "Categorise", "Sort", "Label"),
    ("Create", "Build", "Make", "Implement"),
    ("I need", "I want", "I would like", "I have"),
)
RIDERS = "for a class of {n}|in the setting of a small town|as of the year {y}|with {m} in mind|suitable for {m}, who is new to this|using at most {n} items|in the style of a field guide|where the budget is {n}00|from the viewpoint of {m}|for a team of {n}|assuming {n} rounds|with one twist"
NOUNS = "order invoice ledger parcel ticket sensor route basket coupon lesson booking tenant meter shelf badge quota wallet stream packet canvas".split()
ACTIONS = "load merge parse sort score split fetch trim group rank sync audit queue match seal flush clone guard probe render".split()


def effect(text: str) -> float:
    """Return the part of an answer's length that belongs to the prompt itself."""
    return (zlib.crc32(text.encode()) % 10_007) / 10_007 * 1.6 - 0.8


def want(text: str, base: float) -> float:
    """Return how many tokens an answer to a text usually has."""
    return math.exp(base + 0.2 * math.log((len(text) + 20) / 90) + 0.45 * effect(text[:160]))


def _question(text: str) -> str:
    """Return the question inside a request template."""
    found = re.search(r"<(?:Multiple-choice )?[Qq]uestion>\s*(.+?)\s*(?:</|\Z)", text, re.DOTALL)
    return found[1] if found else text


class Bank:
    """The real prompts by use, and generators that share their chance with the world."""

    def __init__(self, py, folder: Path):
        self.py, self.folder = py, folder
        people = []
        for name in ("arena_users_2023", "oasst_prompts", "instructionwild_users"):
            people += self._read(name)
        self.zh = [x for x in people if x[1] == "zh"]
        self.people = [x[0] for x in people if x[1] == "en" and len(x[0]) < 1200]
        self.zh = [x[0] for x in self.zh]
        self.personas = [x[0] for x in self._read("awesome_prompts") if x[1] == "en"]
        self.personas_zh = [x[0] for x in self._read("awesome_prompts_zh")]
        self.search = [x[0] for x in self._read("cosqa_bing_code")]
        self.tickets = [x[0] for x in self._read("banking77_tickets")]
        self.calls = [(x[0], x[3]) for x in self._read("bfcl_live_tools") if x[1] == "en"]
        self.decks = {
            "instruct": [x[0] for x in self._read("alpaca_instruct")],
            "code": [x[0] for x in self._read("codealpaca_gpt4")],
            "tools": [x[0] for x in self._read("taskbench_tools")],
            "logic": [x[0] for x in self._read("logicot_reasoning")],
            "medical": sorted({_question(x[0]) for x in self._read("huatuo_o1_reasoning")}),
            "bootstrap": [x[0] for x in self._read("alpaca_genrequests")],
            "counsel": [x[0] for x in self._read("smile_zh_multiturn")],
        }
        rows = self._read("gsm8k_eval")
        self.sums = [x[0] for x in rows]
        asked = [x[0].split("Question:")[-1].split("Answer")[0].strip() for x in rows]
        self.decks["sums"] = sorted({q for q in asked if len(q) > 40})
        outs = self._read("alpaca_instruct") + self._read("logicot_reasoning")
        self.passages = [x[2] for x in outs if x[2] and len(x[2]) > 150]
        self.study = {k: options(v) for k, v in STUDY.items()}
        self.tasks = {k: options(v) for k, v in TASKS.items()}
        self.riders = RIDERS.split("|")
        self.shelves = self._shelve(self.people)
        self.keys = sorted(self.shelves)

    def _read(self, name: str) -> list[tuple]:
        table = pq.read_table(self.folder / f"{name}.parquet")
        return list(zip(*(table[c].to_pylist() for c in ("prompt", "lang", "output", "system"))))

    @staticmethod
    def _shelve(texts: list[str]) -> dict[str, list[int]]:
        """Index texts by words that are neither common nor unique, as crude subjects."""
        words = [set(_WORD.findall(t.lower())) for t in texts]
        seen = Counter(x for ws in words for x in ws)
        shelves = defaultdict(list)
        for i, ws in enumerate(words):
            for x in sorted(ws):
                if 6 <= seen[x] <= 60:
                    shelves[x].append(i)
        return dict(shelves)

    def vary(self, text: str) -> str:
        """Return another wording of a text: other figures, names, verbs, a rider."""
        py = self.py
        text = _NUMBER.sub(lambda m: str(max(2, int(int(m[0]) * py.uniform(0.5, 1.9)))), text)
        for group in VERBS:
            if text.startswith(group):
                old = next(v for v in group if text.startswith(v))
                text = py.choice(group) + text[len(old) :]
                break
        roll = py.random()
        if roll < 0.65 and len(text) < 700:
            rider = py.choice(self.riders)
            rider = rider.format(n=py.randint(3, 90), y=py.randint(1890, 2030), m=py.choice(NAMES))
            text = (
                f"{text.rstrip(' .?')}, {rider}" if roll < 0.5 else f"{rider.capitalize()}: {text}"
            )
        return text

    def study_task(self, lang: str) -> str:
        """Return an expert question made from a subject and a kind of task."""
        py = self.py
        lang = lang if lang in self.tasks else "en"
        t, u = py.sample(self.study[lang], 2)
        return spin(py, py.choice(self.tasks[lang])).format(t=t, u=u, n=py.randint(3, 60))

    def arithmetic(self) -> str:
        """Return a word problem."""
        py = self.py
        a, b = py.sample(NAMES, 2)
        x, y = py.sample(NOUNS, 2)
        n = [py.randint(3, 97) for _ in range(4)]
        text = py.choice(
            (
                f"{a} [sells|packs|repairs] {n[0]} {x}s [a day|an hour], {b} [{n[1] % 9 + 2} more|half as many]. After {n[2]} days they [lose|give away] {n[3]}. How many {x}s [remain|are left]?",
                f"A {x} costs {n[0]} and a {y} costs {n[1]}. {a} buys {n[2]} of the first and {b} pays for {n[3]} of the second. [Who pays more|What is the difference|What is the total]?",
                f"[Of|Among] {n[0] * 10} {x}s, {n[1] % 60 + 5}% are {y}s. {a} checks {n[2]} at random. [What is the expected number of {y}s|How likely is at least one {y}]?",
                f"{a} walks {n[0]} km at {n[1] % 7 + 3} km/h, {b} starts {n[2]} minutes later at {n[3] % 9 + 4} km/h. [When do they meet|Who arrives first]?",
            )
        )
        return spin(py, text)

    def snippet(self, lang: str | None = None) -> str:
        """Return a few lines of code whose names hardly ever repeat."""
        py = self.py
        f, g = py.sample(ACTIONS, 2)
        x, y = py.sample(NOUNS, 2)
        n = py.randint(2, 900)
        return {
            "py": f"def {f}_{x}({y}s, limit={n}):\n    out = {{}}\n    for i, {y} in enumerate({y}s):\n        if {y}.get('{x}') and i < limit:\n            out[{y}['id']] = {g}({y})\n    return out",
            "js": f"export async function {f}{x.title()}({y}Id) {{\n  const res = await api.{g}(`/{x}/${{{y}Id}}?max={n}`);\n  if (!res.ok) throw new Error('{x} {n}');\n  return res.json();\n}}",
            "sql": f"SELECT {x}_id, COUNT(*) AS {y}s\nFROM {y}_{f}\nWHERE {g}_at > NOW() - INTERVAL '{n} hours'\nGROUP BY {x}_id HAVING COUNT(*) > {n % 17};",
            "go": f"func {f.title()}{x.title()}({y} []int) (int, error) {{\n\ttotal := {n}\n\tfor _, v := range {y} {{\n\t\ttotal += {g}(v)\n\t}}\n\treturn total, nil\n}}",
        }[lang or py.choice(("py", "py", "js", "sql", "go"))]

    def diff(self) -> str:
        """Return a change to some code, as a review bot sends it."""
        py = self.py
        old = self.snippet().split("\n")
        i = py.randrange(len(old))
        new = [*old[:i], self.snippet("py").split("\n")[py.randint(0, 3)], *old[i + 1 :]]
        path = f"{py.choice(NOUNS)}/{py.choice(ACTIONS)}_{py.choice(NOUNS)}.{py.choice(('py', 'ts', 'go'))}"
        head = f"--- a/{path}\n+++ b/{path}\n@@ -{py.randint(1, 400)},{len(old)} @@\n"
        body = "\n".join(f" {x}" if x == y else f"-{x}\n+{y}" for x, y in zip(old, new))
        return head + body

    def document(self, parts: int = 2) -> str:
        """Return a passage of prose from answers of other models."""
        return " ".join(" ".join(self.py.choice(self.passages).split()) for _ in range(parts))

    def string(self) -> str:
        """Return a text of an application's surface, as translators get them."""
        py = self.py
        f, x, y = py.choice(ACTIONS), py.choice(NOUNS), py.choice(NOUNS)
        return spin(
            py,
            f"[Could not|Unable to|Press here to] {f} the {x}[.| for {{{y}_name}}.| after {py.randint(2, 60)} minutes.]"
            if py.random() < 0.6
            else f"[Your|This] {x} [has been|was] {f}ed[ by {{{y}}}|]. [See|Open|Check] {y} {py.randint(2, 999)}.",
        )


class Deck:
    """A corpus dealt without repeats; when it is used up it is reworded."""

    def __init__(self, bank: Bank, names: list[str], lang: str = "en"):
        self.bank, self.names, self.lang = bank, names, lang
        self.texts = [t for n in names if n in bank.decks for t in bank.decks[n]]
        bank.py.shuffle(self.texts)
        self.next = 0
        self.seen: set[str] = set()

    def draw(self) -> str:
        """Return a text that this deck has not dealt before."""
        py = self.bank.py
        for _ in range(8):
            text = self._one(py)
            if text not in self.seen:
                break
        self.seen.add(text)
        return text

    def _one(self, py) -> str:
        made = [n for n in self.names if n in ("study", "arithmetic", "snippets")]
        if made and (not self.texts or py.random() < len(made) / len(self.names)):
            which = py.choice(made)
            if which == "study":
                return self.bank.study_task(self.lang)
            if which == "arithmetic":
                return self.bank.arithmetic()
            goal = spin(
                py, "[Refactor|Port to another language|Find the defect in|Make faster|Document]"
            )
            return f"{goal}:\n{self.bank.snippet()}"
        self.next += 1
        text = self.texts[self.next % len(self.texts)]
        return text if self.next < len(self.texts) and py.random() < 0.6 else self.bank.vary(text)
