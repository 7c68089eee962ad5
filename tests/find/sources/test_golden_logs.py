"""Logs of known products, read to the letter: rewrite with ``REWRITE_GOLDEN=1 pytest``."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("name", ["litellm.jsonl", "otlp.json", "otlp_older.jsonl"])
def test_golden(name, read):
    got = read(GOLDEN / name)
    found = {
        "format": got.source.formats,
        "account_type": str(got.source.account_type),
        "rows": [{k: v for k, v in row.items() if v is not None} for row in got.rows],
        "bad": got.bad,
        "cells": got.cells,
        "quarantined": [{k: q[k] for k in ("row", "rule", "column")} for q in got.quarantined],
    }
    text = json.dumps(found, indent=1, default=lambda t: t.isoformat()) + "\n"
    expected = GOLDEN / f"{name.split('.')[0]}.expected.json"
    if os.environ.get("REWRITE_GOLDEN"):
        expected.write_text(text)
    assert text == expected.read_text()
