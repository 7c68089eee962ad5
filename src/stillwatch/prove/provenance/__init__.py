"""Marks in prompts, by gateways of consenting partners: licensed data told from stolen data later.

>>> from stillwatch.prove.provenance import Shown, mark, places_of
"""

from stillwatch.prove.provenance.checking import Checked, Group, Row, check
from stillwatch.prove.provenance.forms import Place, fingerprint, read_lines
from stillwatch.prove.provenance.marking import Marked, Shown, mark, places_of
from stillwatch.prove.provenance.tokens import FIELD, Token, in_system, sign, verify

__all__ = [
    "FIELD",
    "Checked",
    "Group",
    "Marked",
    "Place",
    "Row",
    "Shown",
    "Token",
    "check",
    "fingerprint",
    "in_system",
    "mark",
    "places_of",
    "read_lines",
    "sign",
    "verify",
]
