"""The provider: its calendar, models, accounts, and the log that conversations write."""

import math
import random
from types import SimpleNamespace

import net
import pyarrow.parquet as pq
from tables import HOURS, PLACES
from text import DATA, Text

DAY, DAYS = 86400, 28
END = DAY * DAYS - 1
OLD, BASE, NEXT = "parley-1.5", ["parley-2-mini", "parley-2", "parley-2-pro"], ["parley-3", "parley-3-mini"]  # fmt: skip


class World:
    """One seed's provider; `rows` grows as accounts live."""

    def __init__(self, seed, regime, accounts, exchanges) -> None:
        self.rng = rng = random.Random(f"downtown/{seed}/{regime}/{accounts}/{exchanges}")
        self.regime, self.size, self.target = regime, accounts, exchanges
        self.scale = accounts / 9000
        self.text = Text(rng, shared_corpora=regime == "people")
        shift = rng.randrange(56)
        self.epoch, self.monday = 1772409600 + DAY * shift, (-shift) % 7
        self.releases = [(rng.uniform(7, 17) * DAY // 3600 * 3600, NEXT[0])]
        if rng.random() < 0.5:
            self.releases.append((self.releases[0][0] + rng.randint(2, 8) * DAY, NEXT[1]))
        kinds = ("price", "policy", "policy")
        self.events = [(rng.uniform(0, 27) * DAY, k, rng.choice([None, *BASE])) for k in kinds]
        exam = rng.randrange(2, 20)
        self.exam = [4.0 if exam <= d < exam + 9 else 1.0 for d in range(DAYS)]
        pairs = pq.read_table(DATA / "timing_azure2023_conv.parquet")
        self.lengths = sorted(pairs["output_tokens"].to_pylist())[400:]
        rates = pq.read_table(DATA / "timing_servegen_clients.parquet")["cv"].to_pylist()
        self.shapes = [cv for cv in rates if cv and 0.3 < cv < 3]
        pool = range(max(8, int(accounts * 0.012)))
        self.burners = [net.token(rng, 16) for _ in pool]
        self.used = [net.token(rng, 16) for _ in pool]
        self.rows, self.accounts, self.templates, self.tables = [], [], {}, {}

    def pick(self, table):
        """One of `name weight name weight ...`."""
        if table not in self.tables:
            words = table.split()
            self.tables[table] = words[::2], [float(x) for x in words[1::2]]
        return self.rng.choices(*self.tables[table])[0]

    def place(self):
        return self.rng.choices(list(PLACES), [p[1] for p in PLACES.values()])[0]

    def birth(self, rule="any"):
        """Seconds from the start of the log; negative is before it."""
        rng = self.rng
        if rule == "new" or (rule == "any" and rng.random() < 0.24):
            return rng.uniform(0, (DAYS - 2) * DAY)
        low = 250 if rule == "old" else 4
        return -DAY * min(low + math.exp(rng.gauss(4.9, 1.1)), 1150)

    def person(self, cohort, country=None, lang=None, *, machine=False):
        """A usual account: app on a phone or computer at home, or a program with a key."""
        rng = self.rng
        country = country or self.place()
        lang = lang or rng.choice(PLACES[country][2].split())
        a = SimpleNamespace(id=net.token(rng, 20), cohort=cohort, country=country, campaign=None)
        a.persona, a.created, a.end = self.text.persona(lang), self.birth(), END
        a.start, a.org, a.purpose, a.licensed = max(a.created, 0), None, None, False
        a.mail, a.adopt = rng.choice(PLACES[country][5].split()), self.adoption()
        a.base = self.pick(f"{BASE[0]} 5 {BASE[1]} 4 {BASE[2]} 1 {OLD} .6")
        if rng.random() < 0.3 and a.created < 0:
            a.start = rng.uniform(0, 20) * DAY
            a.end = min(a.end, a.start + rng.expovariate(1 / 9) * DAY + DAY)
        a.chrono, a.days, a.system = rng.gauss(0, 2), None, None
        a.device = None if machine and rng.random() < 0.4 else net.token(rng, 16)
        a.phone = net.token(rng, 16) if rng.random() < 0.75 else None
        if rng.random() < 0.02:
            a.phone = rng.choice(self.burners if rng.random() < 0.5 else self.used)
        if rng.random() < 0.015:
            a.device = rng.choice(self.used)
        self.subscribe(a, "api" if machine else self.pick("free 78 plus 19 pro 3"))
        self.attach(a, country, machine)
        a.keys = [net.token(rng, 10) for _ in range(rng.choice([1, 1, 1, 2, 3]))]
        a.cap = rng.choice([None, None, 256, 512, 1024, 1024, 2048, 4096, 8192])
        a.temp = rng.choice([None, None, 0.0, 0.2, 0.7, 1.0])
        if not machine and rng.random() < 0.08:
            a.system = self.text.passage(a.persona, 2)
        a.reply = math.exp(rng.gauss(0, 0.35))
        return a

    def attach(self, a, country, machine):
        """Clients and networks."""
        rng = self.rng
        if machine:
            kinds = [self.pick("python 9 node 6 httpx 2 requests 3 curl 1 bedstone 3 vertigo 2")]
            a.nets = [(1.0, net.cloud(rng) if rng.random() < 0.7 else net.home(rng, country))]
        else:
            apple = 4 if country in {"us", "gb", "jp", "fr"} else 1
            phone = self.pick(f"ios {apple} android 4 mobileweb 1")
            desk = self.pick("chrome 6 mac 2 safari 2 edge 2 firefox 1")
            kinds = rng.choice([[phone], [phone], [desk], [phone, desk], [desk, phone]])
            a.nets = [(rng.uniform(0.5, 3), net.home(rng, country))]
            a.nets.append((rng.uniform(0, 1.5), net.mobile(rng, country)))
            if rng.random() < 0.14:
                a.nets.append((rng.uniform(0.5, 5), net.vpn(rng)))
        a.clients = [net.Client(rng, f) for f in kinds]

    def subscribe(self, a, plan, card=None):
        a.plan = plan
        paid = plan not in {"free", "edu"}
        a.pay = (card or net.token(self.rng, 16)) if paid else None
        a.verified = self.pick(
            "card 6 phone 3 id 1" if paid else f"phone {7 if a.phone else 0} email 4"
        )
        if plan == "api" and self.rng.random() < 0.3:
            a.verified = "business"

    def adoption(self, eager=0.25):
        """Delay in seconds until an account is on a released model."""
        r = self.rng.random()
        if r < eager:
            return self.rng.expovariate(1 / (9 * 3600))
        return self.rng.expovariate(1 / (6 * DAY)) if r < 0.75 else math.inf

    def model(self, a, t):
        name = a.base
        for at, released in self.releases:
            if t >= at + a.adopt and (released == NEXT[0] or a.base == BASE[0]):
                name = released
        return self.rng.choice(BASE) if self.rng.random() < 0.06 else name

    def moment(self, a, rule):
        """A time at which this account could be at work, under its own clock."""
        rng = self.rng
        if a.days is None:
            rest = 0.2 if rule == "work" else 1.15
            a.days = [rest if (d - self.monday) % 7 >= 5 else 1.0 for d in range(DAYS)]
        zone = PLACES[a.country][0] * 3600
        days = range(int(a.start // DAY), int(a.end // DAY) + 1)
        for _ in range(6):
            day = rng.choices(days, a.days[days[0] : days[-1] + 1])[0]
            hour = rng.choices(range(24), HOURS[rule])[0] + a.chrono
            t = (day * DAY + (hour % 24) * 3600 + rng.random() * 3600 - zone) % (DAYS * DAY)
            if a.start <= t <= a.end:
                return t
        return rng.uniform(a.start, a.end)

    def where(self, a, t):
        places, nets = zip(*a.nets)
        return self.rng.choices(nets, places)[0].draw(self.rng, t)

    def row(self, a, t, prompt, conv, **o):
        """One exchange; o: where, client, harvest, reply, model, user, past, finish."""
        rng = self.rng
        ip, asn = o.get("where") or self.where(a, t)
        agent, tls, channel = o["client"].show(t)
        asked = (len(prompt.encode()) + len(a.system or "")) // 4 + o["past"] + rng.randint(2, 9)
        size = a.reply * o.get("reply", 1.0) * math.exp(rng.gauss(0, 0.4))
        made = int(rng.choice(self.lengths) * size) + 1
        usual = f"stop 93 cancelled {3 * (channel == 'app')} content_filter .8 length .8"
        finish = o.get("finish") or self.pick(usual)
        cap, temp = (None, None) if channel == "app" else (a.cap, a.temp)
        if made >= (cap or 16000):
            made, finish = cap or 16000, "length"
        key = a.keys[0] if channel == "app" else rng.choice(a.keys)
        name = o.get("model") or self.model(a, t)
        head = (t, net.token(rng, 16), a.id, conv, name, prompt, a.system, asked, made, cap, temp)
        tail = (o.get("user"), key, channel, finish, o.get("harvest", False))
        self.rows.append((*head, ip, asn, agent, tls, *tail))
        return made

    def talk(self, a, t, prompts, gap=70.0, **o):
        """A conversation from time t on; one prompt a turn, each call sends the turns before it."""
        rng = self.rng
        conv, past = net.token(rng, 12), 0
        t = max(t, a.created + 20 + rng.random() * 99)
        o.setdefault("client", rng.choice(a.clients))
        o.setdefault("where", self.where(a, t))
        t = t if t < END else END - rng.random() * 3600
        for prompt in prompts:
            if t > END:
                break
            made = self.row(a, t, prompt, conv, past=past, **o)
            past = min(past + made + len(prompt) // 4, 60000)
            t += math.exp(rng.gauss(math.log(gap), 0.8)) + made * gap / 700
