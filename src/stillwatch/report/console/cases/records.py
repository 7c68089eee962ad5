"""What the console's pages show. Times are UTC; accounts are named by their id as text."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

__all__ = [
    "AccountRow",
    "AccountView",
    "Action",
    "Appeal",
    "Approval",
    "Bin",
    "CampaignRow",
    "CampaignView",
    "Change",
    "Day",
    "Edge",
    "ExchangeItem",
    "ExchangeView",
    "FindingRow",
    "Graph",
    "GroupRow",
    "GroupView",
    "History",
    "MeasureRow",
    "Member",
    "Node",
    "Now",
    "Page",
    "PeerRow",
    "Publisher",
    "QueueItem",
    "Run",
    "SourceHealth",
    "Stream",
    "VoteRow",
]

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
    """A day of all campaigns; prompts of examples are in no table, only in ``report.html``."""

    day: datetime
    exchanges: int
    leaked: int
    """Of these, before their campaign was declared."""
    created: int
    """Accounts of campaigns opened."""
    blocked: int
    cost: tuple[float, float, float] | None
    """Training cost saved by what was taken that day: low, likely, high; in the assumptions'
    currency. A campaign's figure is spread evenly over its exchanges. None where not known."""


@dataclass(frozen=True, slots=True)
class Change:
    """Something that changed."""

    time: datetime
    """When it was imported or done."""
    kind: str
    """declared, grew, merged, split, gone, flagged, withdrawn, moved, renamed, revised,
    decision, request or appeal."""
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


@dataclass(frozen=True, slots=True)
class CampaignRow:
    """A campaign in a list."""

    campaign_id: str
    state: str
    """waiting, again (waits once more: evidence grew after it was rejected or explained),
    confirmed, rejected, benign or merged."""
    standing: str
    """declared (by the newest scan), gone, merged or made (by a person's split)."""
    kind: str
    kind_confidence: float
    members: int
    flagged: int
    first_seen: datetime
    declared_at: datetime
    exchanges: int
    leaked: int
    log_e: float | None
    log_odds: float | None
    recommended_measure: str
    review_only: bool
    cost: float | None
    """Likely training cost saved; None where not known."""
    currency: str
    waiting_since: datetime | None
    """None where nobody waits for a decision."""


@dataclass(frozen=True, slots=True)
class VoteRow:
    """A family's evidence beside what ordinary crowds gave."""

    family: str
    log_e: float
    """Nats."""
    null: tuple[float, ...]
    """Crowds at quantiles .05, .25, .5, .75, .95; empty where there were too few."""
    crowds: int


@dataclass(frozen=True, slots=True)
class FindingRow:
    """What one detector says."""

    detector: str
    family: str
    role: str
    """proposal, evidence or explanation."""
    log_e: float | None
    enough_data: bool
    effect: float | None
    accounts: int
    first: datetime | None
    last: datetime | None
    explanation: str
    exchanges: tuple[str, ...]
    """Ids of a sample."""


@dataclass(frozen=True, slots=True)
class Bin:
    """Six hours of one campaign."""

    time: datetime
    """Start."""
    exchanges: int
    leaked: int
    created: int
    blocked: int


@dataclass(frozen=True, slots=True)
class Stream:
    """A sub-stream of a campaign."""

    kind: str
    """``model``: the scan's results tell apart no others."""
    name: str
    exchanges: int
    leaked: int
    input_tokens: int
    output_tokens: int


@dataclass(frozen=True, slots=True)
class Node:
    """A node of the network."""

    node_id: str
    """``account:ID`` or ``entity:NAME``."""
    kind: str
    """account, or the kind of an entity."""
    label: str
    weight: float
    """Membership probability, or members that hold the entity."""


@dataclass(frozen=True, slots=True)
class Edge:
    """An account holds an entity."""

    account: str
    """Node id."""
    entity: str
    """Node id."""


@dataclass(frozen=True, slots=True)
class Graph:
    """A campaign's network, drawn up to a number of nodes."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    accounts_left_out: int
    """Members without a node; they are counted in ``together``."""
    together: Mapping[str, int]
    """By kind of entity, edges of accounts that have no node."""


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
class Publisher:
    """A peer and the record of its indicators."""

    publisher: str
    name: str
    state: str
    right: int
    wrong: int
    precision: float
    """Posterior mean in [0, 1]."""
    own: bool
    """Whether this is ourselves."""


@dataclass(frozen=True, slots=True)
class ExchangeItem:
    """An object of the exchange."""

    object_id: str
    direction: str
    """in or out."""
    type: str
    slot: str
    """What it is about: a kind of pseudonym, sketch, profile and so on."""
    publisher: str
    name: str
    """Of the publisher."""
    campaign_id: str
    """Ours, of what we published; else the publisher's name of it, or empty."""
    modified: datetime
    ends: datetime | None
    state: str
    """live, expired, revoked, refused, recalled, held back, waiting or sent."""
    confirmed: int
    false_positive: int
    contested: int
    words: str
    """Rule of a refusal, or what the hub said."""


@dataclass(frozen=True, slots=True)
class ExchangeView:
    """The exchange page."""

    items: Page[ExchangeItem]
    counts: Mapping[str, int]
    """Items by state."""
    publishers: tuple[Publisher, ...]
    """Own record first."""


@dataclass(frozen=True, slots=True)
class Member:
    """An account of a campaign."""

    account_id: str
    probability: float
    flagged_at: datetime | None
    """None for a member that goes to review."""
    shares: int
    """Entities that it holds with other members."""
    by_hand: bool
    """Whether a person put it here."""
    measure: str


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
class CampaignView:
    """A campaign."""

    row: CampaignRow
    as_of: datetime
    """Last look of the scan that spoke of it."""
    bins: tuple[Bin, ...]
    """Earliest first."""
    events: tuple[tuple[datetime, str, str], ...]
    """The provider's: time, type, model."""
    votes: tuple[VoteRow, ...]
    findings: tuple[FindingRow, ...]
    """Evidence, abstentions, proposals and explanations, strongest first."""
    explanations: tuple[str, ...]
    """Innocent explanations considered."""
    benign: str
    """Name of the explanation that a person gave; empty where none did."""
    streams: tuple[Stream, ...]
    entities: tuple[tuple[str, str, int, int], ...]
    """Kind, name, members that hold it, others that do."""
    harvested: tuple[tuple[str, float], ...]
    """Kind and confidence, surest first."""
    damage: Mapping[str, Any] | None
    """As in ``campaigns.json``."""
    examples: tuple[Mapping[str, Any], ...]
    """As in ``campaigns.json``: no text of a prompt."""
    split_from: str
    merged: tuple[str, ...]
    merged_into: str
    split_off: tuple[str, ...]
    history: tuple[History, ...]
    """Newest first, of the campaign as a whole."""
    decisions: tuple[Action, ...]
    """Newest first."""
    requests: tuple[Approval, ...]
    measures: tuple[MeasureRow, ...]
    shared: tuple[ExchangeItem, ...]
    """What was published of it, and what peers said."""
    attribution: tuple[tuple[str, float, str], ...]
    """Known actor, probability, in words; most probable first, ``nobody known`` among them.
    Empty where no match was imported."""


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


@dataclass(frozen=True, slots=True)
class GroupRow:
    """A group that the newest scan weighed and did not declare."""

    group: str
    """Its id in that scan, or the campaign's that a person set aside."""
    accounts: int
    log_e: float
    rule: str
    """Why it was not declared, in words."""
    explained: bool
    """Whether an explanation stood beside enough evidence; else the evidence was too weak."""


@dataclass(frozen=True, slots=True)
class GroupView:
    """The same with its evidence."""

    row: GroupRow
    findings: tuple[FindingRow, ...]


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
