"""Every rule R-, L- and W- is in the reference, in the code and in the name of a test."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reference" / "ledger.md").read_text("utf-8")
RULES = re.findall(r"^\| ([RLW]-\d+) \|", PAGE, re.MULTILINE)


def texts(*folders):
    return "\n".join(
        p.read_text("utf-8") for f in folders for p in sorted((ROOT / f).rglob("*.py"))
    )


CODE = texts("src/stillwatch/ledger", "src/stillwatch/share/witness")
TESTS = texts("tests/ledger", "tests/share/witness")


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_is_enforced_and_tested(rule):
    assert f"# {rule}" in CODE
    assert f'"{rule}"' in CODE
    assert re.search(rf"def test_{rule.lower().replace('-', '_')}_\w", TESTS)


def test_no_rule_is_missing_from_the_page():
    assert set(re.findall(r'"([RLW]-\d+)"', CODE)) == set(RULES)
