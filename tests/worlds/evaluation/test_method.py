"""The adapter of bench/ between the scan and the ablation: what it hands on and refuses."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from world_files import Row, write_world

from stillwatch.find.detectors import DETECTORS
from stillwatch.records import FAMILIES
from stillwatch.worlds.evaluation.ablation import Case, ablations, degradations, run_cases, table
from stillwatch.worlds.evaluation.variations import MISSING

ROWS = [
    Row(f"{cohort}{n}", cohort, kind, campaign, sends=[(24 * k + n, harvest) for k in range(4)])
    for cohort, kind, campaign, harvest in (
        ("people", "benign", None, False),
        ("wide", "attack", "A", True),
    )
    for n in range(5)
]


@pytest.fixture(scope="module")
def bench():
    path = Path(__file__).parents[3] / "bench" / "method.py"
    spec = importlib.util.spec_from_file_location("method", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def world(tmp_path):
    return write_world(tmp_path / "world", ROWS)


def verdicts(out):
    return pq.read_table(out / "verdicts.parquet")


def test_observations_and_exchanges_give_the_same(bench, world, tmp_path):
    scan = bench.Method(tmp_path, step=24)
    plain, observed = scan(world), scan(world, observations=True)
    assert verdicts(plain).equals(verdicts(observed))
    assert len(verdicts(plain)) == len(ROWS)
    assert list(tmp_path.glob("observations-*/observations.json"))


def test_every_case_can_be_scanned(bench, world, tmp_path):
    parts = ablations(FAMILIES, [detector.slug for detector in DETECTORS])
    lacking = [v for v in MISSING if v.name in {"no account table", "no output tokens"}]
    cases = (parts[0], parts[-1], Case("key", {"key": b"k"}), *degradations(lacking))
    (tmp_path / "work").mkdir()
    found = run_cases(bench.Method(tmp_path / "work", step=24), [world], cases, tmp_path / "work")
    assert [row[0] for row in table(found).rows] == ["whole", *(case.name for case in cases)]


@pytest.mark.parametrize("name", ["without_families", "without_detectors"])
def test_a_part_that_is_none_is_refused(bench, world, tmp_path, name):
    with pytest.raises(ValueError, match="no such family or detector: smell"):
        bench.Method(tmp_path)(world, **{name: ("smell",)})


def test_what_is_left_out_reaches_the_settings(bench, world, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(bench, "scan_command", lambda *_, **given: asked.append(given["without"]))
    bench.Method(tmp_path)(world, without_families=("identity",), without_detectors=("lock-step",))
    assert asked == [{"identity", "lock-step"}]
