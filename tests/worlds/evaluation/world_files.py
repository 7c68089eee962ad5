"""Writes small worlds by hand, in the layout of ``stillwatch simulate``."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.records import TIME, verdict_schema

if TYPE_CHECKING:
    from pathlib import Path

START = datetime(2026, 3, 1, tzinfo=UTC)


def hour(n: float) -> datetime:
    return START + timedelta(hours=n)


@dataclass
class Row:
    account: str | int
    cohort: str
    kind: str
    campaign: str | None = None
    language: str = "en"
    sends: list[tuple[float, bool]] = field(default_factory=list)
    """(hour, harvest) of each exchange."""
    prompts: list[str] = field(default_factory=list)
    extra: dict[str, object] = field(default_factory=dict)
    """Columns of the account table."""


def write_world(path: Path, rows: list[Row]) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    ids = [r.account for r in rows]
    pq.write_table(
        pa.table(
            {
                "account_id": ids,
                "cohort": [r.cohort for r in rows],
                "campaign": pa.array([r.campaign for r in rows], pa.string()),
                "kind": [r.kind for r in rows],
                "language": [r.language for r in rows],
            }
        ),
        path / "truth_accounts.parquet",
    )
    names = sorted({k for r in rows for k in r.extra})
    pq.write_table(
        pa.table({"account_id": ids} | {n: [r.extra.get(n) for r in rows] for n in names}),
        path / "accounts.parquet",
    )
    sent = [
        (hour(h), r.account, harvest, r.prompts[i] if i < len(r.prompts) else f"{r.account} {i}")
        for r in rows
        for i, (h, harvest) in enumerate(r.sends)
    ]
    sent.sort(key=lambda s: (s[0], str(s[1])))
    days = sorted({s[0].date() for s in sent})
    keyed = [(f"x{i:05d}", *s) for i, s in enumerate(sent)]
    for day in days:
        folder = path / "exchanges" / f"day={day}"
        folder.mkdir(parents=True, exist_ok=True)
        mine = [k for k in keyed if k[1].date() == day]
        pq.write_table(
            pa.table(
                {
                    "time": pa.array([k[1] for k in mine], TIME),
                    "exchange_id": [k[0] for k in mine],
                    "account_id": [k[2] for k in mine],
                    "model": ["m-1"] * len(mine),
                    "prompt": [k[4] for k in mine],
                    "output_tokens": pa.array([len(k[4]) for k in mine], pa.int64()),
                }
            ),
            folder / "part-0.parquet",
        )
    pq.write_table(
        pa.table(
            {"exchange_id": [k[0] for k in keyed], "harvest": [bool(k[3]) for k in keyed]},
        ),
        path / "truth_exchanges.parquet",
    )
    return path


def write_verdicts(
    path: Path, rows: list[tuple[str | int, str | None, float | None, float]]
) -> Path:
    """Rows are (account, campaign, hour flagged, score)."""
    kind = pa.int64() if rows and isinstance(rows[0][0], int) else pa.string()
    table = pa.table(
        {
            "account_id": [r[0] for r in rows],
            "campaign_id": [r[1] for r in rows],
            "flagged_at": [None if r[2] is None else hour(r[2]) for r in rows],
            "score": [r[3] for r in rows],
            "reasons": [["because"] for r in rows],
            "recommended_measure": ["block" if r[2] is not None else "observe" for r in rows],
        },
        schema=verdict_schema(kind),
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path)
    return path
