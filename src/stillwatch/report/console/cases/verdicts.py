"""Verdicts of a scan into the console's tables: only what is new or another is written."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from stillwatch.records import utc
from stillwatch.report.console.cases.reading import held
from stillwatch.store import console_tables as tables

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa
    from sqlalchemy import Connection

__all__ = ["COUNTED", "counted", "take_verdicts"]

COUNTED = frozenset({"flagged", "withdrawn", "moved", "renamed", "score", "revised"})
"""Kinds of change of an account's verdict."""
_MOVED = 0.1
"""Change of a score that is told."""
_CHUNK = 500
"""Accounts in one statement."""


def take_verdicts(connection: Connection, verdicts: pa.Table, *, run: int, now: int) -> int:
    """Take in verdicts; return how many are new or another.

    Args:
        connection: in a transaction.
        verdicts: columns of ``records.verdict_schema``, account ids as text.
        run: number of the scan.
        now: microseconds since 1970.
    """
    table = tables.accounts
    before = {row.account: row for row in connection.execute(sa.select(table))}
    known = set(connection.execute(sa.select(tables.reasons.c.digest)).scalars())
    fresh: list[dict[str, Any]] = []
    changed: list[dict[str, Any]] = []
    news: list[dict[str, Any]] = []
    words: dict[bytes, str] = {}
    seen = set()
    for row in _rows(verdicts, words):
        seen.add(row["account"])
        old = before.get(row["account"])
        if old is None:
            fresh.append(row)
        elif any(getattr(old, name) != value for name, value in row.items()):
            changed.append(row)
        else:
            continue
        news += _news(old, row, run, now)
    # rows that changed are written anew: drivers send updates of many rows one by one
    for at in range(0, len(changed), _CHUNK):
        names = [row["account"] for row in changed[at : at + _CHUNK]]
        connection.execute(sa.delete(table).where(table.c.account.in_(names)))
    if fresh or changed:
        connection.execute(sa.insert(table), fresh + changed)
    gone = [name for name, row in before.items() if name not in seen and not row.gone]
    for at in range(0, len(gone), _CHUNK):
        mark = sa.update(table).where(table.c.account.in_(gone[at : at + _CHUNK]))
        connection.execute(mark.values(gone=True))
    texts = [{"digest": key, "words": said} for key, said in words.items() if key not in known]
    if texts:
        connection.execute(sa.insert(tables.reasons), texts)
    if news:
        connection.execute(sa.insert(tables.history), [*news, *counted(news)])
    return len(fresh) + len(changed) + len(gone)


def counted(news: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return rows that count what changed, by kind and campaign."""
    by: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in news:
        by.setdefault((row["kind"], row["campaign_id"]), []).append(row)
    return [
        {
            **rows[0],
            "account": "",
            "was": rows[0]["account"] if len(rows) == 1 else "",
            "now": f"account {rows[0]['account']}" if len(rows) == 1 else f"{len(rows):,} accounts",
        }
        for rows in by.values()
    ]


def _rows(verdicts: pa.Table, words: dict[bytes, str]) -> Iterator[dict[str, Any]]:
    """Yield verdicts as rows; lists of reasons go into ``words`` by their digest."""
    digests: dict[tuple[str, ...], bytes] = {}
    names = ("account_id", "campaign_id", "score", "reasons", "recommended_measure")
    columns = [verdicts[name].to_pylist() for name in names]
    flagged = verdicts["flagged_at"].cast("int64").to_pylist()
    for account, campaign, score, reasons, measure, at in zip(*columns, flagged, strict=True):
        said = tuple(reasons)
        digest = digests.get(said)
        if digest is None:
            text = json.dumps([held(one) for one in said], ensure_ascii=True)
            digest = digests[said] = hashlib.sha256(text.encode()).digest()
            words[digest] = text
        yield {
            "account": held(account),
            "campaign_id": held(campaign or ""),
            "flagged_at": at,
            "score": float(score),
            "measure": held(measure),
            "reasons": digest,
            "gone": False,
        }


def _news(old: Any, row: dict[str, Any], run: int, now: int) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - a row of the table, or None
    was, is_ = _words(old), _words(row)
    if was == is_:
        return
    before = None if old is None else old.flagged_at
    if before is None and row["flagged_at"] is not None:
        kind = "flagged"
    elif before is not None and row["flagged_at"] is None:
        kind = "withdrawn"
    elif old is not None and before != row["flagged_at"]:
        kind = "moved"
    elif old is not None and old.campaign_id != row["campaign_id"]:
        kind = "renamed"
    elif old is not None and abs(old.score - row["score"]) >= _MOVED:
        kind = "score"
    else:
        return
    yield {
        "time": now,
        "run": run,
        "kind": kind,
        "campaign_id": row["campaign_id"] or ("" if old is None else old.campaign_id),
        "account": row["account"],
        "was": was,
        "now": is_,
        "mark": "",
    }


def _words(row: Any) -> str:  # noqa: ANN401 - a row of the table, a dictionary of one, or None
    if row is None:
        return ""
    value = row if isinstance(row, dict) else row._mapping  # noqa: SLF001 - SQLAlchemy's name
    if value["flagged_at"] is None:
        return f"not flagged, score {value['score']:.3f}"
    at = f"{utc(value['flagged_at']):%Y-%m-%d %H:%M} UTC"
    return f"flagged {at} in {value['campaign_id'] or 'no campaign'}, score {value['score']:.3f}"
