"""Prompts: corpora, recombination so that bodies do not recur, personas, request templates."""

import random
import re

import phrases as P
import pyarrow.parquet as pq

HUMAN = ["arena_users_2023", "oasst_prompts", "instructionwild_users"]
DISTILL = {
    "cot": ["logicot_reasoning", "huatuo_o1_reasoning", "alpaca_instruct"],
    "rubric": ["alpaca_instruct", "oasst_prompts"],
    "rewrite": ["alpaca_instruct", "instructionwild_users"],
    "instruct": ["alpaca_instruct", "alpaca_genrequests"],
    "tools": ["taskbench_tools", "bfcl_live_tools"],
    "code": ["codealpaca_gpt4", "cosqa_bing_code"],
    "pref": ["alpaca_instruct", "arena_users_2023"],
    "counsel": ["smile_zh_multiturn"],
}
NUM = re.compile(r"\d+")
SENT = re.compile(r"(?<=[.!?。！？\n])\s*")
WORD = re.compile(r"[a-z]+")


class Text:
    """All text of one world; r is its random source."""

    def __init__(self, data, r):
        self.r, self.pool, self.system, self.sent = r, {}, {}, {}
        for f in sorted(data.glob("*.parquet")):
            t = pq.read_table(f)
            if "prompt" not in t.column_names:
                continue
            d = t.to_pydict()
            if f.stem == "smile_zh_multiturn":
                conv = {}
                for c, p in zip(d["conv_id"], d["prompt"]):
                    conv.setdefault(c, []).append(p)
                self.smile = list(conv.values())
            keep = [
                i for i in range(len(d["prompt"])) if d["prompt"][i] and len(d["prompt"][i]) > 8
            ]
            self.pool[f.stem] = [d["prompt"][i] for i in keep]
            if f.stem.startswith("bfcl"):
                self.system[f.stem] = [d["system"][i] for i in keep]
        self.pool["human_en"] = [p for s in HUMAN for p in self.pool[s] if p.isascii()]
        self.pool["human_zh"] = [
            p
            for s in [*HUMAN, "awesome_prompts_zh"]
            for p in self.pool[s]
            if re.search("[一-鿿]", p)
        ]
        for k, v in self.pool.items():
            self.sent[k] = [s.strip() for p in v[:1500] for s in SENT.split(p) if 15 < len(s) < 240]
            if len(self.sent[k]) < 50:
                self.sent[k] = v

    def fill(self, s):
        r = self.r
        return (
            s.format(
                job=r.choice(P.JOB),
                city=r.choice(P.CITY),
                rel=r.choice(P.REL),
                n=r.randint(2, 60),
                l=r.choice(P.LANGNAME),
                w=r.choice(P.WORDS),
                v=r.choice(P.WORDS),
            )
            if "{" in s
            else s
        )

    def body(self, source):
        """One item of a source, mostly recombined: same mixture for whoever asks."""
        r, pool, x = self.r, self.pool[source], self.r.random()
        p = r.choice(pool)
        if x < 0.22:
            pass
        elif x < 0.55:
            p = NUM.sub(lambda m: str(r.randint(1, 10 ** min(len(m[0]), 4))), p, count=6)
            if r.random() < 0.6:
                p = p[:1500] + (" " if p.isascii() else "") + r.choice(self.sent[source])
        elif x < 0.8:
            parts = [s for s in SENT.split(p) if s.strip()]
            other = self.sent[source]
            if len(parts) > 2:
                parts[r.randrange(len(parts))] = r.choice(other)
                del parts[r.randrange(len(parts))]
            else:
                parts.append(r.choice(other))
            p = " ".join(s.strip() for s in parts)
        else:
            p = self.cross(p, r.choice(pool))
        return p[:1900]

    def cross(self, a, b):
        """Begin like a and go on like b, at a word that both have."""
        aw, bw = a.split(" "), b.split(" ")
        at = {w: i for i, w in enumerate(bw)}
        for i in self.r.sample(range(len(aw)), min(len(aw), 12)):
            if i > 1 and aw[i] in at:
                return " ".join(aw[:i] + bw[at[aw[i]] :])
        return a + " " + self.r.choice(self.sent["human_en"]) if a.isascii() else a + b[:80]

    def foreign(self, lang):
        o, t, n, e, _ = P.LANGS[lang]
        r = self.r
        s = r.choice(o) + r.choice(t).format(r.choice(n)) + r.choice(e)
        while r.random() < 0.45:
            s += (
                ("。" if lang in ("zh", "ja") else ". ")
                + r.choice(t).format(r.choice(n))
                + r.choice(e)
            )
        if r.random() < 0.35:
            s += f" ({r.randint(2, 2000)})" if r.random() < 0.5 else f" {r.choice(P.CITY)}"
        return s

    def human(self, lang, sources=None):
        """What a person writes first."""
        r = self.r
        if lang == "zh" and r.random() < 0.6:
            return self.body("human_zh")
        if lang != "en":
            return self.foreign(lang)
        p = self.body(r.choice(sources) if sources else "human_en")
        if r.random() < 0.45:
            p = self.fill(r.choice(P.CONTEXT)) + p
        if r.random() < 0.4:
            p += self.fill(r.choice(P.TAIL))
        return p

    def follow(self, lang, sources=None):
        r = self.r
        if lang != "en":
            return r.choice(P.LANGS[lang][4]) if r.random() < 0.6 else self.foreign(lang)
        f = self.fill(r.choice(P.FOLLOW_EN))
        if r.random() < 0.45:
            f += " " + r.choice(self.sent[r.choice(sources) if sources else "human_en"])
        return f

    def style(self):
        """A person's habits of typing, as a function on prompts."""
        r = self.r
        lower, typo, hello = r.random() < 0.25, r.random() < 0.25, r.random() < 0.1
        mark = r.choice(["", "", "", "", "\n\n", "!!", " :)", " ...", " --"])

        def apply(p):
            if lower:
                p = p[:1].lower() + p[1:]
                if r.random() < 0.5:
                    p = p.rstrip(".!?")
            if typo and len(p) > 30 and r.random() < 0.5:
                i = r.randrange(5, min(len(p), 300) - 2)
                p = p[:i] + p[i + 1] + p[i] + p[i + 2 :]
            if hello and r.random() < 0.5:
                p = "hello " + p
            return p + (mark if r.random() < 0.5 else "")

        return apply

    def persona(self, lang, sources=None):
        """first(), follow() of one person, who has favourite words and a style."""
        style, r = self.style(), self.r
        words = r.sample(P.WORDS, 4)

        def first():
            p = self.human(lang, sources)
            if lang == "en" and r.random() < 0.3:
                p += f" ({r.choice(words)}{r.choice(['', ' ' + str(r.randint(1, 99)), ' ' + r.choice(words)])})"
            return style(p)

        return first, lambda: style(self.follow(lang, sources))

    def template(self, goals, variants=1, rephrase=0.0, tail_share=0.5):
        """A request template of someone: wrap(body). goals names slot lists; rephrase is per request."""
        r = self.r
        made = []
        for _ in range(variants):
            goal = r.choice(goals)
            made.append(
                [
                    r.choice(P.ROLE),
                    r.choice(P.ASK[goal]),
                    r.choice(P.FORM),
                    r.choice(P.ENDS),
                    r.choice(P.LABEL),
                    r.random() < tail_share,
                    r.choice(["\n", "\n\n", " "]),
                    goal,
                    "".join(r.choices("abcdefghkmnprstuvw", k=3)),
                ]
            )
            extra = r.choice([self.fill(r.choice(P.TAIL)).strip(), self.own_words(), ""])
            made[-1][3] = (made[-1][3] + " " + extra).strip()

        def wrap(body, v=None):
            role, ask, form, end, label, tail, gap, goal, _ = (
                made[v % len(made)] if v is not None else r.choice(made)
            )
            if rephrase and r.random() < rephrase:
                role, ask = r.choice(P.ROLE), r.choice(P.ASK[goal])
                form, end, label, tail = (
                    r.choice(P.FORM),
                    r.choice(P.ENDS),
                    r.choice(P.LABEL),
                    r.random() < 0.5,
                )
                ask, form = self.synonyms(ask), self.synonyms(form)
            instr = " ".join(x for x in (role, ask, form, end) if x)
            item = (label + " " + body).strip()
            return item + gap + instr if tail else instr + gap + item

        wrap.variants = len(made)
        return wrap

    def own_words(self):
        r = self.r
        return f"Mind the {r.choice(P.WORDS)} and the {r.choice(P.WORDS)} {r.choice(['rules', 'style', 'format', 'list', 'section'])}."

    def synonyms(self, s):
        r = self.r
        return WORD.sub(
            lambda m: r.choice(P.SYN[m[0]]) if m[0] in P.SYN and r.random() < 0.6 else m[0], s
        )

    def system_prompt(self):
        r = self.r
        name = r.choice(["Milo", "Ada", "Quill", "Otto", "Nori", "Pixel", "Sage", "Juno"]) + str(
            r.randint(2, 99)
        )
        return (
            f"You are {name}, the assistant of a {r.choice(P.WORDS)} {r.choice(['shop', 'bank', 'clinic', 'app', 'portal', 'forum'])}. "
            f"{r.choice(P.FORM)} {r.choice(P.ENDS)} Speak {r.choice(P.LANGNAME)} if asked. {self.own_words()}"
        )

    def code_chunk(self):
        """A piece of a repository, made up."""
        r = self.r
        f, g, h = (r.choice(P.WORDS) + "_" + r.choice(P.WORDS) for _ in range(3))
        lines = [
            f"def {f}({g}, {h}={r.randint(0, 99)}):",
            f"    if {g} > {r.randint(1, 500)}:",
            f"        return {h} * {r.randint(2, 9)}",
            f"    for i in range({r.randint(2, 80)}):",
            f"        {g} += {f[:5]}[i]",
            f"    log.info('{r.choice(P.WORDS)} %s', {g})",
            f"    raise ValueError('{r.choice(P.WORDS)} {r.randint(1, 999)}')",
            f"-    return {g}",
            f"+    return {g} or {h}",
            f"    {h} = {f}.get('{r.choice(P.WORDS)}')",
        ]
        r.shuffle(lines)
        return "\n".join([f"--- a/{r.choice(P.WORDS)}/{f}.py"] + lines[: r.randint(3, 9)])

    def record(self):
        """One line of somebody's table."""
        r = self.r
        return f"{r.choice(P.WORDS)} {r.choice(P.WORDS)};{r.choice(P.CITY)};{r.randint(1, 9999)};{r.choice(P.JOB)};{r.choice(self.sent['banking77_tickets'])}"


def make(data, seed):
    return Text(data, random.Random(seed))
