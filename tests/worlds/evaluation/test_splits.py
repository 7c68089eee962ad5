"""The splits of bench/ never meet: not in corpora, seeds or parameters."""

from __future__ import annotations

import importlib.util
import sys
from itertools import combinations
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest


@pytest.fixture(scope="module")
def splits():
    path = Path(__file__).parents[3] / "bench" / "splits.py"
    spec = importlib.util.spec_from_file_location("splits", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["splits"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["splits"]


@pytest.fixture
def text(tmp_path):
    folder = tmp_path / "text"
    folder.mkdir()
    for number in range(9):
        kind = "legit" if number < 6 else "distill"
        rows = [f"prompt {number} {i}" for i in range(5)] + ["Quoted  everywhere"]
        pq.write_table(
            pa.table({"prompt": rows, "source": [f"s{number}"] * 6, "kind": [kind] * 6}),
            folder / f"f{number}.parquet",
        )
    pq.write_table(pa.table({"t_seconds": [1.0]}), folder / "timing.parquet")
    return folder


def test_each_kind_is_dealt_evenly(splits, text):
    dealt = splits.split_of(text)
    for kind in (range(6), range(6, 9)):
        where = [dealt[f"s{number}"] for number in kind]
        assert {where.count(s) for s in splits.SPLITS} == {len(where) // 3}


def test_what_a_source_is_dealt_does_not_hang_on_file_names(splits, text):
    before = splits.split_of(text)
    for number, path in enumerate(sorted(text.glob("f*.parquet"), reverse=True)):
        path.rename(text / f"renamed{number}.parquet")
    assert splits.split_of(text) == before


def test_no_prompt_is_in_two_splits(splits, text, tmp_path):
    held = {}
    for split in splits.SPLITS:
        rows = splits.write_text(text, split, tmp_path / split)
        prompts = [
            " ".join(p.lower().split())
            for path in (tmp_path / split).glob("*.parquet")
            for p in pq.read_table(path)["prompt"].to_pylist()
        ]
        assert sum(rows.values()) == len(prompts)
        held[split] = set(prompts)
    assert "quoted everywhere" in held["dev"]
    for one, other in combinations(splits.SPLITS, 2):
        assert not held[one] & held[other]


def test_parameters_never_meet_and_span_the_range(splits):
    drawn = {s: [splits.parameters(s, n) for n in range(200)] for s in splits.SPLITS}
    for one, other in combinations(splits.SPLITS, 2):
        for name in ("seed", "days", "start", "prevalence"):
            values = [{getattr(p, name) for p in drawn[s]} for s in (one, other)]
            assert not values[0] & values[1], name
    for worlds in drawn.values():
        assert min(p.prevalence for p in worlds) < 0.01
        assert max(p.prevalence for p in worlds) > 0.04
        assert all(0.005 <= p.prevalence <= 0.07 for p in worlds)
    assert splits.parameters("dev", 3) == splits.parameters("dev", 3)
