"""A policy on trial says who would have been affected, and uses nothing before it was known."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stillwatch.records import ACCOUNT, EXCHANGE, verdict_schema

START = datetime(2026, 9, 1, tzinfo=UTC)
FLAGGED = START + timedelta(hours=10)
POLICY = """\
version = 1
[[campaigns]]
id = "c-1"
rung = "{rung}"
"""


def parquet(path, fields, rows):
    schema = pa.schema([(f.name, f.type) for f in fields if f.name in rows[0]])
    pq.write_table(pa.Table.from_pylist(rows, schema), path)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """An hour-by-hour log of a member, an innocent and a grey account, and a scan of it."""
    folder = tmp_path_factory.mktemp("recorded")
    accounts = ("member", "innocent", "grey")
    rows = [
        {
            "time": START + timedelta(hours=hour, minutes=place),
            "exchange_id": f"e-{hour}-{place}",
            "account_id": account,
            "model": "m",
            "prompt": f"How many trees stand in garden {hour} of {account}, and since when?",
            "output_tokens": 100,
        }
        for hour in range(20)
        for place, account in enumerate(accounts)
    ]
    parquet(folder / "exchanges.parquet", EXCHANGE, rows)
    parquet(
        folder / "accounts.parquet",
        ACCOUNT,
        [{"account_id": account, "plan": "free", "licensed": False} for account in accounts],
    )
    scan = folder / "scan"
    scan.mkdir()
    verdicts = [
        {
            "account_id": account,
            "campaign_id": campaign,
            "flagged_at": FLAGGED if campaign else None,
            "score": score,
            "reasons": [],
            "recommended_measure": "observe",
        }
        for account, campaign, score in (
            ("member", "c-1", 0.99),
            ("innocent", None, 0.01),
            ("grey", "c-1", 0.6),
        )
    ]
    table = pa.Table.from_pylist(verdicts, verdict_schema(pa.string()))
    pq.write_table(table, scan / "verdicts.parquet")
    finding = {"family": "content", "role": "evidence", "enough_data": True, "log_e": 9.0}
    campaign = {"campaign_id": "c-1", "review_only": False, "findings": [finding]}
    (scan / "campaigns.json").write_text(json.dumps({"campaigns": [campaign]}))
    return folder


def simulated(folder, rung, *more):
    (folder / "policy.toml").write_text(POLICY.format(rung=rung))
    arguments = ["policy", "simulate", "policy.toml", "exchanges.parquet", "--scan", "scan"]
    command = [sys.executable, "-m", "stillwatch", *arguments, "--json", *more]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=folder)  # noqa: S603 - ours
    return {one["cohort"]: one for one in map(json.loads, done.stdout.splitlines())}


@pytest.mark.parametrize("rung", ["withhold", "refuse"])
def test_a_named_campaign_meets_its_measure_from_when_it_was_flagged(recorded, rung):
    truth = pa.table(
        {
            "account_id": ["member", "innocent", "grey"],
            "cohort": ["attacker", "casual", "student"],
            "campaign": ["x-1", None, None],
        }
    )
    pq.write_table(truth, recorded / "truth.parquet")
    found = simulated(recorded, rung, "--truth", "truth.parquet")
    assert set(found) == {"campaign x-1", "casual", "student"}
    member = found["campaign x-1"]
    assert (member["accounts"], member["requests"]) == (1, 20)
    assert member["requests_by"][rung] == 10  # ten hours of twenty lie after the flag
    assert member["accounts_by"][rung] == 1
    assert sum(member["requests_by"].values()) == 10
    for cohort in ("casual", "student"):
        assert sum(found[cohort]["requests_by"].values()) == 0


def test_cohorts_may_be_a_column_of_the_account_table(recorded):
    found = simulated(recorded, "cap", "--accounts", "accounts.parquet", "--cohorts", "plan")
    assert set(found) == {"free"}
    assert found["free"]["accounts"] == 3
    assert found["free"]["accounts_by"]["cap"] == 1
