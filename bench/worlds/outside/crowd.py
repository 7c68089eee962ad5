"""People, alone and in groups that share something for innocent reasons."""

import bank as B
import words
import world as W

LANGS = [("en", 50), ("zh", 12), ("es", 8), ("pt", 5), ("fr", 5), ("de", 5), ("ru", 4), ("ja", 4), ("ko", 2), ("ar", 2), ("hi", 2), ("id", 2)]  # fmt: skip
TASTES = [["chat"], ["chat", "ask"], ["chat", "tasks"], ["role", "chat"], ["tasks", "ask"], ["search", "code"], ["math", "chat"], ["tickets", "chat"], ["chat", "ask", "tasks"]]  # fmt: skip


def tongue(w):
    return w.r.choices([x for x, _ in LANGS], [n for _, n in LANGS])[0]


def voice(w, lang, taste=None):
    """What a person of this language talks about."""
    taste = taste or w.r.choice(TASTES)
    pools = taste if lang == "en" else [lang, lang, lang, w.r.choice(taste)]
    return B.chatter(w.bank, w.bank.own(pools, w.r.randint(1, 3), w.r.uniform(0.5, 0.9)), lang)


def chat(w, a, median=10, taste=None, net="home", sigma=1.15, office=False, **more):
    """Give an account a person's stream."""
    c = w.client(w.r.choice(("browser", "browser", "phone")))
    place = net if isinstance(net, W.Net) else w.net(w.r.choice(("home", "home", "home", "cell")) if net == "home" else net)  # fmt: skip
    return w.stream(a, voice(w, a.lang, taste), W.human(w, office), c, place, w.heavy(median, sigma), threads=True, **more)  # fmt: skip


def casual(w, want):
    for _ in range(want):
        s = chat(w, w.account("casual", lang=tongue(w)))
        if w.r.random() < 0.1:
            s.end = min(W.SPAN, s.start + w.r.expovariate(1 / (4 * W.DAY)) + 3600)


def returning(w, want):
    """Old accounts that slept and woke; some changed hands within a family or a firm."""
    for _ in range(want):
        a = w.account("returning", lang=tongue(w), age=420)
        chat(w, a, 14, start=w.r.uniform(2, 26) * W.DAY)


def privacy(w, want):
    for _ in range(want):
        a = w.account("privacy_vpn", lang=tongue(w), phone=None, device=None)
        chat(w, a, 10, net=w.r.choice(("vpn", "vpn", "roam")))


def dev_cloud(w, want):
    for _ in range(want):
        a = w.account("dev_cloud", lang=tongue(w), plan="payg", card=w.token(16))
        say = voice(w, a.lang, ["code", "search", "source"])
        w.stream(a, say, W.human(w, office=True), w.client("sdk", temperature=w.r.choice((None, 0.2, 0.7, 1.0)), limit=w.r.choice((None, 4096))), w.net("cloud"), w.heavy(22, 1.2), long=0.2)  # fmt: skip


def red_team(w, want):
    """Safety researchers: odd wordings on purpose, long answers, own subjects."""
    for _ in range(want):
        a = w.account("red_team", purpose=w.r.choice(("research", "safety research", None)))
        src = w.bank.own(["role", "chat", "tickets"], 1)
        style = words.STYLES[w.r.choice(("persona", "expert", "agentic"))]
        w.stream(a, lambda t, s=src, y=style: f"{s()} {words.clause_text(w.r, y)}", W.human(w), w.client(w.r.choice(("sdk", "browser"))), w.net(w.r.choice(("vpn", "cloud", "home"))), w.heavy(28, 0.9), long=0.3)  # fmt: skip


def copyists(w, want, wraps=()):
    """People who paste an elicitation that circulates, so that it points at them too."""
    for _ in range(want):
        a = w.account("copyists", lang="en")
        src = w.bank.own(w.r.choice(TASTES))
        wrap = w.r.choice(wraps) if wraps and w.r.random() < 0.5 else None
        style = w.r.choice(list(words.STYLES.values()))

        def say(turn, src=src, wrap=wrap, style=style):
            if w.r.random() < 0.5:
                return src()
            return wrap(src()) if wrap else f"{src()} {words.clause_text(w.r, style)}"

        w.stream(a, say, W.human(w), w.client("browser"), w.net("home"), w.heavy(12, 0.9), threads=True, long=0.15)  # fmt: skip


def lone_student(w, want):
    """Grey: one person builds a small training set."""
    for _ in range(want):
        a = w.account("lone_student", kind="grey", plan="payg", card=w.token(16))
        src = w.bank.own(["tasks", "math", "logic"], 3, 0.5)
        style = words.STYLES[w.r.choice(("working", "record"))]
        w.stream(a, lambda t, s=src, y=style: f"{s()}\n{words.clause_text(w.r, y)}", W.human(w), w.client("sdk", temperature=0.7), w.net("home"), w.heavy(130, 0.5), long=0.6)  # fmt: skip


def split(w, want, low, high):
    """Group sizes with a tail that add up to about so many."""
    out = []
    while sum(out) < want:
        out.append(min(max(low, int(w.heavy((low * high) ** 0.5, 0.6))), high, max(low, want)))
    return out


def lessons(w, want, name="classroom"):
    """Thirty new accounts in an hour, one network, one assignment."""
    r = w.r
    for size in split(w, want, 14, 45):
        t0, lang = r.uniform(0.02, 0.85) * W.SPAN, tongue(w)
        net = w.net(r.choice(("home", "cell")))
        mail, org = f"{r.choice(words.PLACE).lower()}-{r.choice(('uni', 'college', 'school'))}.edu", r.random() < 0.4  # fmt: skip
        school = f"org-{w.token(8)}" if org else None
        pools = r.choice((["math"], ["logic"], ["tasks", "math"], ["code"]))
        sheet = [w.bank.draw(r.choice(pools)) for _ in range(r.randint(3, 8))]
        hint = words.expand(r, "{Show your work|Explain like a tutor|Step by step please|Answer with reasons}: ")  # fmt: skip
        lab = [w.token(14) for _ in range(max(3, size // 2))] if r.random() < 0.4 else []
        for _ in range(size):
            a = w.account(name, created=t0 + r.gammavariate(2, 700), lang=lang, mail=mail if r.random() < 0.75 else w.r.choice(W.MAILS)[0], org=school, plan="free", card=None, purpose=r.choice(("study", "classroom", None)), device=r.choice(lab) if lab else w.token(14))  # fmt: skip
            own = voice(w, lang)
            w.stream(a, lambda t, s=sheet, h=hint, o=own: f"{h if r.random() < 0.6 else ''}{r.choice(s)}" if r.random() < 0.6 else o(t), W.occasion(w, a.created + 300, 3 * 3600) if r.random() < 0.6 else W.human(w), w.client("browser"), net, w.heavy(9, 0.6), threads=True)  # fmt: skip


def hackathon(w, want):
    """A weekend of strangers, one venue, starter code and coupons."""
    r = w.r
    for size in split(w, want, 25, 120):
        t0, venue = r.uniform(0.05, 0.9) * W.SPAN, w.net("cell")
        coupon = w.token(16) if r.random() < 0.5 else None
        starter = f"{r.choice(HACK)} {r.choice(words.ADJ)} {r.choice(words.NOUN)} challenge. "
        for _ in range(size):
            a = w.account("hackathon", created=t0 + r.gammavariate(2, 3 * 3600) if r.random() < 0.7 else None, plan="payg", card=coupon or w.token(16))  # fmt: skip
            src = w.bank.own(["code", "search", "tools", "source"], 1)
            w.stream(a, lambda t, f=src, b=starter: f"{b if r.random() < 0.4 else ''}{f()}", W.occasion(w, t0 + 3600, W.DAY), w.client(r.choice(("sdk", "sdk", "browser"))), venue if r.random() < 0.8 else w.net("home"), w.heavy(16, 0.8), start=t0)  # fmt: skip


HACK = (
    "You are our build partner for the",
    "Context: weekend prototype for the",
    "Team kit of the",
)


def rush(w, want, name):
    """A launch or a new model's day: everyone comes at once and tries much the same."""
    r = w.r
    for size in split(w, want, 30, 200):
        t0 = w.release if name == "release_rush" else r.uniform(0.05, 0.9) * W.SPAN
        tries = [w.bank.draw(r.choice(("chat", "role", "math", "logic", "tasks"))) for _ in range(12)]  # fmt: skip
        lead = words.expand(r, "{Trying the new model|Demo prompt|From the livestream|Saw this on the forum}: ")  # fmt: skip
        for _ in range(size):
            fresh = r.random() < 0.6
            a = w.account(name, created=t0 + r.expovariate(1 / (10 * 3600)) if fresh else None, lang=tongue(w))  # fmt: skip
            own = voice(w, a.lang)
            s = w.stream(a, lambda t, o=own, k=tries, b=lead: b * (r.random() < 0.3) + r.choice(k) if r.random() < 0.35 else o(t), W.occasion(w, t0 + 1800, r.choice((5, 30, 90)) * 3600), w.client(r.choice(("browser", "phone", "sdk"))), w.net(r.choice(("home", "home", "cell", "runner"))), w.heavy(8, 0.8), start=t0, threads=True)  # fmt: skip
            if name == "release_rush":
                s.moves, s.share = w.release, r.uniform(0.7, 1)


TEAMS = {
    # name: sizes, tastes, card, device, org, one network, office, purpose
    "family": (3, 6, None, 1, 0.5, 0, 1, False, "personal"),
    "agency": (5, 30, ["role", "tasks", "chat"], 1, 0.2, 0.6, 1, True, "work"),
    "localisation": (6, 40, ["tickets", "es", "de", "tasks"], 1, 0.1, 0.5, 1, True, "localisation"),
    "enterprise": (25, 160, ["tickets", "search", "chat", "code"], 1, 0, 1, 1, True, "work"),
    "phone_shop": (4, 12, None, 0, 1, 0, 0, False, None),
    "raters": (8, 40, ["answers"], 1, 0, 0.8, 0, True, "evaluation"),
    "gift_cards": (10, 60, None, 1, 0, 0, 0, False, None),
    "franchise": (8, 40, ["tickets", "ask"], 1, 0.2, 0.7, 0, True, "work"),
    "student_club": (6, 30, ["math", "code", "logic"], 0.4, 0.2, 0.1, 0.7, False, "study"),
}  # fmt: skip
PHONES = {"family": 0.4, "phone_shop": 0.5, "agency": 0.5, "franchise": 0.6, "enterprise": 0.3}


def team(w, want, name):
    """Seats that share a card, a device, a network or a contract."""
    r = w.r
    low, high, taste, card, device, org, one, office, purpose = TEAMS[name]
    for size in split(w, want, low, high):
        lang, net = tongue(w), w.net("block", 2) if office and r.random() < 0.4 else w.net("home")
        pay, gadget = w.token(16), w.token(14)
        house = f"org-{w.token(8)}" if r.random() < org else None
        mail, line = w.domain(), [w.token(14) for _ in range(max(1, size // 4))]
        day = r.uniform(-500, 20) * W.DAY
        for _ in range(size):
            a = w.account(name, lang=lang, created=day + r.expovariate(1 / W.DAY) if r.random() < 0.6 else None, org=house, purpose=purpose if r.random() < 0.5 else None)  # fmt: skip
            if r.random() < card:
                a.card, a.plan = pay, r.choice(("team", "plus")) if office else "plus"
            if r.random() < device:
                a.device = gadget
            if r.random() < PHONES.get(name, 0.1):
                a.phone = r.choice(line)
            if office and r.random() < 0.8:
                a.mail = mail
            if taste == ["answers"]:
                src = lambda t: f"{r.choice(('Rate this reply 1-7 and say why', 'Which rubric lines fail here?', 'Grade with reasons'))}:\n{r.choice(w.bank.answers)[:700]}"  # noqa: E731  # fmt: skip
                w.stream(a, src, W.human(w, office=True), w.client("browser"), net if one else w.net("home"), w.heavy(25, 0.7))  # fmt: skip
            else:
                chat(w, a, 14, taste, net if r.random() < one else "home", office=office)
