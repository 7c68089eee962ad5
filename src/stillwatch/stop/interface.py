"""What passes between a gateway, the decision core, its state and the measures.

A gateway makes a :class:`Request` of what it received and asks a :class:`Service` for a
:class:`Decision`; ``stop.responses`` turns that into an :class:`Effect` on the request and on the
answer; when the answer has passed, the gateway says what it was as an :class:`Answer`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "Answer",
    "Asked",
    "Charge",
    "Charged",
    "Decision",
    "Effect",
    "FailMode",
    "Mode",
    "Reason",
    "Request",
    "Rung",
    "Service",
    "Shape",
    "SharedBuckets",
]


class Rung(IntEnum):
    """The ladder of measures, mildest first (docs/reference/policy.md)."""

    OBSERVE = 0
    LIMIT = 1
    VERIFY = 2
    WITHHOLD = 3
    CAP = 4
    MARK = 5
    HOLD = 6
    DECOY = 7
    PERTURB = 8
    REFUSE = 9


class Mode(StrEnum):
    """Whether a decision is applied, or computed and logged only."""

    SHADOW = "shadow"
    ENFORCE = "enforce"


class FailMode(StrEnum):
    """What happens to a request that cannot be decided."""

    OPEN = "open"
    CLOSED = "closed"


class Shape(StrEnum):
    """The API that a request speaks."""

    OPENAI_CHAT = "openai-chat"
    OPENAI_RESPONSES = "openai-responses"
    ANTHROPIC_MESSAGES = "anthropic-messages"
    GEMINI = "gemini"


@dataclass(frozen=True, slots=True)
class Request:
    """One request, as a gateway received it; the account is who the gateway authenticated."""

    time: int
    """When it arrived, microseconds since 1970."""
    request_id: str
    """Unique; the exchange id in the lake."""
    account: str
    """Account id, never what a client says of itself."""
    shape: Shape
    body: bytes
    """JSON, decompressed, at most as long as the gateway's bound."""
    model: str = ""
    """Where the path names it and the body does not; else empty."""
    ip: str = ""
    asn: int = -1
    user_agent: str = ""
    tls_fingerprint: str = ""
    """JA4."""
    end_user: str = ""
    """Where the gateway knows it; the body's own is used otherwise."""
    organization: str = ""
    zero_retention: bool = False
    """Never handed to the lake."""
    safety: bool | None = None
    """Whether the operator's own classifier says that safety-relevant content is asked for; None
    where none was asked, which counts as if it were."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a body asks for."""

    model: str
    prompt: str
    """The newest user turn."""
    system: str
    turns: int
    """Messages in all."""
    max_tokens: int
    """-1 where not given."""
    temperature: float
    """-1 where not given."""
    stream: bool
    reasoning: bool
    """Whether a reasoning trace is asked for."""
    structured: bool
    """Whether a schema or JSON is asked for."""
    tools: int
    end_user: str
    conversation: str
    choices: int = 1
    """Answers asked for at once."""


@dataclass(frozen=True, slots=True)
class Charge:
    """What a request costs a bucket (GCRA: ITU-T I.371, ATM Forum TM 4.0).

    The bucket holds ``burst`` units when full and is refilled with ``rate`` units a second.
    """

    bucket: bytes
    """Key of 16 bytes, keyed hash of kind and name."""
    cost: int
    """Thousandths of a unit."""
    rate: int
    """Thousandths of a unit a second."""
    burst: int
    """Thousandths of a unit."""


@dataclass(frozen=True, slots=True)
class Charged:
    """What a bucket said."""

    allowed: bool
    remaining: int
    """Thousandths of a unit left after it, 0 where not allowed."""
    retry_after: int
    """Microseconds until the same charge would be allowed; 0 where allowed."""
    reset_after: int
    """Microseconds until the bucket is full."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why, in a fixed word, a name and figures; never words of a prompt or of a signature."""

    code: str
    """Fixed word, listed in docs/reference/reasons.md: such as ``member-of-campaign``."""
    ground: str
    """Family of evidence: content, rhythm, infrastructure, identity, lifecycle, intelligence;
    or ``usage`` for a limit."""
    subject: str
    """What it is about: a campaign id, an indicator id, a tier, a bucket kind."""
    figure: float
    """Its size, in the code's own unit."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to be done with a request, and why."""

    request: Request
    asked: Asked
    rung: Rung
    """What is done; OBSERVE in shadow mode."""
    would: Rung
    """What the policy says, whatever the mode."""
    mode: Mode
    reasons: tuple[Reason, ...]
    measure_id: str
    """Of the measure in force on the account or campaign; empty for a plain limit."""
    campaign: str
    """Empty where none."""
    expires: int
    """Microseconds since 1970; 0 where it is about this request alone."""
    lifted_by: str
    """What would lift it: ``time``, ``verification``, ``appeal`` or empty."""
    cost: int
    """Expected training value, thousandths of a unit."""
    limiting: tuple[tuple[str, Charge, Charged], ...]
    """(kind, charge, outcome) of each bucket charged: account, campaign, entity; the account's
    first."""
    tier: str
    policy: str
    """Digest of the policy that decided."""
    knowledge: int
    """Version of the verdicts and indicators that were used."""
    prompt_tokens: int = 0
    """Tokens of the prompt, about."""
    expected_output: int = 0
    """Tokens of the answer that the cost was reckoned with."""
    owed: int = 0
    """Part of the cost that is for earlier answers, which were longer than expected."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What a gateway does with a request and its answer."""

    status: int
    """HTTP status to answer with at once; 0 to pass the request on."""
    headers: tuple[tuple[str, str], ...]
    """To add to the answer, whoever gives it."""
    body: bytes
    """Body of the answer where ``status`` is not 0 (RFC 9457)."""
    forward: bytes
    """Body to pass on in place of the client's; empty for the client's own."""
    forward_headers: tuple[tuple[str, str], ...]
    """To set on the request passed on; an empty value removes."""
    model: str
    """Model to route to in place of the one asked for; empty for none."""
    withhold: bool
    """Reasoning in the answer is replaced by its summary, or left out."""
    hold: int
    """Bytes of streamed text that are held and checked before they are released; 0 for none."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    time: int
    """When it ended, microseconds since 1970."""
    status: int
    input_tokens: int
    """-1 where not said; likewise below."""
    output_tokens: int
    reasoning_tokens: int
    finish_reason: str
    text: str
    """What was answered, where the operator keeps answers; else empty."""


class Service(Protocol):
    """What a gateway asks. Implementations never raise: they fail as the policy says."""

    async def decide(self, request: Request) -> tuple[Decision, Effect]:
        """Decide one request."""

    async def answered(self, decision: Decision, answer: Answer) -> None:
        """Take what came back: the charge is settled and the exchange goes to the lake."""


class SharedBuckets(Protocol):
    """Buckets of all replicas; every call is one atomic step."""

    async def charge(self, charges: Sequence[Charge], now: int) -> Sequence[Charged]:
        """Charge each bucket; where one does not allow it, none is charged.

        Args:
            charges: at most 8.
            now: microseconds since 1970.
        """
