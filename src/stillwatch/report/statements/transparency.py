"""A report to the public over a period: only what was counted or measured, small counts hidden.

Accounts, appeals and reviews are people, so that small counts of them are suppressed; campaigns and
measures are not.  Rates on made worlds are those of ``stillwatch evaluate`` and said to be that.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib import resources
from typing import TYPE_CHECKING, Any

from stillwatch import __version__
from stillwatch.disk import read_small
from stillwatch.errors import InputFormatError
from stillwatch.report.documents.csv_verdicts import csv_lines
from stillwatch.report.statements.measures import RUNGS
from stillwatch.report.statements.suppression import Cell, breakdown, cell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from stillwatch.records import Campaign
    from stillwatch.report.documents import PublishedScan
    from stillwatch.report.statements.measures import Applied
    from stillwatch.report.statements.reviewed import Appeals, Reviews

__all__ = [
    "Given",
    "Period",
    "read_evaluation",
    "transparency_facts",
    "transparency_rows",
    "transparency_schema",
]

_VERSION = 1
_BIGGEST = 64 << 20
_COLUMNS = ("section", "group", "figure", "value", "low", "high", "suppressed")


@dataclass(frozen=True, slots=True)
class Period:
    """From a time to another, the latter not in it."""

    start: datetime
    end: datetime

    def holds(self, time: datetime) -> bool:
        """Say whether a time is in it."""
        return self.start <= time < self.end


@dataclass(frozen=True, slots=True)
class Given:
    """What is known of a period; None where no record was given."""

    scans: Sequence[PublishedScan]
    applied: Sequence[Applied] | None
    appeals: Appeals | None
    reviews: Reviews | None
    evaluations: Sequence[Mapping[str, Any]]
    """What :func:`read_evaluation` returned."""


def transparency_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) that the report's JSON obeys."""
    file = resources.files(__package__).joinpath("transparency.schema.json")
    schema: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return schema


def transparency_facts(period: Period, given: Given, below: int) -> dict[str, Any]:
    """Return the report as JSON; the template ``transparency`` reads the same.

    Args:
        period: what it is about.
        given: what is known.
        below: k, the smallest count of people that is published.
    """
    return {
        "schema_version": _VERSION,
        "stillwatch": __version__,
        "period": {"from": _text(period.start), "to": _text(period.end)},
        "below": below,
        "scans": [
            {
                "as_of": _text(scan.as_of),
                "first": None if scan.first is None else _text(scan.first),
                "accounts": scan.accounts,
                "exchanges": scan.exchanges,
                "alpha": scan.alpha,
            }
            for scan in given.scans
        ],
        **_found(period, given.scans, below),
        "measures": None if given.applied is None else _measures(period, given.applied, below),
        "appeals": None if given.appeals is None else _appeals(given.appeals, below),
        "reviews": None if given.reviews is None else _reviews(given.reviews, below),
        "simulated": list(given.evaluations),
    }


def transparency_rows(facts: Mapping[str, Any]) -> Iterator[str]:
    """Yield the report's figures as lines of CSV.

    Args:
        facts: what :func:`transparency_facts` returned.
    """
    yield from csv_lines(_COLUMNS, _rows(facts))


def read_evaluation(path: Path) -> dict[str, Any]:
    """Return the false-positive rates in what ``stillwatch evaluate --json`` printed.

    Raises:
        SourceNotFoundError: it cannot be opened.
        InputFormatError: it is no such file.
    """
    try:
        held = json.loads(read_small(path, "the evaluation", _BIGGEST))
        found = held["false_positives"]
        return {
            "accounts": int(held["accounts"]),
            "overall": _rate(found["overall"]),
            "by_cohort": [_group(item) for item in found["cohorts"]],
            "by_language": [_group(item) for item in found["languages"]],
            "language_p": _maybe(found["language_p"]),
        }
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise InputFormatError(
            f"not an evaluation: {type(error).__name__}: {error}",
            where=str(path),
            todo="write it with stillwatch evaluate --json",
        ) from error


def _found(period: Period, scans: Sequence[PublishedScan], below: int) -> dict[str, Any]:
    """Return campaigns and accounts; of scans that overlap the last that has a campaign counts."""
    newest: dict[str, Campaign] = {}
    first_flag: dict[str, tuple[datetime, str]] = {}
    for scan in sorted(scans, key=lambda scan: scan.as_of):
        for item in scan.campaigns:
            newest[item.campaign_id] = item
            for account, time in item.flagged_at.items():
                known = first_flag.get(str(account))
                if known is None or time < known[0]:
                    first_flag[str(account)] = (time, item.recommended_measure)
    declared = [item for item in newest.values() if period.holds(item.declared_at)]
    flagged = [measure for time, measure in first_flag.values() if period.holds(time)]
    kinds = Counter(item.kind for item in declared)
    parts, total = breakdown(Counter(flagged), below)
    return {
        "campaigns": {
            "declared": len(declared),
            "review_only": sum(item.review_only for item in declared),
            "by_kind": [{"group": kind, "count": n} for kind, n in sorted(kinds.items())],
        },
        "accounts": {"flagged": asdict(total), "by_recommended_measure": _parts(parts)},
    }


def _measures(period: Period, applied: Sequence[Applied], below: int) -> dict[str, Any]:
    """Return measures that were proposed in the period; those without a time are told apart."""
    dated = [one for one in applied if one.proposed is not None]
    mine = [one for one in dated if one.proposed is not None and period.holds(one.proposed)]
    rungs, states = Counter(one.rung for one in mine), Counter(one.state for one in mine)
    concerned: Counter[str] = Counter()
    for one in mine:
        concerned[one.rung] += one.accounts
    accounts, total = breakdown(concerned, below)
    return {
        "proposed": len(mine),
        "undated": len(applied) - len(dated),
        "accounts": asdict(total),
        "by_measure": [
            {"group": rung, "says": RUNGS.get(rung, rung), "count": n}
            | {"accounts": asdict(accounts[rung])}
            for rung, n in sorted(rungs.items())
        ],
        "by_state": [{"group": state, "count": n} for state, n in sorted(states.items())],
    }


def _appeals(appeals: Appeals, below: int) -> dict[str, Any]:
    parts, total = breakdown(appeals.outcomes, below)
    decided = cell(appeals.decided, below)
    hidden = decided.suppressed or appeals.median_days is None
    return {
        "filed": asdict(total),
        "by_outcome": _parts(parts),
        "granted_for_a_whole_campaign": asdict(
            Cell(None, suppressed=True)
            if parts["granted"].suppressed
            else cell(appeals.campaigns, below)
        ),
        "decided": asdict(decided),
        "median_days_to_decide": None if hidden else round(appeals.median_days or 0.0, 1),
    }


def _reviews(reviews: Reviews, below: int) -> dict[str, Any]:
    cohorts, languages = _wrong(reviews.cohorts, below), _wrong(reviews.languages, below)
    return {
        "reviewed": _total(cohorts, languages, "reviewed"),
        "wrong": _total(cohorts, languages, "wrong"),
        "by_cohort": cohorts["groups"],
        "by_language": languages["groups"],
        "unreadable": reviews.unreadable,
    }


def _total(one: Mapping[str, Any], other: Mapping[str, Any], name: str) -> Any:  # noqa: ANN401 - a cell
    """Return the total of two breakdowns of the same people: hidden in one, it is hidden."""
    return one[name] if one[name]["suppressed"] else other[name]


def _wrong(groups: Mapping[str, tuple[int, int]], below: int) -> dict[str, Any]:
    """Return how many were reviewed and wrong, by group; a small rest gives no less away."""
    seen, reviewed = breakdown({name: n for name, (n, _) in groups.items()}, below)
    near = [name for name, (n, w) in groups.items() if 0 < n - w < below]
    near += [name for name in groups if seen[name].suppressed]
    parts, wrong = breakdown({name: w for name, (_, w) in groups.items()}, below, also=near)
    right = sum(n - w for n, w in groups.values())
    if 0 < right < below:
        wrong = Cell(None, suppressed=True)
    return {
        "reviewed": asdict(reviewed),
        "wrong": asdict(wrong),
        "groups": [
            {"group": name, "reviewed": asdict(seen[name]), "wrong": asdict(parts[name])}
            for name in groups
        ],
    }


def _parts(parts: Mapping[str, Cell]) -> list[dict[str, Any]]:
    return [{"group": name, **asdict(part)} for name, part in sorted(parts.items())]


def _group(item: Mapping[str, Any]) -> dict[str, Any]:
    return {"group": str(item["name"]), **_rate(item["rate"]), "enough": bool(item["enough"])}


def _rate(item: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "hits": int(item["hits"]),
        "total": int(item["total"]),
        "share": _maybe(item["share"]),
        "low": _maybe(item["low"]),
        "high": _maybe(item["high"]),
    }


def _maybe(value: Any) -> float | None:  # noqa: ANN401 - a number of JSON
    return None if value is None else float(value)


def _text(time: datetime) -> str:
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _rows(facts: Mapping[str, Any]) -> Iterator[tuple[object, ...]]:
    campaigns, accounts = facts["campaigns"], facts["accounts"]
    for figure in ("declared", "review_only"):
        yield _counted("campaigns", "all", figure, {"count": campaigns[figure]})
    for part in campaigns["by_kind"]:
        yield _counted("campaigns by kind", part["group"], "declared", part)
    yield _counted("accounts", "all", "flagged", accounts["flagged"])
    for part in accounts["by_recommended_measure"]:
        yield _counted("accounts by recommended measure", part["group"], "flagged", part)
    for name, rows in _RECORDS.items():
        if facts[name] is not None:
            yield from rows(facts[name])
    for held in facts["simulated"]:
        for name in ("cohort", "language"):
            for part in held[f"by_{name}"]:
                figures = (part["share"], part["low"], part["high"])
                section = f"made worlds by {name}"
                yield (section, part["group"], "false-positive rate", *figures, False)


def _measure_rows(measures: Mapping[str, Any]) -> Iterator[tuple[object, ...]]:
    yield _counted("measures", "all", "proposed", {"count": measures["proposed"]})
    yield _counted("measures", "all", "accounts", measures["accounts"])
    for part in measures["by_measure"]:
        yield _counted("measures", part["group"], "proposed", part)
        yield _counted("measures", part["group"], "accounts", part["accounts"])


def _appeal_rows(appeals: Mapping[str, Any]) -> Iterator[tuple[object, ...]]:
    yield _counted("appeals", "all", "filed", appeals["filed"])
    for part in appeals["by_outcome"]:
        yield _counted("appeals", part["group"], "filed", part)
    whole = appeals["granted_for_a_whole_campaign"]
    yield _counted("appeals", "all", "granted for a whole campaign", whole)
    yield _counted("appeals", "all", "decided", appeals["decided"])
    days = appeals["median_days_to_decide"]
    yield ("appeals", "all", "median days to decide", days, None, None, days is None)


def _review_rows(reviews: Mapping[str, Any]) -> Iterator[tuple[object, ...]]:
    for figure in ("reviewed", "wrong"):
        yield _counted("reviews", "all", figure, reviews[figure])
        for name in ("cohort", "language"):
            for part in reviews[f"by_{name}"]:
                yield _counted(f"reviews by {name}", part["group"], figure, part[figure])


_RECORDS: Mapping[str, Callable[[Mapping[str, Any]], Iterator[tuple[object, ...]]]] = {
    "measures": _measure_rows,
    "appeals": _appeal_rows,
    "reviews": _review_rows,
}


def _counted(section: str, group: str, figure: str, held: Mapping[str, Any]) -> tuple[object, ...]:
    return (section, group, figure, held["count"], None, None, held.get("suppressed", False))
