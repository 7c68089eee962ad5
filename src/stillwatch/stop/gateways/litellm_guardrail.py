"""LiteLLM's generic guardrail API, the HTTP form: no code in the proxy.

LiteLLM sends the texts, messages and tools of a request, and later those of its answer, and can be
told to block.  What it does not send cannot be weighed (limits on tokens, whether reasoning is
asked for), and what it cannot do is not done: bodies, models and reasoning stay as they are, and
such decisions are counted as not applied.  The callback beside this module does all of it.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec
from msgspec import Raw, Struct

from stillwatch.stop.gateways.asgi import JSON, Reply, json_of
from stillwatch.stop.gateways.outcomes import Outcome, UndecidedError, problem
from stillwatch.stop.interface import Answer, Shape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stillwatch.stop.gateways.gateway import Gateway
    from stillwatch.stop.gateways.pending import Pending

__all__ = ["ACCOUNTS", "LiteLLMGuardrail"]

ACCOUNTS = ("user_api_key_user_id", "user_api_key_hash")
"""Which of LiteLLM's names is the account; the first that is given."""

_encode = msgspec.json.Encoder().encode
_NOTHING = Raw()


class _Asked(Struct):
    """What LiteLLM sends; fields that are not needed are left out."""

    input_type: str
    litellm_call_id: str | None = None
    structured_messages: Raw = _NOTHING
    texts: list[object] | None = None
    tools: Raw = _NOTHING
    request_data: dict[str, object] | None = None
    request_headers: dict[str, object] | None = None
    model: str | None = None


class _Problem(Struct):
    title: str = "The request is refused."
    detail: str = ""


_asked = msgspec.json.Decoder(_Asked)
_problem = msgspec.json.Decoder(_Problem)


class LiteLLMGuardrail:
    """Answers ``POST /beta/litellm_basic_guardrail_api``.

    Args:
        gateway: what to ask.
        pending: where decisions wait for their answers.
        accounts: which of LiteLLM's names is the account.
    """

    def __init__(
        self, gateway: Gateway, pending: Pending, accounts: Sequence[str] = ACCOUNTS
    ) -> None:
        self._gateway = gateway
        self._pending = pending
        self._accounts = accounts

    async def guard(self, raw: bytes) -> Reply:
        """Answer one call."""
        asked = json_of(_asked, raw)
        if asked.input_type == "response":
            await self._answered(asked)
            return Reply(200, b'{"action":"NONE"}', JSON)
        try:
            blocked = await self._decide(asked)
        except UndecidedError as error:
            self._gateway.note(error.outcome)
            blocked = _words(problem(error.outcome)[1]) if self._gateway.closed else ""
        held = {"action": "BLOCKED", "blocked_reason": blocked} if blocked else {"action": "NONE"}
        return Reply(200, _encode(held), JSON)

    async def _decide(self, asked: _Asked) -> str:
        """Return why a request is blocked; empty where it is not."""
        said = {n: v for n, v in (asked.request_data or {}).items() if isinstance(v, str)}
        account = next((said[name] for name in self._accounts if said.get(name)), None)
        if account is None:
            raise UndecidedError(Outcome.NO_ACCOUNT)
        trust = self._gateway.trust
        client = trust.client(
            [
                (trust.organization, said.get("user_api_key_org_id") or ""),
                (trust.end_user, said.get("user_api_key_end_user_id") or ""),
                ("user-agent", str((asked.request_headers or {}).get("user-agent", ""))),
            ],
            "",
            account=account,
        )
        decision, effect = await self._gateway.decide(
            client, Shape.OPENAI_CHAT, "", _body(asked), ()
        )
        if effect.status:
            return _words(effect.body)
        if effect.forward or effect.model or effect.withhold or effect.hold:
            self._gateway.note(Outcome.UNAPPLIED)
        # a client may name its calls alike, and none of them is to be lost for that
        gone = self._pending.keep(self._key(asked), decision, self._gateway.clock())
        await self._gateway.unanswered(gone)
        return ""

    async def _answered(self, asked: _Asked) -> None:
        decision = self._pending.take(self._key(asked))
        if decision is None:
            return
        text = "".join(text for text in asked.texts or () if isinstance(text, str))
        answer = Answer(self._gateway.clock(), 200, -1, -1, -1, "", text)
        await self._gateway.service.answered(decision, answer)

    def _key(self, asked: _Asked) -> str:
        name = (asked.litellm_call_id or "").encode()
        return f"litellm {hashlib.sha256(name).hexdigest()}"


def _body(asked: _Asked) -> bytes:
    """Return the request as a chat, which is what LiteLLM makes of all it takes."""
    messages = asked.structured_messages
    if bytes(messages) in {b"", b"null", b"[]"}:
        turns = [{"role": "user", "content": text} for text in asked.texts or ()]
        messages = Raw(_encode(turns))
    held: dict[str, object] = {"model": asked.model or "", "messages": messages}
    if bytes(asked.tools) not in {b"", b"null"}:
        held["tools"] = asked.tools
    return _encode(held)


def _words(body: bytes) -> str:
    try:
        told = _problem.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        told = _Problem()
    return f"{told.title} {told.detail}".strip()
