"""What flows between the parts: exchanges, accounts, events, findings, campaigns, verdicts.

Tables travel as Arrow; their columns are declared here once, as :class:`Field` tuples, and
every reader, writer, check and document derives from them.  Findings, campaigns and verdicts
travel as frozen dataclasses.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "ACCOUNT",
    "ACCOUNT_EVENT",
    "EXCHANGE",
    "FAMILIES",
    "IDENTIFIER_TOKEN",
    "INTELLIGENCE",
    "PROVIDER_EVENT",
    "TIME",
    "Campaign",
    "Entity",
    "Event",
    "Example",
    "FamilyVote",
    "Field",
    "Finding",
    "ModelUse",
    "ScanResult",
    "Verdict",
    "utc",
    "verdict_schema",
]

TIME = pa.timestamp("us", tz="UTC")
"""Arrow type of every time: microseconds since 1970-01-01, UTC."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

FAMILIES = ("content", "rhythm", "infrastructure", "identity", "lifecycle", "intelligence")
"""The six families of evidence."""


def utc(microseconds: int) -> datetime:
    """Return microseconds since 1970 as a time, to the microsecond.

    >>> utc(1).isoformat()
    '1970-01-01T00:00:00.000001+00:00'
    """
    return _EPOCH + timedelta(microseconds=int(microseconds))


@dataclass(frozen=True, slots=True)
class Field:
    """One column of an input table."""

    name: str
    """Canonical column name."""
    type: pa.DataType
    """Arrow type after reading; readers cast to it."""
    doc: str
    """What the column holds, with its unit."""
    required: bool = False
    """Whether a row without it goes to quarantine."""
    family: str | None = None
    """Evidence family allowed to read it; None where every family may."""


_S = pa.string()
EXCHANGE: tuple[Field, ...] = (
    Field("time", TIME, "when the request arrived, UTC", required=True),
    Field("exchange_id", _S, "unique id of the exchange", required=True),
    Field("account_id", _S, "id of the account (string or integer, kept)", required=True),
    Field("conversation_id", _S, "id shared by the turns of a conversation"),
    Field("model", _S, "model asked for", required=True),
    Field("prompt", _S, "newest user turn", required=True, family="content"),
    Field("system_prompt", _S, "system prompt", family="content"),
    Field("input_tokens", pa.int64(), "tokens of the request", family="content"),
    Field("output_tokens", pa.int64(), "tokens of the answer", family="content"),
    Field("max_tokens", pa.int64(), "cap asked for, tokens", family="content"),
    Field("temperature", pa.float64(), "sampling temperature asked for", family="content"),
    Field("ip", _S, "client address, IPv4 or IPv6", family="infrastructure"),
    Field("asn", pa.int64(), "autonomous system number", family="infrastructure"),
    Field("user_agent", _S, "client's user agent", family="infrastructure"),
    Field("tls_fingerprint", _S, "JA4 or JA3 of the client", family="infrastructure"),
    Field("end_user_id", _S, "the account's own end user, hashed"),
    Field("response", _S, "the answer's text", family="content"),
    Field("api_key_id", _S, "key used"),
    Field("channel", _S, "direct, cloud marketplace or app"),
    Field("finish_reason", _S, "why the answer ended", family="content"),
    Field("messages", _S, "all turns as JSON, where prompt is not given", family="content"),
)
"""Columns of an exchange log."""

ACCOUNT: tuple[Field, ...] = (
    Field("account_id", _S, "id of the account (string or integer, kept)", required=True),
    Field("created_at", TIME, "when the account was opened, UTC", family="lifecycle"),
    Field("organization_id", _S, "organisation that the account belongs to"),
    Field("email_domain", _S, "domain of the mail address; never evidence by itself"),
    Field("payment_fingerprint", _S, "processor-scoped payment fingerprint", family="identity"),
    Field("phone_hash", _S, "keyed hash of the phone number", family="identity"),
    Field("device_fingerprint", _S, "device fingerprint", family="identity"),
    Field("plan", _S, "plan"),
    Field("declared_purpose", _S, "purpose the holder registered"),
    Field("verification_level", _S, "level of verification passed"),
    Field("licensed", pa.bool_(), "licensed distiller"),
)
"""Columns of an account table."""

ACCOUNT_EVENT: tuple[Field, ...] = (
    Field("time", TIME, "when it happened, UTC", required=True),
    Field("account_id", _S, "id of the account", required=True),
    Field(
        "type",
        _S,
        "created, payment_added, declined, chargeback, verified, plan, licensed_from, "
        "licensed_to, blocked, unblocked",
        required=True,
    ),
)
"""Columns of dated account events."""

PROVIDER_EVENT: tuple[Field, ...] = (
    Field("time", TIME, "when it happened, UTC", required=True),
    Field("type", _S, "model_release, price, policy", required=True),
    Field("model", _S, "model concerned"),
)
"""Columns of dated provider events."""

IDENTIFIER_TOKEN: tuple[Field, ...] = (
    Field("account_id", _S, "id of the account", required=True),
    Field("type", _S, "email, phone or par", required=True),
    Field("token", _S, "keyed token of the normalised value", required=True),
    Field("pattern_token", _S, "keyed token of the value's shape with its counter removed"),
    Field("pattern_counter", pa.int64(), "the counter removed from the shape"),
    Field("valid_from", TIME, "when the value began to hold, UTC"),
)
"""Columns of the vault's output, which scan reads in place of clear identifiers."""

INTELLIGENCE: tuple[Field, ...] = (
    Field("time", TIME, "when the match was known here, UTC", required=True),
    Field("account_id", _S, "id of the account", required=True),
    Field("actor", _S, "campaign that a peer declared", required=True),
    Field("log_ratio", pa.float64(), "that the account is the actor's, nats", required=True),
)
"""Columns of what ``stillwatch exchange match`` found: accounts that peers' indicators match."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one detector says of one group."""

    detector: str
    """Slug of the detector."""
    family: str
    """One of FAMILIES."""
    group: str
    """Id of the group or campaign concerned."""
    log_e: float
    """Natural log of the e-value; 0 is no evidence."""
    enough_data: bool
    """False where the detector abstains; log_e is then 0."""
    effect: float
    """Size of the effect in the detector's own unit, named in explanation."""
    n: int
    """Accounts judged."""
    first: datetime | None
    """First supporting exchange."""
    last: datetime | None
    """Last supporting exchange."""
    explanation: str
    """One sentence for a person."""
    exchanges: tuple[str, ...] = ()
    """A sample of supporting exchange ids."""
    role: str = "evidence"
    """proposal (made the group), evidence, or explanation (speaks for the accounts)."""


@dataclass(frozen=True, slots=True)
class ModelUse:
    """What a campaign asked of one model; tokens are those of exchanges that state them."""

    model: str
    """Name of the model, as in the log."""
    exchanges: int
    """Exchanges of the campaign with this model."""
    input_tokens: int
    """Tokens of the requests."""
    output_tokens: int
    """Tokens of the answers."""
    leaked: int
    """Exchanges before the declaration."""
    leaked_input_tokens: int
    """Tokens of their requests."""
    leaked_output_tokens: int
    """Tokens of their answers."""
    counted_input: int
    """Exchanges whose request tokens are known."""
    counted_output: int
    """Exchanges whose answer tokens are known."""


@dataclass(frozen=True, slots=True)
class Entity:
    """A value that members of a campaign share; the value itself is not held."""

    kind: str
    """card, phone, device, mail pattern, address block, or client."""
    name: str
    """Short name made from its holders, never from the value."""
    members: tuple[str | int, ...]
    """Members of the campaign that hold it, the first few dozen."""
    held: int
    """All members of the campaign that hold it."""
    others: int
    """Accounts outside the campaign that hold it too."""


@dataclass(frozen=True, slots=True)
class FamilyVote:
    """One family's evidence, and what ordinary crowds of like size would have given."""

    family: str
    """One of FAMILIES."""
    log_e: float
    """Bounded sum of the family's log e-values, nats."""
    null: tuple[float, ...]
    """The same of ordinary crowds at their quantiles .05, .25, .5, .75 and .95, nats."""
    crowds: int
    """Crowds measured."""


@dataclass(frozen=True, slots=True)
class Example:
    """One exchange that shows what a campaign does."""

    exchange_id: str
    """As in the log."""
    time: datetime
    """When the request arrived, UTC."""
    account_id: str | int
    """As in the log."""
    model: str
    """Model asked for."""
    input_tokens: int | None
    """Tokens of the request; None where not stated."""
    output_tokens: int | None
    """Tokens of the answer; None where not stated."""


@dataclass(frozen=True, slots=True)
class Event:
    """A dated event of the provider."""

    time: datetime
    """When it happened, UTC."""
    type: str
    """release, price, policy or another."""
    model: str | None
    """Model concerned."""


@dataclass(frozen=True, slots=True)
class Campaign:
    """A declared group of accounts."""

    campaign_id: str
    """Stable id."""
    members: Mapping[str | int, float]
    """Membership probability by account id."""
    flagged_at: Mapping[str | int, datetime]
    """Look at which each member was flagged."""
    findings: tuple[Finding, ...]
    """All findings, strongest first."""
    log_e: float
    """Combined log e-value."""
    first_seen: datetime
    """First harvest exchange known."""
    declared_at: datetime
    """Look that declared it."""
    exchanges: int
    """Exchanges attributed to the campaign's own sub-streams."""
    leaked: int
    """Of these, before declared_at."""
    kind: str
    """How the campaign works, or unknown."""
    kind_confidence: float
    """Confidence in kind, 0 to 1."""
    recommended_measure: str
    """One of the ladder in DESIGN section 7."""
    review_only: bool = False
    """True where an explanation stands beside the evidence and a person must decide."""
    explanations: tuple[str, ...] = ()
    """Explanations considered, in words."""
    signature: Mapping[str, object] = field(default_factory=dict)
    """Keyed sketches and profiles that recognise the campaign again."""
    harvested: Mapping[str, float] = field(default_factory=dict)
    """What was harvested: kind and confidence in 0 to 1, surest first; empty is unknown."""
    usage: tuple[ModelUse, ...] = ()
    """What was asked of each model, most exchanges first."""
    entities: tuple[Entity, ...] = ()
    """Values that members share, most members first; a sample of them."""
    votes: tuple[FamilyVote, ...] = ()
    """The families' evidence beside that of ordinary crowds, as of the last look."""
    log_odds: float | None = None
    """All evidence weighed together, which decided; None where not kept."""
    examples: tuple[Example, ...] = ()
    """A few exchanges, evenly spread over the campaign."""
    split_from: str | None = None
    """Id of the campaign that it was told apart from; None where it began by itself."""
    merged: tuple[str, ...] = ()
    """Ids that ended because their accounts came back to this campaign, earliest first."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One row an account."""

    account_id: str | int
    """As in the input."""
    campaign_id: str | None
    """Null unless flagged."""
    flagged_at: datetime | None
    """The look that flagged the account, or None."""
    score: float
    """Membership probability in [0, 1]."""
    reasons: tuple[str, ...]
    """Sentences for a person."""
    recommended_measure: str
    """One of the ladder in DESIGN section 7."""


@dataclass(frozen=True, slots=True)
class ScanResult:
    """What one scan of a log says."""

    account_type: pa.DataType
    """Arrow type of account_id in the input."""
    verdicts: tuple[Verdict, ...]
    """One an account seen in the exchanges or the account table."""
    campaigns: tuple[Campaign, ...]
    """Declared campaigns, earliest first."""
    findings: tuple[Finding, ...]
    """Findings of declared campaigns and of groups that were explained away or fell short."""
    as_of: datetime
    """Last look; nothing after it was used."""
    first: datetime | None
    """First exchange."""
    exchanges: int
    """Exchanges read."""
    accounts: int
    """Accounts seen."""
    looks: int
    """Looks taken."""
    groups_tested: int
    """Groups m over which the error rate is controlled, at the last look."""
    alpha: float
    """Operator's false-coordination rate."""
    missing: tuple[str, ...]
    """What could not be judged and which column would allow it, one sentence each."""
    seconds: Mapping[str, float]
    """Wall-clock seconds by stage."""
    events: tuple[Event, ...] = ()
    """The provider's events up to the last look, earliest first."""


def verdict_schema(account_type: pa.DataType) -> pa.Schema:
    """Return the Arrow schema of ``verdicts.parquet``.

    Args:
        account_type: Arrow type of account_id in the input, kept as it is.
    """
    return pa.schema(
        [
            pa.field("account_id", account_type, nullable=False),
            pa.field("campaign_id", _S),
            pa.field("flagged_at", TIME),
            pa.field("score", pa.float64(), nullable=False),
            pa.field("reasons", pa.list_(_S), nullable=False),
            pa.field("recommended_measure", _S, nullable=False),
        ]
    )
