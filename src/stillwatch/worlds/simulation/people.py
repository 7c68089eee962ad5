"""Identity attributes: cards, phones, devices, organisations, mail addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from stillwatch.worlds.simulation.columns import Objects

__all__ = ["DOMAINS", "Registry"]

DOMAINS: dict[str, tuple[tuple[str, float], ...]] = {
    "*": (("gmail.com", 60), ("outlook.com", 10), ("icloud.com", 7), ("yahoo.com", 7),
          ("hotmail.com", 6), ("proton.me", 3)),
    "zh": (("qq.com", 40), ("163.com", 20), ("gmail.com", 20), ("126.com", 6), ("outlook.com", 8)),
    "ru": (("yandex.ru", 25), ("mail.ru", 25), ("gmail.com", 40)),
    "uk": (("ukr.net", 20), ("gmail.com", 65)),
    "de": (("gmx.de", 14), ("web.de", 13), ("gmail.com", 45), ("t-online.de", 5)),
    "fr": (("gmail.com", 50), ("orange.fr", 10), ("free.fr", 7), ("hotmail.fr", 8)),
    "ko": (("naver.com", 40), ("gmail.com", 40), ("daum.net", 6)),
    "ja": (("gmail.com", 50), ("yahoo.co.jp", 22), ("icloud.com", 10)),
    "pt": (("gmail.com", 60), ("hotmail.com", 14), ("uol.com.br", 6)),
    "it": (("gmail.com", 55), ("libero.it", 12), ("hotmail.it", 8)),
    "pl": (("gmail.com", 50), ("wp.pl", 14), ("o2.pl", 8)),
}  # fmt: skip
"""Personal mail domains by language, with their weights; ``*`` for the rest."""

_FIRST = (
    "anna", "ben", "carlos", "dina", "elena", "farid", "grace", "hana", "ivan", "jana", "kofi",
    "lin", "maria", "nina", "omar", "priya", "quan", "rosa", "sami", "tariq", "uma", "victor",
    "wei", "xavier", "yuki", "zara", "alex", "noor", "leo", "mei", "sofia", "kenji", "amir",
    "luca", "olga", "thanh", "budi", "ayse", "pedro", "marta", "jonas", "emma", "david", "fatima",
    "chen", "ravi",
)  # fmt: skip
_LAST = (
    "adams", "becker", "costa", "dang", "eriksen", "fischer", "garcia", "haddad", "ito", "jansen",
    "kim", "lopez", "muller", "nguyen", "okafor", "petrov", "quiroz", "rossi", "sato", "tanaka",
    "ueda", "vargas", "wang", "xu", "yilmaz", "zhang", "silva", "novak", "kumar", "ali", "park",
    "schmidt", "martin", "dubois", "kowalski", "hernandez", "suzuki", "ivanova", "khan", "mehta",
)  # fmt: skip
_WORDS = (
    "blue", "sky", "star", "moon", "cat", "wolf", "pixel", "river", "green", "code", "fox",
    "happy", "dark", "sun", "wind", "snow",
)  # fmt: skip
_TOP = ("com", "io", "net", "co", "ai", "org", "dev", "de", "fr", "co.uk", "com.br", "jp")
_THROWAWAY = (
    "mailinator.com", "guerrillamail.com", "10minutemail.com", "temp-mail.org", "yopmail.com",
    "trashmail.com", "maildrop.cc", "dispostable.com",
)  # fmt: skip
_PREFIX = {"en": "+1", "zh": "+86", "es": "+34", "fr": "+33", "de": "+49", "pt": "+55",
           "ru": "+7", "ja": "+81", "ko": "+82", "ar": "+966", "hi": "+91", "tr": "+90",
           "id": "+62", "vi": "+84", "it": "+39", "nl": "+31", "pl": "+48", "uk": "+380",
           "fa": "+98", "th": "+66"}  # fmt: skip


class Registry:
    """The :class:`~stillwatch.worlds.simulation.interface.People` of one world."""

    def __init__(self) -> None:
        self.rng = np.random.default_rng(0)

    def card(self, n: int = 1) -> Objects:
        """Return payment fingerprints, each new."""
        return self._tokens(n, "pay_")

    def device(self, n: int = 1) -> Objects:
        """Return device fingerprints, each new."""
        return self._tokens(n, "dev_")

    def organization(self, n: int = 1) -> Objects:
        """Return organisation ids, each new."""
        return self._tokens(n, "org_")

    def phone(self, n: int = 1, lang: Objects | None = None) -> Objects:
        """Return clear synthetic phone numbers, each new."""
        spoken = ["en"] * n if lang is None else list(lang)
        numbers = self.rng.integers(2 * 10**8, 10**9, n)
        return _objects(
            [f"{_PREFIX[code]}{number}" for code, number in zip(spoken, numbers, strict=True)],
        )

    def domain(self, n: int = 1) -> Objects:
        """Return mail domains of companies, each new."""
        last = self.rng.integers(0, len(_LAST), n)
        word = self.rng.integers(0, len(_WORDS), n)
        number = self.rng.integers(0, 400, n)
        top = self.rng.integers(0, len(_TOP), n)
        return _objects(
            [
                f"{_LAST[a]}{_WORDS[b]}{c if c > 250 else ''}.{_TOP[d]}"
                for a, b, c, d in zip(last, word, number, top, strict=True)
            ],
        )

    def throwaway(self, n: int) -> Objects:
        """Return mail domains of disposable-address services, which some people use too."""
        return self.rng.choice(np.array(_THROWAWAY, dtype=object), n)

    def mail(self, n: int, lang: Objects) -> tuple[Objects, Objects]:
        """Return (local part, domain) of personal mail addresses as people choose them."""
        domain = np.empty(n, dtype=object)
        for code in np.unique(lang.astype(str)):
            at = lang == code
            names, weights = zip(*DOMAINS.get(code, DOMAINS["*"]), strict=True)
            share = np.array(weights, dtype=float)
            domain[at] = self.rng.choice(
                np.array(names, dtype=object),
                int(at.sum()),
                p=share / share.sum(),
            )
        odd = self.rng.random(n) < 0.012
        domain[odd] = self.throwaway(int(odd.sum()))
        return self._locals(n), domain

    def _locals(self, n: int) -> Objects:
        first = self.rng.integers(0, len(_FIRST), n)
        last = self.rng.integers(0, len(_LAST), n)
        word = self.rng.integers(0, len(_WORDS), n)
        number = self.rng.integers(1, 9999, n)
        form = self.rng.integers(0, 7, n)
        made = []
        for a, b, w, c, f in zip(first, last, word, number, form, strict=True):
            forms = (
                f"{_FIRST[a]}.{_LAST[b]}{c}",
                f"{_FIRST[a]}{_LAST[b]}{c % 100}",
                f"{_FIRST[a][0]}{_LAST[b]}{c % 1000}",
                f"{_WORDS[w]}{_FIRST[a]}{c % 100}",
                f"{_LAST[b]}.{_FIRST[a][0]}{c}",
                f"{_FIRST[a]}{1960 + c % 50}",
                f"{_FIRST[a]}_{_WORDS[w]}{c}",
            )
            made.append(forms[f])
        return _objects(made)

    def _tokens(self, n: int, prefix: str) -> Objects:
        high = self.rng.integers(0, 2**48, n)
        return _objects([f"{prefix}{value:012x}" for value in high])


def _objects(values: list[str]) -> Objects:
    """Return strings as an object array of one dimension."""
    made = np.empty(len(values), dtype=object)
    made[:] = values
    return made
