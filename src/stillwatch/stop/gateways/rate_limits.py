"""Envoy's rate limit service (`envoy.service.ratelimit.v3`): limits alone, without the body.

What is asked names the account in a descriptor; the request is weighed as one whose prompt is not
known.  Verification and refusal answer as limits, with a body that says what they are; measures on
bodies and answers need the external processor, and are counted as not applied.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stillwatch.stop.gateways.grpc import Method
from stillwatch.stop.gateways.messages import RateLimitRequest, RateLimitResponse, read_message
from stillwatch.stop.gateways.outcomes import PROBLEM, Outcome, UndecidedError, problem
from stillwatch.stop.gateways.trust import address_of
from stillwatch.stop.interface import Shape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stillwatch.stop.gateways.gateway import Gateway
    from stillwatch.stop.gateways.grpc import Call
    from stillwatch.stop.interface import Decision, Effect

__all__ = ["rate_limits"]

_PATH = "/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit"
_OK, _OVER = 1, 2
_MOST = (1 << 32) - 1
_UNSEEN = b'{"messages":[]}'
"""The body of a request of which only the headers are known."""


def rate_limits(gateway: Gateway) -> Method:
    """Return the method that an Envoy asks about limits.

    Descriptors have entries ``account``, and where the proxy gives them ``remote_address`` and
    ``organization``.

    Args:
        gateway: what to ask.
    """

    async def limit(call: Call) -> None:
        raw = await call.receive()
        if raw is not None:
            await call.send(await _limit(gateway, read_message(RateLimitRequest, raw)))

    return Method(_PATH, limit)


async def _limit(gateway: Gateway, asked: Any) -> bytes:  # noqa: ANN401 - a message
    entries = [(entry.key, entry.value) for held in asked.descriptors for entry in held.entries]
    reply = RateLimitResponse()
    try:
        decision, effect = await _ask(gateway, entries)
    except UndecidedError as error:
        gateway.note(error.outcome)
        closed = gateway.closed
        _say(reply, len(asked.descriptors), _OVER if closed else _OK)
        if closed:
            _, reply.raw_body = problem(error.outcome)
            _add(reply, [("content-type", PROBLEM)])
    else:
        _say(reply, len(asked.descriptors), _OVER if effect.status else _OK, decision)
        reply.raw_body = effect.body
        _add(reply, effect.headers)
    raw: bytes = reply.SerializeToString()
    return raw


async def _ask(gateway: Gateway, entries: Sequence[tuple[str, str]]) -> tuple[Decision, Effect]:
    accounts = {value for key, value in entries if key == "account"}
    if len(accounts) > 1:
        raise UndecidedError(Outcome.TWO_ACCOUNTS)
    said = dict(entries)
    trust = gateway.trust
    headers = [(trust.account, account) for account in accounts]
    if said.get("organization"):
        headers.append((trust.organization, said["organization"]))
    client = trust.client(headers, address_of(said.get("remote_address", "")))
    decision, effect = await gateway.decide(client, Shape.OPENAI_CHAT, "", _UNSEEN, ())
    if not effect.status and (effect.withhold or effect.hold or effect.model):
        gateway.note(Outcome.UNAPPLIED)
    return decision, effect


def _say(reply: Any, count: int, code: int, decision: Decision | None = None) -> None:  # noqa: ANN401
    reply.overall_code = code
    for _ in range(count):
        status = reply.statuses.add()
        status.code = code
        if decision is not None and decision.limiting:
            _, _, charged = decision.limiting[0]
            status.limit_remaining = min(charged.remaining // 1000, _MOST)
            seconds, left = divmod(charged.reset_after, 1_000_000)
            status.duration_until_reset.seconds = seconds
            status.duration_until_reset.nanos = left * 1000


def _add(reply: Any, headers: Sequence[tuple[str, str]]) -> None:  # noqa: ANN401 - a message
    for name, value in headers:
        added = reply.response_headers_to_add.add()
        added.key, added.value = name, value
