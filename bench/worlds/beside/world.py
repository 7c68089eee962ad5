"""One world: its models and calendar, how accounts are made, how traffic becomes rows."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from accounts import FREE_MAIL, THROWAWAY, Account, Draft, age, mail, own_domain, token
from clocks import DAY, DAYS, HOUR, people
from languages import Language, languages
from textbank import TextBank, Voice
from wire import Client, Networks, browser

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_EPOCH_2026 = 1767225600 * 1_000_000  # 2026-01-01


@dataclass(frozen=True, slots=True)
class Choices:
    """What differs from seed to seed: missing columns and the detail of others."""

    absent: frozenset[str]
    coarse_created: bool
    integer_ids: bool
    responses: bool
    cell_loss: float


class World:
    """State shared by everyone who makes accounts."""

    def __init__(
        self,
        folder: Path,
        names: Sequence[str] | None,
        seed: int,
        regime: str,
        accounts: int,
        exchanges: int,
    ) -> None:
        """Read the corpora and draw what holds for the whole month."""
        self.rng = np.random.default_rng(seed)
        self.rnd = random.Random(seed * 7919 + 13)
        self.regime, self.size, self.exchanges = regime, accounts, exchanges
        self.bank = TextBank(folder, names)
        self.languages: dict[str, Language] = languages()
        self.net = Networks(self.rnd)
        self.start = _EPOCH_2026 + self.rnd.randrange(300) * DAY
        self.end = self.start + DAYS * DAY - 1
        self.release = (
            self.start + self.rnd.randrange(7, 21) * DAY + self.rnd.randrange(14, 19) * HOUR
        )
        name = self.rnd.choice(("atlas", "lyra", "quanta", "meridian"))
        self.models = (f"{name}-2", f"{name}-3", f"{name}-3-mini", f"{name}-4")
        self.mean = exchanges / accounts
        self.accounts: list[Account] = []
        self.products: list[tuple[Client, str, list[str], list[str]]] = []
        """Open-source clients of this world: client, system prompt, frames before and after."""
        self._ids: set[int] = set()
        self.choices = self._choose()
        codes = list(self.languages)
        drawn = self.rng.dirichlet([250 * self.languages[c].share for c in codes])
        self._codes, self._shares = codes, drawn.tolist()

    def _choose(self) -> Choices:
        odds = {
            "asn": 0.25,
            "device_fingerprint": 0.25,
            "phone_hash": 0.25,
            "tls_fingerprint": 0.2,
            "account_events": 0.35,
            "provider_events": 0.3,
            "identifiers": 0.5,
            "end_user_id": 0.2,
            "system_prompt": 0.07,
            "temperature": 0.2,
            "declared_purpose": 0.4,
            "api_key_id": 0.3,
            "payment_fingerprint": 0.07,
            "finish_reason": 0.3,
            "conversation_id": 0.15,
        }
        absent = frozenset(name for name, p in odds.items() if self.rnd.random() < p)
        return Choices(
            absent,
            self.rnd.random() < 0.25,
            self.rnd.random() < 0.3,
            self.rnd.random() < 0.3,
            self.rnd.choice((0.0, 0.01, 0.05)),
        )

    def new_id(self) -> str:
        """Return an account id that says nothing."""
        while True:
            number = self.rnd.getrandbits(47)
            if number not in self._ids:
                self._ids.add(number)
                return str(number) if self.choices.integer_ids else f"acct_{number:012x}"

    def account(self, cohort: str, kind: str = "benign", language: str | None = None) -> Account:
        """Make an ordinary person's account and keep it."""
        rnd = self.rnd
        code = language or rnd.choices(self._codes, self._shares)[0]
        country, offset = rnd.choice(self.languages[code].places)
        made = Account(self.new_id(), cohort, kind, code, country, offset, 0)
        made.created_at = self._opened()
        made.email_domain, made.email_local = rnd.choice(FREE_MAIL), mail(rnd)
        if rnd.random() < 0.1:
            made.email_domain = own_domain(rnd) if rnd.random() < 0.7 else rnd.choice(THROWAWAY)
        made.plan = rnd.choices(("free", "plus", "api"), (6, 3, 1))[0]
        made.payment = token(rnd, "card") if made.plan != "free" else None
        made.phone = token(rnd, "tel") if rnd.random() < 0.7 else None
        made.device = token(rnd, "dev") if rnd.random() < 0.85 else None
        made.verification = "phone" if made.phone else "email"
        made.endpoints = self.net.person(country)
        made.clients = tuple(browser(rnd) for _ in range(rnd.randint(1, 2)))
        made.base_model = rnd.choices((0, 1, 2), (1, 6, 3))[0]
        made.moves_at = self.adoption(0.45)
        self.accounts.append(made)
        return made

    def _opened(self) -> int:
        if self.rng.random() < 0.18:
            return int(self.rng.integers(self.start, self.end - DAY))
        return age(self.rng, self.start, 220)

    def adoption(self, share: float, days: float = 4.0) -> int | None:
        """Return when someone turns to the new model, days being the mean delay, or None."""
        if self.rng.random() > share:
            return None
        return int(self.release + self.rng.exponential(days) * DAY)

    def voice(self, account: Account, taste: str = "people") -> Voice:
        """Return how an account's holder writes."""
        return Voice(self.bank, self.rnd, self.languages[account.language], taste)

    def window(self, account: Account) -> tuple[int, int]:
        """Return from when to when an account may send."""
        low = max(self.start, account.created_at + 60 * 1_000_000)
        return min(low, self.end - HOUR), min(self.end, account.until or self.end)

    def talk(self, account: Account, n: int, *, office: float = 0.4, mean: float = 4.0) -> Draft:
        """Write n requests as an ordinary person does."""
        voice = self.voice(account)
        times, session = people(
            self.rng, n, self.window(account), account.offset, office=office, mean=mean
        )
        return Draft(times, session, converse(voice, session))


def converse(voice: Voice, session: np.ndarray) -> list[str]:
    """Return messages for sessions, counting turns within each."""
    turns: dict[int, int] = {}
    said = []
    for s in session.tolist():
        turn = turns.get(s, 0)
        turns[s] = turn + 1
        said.append(voice.say(turn))
    return said
