"""A whole scan: an easy campaign, event time, partitions, privacy and popular values."""

from __future__ import annotations

import time
from collections import Counter
from datetime import timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from easy_world import ASK, MEMBERS, START, easy_world, flags, run

from stillwatch.records import FAMILIES
from stillwatch.report.documents import write_scan


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return easy_world(tmp_path_factory.mktemp("easy") / "world")


@pytest.fixture(scope="module")
def whole(world):
    return run(world.exchanges, world.accounts)


def test_an_easy_campaign_is_found_and_nobody_else(world, whole):
    found = flags(whole[0])
    assert len(found.keys() & set(MEMBERS)) >= 36
    assert len(found.keys() & world.benign) <= 5
    ids = Counter(found[a][0] for a in found if a in MEMBERS)
    assert ids.most_common(1)[0][1] >= 36
    first = min(found[a][1] for a in found if a in MEMBERS)
    assert first - START <= timedelta(days=7)


def test_every_account_has_a_verdict_and_every_campaign_its_reasons(world, whole):
    result, activity = whole
    seen = [v.account_id for v in result.verdicts]
    assert len(seen) == len(set(seen))
    assert set(world.exchanges["account_id"].to_pylist()) <= set(seen)
    assert result.exchanges == len(world.exchanges)
    for verdict in result.verdicts:
        assert (verdict.campaign_id is None) == (verdict.flagged_at is None)
        assert 0 <= verdict.score <= 1
        assert verdict.reasons or verdict.flagged_at is None
    for campaign in result.campaigns:
        assert set(campaign.flagged_at) == set(campaign.members)
        assert min(campaign.flagged_at.values()) == campaign.declared_at
        families = {f.family for f in campaign.findings if f.log_e > 0}
        assert families <= set(FAMILIES)
        assert len(families) >= 2
    assert set(activity["campaign_id"].to_pylist()) == {c.campaign_id for c in result.campaigns}


@pytest.mark.parametrize("days", [4, 7, 10])
def test_a_log_cut_at_a_time_gives_the_verdicts_up_to_it(world, whole, days):
    until = START + timedelta(days=days)
    cut = world.exchanges.filter(pc.less(world.exchanges["time"], pa.scalar(until)))
    wanted = flags(whole[0], until)
    alone = run(cut, world.accounts)[0]
    look = run(world.exchanges, world.accounts, as_of=until)[0]
    assert flags(alone) == flags(look) == wanted
    assert wanted or days < 7
    # what every proposer proposed and why it fell short, too
    assert alone.verdicts == look.verdicts
    assert alone.campaigns == look.campaigns
    assert alone.findings == look.findings
    assert alone.groups_tested == look.groups_tested


@pytest.mark.parametrize("batch", [150, 100_000])
def test_partitions_and_order_of_rows_change_nothing(world, whole, batch):
    order = np.random.default_rng(batch).permutation(len(world.exchanges))
    mixed = world.exchanges.take(pa.array(order))
    people = world.accounts.take(pa.array(np.arange(len(world.accounts))[::-1]))
    result, activity = run(mixed, people, batch=batch)
    assert result.verdicts == whole[0].verdicts
    assert result.campaigns == whole[0].campaigns
    assert activity.equals(whole[1])


def text_of(folder):
    """Return everything that a scan wrote, Parquet unpacked."""
    parts = []
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        if path.suffix == ".parquet":
            parts.append(str(pq.read_table(path).to_pydict()))
        else:
            parts.append(path.read_text("utf-8"))
    return "\n".join(parts)


def test_outputs_hold_no_prompt(world, whole, tmp_path):
    result, activity = whole
    write_scan(result, tmp_path / "out", activity)
    written = text_of(tmp_path / "out")
    assert MEMBERS[0] in written
    assert ASK not in written
    assert "intermediate step" not in written
    for prompt in world.exchanges["prompt"].to_pylist()[::37]:
        words = prompt.split()
        if len(words) >= 8:
            assert " ".join(words[:8]) not in written


def test_a_value_that_everyone_shares_costs_little_and_flags_nobody(world):
    same = world.exchanges
    for name, value in (("ip", "198.51.100.7"), ("user_agent", "app/1"), ("tls_fingerprint", "t")):
        column = pa.array([value] * len(same), same.schema.field(name).type)
        same = same.set_column(same.schema.get_field_index(name), name, column)
    greeted = pc.binary_join_element_wise(
        "Please keep the house style in mind.", same["prompt"], "\n"
    )
    same = same.set_column(same.schema.get_field_index("prompt"), "prompt", greeted)
    people = world.accounts
    for name in ("payment_fingerprint", "phone_hash", "device_fingerprint"):
        column = pa.array(["one"] * len(people), people.schema.field(name).type)
        people = people.set_column(people.schema.get_field_index(name), name, column)
    run(same.slice(0, 2000), people)  # compiles
    started = time.perf_counter()
    result, _ = run(same, people)
    assert time.perf_counter() - started < 40
    assert len(flags(result).keys() & world.benign) <= 5


def test_too_little_is_no_campaign(world):
    few = world.exchanges.slice(0, 300)
    result, activity = run(few, None)
    assert result.campaigns == ()
    assert len(activity) == 0
    assert {v.recommended_measure for v in result.verdicts} == {"observe"}
    assert any("payment-links" in words for words in result.missing)


def test_licensed_accounts_are_left_out(world):
    place = world.accounts.schema.get_field_index("licensed")
    licensed = pc.is_in(world.accounts["account_id"], value_set=pa.array(MEMBERS))
    people = world.accounts.set_column(place, "licensed", licensed)
    assert flags(run(world.exchanges, people)[0]).keys().isdisjoint(MEMBERS)
