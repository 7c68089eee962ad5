"""Innocent single customers: people, developers, machines, researchers."""

import phrases as P


def casual(w, n):
    for _ in range(n):
        a = w.person("casual")
        first, follow = w.text.persona(
            a.lang,
            [
                w.r.choice(
                    ["human_en", "human_en", "human_en", "cosqa_bing_code", "awesome_prompts"]
                ),
                "human_en",
            ],
        )
        a.raw = w.r.lognormvariate(1.7, 1.15)
        a.gen = lambda k, a=a, f=first, g=follow: w.chat(a, k, f, g, w_turns(w))


def w_turns(w):
    return w.r.choice([1.2, 2, 3, 4, 6])


def persona_fans(w, n):
    for _ in range(n):
        a = w.person("persona_fans")
        first, follow = w.text.persona(a.lang, ["awesome_prompts", "awesome_prompts", "human_en"])
        a.raw = w.r.lognormvariate(2.4, 1)
        a.gen = lambda k, a=a, f=first, g=follow: w.chat(a, k, f, g, 7)


def dev_cloud(w, n):
    r = w.r
    for _ in range(n):
        a = w.person("dev_cloud", lang=r.choice(["en", "en", "en", None]), api=True)
        box = w.cloud_ip()
        a.net = w.mixed(w.fixed(box), a.net, r.choice([0, 0.2, 0.5]))
        first, follow = w.text.persona(a.lang, ["cosqa_bing_code", "codealpaca_gpt4", "human_en"])
        sysp = w.text.system_prompt() if r.random() < 0.4 else None
        temp, cap = r.choice([None, 0.0, 0.2, 0.7, 1.0]), r.choice([None, 1024, 2048, 4096])
        a.raw = r.lognormvariate(2.8, 1.2)
        a.gen = lambda k, a=a, f=first, g=follow, s=sysp, te=temp, c=cap: w.chat(
            a, k, f, g, 3, s, temp=te, cap=c
        )


def machine(w, a, make, how, system=None, cap=None, temp=None, conv=False, users=0):
    """An account's program: make() gives a prompt, or (prompt, system)."""

    def gen(k):
        ends = [w.token(10) for _ in range(users)]
        weights = [w.r.paretovariate(1.1) for _ in ends]
        for t in w.machine_times(a, k, how):
            p = make()
            s = system
            if isinstance(p, tuple):
                p, s = p
            w.emit(
                a,
                t,
                p,
                w.token(12) if conv else None,
                s,
                cap=cap,
                temp=temp,
                user=w.r.choices(ends, weights)[0] if ends else None,
            )

    a.gen = gen


def app_single(w, n):
    r = w.r
    for _ in range(n):
        a = w.person("app_single", api=True)
        a.net, a.plan = w.fixed(*[w.cloud_ip() for _ in range(r.randint(1, 3))]), "scale"
        src = r.choice(
            [
                "banking77_tickets",
                "human_en",
                "taskbench_tools",
                "bfcl_live_tools",
                "smile_zh_multiturn",
            ]
        )
        wrap = w.text.template([r.choice(["reply", "summary", "classify", "extract", "cot"])])
        lang = a.lang if r.random() < 0.4 else None
        a.raw = r.lognormvariate(5, 0.9)
        machine(
            w,
            a,
            lambda s=src, f=wrap, g=lang: f(
                w.text.foreign(g) if g and g != "en" else w.text.body(s)
            ),
            "day",
            w.text.system_prompt(),
            r.choice([256, 512, 1024]),
            r.choice([0, 0.3, 0.7]),
            True,
            r.choice([0, 0, 60]),
        )


def agents(w, n):
    """Strangers who run the same open-source agent: one system prompt, client and fingerprint each release."""
    r = w.r
    kits = w.kits = []
    for name in r.sample(["opendesk", "termite", "aide", "coderoo", "hermit"], r.randint(2, 3)):
        sysp = f"You are {name}, an autonomous agent. Use the tools read_file, run, search. Think, act, observe, repeat until done. {w.text.own_words()} {w.text.own_words()}"
        kits.append((sysp, (f"{name}/0.{r.randint(2, 40)}", w.sdk()[1]), r.randint(3, 20)))
    for _ in range(n):
        a = w.person("agent_oss", api=True)
        sysp, client, tools = r.choice(kits)
        a.clients = [client]
        if r.random() < 0.35:
            a.net = w.fixed(w.cloud_ip())
        src = r.choice(["codealpaca_gpt4", "taskbench_tools", "cosqa_bing_code", "human_en"])
        first, _ = w.text.persona(a.lang, [src, "human_en"])

        def step():
            x = r.random()
            if x < 0.45:
                return f"Observation: {w.text.code_chunk()}"
            return (
                f"Result of {r.choice(['run', 'search', 'read_file'])}: {r.choice(P.WORDS)} {r.randint(1, 9999)} {w.text.record()}"
                if x < 0.8
                else "Continue with the plan, tool returned exit code " + str(r.randint(0, 2))
            )

        a.raw = r.lognormvariate(3.2, 1.2)
        a.gen = lambda k, a=a, f=first, s=sysp, st=step: w.chat(
            a, k, f, st, 9, s, cap=4096, temp=0.0
        )


def eval_harness(w, n):
    """Public harnesses: the same items and form for all, asked in bursts."""
    r = w.r
    suites = [
        ("gsm8k_eval", None),
        ("logicot_reasoning", "Let's think step by step.\nAnswer:"),
        ("huatuo_o1_reasoning", None),
        ("oasst_prompts", None),
        ("bfcl_live_tools", None),
    ]
    r.shuffle(suites)
    for _ in range(n):
        a = w.person("eval_harness", lang="en", api=True)
        if r.random() < 0.6:
            a.net = w.fixed(*[w.cloud_ip() for _ in range(r.randint(1, 4))])
        if r.random() < 0.4:
            a.mail = r.choice(w.schools)
        a.clients = [w.sdk()]
        (src, tail), alt = (
            suites[0] if r.random() < 0.7 else r.choice(suites),
            w.text.template(["cot"]) if r.random() < 0.3 else None,
        )
        cap = r.choice([256, 512, 1024, 2048])
        a.model = w.model_use(1.3)

        def item(src=src, tail=tail, alt=alt):
            p = r.choice(w.text.pool[src])
            return alt(p) if alt else (p + "\n" + tail if tail else p)

        a.raw = r.lognormvariate(4.6, 0.8)
        machine(w, a, item, "burst", None, cap, 0.0)


def gateway(w, n):
    r = w.r
    for _ in range(n):
        a = w.person("gateway", api=True)
        a.net, a.plan, a.level = (
            w.fixed(*[w.cloud_ip() for _ in range(r.randint(2, 6))]),
            "scale",
            "id",
        )
        people = [
            (w.token(10), w.text.persona(r.choice(w.place()[2]) if r.random() < 0.6 else "en"))
            for _ in range(r.randint(40, 300))
        ]

        def gen(k, a=a, people=people):
            weights = [r.paretovariate(1.2) for _ in people]
            for t in w.machine_times(a, k, "day"):
                u, (first, follow) = r.choices(people, weights)[0]
                w.emit(
                    a,
                    t,
                    first() if r.random() < 0.5 else follow(),
                    w.token(12),
                    user=u,
                    history=r.choice([0, 0, 400]),
                )

        a.raw, a.gen = r.lognormvariate(6, 0.6), gen


def code_audit(w, n):
    """Multi-agent audits over night: several roles, much code in, much text out."""
    r = w.r
    roles = [
        f"You are the {x} of a code audit crew. {w.text.own_words()}"
        for x in ("planner", "auditor", "skeptic", "fixer", "reporter")
    ]
    for _ in range(n):
        a = w.person("code_audit", lang="en", api=True)
        if r.random() < 0.5:
            a.net = w.fixed(w.cloud_ip())
        own = w.text.template(["review", "cot"], 3)
        house = roles if r.random() < 0.6 else [w.text.system_prompt() for _ in range(4)]
        a.raw = r.lognormvariate(4.6, 0.8)
        machine(
            w,
            a,
            lambda o=own, h=house: (
                o("\n".join(w.text.code_chunk() for _ in range(r.randint(1, 3)))),
                r.choice(h),
            ),
            r.choice(["cron", "burst"]),
            None,
            8192,
            0.2,
        )


def review_bot(w, n):
    """One pull-request bot, used by strangers from the same build service."""
    r = w.r
    wrap, client = (
        w.text.template(["review"], 2, tail_share=0.2),
        ("pr-reviewer-action/2." + str(r.randint(0, 9)), w.sdk()[1]),
    )
    sysp = "You review pull requests. Report only actionable problems. " + w.text.own_words()
    for _ in range(n):
        a = w.person("review_bot", api=True)
        a.net, a.clients = (lambda t: w.cloud_ip("microsoft-azure")), [client]
        own = f" Project: {r.choice(P.WORDS)}-{r.choice(P.WORDS)}."
        a.raw = r.lognormvariate(3.4, 1)
        machine(w, a, lambda o=own: wrap(w.text.code_chunk()) + o, "day", sysp, 2048, 0.1)


def overnight(w, n):
    r = w.r
    for _ in range(n):
        a = w.person("overnight", api=True)
        if r.random() < 0.5:
            a.net = w.fixed(w.cloud_ip())
        wrap = w.text.template(
            [r.choice(["summary", "extract", "classify", "cot", "code"])], r.randint(1, 2)
        )
        src = r.choice(["human_en", "banking77_tickets", "taskbench_tools", "alpaca_instruct"])
        a.raw = r.lognormvariate(3.8, 1)
        machine(
            w, a, lambda f=wrap, s=src: f(w.text.body(s)), "cron", None, r.choice([None, 1024]), 0.3
        )


def bulk(w, n):
    r = w.r
    for _ in range(n):
        a = w.person("bulk_users", api=r.random() < 0.8)
        wrap = w.text.template(
            [r.choice(["classify", "extract", "seo", "summary", "instruct", "rubric"])]
        )
        a.raw = r.lognormvariate(5, 0.9)
        machine(
            w,
            a,
            lambda f=wrap: f(w.text.record()),
            r.choice(["burst", "steady", "day"]),
            None,
            r.choice([64, 256, 1024]),
            0.0,
        )


def testdata(w, n):
    r = w.r
    for _ in range(n):
        a = w.person("testdata_makers", api=r.random() < 0.7)
        wrap = w.text.template(["testdata", "instruct"], r.randint(1, 3))
        a.raw = r.lognormvariate(3.9, 0.9)
        machine(
            w,
            a,
            lambda f=wrap: f(
                w.text.record() if r.random() < 0.6 else w.text.body("alpaca_instruct")
            ),
            r.choice(["burst", "cron"]),
            None,
            2048,
            1.0,
        )


def grey_student(w, n):
    r = w.r
    for _ in range(n):
        a = w.person("grey_student", lang="en", api=r.random() < 0.6)
        a.kind, a.mail = "grey", r.choice(w.schools)
        wrap = w.text.template(["cot", "instruct", "code"], r.randint(1, 3))
        src = r.choice(["alpaca_instruct", "codealpaca_gpt4", "gsm8k_eval"])
        a.raw = r.lognormvariate(4.4, 0.6)
        machine(
            w,
            a,
            lambda f=wrap, s=src: f(w.text.body(s)),
            r.choice(["burst", "day"]),
            None,
            2048,
            0.7,
        )


def red_team(w, n):
    """Safety researchers: many wordings of the same question."""
    r = w.r
    while n > 0:
        size = min(n, r.choice([1, 1, 2, 4, 6]))
        org = w.token(8) if size > 1 and r.random() < 0.6 else None
        probes = [w.text.body("human_en") for _ in range(6)]
        wrap = w.text.template(["rewrite", "rubric", "cot"], 8, rephrase=0.5)
        for _ in range(size):
            a = w.person("red_team", lang="en", api=True)
            a.org, a.purpose = org, r.choice([None, "safety research", "security testing"])
            a.raw = r.lognormvariate(3.7, 0.8)
            machine(
                w,
                a,
                lambda f=wrap, p=probes: f(r.choice(p) + " " + w.text.fill(r.choice(P.TAIL))),
                r.choice(["burst", "day"]),
                None,
                1024,
                1.0,
            )
        n -= size


def vpn_privacy(w, n):
    """Careful people: VPN, disposable mail, virtual cards."""
    r = w.r
    for _ in range(n):
        a = w.person("vpn_privacy")
        a.net, a.mail = (
            w.vpn_net(r.randint(1, 6)),
            r.choice(w.throwaway) if r.random() < 0.6 else "proton.me",
        )
        a.phone = None if r.random() < 0.6 else a.phone
        first, follow = w.text.persona(a.lang)
        a.raw = r.lognormvariate(2, 1.1)
        a.gen = lambda k, a=a, f=first, g=follow: w.chat(a, k, f, g, 3)


def shared_login(w, n):
    """Friends in one account: several homes, clients and languages."""
    r = w.r
    for _ in range(n):
        a = w.person("shared_login", api=False)
        a.plan, a.card = "plus", a.card or w.token(20)
        nets = [w.home(a.place) for _ in range(r.randint(2, 6))]
        a.net, a.clients = (lambda t, ns=nets: r.choice(ns)(t)), [w.browser() for _ in nets]
        ps = [w.text.persona(r.choice([a.lang, "en"])) for _ in nets]
        a.raw = r.lognormvariate(3.2, 0.8)
        a.gen = lambda k, a=a, ps=ps: w.chat(
            a, k, lambda: r.choice(ps)[0](), lambda: r.choice(ps)[1](), 3
        )
