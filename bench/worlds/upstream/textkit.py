"""Where wording comes from: dealt corpora, chains of words, code, logs, records, tool results."""

import json
import re
import zlib
from collections import Counter, defaultdict
from itertools import pairwise

import pyarrow.parquet as pq
from tables import NAMES, table, tongues

PEOPLE = ("arena_users_2023", "oasst_prompts", "instructionwild_users", "awesome_prompts")
MADE = ("alpaca_instruct", "codealpaca_gpt4", "taskbench_tools", "logicot_reasoning")
OTHER = ("banking77_tickets", "bfcl_live_tools", "cosqa_bing_code", "gsm8k_eval", "awesome_prompts_zh", "smile_zh_multiturn", "huatuo_o1_reasoning")  # fmt: skip
TOKEN = re.compile(r"[A-Za-z]{4,}|\d+")
STATEMENTS = table("statements", "|")
ELICIT = table("elicit", "|")


class Texts:
    """All text makers of one world, driven by one random stream."""

    def __init__(self, folder, r):
        self.r, self.bank = r, tongues()
        self.subjects = [line[1].split(",") for line in table("subjects", ":")]
        read = {n: pq.read_table(folder / f"{n}.parquet") for n in PEOPLE + MADE + OTHER}
        raw = {n: t["prompt"].to_pylist() for n, t in read.items()}
        self.tools = sorted({s for s in read["bfcl_live_tools"]["system"].to_pylist() if s})
        plain = [p for n in PEOPLE + MADE for p in raw[n] if p.isascii()]
        self._words(plain)
        self.chain, self.heads = defaultdict(list), []
        for text in plain:
            words = [w for w in text.split() if len(w) < 24]
            self.heads += [tuple(words[:2])] if len(words) > 4 else []
            for a, b, c in zip(words, words[1:], words[2:]):
                self.chain[a, b].append(c)
        self.han = defaultdict(list)
        han = [p for p in raw["instructionwild_users"] if p > "一"]
        for text in raw["smile_zh_multiturn"] + han:
            for a, b in pairwise(text):
                self.han[a].append(b)
        raw["gsm8k_eval"] = [re.split("Question: ", p)[-1].split("\nAnswer")[0] for p in raw["gsm8k_eval"]]  # fmt: skip
        raw["huatuo_o1_reasoning"] = [re.split(r"uestion>\s*|</", p)[1] for p in raw["huatuo_o1_reasoning"] if "uestion>" in p]  # fmt: skip
        self.decks = {n: self._deck([p for p in v if p]) for n, v in raw.items()}

    def _words(self, texts):
        count = Counter(w for t in texts for w in re.findall(r"\b[a-z]{4,11}\b", t))
        self.vocab = sorted(w for w, k in count.items() if 3 <= k <= 90)
        self.groups = defaultdict(list)
        for w in self.vocab:
            self.groups[w[-2:]].append(w)
        self.known = set(self.vocab)

    def _deck(self, items):
        by = defaultdict(list)
        for p in sorted(set(items)):
            low = p[:300].lower()
            hits = [sum(w in low for n in s for w in n.split()) for s in self.subjects]
            by[hits.index(max(hits)) if max(hits) else zlib.crc32(p.encode()) % 16].append(p)
        for k in sorted(by):
            self.r.shuffle(by[k])
        return {k: [v, 0] for k, v in sorted(by.items())}

    def deal(self, name, subject=None):
        """Deal the next body of a corpus (of a subject); reworded, and more so when dealt again."""
        deck = self.decks[name]
        stack = deck.get(subject)
        if not stack or stack[1] >= len(stack[0]):  # nothing fresh on it: take what was dealt least
            stack = min(deck.values(), key=lambda v: v[1] / len(v[0]))
        turn, at = divmod(stack[1], len(stack[0]))
        stack[1] += 1
        return self.mutate(stack[0][at], self.r.uniform(0, 0.12) if turn == 0 else self.r.uniform(0.25, 0.5))  # fmt: skip

    def mutate(self, text, p):
        """Swap numbers, a share p of the usual words and, from p = .2 on, most of the unusual ones."""
        rnd, pick, names = self.r.random, self.r.choice, {}

        def swap(m):
            w = m[0]
            if w.isdigit():
                return (str(self.r.randint(10 ** (len(w) - 1), 10 ** len(w) - 1)) if len(w) < 9 else w)  # fmt: skip
            if w in self.known:
                return pick(self.groups[w[-2:]]) if rnd() < p else w
            if p > 0.2 and w not in names:
                names[w] = pick(self.vocab) if rnd() < 0.7 else w
                names[w] = names[w].title() if w[0].isupper() else names[w]
            return names.get(w, w)

        if p > 0.2 and text[:1] > "一":  # a script without blanks: keep a part, go on differently
            return text[: len(text) * self.r.randint(2, 7) // 10] + self.hanzi(self.r.randint(6, 40))  # fmt: skip
        return TOKEN.sub(swap, text)

    def chainwords(self, n, subject=None):
        """Write about n words that follow one another somewhere in the corpora."""
        r, rnd, chain, heads, out = self.r, self.r.random, self.chain, self.heads, []
        state = r.choice(heads)
        while len(out) < n:
            out.append(state[0])
            then, u = chain.get(state), rnd()
            if then and u < 0.97:
                state = (state[1], then[int(rnd() * len(then))])
            else:
                state = heads[int(rnd() * len(heads))]
            if u < 0.04:
                out.append(self.noun(subject) if subject is not None else r.choice(self.vocab))
        return " ".join(out)

    def hanzi(self, n):
        r = self.r
        out = [r.choice("我他这有在请我如想")]
        for _ in range(n):
            out.append(r.choice(self.han.get(out[-1]) or ["的"]))
        return "".join(out)

    def noun(self, subject):
        s = self.subjects[subject % 16]
        return self.r.choice(s) if self.r.random() < 0.55 else f"{self.r.choice(self.vocab)} {self.r.choice(s)}"  # fmt: skip

    def fill(self, form, lang, subj):
        r = self.r
        things = self.bank[lang][1]
        t, u = ((self.noun(r.choice(subj)), self.noun(r.choice(subj))) if lang == "en" else (things[r.choice(subj)], r.choice(things)))  # fmt: skip
        return form.format(t=t, u=u, p=r.choice(NAMES), n=r.randint(2, 40))

    def ask(self, lang, subj):
        """Write a question as people put it: own subjects mostly, own words, any length."""
        r, u = self.r, self.r.random()
        subj = subj if r.random() < 0.8 else range(16)
        if lang == "zh" and u < 0.25:
            return self.deal("awesome_prompts_zh") if u < 0.04 else self.hanzi(r.randint(8, 60))
        if lang != "en":
            parts = [self.fill(r.choice(self.bank[lang][0]) + r.choice(self.bank[lang][2]), lang, subj) for _ in range(1 + (r.random() < 0.75) + int(r.expovariate(1.3)))]  # fmt: skip
            return ". ".join(parts) if u < 0.96 else self.chainwords(r.randint(6, 30))
        if u < 0.2:
            return self.deal(r.choices(PEOPLE, (5, 6, 5, 1))[0], r.choice(subj))
        text = self.fill(r.choice(self.bank["en"][0]) + r.choice(self.bank["en"][2]), "en", subj)
        if u < 0.55:
            text = self.chainwords(int(r.lognormvariate(2.7, 0.6)) + 3, r.choice(subj))
        return text + (". " + self.chainwords(r.randint(6, 50), r.choice(subj)) if r.random() < 0.2 else "")  # fmt: skip

    def follow(self, lang, subj):
        if self.r.random() > 0.4:
            return self.ask(lang, subj)
        short = self.fill(self.r.choice(self.bank[lang][3]), lang, subj)
        return short if self.r.random() < 0.15 else f"{short} {self.ask(lang, subj)}"

    def why(self, lang):
        """Ask for reasoning, as pupils, reviewers and harvesters all do."""
        if lang == "en" and self.r.random() < 0.75:
            return "".join(self.r.choice(x) + (" " if i == 0 else "") for i, x in enumerate(ELICIT))
        return self.r.choice(self.bank[lang][4])

    def ident(self, words, k=1):
        return "_".join(self.r.choices(words, k=k))

    def code(self, words, n, side=0):
        """Write n statements of a project whose identifiers are its own words."""
        r, forms = self.r, STATEMENTS[side]
        head = ("def {f}({a}, {b}=None):", "export async function {f}({a}, {b}) {{")[side]
        out = []
        for form in [head] + [r.choice(forms) for _ in range(n)]:
            a, b, c, d = r.choices(words, k=4)
            f = r.choice(words) + "_" + r.choice(words)
            out.append(form.format(a=a, b=b, c=c, d=d, f=f, n=r.randint(0, 512), A=a.title()))
        return "\n".join(out)

    def diff(self, words, n):
        r = self.r
        path = f"src/{self.ident(words)}/{self.ident(words, 2)}.{r.choice(['py', 'ts', 'go'])}"
        body = self.code(words, n, r.randint(0, 1)).split("\n")
        marked = "\n".join(r.choice("+++- ") + line for line in body)
        at = r.randint(1, 900)
        return f"diff --git a/{path} b/{path}\n@@ -{at},{n} +{at},{n + 3} @@\n{marked}"

    def log(self, words, n):
        r = self.r
        when = [f"{r.randint(0, 23):02d}:{r.randint(0, 59):02d}:{r.randint(0, 59):02d} " for _ in range(n)]  # fmt: skip
        what = [f"{r.choice(['INFO', 'WARN', 'ERROR'])} {self.ident(words, 2)}: {r.choice(self.vocab)}" for _ in when]  # fmt: skip
        return "\n".join(f"{a}{b} {r.choice(words)}={r.randint(1, 9999)}" for a, b in zip(when, what))  # fmt: skip

    def record(self, fields):
        r, row = self.r, {}
        for i, f in enumerate(fields):
            row[f] = (r.randint(1, 90000), r.choice(NAMES), self.chainwords(r.randint(2, 14)), f"{r.choice(self.vocab)}-{r.randint(10, 999)}")[(i + len(f)) % 4]  # fmt: skip
        return json.dumps(row)

    def result(self, words):
        """Invent what a tool gave back to an agent."""
        r, k = self.r, self.r.randrange(5)
        if k == 0:
            return "exit code 0\n" + self.log(words, r.randint(3, 9))
        if k == 1:
            return self.code(words, r.randint(6, 22), r.randint(0, 1))
        if k == 2:
            return f"FAILED tests/test_{self.ident(words)}.py::test_{self.ident(words, 2)} - AssertionError: {r.choice(words)} != {r.randint(0, 99)}\n{r.randint(1, 9)} failed, {r.randint(3, 200)} passed"  # fmt: skip
        if k == 3:
            return "\n".join(f"./{self.ident(words)}/{self.ident(words, 2)}:{r.randint(1, 400)}: {self.chainwords(5)}" for _ in range(r.randint(2, 8)))  # fmt: skip
        return self.record(r.sample(words, min(len(words), 5)))
