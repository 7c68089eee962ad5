"""People and organisations: how an account comes to be, with mail, card, phone and device."""

from __future__ import annotations

from base import DAY, SPAN, Account, World
from clock import human
from talk import Person
from tongues import SPEAKERS

MAILS = {
    "en": "fernmail.net|postnook.com|brightpost.com|hey-letters.com",
    "zh": "yunxin-mail.cn|88post.cn|fernmail.net",
    "ru": "pochtarik.ru|letter.ru|fernmail.net",
    "ja": "tegami.jp|fernmail.net",
    "ko": "pyeonji.kr|fernmail.net",
    "de": "brieftaube.de|fernmail.net|gmbhpost.de",
    "fr": "lapostille.fr|fernmail.net",
    "": "fernmail.net|postnook.com|brightpost.com|correo-uno.com",
}


def language(w: World) -> str:
    """Return a speaker's language."""
    return w.py.choices(list(SPEAKERS), [v[0] for v in SPEAKERS.values()])[0]


def country(w: World, lang: str) -> str:
    """Return where a speaker lives; some live abroad."""
    if w.py.random() < 0.06:
        lang = language(w)
    return w.py.choice(SPEAKERS[lang][2])


def birth(w: World, fresh: float = 0.2) -> float:
    """Return when an account was made, in seconds from the first day; mostly before it."""
    if w.py.random() < fresh:
        return w.py.uniform(0, 0.93) * SPAN
    age = min(float(w.rng.gamma(0.9, 210)), 1400) + w.py.uniform(0, 3)
    return -age * DAY


def card(w: World) -> str:
    """Return a payment value."""
    return f"pf1.{w.code(18)}"


def phone(w: World) -> str:
    """Return a telephone number's token."""
    return f"tel:{w.hex(20)}"


def device(w: World) -> str:
    """Return a device's token."""
    return f"dv_{w.code(15)}"


def domain(w: World) -> str:
    """Return a small organisation's mail domain."""
    return f"{w.code(5)}{w.py.choice(('works', 'lab', 'group', 'hq', ''))}.{w.py.choice(('com', 'io', 'co', 'net', 'org', 'eu'))}"


def make(
    w: World, cohort: str, *, lang=None, created=None, fresh=0.2, paid=0.45, **more
) -> Account:
    """Add an account that looks like anyone's; what is given replaces what is drawn."""
    py = w.py
    lang = lang or language(w)
    a = Account(
        f"ac-{w.hex(16)}",
        birth(w, fresh) if created is None else created,
        lang,
        more.pop("tz", None) or py.choice(SPEAKERS[lang][1]),
        cohort,
    )
    a.mail = py.choice(MAILS.get(lang, MAILS[""]).split("|"))
    if py.random() < 0.02:
        a.mail = py.choice(w.throwaway)
    a.plan = py.choice(("plus", "plus", "build")) if py.random() < paid else "starter"
    a.payment = card(w) if a.plan != "starter" else None
    a.phone = phone(w) if py.random() < 0.6 else None
    a.device = device(w) if py.random() < 0.85 else None
    a.verification = py.choices(("email", "phone", "identity"), (5, 4 if a.phone else 0.5, 0.6))[0]
    a.purpose = py.choice(("personal", "work", "study", "hobby")) if py.random() < 0.25 else None
    for key, value in more.items():
        setattr(a, key, value)
    if a.plan != "starter" and a.payment is None and "payment" not in more:
        a.payment = card(w)
    w.accounts.append(a)
    return a


def life(w: World, a: Account, *, whole=0.55) -> tuple[float, float]:
    """Return the part of the month in which an account is used."""
    low = max(0.0, a.created + w.py.expovariate(1 / 1800)) if a.created > 0 else 0.0
    if w.py.random() < whole:
        return low, SPAN
    if a.created < 0:
        low = w.py.uniform(0, 0.7) * SPAN
    return low, min(SPAN, low + w.py.uniform(0.5, 20) * DAY)


def chat(w: World, a: Account, median=9.0, sigma=1.15, place=None, talk=None, **more):
    """Give an account a person's own traffic."""
    low, high = life(w, a)
    clock = more.pop("clock", None) or human(
        w, a.tz, low, high, per=w.py.uniform(1.5, 6), gap=w.py.uniform(50, 220)
    )
    return w.stream(
        a,
        w.tail(median, sigma),
        clock,
        talk or Person(w, a.lang),
        more.pop("client", None) or w.shop.browser(),
        place or w.net.home(country(w, a.lang)),
        **more,
    )
