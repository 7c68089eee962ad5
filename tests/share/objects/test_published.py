"""The published pages are what the code says."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("page", "maker"),
    [("exchange-rules.md", "rules_page"), ("exchange.schema.json", "schema_text")],
)
def test_pages_are_current(page, maker):
    spec = importlib.util.spec_from_file_location("exchange", ROOT / "scripts" / "exchange.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    written = (ROOT / "docs" / "reference" / page).read_text("utf-8")
    assert written == getattr(module, maker)(), "run python scripts/exchange.py"
