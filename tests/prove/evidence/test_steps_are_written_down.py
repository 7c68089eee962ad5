"""Every step is in the reference, in the code that enforces it, and tampered with."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from stillwatch.prove.evidence import STEPS

ROOT = Path(__file__).parents[3]
CODE = "\n".join(
    path.read_text("utf-8")
    for path in sorted((ROOT / "src/stillwatch/prove/evidence").glob("*.py"))
    if path.stem != "steps"
)
TAMPERED = "\n".join(
    path.read_text("utf-8") for path in sorted((ROOT / "tests/hostile/evidence").glob("*.py"))
)


@pytest.mark.parametrize("step", STEPS)
def test_a_step_is_enforced_and_tampered_with(step):
    assert f'"{step}"' in CODE
    assert re.search(rf'["  ]{step}["  ]', TAMPERED)


def test_the_reference_lists_the_steps():
    page = (ROOT / "docs/reference/evidence.md").read_text("utf-8")
    assert dict(re.findall(r"^\| (E-\d+) \| (.+) \|$", page, re.MULTILINE)) == STEPS
