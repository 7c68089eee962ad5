"""What the console's pages ask of the data behind them.

    settings = Sources(database="sqlite:///console.sqlite", ...)
    cases = StoredCases(Database(settings.database), settings)       # cases.stored
    page = await cases.campaigns(person, Query(sort="leaked", filters={"state": "waiting"}))
    done = await cases.act(person, Confirm("campaign-12"), why="same cards, same hours")

Every method takes the person who asks and raises ``ForbiddenError`` where no role of theirs permits
it; what does not exist raises ``UnknownCaseError`` for everybody alike.  Text is as it came: pages
escape it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from stillwatch.errors import StillwatchError
from stillwatch.report.console.cases import records
from stillwatch.report.console.cases.roles import MAY, Act, ForbiddenError, Person, Role

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from stillwatch.report.console.cases.records import (
        AccountRow,
        AccountView,
        Action,
        Approval,
        CampaignRow,
        CampaignView,
        Change,
        ExchangeView,
        Graph,
        GroupRow,
        GroupView,
        Member,
        Now,
        Page,
        QueueItem,
        SourceHealth,
    )

__all__ = [
    "MAY",
    "ORDERS",
    "RUNGS",
    "Act",
    "Approve",
    "Benign",
    "Cases",
    "Confirm",
    "Decision",
    "Decline",
    "ForbiddenError",
    "Merge",
    "Move",
    "Person",
    "Query",
    "Reject",
    "Request",
    "Role",
    "Sources",
    "Split",
    "Undo",
    "UnknownCaseError",
    "Withdraw",
    "records",
]

RUNGS = (
    "limit", "verify", "withhold", "cap", "mark", "hold", "decoy", "perturb", "refuse", "publish",
)  # fmt: skip
"""What can be requested: measures, mildest first, and publication to peers."""

ORDERS: Mapping[str, tuple[str, ...]] = {
    "campaigns": (
        "declared_at", "first_seen", "exchanges", "leaked", "members", "cost", "log_odds", "kind",
        "state", "campaign_id",
    ),
    "members": ("probability", "flagged_at", "account_id"),
    "accounts": ("score", "flagged_at", "account_id"),
    "groups": ("log_e", "accounts"),
    "exchange": ("modified", "ends", "publisher"),
    "actions": ("number",),
    "queue": ("since", "weight"),
}  # fmt: skip
"""What each list can be sorted by; the first is the order where none is asked for."""


class UnknownCaseError(StillwatchError):
    """There is no such campaign, account, request or action."""

    exit_code = 3


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the console finds what it shows; whatever is None is not shown."""

    database: str
    """The console's own: ``sqlite:///path`` or ``postgresql://user@host/name``."""
    results: Path | None = None
    """Output folder of ``scan``."""
    state: Path | None = None
    """State folder of ``scan``, for revisions."""
    measures: str | None = None
    """Database of ``stillwatch measures``."""
    analysts: Path | None = None
    """TOML file of who may sign measures."""
    policy: Path | None = None
    """Policy file; its bound on accounts decides how many approve a refusal."""
    appeals: str | None = None
    """Database of ``stillwatch appeals``."""
    exchange: Path | None = None
    """Home folder of ``stillwatch exchange``."""
    gateways: Mapping[str, str] = field(default_factory=dict)
    """By name, addresses whose answer 200 says that a gateway is ready: ``http://…/readyz``."""
    attribution: Path | None = None
    """What ``stillwatch signatures attribute --json`` printed."""
    late_after: float = 7_200.0
    """Seconds after which a source that has said nothing is late."""


@dataclass(frozen=True, slots=True)
class Query:
    """Which rows of a list; unknown names raise ``ConfigurationError``.

    Filters: campaigns ``state``, ``standing``, ``kind``, ``text`` (in the id); members
    ``flagged`` (yes, no), ``text``; accounts ``campaign``, ``flagged``, ``text``; groups
    ``explained`` (yes, no); exchange ``direction``, ``state``, ``publisher``; actions ``who``,
    ``action``, ``about``; queue ``kind``, ``campaign``.  ``text`` matches a prefix.
    """

    page: int = 1
    size: int = 50
    """1 to 500."""
    sort: str = ""
    """A name of ORDERS; empty is the first."""
    descending: bool = True
    filters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Confirm:
    """The campaign is one; it stays declared."""

    campaign_id: str


@dataclass(frozen=True, slots=True)
class Reject:
    """The campaign is none; it comes back only if the evidence grows materially."""

    campaign_id: str


@dataclass(frozen=True, slots=True)
class Benign:
    """The campaign is something else, which gets a name and stands beside the evidence."""

    campaign_id: str
    name: str
    """Of the explanation, 1 to 80 characters: "evaluation harness of team X"."""


@dataclass(frozen=True, slots=True)
class Merge:
    """Two campaigns are one actor's; the second goes on under the first's name."""

    into: str
    campaign_id: str


@dataclass(frozen=True, slots=True)
class Split:
    """Some members are another actor; they get a name of their own."""

    campaign_id: str
    accounts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Move:
    """A member belongs to another campaign, or to none."""

    account_id: str
    campaign_id: str
    """Where it is."""
    to: str = ""
    """Where it belongs; empty is none."""


@dataclass(frozen=True, slots=True)
class Undo:
    """Take back a decision that stands; what rests on it must be undone first."""

    number: int
    """Of the line in the log."""


@dataclass(frozen=True, slots=True)
class Request:
    """Ask for a measure, or a publication; counts as the agreement of who asks."""

    rung: str
    """One of RUNGS."""
    campaign_id: str = ""
    account_id: str = ""
    """One of the two."""
    hours: float = 24.0


@dataclass(frozen=True, slots=True)
class Approve:
    """Agree to what another person asked for."""

    request_id: str


@dataclass(frozen=True, slots=True)
class Decline:
    """Refuse it."""

    request_id: str


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Take back what one has asked for oneself."""

    request_id: str


Decision = (
    Confirm | Reject | Benign | Merge | Split | Move | Undo | Request | Approve | Decline | Withdraw
)
"""What a person can do."""


class Cases(Protocol):
    """Everything that pages show, and everything that people do."""

    async def version(self) -> str:
        """Return what changes with every import and act; cheap, for live updates."""
        ...

    async def now(self, person: Person, since: datetime | None = None) -> Now:
        """Return the first page; changes since a time, a day back where None."""
        ...

    async def health(self) -> tuple[SourceHealth, ...]:
        """Return how sources, hub and gateways stand; asked at most every ten seconds."""
        ...

    async def changes(self, person: Person, since: datetime, most: int = 200) -> tuple[Change, ...]:
        """Return what changed since a time, newest first."""
        ...

    async def campaigns(self, person: Person, query: Query) -> Page[CampaignRow]:
        """Return campaigns."""
        ...

    async def campaign(self, person: Person, campaign_id: str) -> CampaignView:
        """Return one campaign."""
        ...

    async def members(self, person: Person, campaign_id: str, query: Query) -> Page[Member]:
        """Return a campaign's accounts."""
        ...

    async def graph(self, person: Person, campaign_id: str, most: int = 2_000) -> Graph:
        """Return a campaign's network: entities first, then members by what they share."""
        ...

    async def groups(self, person: Person, query: Query) -> Page[GroupRow]:
        """Return groups that the newest scan did not declare."""
        ...

    async def group(self, person: Person, group: str) -> GroupView:
        """Return one of them with its evidence."""
        ...

    async def accounts(self, person: Person, query: Query) -> Page[AccountRow]:
        """Return accounts; who may see one at a time only gets those whose whole id is given."""
        ...

    async def account(self, person: Person, account_id: str, peers: int = 1) -> AccountView:
        """Return one account, with a page of its peers in the network."""
        ...

    async def queue(self, person: Person, query: Query) -> Page[QueueItem]:
        """Return what waits, each with what this person may do about it."""
        ...

    async def approvals(self, person: Person, state: str = "") -> tuple[Approval, ...]:
        """Return requests, newest first; all states where none is named, 200 at most."""
        ...

    async def exchange(self, person: Person, query: Query) -> ExchangeView:
        """Return what arrived and left, and what peers' records are."""
        ...

    async def actions(self, person: Person, query: Query) -> Page[Action]:
        """Return the log."""
        ...

    async def act(self, person: Person, decision: Decision, why: str) -> Action:
        """Do something, as one transaction and one line of the log.

        Args:
            person: who acts.
            decision: what.
            why: in their words, 1 to 2,000 characters.

        Raises:
            ForbiddenError: no role of theirs permits it.
            UnknownCaseError: there is no such thing.
            RefusedError: a numbered rule (R-1 to R-9) forbids it; see ``deciding``.
        """
        ...

    async def decisions(self, person: Person) -> bytes:
        """Return ``decisions.json``, which ``stillwatch scan --decisions`` reads."""
        ...
