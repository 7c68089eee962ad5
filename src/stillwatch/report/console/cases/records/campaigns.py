"""What pages show of campaigns and groups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from stillwatch.report.console.cases.records.exchange import ExchangeItem
    from stillwatch.report.console.cases.records.people import Action, Approval, History, MeasureRow

__all__ = [
    "Bin",
    "CampaignRow",
    "CampaignView",
    "Edge",
    "FindingRow",
    "Graph",
    "GroupRow",
    "GroupView",
    "Member",
    "Node",
    "Stream",
    "VoteRow",
]


@dataclass(frozen=True, slots=True)
class CampaignRow:
    """A campaign in a list."""

    campaign_id: str
    state: str
    """waiting, again (waits once more: evidence grew after it was rejected or explained),
    confirmed, rejected, benign or merged."""
    standing: str
    """declared (by the newest scan), aside (found by it and not declared, since a person
    rejected or explained it), gone, merged or made (by a person's split)."""
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
    """What the data would have cost to make, likely; None where not known."""
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
