"""A scan's output folder, as the service reads it."""

from __future__ import annotations

import hashlib
import json

import pyarrow as pa
import pyarrow.parquet as pq

FINDINGS = [
    {"family": family, "role": "evidence", "log_e": 9.0}
    for family in ("content", "rhythm", "identity")
]


def write_scan(folder, accounts, *, campaign="c-1", score=0.97, as_of="2026-10-01T00:00:00+00:00"):
    """Write what the service reads of a scan's folder."""
    folder.mkdir(exist_ok=True)
    named = [None if score is None else campaign] * len(accounts)
    table = pa.table(
        {
            "account_id": pa.array(accounts, pa.string()),
            "campaign_id": pa.array(named, pa.string()),
            "flagged_at": pa.array([0] * len(accounts), pa.timestamp("us", "UTC")),
            "score": pa.array([score or 0.0] * len(accounts), pa.float64()),
        }
    )
    pq.write_table(table, folder / "verdicts.parquet")
    digest = hashlib.sha256((folder / "verdicts.parquet").read_bytes()).hexdigest()
    document = {
        "schema_version": 1,
        "scan": {"as_of": as_of},
        "files": {"verdicts.parquet": {"sha256": digest}},
        "campaigns": [{"campaign_id": campaign, "findings": FINDINGS}],
    }
    (folder / "campaigns.json").write_text(json.dumps(document))
