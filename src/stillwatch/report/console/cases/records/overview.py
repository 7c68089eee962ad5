"""What the first page shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

__all__ = ["Change", "Day", "Now", "Page", "Run", "SourceHealth"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a table."""

    rows: tuple[T, ...]
    total: int
    """Rows on all pages."""
    page: int
    """From 1; the last page where a later one was asked for."""
    size: int
    """Rows a page."""

    @property
    def pages(self) -> int:
        """How many pages there are, at least 1.

        >>> Page((), 101, 1, 50).pages
        3
        """
        return max(1, -(-self.total // self.size))


@dataclass(frozen=True, slots=True)
class Run:
    """A scan that was imported."""

    number: int
    """From 1."""
    as_of: datetime
    """Last look."""
    first: datetime | None
    """First exchange."""
    loaded: datetime
    exchanges: int
    """Exchanges read, of everybody."""
    accounts: int
    """Accounts seen."""
    campaigns: int
    """Declared."""
    flagged: int
    """Accounts flagged."""
    harvested: int
    """Exchanges of campaigns."""
    leaked: int
    """Of these, before the declaration."""
    groups_tested: int
    alpha: float
    missing: tuple[str, ...]
    """What could not be judged, one sentence each."""
    events: tuple[tuple[datetime, str, str], ...]
    """The provider's events: time, type, model (may be empty)."""
    folder: str
    """Where it was read."""


@dataclass(frozen=True, slots=True)
class Day:
    """A day of all campaigns that the newest scan declared."""

    day: datetime
    exchanges: int
    leaked: int
    """Of these, before their campaign was declared."""
    created: int
    """Accounts of campaigns opened."""
    blocked: int
    cost: tuple[float, float, float] | None
    """What the data taken that day would have cost to make: low, likely, high; in the assumptions'
    currency. A campaign's figure is spread evenly over its exchanges. None where not known."""


@dataclass(frozen=True, slots=True)
class Change:
    """Something that changed."""

    time: datetime
    """When it was imported or done."""
    kind: str
    """declared, grew, again, merged, aside, gone (campaigns); flagged, withdrawn, moved, renamed,
    score, revised (accounts); or the action of a line of the log."""
    campaign_id: str
    """Empty where it is about none."""
    account_id: str
    """Empty where it is about none, or several."""
    words: str
    """One sentence."""


@dataclass(frozen=True, slots=True)
class SourceHealth:
    """How something that the console rests on stands."""

    kind: str
    """scan, state, measures, appeals, exchange or gateway."""
    name: str
    state: str
    """ok, late, down or unknown."""
    since: datetime | None
    """Newest sign of life."""
    words: str
    """One sentence."""


@dataclass(frozen=True, slots=True)
class Now:
    """The first page."""

    run: Run | None
    """Newest scan; None before the first import."""
    version: str
    """Changes whenever anything of this page may have changed; for live updates."""
    states: Mapping[str, int]
    """Campaigns by state of review."""
    waiting: Mapping[str, int]
    """Items of the queue by kind."""
    days: tuple[Day, ...]
    """Earliest first."""
    currency: str
    runs: tuple[Run, ...]
    """The newest scans, newest first."""
    changes: tuple[Change, ...]
    """Since the time that was asked for, newest first."""
    health: tuple[SourceHealth, ...]
