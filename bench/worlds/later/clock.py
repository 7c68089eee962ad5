"""When things are sent: every clock returns times in seconds and a session number for each."""

import numpy as np

DAY, HOUR = 86_400.0, 3_600.0
DAYS = 28
END = DAYS * DAY


def _expand(rng, starts, sizes, gap):
    """Turn sessions into events, each some time after the one before."""
    which = np.repeat(np.arange(len(starts)), sizes)
    steps = rng.lognormal(np.log(gap), 0.9, len(which))
    head = np.r_[True, which[1:] != which[:-1]] if len(which) else np.zeros(0, bool)
    steps[head] = 0
    total = np.cumsum(steps)
    return starts[which] + total - total[head][which], which


def _sizes(rng, n, mean):
    """Return session sizes that sum to n."""
    sizes, left = [], n
    while left > 0:
        sizes.append(min(left, int(rng.geometric(1 / mean))))
        left -= sizes[-1]
    return np.array(sizes, int)


def _cut(times, which, low, high):
    """Keep what falls between two moments, in order of time within sessions."""
    keep = (times >= max(low, 0)) & (times < min(high, END))
    return times[keep], which[keep]


def person(rng, low=0.0, high=END, session=4.0, gap=110.0, week=0.9):
    """Return the clock of somebody awake by day: hours of their own, some days active."""
    centre, width = rng.normal(15, 2.2), rng.uniform(2.0, 4.2)
    zone = rng.choice([-8, -6, -5, -3, 0, 1, 1, 2, 3, 5.5, 8, 8, 9])
    first, last = int(max(low, 0) // DAY), int(min(high, END - 1) // DAY)
    days = np.arange(first, max(last, first) + 1)
    weight = rng.gamma(0.6, 1, len(days)) * np.where(days % 7 > 4, week, 1) + 1e-6

    def clock(n):
        sizes = _sizes(rng, n, session)
        day = rng.choice(days, len(sizes), p=weight / weight.sum())
        starts = day * DAY + (rng.normal(centre, width, len(sizes)) - zone) * HOUR
        starts = low + np.mod(starts - low, max(min(high, END) - low, HOUR))
        return _cut(*_expand(rng, np.sort(starts), sizes, gap), low, high)

    return clock


def machine(rng, low, swing, session):
    """Return the clock of a service: arrivals all day with more of them at busy hours."""
    phase = rng.uniform(0, DAY)

    def clock(n):
        sizes = _sizes(rng, n, session)
        t = rng.uniform(low, END, 3 * len(sizes) + 8)
        t = t[rng.random(len(t)) < (1 + swing * np.cos(2 * np.pi * (t - phase) / DAY)) / 2]
        t = np.sort(rng.permutation(t)[: len(sizes)])
        return _cut(*_expand(rng, t, sizes[: len(t)], 25.0), low, END)

    return clock


def batch(rng, low=0.0, high=END, runs=4, gap=14.0, hour=None):
    """Return the clock of jobs: a few runs, at a chosen hour or any, in quick succession."""

    def clock(n):
        k = max(1, min(runs, n // 3))
        sizes = 1 + rng.multinomial(max(n - k, 0), rng.dirichlet(np.ones(k) * 3))
        starts = rng.uniform(max(low, 0), max(min(high, END) - 2 * HOUR, low + 60), k)
        if hour is not None:
            starts = (starts // DAY) * DAY + (hour + rng.exponential(0.1, k)) * HOUR
        return _cut(*_expand(rng, np.sort(starts), sizes, gap), low, high)

    return clock


def event(rng, start, length, session=5.0, tail=0.15):
    """Return the clock of people at one event, some of whom come back later."""

    def clock(n):
        sizes = _sizes(rng, n, session)
        starts = start + length * rng.beta(1.6, 2.2, len(sizes))
        back = rng.random(len(sizes)) < tail
        starts[back] += rng.exponential(5 * DAY, back.sum())
        return _cut(*_expand(rng, np.sort(starts), sizes, 150.0), start, END)

    return clock


class Dispatcher:
    """A campaign's job queue: waves of work, dealt to whichever accounts are up."""

    def __init__(self, rng, low, high, style):
        self.rng, self.low, self.high, self.style = rng, low, high, style
        span = high - low
        count = max(3, int(span / DAY * rng.uniform(0.4, 1.6)))
        self.waves = np.sort(rng.uniform(low, high - 6 * HOUR, count))
        if style == "shift":
            start = rng.uniform(0, 24)
            days = np.arange(int(low // DAY), int(high // DAY) + 1)
            self.waves = days[rng.random(len(days)) < 0.8] * DAY + start * HOUR
            self.waves = self.waves if len(self.waves) else np.array([low])
        self.length = rng.uniform(1.5, 7) * HOUR

    def clock(self, low, high, session=1.0):
        """Return one account's share of the queue between two moments."""
        rng = self.rng
        waves = self.waves[(self.waves > low - self.length) & (self.waves < high)]
        if not len(waves):
            waves = np.array([low])
        own = rng.choice(waves, max(1, int(len(waves) * rng.uniform(0.35, 0.9))), replace=False)

        def clock(n):
            sizes = _sizes(rng, n, session)
            starts = rng.choice(own, len(sizes)) + self.length * rng.beta(1.2, 1.8, len(sizes))
            stray = rng.random(len(sizes)) < 0.12
            starts[stray] = rng.uniform(low, max(high - HOUR, low + 60), stray.sum())
            return _cut(*_expand(rng, np.sort(starts), sizes, 45.0), low, high)

        return clock
