"""When an account sends: sessions of people, offices, agents and pipelines; cron, batches, queues."""

import math

from tables import table

from ledger import DAY, SPAN

SESSIONS = {n: (float(size), float(gap), float(peak) or None, float(wide), float(weekend), shot == "1") for n, size, gap, peak, wide, weekend, shot in table("sessions", " ")}  # fmt: skip


def moment(r, a, peak, spread, weekend):
    tz = a.place[2]
    for _ in range(9):
        day = r.choice(a.netnow["days"])
        if day % 7 >= 5 and r.random() > weekend:
            continue
        t = day * DAY + (r.gauss(peak, spread) - tz) * 3600
        if a.lo <= t < a.hi:
            return t
    return r.uniform(a.lo, a.hi)


def sessions(w, a, name):
    r = w.r
    size, gap, peak, spread, weekend, flat = SESSIONS[name]
    first, last = int(a.lo / DAY), max(int(a.lo / DAY), int((a.hi - 1) / DAY))
    k = min(last - first + 1, 1 + int(r.expovariate(1) * (2 + a.n / 6)))
    a.netnow["days"] = sorted(r.sample(range(first, last + 1), k))
    out, conv = [], 0
    while len(out) < a.n:
        t, conv = moment(r, a, a.peak if peak is None else peak, spread, weekend), conv + 1
        for j in range(min(a.n - len(out), 1 + int(r.expovariate(1 / size)))):
            conv += flat and j > 0
            out.append((t, conv))
            t += r.lognormvariate(math.log(gap), 0.9)
    return out


def steady(w, a, flat=0.55):
    """Run machine traffic over the account's span: gamma gaps bent by the hour of its users."""
    r = w.r
    shape = 1 / r.choice(w.cv) ** 2
    marks, at = [], 0.0
    for _ in range(a.n):
        at += r.gammavariate(max(shape, 0.05), 1)
        marks.append(at)
    amp, end, out = r.uniform(0, flat), at + r.gammavariate(1, 1) + 1e-9, []
    for i, m in enumerate(marks):
        t = a.lo + (a.hi - a.lo) * m / end
        hour = (t / 3600 + a.place[2]) % 24
        if r.random() < amp * (1 - math.cos((hour - 3) / 12 * math.pi)) * 0.4:
            t += (r.gauss(14, 3) - hour) * 3600  # what would run by night waits for the day
        out.append((min(max(t, a.lo), a.hi - 1), i))
    return out


def cron(w, a):
    """Fire daily, hourly or on weekdays at a round local time; a run is a short loop of requests."""
    r, u = w.r, a.unit
    step = r.choice([DAY, DAY, DAY, DAY / 2, DAY / 4, 3600, 7 * DAY])
    at = (u["hour"] - a.place[2]) * 3600 % DAY + u["minute"] * 60
    fires = [at + k * step for k in range(int(SPAN / step) + 1) if a.lo <= at + k * step < a.hi - 60]  # fmt: skip
    fires = fires or [r.uniform(a.lo, a.hi)]
    out = []
    for k in range(a.n):
        t = fires[k % len(fires)] + r.uniform(0.2, 2.5) + (k // len(fires)) * r.uniform(1.5, 9)
        out.append((t, k))
    return out


def batch(w, a):
    """Send everything in one to four bursts, as fast as a few workers go."""
    r = w.r
    a.netnow["days"] = range(int(a.lo / DAY), int((a.hi - 1) / DAY) + 1)
    starts = [moment(r, a, 15, 4, 0.4) for _ in range(r.randint(1, 4))]
    pace, out = r.uniform(0.6, 25), []
    clock = list(starts)
    for k in range(a.n):
        j = k * len(starts) // a.n
        clock[j] += r.expovariate(1 / pace)
        out.append((clock[j], k))
    return out


def release(w, a):
    """Benchmark what has just come out, in bursts within a day and a half; a little before, to compare."""
    r, out = w.r, []
    t = begin = min(max(w.release[0] + r.expovariate(1 / 30000), a.lo), a.hi - 7200)
    for k in range(a.n):
        if r.random() < 0.02:
            t = begin + r.uniform(0, 1.5) * DAY
        t += r.expovariate(1 / 4)
        out.append((t if r.random() < 0.75 else max(a.lo, t - r.randint(1, 6) * DAY), k))
    return out


def queue(w, a):
    """Pull tasks from a ring's queue while its workers run; `shifts` are the ring's own hours."""
    r, u = w.r, a.unit
    spans = [(max(s, a.lo), min(e, a.hi)) for s, e in u["shifts"] if e > a.lo and s < a.hi] or [(a.lo, a.hi)]  # fmt: skip
    size = sum(e - s for s, e in spans)
    ramp = u["ramp"] if size > 5 * DAY else 1.0
    out = []
    while len(out) < a.n:
        x = r.random() ** (1 / ramp) * size
        s, e = spans[-1]
        for s, e in spans:
            if x < e - s:
                break
            x -= e - s
        t = s + min(x, e - s)
        for j in range(min(a.n - len(out), 1 + int(r.expovariate(1 / u["run"])))):
            fresh = j == 0 or u["oneshot"]
            out.append((t, len(out) if fresh else out[-1][1]))
            t += r.expovariate(1 / u["gap"])
    return out


def waves(w, a):
    """Lock step: every account of the ring answers the same ticks, each with its own small delay."""
    r = w.r
    ticks = [t for t in a.unit["ticks"] if a.lo <= t < a.hi] or [r.uniform(a.lo, a.hi)]
    return [(r.choice(ticks) + r.expovariate(1 / a.unit["slack"]), k) for k in range(a.n)]


SPECIAL = {"steady": steady, "cron": cron, "batch": batch, "release": release, "queue": queue, "waves": waves}  # fmt: skip


def times(w, a):
    """Return this account's requests as (seconds, conversation), in time order."""
    out = SPECIAL[a.rhythm](w, a) if a.rhythm in SPECIAL else sessions(w, a, a.rhythm)
    return sorted(x for x in out if 0 <= x[0] < SPAN)
