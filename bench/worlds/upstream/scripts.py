"""What each kind of account sends: one row a script, filled in by word makers.

A row: name # system prompt # lengths of answers # first turns # later turns. Forms are parted by ||, with
an optional weight in front. <!x> is drawn once for the team and kept, <~x> once for the account, @k keeps k
of them, a closing % rewords what was kept. Capitalised words are public prompts that strangers share.
"""

import re
from types import SimpleNamespace

from tables import NAMES, table

PUBLIC = dict(table("public", " # "))
TOKEN = re.compile(r"<([!~]?)(\w+)(?: (\d+)-(\d+))?((?: [^<>@%]*?)?)(?: ?@(\d+))?(%?)>")
ROLES = "support assistant/sales helper/booking agent/tutor/moderator/analyst/shop assistant/claims handler".split("/")  # fmt: skip
VERBS = "fix/refactor/add tests for/why does this fail:/rename/speed up/document/port/remove".split("/")  # fmt: skip
WORDS = {
    "ask": lambda w, a, n, x: w.tx.ask(a.lang, a.subj),
    "any": lambda w, a, n, x: w.tx.ask("en", range(16)),
    "every": lambda w, a, n, x: w.tx.ask(w.r.choice(w.tongues), range(16)),
    "follow": lambda w, a, n, x: w.tx.follow(a.lang, a.subj),
    "chain": lambda w, a, n, x: w.tx.chainwords(n, w.r.choice(a.subj)),
    "free": lambda w, a, n, x: w.tx.chainwords(n),
    "code": lambda w, a, n, x: w.tx.code(a.unit["words"], n, w.r.randint(0, 1)),
    "fresh": lambda w, a, n, x: w.tx.code(w.r.sample(w.tx.vocab, 9), n),
    "diff": lambda w, a, n, x: w.tx.diff(a.unit["words"], n),
    "log": lambda w, a, n, x: w.tx.log(a.unit["words"], n),
    "result": lambda w, a, n, x: w.tx.result(a.unit["words"]),
    "record": lambda w, a, n, x: w.tx.record(a.unit.setdefault("fields", a.unit["words"][:n])),
    "why": lambda w, a, n, x: w.tx.why(a.lang),
    "noun": lambda w, a, n, x: w.tx.noun(w.r.choice(a.subj)),
    "name": lambda w, a, n, x: w.r.choice(NAMES),
    "num": lambda w, a, n, x: str(n),
    "id": lambda w, a, n, x: w.tx.ident(a.unit["words"], 2),
    "one": lambda w, a, n, x: w.tx.ident(a.unit["words"]),
    "keys": lambda w, a, n, x: ", ".join(w.r.sample(a.unit["words"], n)),
    "verb": lambda w, a, n, x: w.r.choice(VERBS),
    "tool": lambda w, a, n, x: w.r.choice(w.tx.tools),
    "pick": lambda w, a, n, x: w.r.choice(x.split("/")),
    "deal": lambda w, a, n, x: w.tx.deal(x, w.r.choice(a.subj)),
    "maybe": lambda w, a, n, x: (
        " " + w.tx.why(a.lang) if w.r.random() * 100 < int(x.split()[0]) else ""
    ),
}


def forms(cell):
    """Read "2*x || y" as [x, x, y]."""
    parts = [re.fullmatch(r"(?:(\d+)\*)?(.*)", p, re.DOTALL).groups() for p in cell.split(" || ")]  # fmt: skip
    return [text for k, text in parts for _ in range(int(k or 1))]


ROWS = {c[0]: (c[1], c[2].split(), forms(c[3]), forms(c[4])) for c in table("scripts", " # ")}  # fmt: skip


def fill(w, a, form):
    """Fill a form in for an account (or an end user, or a person made up for one task)."""
    r = w.r

    def put(m):
        hold, word, lo, hi, arg, k, twist = m.groups()
        n = r.randint(int(lo), int(hi)) if lo else 0
        if not hold:
            return WORDS[word](w, a, n, arg.strip())
        store, key = ((a.unit if hold == "!" else a.own), m[0] + (str(r.randrange(int(k))) if k else ""))  # fmt: skip
        if key not in store:
            store[key] = WORDS[word](w, a, n, arg.strip())
        return w.tx.mutate(store[key], 0.12) if twist else store[key]

    head = form.split(maxsplit=1)[0] if form else ""
    return TOKEN.sub(put, PUBLIC[head] + form[len(head) :] if head in PUBLIC else form)


def manner(w, a, cell):
    """Return the system prompt: none, a public one, the firm's own, or a habit of this account's."""
    r, u = w.r, a.unit
    if "|" in cell:
        cell = u.setdefault(cell, r.choice(cell.split("|")))
    if cell == "house":
        return u.setdefault("system", f"You are the {r.choice(ROLES)} of {u['name']}. {w.tx.chainwords(r.randint(12, 60), u['subj'][0])}")  # fmt: skip
    if cell.startswith("own "):
        chance = 5 if a.channel == "app" else int(cell[4:])
        pick = r.choice(["You are a helpful assistant.", "You are an expert programmer.", "Answer briefly.", f"You are {r.choice(NAMES)}, {w.tx.chainwords(9)}"])  # fmt: skip
        return a.own.setdefault("system", pick if r.random() * 100 < chance else None)
    return None if cell == "-" else fill(w, a, cell)


def enduser(w, a, st):
    """Pick which of a gateway's end users is talking: each has a language and subjects of their own."""
    r, u = w.r, a.unit
    if "crowd" not in u:
        u["crowd"] = [("eu_" + w.hexid(32), a.lang if r.random() < 0.5 else r.choice(w.tongues), r.sample(range(16), 2)) for _ in range(r.randint(30, 500))]  # fmt: skip
    st["eu"], lang, subj = u["crowd"][int(len(u["crowd"]) * r.random() ** 2)]
    return SimpleNamespace(lang=lang, subj=subj, unit=u, own=a.own, channel=a.channel)


def speak(w, a, name, st):
    """Return (prompt, system prompt, length class) of an account's next turn."""
    system, sizes, first, later = ROWS[name]
    if name == "gate" and "user" not in st:
        st["user"] = enduser(w, a, st)
    form = w.r.choice(later if st["turn"] else first)
    return fill(w, st.get("user", a), form), manner(w, a, system), w.r.choice(sizes)


def ghost(w, lang):
    """Make up a person for one task or one cover story: words, subjects and habits of their own."""
    r = w.r
    u = {"words": r.sample(w.tx.vocab, 24), "name": r.choice(w.tx.vocab).title(), "subj": r.sample(range(16), r.randint(1, 4))}  # fmt: skip
    return SimpleNamespace(unit=u, lang=lang, subj=u["subj"], own={}, channel=r.choice(["app", "direct"]))  # fmt: skip
