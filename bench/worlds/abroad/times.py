"""When things are sent: people's hours, offices, machines, timers, lessons, queues of jobs."""

import math

import numpy as np
from core import DAY

EVENING = [2, 1, 0.6, 0.4, 0.4, 0.6, 1.5, 3, 4, 4, 4, 4, 4.5, 4, 4, 4, 4.5, 5, 6, 7, 8, 8, 6, 4]
OFFICE = [0.1, 0, 0, 0, 0, 0.1, 0.5, 2, 6, 9, 10, 9, 5, 7, 9, 9, 8, 5, 2, 1, 1, 0.8, 0.5, 0.2]


def moment(w, a, days, hours, lo, hi, busy=1.0):
    """A local time of day that suits the person, on one of their days."""
    r = w.r
    for _ in range(9):
        day, hour = r.choice(days), r.choices(range(24), hours)[0] + r.random()
        if hours is EVENING and r.random() < 0.6:
            hour = r.gauss(a.peak, a.width) % 24
        t = w.t0 + day * DAY + hour * 3600 - a.tz
        if busy < 1 and (day % 7) in (5, 6) and r.random() > busy:
            continue
        if lo <= t < hi:
            return t
    return r.uniform(lo, hi)


def talk(r, t, turns, gap):
    """Turns of one conversation: the time to read an answer and to write the next."""
    at = [t]
    for _ in range(turns - 1):
        at.append(at[-1] + r.lognormvariate(math.log(gap), 0.9))
    return at


def human(depth=2.3, gap=60.0, hours=EVENING, busy=1.0, ramp=0.0):
    """Conversations of a few turns; `ramp` shifts them towards the end."""

    def when(w, a, n, lo, hi):
        r, first, last = w.r, int((lo - w.t0) / DAY), int((hi - w.t0 - 1) / DAY)
        k = max(1, min(last - first + 1, int(1.5 * n**0.6)))
        days = [first + int((last - first + 1) * r.random() ** (1 / (1 + ramp))) for _ in range(k)]
        left = n
        while left > 0:
            turns = min(left, 1 + int(r.expovariate(1 / max(0.05, depth - 1))) if depth > 1 else 1)
            left -= turns
            yield talk(r, moment(w, a, days, hours, lo, hi, busy), turns, gap)

    return when


def office(depth=1.8, gap=80.0):
    return human(depth, gap, OFFICE, 0.08)


def machine(day=0.5):
    """Arrivals of an application: a measured burstiness, more by day when its users are people."""

    def when(w, a, n, lo, hi):
        rng = np.random.default_rng(w.r.getrandbits(63))
        cv = w.r.choice(w.cvs)
        at = np.cumsum(rng.gamma(1 / cv**2, size=n + 1) + 1e-9)
        grid = np.arange(lo, hi + 1800, 1800.0)
        local = np.array(EVENING)[(((grid + a.tz) % DAY) / 3600).astype(int)]
        rate = np.cumsum(1 - day + day * local / 4)
        for t in np.interp(at[:n] / at[-1], rate / rate[-1], grid):
            yield [min(float(t), hi - 1)]

    return when


def timer(every=1.0, gap=4.0):
    """Started at the same minute of the day, then one after another."""

    def when(w, a, n, lo, hi):
        r, start = w.r, w.r.uniform(0, 24) * 3600
        runs = [w.t0 + k * every * DAY + start - a.tz for k in range(-1, int(29 / every))]
        runs = [t for t in runs if lo <= t < hi - 1800] or [r.uniform(lo, max(lo + 1, hi - 1800))]
        runs = runs if n > len(runs) else r.sample(runs, n)
        for i, t in enumerate(runs):
            t += r.uniform(0, 20)
            for _ in range(n // len(runs) + (i < n % len(runs))):
                yield [t]
                t += r.lognormvariate(math.log(gap), 0.5)

    return when


def windows(spans, gap=120.0, depth=2.0):
    """Only while something is on: a lesson, an event, a shift; each span is (start, seconds)."""

    def when(w, a, n, lo, hi):
        r, left = w.r, n
        mine = r.sample(spans, max(1, min(len(spans), n // 4 + 1)))
        while left > 0:
            start, long = r.choice(mine)
            turns = min(left, 1 + int(r.expovariate(1 / depth)))
            left -= turns
            yield talk(r, max(start + r.random() * long, lo), turns, gap)

    return when


def runs(gap=9.0, sizes=(20, 120), hours=OFFICE):
    """Somebody starts a job by hand: a burst as fast as answers come, then silence."""

    def when(w, a, n, lo, hi):
        r, left = w.r, n
        while left > 0:
            size = min(left, r.randint(*sizes))
            t = moment(w, a, range(28), hours, lo, hi, 0.3)
            workers = r.choice((1, 1, 4, 8))
            for _ in range(size):
                yield [t]
                t += r.lognormvariate(math.log(gap / workers), 0.6)
            left -= size

    return when


def batches(starts, jitter=600.0, per=3, gap=25.0, depth=1.0):
    """Work dealt out at common starts; each account answers after a delay of its own."""

    def when(w, a, n, lo, hi):
        r, left = w.r, n
        mine = [t for t in starts if lo <= t < hi - 600] or [r.uniform(lo, max(lo + 1, hi - 600))]
        while left > 0:
            t = r.choice(mine) + abs(r.gauss(0, jitter))
            for _ in range(1 + r.randrange(2 * per)):
                turns = min(left, 1 + int(r.expovariate(1.0) * (depth - 1)))
                left -= turns
                if turns:
                    yield talk(r, t, turns, gap)
                t += turns * r.lognormvariate(math.log(gap), 0.6)

    return when
