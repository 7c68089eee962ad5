"""Innocent groups: customers who share something, or who all do the same on one day."""

from world import DAY, DAYS, HOUR


def take(w, n, lo, hi):
    """Group sizes that add up to about n."""
    while n > 0:
        k = min(w.r.randint(lo, hi), max(n, lo))
        yield k
        n -= k


def school_day(w, place, hour=None):
    """A weekday morning at a place, seconds from the start."""
    while True:
        d = w.r.randrange(1, DAYS - 1)
        if ((w.epoch // DAY + d + 3) % 7) < 5:
            return d * DAY + ((w.r.uniform(8, 15) if hour is None else hour) - place[1]) % 24 * HOUR


def classroom(w, n):
    """New accounts within the hour, one network, one assignment; some go on at home."""
    r = w.r

    def one(size):
        place = w.place()
        lang = r.choice(place[2])
        t0 = school_day(w, place)
        asn = r.choice(place[4][:-1])
        campus = w.fixed(*[(w.ip_in(asn), asn) for _ in range(r.choice([1, 1, 2]))])
        mail = r.choice(w.schools) if r.random() < 0.5 else None
        src = r.choice(
            ["alpaca_instruct", "gsm8k_eval", "codealpaca_gpt4", "human_en", "awesome_prompts"]
        )
        given = [w.text.human(lang, [src]) for _ in range(r.randint(2, 6))]
        house = (
            w.text.template([r.choice(["lesson", "cot", "summary", "code"])])
            if r.random() < 0.6
            else None
        )
        lessons = [t0] + [
            t0 + 7 * DAY * j
            for j in (1, 2)
            if r.random() < 0.6 and t0 + 7 * DAY * j < (DAYS - 0.2) * DAY
        ]
        machines = (
            [w.token(20) for _ in range(size)]
            if r.random() < 0.6
            else [w.token(20) for _ in range(size // 2 + 1)]
        )
        for i in range(size):
            a = w.person("classroom", lang, place, False, t0 + r.uniform(-900, 2700))
            a.plan, a.card, a.level, a.end = "free", None, "email", DAYS * DAY
            a.mail = mail or a.mail
            home, a.clients = a.net, [w.browser()]
            a.device = machines[i % len(machines)] if r.random() < 0.8 else a.device
            first, follow = w.text.persona(lang, ["human_en", src])

            def gen(k, a=a, first=first, follow=follow, home=home, keen=r.random() < 0.3):
                late = int(k * 0.5) if keen else 0
                t = max(a.created + r.uniform(30, 600), lessons[0])
                c, at = w.token(12), 0
                for j in range(k - late):
                    if j and r.random() < 0.2 and at + 1 < len(lessons):
                        at += 1
                        t, c = lessons[at] + r.uniform(0, 900), w.token(12)
                    x = r.random()
                    p = r.choice(given) if x < 0.5 else (follow() if j else first())
                    if house and x < 0.5 and r.random() < 0.7:
                        p = house(p)
                    w.emit(a, t, p, c, net=campus)
                    t += r.lognormvariate(4.6, 0.8)
                if late:
                    w.chat(a, late, first, follow, 3, net=home)

            a.raw, a.gen = r.lognormvariate(1.9, 0.7), gen

    for size in take(w, n, 14, 38):
        one(size)


def crowd(cohort, span, venue, credit, after=0.5):
    """Hackathons and launches: many begin together with the same few prompts, then go their ways."""

    def build(w, n):
        r = w.r

        def one(size):
            place = w.place()
            t0 = school_day(w, place, 9 if venue else None)
            asn = r.choice(place[4][:-1])
            hall = w.fixed(*[(w.ip_in(asn), asn) for _ in range(2)])
            starter = [
                w.text.human("en", [r.choice(["taskbench_tools", "codealpaca_gpt4", "human_en"])])
                for _ in range(r.randint(4, 8))
            ]
            sysp = w.text.system_prompt() if r.random() < 0.6 else None
            wrap = (
                w.text.template([r.choice(["tools", "code", "cot", "extract"])])
                if r.random() < 0.5
                else None
            )
            client = w.sdk()
            for _ in range(size):
                api = r.random() < (0.7 if venue else 0.3)
                a = w.person(
                    cohort,
                    None,
                    place if venue else None,
                    api,
                    t0 + r.expovariate(1 / span) if r.random() < 0.85 else None,
                )
                a.created = min(a.created, (DAYS - 0.5) * DAY)
                if credit:
                    a.card, a.plan = None, "free" if r.random() < 0.5 else a.plan
                if api and r.random() < 0.7:
                    a.clients = [client]
                elif r.random() < 0.5:
                    a.clients = [w.browser()]
                if venue:
                    a.net = w.mixed(hall, a.net, 0.3)
                first, follow = w.text.persona(
                    a.lang if r.random() < 0.5 else "en",
                    ["codealpaca_gpt4", "taskbench_tools", "human_en"],
                )

                def gen(k, a=a, first=first, follow=follow):
                    early = max(1, int(k * r.uniform(0.3, 0.8)))
                    b = max(a.created, t0, 0)
                    for _ in range(early):
                        p = r.choice(starter) if r.random() < 0.5 else first()
                        w.emit(
                            a,
                            b + r.expovariate(1 / (span * 0.5 + HOUR)),
                            wrap(p) if wrap and r.random() < 0.6 else p,
                            w.token(12),
                            sysp if r.random() < 0.6 else None,
                        )
                    if k > early:
                        w.chat(a, k - early, first, follow, 3, lo=b)

                a.raw, a.gen = r.lognormvariate(2.2, 0.9), gen

        for size in take(w, n, 20, 90):
            one(size)

    return build


hackathon = crowd("hackathon", 5 * HOUR, True, True)
launch = crowd("launch_day", 9 * HOUR, False, False)


def release_chasers(w, n):
    """People who try the new model on its day with the riddles that everyone posts."""
    r = w.r
    riddles = [
        w.text.human("en", ["human_en", "gsm8k_eval", "logicot_reasoning"]) for _ in range(9)
    ]
    for _ in range(n):
        a = w.person(
            "release_chasers",
            created=w.release + r.expovariate(1 / (8 * HOUR)) if r.random() < 0.5 else None,
        )
        a.model, a.end = w.model_use(1.8, moves=True), DAYS * DAY
        first, follow = w.text.persona(a.lang)

        def gen(k, a=a, f=first, g=follow):
            early = max(1, k // 2)
            for _ in range(early):
                w.emit(
                    a,
                    max(a.created, w.release) + r.expovariate(1 / (14 * HOUR)),
                    r.choice(riddles) if r.random() < 0.6 else f(),
                    w.token(12),
                    model=w.new,
                )
            w.chat(a, k - early, f, g, 3)

        a.raw, a.gen = r.lognormvariate(2.3, 0.8), gen


def shared(
    cohort,
    size,
    towns,
    card,
    phone,
    device,
    org=False,
    api=0.1,
    goals=None,
    plan="plus",
    volume=(2.6, 1),
    office=None,
    work=0.8,
    own=0.5,
    langs=False,
):
    """Customers that share cards, phones or machines; card and so on: how many members have one in common (0: own)."""

    def build(w, n):
        r = w.r

        def one(k):
            place = w.place()
            k_card, k_phone, k_dev = (
                [w.token(20) for _ in range(max(1, round(k / x)))] if x else None
                for x in (card, phone, device)
            )
            org_id, dom = (
                (w.token(8), w.token(5) + r.choice([".com", ".co", ".net", ".example.com"]))
                if org
                else (None, None)
            )
            asn = r.choice(place[4][:-1])
            desk = w.fixed(*[(w.ip_in(asn), asn) for _ in range(r.choice([1, 1, 2, 3]))])
            book = (
                w.text.template(
                    [r.choice(goals) for _ in range(2)],
                    r.randint(2, 8),
                    rephrase=r.choice([0, 0, 0.2]),
                )
                if goals
                else None
            )
            src = r.choice(
                [
                    ["human_en"],
                    ["human_en", "banking77_tickets"],
                    ["human_en", "codealpaca_gpt4", "cosqa_bing_code"],
                    ["alpaca_instruct", "human_en"],
                    ["taskbench_tools", "human_en"],
                ]
            )
            born, hires = w.opened(), r.random() < 0.6
            client = w.sdk()
            inspected = (
                w.sdk()[1] if office and r.random() < 0.2 else None
            )  # a proxy that opens TLS
            for _ in range(k):
                born_a = (
                    w.opened()
                    if not hires
                    else min(
                        max(born + r.expovariate(1 / (3 * DAY)), -1500 * DAY), (DAYS - 1) * DAY
                    )
                )
                a = w.person(
                    cohort,
                    None if langs or r.random() < 0.3 else place[2][0],
                    None if towns == "abroad" else place,
                    r.random() < api,
                    born_a,
                )
                if plan != "any":
                    a.plan = plan if not a.key else a.plan
                if k_card:
                    a.card = r.choice(k_card)
                if k_phone:
                    a.phone = r.choice(k_phone) if r.random() < 0.9 else a.phone
                if k_dev:
                    a.device = r.choice(k_dev) if r.random() < 0.85 else a.device
                if org:
                    a.org, a.mail, a.level = org_id, dom, "card"
                if towns == "one":
                    a.net = w.mixed(desk, a.net, 0 if office is None else 1 - office)
                if a.key and r.random() < 0.5:
                    a.clients = [client]
                if inspected:
                    a.clients = [(u, inspected) for u, _ in a.clients]
                first, follow = w.text.persona(a.lang, src)

                def mine(first=first, own=own, follow=None):
                    return first() if not book or r.random() < own else book(first())

                a.raw = r.lognormvariate(*volume)
                if a.key and r.random() < 0.6:
                    a.gen = lambda m, a=a, f=mine: [
                        w.emit(a, t, f(), cap=2048, temp=0.7) for t in w.machine_times(a, m)
                    ]
                else:
                    a.gen = lambda m, a=a, f=mine, g=follow: w.chat(a, m, f, g, 3, workweek=work)

        for members in take(w, n, *size):
            one(members)

    return build


agency = shared(
    "agency",
    (5, 16),
    "several",
    6,
    8,
    0,
    goals=["seo", "summary", "reply", "cot", "instruct", "rewrite"],
    api=0.25,
    volume=(3.2, 0.9),
    own=0.4,
)
family = shared("family", (2, 6), "one", 8, 4, 2, office=0.8, work=0, volume=(1.9, 1))
cafe = shared(
    "internet_cafe",
    (8, 30),
    "one",
    0,
    0,
    3,
    plan="free",
    office=0.9,
    work=0,
    volume=(1.5, 0.9),
    langs=True,
)
phone_shop = shared(
    "phone_shop", (5, 22), "several", 12, 7, 9, plan="any", work=0, volume=(1.6, 1), langs=True
)
shop = shared(
    "shop", (3, 7), "one", 7, 6, 4, office=0.9, goals=["reply", "seo"], volume=(2.2, 0.9), work=0.3
)
localisation = shared(
    "localisation",
    (3, 9),
    "one",
    9,
    0,
    0,
    office=0.7,
    goals=["translate", "rewrite"],
    api=0.3,
    volume=(3.9, 0.7),
    own=0.15,
)
enterprise = shared(
    "enterprise",
    (12, 60),
    "one",
    99,
    0,
    0,
    org=True,
    office=0.85,
    plan="pro",
    api=0.2,
    goals=["summary", "review", "extract", "cot", "code"],
    volume=(2.6, 1),
    own=0.7,
)
franchise = shared(
    "franchise",
    (6, 24),
    "abroad",
    10,
    0,
    8,
    goals=["reply", "classify", "seo", "lesson"],
    api=0.2,
    volume=(2.4, 0.9),
    own=0.5,
)
raters = shared(
    "raters",
    (6, 18),
    "several",
    0,
    0,
    0,
    goals=["rubric", "pref", "rubric"],
    api=0,
    volume=(3, 0.8),
    own=0.3,
)


def newsletter(w, n):
    """Readers of a newsletter: the same rare template, strangers, within days; otherwise their own chats."""
    r = w.r

    def one(size):
        issues = [
            (
                r.uniform(0, DAYS - 2) * DAY,
                w.text.template(
                    [
                        r.choice(
                            [
                                "cot",
                                "rubric",
                                "instruct",
                                "summary",
                                "seo",
                                "code",
                                "lesson",
                                "pref",
                            ]
                        )
                    ]
                ),
            )
            for _ in range(r.randint(1, 3))
        ]
        for _ in range(size):
            a = w.person("newsletter_readers", lang="en" if r.random() < 0.7 else None)
            first, follow = w.text.persona(a.lang)

            def gen(k, a=a, f=first, g=follow):
                tried = min(k, r.choice([1, 1, 2, 3, 6]))
                for _ in range(tried):
                    t0, wrap = r.choice(issues)
                    w.emit(
                        a,
                        max(a.created, t0 + r.expovariate(1 / (1.5 * DAY))),
                        wrap(f()),
                        w.token(12),
                    )
                if k > tried:
                    w.chat(a, k - tried, f, g, 3)

            a.raw, a.gen = r.lognormvariate(2.1, 1), gen

    for size in take(w, n, 25, 110):
        one(size)


def cloud_tool(w, n):
    """A hosted tool that strangers connect their own account to: its egress, client and gallery of templates."""
    r = w.r

    def one(size):
        egress, client = (
            w.fixed(*[w.cloud_ip() for _ in range(r.randint(2, 6))]),
            (r.choice(["flowtool", "sheetmind", "zapline"]) + f"/{r.randint(1, 9)}", w.sdk()[1]),
        )
        gallery = [
            w.text.template(
                [r.choice(["extract", "classify", "summary", "reply", "seo", "cot", "testdata"])]
            )
            for _ in range(r.randint(3, 12))
        ]
        for _ in range(size):
            a = w.person("cloud_tool", api=True)
            a.clients, a.net = [client], egress
            mine = r.sample(gallery, min(len(gallery), r.randint(1, 3)))
            src = r.choice(["human_en", "banking77_tickets", "alpaca_instruct", "taskbench_tools"])
            a.raw = r.lognormvariate(3, 1.1)
            a.gen = lambda k, a=a, m=mine, s=src, h=r.choice(["cron", "day", "steady"]): [
                w.emit(
                    a,
                    t,
                    r.choice(m)(
                        w.text.record()
                        if r.random() < 0.4
                        else w.text.foreign(a.lang)
                        if a.lang != "en" and r.random() < 0.5
                        else w.text.body(s)
                    ),
                    cap=1024,
                    temp=0.3,
                )
                for t in w.machine_times(a, k, h)
            ]

    for size in take(w, n, 25, 90):
        one(size)


def students(w, n):
    """A lab course: own homes and accounts, the same sheet each week."""
    r = w.r

    def one(size):
        place = w.place()
        lang, dom, src = (
            r.choice(place[2]),
            r.choice(w.schools),
            r.choice(["codealpaca_gpt4", "gsm8k_eval", "logicot_reasoning", "alpaca_instruct"]),
        )
        asn = r.choice(place[4][:-1])
        campus = w.fixed(*[(w.ip_in(asn), asn) for _ in range(3)])
        due = school_day(w, place)
        sheets = [
            (
                due + 7 * DAY * j,
                [w.text.human(lang if r.random() < 0.5 else "en", [src]) for _ in range(5)],
            )
            for j in range(-3, 4)
        ]
        sheets = [s for s in sheets if 0 < s[0] < DAYS * DAY]
        for _ in range(size):
            a = w.person("students", lang, place, r.random() < 0.1)
            a.mail = dom if r.random() < 0.5 else a.mail
            a.net = w.mixed(a.net, campus, r.choice([0.1, 0.4, 0.7]))
            first, follow = w.text.persona(lang, ["human_en", src])

            def gen(k, a=a, f=first, g=follow):
                for _ in range(k):
                    t, qs = r.choice(sheets)
                    t -= r.expovariate(1 / (1.2 * DAY))
                    if r.random() < 0.5 and t > max(a.created, 0):
                        w.emit(a, t, r.choice(qs) if r.random() < 0.6 else g(), w.token(12))
                    else:
                        w.chat(a, 1, f, g, 1)

            a.raw, a.gen = r.lognormvariate(2.4, 0.9), gen

    for size in take(w, n, 15, 60):
        one(size)


def licensed(w, n):
    """Distillers with a contract."""
    r = w.r

    def one(size):
        org, card, dom = w.token(8), w.token(20), w.token(6) + ".ai"
        wrap, src = (
            w.text.template(["cot", "instruct", "code", "pref"], r.randint(2, 6)),
            r.choice(["alpaca_instruct", "codealpaca_gpt4"]),
        )
        boxes = w.fixed(*[w.cloud_ip("google-gcp") for _ in range(4)])
        for _ in range(size):
            a = w.person("licensed", lang="en", api=True, created=-r.uniform(5, 300) * DAY)
            a.org, a.card, a.mail, a.licensed, a.plan, a.level, a.net, a.purpose = (
                org,
                card,
                dom,
                True,
                "scale",
                "id",
                boxes,
                "licensed distillation",
            )
            w.event(a, r.uniform(-60, 2) * DAY if r.random() < 0.8 else 0, "licensed_from")
            a.raw = r.lognormvariate(5, 0.5)
            a.gen = lambda k, a=a: [
                w.emit(a, t, wrap(w.text.body(src)), cap=4096, temp=0.8)
                for t in w.machine_times(a, k, "steady")
            ]

    for size in take(w, n, 3, 10):
        one(size)


def framed(w, n, wraps):
    """Innocents into whose hands a campaign's wording was put, so that they look like it."""
    r = w.r
    for _ in range(n):
        a = w.person("framed")
        wrap = r.choice(wraps)
        first, follow = w.text.persona(a.lang)

        def gen(k, a=a, f=first, g=follow, wrap=wrap):
            some = min(k, r.choice([1, 1, 2, 4]))
            t0 = r.uniform(max(a.created, 0), DAYS * DAY)
            for _ in range(some):
                w.emit(a, t0 + r.expovariate(1 / (2 * DAY)), wrap(f()), w.token(12))
            w.chat(a, k - some, f, g, 3)

        a.raw, a.gen = r.lognormvariate(2.3, 0.9), gen
