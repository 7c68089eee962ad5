"""Writes docs/reference/exchange-rules.md and exchange.schema.json from the code.

Run ``python scripts/exchange.py`` after a change to a rule or to an object's fields;
``tests/share/objects`` fails until the pages agree with the code.
"""
# ruff: noqa: INP001, E501

from __future__ import annotations

import json
import re
from itertools import groupby
from pathlib import Path

from stillwatch.share.objects import LIVES, RULES, exchange_schema
from stillwatch.share.objects.fields import GRID

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "docs" / "reference"
TESTS = ROOT / "tests" / "share" / "objects" / "test_exchange_rules.py"
NOTE = "<!-- written by scripts/exchange.py; change the code instead -->"
HEAD = """# Rules of the exchange

What may travel between members, as numbered rules. The code that enforces a rule cites its number, an
object that breaks one is refused with that number, and each rule has a test. `stillwatch.share.objects.parse`
enforces X-1 to X-43 on bytes alone, at the member before anything leaves and at the hub before anything is
taken; `check_arrival` enforces the rest, which depend on the sender, the time and what is already held.

Objects are STIX 2.1. All fields of ours are in one property extension,
`extension-definition--4d7aa45e-16ee-45d4-9ee0-c74c3c518642`; [exchange.schema.json](exchange.schema.json) is the
JSON Schema of all that travels, for tools that have no Python. A schema cannot say everything: where the two
differ, the rules decide.

Rules X-14 to X-24 are the antitrust rule. The schema has no field for a prompt, an answer, an identifier in
clear, a price, a number of customers or a fact of a model, and none that could hold one, except the note. The
note is screened with patterns, which stop what slips in and do not stop somebody who means to get round them:
a hub's operator may refuse notes altogether, and counsel reads them in the audit log."""


def rules_page() -> str:
    """Return the page of rules."""
    tests = re.findall(r"^def (test_x_(\d+)_\w+)\(", TESTS.read_text("utf-8"), re.MULTILINE)
    first = {number: name for name, number in reversed(tests)}
    first |= {
        number: name for name, number in tests if "_to_x_" not in name and number not in first
    }
    lines = [NOTE, HEAD]
    for part, rules in groupby(RULES, key=lambda rule: rule.part):
        lines += ["", f"## {part}", "", "| rule | says | what to do | test |", "|---|---|---|---|"]
        lines += [
            f"| {rule.name} | {rule.says} | {rule.todo} | `{first.get(rule.name[2:], '')}` |"
            for rule in rules
        ]
    lines += [
        "",
        "## Lives",
        "",
        "Days from `valid_from` to `valid_until` at most, and days in which half of the",
        "confidence goes. The half-lives are stated priors, to be corrected by sightings.",
        "",
        "| kind | longest | half | because |",
        "|---|--:|--:|---|",
    ]
    lines += [
        f"| {kind} | {life.longest} | {life.half} | {life.why} |" for kind, life in LIVES.items()
    ]
    lines += [
        "",
        "## The grid of shares",
        "",
        "Shares of accounts that are not the campaign's are rounded up to "
        + ", ".join(f"{step:,}" for step in GRID[:8])
        + ", …, 10,000,000 in their unit. A finer share would",
        "tell of how many accounts it is one: with 5,000 accounts all are multiples of 200 in a million.",
    ]
    return "\n".join(lines) + "\n"


def schema_text() -> str:
    """Return the published JSON Schema."""
    return json.dumps(exchange_schema(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    (REFERENCE / "exchange-rules.md").write_text(rules_page(), "utf-8")
    (REFERENCE / "exchange.schema.json").write_text(schema_text(), "utf-8")
