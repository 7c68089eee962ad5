"""Screening of text: what may stand in no note, in no name and in no field that pretends to be one.

A note is for analysts; whoever wants to smuggle will find words.  The screen stops what slips in,
and bounds the rest.
"""

from __future__ import annotations

import re
import unicodedata

from stillwatch.share.objects.fields import LONGEST_NOTE
from stillwatch.share.objects.rules import RuleError

__all__ = ["breach", "screen"]

_EMAIL = re.compile(
    r"[^\s@<>]+\s?(?:@|\(at\)|\[at\]|\{at\})\s?[^\s@<>]+\s?(?:\.|\(dot\)|\[dot\]|\[\.\])\s?\w{2,}",
    re.IGNORECASE,
)
_LINK = re.compile(r"\w+://|www\.|h(?:xx|tt)ps?:|\b[\w-]+(?:\.|\[\.\])[a-z]{2,}\b", re.IGNORECASE)
_V4 = re.compile(r"\b\d{1,3}(?:\.|\[\.\])\d{1,3}(?:\.|\[\.\])\d{1,3}(?:\.|\[\.\])\d{1,3}\b")
_V6 = re.compile(r"\b[0-9a-f]{1,4}(?::[0-9a-f]{0,4}){2,}", re.IGNORECASE)
_CLOCK = re.compile(
    r"\b\d{4}-\d\d-\d\d(?:[Tt ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?[Zz]?)?\b|\b\d\d:\d\d:\d\d\b"
)
_DIGITS = re.compile(r"\+?\d(?:[ \t().\-/]{0,2}\d){6,}")
_MONEY = re.compile(
    r"\d[\d.,]*\s?(?:k|m|bn|million|billion|thousand)?\s?"
    r"(?:usd|eur|gbp|jpy|cny|rmb|inr|krw|chf|cad|aud|brl|sgd|hkd|sek|nok|pln|aed"
    r"|dollars?|euros?|pounds?|yen|yuan|won|rupees?|francs?|cents?|bucks)\b"
    r"|\b(?:usd|eur|gbp|jpy|cny|rmb|inr|krw|chf|cad|aud|brl|sgd|hkd)\s?\d"
    r"|\b(?:price|pric(?:es|ed|ing)|cost|costs|revenue|fee|fees|discount|margin|invoice|billing)\b",
    re.IGNORECASE,
)
_CUSTOMERS = re.compile(
    r"\b(?:\d[\d.,]*|dozens|hundreds|thousands|millions|billions)\s?(?:k|m|bn|%|percent|thousand|million|billion)?"
    r"\s(?:of\s)?(?:\w+\s){0,2}(?:customers?|accounts?|users?|subscribers?|clients?|seats?|tenants?"
    r"|organi[sz]ations?|requests?|exchanges?|calls|tokens?|prompts?)\b"
    r"|\bmarket share\b|\bcustomer\b|\bcustomers\b",
    re.IGNORECASE,
)
_MODEL = re.compile(
    r"\b\d+(?:\.\d+)?\s?[bt](?:illion)?[ -]param|\bparameters?\b|\bcheckpoints?\b"
    r"|\btraining\b|\btrained\b"
    r"|\bfine-?tun\w*|\bweights\b|\bcontext window\b|\bsystem prompt\b|\bbenchmarks?\b|\brelease\w*"
    r"|\bgpus?\b|\b(?:gpt|claude|gemini|llama|qwen|mistral|deepseek|grok|opus|sonnet|haiku)\b|\bmodels?\b",
    re.IGNORECASE,
)
_BAD = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_LONGEST_WORD, _MOST_DIGITS = 32, 24


def screen(text: str, where: str) -> None:
    """Refuse a text that says what may not leave.

    Args:
        text: a note or a name.
        where: path of the field.

    Raises:
        RuleError: X-13 to X-23, the first that it breaks.
    """
    broken = breach(text)
    if broken is not None:
        raise RuleError(broken, where=where)


def breach(text: str) -> str | None:  # noqa: C901, PLR0911 - one return a rule
    """Return the name of the first rule that a text breaks, None where it breaks none.

    >>> breach("seen again, other cards"), breach("ask anna@example.org"), breach("paid $20")
    (None, 'X-14', 'X-19')
    """
    if not (text.isascii() and text.isprintable()) and not _plain(text):
        return "X-13"
    if len(text) > LONGEST_NOTE:
        return "X-22"
    plain = _CLOCK.sub(" ", _folded(text))
    if _EMAIL.search(plain):
        return "X-14"
    if _V4.search(plain) or _V6.search(plain):  # before X-15: dots part the digits of numbers too
        return "X-18"
    if (numbers := _number(plain)) is not None:
        return numbers
    if _LINK.search(plain):
        return "X-17"
    if _MONEY.search(plain) or any(unicodedata.category(c) == "Sc" for c in plain):
        return "X-19"
    if _CUSTOMERS.search(plain):
        return "X-20"
    if _MODEL.search(plain):
        return "X-21"
    if (
        any(len(word) > _LONGEST_WORD for word in plain.split())
        or sum(c.isdigit() for c in plain) > _MOST_DIGITS
    ):
        return "X-23"
    return None


def _plain(text: str) -> bool:
    return unicodedata.normalize("NFC", text) == text and not any(
        unicodedata.category(c) in _BAD for c in text
    )


def _folded(text: str) -> str:
    """Return the text with compatibility forms and all scripts' digits as ASCII would have them."""
    if text.isascii():
        return text
    plain = unicodedata.normalize("NFKC", text)
    return "".join(
        str(unicodedata.digit(c)) if c.isdigit() and unicodedata.digit(c, -1) >= 0 else c
        for c in plain
    )


def _number(plain: str) -> str | None:
    """Tell card numbers (X-16) from phone numbers (X-15)."""
    found = None
    for match in _DIGITS.finditer(plain):
        digits = [int(c) for c in match[0] if c.isdigit()]
        if 13 <= len(digits) <= 19 and _luhn(digits):
            return "X-16"
        found = "X-15"
    return found


def _luhn(digits: list[int]) -> bool:
    """Say whether the check digit fits (ISO/IEC 7812-1, annex B)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = 2 * digit if place % 2 else digit
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0
