"""Campaigns: their accounts, identities, networks and requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from accounts import THROWAWAY, Account, Draft, age, mail, own_domain, token, volume
from clocks import DAY, HOUR, SECOND, by_curve, curve
from clocks import people as human_clock
from elicit import Elicitation
from styles import KINDS, Style, draw
from wire import Client, browser, plain_client, sdk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray
    from textbank import Voice
    from world import World

SECOND_PASS = (
    "Now say the same in other words.",
    "Translate your answer to {l} and back.",
    "Shorten the above to its core, keep the logic.",
    "Give the same again as plain prose.",
)


class Campaign:
    """One actor's accounts and the queue that they work through."""

    def __init__(self, world: World, name: str, style: Style, size: int) -> None:
        """Open the accounts of a campaign."""
        rnd = world.rnd
        self.world, self.name, self.style, self.size = world, name, style, size
        self.wording = Elicitation(
            rnd, style.target, templates=style.templates, freedom=style.freedom
        )
        self.probes = Elicitation(rnd, style.target, templates=1, freedom="free")
        codes = list(world.languages)
        others = rnd.sample(codes[1:], style.languages - 1)
        own = ["zh"] if style.role == "distill_zh" else ["en"]
        self.codes = [*own, *(c for c in others if c not in own)]
        self.items = world.bank.pool(style.role)
        self.tried = rnd.sample(self.items, min(4, len(self.items)))
        self.interests = world.bank.interests(rnd, 200)
        self.done: set[str] = set()
        self.sent: list[str] = []
        self.offset = rnd.choice((-8, -5, 0, 1, 2, 3, 5.5, 7, 8, 9))
        mode = "flat" if style.clock == "human" else style.clock
        self.curve = curve(world.rng, world.start, mode, self.offset)
        self.client = plain_client(rnd)
        self.probed_until = 0
        self.product = rnd.choice(world.products) if world.products else None
        self.countries = rnd.sample(["US", "BR", "ID", "VN", "DE", "MX", "IN", "TR", "PL", "GB"], 4)
        asn = world.net.cloud().asn
        self.addresses = {
            "rotating": world.net.proxies(max(10, size * 2), self.countries),
            "cloud": [world.net.cloud(asn) for _ in range(max(2, size // 5))],
            "vpn": [world.net.cloud() for _ in range(max(3, size // 8))],
        }
        self._open()

    def _open(self) -> None:
        """Create all accounts."""
        world, rnd, style = self.world, self.world.rnd, self.style
        stock = {
            "payment": [token(rnd, "card") for _ in range(1 + self.size // style.per_card)],
            "phone": [token(rnd, "tel") for _ in range(1 + self.size // style.per_phone)],
            "device": [token(rnd, "dev") for _ in range(1 + self.size // style.per_device)],
        }
        stem, domain = mail(rnd).rstrip("0123456789"), own_domain(rnd)
        paid = rnd.random() < 0.7
        for i, (created, until) in enumerate(self._lives()):
            language = rnd.choice(self.codes) if style.clock != "human" else None
            a = world.account(style.kind, "attack", language)
            a.campaign, a.created_at, a.until = self.name, created, until
            a.blocked = until is not None
            a.plan = rnd.choice(("plus", "api")) if paid else a.plan
            a.payment = token(rnd, "card") if paid else a.payment
            for field, values in stock.items():
                if getattr(a, field) is not None and rnd.random() < style.recycled:
                    setattr(a, field, values[i * len(values) // self.size])
            if style.mail == "throwaway":
                a.email_domain = rnd.choice(THROWAWAY)
            elif style.mail in {"catchall", "counter"}:
                a.email_domain = domain
                a.email_local = f"{stem}{100 + i}" if style.mail == "counter" else a.email_local
            self._habits(a)

        first = max(world.start, min(a.created_at for a in world.accounts[-self.size :]))
        self.probed_until = int(first + style.probing * (world.end - first))

    def _habits(self, a: Account) -> None:
        """Give an account its network, client, model and volume."""
        world, rnd, style = self.world, self.world.rnd, self.style
        a.clients = self._clients()
        if style.client in {"one", "sdk"}:
            a.max_tokens, a.temperature = (
                rnd.choice((None, 2048, 4096)),
                rnd.choice((None, 0.7, 1.0)),
            )
        self._network(a)
        if style.old_model:
            a.base_model, a.moves_at = 0, None
        elif style.pivot:
            a.base_model, a.move_share = 1, style.pivot
            a.moves_at = int(world.release + rnd.uniform(0, 22) * HOUR)
        a.fixed = (
            max(2, style.fixed + rnd.randint(-1, 2))
            if style.fixed
            else max(3, round(world.mean * style.weight * volume(world.rng, 0.7)))
        )
        a.write = self.write

    def _clients(self) -> tuple[Client, ...]:
        rnd, kind = self.world.rnd, self.style.client
        if kind == "disguise" and self.product is not None:
            return (self.product[0],)
        if kind == "browser":
            return (browser(rnd),)
        return (self.client,) if kind == "one" else (sdk(rnd),)

    def _network(self, a: Account) -> None:
        world, rnd, kind = self.world, self.world.rnd, self.style.network
        if kind == "residential":
            a.endpoints = (world.net.home(rnd.choice(self.countries)),)
        elif kind in self.addresses:
            a.endpoints = tuple(rnd.choices(self.addresses[kind], k=8 if kind == "rotating" else 3))
            a.roam = rnd.choice(("session", "day")) if kind != "rotating" else "session"

    def _lives(self) -> Iterator[tuple[int, int | None]]:
        """Yield when each account was opened and, where it was blocked, until when it lived."""
        world, rng, kind = self.world, self.world.rng, self.style.signup
        if kind == "chain":
            yield from self._chain()
            return
        first = world.start + int(rng.integers(-20, 12)) * DAY
        step = min(int(rng.integers(3, 240)) * 60 * SECOND, 18 * DAY // self.size)
        for i in range(self.size):
            if kind == "aged":
                yield age(rng, world.start, 500, 0.5), None
            elif kind == "burst":
                yield int(first + rng.exponential(1.5) * DAY), None
            elif kind == "patterned":
                yield min(int(first + i * step + rng.integers(0, step // 4)), world.end - DAY), None
            else:
                yield int(first + rng.uniform(-25, 14) * DAY), None

    def _chain(self) -> Iterator[tuple[int, int | None]]:
        """Yield lives in lines: when one account ends its successor opens within a day."""
        world, rng = self.world, self.world.rng
        made = 0
        while made < self.size:
            at = int(world.start + rng.uniform(-15, 4) * DAY)
            while made < self.size:
                made += 1
                until = int(max(at, world.start) + (1 + rng.exponential(6)) * DAY)
                if until >= world.end - DAY:
                    yield at, None
                    break
                yield at, until
                at = min(
                    until + int(rng.exponential(8) * HOUR) + 600 * SECOND, world.end - 6 * HOUR
                )

    def job(self) -> str:
        """Return the next body of the queue, or at times one that was sent before."""
        rnd, style = self.world.rnd, self.style
        if self.sent and rnd.random() < style.resend:
            return rnd.choice(self.sent)
        for rate in (0.35, 0.5, 0.65, 0.8):
            body = self.world.bank.vary(rnd.choice(self.items), rnd, rate, self.interests)
            if body not in self.done:
                break
        self.done.add(body)
        if style.resend:
            self.sent.append(body)
        return body

    def _times(self, a: Account, n: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        world, style = self.world, self.style
        window = world.window(a)
        if style.clock == "human":
            return human_clock(world.rng, n, window, a.offset, mean=style.run, gap=style.gap)
        return by_curve(world.rng, n, window, world.start, self.curve, run=style.run, gap=style.gap)

    def _request(self, voice: Voice, turn: int, time: int) -> tuple[str, bool]:
        """Return one message and whether its answer is harvested."""
        rnd, style, tongue = self.world.rnd, self.style, voice.language
        if rnd.random() < style.cover:
            return voice.say(turn), False
        if style.injected:
            return self.wording.wrap(voice.say(turn), rnd), True
        if style.probing and time < self.probed_until:
            seed = rnd.choice(self.tried)
            return self.probes.wrap(self.world.bank.vary(seed, rnd, 0.15), rnd), False
        if turn and rnd.random() < style.second_pass:
            other = rnd.choice(("French", "German", "Spanish"))
            return rnd.choice(SECOND_PASS).format(l=other), True
        if turn and style.dialogue and rnd.random() < 0.6:
            return voice.say(turn), True
        return tongue.translate(self.wording.wrap(self.job(), rnd)), True

    def write(self, a: Account, n: int) -> Draft:
        """Write n requests of one account."""
        world, rnd, style = self.world, self.world.rnd, self.style
        voices = [world.voice(a) for _ in range(max(1, min(n // 4, 12)) if style.customers else 1)]
        times, session = self._times(a, n)
        turns: dict[int, int] = {}
        said: list[str] = []
        harvest: list[bool] = []
        users: list[str] = []
        for t, s in zip(times.tolist(), session.tolist(), strict=True):
            turn = turns.get(s, 0)
            turns[s] = turn + 1
            w = s % len(voices)
            text, taken = self._request(voices[w], turn, t)
            if style.client == "disguise" and self.product is not None and rnd.random() < 0.7:
                text = f"{rnd.choice(self.product[2])}\n\n{text}"
            said.append(text)
            harvest.append(taken)
            users.append(f"u{a.account_id[-5:]}{w:04x}")
        system = self.product[1] if style.client == "disguise" and self.product else None
        return Draft(
            times, session, said, system, harvest, users if style.customers else None, scale=1.4
        )


def _sizes(world: World, count: int, total: int) -> list[int]:
    """Return campaign sizes from six to several hundred that add up to about total."""
    raw = np.exp(world.rng.uniform(np.log(6), np.log(400), size=count))
    return [max(6, int(s)) for s in raw * total / raw.sum()]


def plan(world: World) -> list[tuple[Style, int]]:
    """Draw the campaigns of a world: their styles and sizes."""
    rnd, regime = world.rnd, world.regime
    if regime == "none":
        return []
    if regime == "small":
        total = max(10, int(world.size * rnd.uniform(0.005, 0.02)))
        sizes: list[int] = []
        while sum(sizes) < total:
            sizes.append(rnd.randint(5, 20))
    else:
        total = int(world.size * rnd.uniform(0.01, 0.06))
        count = max(1, min(rnd.randint(6, 12), total // 6))
        sizes = _sizes(world, count, total)
    kinds = rnd.sample(KINDS, min(len(sizes), len(KINDS)))
    kinds += rnd.choices(KINDS, k=len(sizes) - len(kinds))
    if "low_wide" in kinds:  # the low and wide campaign is the widest
        i, widest = kinds.index("low_wide"), sizes.index(max(sizes))
        sizes[i], sizes[widest] = sizes[widest], sizes[i]
    return [(draw(rnd, k, regime), s) for k, s in zip(kinds, sizes, strict=True)]


def build(world: World, planned: list[tuple[Style, int]]) -> None:
    """Open the accounts of all campaigns."""
    for i, (style, size) in enumerate(planned):
        Campaign(world, f"c{i:02d}-{style.kind}", style, size)
