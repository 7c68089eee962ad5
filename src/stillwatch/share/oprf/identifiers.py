"""Clear identifiers → the input of the function: one spelling each, under one version of the rules.

Two members match only where they spell alike, so the rules have a version that is in the input.
They are listed, with test vectors, in docs/reference/oprf.md and `vectors.json`.
"""

from __future__ import annotations

import re
import unicodedata

from stillwatch.errors import InputFormatError, RefusedError
from stillwatch.share.oprf.kinds import KINDS

__all__ = ["RULES_VERSION", "encode", "normalise"]

RULES_VERSION = 1
"""Version of the rules of normalisation and of the encoding; a new one makes new pseudonyms."""

_FORMS = {
    "email": "local part, @ and a domain of two labels or more",
    "phone": "an international number that begins with + or 00, without extension",
    "par": "29 letters and digits (EMV payment account reference)",
}


_DIALLED = re.compile(r"\+[0-9][0-9\s().\-/\u2010-\u2015]{0,40}")
"""What a number may be written with; letters that stand for digits are refused."""


def normalise(kind: str, value: str) -> str | None:
    """Return an identifier in its one spelling, None where it is none of this type.

    Raises:
        RefusedError: P-2 the type is none of email, phone and par.

    >>> normalise("email", "An.Na+x@googlemail.com"), normalise("phone", "+44 (0)20 7946 0958")
    ('anna@gmail.com', '+442079460958')
    """
    # an operator, who sees no identifier, is spared all that reads logs
    from stillwatch.find.sources.vault.normalise import (  # noqa: PLC0415
        normalise_email,
        normalise_par,
    )

    if kind not in KINDS:  # P-2
        raise RefusedError("P-2", "an identifier is of type email, phone or par", where=kind[:40])
    if not value.isascii():
        value = unicodedata.normalize("NFKC", value)
    if kind == "email":
        return normalise_email(value, provider_rules=True)
    return _phone(value) if kind == "phone" else normalise_par(value)


def _phone(value: str) -> str | None:
    """Return a number in E.164 form with its plus, None where it is none.

    Whether a number is possible is asked by its length alone: which ranges are in use changes with
    every release of the numbering plans, and two members would disagree.
    """
    import phonenumbers  # noqa: PLC0415 - its tables of numbering plans are large

    text = value.strip()
    if text.startswith("00"):
        text = f"+{text[2:]}"
    text = "".join(str(unicodedata.digit(c)) if c.isdigit() else c for c in text)
    if not _DIALLED.fullmatch(text):
        return None
    while True:  # a national prefix is taken off once a time, and junk has several
        try:
            number = phonenumbers.parse(text, None)
        except phonenumbers.NumberParseException:
            return None
        if not phonenumbers.is_possible_number(number):
            return None
        before, text = text, phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        if text == before:
            return text


def encode(kind: str, value: str) -> bytes:
    """Return the input of the function for an identifier: version, type, length, value (P-2).

    Version and type are a byte each, the length is two, big-endian, and the value is UTF-8, so that
    no two identifiers have one input.

    Raises:
        InputFormatError: the value is no identifier of this type; the error does not repeat it.
        RefusedError: P-2 the type is none of email, phone and par.

    >>> encode("phone", "0049 170 1234567").hex(" ", 1)
    '01 02 00 0d 2b 34 39 31 37 30 31 32 33 34 35 36 37'
    """
    spelled = normalise(kind, value)
    if spelled is None:
        raise InputFormatError(
            f"a value of {len(value)} characters is no {kind}", todo=f"give {_FORMS[kind]}"
        )
    raw = spelled.encode("utf-8")
    head = bytes([RULES_VERSION, KINDS[kind]])
    return head + len(raw).to_bytes(2, "big") + raw  # P-2
