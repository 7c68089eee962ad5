"""Verdicts and findings as Arrow tables, and the optional table of a campaign's activity."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pyarrow as pa

from stillwatch.records import TIME, Field, verdict_schema

if TYPE_CHECKING:
    from stillwatch.records import Finding, ScanResult

__all__ = [
    "ACTIVITY",
    "FINDINGS_SCHEMA",
    "all_findings",
    "findings_table",
    "verdicts_table",
]

ACTIVITY: tuple[Field, ...] = (
    Field("campaign_id", pa.string(), "campaign concerned", required=True),
    Field("time", TIME, "start of the bin, UTC", required=True),
    Field("exchanges", pa.int64(), "exchanges of the campaign in the bin", required=True),
    Field("accounts_created", pa.int64(), "members created in the bin", required=True),
    Field("accounts_blocked", pa.int64(), "members first blocked in the bin"),
)
"""Columns of the activity table that :func:`write_scan` draws as a timeline."""

FINDINGS_SCHEMA = pa.schema(
    [
        pa.field("detector", pa.string(), nullable=False),
        pa.field("family", pa.string(), nullable=False),
        pa.field("group", pa.string(), nullable=False),
        pa.field("campaign_id", pa.string()),
        pa.field("role", pa.string(), nullable=False),
        pa.field("log_e", pa.float64(), nullable=False),
        pa.field("enough_data", pa.bool_(), nullable=False),
        pa.field("effect", pa.float64()),
        pa.field("n", pa.int64(), nullable=False),
        pa.field("first", TIME),
        pa.field("last", TIME),
        pa.field("explanation", pa.string(), nullable=False),
        pa.field("exchanges", pa.list_(pa.string()), nullable=False),
    ]
)
"""Columns of ``findings.parquet``; ``campaign_id`` is null for groups not declared."""


def verdicts_table(result: ScanResult) -> pa.Table:
    """Return one row an account, in the order of ``result.verdicts``."""
    rows = result.verdicts
    schema = verdict_schema(result.account_type)
    columns = [
        pa.array([row.account_id for row in rows], schema.field("account_id").type),
        pa.array([row.campaign_id for row in rows], pa.string()),
        pa.array([row.flagged_at for row in rows], TIME),
        pa.array([row.score for row in rows], pa.float64()),
        pa.array([list(row.reasons) for row in rows], pa.list_(pa.string())),
        pa.array([row.recommended_measure for row in rows], pa.string()),
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def all_findings(result: ScanResult) -> tuple[tuple[Finding, str | None], ...]:
    """Return every finding once with its campaign, declared campaigns first."""
    pairs: dict[Finding, str | None] = {}
    owner: dict[str, str] = {}
    for campaign in result.campaigns:
        owner[campaign.campaign_id] = campaign.campaign_id
        for finding in campaign.findings:
            owner.setdefault(finding.group, campaign.campaign_id)
            pairs.setdefault(finding, campaign.campaign_id)
    for finding in result.findings:
        pairs.setdefault(finding, owner.get(finding.group))
    return tuple(pairs.items())


def findings_table(result: ScanResult) -> pa.Table:
    """Return one row a finding."""
    pairs = all_findings(result)
    columns: dict[str, list[object]] = {name: [] for name in FINDINGS_SCHEMA.names}
    for finding, campaign_id in pairs:
        for name, values in columns.items():
            values.append(campaign_id if name == "campaign_id" else getattr(finding, name))
    columns["effect"] = [None if math.isnan(f.effect) else f.effect for f, _ in pairs]
    return pa.Table.from_pydict(columns, schema=FINDINGS_SCHEMA)
