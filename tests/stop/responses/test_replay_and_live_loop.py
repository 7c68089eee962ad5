"""What bench/ counts: worlds through the gateway's decisions, and a scan put where a peer looks."""

from __future__ import annotations

import hashlib
import importlib
import json
import sys
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

BENCH = Path(__file__).parents[3] / "bench"
HOUR = 3_600_000_000
DAY = 24 * HOUR
START = 1_790_035_200_000_000 // HOUR * HOUR


@pytest.fixture(scope="module")
def bench():
    sys.path.insert(0, str(BENCH))
    try:
        yield {name: importlib.import_module(name) for name in ("replay", "live_loop")}
    finally:
        sys.path.remove(str(BENCH))


@pytest.fixture(scope="module")
def policy(bench):
    return bench["replay"].signed_policy()


def row(bench, number, account, hours, prompt="Why is the sky blue?"):
    return bench["replay"].made_row(
        {
            "time": START + int(hours * HOUR), "exchange_id": f"x{number}", "account_id": account,
            "model": "m", "prompt": f"{prompt} {number}", "output_tokens": 50,
        }
    )  # fmt: skip


def world(bench, hours, *, flagged_at, people=()):
    """Return a world of one attacker who asks at some hours, flagged at one, and of people."""
    people = [("early", 0), *people]
    rows = [row(bench, number, "bad", hour) for number, hour in enumerate(hours)]
    rows += [row(bench, 1000 + number, name, hour) for number, (name, hour) in enumerate(people)]
    flagged = {"bad": (START + flagged_at * HOUR, "campaign-1")}
    campaign = {"campaign_id": "campaign-1", "review_only": False, "findings": []}
    truth = {"bad": ("attack", "spread", "c", "en")}
    truth |= {name: ("benign", "casual", "", "en") for name, _ in people}
    names = [*truth]
    return bench["replay"].World(
        "made", sorted(rows, key=lambda one: one.time),
        pa.table({"account_id": names, "plan": ["free"] * len(names)}), truth,
        {f"x{n}" for n in range(len(hours))},
        dict.fromkeys(("hourly", "daily"), flagged),
        {key: [campaign] for key in ("hourly", "daily")},
        {key: {name: 0.0 for name in names if name != "bad"} for key in ("hourly", "daily")},
    )  # fmt: skip


HOURS = [*range(24, 34), *range(40, 50)]  # the first day is observed alone


def replayed(bench, policy, made, moves):
    return bench["replay"].Replay(made, policy, "hourly", moves).run()


def test_what_an_actor_takes_before_it_is_flagged_is_leaked_and_what_follows_is_not(bench, policy):
    made = world(bench, HOURS, flagged_at=36, people=[("ann", hour + 0.5) for hour in HOURS])
    ran = replayed(bench, policy, made, "leaves")
    assert ran.harvested == {"c": 20}
    assert ran.leaked == {"c": 10}
    assert not any(ran.met["ann"].get(name) for name in bench["replay"].OUTCOMES)
    total, taken = bench["replay"].alone(made, "hourly")
    assert (total["c"], taken["c"]) == (20, 10)


def test_an_actor_that_was_never_flagged_leaks_all_and_people_are_counted_each(bench, policy):
    made = world(bench, HOURS, flagged_at=10_000, people=[("ann", 30), ("bob", 31)])
    ran = replayed(bench, policy, made, "leaves")
    assert ran.leaked == ran.harvested == {"c": 20}
    assert ran.requests == {"early": 1, "ann": 1, "bob": 1}


def test_new_accounts_take_what_the_old_one_was_refused_until_they_are_found(bench, policy):
    made = world(bench, HOURS, flagged_at=36)
    leaves, moves, never = (
        replayed(bench, policy, made, how).leaked["c"]
        for how in ("leaves", "new accounts", "never found")
    )
    assert leaves < moves <= never
    assert moves > 10


def test_a_shop_of_fifty_times_the_median_is_put_in_and_keeps_its_cohorts_words(bench):
    made = world(bench, HOURS, flagged_at=36, people=[("loc", 25), ("loc", 26), ("ann", 27)])
    made.truth["loc"] = ("benign", "localisation", "", "fr")
    grown = bench["replay"].with_shops(made)
    shop = [one for one in grown.rows if one.account == "shop"]
    assert len(shop) == 75  # the median of 20, 2, 1 and 1 requests is 1.5
    assert {one.request.body for one in shop} == {
        one.request.body for one in made.rows if one.account == "loc"
    }
    assert [one.time for one in grown.rows] == sorted(one.time for one in grown.rows)


def test_upper_ends_of_shares_are_those_of_clopper_and_pearson(bench):
    upper = bench["replay"].upper
    assert upper(0, 7050) == pytest.approx(1 - 0.05 ** (1 / 7050))
    assert upper(5, 5) == 1.0


def scanned(folder):
    folder.mkdir()
    document = {
        "scan": {"as_of": "2026-11-01T00:00:00+00:00"},
        "campaigns": [{"campaign_id": "campaign-0123456789",
                       "signature": {"campaign": "campaign-0123456789"}}],
    }  # fmt: skip
    (folder / "campaigns.json").write_text(json.dumps(document))
    table = pa.table({"account_id": ["a", "b"], "campaign_id": ["campaign-0123456789", None]})
    pq.write_table(table, folder / "verdicts.parquet")
    return folder


def test_each_repeat_declares_under_a_name_of_its_own(bench, tmp_path):
    loop = bench["live_loop"]
    scan = scanned(tmp_path / "scan")
    names = set()
    for number in (0, 1, 300):
        document, verdicts = loop.declared(scan, number)
        (one,) = document["campaigns"]
        assert one["signature"]["campaign"] == one["campaign_id"]
        assert verdicts["campaign_id"].to_pylist() == [one["campaign_id"], None]
        names.add(one["campaign_id"])
    assert len(names) == 3


def test_a_scan_is_put_so_that_a_gateway_reads_it_whole(bench, tmp_path):
    from stillwatch.stop.service.scans import read_scan  # noqa: PLC0415

    loop = bench["live_loop"]
    out = tmp_path / "out"
    out.mkdir()
    loop.put(out, *loop.own_finding("suspect", ("content", "rhythm")))
    digest = hashlib.sha256((out / "verdicts.parquet").read_bytes()).hexdigest()
    document = msgspec.json.decode((out / "campaigns.json").read_bytes())
    assert document["files"]["verdicts.parquet"]["sha256"] == digest
    assert read_scan(out, version=1).kind == "scan"


def test_innocents_are_accounts_of_no_campaign_each_once(bench, tmp_path):
    folder = tmp_path / "exchanges"
    folder.mkdir()
    truth = {"account_id": ["a", "b", "c"], "kind": ["benign", "attack", "benign"]}
    pq.write_table(pa.table(truth), tmp_path / "truth_accounts.parquet")
    log = {"account_id": ["a", "b", "a", "c"]} | {
        name: ["x"] * 4 for name in bench["live_loop"].COLUMNS if name != "account_id"
    }
    pq.write_table(pa.table(log), folder / "part.parquet")
    assert [one["account_id"] for one in bench["live_loop"].innocents(tmp_path)] == ["a", "c"]


@pytest.mark.parametrize(
    ("rungs", "wrong"),
    [
        ({"a peer's word": "verify", "and a finding of our own": "refuse"}, False),
        ({"a peer's word": "refuse", "and a finding of our own": "refuse"}, True),
        ({"a peer's word": "verify", "and a finding of our own": "verify"}, True),
    ],
)
def test_the_loop_fails_where_a_peers_word_alone_refuses_or_an_own_finding_does_not(
    bench, capsys, rungs, wrong
):
    hops = dict.fromkeys((*bench["live_loop"].HOPS, "recalled"), 0.5)
    found = {"rounds": [{"seconds": hops, "touched": {"people": [False, True]}}], "rungs": rungs}
    if wrong:
        with pytest.raises(SystemExit, match="refused on"):
            bench["live_loop"].told(found)
    else:
        bench["live_loop"].told(found)
    assert "people: denied 1 of 2" in capsys.readouterr().out
