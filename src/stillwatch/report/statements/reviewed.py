"""What people found when they looked again: appeals from the desk, reviews from a file."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from stillwatch.disk import read_small
from stillwatch.errors import InputFormatError
from stillwatch.store import appeal_tables as tables

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sqlalchemy import Connection

__all__ = ["Appeals", "Reviews", "appeals_between", "read_reviews"]

_DAY = 86_400_000_000
_BIGGEST = 256 << 20
_LONGEST_NAME = 60


@dataclass(frozen=True, slots=True)
class Appeals:
    """Appeals of a period."""

    outcomes: Mapping[str, int]
    """Of those filed in it, as of its end: granted, upheld, waiting."""
    campaigns: int
    """Of those granted, where the campaign as a whole was wrong."""
    decided: int
    """Decided in the period, whenever they were filed."""
    median_days: float | None
    """From filing to decision, of those; None where there is none."""


@dataclass(frozen=True, slots=True)
class Reviews:
    """Flagged accounts that people looked at in a period."""

    cohorts: Mapping[str, tuple[int, int]]
    """Reviewed and wrongly flagged, by cohort; ``not stated`` where the file says none."""
    languages: Mapping[str, tuple[int, int]]
    """The same by language."""
    unreadable: int
    """Lines of the file that are no reviews."""


def appeals_between(connection: Connection, start: datetime, end: datetime) -> Appeals:
    """Return the appeals of a period.

    Args:
        connection: to the desk's database.
        start: first time of the period.
        end: first time after it.
    """
    table = tables.appeals
    first, last = _micro(start), _micro(end)
    columns = (table.c.filed, table.c.decided, table.c.state, table.c.scope)
    query = sa.select(*columns).where((table.c.filed < last), (table.c.filed >= 0))
    outcomes = Counter({"granted": 0, "upheld": 0, "waiting": 0})
    campaigns, waits = 0, []
    for row in connection.execute(query):
        known = row.decided is not None and row.decided < last
        if row.filed >= first:
            outcomes[row.state if known else "waiting"] += 1
            campaigns += known and row.state == "granted" and row.scope == "campaign"
        if known and row.decided >= first:
            waits.append((row.decided - row.filed) / _DAY)
    return Appeals(
        outcomes=dict(outcomes),
        campaigns=campaigns,
        decided=len(waits),
        median_days=median(waits) if waits else None,
    )


def read_reviews(path: Path, start: datetime, end: datetime) -> Reviews:
    """Return the reviews of a period; lines that are none are counted and left out.

    Args:
        path: JSON Lines of ``time``, ``outcome`` (right or wrong), and where known ``cohort`` and
            ``language``.
        start: first time of the period.
        end: first time after it.

    Raises:
        SourceNotFoundError: it cannot be opened.
        InputFormatError: no line of it is a review.
    """
    cohorts: dict[str, list[int]] = {}
    languages: dict[str, list[int]] = {}
    good = unreadable = 0
    for line in read_small(path, "the file of reviews", _BIGGEST).splitlines():
        if not line.strip():
            continue
        try:
            time, wrong, cohort, language = _review(json.loads(line))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            unreadable += 1
            continue
        good += 1
        if start <= time < end:
            for table, name in ((cohorts, cohort), (languages, language)):
                counts = table.setdefault(name, [0, 0])
                counts[0] += 1
                counts[1] += wrong
    if unreadable and not good:
        raise InputFormatError(
            "no line is a review",
            where=str(path),
            todo='write lines such as {"time": "2026-09-01T00:00:00Z", "outcome": "right"}',
        )
    return Reviews(_paired(cohorts), _paired(languages), unreadable)


def _review(item: Mapping[str, Any]) -> tuple[datetime, bool, str, str]:
    time = datetime.fromisoformat(item["time"])
    time = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    wrong = {"right": False, "wrong": True}[item["outcome"]]
    return time, wrong, _name(item.get("cohort")), _name(item.get("language"))


def _name(value: object) -> str:
    if value is None or value == "":
        return "not stated"
    if not isinstance(value, str) or len(value) > _LONGEST_NAME or not value.isprintable():
        raise ValueError(value)
    return value


def _paired(table: Mapping[str, list[int]]) -> dict[str, tuple[int, int]]:
    return {name: (counts[0], counts[1]) for name, counts in sorted(table.items())}


def _micro(time: datetime) -> int:
    return round(time.timestamp() * 1e6)
