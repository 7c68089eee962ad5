"""What is said: people with subjects of their own, programs with one task, and harvesters."""

import numpy as np
import pyarrow.parquet as pq
import words as wd

PEOPLE = tuple(
    "arena_users_2023 oasst_prompts instructionwild_users cosqa_bing_code awesome_prompts".split()
)
CHINESE = tuple("awesome_prompts_zh smile_zh_multiturn".split())
CORPORA = tuple(
    "alpaca_instruct codealpaca_gpt4 taskbench_tools logicot_reasoning huatuo_o1_reasoning".split()
)
FORM = ("show", "path", "end")
WORK = ("banking77_tickets", "bfcl_live_tools", "gsm8k_eval", "alpaca_genrequests")


def _clusters(texts, rng, k=50):
    """Group texts by subject: hashed words, a few rounds of k-means."""
    x = np.zeros((len(texts), 192), np.float32)
    for i, text in enumerate(texts):
        for word in text.lower().split()[:60]:
            if len(word) > 3:
                x[i, sum(map(ord, word)) * 31 % 192] += 1
    x /= np.linalg.norm(x, axis=1, keepdims=True) + 1e-6
    centre = x[rng.choice(len(x), k, replace=False)]
    for _ in range(4):
        near = (x @ centre.T).argmax(1)
        centre = np.array([x[near == j].sum(0) + 1e-6 * centre[j] for j in range(k)])
        centre /= np.linalg.norm(centre, axis=1, keepdims=True) + 1e-6
    return [[texts[i] for i in np.flatnonzero(near == j)] for j in range(k)]


class Texts:
    """The real prompts by source, and the subjects of those that people wrote."""

    def __init__(self, data, seed):
        self.by = {}
        for name in PEOPLE + CHINESE + CORPORA + WORK:
            table = pq.read_table(data / f"{name}.parquet", columns=["prompt", "lang"]).to_pydict()
            pairs = {t.strip(): k for t, k in zip(table["prompt"], table["lang"]) if t.strip()}
            self.by[name] = list(pairs)
            if name in PEOPLE:
                chinese = [t for t, k in pairs.items() if k == "zh"]
                self.by["zh"] = self.by.get("zh", []) + chinese
        people = [t for n in PEOPLE for t in self.by[n] if t.isascii() and len(t) < 700]
        self.clusters = [c for c in _clusters(people, np.random.default_rng(seed)) if len(c) > 5]
        self.people = people
        self.zh = [t for t in self.by["zh"] + self.by["smile_zh_multiturn"] if len(t) < 400]


def fill(py, text, **more):
    """Fill a phrase with a name, a number and a city."""
    slots = {"n": py.randrange(2, 60), "p": py.choice(wd.NAMES), "c": py.choice(wd.CITIES), **more}
    for key, value in slots.items():
        text = text.replace("{" + key + "}", str(value))
    return text


class Person:
    """One person's questions: few subjects, an own manner of writing, follow-ups."""

    def __init__(self, world, lang, depth=None, known=None):
        py = world.py
        self.py, self.lang, self.say = py, lang, wd.LANGS[lang]
        self.subjects = known or py.sample(self.say["subjects"], py.randint(3, 8))
        if lang == "en":
            self.real = [t for c in py.sample(world.texts.clusters, 3) for t in c]
        else:
            self.real = world.texts.zh if lang == "zh" else []
        self.odds = (py.choice((0.1, 0.3, 0.6)) if self.real else 0) * (0.3 if known else 1)
        self.lower, self.typos = py.random() < 0.35, py.choice((0, 0, 0.1, 0.3))
        self.hello = py.choice(("", "", "", "hi, ", "Hello! ", "hey ")) if lang == "en" else ""
        self.wordy = py.random() * 0.8
        self.depth = py.random() ** 3 * 0.5 if depth is None else depth
        self.more = py.uniform(0.2, 0.9)

    def ask(self):
        """Return a question and how much longer than usual its answer is."""
        py, say = self.py, self.say
        if py.random() < self.odds:
            text, boost = py.choice(self.real), 0.1
        else:
            i = py.randrange(len(say["asks"]))
            text, boost = fill(py, say["asks"][i], s=py.choice(self.subjects)), wd.BOOST[i]
        if py.random() < self.wordy:
            text += ("" if self.lang in {"zh", "ja"} else " ") + fill(py, py.choice(say["details"]))
        if py.random() < self.depth:
            text, boost = f"{text} {clause(py, say)}", boost + 0.55
        return self.style(text), boost

    def style(self, text):
        py = self.py
        if self.typos and py.random() < self.typos and len(text) > 12:
            i = py.randrange(3, len(text) - 2)
            text = text[:i] + text[i + 1] + text[i] + text[i + 2 :]
        if self.hello and py.random() < 0.4:
            text = self.hello + text
        return text.lower() if self.lower else text

    def follow(self):
        return self.style(fill(self.py, self.py.choice(self.say["follows"]))), -0.25

    def __call__(self, sessions):
        out, last = [], None
        for s in sessions:
            on = s == last and self.py.random() < self.more
            text, boost = self.follow() if on else self.ask()
            out.append((text, False, boost))
            last = s
        return out


def clause(py, say, fixed=None):
    """Return a request to show the working, from the slots of a language."""
    show, path, end = fixed or [py.choice(say[k]) for k in FORM]
    gap = "" if end[:1] in "，。," else " "
    return f"{show}{'' if say['asks'][0][0] == '{' else ' '}{path}{gap}{end}"


class Shared:
    """Some of a person's sessions begin from a form that a crowd shares; the rest is their own."""

    def __init__(self, person, forms, odds, boost=0.2):
        self.person, self.forms, self.odds, self.boost = person, forms, odds, boost

    def __call__(self, sessions):
        py, out, last = self.person.py, [], None
        said = self.person(sessions)
        for s, (text, _, boost) in zip(sessions, said):
            if s != last and py.random() < self.odds:
                subject = py.choice(self.person.subjects)
                body = subject if py.random() < 0.6 else text
                text = fill(py, py.choice(self.forms), b=body, s=subject)
                boost += self.boost
            out.append((text, False, boost))
            last = s
        return out


class Task:
    """A program's requests: a form or none, over items of a source."""

    def __init__(self, world, items, forms=("{b}",), boost=0.0, ordered=False):
        self.py, self.items, self.forms, self.boost = world.py, items, forms, boost
        self.at = world.py.randrange(len(items)) if ordered else None

    def __call__(self, sessions):
        out, py = [], self.py
        for _ in sessions:
            if self.at is None:
                item = py.choice(self.items)
            else:
                self.at += 1
                item = self.items[self.at % len(self.items)]
            form = py.choice(self.forms)
            text = item
            if form != "{b}":
                text = fill(py, form, b=item, x=py.choice(("auth", "cart", "sync", "parse")))
            out.append((text, False, self.boost))
        return out


class Deal:
    """A campaign's stock of bodies, dealt without repeating one."""

    def __init__(self, world, sources, langs, people):
        py, t = world.py, world.texts
        self.py, self.langs, self.people = py, langs, people
        found = [x for k in sources for x in (t.people if k == "people" else t.by[k])]
        self.stock = {"en": [x for x in found if len(x) < 1600], "zh": list(t.zh)}
        for stock in self.stock.values():
            py.shuffle(stock)
        self.asker = {k: Person(world, k, depth=0.0, known=wd.LANGS[k]["subjects"]) for k in langs}
        self.seen = set()

    def __call__(self, lang):
        """Return a new body in a language, and its boost."""
        py = self.py
        for _ in range(6):
            if self.stock.get(lang) and py.random() < 0.85:
                body, boost = self.stock[lang].pop(), 0.15
                if lang == "en" and not self.people and py.random() < 0.6:
                    subject = py.choice(wd.LANGS["en"]["subjects"])
                    body += f" ({fill(py, py.choice(wd.TEACHING), s=subject)})"
            else:
                body, boost = self.asker[lang].ask()
            if body not in self.seen:
                break
        self.seen.add(body)
        return body, boost


class Harvest:
    """A campaign's asking: bodies from the deal, a wording, cover traffic and further turns."""

    def __init__(self, world, deal, wording, cover, turns, person, personal=0.0):
        self.py, self.deal, self.wording = world.py, deal, wording
        self.cover, self.turns, self.person, self.personal = cover, turns, person, personal

    def __call__(self, sessions):
        py, out, last, cover = self.py, [], None, False
        lang = self.person.lang
        for s in sessions:
            if s != last:
                cover = py.random() < self.cover
            if cover:
                text, _, boost = self.person([s, s])[s == last]
            elif s == last and py.random() < self.turns:
                text = py.choice(wd.LANGS[lang]["deepen"] + wd.LANGS[lang]["follows"][:3])
                boost = 0.3
                if py.random() < 0.7:
                    text = f"{text} {fill(py, py.choice(wd.LANGS[lang]['details']))}"
            else:
                own = py.random() < self.personal
                body, boost = self.person.ask() if own else self.deal(lang)
                text, more = self.wording(body, lang)
                boost += more
            out.append((text, not cover, boost))
            last = s
        return out


class Wording:
    """How a campaign draws answers out: fixed suffixes, free rewording, a craft, or nothing."""

    def __init__(self, world, mode, langs, crafts=()):
        py = world.py
        self.py, self.mode, self.crafts = py, mode, crafts
        self.fixed = {
            k: [[py.choice(wd.LANGS[k][f]) for f in FORM] for _ in range(py.randint(2, 6))]
            for k in langs
        }
        self.odds = py.uniform(0.6, 1.0)

    def __call__(self, body, lang):
        py, say = self.py, wd.LANGS[lang]
        if self.mode == "none" or py.random() > self.odds:
            return body, 0.0
        if self.crafts and lang == "en" and py.random() < 0.5:
            return fill(py, py.choice(wd.CRAFT[py.choice(self.crafts)]), b=body), 0.5
        if self.mode == "suffix":
            return f"{body}\n{clause(py, say, py.choice(self.fixed[lang]))}", 0.6
        ask = clause(py, say)
        if py.random() < 0.3 and lang == "en":
            ask = ask.replace("your", py.choice(("the", "your own"))).rstrip(".")
            ask += py.choice((", please.", ".", "!"))
        spot = py.random()
        if spot < 0.45:
            return f"{ask} {body}", 0.6
        gap = " " if spot < 0.85 else f"\n\n{fill(py, py.choice(say['details']))} "
        return f"{body}{gap}{ask}", 0.6
