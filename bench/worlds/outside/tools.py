"""Innocent automation, described by tables: a template, inputs, a clock, a place, a volume."""

import words
import world as W

REVIEW = "You review merge requests for a team. Find defects, explain the reasoning behind each remark, rate severity 1-5 and propose a patch. Reply in JSON.\n\n"
AUDIT = "Role: {role} in a fleet auditing one repository. Trace data flow step by step, note every assumption, hand findings to the next agent.\n\n"
JUDGE = "You are a strict judge. Compare the output with the reference, think through each rubric line, then score 1-10 with reasons.\n\nOutput:\n"
HARNESS = [
    "Solve the following. Work step by step and finish with 'Final:'\n\nProblem: ",
    "Q: If 3 pens cost 6, what do 5 cost?\nA: One pen is 2, so five are 10. Final: 10\n\nQ: ",
    "Read the task, reason carefully about it, and answer on the last line after ###.\n\n",
]
# tool: weight, client, system, before, after, inputs, clock, place, median volume, more
SPECS = {
    "review_bot": (2.4, "patchwarden/1.6", None, REVIEW, "", "diff", "bursts", "runner", 22, {"long": 0.7, "chase": 0.5}),
    "audit_fleet": (1.4, "hivescan/0.4", "fleet", "", "\n\nContinue from here; keep the complete trace.", "source code", "bursts", "cloud", 60, {"long": 0.8, "threads": True, "chase": 0.6}),
    "eval_stranger": (2.6, "yardstick-eval/0.11", None, "harness", "", "math logic tasks", "occasion", "cloud", 40, {"long": 0.6, "loyal": 0.0, "temp": 0.0, "chase": 0.9, "purpose": "evaluation"}),
    "nightly_batch": (2, "sdk", "own", "own", "", "tickets notice tasks", "nightly", "cloud", 30, {"temp": 0.0}),
    "testdata_maker": (1.5, "fakesmith/2.2", None, "Produce realistic but fictional test records as CSV, varied and complete. ", " Explain the constraints you kept.", "rows", "nightly", "runner", 18, {"long": 0.8, "purpose": "testing"}),
    "oss_agent": (6, "mossback-agent/0.9", "You are Mossback, an autonomous helper. Plan, call tools, observe, and keep going until the goal is met. Think before each call.", "", "", "tools search source", "human", "home", 20, {"threads": True, "chase": 0.4}),
    "ide_plugin": (7, "Inkwell-IDE/3.1", "You complete and explain code inside an editor. Answer with code first.", "", "", "search code source", "office", "home", 20, {"long": -0.3, "limit": 2048, "chase": 0.3}),
    "sheet_addon": (3, "gridspell-addon/1.2", None, "=ASK(", ")", "tickets ask notice", "office", "cell", 14, {"long": -1.0, "limit": 256}),
    "compare_site": (0.4, "sdk", None, "", "", "chat role zh tasks es ru", "steady", "cloud", 500, {"users": 220, "loyal": 0, "chase": 1.0, "purpose": "model comparison", "org": True}),
    "gateway": (0.4, "sdk", None, "", "", "chat code zh tickets fr ask", "steady", "cloud", 420, {"users": 150, "loyal": 0.1, "org": True, "purpose": "gateway"}),
    "app_single": (1.6, "sdk", "own", "", "", "tickets", "steady", "cloud", 160, {"org": True, "users": 60, "loyal": 1.0}),
    "doc_chat": (1.2, "shelfbot/0.7", "Answer only from the passage. Cite the sentence used.", "Passage: ", "\nQuestion: what follows from this?", "logic tasks notice", "steady", "cloud", 60, {"org": True}),
    "ci_smoke": (1.6, "curl/8.9", None, "", "", "hello", "nightly", "runner", 16, {"long": -1.5, "limit": 32}),
    "feed_digest": (2, "morningpress/1.0", None, "Sum up for my morning mail, three lines each:\n", "", "notice", "nightly", "home", 28, {"temp": 0.3}),
    "npc_mod": (1.8, "tavernmod/5.2", "Speak as the character described. Stay in the world. Be vivid.", "", "", "scene", "human", "home", 30, {"threads": True, "temp": 1.0}),
    "home_hub": (1.4, "hearthlink/2024.8", "Turn what people say into device commands as JSON.", "", "", "scene", "human", "home", 18, {"long": -1.2}),
    "llm_judge": (1.5, "gavel-rate/0.3", None, JUDGE, "", "answers", "bursts", "cloud", 45, {"long": 0.4, "temp": 0.0, "chase": 0.7, "purpose": "evaluation"}),
    "notebook_course": (2.2, "sdk", None, "cell = '''", "''' # explain this cell as the course does, with the reasoning", "code search", "human", "runner", 9, {"long": 0.3, "purpose": "study"}),
    "moderator": (1.2, "sdk", "Label the message: ok, spam, abuse. Give one short reason.", "", "", "tickets ask chat", "steady", "cloud", 90, {"long": -1.3, "org": True}),
    "localiser_bot": (1.2, "polyglossa/1.9", None, "Translate keeping placeholders intact, give two variants and explain choices:\n", "", "tickets tasks es de", "nightly", "cloud", 40, {"long": 0.1, "org": True}),
    "dataset_hobby": (1.2, "synthloom/0.5", None, "Write an instruction, a detailed worked answer and a critique, seeded by: ", "", "tasks sets ask", "nightly", "home", 45, {"long": 0.8, "licensed": True, "loyal": 0.2, "purpose": "licensed synthetic data"}),
    "licensed_lab": (0.35, "sdk", None, "Reason in full, then answer, for training under agreement: ", "", "tasks logic math code", "steady", "cloud", 260, {"long": 0.9, "loyal": 0, "licensed": True, "org": True, "level": "id"}),
}  # fmt: skip


def clock_of(w, kind):
    """A clock of one account by kind."""
    if kind == "bursts":
        day = [w.r.randrange(28) * W.DAY + w.r.gauss(14, 4) * 3600 for _ in range(40)]
        return W.bursts(w, [(max(0, t), w.heavy(1500, 0.7)) for t in day])
    if kind == "occasion":
        near = w.release if w.r.random() < 0.6 else w.r.uniform(0, 0.95) * W.SPAN
        return W.occasion(w, near + w.r.expovariate(1 / (0.7 * W.DAY)), w.heavy(6 * 3600, 0.6))
    if kind == "human":
        return W.human(w)
    return W.human(w, office=True) if kind == "office" else getattr(W, kind)(w)


def inputs(w, pools, loyal):
    """A source of what the tool is fed."""
    if pools == "hello":
        return lambda: words.expand(
            w.r, "{ping|hello|say ok|1+1|are you there|reply with a word}{|!|?}"
        )
    if pools == "answers":
        return lambda: w.r.choice(w.bank.answers)[:900]
    names = pools.split()
    mine = w.r.sample(names, min(len(names), 2)) if loyal > 0.3 else names
    return w.bank.own(mine, w.r.randint(1, 3), loyal)


def costume(w, name):
    """What one user of the tool shows: client, say-function maker, and the rest of the entry."""
    _, client, system, before, after, pools, clock, place, volume, more = SPECS[name]
    r = w.r
    if system == "own":
        system = f"You are the {r.choice(words.ADJ)} {r.choice(words.NOUN)} assistant of {r.choice(words.NAME)} & {r.choice(words.NAME)}. {words.expand(r, '{Be brief|Be kind|Never guess|Cite the policy|Use plain words}. {Escalate|Apologise|Ask back} when {unsure|angry|legal matters arise}.')}"
    if system == "fleet":
        role = r.choice(("mapper", "taint tracer", "sceptic", "fixer", "scribe"))
        system = AUDIT.format(role=role)
    if before == "own":
        before = f"{words.expand(r, '{Classify|Sum up|Tag|Rewrite|Route}')} this {r.choice(words.NOUN)} item for {r.choice(words.NAME)}'s report: "
    if before == "harness":
        before = r.choice(HARNESS)
    kind = client.rsplit("/", 1)
    if len(kind) == 2 and r.random() < 0.35:
        client = f"{kind[0]}/{kind[1]}.{r.randint(1, 3)}"
    c = w.client(client, system=system, temperature=more.get("temp"), limit=more.get("limit") or r.choice((None, None, 1024, 4096)))  # fmt: skip
    return c, before, after, pools, clock, place, volume, more


def user_of(w, name, **identity):
    """Open an account that would run this tool."""
    more, r = SPECS[name][-1], w.r
    a = w.account(name, **{"age": 120, **identity})
    if a.plan == "free" and r.random() < 0.7:
        a.plan, a.card = "payg", a.card or w.token(16)
    if more.get("purpose") and r.random() < 0.6:
        a.purpose = more["purpose"]
    if more.get("org"):
        a.org, a.plan = f"org-{w.token(8)}", "team"
        a.mail = w.domain()
    a.licensed = bool(more.get("licensed"))
    a.level = more.get("level") or a.level
    return a


def run(w, want, name):
    """Let strangers run one tool, each for their own purpose."""
    r = w.r
    for _ in range(want):
        c, before, after, pools, clock, place, volume, more = costume(w, name)
        a = user_of(w, name)
        if name == "dataset_hobby" and r.random() < 0.25:  # the same hobby without asking
            a.licensed, a.kind = False, "grey"
        if clock == "occasion" and r.random() < 0.4:
            a.created = max(a.created, w.release - r.expovariate(1 / W.DAY) * 1.0)
        say_in = inputs(w, pools, more.get("loyal", 0.85))
        place = place if r.random() < 0.7 else r.choice(("home", "cloud", "runner", "vpn", "cell"))
        s = w.stream(
            a,
            lambda turn, f=say_in, b=before, e=after: f"{b}{f()}{e}",
            clock_of(w, clock if r.random() < 0.85 else r.choice(("human", "steady", "nightly"))),
            c,
            w.net(place, r.choice((1, 1, 2, 4))),
            w.heavy(volume, 1.0),
            long=more.get("long", 0) + r.gauss(0, 0.15),
            users=int(w.heavy(more["users"], 0.4)) if "users" in more else 0,
            threads=more.get("threads", False),
        )
        if r.random() < more.get("chase", 0.15):
            s.moves, s.share = w.release + r.expovariate(1 / (0.6 * W.DAY)), r.uniform(0.5, 1)
        if r.random() < 0.06:
            s.end = min(W.SPAN, max(s.start + W.DAY, r.uniform(0, W.SPAN)))
