"""What was told: campaigns and flagged accounts as last sent, and when verdicts changed."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from stillwatch.errors import ConfigurationError
from stillwatch.records import utc
from stillwatch.report.alerts import outbox
from stillwatch.report.alerts.changes import Known, KnownCampaign, KnownVerdict, derive
from stillwatch.report.documents.ocsf_event import EPOCH

if TYPE_CHECKING:
    import sqlite3
    from datetime import datetime

    from stillwatch.report.alerts.reading import FoundScan

__all__ = ["VerdictChange", "remember", "verdict_changes"]

_TIMES = ("first_seen", "declared_at", "flagged_at")


@dataclass(frozen=True, slots=True)
class VerdictChange:
    """A verdict that was flagged, changed or withdrawn."""

    account_id: str | int
    """As in the input."""
    change: str
    """flagged, changed or withdrawn."""
    changed_at: datetime
    """The look that flagged it; of what is told late, the last look of the scan that showed it."""
    campaign_id: str | None
    """Campaign."""
    flagged_at: datetime
    """Look that flagged it first."""
    score: float
    """Membership probability."""
    recommended_measure: str
    """Advice; observe once withdrawn."""


def remember(
    database: sqlite3.Connection, found: FoundScan, *, prefix: str, group: str, now: float
) -> int:
    """Put what a scan says anew in line, and remember it, in one transaction.

    Args:
        database: the outbox.
        found: the scan.
        prefix: where the playbook's pages begin.
        group: who is to look.
        now: seconds since 1970.

    Returns:
        Messages put in line.

    Raises:
        ConfigurationError: the scan ends before one that was told already, or its account ids
            are of another type.
    """
    database.execute("begin immediate")
    try:
        _same_log(database, found)
        before = _meta(database).get("as_of")
        changes = derive(_known(database), found, prefix, group)
        made = outbox.add(database, changes.messages, now)
        database.executemany(
            "insert or replace into campaign values (?, ?, ?)",
            [(c.campaign_id, _packed(c), c.open) for c in changes.campaigns],
        )
        rows = [(json.dumps(v.account_id), _packed(v), v.flagged) for _, v in changes.verdicts]
        database.executemany("insert or replace into verdict values (?, ?, ?)", rows)
        database.executemany(
            "insert into verdict_change (account, change, at, facts) values (?, ?, ?, ?)",
            [
                (
                    json.dumps(v.account_id),
                    change,
                    _micros(_seen(change, v, found, before)),
                    _packed(v),
                )
                for change, v in changes.verdicts
            ],
        )
        for name, value in (
            ("as_of", str(_micros(found.as_of))),
            ("account_ids", _ids(found)),
        ):
            database.execute("insert or replace into meta values (?, ?)", (name, value))
    except BaseException:
        database.execute("rollback")
        raise
    database.execute("commit")
    return made


def verdict_changes(database: sqlite3.Connection, since: datetime) -> tuple[VerdictChange, ...]:
    """Return the changes of verdicts at or after a time, oldest first."""
    rows = database.execute(
        "select change, at, facts from verdict_change where at >= ? order by at, sequence",
        (_micros(since),),
    )
    found = []
    for change, at, facts in rows:
        verdict = KnownVerdict(**_unpacked(facts))
        found.append(
            VerdictChange(
                account_id=verdict.account_id,
                change=change,
                changed_at=utc(at),
                campaign_id=verdict.campaign_id,
                flagged_at=verdict.flagged_at,
                score=verdict.score,
                recommended_measure="observe" if change == "withdrawn" else verdict.measure,
            )
        )
    return tuple(found)


def _same_log(database: sqlite3.Connection, found: FoundScan) -> None:
    meta = _meta(database)
    ids = _ids(found)
    if ids != meta.get("account_ids", ids):
        raise ConfigurationError(
            f"account ids are {ids} here and were {meta['account_ids']} before",
            todo="give each log an outbox of its own with --outbox",
        )
    if _micros(found.as_of) < int(meta.get("as_of", _micros(found.as_of))):
        raise ConfigurationError(
            f"the scan ends at {found.as_of.isoformat()}, before one that was already told",
            todo="give the newest scan, or another outbox for another log",
        )


def _seen(change: str, verdict: KnownVerdict, found: FoundScan, before: str | None) -> datetime:
    """Return a change's time: never before what was told, so that no export misses it."""
    late = before is not None and _micros(verdict.flagged_at) <= int(before)
    return found.as_of if change != "flagged" or late or verdict.revision else verdict.flagged_at


def _meta(database: sqlite3.Connection) -> dict[str, str]:
    return dict(database.execute("select name, value from meta").fetchall())


def _ids(found: FoundScan) -> str:
    return "integers" if pa.types.is_integer(found.account_type) else "texts"


def _known(database: sqlite3.Connection) -> Known:
    campaigns = [
        KnownCampaign(**_unpacked(facts))
        for (facts,) in database.execute("select facts from campaign")
    ]
    verdicts = [
        KnownVerdict(**_unpacked(facts))
        for (facts,) in database.execute("select facts from verdict")
    ]
    return Known({c.campaign_id: c for c in campaigns}, {v.account_id: v for v in verdicts})


def _packed(record: KnownCampaign | KnownVerdict) -> str:
    values = asdict(record)
    for name in _TIMES:
        if name in values:
            values[name] = _micros(values[name])
    return json.dumps(values)


def _unpacked(text: str) -> dict[str, Any]:
    values: dict[str, Any] = json.loads(text)
    for name in _TIMES:
        if name in values:
            values[name] = utc(values[name])
    return values


def _micros(time: datetime) -> int:
    return (time - EPOCH) // timedelta(microseconds=1)
