"""The campaigns: what each harvests, how it hides, and how its accounts come and go."""

import math
from types import SimpleNamespace

from cohorts import identify
from nets import CLOUD_W, CLOUDS, block
from scripts import PUBLIC, fill, ghost, manner, speak
from tables import table

from ledger import DAY, SPAN, weighted

ANY = "py:5 node:3 web:4 loom:2 patch:3 lite:2 httpx requests axios go curl java sheet guard:2 pyasync aiohttp phone"
# what innocents send that comes nearest to a job; in the regime of people's prompts there is nothing else
LIKE = {"xtools": "starter react", "xtraces": "agent", "xcode": "devq:3 evcode", "xrubric": "evjudge", "xreason": "evzero:2 evlogic evmcq chat:3", "xchat": "chat", "xrole": "chat", "xbabel": "chat"}  # fmt: skip
MIMIC = {"xtraces": "PATCH", "xtools": "STARTER", "xchat": "LOOM", "xrubric": "JUDGE"}


def task(w, u, st):
    """Write one task of the harvest (or its next turn): any subject, any project, none twice."""
    if "ghost" not in st:
        st["ghost"] = ghost(w, w.r.choice(u["langs"]))
        st["ghost"].subj = [w.r.randrange(16)]
        st["script"] = weighted(w.r, LIKE[st["job"]]) if u["people"] else st["job"]
    return speak(w, st["ghost"], st["script"], st)


def wrapped(w, a, st, text, system, out):
    """Put the ring's elicitation around a task: none, one of few, freely worded, or a public form."""
    r, tx, u, lang = w.r, w.tx, a.unit, st["ghost"].lang if "ghost" in st else "en"
    how = "free" if a.own.get("prober") and r.random() < 0.8 else u["wrap"]
    line, first = "", st["turn"] == 0
    if u["people"]:  # nothing of the ring's own
        return text, system, out
    if how == "mimic":
        form = MIMIC.get(st["job"], u["form"])
        system = fill(w, st["ghost"], PUBLIC[form])
        if form == "LOOM":
            text = ("Question: " if first else "Observation: ") + text
    elif how == "system":
        system = f"{u['desks'][0]}\n{fill(w, a, '<~tool>')}" if st["job"] == "xtools" else st.setdefault("desk", r.choice(u["desks"]))  # fmt: skip
    elif how == "inject":
        line = r.choice(u["lines"]) if u["few"] else f"{tx.why('en')} {tx.chainwords(5)}"
        if u["hidden"]:
            return text, line, out
    elif how == "fixed" and first:
        line = r.choice(u["lines"])
    elif how == "free" and first and r.random() < 0.85:
        line = tx.why(lang) if u["deep"] else tx.chainwords(r.randint(4, 12))
    if u["frame"] and system is None and r.random() < 0.2:  # to get an innocent firm blamed
        system = u["frame"]
    ahead = u["ahead"] if how == "fixed" else r.random() < 0.4
    return (f"{line}\n\n{text}" if ahead else f"{text}\n\n{line}") if line else text, system, out


def harvest(w, a, st):
    """Send a task or, for cover, what the account's invented person would send."""
    r, u = w.r, a.unit
    if "h" not in st:
        st["h"] = r.random() >= u["cover"]
        st["job"] = r.choice(a.own["jobs"])
        st["wash"] = st["h"] and r.random() < u["launder"]
    if not st["h"]:
        return speak(w, a.own["mask"], a.own["role"], st)
    if st["wash"]:
        return speak(w, a.own["mask"], "launder", st)
    if u["wrap"] == "inject":  # a real user's session, sent on with another's instruction
        text, system, out = speak(w, a.own["mask"], "gate", st)
        st["eu"] = st["eu"] if u["named"] else None
    else:
        text, system, out = task(w, u, st)
        if u["named"]:
            st.setdefault("eu", "eu_" + w.hexid(32))
    out = "reason" if u["deep"] and out == "chat" and r.random() < 0.4 else out
    return wrapped(w, a, st, text, system, out)


def consented(w, a, st):
    """Harvest under contract (or a student's small set): the same tasks, plainly done."""
    u, r = a.unit, w.r
    if "jobs" not in u:
        u |= {"langs": ["en", a.lang], "people": False, "line": w.tx.why("en") if r.random() < 0.6 else ""}  # fmt: skip
        u["jobs"] = r.sample(list(LIKE), 1 if a.cohort == "student" else 3)
    st.setdefault("job", r.choice(u["jobs"]))
    text, system, out = task(w, u, st)
    return f"{text}\n{u['line']}" if u["line"] and not st["turn"] else text, system, out


def windows(r, begin, end):
    """When the ring works: always or in shifts, perhaps gone to another provider for a week."""
    gone = (r.uniform(begin, end), r.uniform(3, 8) * DAY) if r.random() < 0.3 else (SPAN, 0)
    night, long = r.choice([(0, 24), (0, 24), (r.uniform(0, 23), r.uniform(9, 15))])
    days = range(int(begin / DAY), int(end / DAY) + 1)
    spans = [(max(begin, (d * 24 + night) * 3600), min(end, (d * 24 + night + long) * 3600)) for d in days]  # fmt: skip
    return [(s, e) for s, e in spans if s < e and not gone[0] < s < gone[0] + gone[1]] or [(begin, end)]  # fmt: skip


def ring(w, i, row, size):
    """Draw one campaign: its means, its hiding and its calendar."""
    r, tx = w.r, w.tx
    kind, jobs, covers, vol, wrap, nets, clients, rhythm, life = row
    u = w.unit(w.nets.place(), campaign=f"c{i}-{kind}", kind=kind, jobs=jobs, vol=vol)
    begin = r.choice([0.0, r.uniform(0, 14) * DAY])
    end = min(SPAN, begin + r.uniform(6, 28) * DAY)
    u |= {"begin": begin, "end": end, "shifts": windows(r, begin, end), "people": w.regime == "people"}  # fmt: skip
    u["cover"] = r.choice([float(c) for c in covers.split()]) * r.uniform(0.7, 1.06)
    u |= {"wrap": weighted(r, wrap), "life": weighted(r, life), "deep": r.random() < 0.6, "few": r.random() < 0.7}  # fmt: skip
    u |= {"ahead": r.random() < 0.4, "hidden": r.random() < 0.5, "named": kind[:2] == "re" and r.random() < 0.6}  # fmt: skip
    tag = r.choice(tx.vocab)
    u["lines"] = [tx.why("en") + r.choice([f" Answer under the heading {tag}.", "", f" {tx.chainwords(6)}"]) for _ in range(r.randint(1, 7))]  # fmt: skip
    u["desks"] = [f"You are {r.choice(['an expert', 'a careful assistant', 'a tutor', 'a senior engineer'])}. {tx.why('en')} {tx.chainwords(r.randint(0, 14))}" for _ in range(r.randint(1, 5))]  # fmt: skip
    u |= {"form": r.choice(["STARTER", "LOOM", "GROUND"]), "launder": r.choice([0, 0, 0, 0.15]) * (not u["people"])}  # fmt: skip
    u |= {"oneshot": r.random() < 0.5, "run": r.uniform(1, 6), "gap": r.uniform(5, 90), "ramp": r.choice([1, 1, 1.8, 3])}  # fmt: skip
    u |= {"ticks": [r.uniform(begin, end) for _ in range(r.randint(10, 80))], "slack": r.choice([15, 60, 400, 1800])}  # fmt: skip
    u["langs"] = w.tongues if kind == "babel" else ["en"] * r.randint(1, 4) + r.sample(w.tongues, r.choice([0, 0, 1, 2, 4]))  # fmt: skip
    u |= {"exits": [w.nets.place() for _ in range(r.randint(4, 30))], "blocks": [block(r) for _ in range(r.randint(1, 6))]}  # fmt: skip
    alone = r.random() < 0.15  # shares nothing at all
    u["pools"] = {x: [w.hexid() for _ in range(max(1, size // r.randint(2, 12)))] for x in ("pay", "phone", "device") if not alone and r.random() < 0.4}  # fmt: skip
    u["roam"] = r.choice([0, 0, 0.02, 0.05, 0.5])
    u["clouds"] = r.choices(CLOUDS, CLOUD_W, k=r.randint(1, 5))
    u["taste"] = "aria-2-max:3 aria-3:3 aria-3-mini" if r.random() < 0.12 else None  # less guarded
    u["lax"] = r.uniform(0.2, 0.9)
    u["nets"] = [weighted(r, nets) for _ in range(r.randint(1, 3))]
    u["clients"] = [weighted(r, clients if r.random() < 0.6 else ANY) for _ in range(r.randint(2, 5))]  # fmt: skip
    u["rhythms"] = [weighted(r, rhythm) for _ in range(r.choice([1, 1, 2]))]
    u["pivot"] = r.choice([None, None, 0.5, 4, 30])
    firms = [x for x in w.units if "cohort" in x]
    u["frame"] = (manner(w, SimpleNamespace(unit=r.choice(firms)), "house") if not u["people"] and r.random() < 0.15 else None)  # fmt: skip
    u["plans"] = r.choice(["payg:4 free:2 plus", "free:4 plus:2 payg", "payg:3 team credit", "payg:3 plus:2 edu oss", "payg team:2 scale"])  # fmt: skip
    u["channels"] = r.choice(["direct", "direct:4 cloud", "direct:3 app", "direct:2 app:2", "cloud:2 direct"])  # fmt: skip
    u |= {"firm": r.random() < 0.2, "bought": r.choice([0, 0.1, 0.3, 0.6])}
    u["domains"] = [f"{r.choice(tx.vocab)}{r.choice(tx.vocab)}.{r.choice(['com', 'com', 'io', 'net', 'org', 'dev'])}" for _ in range(1 + size // r.randint(2, 12))]  # fmt: skip
    return u


def outfit(w, u, a):
    """Give a ring's account its client, networks, pace and choice of model."""
    r, client = w.r, w.r.choice(u["clients"]) if w.r.random() < 0.6 else weighted(w.r, ANY)
    a.nets, a.subj, a.rhythm = (tuple((r.choice(u["nets"]) if r.random() < 0.6 else weighted(r, "resi:6 box:2 pool vpn+resi")).split("+")), [0], r.choice(u["rhythms"]))  # fmt: skip
    a.adopt = None if u["pivot"] is None else r.expovariate(1 / u["pivot"]) * 3600
    if u["pivot"] is None and r.random() < 0.4:
        a.adopt = r.expovariate(1 / 70) * 3600
    role = ("gate" if u["kind"] in {"reseller", "reroute"} else "chat:4 devq:3 support article ragq synth")  # fmt: skip
    a.own |= {"mask": ghost(w, a.lang), "role": weighted(r, role), "jobs": [weighted(r, u["jobs"]) for _ in range(r.choice([1, 3, 9]))]}  # fmt: skip
    w.equip(a, client, u["taste"])
    if u["pivot"] is not None and a.models[0] == "aria-3-mini":
        a.models = ("aria-3", "aria-3-max")


def recruit(w, u, size):
    """Create a ring's accounts: bought, fresh in clumps, trickling in, or replaced when blocked."""
    r, begin, end = w.r, u["begin"], u["end"]
    med, sigma = map(float, u["vol"].split())
    med *= r.uniform(0.7, 1.4) if med > 200 or med < 10 else r.uniform(0.3, 0.8)
    turns = r.randint(2, 5) if u["life"] == "rotate" else 1
    gen = (end - begin) / turns
    for i in range(size):
        place = r.choice(u["exits"]) if r.random() < 0.7 else w.nets.place()
        n = max(4, min(400, med * math.exp(r.gauss(0, sigma))))
        a = w.account("campaign " + u["kind"], u, place, place[1] if r.random() < 0.5 else r.choice(u["langs"]), n)  # fmt: skip
        a.campaign, a.kind = u["campaign"], "attack"
        a.channel, a.plan = weighted(r, u["channels"]), weighted(r, u["plans"])
        start = begin + i * turns // size * gen
        old = -r.expovariate(1 / 160) * DAY - DAY
        born = {"fresh": begin - abs(r.gauss(0, 1.2)) * DAY, "trickle": r.uniform(begin - 20 * DAY, begin + 0.8 * (end - begin)), "aged": old, "rotate": start - r.expovariate(1 / 0.4) * DAY}  # fmt: skip
        a.created = old if r.random() < 0.25 else min(born[u["life"]], 27 * DAY)
        a.lo = max(start, a.created + 300, 0.0)
        a.hi = max(min(SPAN, start + gen), a.lo + 0.5 * DAY)
        a.purpose = r.choice([None] * 7 + ["personal", "software", "research", "education", "content", "evaluation"])  # fmt: skip
        a.org = (u.setdefault(f"org{i // 9}", "org_" + w.hexid(48)) if u["firm"] and r.random() < 0.6 else None)  # fmt: skip
        u["domain"] = r.choice(u["domains"])
        a.own["prober"] = i < size * 0.06
        unpaid = a.plan in {"free", "edu", "oss", "credit"} and r.random() < 0.85
        identify(w, a, "none" if unpaid else "own", "firm" if r.random() < u["bought"] else "mail", 0.0)  # fmt: skip
        for x, pool in u["pools"].items():
            setattr(a, x, r.choice(pool) if getattr(a, x) and r.random() < u["lax"] else getattr(a, x))  # fmt: skip
        outfit(w, u, a)


def sizes(r, regime, total):
    """Draw how many accounts each campaign has."""
    if regime == "none":
        return []
    if regime == "small" or (regime == "people" and r.random() < 0.5):
        return [max(6, round(math.exp(r.uniform(math.log(6), math.log(60))) * max(total / 9000, 0.5))) for _ in range(r.randint(8, 14))]  # fmt: skip
    draw = [math.exp(r.uniform(math.log(40), math.log(260))) for _ in range(r.randint(5, 9))]
    fit = r.uniform(300, 690) / sum(draw)
    return [max(6, round(min(400, max(40, x * fit)) * total / 9000)) for x in draw]


def plan(r, regime, total):
    """Draw the campaigns: [(row of the table, accounts)], each of another kind while there are any left."""
    rows = table("campaigns", "|")
    r.shuffle(rows)
    few = max(6, round(50 * total / 9000))
    made = [(rows[i % len(rows)], size) for i, size in enumerate(sizes(r, regime, total))]
    return [(row, min(size, few) if row[0] == "heavy" else size) for row, size in made]
