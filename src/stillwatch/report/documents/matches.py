"""What matching found, as files: a row an account and signature, and a summary."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch import __version__
from stillwatch.find.signatures.evidence import MEASURES
from stillwatch.records import TIME
from stillwatch.report.documents.folder import digest, staged

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from stillwatch.find.signatures import Matches

__all__ = ["MATCHES", "SUMMARY", "matches_schema", "write_matches"]

MATCHES = "matches.parquet"
"""Name of the rows in the output folder."""
SUMMARY = "matches.json"
"""Name of the summary; written last."""


def matches_schema(account_type: pa.DataType) -> pa.Schema:
    """Return the Arrow schema of ``matches.parquet``.

    Args:
        account_type: Arrow type of account_id in the input, kept as it is.
    """
    return pa.schema(
        [
            pa.field("account_id", account_type, nullable=False),
            pa.field("campaign_id", pa.string(), nullable=False),
            pa.field("matched", pa.bool_(), nullable=False),
            pa.field("probability", pa.float64(), nullable=False),
            pa.field("known", pa.float64(), nullable=False),
            pa.field("log_ratio", pa.float64(), nullable=False),
            *(pa.field(name, pa.float64(), nullable=False) for name in MEASURES),
            pa.field("exchanges", pa.int64(), nullable=False),
            pa.field("in_style", pa.int64(), nullable=False),
            pa.field("first", TIME, nullable=False),
            pa.field("last", TIME, nullable=False),
            pa.field("sample", pa.list_(pa.string()), nullable=False),
        ]
    )


def write_matches(
    found: Matches, out: Path, account_type: pa.DataType, campaigns: Sequence[str]
) -> None:
    """Write ``matches.parquet`` and then ``matches.json``, which holds its digest.

    Args:
        found: what matching found.
        out: folder, made when absent.
        account_type: Arrow type of account_id in the input.
        campaigns: ids of the signatures that were looked for.

    Raises:
        OutputError: the folder cannot be written, or it or a file in it is a symbolic link.
    """
    rows = [
        {
            "account_id": item.account_id,
            "campaign_id": item.campaign,
            "matched": item.matched,
            "probability": item.probability,
            "known": item.known,
            "log_ratio": item.log_ratio,
            **dict(zip(MEASURES, item.measures, strict=True)),
            "exchanges": item.exchanges,
            "in_style": item.styled,
            "first": item.first,
            "last": item.last,
            "sample": list(item.sample),
        }
        for item in found.found
    ]
    schema = matches_schema(account_type)
    columns = {name: [row[name] for row in rows] for name in schema.names}
    matched = [item.campaign for item in found.found if item.matched]
    with staged(out, (MATCHES, SUMMARY)) as stage:
        pq.write_table(
            pa.Table.from_pydict(columns, schema=schema), stage / MATCHES, compression="zstd"
        )
        summary = {
            "schema_version": 1,
            "stillwatch": __version__,
            "accounts": found.accounts,
            "exchanges": found.exchanges,
            "prior": found.prior,
            "threshold": found.threshold,
            "matched": len(matched),
            "expected_false": round(found.expected_false, 4),
            "to_look_at": len(found.found) - len(matched),
            "signatures": [
                {"campaign_id": name, "matched": matched.count(name)} for name in campaigns
            ],
            "files": {MATCHES: {"sha256": digest(stage / MATCHES)}},
        }
        text = json.dumps(summary, indent=1, ensure_ascii=True, allow_nan=False)
        (stage / SUMMARY).write_text(text + "\n", "ascii")
