"""Clear identifiers → one spelling each, so that equal ones give equal tokens."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["normalise", "normalise_email", "normalise_par", "normalise_phone"]

LONGEST_EMAIL = 254
"""RFC 5321, section 4.5.3.1.3, less the angle brackets."""

PLUS_DOMAINS = frozenset(
    {
        "gmail.com",
        "googlemail.com",
        "outlook.com",
        "hotmail.com",
        "live.com",
        "icloud.com",
        "fastmail.com",
        "protonmail.com",
        "proton.me",
    }
)
"""Providers that deliver ``name+anything`` to ``name``."""
DOTLESS_DOMAINS = frozenset({"gmail.com", "googlemail.com"})
"""Providers that ignore dots in the local part."""

_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?")


def normalise_email(value: str, *, provider_rules: bool = False) -> str | None:
    """Return a mail address in one spelling, None where it is none.

    Case goes: RFC 5321 lets a server tell ``A@x`` from ``a@x``, and practically none does.  The
    domain takes its ASCII form.  With ``provider_rules``, tags after ``+`` and, at Gmail, dots go
    where the provider is known to ignore them.

    >>> normalise_email(" Anna.B@Example.COM "), normalise_email("anna")
    ('anna.b@example.com', None)
    >>> normalise_email("an.na+x@googlemail.com", provider_rules=True)
    'anna@gmail.com'
    """
    text = unicodedata.normalize("NFKC", value).strip().lower()
    local, at, domain = text.rpartition("@")
    domain = _ascii_domain(domain.rstrip("."))
    if not at or not local or not domain or len(local) + len(domain) >= LONGEST_EMAIL:
        return None
    if any(unicodedata.category(c).startswith(("C", "Z")) for c in local):
        return None
    if not local.startswith('"') and "@" in local:
        return None
    if provider_rules and domain in PLUS_DOMAINS:
        local = local.partition("+")[0] or local
        if domain in DOTLESS_DOMAINS:
            local, domain = local.replace(".", "") or local, "gmail.com"
    return f"{local}@{domain}"


def _ascii_domain(domain: str) -> str:
    """Return a domain in ASCII form, empty where it is none."""
    if not domain.isascii():
        try:
            domain = domain.encode("idna").decode("ascii")
        except UnicodeError:
            return ""
    labels = domain.split(".")
    if len(labels) < 2 or not all(_LABEL.fullmatch(label) for label in labels):
        return ""
    return domain


def normalise_phone(value: str) -> str | None:
    """Return the digits of a phone number in E.164 form, None where it is none.

    A number without country code cannot be told from another country's and is refused.

    >>> normalise_phone("+49 (170) 123-4567"), normalise_phone("0170 1234567")
    ('491701234567', None)
    """
    text = unicodedata.normalize("NFKC", value).strip()
    text = re.sub(r"[\s().\-/\u2010-\u2015]", "", text)
    text = text.removeprefix("+") if text.startswith("+") else text.removeprefix("00")
    digits = "".join(str(unicodedata.digit(c, -1)) if c.isdigit() else c for c in text)
    return digits if re.fullmatch(r"[1-9][0-9]{6,14}", digits) else None


def normalise_par(value: str) -> str | None:
    """Return a Payment Account Reference (29 letters and digits), None where it is none.

    A card number is shorter and is refused, as card numbers never enter.

    >>> normalise_par("4111111111111111") is None
    True
    """
    text = value.strip().upper()
    return text if re.fullmatch(r"[0-9A-Z]{29}", text) else None


def normalise(kind: str, value: str, *, provider_rules: bool = False) -> str | None:
    """Return a value of the given kind (email, phone, par) in one spelling, or None."""
    if kind == "email":
        return normalise_email(value, provider_rules=provider_rules)
    return normalise_phone(value) if kind == "phone" else normalise_par(value)
