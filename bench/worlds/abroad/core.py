"""The world: clock, models, accounts with their streams, and the rows they leave."""

import math
import random

import pyarrow.parquet as pq
from nets import Atlas
from texts import DATA, TABLES, Library, coin

DAY, DAYS = 86400.0, 28
OUT = {x.split()[0]: tuple(map(float, x.split()[1:])) for x in TABLES["lengths"]}


class Rand(random.Random):
    """The standard generator with a few laws of ours."""

    def pick_rank(self):
        return min(5, int(self.expovariate(0.8)))

    def hexes(self, n):
        return f"{self.getrandbits(4 * n):0{n}x}"

    def logu(self, lo, hi):
        return math.exp(self.uniform(math.log(lo), math.log(hi)))

    def heavy(self, median, sigma):
        return self.lognormvariate(math.log(median), sigma)

    def word(self, words):
        return self.choice(words.split())


class World:
    """Everything that accounts share, and the list of accounts."""

    def __init__(self, seed, regime, accounts, exchanges):
        self.r = r = Rand(f"abroad/{seed}/{regime}/{accounts}/{exchanges}")
        self.regime, self.size, self.target = regime, accounts, exchanges
        self.t0 = 1767571200 + r.randrange(40) * 7 * DAY
        self.t1 = self.t0 + DAYS * DAY
        self.lib, self.atlas = Library(r, seed), Atlas(r)
        self.accounts, self.rows, self.groups = [], [], {}
        self.models = [f"{(stem := coin(r))}-2", f"{stem}-2-mini", f"{stem}-3", f"{stem}-3-mini"]
        self.new = f"{stem}-{r.word('3.5 4 3-turbo')}"
        self.release = self.t0 + r.uniform(7, 20) * DAY
        self.events = [(self.release, "release", self.new)]
        for kind in ("price", "policy"):
            self.events.append((self.t0 + r.uniform(2, 26) * DAY, kind, r.choice(self.models)))
        tokens = pq.read_table(DATA / "timing_azure2023_conv.parquet")["output_tokens"]
        self.chat = [n for n in tokens.to_pylist() if n]
        cv = pq.read_table(DATA / "timing_servegen_clients.parquet")["cv"].to_pylist()
        self.cvs = [min(12, max(0.3, x)) for x in cv if x and math.isfinite(x)]
        domains = (DATA / "reference/disposable_email_domains.txt").read_text().split()
        self.domains = [x for x in domains if len(x) < 18]

    def born(self, fresh):
        """A day of sign-up: some in these weeks, most long ago."""
        r = self.r
        return self.t0 + (r.uniform(0, 25) if r.random() < fresh else -r.expovariate(1 / 160)) * DAY

    def pick_model(self, a, s, t):
        if s.new:
            return self.new
        if t > self.release + a.adopt * DAY and not a.loyal and self.r.random() < 0.8:
            return self.new
        return self.models[a.habit if self.r.random() < 0.85 else self.r.randrange(4)]

    def settle(self):
        """Scale innocent volumes until the log has the wanted size."""
        flows, top = [s for a in self.accounts for s in a.streams], self.target / 60
        for a in self.accounts:
            over = sum(s.n for s in a.streams if s.fixed) / 400
            for s in a.streams:
                s.n /= max(1.0, over)
        fixed = sum(round(s.n) for s in flows if s.fixed)
        free, scale = [s for s in flows if not s.fixed], 1.0
        for _ in range(12):
            got = sum(max(1.0, min(s.n * scale, top)) for s in free)
            scale *= max(0.2, (self.target - fixed) / max(1.0, got))
        for s in free:
            s.n = max(1, int(min(s.n * scale, top) + self.r.random()))

    def play(self):
        for a in self.accounts:
            a.key_ids = ["key_" + self.r.hexes(12) for _ in range(a.keys)]
            for s in a.streams:
                born = max(self.t0, a.created + self.r.uniform(30, 1500))
                end = min(self.t1, max(a.end, born + 7200))
                lo, hi = max(born, s.lo or 0), min(end, s.hi or end)
                if hi < lo + 3600:
                    lo, hi = min(lo, end - 7200), end
                for times in s.at(self, a, max(1, round(s.n)), lo, hi):
                    self._converse(a, s, times)

    def _converse(self, a, s, times):
        """One conversation: the turns, their texts and what the log keeps of them."""
        r, st, past, voice, user = self.r, {}, 0, s.say, None
        cid, key = "conv_" + r.hexes(18), r.choice(a.key_ids)
        if s.users:
            user, voice = s.users[min(int(r.paretovariate(0.7)) - 1, len(s.users) - 1)]
        (channel, agent, tls), (ip, asn) = r.choice(a.clients), a.net(times[0])
        temp = None if s.temp == "-" else float(s.temp)
        for turn, at in enumerate(times):
            t = at if at < self.t1 else self.t1 - r.uniform(1, 7200)
            text, out = self._fresh(a, voice, st, turn)
            n = int(len(text) / (4.1 if text.isascii() else 2.2)) + 4
            cost = len(s.system) // 4 if s.system else 0
            o, finish = self._length(out, a), "stop"
            if out == "tool" and r.random() < 0.6:
                finish = "tool_use"
            if s.maxtok and o >= s.maxtok:
                o, finish = s.maxtok, "length"
            elif r.random() < st.get("refused", 0.008):
                o, finish = min(o, 20 + r.randrange(60)), "content_filter"
            self.rows.append((
                t, a, cid, self.pick_model(a, s, t), text, s.system, n + past + cost, o, s.maxtok or None, temp,
                ip, asn, agent, tls, user, key, channel, finish, s.harvest,
            ))  # fmt: skip
            past += n + o

    def _fresh(self, a, voice, st, turn):
        """The next text of a voice, said again otherwise if another account has sent it."""
        for _ in range(4):
            text, out = voice(st, turn)
            text = text.strip()[:6000] or coin(self.r)
            if 3 < len(text) < 14 or self.lib.seen.setdefault(text, a) is a:
                break
        return text, out

    def _length(self, out, a):
        if out == "mid":
            return max(1, int(self.r.choice(self.chat) * a.wordy))
        m, s = OUT[out]
        return max(1, min(6000, int(m * a.wordy * self.r.lognormvariate(0, s))))
