"""What pages show of accounts, and of what people ask, approve and decide."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from stillwatch.report.console.cases.records.overview import Page

__all__ = [
    "AccountRow",
    "AccountView",
    "Action",
    "Appeal",
    "Approval",
    "History",
    "MeasureRow",
    "PeerRow",
    "QueueItem",
]


@dataclass(frozen=True, slots=True)
class MeasureRow:
    """A measure as it stands in the measures' own database."""

    measure_id: str
    rung: str
    campaign_id: str
    account_id: str
    state: str
    """in force, waiting, expired or lifted."""
    why: str
    waits_for: str
    proposed: datetime
    expires: datetime
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Appeal:
    """An appeal as it stands at the appeals desk."""

    appeal_id: str
    account_id: str
    campaign_id: str
    state: str
    """waiting, upheld or granted."""
    filed: datetime
    words: str
    """The account holder's."""
    told: str
    decided_by: str
    decided: datetime | None


@dataclass(frozen=True, slots=True)
class Action:
    """A line of the log."""

    number: int
    time: datetime
    who: str
    role: str
    """In which the act was done."""
    action: str
    """confirm, reject, benign, merge, split, move, undo, request, approve, decline, withdraw,
    import or export."""
    about: str
    """campaign:ID, account:ID, request:ID or run:NUMBER."""
    why: str
    more: Mapping[str, Any]
    undone_by: int | None
    """Number of the line that undid it."""


@dataclass(frozen=True, slots=True)
class Approval:
    """A request that people approve."""

    request_id: str
    rung: str
    """A measure of the ladder, or ``publish``."""
    campaign_id: str
    account_id: str
    accounts: int
    """Accounts concerned."""
    grounds: tuple[str, ...]
    """Families of findings."""
    why: str
    hours: float
    """How long the measure is to last."""
    requested_by: str
    at: datetime
    until: datetime
    """When the request lapses."""
    needed: int
    """Different people, who asked included."""
    people: tuple[str, ...]
    """Who have agreed so far, who asked first."""
    declined_by: str
    state: str
    """waiting, approved, declined, withdrawn or lapsed."""
    rule: str
    """The rule that asks for so many people."""
    command: str
    """What its analysts run to sign the measure once it is approved; the console holds no key."""


@dataclass(frozen=True, slots=True)
class QueueItem:
    """Something that waits for a person."""

    item_id: str
    """campaign:ID, account:ID, request:ID or appeal:ID."""
    kind: str
    """campaign, account, request or appeal."""
    campaign_id: str
    account_id: str
    title: str
    why: str
    """Why it waits, one sentence."""
    since: datetime
    weight: float
    """Likely cost, log odds or accounts concerned: larger is more urgent within a kind."""
    acts: tuple[str, ...] = field(default=())
    """What this person may do about it."""


@dataclass(frozen=True, slots=True)
class History:
    """What was said of an account or a campaign, and when."""

    time: datetime
    """When it was imported or done."""
    run: int
    """Scan; 0 for a person's act."""
    kind: str
    """As in :class:`Change`."""
    campaign_id: str
    account_id: str
    was: str
    now: str


@dataclass(frozen=True, slots=True)
class AccountRow:
    """An account in a list."""

    account_id: str
    campaign_id: str
    """Empty unless flagged."""
    flagged_at: datetime | None
    score: float
    measure: str


@dataclass(frozen=True, slots=True)
class PeerRow:
    """Another account that holds an entity with this one."""

    account_id: str
    campaign_id: str
    entities: tuple[str, ...]
    """Names of what they share."""


@dataclass(frozen=True, slots=True)
class AccountView:
    """An account: why, why not, what is missing."""

    row: AccountRow
    member_of: tuple[tuple[str, float, datetime | None], ...]
    """Campaign, probability, when flagged."""
    why: tuple[str, ...]
    why_not: tuple[str, ...]
    missing: tuple[str, ...]
    history: tuple[History, ...]
    """Newest first."""
    peers: Page[PeerRow]
    measures: tuple[MeasureRow, ...]
    """On the account, and on its campaign."""
    appeals: tuple[Appeal, ...]
    decisions: tuple[Action, ...]
