"""The decision API: for gateways that speak neither gRPC nor ASGI.

    POST /v1/decisions                  a request that a gateway received
    POST /v1/decisions/{id}/answers     what came back
    GET  /v1/openapi.json               this API's description

Whoever asks applies the effect it is given; a request that could not be decided has one too, that
of the fail mode.  Errors of the one who asks are problems (RFC 9457).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from stillwatch.stop.gateways.asgi import JSON, Refused, Reply, json_of
from stillwatch.stop.gateways.outcomes import PROBLEM, UndecidedError, problem
from stillwatch.stop.gateways.trust import Client, address_of
from stillwatch.stop.gateways.wire import (
    AnswerBody,
    AskBody,
    DecisionBody,
    EffectBody,
    decision_body,
    effect_body,
)
from stillwatch.stop.interface import Answer, Effect, Mode, Rung

if TYPE_CHECKING:
    from stillwatch.stop.gateways.gateway import Gateway
    from stillwatch.stop.gateways.outcomes import Outcome
    from stillwatch.stop.gateways.pending import Pending

__all__ = ["Decisions"]

_ask = msgspec.json.Decoder(AskBody)
_text = msgspec.json.Decoder(str)
_answer = msgspec.json.Decoder(AnswerBody)
_encode = msgspec.json.Encoder().encode
_LONGEST_ID = 128


class Decisions:
    """The two calls of the API.

    Args:
        gateway: what to ask.
        pending: where decisions wait for their answers.
    """

    def __init__(self, gateway: Gateway, pending: Pending) -> None:
        self._gateway = gateway
        self._pending = pending

    async def decide(self, raw: bytes) -> Reply:
        """Answer ``POST /v1/decisions``."""
        asked = json_of(_ask, raw)
        client = Client(
            asked.account,
            asked.organization,
            asked.end_user,
            address_of(asked.ip),
            asked.asn,
            asked.user_agent,
            asked.tls_fingerprint,
            asked.zero_retention,
        )
        body = bytes(asked.body)
        if body.startswith(b'"'):  # a body that is no JSON came as a string
            body = json_of(_text, body).encode()
        try:
            decision, effect = await self._gateway.decide(
                client, asked.shape, asked.model, body, ()
            )
        except UndecidedError as error:
            self._gateway.note(error.outcome)
            return Reply(200, _encode(self._undecided(error.outcome)), JSON)
        if not effect.status:
            key, now = decision.request.request_id, self._gateway.clock()
            await self._gateway.unanswered(self._pending.keep(key, decision, now))
        return Reply(200, _encode(decision_body(decision, effect)), JSON)

    async def answered(self, key: str, raw: bytes) -> Reply:
        """Answer ``POST /v1/decisions/{id}/answers``."""
        said = json_of(_answer, raw)
        decision = self._pending.take(key[:_LONGEST_ID])
        if decision is None:
            raise Refused(404, "No decision of this id waits for an answer here.")
        answer = Answer(
            self._gateway.clock(),
            said.status,
            said.input_tokens,
            said.output_tokens,
            said.reasoning_tokens,
            said.finish_reason,
            said.text,
        )
        await self._gateway.service.answered(decision, answer)
        return Reply(204, b"", "")

    def _undecided(self, outcome: Outcome) -> DecisionBody:
        rung, mode = Rung.OBSERVE.name.lower(), Mode.ENFORCE.value
        return DecisionBody(
            id="",
            undecided=outcome.value,
            rung=rung,
            would=rung,
            mode=mode,
            reasons=[],
            measure_id="",
            campaign="",
            expires=0,
            lifted_by="",
            cost=0,
            tier="",
            policy="",
            knowledge=0,
            effect=self._fallback(outcome),
        )

    def _fallback(self, outcome: Outcome) -> EffectBody:
        status, body = problem(outcome)
        headers: tuple[tuple[str, str], ...] = (("content-type", PROBLEM),)
        if not self._gateway.closed:
            status, body, headers = 0, b"", ()
        return effect_body(Effect(status, headers, body, b"", (), "", withhold=False, hold=0))
