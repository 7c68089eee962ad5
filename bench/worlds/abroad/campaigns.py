"""Campaigns: each draws its own mixture of disguises and says it in the words of cohorts.py."""

from cohorts import build
from core import DAY


def draw(r, table):
    """Values from a table of laws: one of several, a number in a span, or the value itself."""
    laws = {"one": r.choice, "span": lambda span: r.uniform(*span)}
    pairs = (
        (k, next(iter(v.items())) if isinstance(v, dict) else (0, v)) for k, v in table.items()
    )
    return {key: laws[law](args) if law else args for key, (law, args) in pairs}


def sizes(w):
    """How many accounts each campaign has, by regime."""
    r, unit = w.r, w.size / 9000
    if w.regime == "none":
        return []
    if w.regime == "small" or (w.regime == "people" and r.random() < 0.35):
        return [max(6, round(r.logu(6, 60.4) * unit**0.5)) for _ in range(r.randint(8, 14))]
    k, total, low = r.randint(5, 9), r.uniform(0.045, 0.075) * w.size, 40 * unit
    rest = [r.gammavariate(1.6, 1) for _ in range(k)]
    got = [min(400 * unit, low + (total - k * low) * x / sum(rest)) for x in rest]
    if w.regime == "people" and r.random() < 0.5:
        got[: k // 2] = [r.logu(8, 60) * unit**0.5 for _ in range(k // 2)]
    return [max(6, round(x)) for x in got]


def launch(w, got):
    """Draw the campaigns and build them; names and ids say nothing outside the truth."""
    r, main = w.r, w.plans["kinds"][:4]
    kinds = r.sample(w.plans["kinds"], len(got))
    if got and not set(main) & set(kinds):
        kinds[0] = r.choice(main)
    usual = [a for a in w.accounts if a.cohort not in {"gateway", "licensed", "administration"}]
    usual += r.choices(usual, [sum(s.n for s in a.streams) for a in usual], k=len(usual))
    for i, (kind, n) in enumerate(zip(kinds, got)):
        first = len(w.accounts)
        build(w, kind, Plan(w, kind, n, i).spec, n, f"{kind}-{r.hexes(4)}")
        _blend(w, w.accounts[first:], usual)
        if kind == "decoy" or r.random() < 0.1:
            _copy_public(w, w.accounts[first:])


def _blend(w, accounts, others):
    """Some members look to the network like customers who have nothing to do with them."""
    r, share = w.r, w.r.uniform(0.5, 0.75)
    for a in accounts:
        like = r.choice(others)
        if r.random() < share:
            a.clients = like.clients
        if r.random() < share:
            a.net = w.atlas.ways("home mobile" if r.random() < 0.8 else "rack", like.c, {})


def _copy_public(w, accounts):
    """Wear a public tool's system prompt, client or template, so that its users get the blame."""
    g, letter = w.r.choice(w.groups["open_agent"]), w.r.choice(w.groups["newsletter"])
    passed = letter.memo.get(("forms", 0), [])
    kit = next(v for k, v in g.memo.items() if k[0] == "system")
    for a in accounts:
        a.clients = g.clients if w.r.random() < 0.4 else a.clients
        for s in a.streams:
            s.system = kit if w.r.random() < 0.5 else s.system
            if not s.harvest and passed and w.regime != "people":
                s.say.forms, s.say.share = passed, 0.4


class Plan:
    """One campaign's plan; `spec` is what cohorts.build reads."""

    def __init__(self, w, kind, n, index):
        self.w, self.kind, self.n, self.index, r = w, kind, n, index, w.r
        self.own, self.since = w.plans[kind], w.t0 + r.uniform(-2, 11) * DAY
        self.until = min(w.t1, self.since + r.uniform(9, 30) * DAY)
        if kind == "pivot":
            self.since = w.release - r.uniform(3, 7) * DAY
            self.until = min(w.t1, w.release + r.uniform(4, 8) * DAY)
        self.side = "api" if r.random() < 0.4 else "web"
        spec = {"since": self.since, "until": self.until} | draw(r, w.plans["base"])
        if r.random() < 0.2:
            spec |= dict.fromkeys(("cards", "phones", "devices"), [0, 0])
        spec["net"] = "|".join(r.sample(w.plans[f"{self.side}_net"], 3))
        spec["clients"] = " ".join(r.sample(w.plans[self.side], r.randint(3, 5)))
        spec["pool"] = [w.atlas.country() for _ in range(r.choice((6, 20, 60)))]
        self.spec = spec | draw(r, self.own.get("spec", {}))
        self.spec["flow"] = self._flows(r)
        if kind in {"polyglot", "prober", "pivot"}:
            getattr(self, f"_{kind}")(r, self.spec["flow"])

    def _wording(self, r):
        """Forms of the harvest: a few house wordings, ever new ones, or none at all."""
        if self.w.regime == "people":
            return {"forms": [r.choice(self.w.plans["people"])], "outs": "short mid mid long"}
        mode, bodies = (
            r.choice(("fixed", "fixed", "free", "free", "bare", "half")),
            self.own["data"],
        )
        style = r.sample(self.w.plans["styles"], r.randint(1, 3))
        names = []
        for k, body in enumerate(r.sample(bodies, r.randint(1, len(bodies)))):
            ask = f"{{{r.choice(style)}}}" if self.kind != "polyglot" else "{l.r}"
            shapes = (f"{{{body}}}\n{ask}", f"{ask}\n\n{{{body}}}", f"{{{body}}} {ask}")
            bare = mode == "bare" or (mode == "half" and r.random() < 0.5)
            names.append(f"c{self.index}.{k}")
            self.w.lib.rules[names[-1]] = [f"{{{body}}}" if bare else r.choice(shapes)]
        freeze = r.choice((1, 2, 4, 9)) if mode in {"fixed", "half"} else 0
        return {"forms": [names], "freeze": freeze, "mine": r.choice((1, 3, 20))}

    def _amounts(self, r):
        """Harvest requests of an account, and the share of ordinary traffic around them."""
        heavy = self.kind == "few_heavy"
        most = max(4.5, min(400, self.w.target / 100 / self.n * (2.6 if heavy else 1)))
        h = r.uniform(150, 360) if heavy else r.logu(4, 60)
        h = max(r.uniform(4, 9) if self.kind == "low_wide" else h, 250 / self.n)
        c = r.choice((0, 0.1, 0.3) + (0.5, 0.7, 0.85, 0.9) * (self.kind != "low_wide"))
        c = r.uniform(0.75, 0.9) if self.kind in {"reseller_mix", "aged_mimic"} else c
        h = min(h, max(4.0, most * (1 - c), most * 0.25))
        return h, min(c, max(0.0, 1 - h / most))

    def _flows(self, r):
        """Harvest, in one stretch or with pauses spent at another provider, and cover."""
        w, (h, c), windows = self.w, self._amounts(r), r.choice((1, 1, 1, 2, 3))
        base = {"fixed": True} | (draw(r, w.plans["flow"]) if self.side == "api" else {})
        harvest = (
            base | {"harvest": True, "open": True} | draw(r, w.plans["harvest"]) | self._wording(r)
        )
        if w.regime != "people" and r.random() < 0.25:
            harvest |= {"system": "sys", "inject": w.lib.frozen("e.any") + "\n"}
        both = draw(r, self.own.get("both", {}))
        harvest |= both | draw(r, self.own.get("harvest", {}))
        flows, step = [], (self.until - self.since) / windows
        for k in range(windows):
            lo = self.since + k * step
            hi = lo + step * (r.uniform(0.3, 0.6) if windows > 1 else 1)
            flows.append(
                harvest | {"vol": h / windows, "lo": lo, "hi": hi, "p": 1 - 0.15 * (k > 0)}
            )
        if c > 0.02:
            cover = base | {"vol": h * c / (1 - c), "sigma": 0.6, "forms": [[], [], ["f.coder"]]}
            flows.append(cover | both | draw(r, self.own.get("cover", {})))
        return flows

    def _polyglot(self, r, flows):
        tongues = sorted(k[:-2] for k in self.w.lib.rules if k.endswith(".a"))
        some = r.sample(tongues, r.randint(4, 11))
        for f in flows:
            if f.get("harvest") and r.random() < 0.8:
                f["langs"] = some

    def _prober(self, r, flows):
        """First small trials of what gets through, in one wording after another."""
        trial = {
            "harvest": True,
            "fixed": True,
            "vol": r.uniform(2, 6),
            "outs": "tiny short",
            "p": 0.7,
        }
        trial |= {"lo": self.since, "hi": self.since + 2 * DAY, "when": [["runs", 20.0, [2, 8]]]}
        forms = [["f.student"]] if self.w.regime != "people" else []
        flows.append(trial | {"forms": forms, "open": True})

    def _pivot(self, r, flows):
        """Half of the harvest comes within a day or two of the release, from the new model."""
        f, t = flows[0], self.w.release
        f["vol"] /= 2
        rush = f | {"lo": t + 600, "hi": t + r.uniform(0.7, 2) * DAY, "new": True, "ramp": 0}
        flows.insert(1, rush | {"when": [["machine", 0.3]]})
