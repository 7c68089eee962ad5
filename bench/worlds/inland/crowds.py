"""Innocent people and firms: a table of cohorts, and the one builder that reads it."""

import math
from types import SimpleNamespace

import words as wd
from base import DAY, LANDS, SPAN, Clock, Place
from talk import Deal, Harvest, Person, Shared, Task, Wording, clause, fill

# share of accounts; mid and high: group size; born: birth, or days of a joint clump; days: length
# of the active window; peaks: own, work, school, evening, flat; forms: what a crowd's questions
# begin with, in odds of sessions; card, phone, device, org, mail: odds of the group's value
TABLE = """
casual share=16
night_owls share=1.5 mu=2.8 peaks=night
classroom share=5 mid=24 high=34 one=1 born=.02 days=.05-.1 peaks=flat forms=assign odds=.4-1 device=.3 mail=.5 plan=free purpose=classroom spot=campus stay=.8 same=.6 mu=1.9 topic=1
course share=2 mid=25 high=40 one=1 born=.04 days=4-18 peaks=school forms=assign odds=.3-.9 mail=.4 plan=free purpose=classroom spot=campus stay=.6 topic=1 mu=2.3
exam_season share=4 mid=60 high=140 one=1 days=3-12 peaks=evening forms=assign odds=.05-.3 depth=.6 topic=1 mu=2.6 purpose=study clump=.3
study_group share=3 mid=7 high=14 one=1 peaks=evening forms=assign odds=.1-.4 card=.3 spot=campus stay=.4 topic=1 mu=3
hackathon share=3 mid=45 high=120 one=1 born=.3 days=1-2.2 peaks=flat forms=hack odds=.2-.6 card=.25 spot=campus stay=.7 client=mixed system=1 mu=3 purpose=event plan=api
launch_day share=3.5 mid=90 high=220 born=.35 days=.5-4 peaks=flat forms=viral odds=.3-.8 plan=free mu=1.5
release_day share=2.5 move=chase mu=3 depth=.6
newsletter share=4 mid=120 high=260 days=1-6 forms=bulletin odds=.05-.5
viral_prompt share=3 mid=130 high=300 days=3-12 forms=viral odds=.2-.9 clump=.2
viral_reasons share=2 mid=100 high=200 days=3-12 forms=reasons odds=.2-.9 boost=.55 clump=.2
app_community share=3 mid=60 high=120 forms=long odds=.3-1 same=.4
household share=5 mid=3 high=6 one=1 card=.6 device=.35 spot=home stay=.9
extended_family share=2.5 mid=9 high=22 tongue=1 born=4 card=.6 phone=.3
shared_login share=1.6 lives=2-5 mu=2.6
language_circle share=3 mid=40 high=90 tongue=1 born=5 mail=.5 phone=.1 forms=tongue odds=.1-.4
cafe share=3 mid=28 high=80 one=1 device=.1 spot=home stay=.7
dormitory share=3 mid=60 high=150 one=1 spot=campus stay=.8 device=.02
vpn_users share=3 spot=relay stay=1 lease=.3 roam=relay
phone_shop share=2 mid=30 high=70 one=1 phone=.8 card=.15 pool=4
enterprise share=5 mid=60 high=260 one=1 born=9 peaks=work card=1 org=1 mail=1 plan=enterprise purpose=work spot=firm stay=1 same=.7
localisation share=2 mid=8 high=20 one=1 card=.95 mail=.6 plan=team purpose=localisation spot=firm stay=.7 task=banking77_tickets forms=local peaks=work mu=4
agency share=2.2 mid=14 high=40 one=1 born=12 card=.95 org=.5 plan=team forms=agency odds=.6-.6 peaks=work spot=firm stay=.6 mu=3.2
developer share=4.5 task=cosqa_bing_code plan=api client=sdk spot=hosting stay=.7 mu=3.3
app_product share=1.2 task=bfcl_live_tools plan=api client=sdk system=1 peaks=flat spot=hosting stay=1 mu=5 users=150 session=1.2
agent_users share=4.5 task=codealpaca_gpt4 plan=api client=agent boost=.3 session=9 gap=25 mu=3.4
eval_harness share=2 mid=8 high=30 days=.1-3 task=gsm8k_eval forms=harness plan=api client=evalbarn same=1 peaks=flat boost=.4 session=30 gap=4 spot=hosting stay=1 move=release purpose=evaluation mu=4.2
benchmark_club share=1 mid=10 high=30 days=.3-5 task=logicot_reasoning forms=harness client=evalbarn peaks=flat boost=.4 session=25 gap=6 spot=campus stay=1 move=release mu=3.6
gateway share=.8 lives=4-8 plan=api client=relaykit users=40 spot=hosting stay=1 purpose=gateway mu=3.4
review_bots share=1.6 task=codealpaca_gpt4 forms=review plan=api client=mergewise same=1 spot=hosting stay=1 lease=2 move=chase boost=.7 mu=3.4
code_audit share=1.2 mid=5 high=9 one=1 days=.2-2 task=codealpaca_gpt4 forms=audit plan=api client=otterwork card=1 peaks=flat session=20 gap=12 spot=hosting stay=1 boost=.8 mu=4
overnight share=1.2 task=instructionwild_users plan=api client=sdk peaks=cron spot=hosting stay=1 session=8 gap=3 mu=3.8
testdata share=1.1 task=oasst_prompts forms=data plan=api client=sdk spot=firm stay=1 boost=.9 mu=3.6
red_team share=1.2 mid=9 high=25 forms=red odds=.8-.8 org=1 purpose=safety_research plan=api client=sdk spot=relay stay=.6 lease=1 mu=3.2
grey_student share=.8 gather=alpaca_instruct days=3-10 plan=api client=sdk mu=4.2
licensed share=1 mid=12 high=30 one=1 gather=codealpaca_gpt4 card=1 org=1 plan=enterprise purpose=licensed_distillation spot=firm stay=1 client=sdk mu=4.2
"""
PEAKS = {"work": (10, 14.5), "school": (9.5, 11.5), "evening": (16.5, 20.5), "night": (2, 18)}
POOLED = {"card": "payment_fingerprint", "phone": "phone_hash", "device": "device_fingerprint"}
LIBRARY = {
    "assign": wd.ASSIGN,
    "viral": wd.VIRAL,
    "bulletin": wd.BULLETIN,
    "red": wd.RED,
    "data": wd.DATA,
}


def _parse(line):
    """Read a row of the table: numbers, ranges and words."""
    name, *rest = line.split()
    known = {"mu": 2.0, "sigma": 0.95, "high": 1, "mid": 1}
    for key, value in (x.split("=") for x in rest):
        low, _, high = value.partition("-")
        number = low.replace(".", "").isdigit()
        known[key] = value if not number else (float(low), float(high)) if high else float(low)
    return name, known


COHORTS = dict(_parse(line) for line in TABLE.strip().splitlines())


def groups(py, want, mid, high):
    """Split a number of accounts into groups of uneven size."""
    while want > 0:
        size = min(want, int(high), max(1, int(py.lognormvariate(math.log(mid), 0.6))))
        yield size
        want -= size


def speak(w, account, talk, clock, **more):
    """Add a stream, with an ordinary person's habits unless told otherwise."""
    py = w.py
    base = {
        "volume": py.lognormvariate(2.0, 1.15),
        "client": w.browser(),
        "model": py.choices(w.old, (4, 6, 2, 1))[0],
        "moves": w.release + py.expovariate(1 / 5) * DAY if py.random() < 0.6 else math.inf,
        "share": py.uniform(0.4, 1),
    }
    base |= {"fixed": False, "users": 0} | more
    w.streams.append(SimpleNamespace(account=account, clock=clock, talk=talk, **base))


class Crowd:
    """One group of a cohort: what its members share, each with a life of its own."""

    def __init__(self, w, name, spec, size):
        py, get = w.py, spec.get
        self.w, self.name, self.get, self.size = w, name, get, size
        self.lang = py.choice(list(wd.LANGS)) if get("tongue") else None
        self.land = w.land(self.lang) if get("one") else None
        if self.land:
            self.lang = py.choice(LANDS[self.land][1])
        lang = self.lang or "en"
        self.known = py.sample(wd.LANGS[lang]["subjects"], 3) if get("topic") else None
        pool = int(size / get("pool", 1e9)) + 1
        makers = {"card": w.card, "phone": w.phone, "device": w.device}
        self.pools = {k: [make() for _ in range(pool)] for k, make in makers.items()}
        self.org, self.mail = f"org.{w.token(8)}", f"{w.token(6)}.{py.choice(('com', 'edu'))}"
        self.start, self.days = py.uniform(0.3, 21) * DAY, py.uniform(*get("days", (28, 28))) * DAY
        if "days" not in spec:
            self.start = py.uniform(-200, 24) * DAY if "born" in spec else 0.0
        name = get("spot")
        lease = get("lease", 30)
        own = f"home-{self.land or w.land()}" if name == "home" else name
        self.spot = w.net.spot(own, lease) if name and get("mid") > 1 else None
        self.system = fill(py, py.choice(wd.SYSTEMS), name=f"{py.choice(wd.CITIES)} {w.token(3)}")
        self.same, self.forms = self.client(), self.phrases(get("forms"), lang)

    def phrases(self, name, lang):
        """Return the beginnings that the group shares."""
        py, say = self.w.py, wd.LANGS[lang]
        if name == "assign":
            forms, subject = py.sample(wd.ASSIGN if lang == "en" else say["asks"], 2), self.known[0]
            body = fill(py, say["asks"][1], s=subject)
            return [fill(py, f, b=body, s=subject) for f in forms]
        if name in {"reasons", "harness"}:
            return [f"{{b}} {clause(py, say)}"]
        if name == "long":
            roles = [t for t in self.w.texts.by["awesome_prompts"] if 200 < len(t) < 900]
            return [py.choice(roles) + "\n{b}"]
        if name == "tongue":
            return ["{b} " + fill(py, py.choice(say["details"]))]
        fixed = {
            "hack": ["Make a demo about {b} that runs today.", "Pitch {b} in {n} seconds."],
            "agency": ["Three headlines for {b}, tone: {p}.", "For our customer in {c}: {b}"],
            "review": wd.REVIEW[:2],
            "audit": wd.REVIEW[2:],
            "local": [f.replace("{l}", py.choice(("Polish", "Thai", "Greek"))) for f in wd.LOCAL],
        }
        forms = fixed.get(name) or LIBRARY.get(name, ["{b}"])
        return [py.choice(forms)] if name in {"viral", "bulletin"} else forms

    def client(self):
        """Return a client of the cohort's kind."""
        w, kind = self.w, self.get("client", "browser")
        if kind == "browser" or (kind == "mixed" and w.py.random() < 0.4):
            return w.browser()
        if kind == "agent":
            return w.agent()
        more = {"system": self.system} if self.get("system") else {}
        if kind in {"evalbarn", "mergewise"}:
            more |= {"temperature": 0.0, "threads": False}
        return w.sdk(None if kind in {"sdk", "mixed"} else kind, **more)

    def talk(self, lang):
        """Return what a member says."""
        w, get, py = self.w, self.get, self.w.py
        if get("gather"):
            wording = Wording(w, py.choice(("suffix", "reword")), ("en",), ("grade", "code"))
            deal = Deal(w, (get("gather"),), ("en",), False)
            mine = Harvest(w, deal, wording, 0.1, 0.1, Person(w, "en"))
            return lambda s: [(t, False, b) for t, _, b in mine(s)]
        if get("task"):
            source = w.texts.by[get("task")]
            items = source if get("forms") == "harness" else py.sample(source, min(60, len(source)))
            items = items + (py.choice(w.texts.clusters) if get("client") == "sdk" else [])
            return Task(w, items, self.forms, get("boost", 0), ordered=get("forms") == "harness")
        depth = py.uniform(0.1, get("depth")) if get("depth") else None
        me = Person(w, lang, depth, self.known if py.random() < 0.7 else None)
        if not get("odds"):
            return me
        return Shared(me, self.forms, py.uniform(*get("odds")), get("boost", 0.2))

    def clock(self, land, since):
        """Return a member's clock inside the group's window."""
        py, w, peaks = self.w.py, self.w, self.get("peaks", "own")
        start = max(since, self.start, 0)
        end = min(SPAN, start + self.days * py.uniform(0.7, 1.2))
        if py.random() < 0.15:
            end = py.uniform(start, end)
        tz, more = LANDS[land][0], {k: self.get(k) for k in ("session", "gap") if self.get(k)}
        if peaks == "flat":
            more = {"session": 4, "gap": 90, "flat": True} | more
            return Clock(start, max(end, start + 1800), **more)
        if peaks == "cron":
            return Clock(start, end, tz, (py.choice((0, 1, 2, 3, 5)),), 0.03, 1, **more)
        if peaks in PEAKS:
            weekend = 0.1 if peaks in {"work", "school"} else 1
            more |= {"peaks": tuple(p + py.gauss(0, 0.6) for p in PEAKS[peaks]), "weekend": weekend}
        return w.hours(tz, start, max(end, start + 0.5 * DAY), **more)

    def place(self, land):
        """Return where a member works from."""
        net, py, get = self.w.net, self.w.py, self.get
        if get("roam"):
            return Place([net.spot("relay", 0.4)] * (py.random() < 0.4), net.kinds["relay"], 0.8)
        if not get("spot"):
            return net.home(land)
        spot = self.spot or net.spot(get("spot"), get("lease", 30))
        if py.random() > get("stay"):
            return net.home(land)
        extra = [net.spot(f"home-{land}")] if py.random() > get("stay") else []
        return Place([spot, *extra], net.kinds[f"mobile-{land}"], 0.1 * (get("stay") < 1))

    def identity(self):
        """Return what of a member's identity differs from an ordinary person's."""
        py, get, known = self.w.py, self.get, {}
        if get("plan"):
            known["plan"] = get("plan")
            known["payment_fingerprint"] = None if get("plan") == "free" else self.w.card()
        for key, column in POOLED.items():
            if py.random() < get(key, 0):
                known[column] = py.choice(self.pools[key])
        known |= {"organization_id": self.org} if py.random() < get("org", 0) else {}
        known |= {"email_domain": self.mail} if py.random() < get("mail", 0) else {}
        if get("org") == 1:
            known["verification_level"] = "contract"
        if get("purpose") and py.random() < 0.45:
            known["declared_purpose"] = get("purpose")
        known["licensed"] = self.name == "licensed"
        return known

    def make(self):
        """Make one member."""
        py, w, get = self.w.py, self.w, self.get
        created = w.birth()
        if get("born"):
            created = self.start + py.uniform(-0.3, 1) * get("born") * DAY * py.choice((0.3, 1))
        elif py.random() < get("clump", 0):
            created = self.start + py.uniform(0, 0.5) * self.days - 600
        land = self.land or w.land(self.lang)
        lang = self.lang or py.choice(LANDS[land][1])
        account = w.account(self.name, lang, min(created, SPAN - DAY), **self.identity())
        account.kind = "grey" if self.name == "grey_student" else "benign"
        client = self.same if py.random() < get("same", 0) else self.client()
        place, move = self.place(land), get("move")
        more = {"users": int(get("users", 0) * py.random())}
        if move:
            wait = 0 if move == "release" else py.expovariate(1 / (0.4 * DAY))
            more |= {"moves": w.release + wait, "share": 1.0}
        for life in range(py.randint(*map(int, get("lives", (1, 1))))):
            volume = py.lognormvariate(get("mu"), get("sigma"))
            if life and self.name == "gateway":
                land = w.land()
                lang = py.choice(LANDS[land][1])
            elif life:
                place, client = w.net.home(land), w.browser()
            habit = more | {"client": client, "place": place, "volume": volume}
            speak(w, account, self.talk(lang), self.clock(land, account.created), **habit)


def make(w, name, want):
    """Make a cohort."""
    spec = COHORTS[name]
    for size in groups(w.py, want, spec["mid"], spec["high"]):
        crowd = Crowd(w, name, spec, size)
        for _ in range(size):
            crowd.make()
