"""What the decision API reads and writes; unknown fields are refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from msgspec import Meta, Raw, Struct

from stillwatch.stop.gateways.trust import NAME
from stillwatch.stop.interface import Shape  # noqa: TC001 - msgspec reads annotations

if TYPE_CHECKING:
    from stillwatch.stop.interface import Decision, Effect

__all__ = ["AnswerBody", "AskBody", "DecisionBody", "EffectBody", "decision_body", "effect_body"]

_Name = Annotated[str, Meta(pattern=rf"^{NAME}$", max_length=256)]
_Word = Annotated[str, Meta(max_length=512)]
_Count = Annotated[int, Meta(ge=-1, le=1 << 40)]


class AskBody(Struct, forbid_unknown_fields=True):
    """A request that a gateway received, and whose it is."""

    account: _Name
    """Who the gateway authenticated."""
    shape: Shape
    """API that the body speaks."""
    body: Raw
    """The client's JSON as it came; where it is no JSON, its text in a string."""
    model: _Word = ""
    """Where the path names it."""
    ip: _Word = ""
    asn: Annotated[int, Meta(ge=-1, le=(1 << 32) - 1)] = -1
    user_agent: _Word = ""
    tls_fingerprint: _Word = ""
    """JA4."""
    end_user: _Word = ""
    organization: _Word = ""
    zero_retention: bool = False


class AnswerBody(Struct, forbid_unknown_fields=True):
    """What came back; -1 for what is not known."""

    status: Annotated[int, Meta(ge=100, le=599)]
    input_tokens: _Count = -1
    output_tokens: _Count = -1
    reasoning_tokens: _Count = -1
    finish_reason: _Word = ""
    text: str = ""
    """Where the operator keeps answers."""


class ReasonBody(Struct):
    """Why."""

    code: str
    ground: str
    subject: str
    figure: float


class EffectBody(Struct):
    """What the gateway is to do."""

    status: int
    """HTTP status to answer with at once; 0 to pass the request on."""
    headers: list[tuple[str, str]]
    """To add to the answer, whoever gives it."""
    body: str
    """Of the answer where ``status`` is not 0."""
    forward: Raw | None
    """JSON to pass on in place of the client's; null for the client's own."""
    forward_headers: list[tuple[str, str]]
    """To set on the request passed on; an empty value removes."""
    model: str
    """To route to in place of the one asked for; empty for none."""
    withhold: bool
    """Whether reasoning is to be taken out of the answer."""
    hold: int
    """Bytes of streamed text to hold and check before they are released; 0 for none."""


class DecisionBody(Struct):
    """What is to be done with a request, and why."""

    id: str
    """For the answer; empty where the request could not be decided."""
    undecided: str
    """Why it could not be decided: an outcome; else empty."""
    rung: str
    would: str
    mode: str
    reasons: list[ReasonBody]
    measure_id: str
    campaign: str
    expires: int
    lifted_by: str
    cost: int
    tier: str
    policy: str
    knowledge: int
    effect: EffectBody


def effect_body(effect: Effect) -> EffectBody:
    """Return an effect as it is written."""
    return EffectBody(
        effect.status,
        list(effect.headers),
        effect.body.decode("utf-8", "replace"),
        Raw(effect.forward) if effect.forward else None,
        list(effect.forward_headers),
        effect.model,
        effect.withhold,
        effect.hold,
    )


def decision_body(decision: Decision, effect: Effect) -> DecisionBody:
    """Return a decision as it is written."""
    return DecisionBody(
        id=decision.request.request_id,
        undecided="",
        rung=decision.rung.name.lower(),
        would=decision.would.name.lower(),
        mode=decision.mode.value,
        reasons=[ReasonBody(r.code, r.ground, r.subject, r.figure) for r in decision.reasons],
        measure_id=decision.measure_id,
        campaign=decision.campaign,
        expires=decision.expires,
        lifted_by=decision.lifted_by,
        cost=decision.cost,
        tier=decision.tier,
        policy=decision.policy,
        knowledge=decision.knowledge,
        effect=effect_body(effect),
    )
