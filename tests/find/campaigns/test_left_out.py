"""``Settings.without``: families and detectors that a scan leaves out, for ablation."""

from __future__ import annotations

import pytest
from easy_world import easy_world

from stillwatch.find.campaigns import Settings, scan
from stillwatch.find.features.rows import HOUR
from stillwatch.records import FAMILIES


@pytest.mark.parametrize("without", [FAMILIES, ("identity",), ("payment-links",)], ids=str)
def test_what_is_left_out_says_nothing(tmp_path, without):
    world = easy_world(tmp_path / "world")
    settings = Settings(step=24 * HOUR, without=frozenset(without))
    batches = world.exchanges.combine_chunks().to_batches(max_chunksize=4_000)
    result, _ = scan(batches, world.accounts, settings=settings)
    findings = [*result.findings, *(f for c in result.campaigns for f in c.findings)]
    assert not [f for f in findings if {f.family, f.detector} & set(without) and f.log_e]
    assert without != FAMILIES or result.campaigns == ()
