"""What a decision does on the wire: to the request, to the answer, or in place of both."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec

from stillwatch.records import utc
from stillwatch.stop.interface import Effect, Mode, Rung
from stillwatch.stop.responses.forwarding import Changes, rewritten
from stillwatch.stop.responses.limit_headers import denied, limit_headers, retry_after
from stillwatch.stop.responses.reasons import statement_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stillwatch.stop.interface import Decision
    from stillwatch.stop.responses.canaries import CanarySet
    from stillwatch.stop.responses.policy import Policy

__all__ = ["CANARY_HEADER", "MARK_HEADER", "NOTHING", "PERTURB_HEADER", "effect_of", "unavailable"]

CANARY_HEADER = "stillwatch-canaries"
"""Set on a request passed on: ``SET;slot=variant``, the number of the variant for each slot."""
MARK_HEADER = "stillwatch-watermark-key"
"""Set on a request passed on: id of the key that its answer is to be marked with."""
PERTURB_HEADER = "stillwatch-perturb"
"""Set on a request passed on: id of the measure under which its answer is to be perturbed."""
NOTHING = Effect(
    0,
    (),
    b"",
    b"",
    ((MARK_HEADER, ""), (PERTURB_HEADER, ""), (CANARY_HEADER, "")),
    "",
    withhold=False,
    hold=0,
)
"""Neither the request nor its answer is changed.

What a client sent under names that mean something to the model's server is taken out: otherwise it
would choose a watermark, in shadow mode too.
"""

_NO_CANARIES: Mapping[str, CanarySet] = MappingProxyType({})
_QUOTA = "https://iana.org/assignments/http-problem-types#quota-exceeded"
_SAFE = re.compile(r"[!-~]{1,200}")
_TITLES = {
    Rung.LIMIT: "The allowance is used up",
    Rung.VERIFY: "Verification is required",
    Rung.REFUSE: "The request is refused",
}
_CODES = {Rung.LIMIT: "over-limit", Rung.VERIFY: "verification-required", Rung.REFUSE: "refused"}


def effect_of(
    decision: Decision,
    policy: Policy,
    *,
    token: str = "",
    canaries: Mapping[str, CanarySet] = _NO_CANARIES,
) -> Effect:
    """Return what a gateway does.

    Under a measure that changes an answer, a request that a bucket does not allow is still not
    answered; a body that such a measure cannot be applied to is refused with 400.

    Args:
        decision: that governance has passed.
        policy: that decided.
        token: by which the account holder can contest this very decision; put into the link.
        canaries: sets of equivalent variants by campaign, chosen among from MARK on.
    """
    if decision.mode is Mode.SHADOW:
        return NOTHING
    rung = decision.rung
    headers = limit_headers(decision)
    if rung is Rung.REFUSE or rung is Rung.VERIFY:
        return _answer(decision, policy, 403, rung, headers, token)
    if rung and denied(decision):
        wait = ("retry-after", str(retry_after(decision)))
        return _answer(decision, policy, 429, Rung.LIMIT, (*headers, wait), token)
    if rung <= Rung.VERIFY:
        return replace(NOTHING, headers=headers)
    return _shaped(decision, policy, headers, token, canaries.get(decision.campaign))


def unavailable(policy: Policy) -> Effect:
    """Return the answer to a request that cannot be decided where the policy fails closed."""
    body = {
        "type": _kind(policy, "unavailable"),
        "title": "The request cannot be decided now",
        "status": 503,
        "detail": "A part of the service is away. Nothing was found against the account.",
        "code": "unavailable",
    }
    headers = (("content-type", "application/problem+json"), ("retry-after", "1"))
    return Effect(503, headers, msgspec.json.encode(body), b"", (), "", withhold=False, hold=0)


def _answer(
    decision: Decision,
    policy: Policy,
    status: int,
    rung: Rung,
    headers: tuple[tuple[str, str], ...],
    token: str,
) -> Effect:
    """Return an answer in the model's place: problem details (RFC 9457)."""
    appeal = _appeal(policy, token)
    statement = statement_of(decision, policy, appeal=appeal)
    body: dict[str, Any] = {
        "type": _kind(policy, _CODES[rung]),
        "title": _TITLES[rung],
        "status": status,
        "detail": statement.text(),
        "code": _CODES[rung],
        "request_id": decision.request.request_id,
        "automatic": statement.automatic,
        "lifted_by": decision.lifted_by,
    }
    if status == 429 and "account" in denied(decision):
        body |= {"type": _QUOTA, "violated-policies": [decision.tier]}
    if decision.expires:
        body["expires"] = utc(decision.expires).isoformat()
    links = {"appeal": appeal, "terms": policy.links.terms}
    if rung is Rung.VERIFY:
        links["verification"] = policy.links.verification
    body |= {name: link for name, link in links.items() if link}
    headers = (("content-type", "application/problem+json"), *headers, *_help(appeal))
    return Effect(status, headers, msgspec.json.encode(body), b"", (), "", withhold=False, hold=0)


def _shaped(
    decision: Decision,
    policy: Policy,
    headers: tuple[tuple[str, str], ...],
    token: str,
    canaries: CanarySet | None,
) -> Effect:
    """Return what is changed of a request that goes on."""
    rung, shaping = decision.rung, policy.shaping
    open_ = rung <= Rung.HOLD
    decoy = shaping.decoy_model if rung is Rung.DECOY else ""
    changes = Changes(
        max_tokens=shaping.max_tokens if Rung.CAP <= rung <= Rung.HOLD else 0,
        reasoning=shaping.reasoning if open_ else "",
        opt_outs=shaping.opt_outs if rung >= Rung.MARK else (),
        model=decoy,
    )
    request = decision.request
    forward = rewritten(request.body, request.shape, changes)
    if forward is None:
        return _unreadable(policy, headers)
    on = [("accept-encoding", "identity")] if open_ or decoy else []
    if rung >= Rung.MARK:
        name = decision.campaign or decision.measure_id
        variants = canaries.header(request.request_id) if canaries else ""
        on += [
            (CANARY_HEADER, variants),
            (MARK_HEADER, _safe(shaping.watermark_keys.get(name, name))),
        ]
    else:
        on += [(CANARY_HEADER, ""), (MARK_HEADER, "")]
    perturbed = rung is Rung.PERTURB and shaping.perturbation
    on += [(PERTURB_HEADER, decision.measure_id if perturbed else "")]
    if open_:
        told = "reasoning" if rung is Rung.WITHHOLD else "reasoning, length"
        headers = (*headers, ("stillwatch-withheld", told), *_help(_appeal(policy, token)))
    return Effect(
        0,
        headers,
        b"",
        forward,
        tuple(on),
        decoy,
        withhold=open_,
        hold=shaping.hold if rung is Rung.HOLD else 0,
    )


def _unreadable(policy: Policy, headers: tuple[tuple[str, str], ...]) -> Effect:
    body = {
        "type": _kind(policy, "unreadable"),
        "title": "The request cannot be read",
        "status": 400,
        "detail": "The body is not a JSON object that can be read unambiguously.",
        "code": "unreadable",
    }
    headers = (("content-type", "application/problem+json"), *headers)
    return Effect(400, headers, msgspec.json.encode(body), b"", (), "", withhold=False, hold=0)


def _help(appeal: str) -> tuple[tuple[str, str], ...]:
    """Return where to contest, for whoever reads headers alone (RFC 8288)."""
    return (("link", f'<{appeal}>; rel="help"'),) if appeal else ()


def _appeal(policy: Policy, token: str) -> str:
    link = policy.links.appeal
    if not link or not token:
        return link
    return f"{link}{'&' if '?' in link else '?'}token={quote(token, safe='')}"


def _kind(policy: Policy, code: str) -> str:
    """Return a problem's type: where it is explained, or none in particular."""
    return f"{policy.links.reasons}#{code}" if policy.links.reasons else "about:blank"


def _safe(name: str) -> str:
    """Return a name as a header can hold it: one that it cannot is told by its hash."""
    return name if _SAFE.fullmatch(name) else hashlib.sha256(name.encode()).hexdigest()
