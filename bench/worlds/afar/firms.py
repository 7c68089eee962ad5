"""Innocent organisations that share cards, telephones, devices, offices or a reseller."""

from core import DAY, Client, Clock, record
from phrases import LANGS

FORMS = {
    "translate": ("Translate for {b} into {l}: {x}", "{x}\n=> {l}, tone: {w}", "Please render this in {l} (keep {w}): {x}", "Revise the {l} version of: {x}"),
    "label": ("Label the intent of this message ({w} scheme): {x}", "Category and confidence, {b} guide v{n}.\n---\n{x}", "Rate 1-{n} for helpfulness and say why: {x}", "Which class? {x}"),
    "reply": ("Draft a reply from {b} to this customer: {x}", "Customer wrote: {x}\nAnswer politely, mention {w}", "{x}\n\nReply in two sentences. Signed, {b}", "Ticket: {x}\nNext step for the desk?"),
    "listing": ("Product text for {b}: {w}, {w} edition. Note: {x}", "Write a {b} post about {w}. Idea: {x}", "Slogan for {w} at {b}, like: {x}", "Menu line: {w}. {x}"),
    "rubric": ("Mark this exercise with the {b} rubric, show the working: {x}", "Model solution with every step for class {n}: {x}", "Make a similar exercise about {w}: {x}", "Explain step by step to a pupil: {x}"),
    "code": ("In the {b} repository ({w} module): {x}", "{x}\n\nfollow our {w} style", "Review and explain in detail: {x}", "Write tests for {w}: {x}"),
    "notes": ("Summarise for the {w} file at {b}: {x}", "Turn into minutes: {x}", "Short memo, subject {w}: {x}", "{x}\nMake this a letter from {b}"),
    "essay": ("Write a long detailed article for {b}: {x}", "{n}00 words, headings, examples about {w}: {x}", "Full essay, explain thoroughly: {x}", "Expand into a guide: {x}"),
}  # fmt: skip
BODIES = {"label": ("banking77_tickets", "arena_users_2023"), "reply": ("banking77_tickets",), "rubric": ("gsm8k_eval", "logicot_reasoning", "alpaca_instruct"), "code": ("codealpaca_gpt4", "cosqa_bing_code")}  # fmt: skip


# how a kind of organisation looks; a group of 0 is the whole firm, of 1 nobody shares
Firm = record("Firm", size=(), work="chat", card=(1, 0.4), phone=(1, 0.7), device=(1, 0.8), seat="office", born="ramp", clock="office", client="web", mail="house", org=0.1, volume=20, eager=0.3, purpose=(0.1, "work"), level=0.2, langs=1, plans=("team", "payg", "plus"), chat=0.4, virtual=0.1)  # fmt: skip

FIRMS = {
    "agency": (Firm((3, 26), "listing", (0, 0.85), seat="mixed", org=0.2), 3),
    "franchise": (Firm((15, 80), "listing", (0, 0.6), (5, 0.4), (6, 0.5), "sites", "ramp", "shop", volume=9), 2),
    "localiser": (Firm((5, 36), "translate", (0, 0.9), seat="homes", mail="both", volume=45, langs=4, purpose=(0.3, "localisation")), 2.5),
    "outsourcing": (Firm((30, 130), "reply", (12, 0.7), (8, 0.4), (3, 0.7), "block", "waves", "shift", mail="free", volume=35), 2.2),
    "labelling": (Firm((20, 110), "label", (10, 0.7), (5, 0.7), (4, 0.3), "mobile", "waves", "shift", "house", "free", 0, 40, virtual=0.7), 2),
    "school_network": (Firm((40, 140), "rubric", (1, 0.02), (1, 0.1), (4, 0.7), "sites", "waves", "school", mail="school", plans=("edu",), chat=0.7, volume=8), 2.2),
    "classroom": (Firm((15, 38), "assign", (1, 0.02), (1, 0.3), (1, 0.4), "office", "hour", "event", mail="school", volume=7, plans=("free",), purpose=(0.2, "education")), 3),
    "phone_shop": (Firm((8, 40), "chat", (9, 0.3), (6, 0.75), (8, 0.55), "homes", "ramp", "human", mail="free", plans=("plus", "free"), org=0), 1.5),
    "coworking": (Firm((12, 60), "any", (1, 0.6), seat="mixed", mail="both", org=0.02), 2),
    "collective": (Firm((5, 18), "any", (0, 0.8), (4, 0.2), (1, 0.8), "mixed", "ramp", "human", "sdk", "both", volume=30, langs=3), 1.4),
    "holding": (Firm((20, 110), "notes", (0, 0.8), (10, 0.3), (1, 0.9), "sites", "waves", mail="brands", org=0.25, level=0.5), 2),
    "enterprise": (Firm((25, 160), "notes", (0, 0.95), seat="office", born="waves", org=1, level=0.9, plans=("enterprise",), chat=0.7), 3),
    "seat_reseller": (Firm((20, 120), "chat", (15, 0.9), (12, 0.3), (1, 0.7), "homes", "ramp", "human", mail="free", virtual=0.8, langs=3), 1.8),
    "call_centre": (Firm((20, 90), "reply", (0, 0.5), (1, 0.3), (3, 0.9), "office", "waves", "shift", "house", "house", volume=30), 1.5),
    "family": (Firm((2, 6), "chat", (0, 0.8), (2, 0.5), (2, 0.5), "shared", "ramp", "human", mail="free", org=0, volume=12), 3),
    "cafe": (Firm((10, 60), "chat", (1, 0.05), (1, 0.6), (5, 0.85), "office", "ramp", "human", mail="free", org=0, volume=6, langs=3), 1.5),
    "clinics": (Firm((15, 70), "notes", (0, 0.6), (6, 0.6), (5, 0.8), "sites", "waves", "shop", volume=14, level=0.4), 1.3),
    "volunteers": (Firm((10, 70), "translate", (1, 0.05), (9, 0.5), (1, 0.6), "mobile", "waves", "human", mail="free", langs=4, volume=9), 1.3),
    "temp_agency": (Firm((12, 60), "any", (7, 0.5), (4, 0.75), (4, 0.5), "sites", "waves", "office", mail="free", volume=16), 1.3),
    "managed_desktops": (Firm((25, 120), "any", (1, 0.6), (1, 0.6), (0, 0.8), "block", "ramp", "office", "house", "both", org=0.1), 1.5),
    "dormitory": (Firm((25, 120), "chat", (1, 0.15), (1, 0.7), (1, 0.9), "shared", "waves", "human", mail="school", volume=10, purpose=(0.2, "study")), 1.5),
    "hackathon": (Firm((20, 70), "code", (1, 0.1), (1, 0.5), (1, 0.8), "office", "hour", "fair", "sdk", "free", 0, 18, 0.6, chat=0.3), 1.6),
    "accelerator": (Firm((10, 40), "code", (0, 0.5), (1, 0.8), (1, 0.8), "mixed", "waves", "human", "sdk", "brands", 0.1, 45, 0.7, virtual=1), 1.2),
    "cram_school": (Firm((8, 60), "rubric", (0, 0.6), (5, 0.3), (3, 0.5), "sites", "ramp", "evening", mail="free", volume=28, chat=0.1), 1.3),
    "content_mill": (Firm((10, 60), "essay", (8, 0.8), (5, 0.3), (1, 0.8), "homes", "waves", "human", "house", "free", 0, 55, 0.5, chat=0.05, virtual=0.6), 1.2),
}  # fmt: skip


def birth(world, how):
    """Return a way of drawing sign-up moments."""
    py = world.py
    base = py.uniform(-300, 18) * DAY
    if how == "hour":
        base = (py.randint(0, 20) + py.uniform(0.3, 0.7)) * DAY
        return lambda: base + py.random() * py.choice((1500, 2700, 3600))
    if how == "waves":
        waves = [base] + [py.uniform(-200, 24) * DAY for _ in range(py.randint(1, 4))]
        return lambda: py.choice(waves) + py.expovariate(1 / (0.4 * DAY))
    if how == "stagger":
        step = py.uniform(1.5, 9) * 3600
        state = [py.uniform(-3, 5) * DAY]

        def later():
            state[0] += step * py.uniform(0.4, 1.6)
            return min(state[0], 25 * DAY)

        return later
    span = py.uniform(20, 400) * DAY
    return lambda: min(base + span * (py.random() - 0.5), 26 * DAY)


def seats(world, firm, lang):
    """Return a way of giving each member a place."""
    py, isps = world.py, world.isps[lang]
    office = world.pool([world.address(isps) for _ in range(py.randint(1, 3))])
    sites = [world.pool([world.address(isps)]) for _ in range(max(2, firm.size[1] // 8))]
    wide = world.block(isps)
    carrier = world.block(isps[-1:])

    def seat(own):
        home = world.home(own)
        ways = {
            "homes": (home, home, 0),
            "mobile": (home, lambda t: world.address(None, carrier), 0.6),
            "mixed": (office, home, py.uniform(0.2, 0.7)),
            "shared": (office, home, 0.25),
            "sites": (py.choice(sites), home, 0.1),
            "block": (lambda t: world.address(None, wide), home, 0.05),
        }
        return world.mixed(*ways.get(firm.seat, (office, home, 0.05)))

    return seat


def clocks(world, firm, lang, born):
    """Return a way of giving each member working hours."""
    py = world.py
    base = world.clock(lang)
    peak, tz = {"office": 13, "shop": 14, "school": 11, "evening": 18}.get(firm.clock, 14), base.tz
    start = min(max(0, born()) + 1200 + py.choice((0, 0, 1, 7)) * DAY, 26 * DAY)
    meets = [(start + k * 7 * DAY, start + k * 7 * DAY + 5000) for k in range(py.randint(1, 4))]
    if firm.clock == "fair":
        meets = [(start, start + 1.6 * DAY)]

    def clock(own):
        if firm.clock in ("event", "fair"):
            return Clock(windows=[m for m in meets if m[1] < 28 * DAY] or meets[:1], gap=90, size=4)
        if firm.clock == "shift":
            return Clock(peak=py.choice((6, 14, 22)), spread=2.2, tz=tz, weekend=0.9, size=12, gap=70)  # fmt: skip
        if firm.clock == "human":
            return world.clock(own)
        end = 0.9 if firm.clock == "shop" else 0.15
        return world.clock(own, peak=peak + py.gauss(0, 1), spread=2.4, tz=tz, weekend=end, days=py.randint(6, 28))  # fmt: skip

    return clock


def bodies(world, work, lang):
    """Collect the material of a firm: some subjects, or a run of some source."""
    py, book = world.py, world.book
    if work in BODIES and lang == "en":
        pool = book.src[py.choice(BODIES[work])]
        k = py.randint(40, min(900, len(pool)))
        i = py.randrange(len(pool) - k + 1)
        return pool[i : i + k]
    if lang != "en":
        things = py.sample(LANGS[lang]["things"], 4)
        return [book.line(lang, None, things) for _ in range(py.randint(60, 400))]
    chosen = py.sample(book.names, py.randint(3, 9))
    return [p for n in chosen for p in book.subjects[n]]


def works(world, firm, brand, lang):
    """Return a way of giving each member something to say."""
    py, book = world.py, world.book
    everyone = "essay code notes reply listing rubric chat chat".split()
    work = py.choice(everyone) if firm.work == "any" else firm.work
    if work == "assign":
        asked = [book.line(lang) for _ in range(py.randint(2, 6))]
        shapes = ["{x}", "{x} ", "{x} ({w})"]
    elif work != "chat":
        asked = bodies(world, work, lang)
        shapes = py.sample(FORMS[work], py.randint(1, 4))
    other = py.choice(("German", "French", "Spanish", "Polish", "Thai", "Japanese", "Dutch"))

    def say(own):
        if firm.work == "any" and py.random() < 0.6:
            return works(world, Firm(firm.size, py.choice(everyone)), brand, own)(own)
        if work == "chat":
            return book.person(own)
        shape = py.choice(shapes).replace("{b}", brand).replace("{l}", other)
        shape = shape.replace("{n}", str(py.randint(2, 9)))
        mine = asked if py.random() < 0.5 else py.sample(asked, max(1, len(asked) // 3))
        extra = {"rubric": 0.5, "essay": 0.9, "label": -0.6}.get(work, 0.0)
        return book.blend(book.form(shape, mine, extra), book.person(own), firm.chat * py.random())

    return say


def share(world, members, attribute, group, chance, make):
    """Let members hold a value together in groups of about a size."""
    py = world.py
    if group == 1:
        for a in members:
            setattr(a, attribute, make() if py.random() < chance else None)
        return
    value, left = None, 0
    for a in members:
        if left <= 0:
            value = make()
            left = len(members) if group == 0 else max(2, round(py.gauss(group, group / 3)))
        left -= 1
        if py.random() < chance:
            setattr(a, attribute, value)


def domain(world, firm, houses, lang):
    """Draw a member's mail domain."""
    how = firm.mail
    if how == "free" or (how == "both" and world.py.random() < 0.5):
        return world.mail(lang)
    return world.py.choice(houses) if how == "brands" else houses[0]


def build(world, firm, n, cohort, say=None, **truth):
    """Add one organisation of n accounts; an impostor brings its own texts and truth."""
    py = world.py
    langs = [world.language() for _ in range(firm.langs)]
    born, lang = birth(world, firm.born), langs[0]
    ends = ("edu", "ac.uk", "edu.au") if firm.mail == "school" else ("com", "net", "io", "co")
    houses = [world.house(ends) for _ in range(py.randint(2, 6))]
    members = [world.person(cohort, py.choice(langs), 0.3, **truth) for _ in range(n)]
    share(world, members, "card", *firm.card, lambda: world.card(firm.virtual))
    share(world, members, "phone", *firm.phone, lambda: world.hex(20))
    share(world, members, "device", *firm.device, lambda: world.hex(24))
    seat, clock = seats(world, firm, lang), clocks(world, firm, lang, born)
    talk = say or works(world, firm, houses[0].split(".")[0].title(), lang)
    org = "org_" + world.hex(10) if py.random() < firm.org else None
    house = world.web() if py.random() < 0.5 else world.sdk()
    if firm.client == "house" and py.random() < 0.4:
        house = Client(f"{houses[0].split('.')[0]}-desk/{py.randint(1, 4)}.{py.randint(0, 9)}", world.print_of("lumo-node/4.2"), "direct", max_tokens=2048)  # fmt: skip
    declares, level = py.random() < firm.purpose[0] * 2, py.random() < firm.level
    for a in members:
        a.created = born()
        a.mail, a.org = domain(world, firm, houses, a.lang), org
        a.plan = py.choice(firm.plans) if a.card or firm.plans[0] in ("edu", "free") else "free"
        a.purpose = firm.purpose[1] if declares and py.random() < 0.8 else None
        a.level = "business" if level and py.random() < 0.9 else a.level
        client = {"house": house, "web": world.web(), "sdk": world.sdk() if py.random() < 0.6 else world.web()}[firm.client]  # fmt: skip
        volume = firm.volume * py.lognormvariate(-0.3, 0.8)
        world.use(a, volume, talk(a.lang), client, seat(a.lang), clock(a.lang), firm.eager)
    return members
