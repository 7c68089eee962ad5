"""Phrases of fourteen languages and thirteen trades (tables.txt), a spinner, made-up names, forms."""

import random
import re
from pathlib import Path

TOKEN = re.compile(r"\$\w|[{}|]|[^${}|]+|\$")
HABITS = "low high clock card phone device net share guide api want group dealt hires".split()
TABLES: dict[str, list[str]] = {}
for _line in (Path(__file__).parent / "tables.txt").read_text(encoding="utf-8").splitlines():
    if _line.startswith("["):
        TABLES[_line.strip("[]")] = []
    else:
        TABLES[list(TABLES)[-1]].append(_line)


def table(section: str) -> dict[str, str]:
    return dict(line.split(" ", 1) for line in TABLES[section])


def compile_spin(text: str) -> list:
    """Parse {a|b} choices (nested) and $slots: strings, lists of alternatives, one-letter tuples."""
    stack: list = [[[]]]
    for tok in TOKEN.findall(text):
        if tok == "{":
            stack.append([[]])
        elif tok == "}":
            done = stack.pop()
            stack[-1][-1].append(done)
        elif tok == "|":
            stack[-1].append([])
        else:
            stack[-1][-1].append((tok[1],) if tok[0] == "$" else tok)
    return stack[0][0]


class Pack:
    """Compiled phrases of one language or trade; a trade has guide lines, labels and habits too."""

    def __init__(self, section: str, base: "Pack | None" = None) -> None:
        has = table(section)
        tree = {k: [compile_spin(p) for p in v.split(";;")] for k, v in has.items() if k in "FCURG"}
        self.frames, self.clauses, self.guide = tree["F"], tree["C"], tree.get("G", [])
        self.nouns = [group.split(",") for group in has["N"].split(";")]
        self.follow = tree.get("U") or base.follow
        self.reason = tree.get("R") or base.reason
        self.syllables = has["S"].split(",") if "S" in has else base.syllables
        self.labels = has.get("L", "").split(",")
        raw = zip(HABITS, has.get("P", "").split())
        self.habit = {k: v if v.isalpha() else float(v) for k, v in raw}


LANGS = {s.split()[1]: Pack(s) for s in TABLES if s.startswith("lang ")}
TRADES = {s.split()[1]: Pack(s, LANGS["en"]) for s in TABLES if s.startswith("trade ")}
SPIN = {name: compile_spin(text) for name, text in table("spins").items()}
WORDS = {name: text.split() for name, text in table("words").items()}


class Speaker:
    """One author's way through a pack: own nouns, own recurring names; `broad` has neither."""

    def __init__(self, rnd: random.Random, pack: Pack, groups=None, broad: bool = False) -> None:
        self.rnd, self.pack, self.broad = rnd, pack, broad
        fields = [pack.nouns[g % len(pack.nouns)] for g in groups] if groups else pack.nouns
        self.nouns = [noun for group in fields for noun in group]
        if not broad:
            self.nouns = rnd.sample(self.nouns, min(len(self.nouns), rnd.randint(4, 9)))
        self.names = [] if broad else [self.coin() for _ in range(rnd.randint(3, 10))]

    def coin(self) -> str:
        rnd, syllables = self.rnd, self.pack.syllables
        return "".join(rnd.choice(syllables) for _ in range(rnd.randint(2, 3))).capitalize()

    def slot(self, key: str) -> str:
        rnd = self.rnd
        if key in "nm":
            return rnd.choice(self.nouns)
        if key == "x":
            return rnd.choice(self.names) if self.names and rnd.random() < 0.55 else self.coin()
        if key == "k":
            return str(int(2 + rnd.expovariate(0.08)))
        if key == "c":
            return self.say(self.pack.clauses)
        return " ".join(self.say(self.pack.clauses) for _ in range(2 + int(rnd.expovariate(0.4))))

    def spin(self, tree: list) -> str:
        out = []
        for part in tree:
            if type(part) is str:
                out.append(part)
            elif type(part) is tuple:
                out.append(self.slot(part[0]))
            else:
                out.append(self.spin(part[int(self.rnd.random() * len(part))]))
        return "".join(out)

    def say(self, choices: list) -> str:
        return self.spin(choices[int(self.rnd.random() * len(choices))])


class Layout:
    """A fixed form: a head, labels in an order, a tail; `fill` puts one request into it."""

    def __init__(self, rnd: random.Random, labels=None, lang: str = "en") -> None:
        voice, labels = Speaker(rnd, LANGS[lang]), labels or WORDS["labels"]
        self.labels = rnd.sample(labels, rnd.randint(2, min(4, len(labels))))
        self.join = rnd.choice([": ", " - ", ":\n", " = ", "> "])
        self.mark = rnd.choice(["", "", "## ", "* ", "["])
        self.head = [voice.spin(SPIN["heads"])] if lang == "en" and rnd.random() < 0.6 else []
        self.tail = [voice.spin(SPIN["tails"])] if lang == "en" and rnd.random() < 0.5 else []

    def fill(self, body: str, speaker: Speaker) -> str:
        told = [f"{speaker.slot('n')}, {speaker.slot('x')}" for _ in self.labels[1:]]
        lines = [f"{self.mark}{a}{self.join}{b}" for a, b in zip(self.labels, [*told, body])]
        return "\n".join(self.head + lines + self.tail)


def code_piece(rnd: random.Random, lines: int) -> str:
    """A diff-like piece with made-up names."""
    out = []
    for _ in range(lines + 1):
        a, b, c = ("_".join(rnd.sample(WORDS["code"], 2)) + rnd.choice(["", "2"]) for _ in range(3))
        forms = [f"{a} = {b}({c})", f"if {a} != {b}: return {c}", f"for {a} in {b}.{c}():"]
        forms += [f"assert {a}.{b} > {rnd.randint(0, 9)}", f"await {a}({b}={c})", f"del {a}[{c}]"]
        out.append(rnd.choice("+- ") + rnd.choice(forms))
    return f"@@ -{rnd.randint(1, 900)} +{rnd.randint(1, 900)} @@\n" + "\n".join(out)
