"""The tables of bench/fairness.py say who was flagged, of how many, within exact bounds."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest
from world_files import Row, write_verdicts, write_world

from stillwatch.worlds import evaluation as ev

BENCH = Path(__file__).parents[3] / "bench"


@pytest.fixture(scope="module")
def fairness():
    sys.path.insert(0, str(BENCH))
    spec = importlib.util.spec_from_file_location("fairness", BENCH / "fairness.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    sys.path.remove(str(BENCH))


@pytest.fixture
def found(tmp_path):
    people = [
        Row(f"p{i}", "casual", "benign", language="en", sends=[(i, False)]) for i in range(10)
    ]
    labs = [Row(f"l{i}", "labs", "benign", language="ar", sends=[(i, False)]) for i in range(4)]
    thieves = [Row(f"t{i}", "spread", "attack", "s-1", sends=[(i, True)]) for i in range(3)]
    world = write_world(tmp_path / "world", people + labs + thieves)
    flagged = [(row.account, "c", 20.0, 0.9) for row in (*labs[:3], *thieves)]
    return ev.evaluate(world, write_verdicts(tmp_path / "verdicts.parquet", flagged))


def test_cohorts_and_languages_stand_apart_with_their_bounds(fairness, found):
    page = fairness.shown("made", found)
    assert "| `labs` | 3 of 4 | 75.00 % | 19.41 % to 99.37 % | too few |" in page
    assert "| `casual` | 0 of 10 | 0.00 % | 0.00 % to 30.85 % | too few |" in page
    assert "| `ar` | 3 of 4 |" in page
    assert "All benign: 3 of 14, " in page
    assert "spread" not in page


def test_the_worst_comes_first(fairness, found):
    page = fairness.shown("made", found)
    assert page.index("`labs`") < page.index("`casual`")
