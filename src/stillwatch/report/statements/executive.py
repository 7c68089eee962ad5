"""One page for those who decide about money: what happened, what it cost, what is not known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import TYPE_CHECKING, Any

from stillwatch.report.assumptions import Range
from stillwatch.report.damage import NAMES
from stillwatch.report.statements.campaign import costs_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from stillwatch.records import Campaign
    from stillwatch.report.documents import PublishedScan
    from stillwatch.report.statements.measures import Applied

__all__ = ["Week", "executive_facts"]

_WEEKS = 8
_CAMPAIGNS = 8
_SUMMED = ("fees", "made_by_people", "training_with")
"""Figures that add up over campaigns; see ``damage.together``."""


@dataclass(frozen=True, slots=True)
class Week:
    """What happened in seven days."""

    start: datetime
    declared: int
    """Campaigns declared."""
    flagged: int
    """Accounts flagged."""
    exchanges: int | None
    """Exchanges of campaigns; None where the scan kept no activity."""


@dataclass(frozen=True, slots=True)
class Total:
    """A figure of money over all campaigns."""

    says: str
    currency: str
    whole: Range
    leaked: Range


def executive_facts(
    scan: PublishedScan, applied: Sequence[Applied] | None, *, earlier: PublishedScan | None = None
) -> dict[str, object]:
    """Return what the template ``executive`` reads.

    Args:
        scan: what is reported.
        applied: measures; None where no record of measures was given.
        earlier: a scan to compare with.
    """
    campaigns = scan.campaigns
    ranked = sorted(campaigns, key=lambda item: (-item.exchanges, item.campaign_id))
    waits = [(item.declared_at - item.first_seen) / timedelta(hours=1) for item in campaigns]
    exchanges, leaked = _taken(scan)
    return {
        "scan": scan,
        "earlier": earlier,
        "flagged": _flagged(scan),
        "flagged_before": None if earlier is None else _flagged(earlier),
        "review": sum(item.review_only for item in campaigns),
        "exchanges": exchanges,
        "leaked": leaked,
        "taken_before": None if earlier is None else _taken(earlier),
        "wait": timedelta(hours=median(waits)) if waits else None,
        "totals": _totals(scan),
        "priced": sum(bool(costs_of(document)) for document in scan.document["campaigns"]),
        "weeks": _weeks(scan),
        "largest": ranked[:_CAMPAIGNS],
        "applied": applied,
        "kinds_unknown": sum(item.kind == "unknown" for item in campaigns),
        "harvest_unknown": sum(not item.harvested for item in campaigns),
    }


def _flagged(scan: PublishedScan) -> int:
    return len({account for item in scan.campaigns for account in item.flagged_at})


def _taken(scan: PublishedScan) -> tuple[int, int]:
    """Return the exchanges of all campaigns, and those before a declaration."""
    return (
        sum(item.exchanges for item in scan.campaigns),
        sum(item.leaked for item in scan.campaigns),
    )


def _totals(scan: PublishedScan) -> tuple[Total, ...]:
    """Return the sums of those figures that add up, as the campaigns' records hold them."""
    found: dict[str, list[Any]] = {}
    for document in scan.document["campaigns"]:
        for cost in costs_of(document):
            if cost.name in _SUMMED:
                found.setdefault(cost.name, []).append(cost)
    return tuple(
        Total(
            NAMES[name],
            costs[0].currency,
            Range.sum(Range(*cost.whole) for cost in costs),
            Range.sum(Range(*cost.leaked) for cost in costs),
        )
        for name, costs in found.items()
        if len({cost.currency for cost in costs}) == 1
    )


def _weeks(scan: PublishedScan) -> tuple[Week, ...]:
    """Return the last weeks up to the last look, oldest first."""
    end = scan.as_of
    begun = scan.first or end
    counted = max(1, -((begun - end) // timedelta(weeks=1)))
    starts = [end - timedelta(weeks=back) for back in range(min(_WEEKS, counted), 0, -1)]
    declared = [item.declared_at for item in scan.campaigns]
    flagged = _first_flags(scan.campaigns)
    bins = list(_bins(scan.document["campaigns"]))
    return tuple(
        Week(
            start,
            _within(declared, start),
            _within(flagged, start),
            sum(n for time, n in bins if _in_week(time, start)) if bins else None,
        )
        for start in starts
    )


def _first_flags(campaigns: Iterable[Campaign]) -> list[datetime]:
    """Return when each account was first flagged, in whichever campaign."""
    first: dict[str | int, datetime] = {}
    for item in campaigns:
        for account, time in item.flagged_at.items():
            first[account] = min(time, first.get(account, time))
    return list(first.values())


def _within(times: Iterable[datetime], start: datetime) -> int:
    return sum(_in_week(time, start) for time in times)


def _in_week(time: datetime, start: datetime) -> bool:
    """Say whether a time is after a week's start and not after its end: looks close their bin."""
    return start < time <= start + timedelta(weeks=1)


def _bins(documents: Iterable[Mapping[str, Any]]) -> Iterable[tuple[datetime, int]]:
    for document in documents:
        for entry in document.get("activity", ()):
            if entry["exchanges"]:
                time = datetime.fromisoformat(entry["time"]).astimezone(UTC)
                yield time, int(entry["exchanges"])
