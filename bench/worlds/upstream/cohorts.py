"""The innocents: one row a cohort, and what its accounts hold in common."""

import math

from nets import block
from tables import table

from ledger import DAY, MAILS, SPAN, weighted

ALIKE = {"giftcard", "newsletter", "framework", "audit", "evallab", "synthtest", "migrate", "grantlab", "classroom", "hackathon", "tutorial", "driftwatch", "cireview", "enrich", "redteam"}  # fmt: skip
CHECK = {"free": "email:4 phone:4 none", "plus": "email phone:4 card:3", "payg": "email:2 phone:3 card:5", "credit": "email:3 phone:3", "edu": "email:4 phone:2 business", "oss": "email:3 phone business", "team": "phone card:4 business:3", "scale": "card:2 business:5", "enterprise": "business"}  # fmt: skip


def identify(w, a, pay, mail, sharing=0.12):
    """Fill in mail, payment, phone, device and checks the way such an account would hold them."""
    r, u = w.r, a.unit
    a.mail = {"mail": lambda: weighted(r, MAILS), "firm": lambda: u["domain"], "edu": lambda: u.setdefault("edu", f"{r.choice(w.tx.vocab)}.{r.choice(['edu', 'ac.uk', 'edu.cn', 'uni.de', 'ac.jp', 'edu.br'])}")}[mail]()  # fmt: skip
    pools = u.setdefault("cards", [w.hexid() for _ in range(r.randint(3, 12))])
    a.pay = {"own": w.hexid, "unit": lambda: u["pay"], "pool": lambda: r.choice(pools)}.get(pay, lambda: None)()  # fmt: skip
    if pay == "unit" and r.random() < 0.12:
        a.pay = w.hexid()
    a.checked = weighted(r, CHECK[a.plan])
    a.phone = w.hexid() if a.checked in {"phone", "card"} or r.random() < 0.3 else None
    a.device = w.hexid() if r.random() < 0.93 else None
    if r.random() < sharing:
        a.phone, a.device = (u["phone"], a.device) if r.random() < 0.5 else (a.phone, u["device"])


def live(w, a, life, u, k):
    """Set when the account was created and the span in which it may send."""
    r, when = w.r, u["when"]
    old = -r.expovariate(1 / 200) * DAY - DAY if r.random() < 0.77 else r.uniform(0, 27) * DAY
    if life == "staged":
        base = u.setdefault("base", old if r.random() < 0.85 else when)
        old = min(base + (0 if k == 0 else r.expovariate(1 / 25) * DAY), 27 * DAY)
    elif life == "clump" or (life == "mixed" and r.random() < 0.45):
        wide = u.setdefault("wide", r.choice([0.01, 0.02, 0.2, 1.5]))
        keep = u.setdefault("keep", r.uniform(0.0, 0.4))  # members who had an account before
        old = old if r.random() < keep else when + r.gauss(0, wide) * DAY
    elif life == "relay":
        cut = u.setdefault("cut", sorted(r.uniform(3, 26) * DAY for _ in range(6)))
        a.lo, a.hi = (0 if k == 0 else cut[k - 1]), cut[k]
        old = old if k == 0 else a.lo - r.expovariate(1 / 2) * DAY
    a.created = min(old, 27.5 * DAY)
    a.lo = max(a.lo, a.created + 60, 0.0)
    a.hi = max(a.hi, a.lo + 3600)
    if life in {"clump", "mixed"}:
        span = u.setdefault("span", r.choice([0.2, 1.0, 2.5, 8, 20]) * DAY)
        a.lo = min(max(a.lo, when), 27.6 * DAY)
        a.hi = min(SPAN, a.lo + span)


def grow(w, row, count, wild):
    """Create the accounts of one cohort, unit by unit."""
    r, made = w.r, 0
    (name, _, size, vol, nets, clients, rhythm, text, pay, mail, life, plan, channel, adopt, aim) = row  # fmt: skip
    lo, hi = map(int, size.split("-"))
    (med, sigma, most), (share, hours) = map(float, vol.split()), map(float, adopt.split())
    while made < count:
        place = r.choices(w.nets.places, wild)[0]
        u = w.unit(place, cohort=name, blocks=[block(r)])
        k = min(max(1, count - made), r.randint(lo, hi))
        u["same"] = {"nets": weighted(r, nets), "rhythm": weighted(r, rhythm), "text": weighted(r, text), "client": weighted(r, clients), "pay": weighted(r, pay), "mail": weighted(r, mail), "plan": weighted(r, plan), "channel": weighted(r, channel)}  # fmt: skip
        for i in range(k):
            scattered = name in {"newsletter", "tutorial"}
            at = r.choices(w.nets.places, wild)[0] if scattered or r.random() < 0.06 else place
            s = u["same"] if r.random() < 0.8 and not scattered else {n: weighted(r, x) for n, x in zip(u["same"], (nets, rhythm, text, clients, pay, mail, plan, channel))}  # fmt: skip
            n = max(1, min(most, med * math.exp(r.gauss(0, sigma))))
            lang = at[1] if r.random() < 0.85 else "en"
            a = w.account(name, u, at, lang, n)
            a.channel, a.plan, a.rhythm, a.nets = (s["channel"], s["plan"], s["rhythm"], tuple(s["nets"].split("+")))  # fmt: skip
            a.text = s["text"]
            a.kind, a.licensed = "grey" if name == "student" else "benign", name == "licensed"
            a.subj = (r.sample(range(16), r.randint(1, 3)) if scattered or r.random() < 0.5 else u["subj"])  # fmt: skip
            a.adopt = r.expovariate(1 / hours) * 3600 if r.random() < share else None
            a.purpose = aim if aim != "-" and r.random() < 0.4 else r.choice([None] * 6 + ["personal", "software", "research"])  # fmt: skip
            if s["pay"] == "invoice" or (
                k > 1 and s["pay"] == "unit" and mail != "mail" and u["hour"] % 2
            ):
                a.org = u["org"]
            identify(w, a, s["pay"], s["mail"], 0.3 if name in {"family", "grantlab", "mill"} else 0.1)  # fmt: skip
            live(w, a, life, u, min(i, 4))
            w.equip(a, s["client"])
        made += k


def people(w, total):
    """Create all innocent accounts."""
    rows = table("cohorts", "|")
    more = 1.7 if w.regime == "none" else 1.0
    shares = [float(row[1]) * w.r.uniform(0.75, 1.25) * (more if row[0] in ALIKE else 1) for row in rows]  # fmt: skip
    for row, s in zip(rows, shares):
        grow(w, row, round(total * s / sum(shares)), w.nets.wild)
