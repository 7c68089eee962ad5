"""The HTTP gateways as one ASGI application: who may call, what is read, what is answered."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from stillwatch.stop.gateways.asgi import (
    JSON,
    Message,
    Receive,
    Refused,
    Reply,
    Send,
    read_body,
    write,
)
from stillwatch.stop.gateways.decision_api import Decisions
from stillwatch.stop.gateways.describing import description
from stillwatch.stop.gateways.litellm_guardrail import ACCOUNTS, LiteLLMGuardrail
from stillwatch.stop.gateways.pending import Pending
from stillwatch.stop.gateways.tokens import admits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stillwatch.stop.gateways.gateway import Gateway

__all__ = ["HttpApi", "token_digest"]

_ANSWERS = re.compile(r"/v1/decisions/([^/]{1,128})/answers")
_GUARDRAIL = "/beta/litellm_basic_guardrail_api"
_ENVELOPE = 1 << 20
"""Bytes of a call beside the body that it is about."""


def token_digest(token: str) -> bytes:
    """Return a bearer token as listeners keep it: SHA-256 of its UTF-8."""
    return hashlib.sha256(token.encode()).digest()


class HttpApi:
    """The decision API and LiteLLM's guardrail.

    Serve it on loopback, or with TLS and with tokens or client certificates.

    Args:
        gateway: what to ask.
        tokens: SHA-256 of each bearer token that is taken; empty asks for none.
        accounts: which of LiteLLM's names is the account.
    """

    def __init__(
        self, gateway: Gateway, *, tokens: Sequence[bytes] = (), accounts: Sequence[str] = ACCOUNTS
    ) -> None:
        pending = self._pending = Pending()
        self._gateway = gateway
        self._decisions = Decisions(gateway, pending)
        self._guardrail = LiteLLMGuardrail(gateway, pending, accounts)
        self._tokens = tuple(tokens)
        self._longest = gateway.longest + _ENVELOPE

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one call."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        if scope["type"] != "http":
            return
        try:
            reply = await self._reply(scope, receive)
        except Refused as refused:
            reply = refused.reply()
        await write(send, reply)

    async def close(self) -> None:
        """Tell the service of what waits for an answer: none can come any more."""
        await self._gateway.unanswered(self._pending.drain())

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            ends = message["type"] == "lifespan.shutdown"
            if ends:
                await self.close()
            await send({"type": f"{message['type']}.complete"})
            if ends:
                return

    async def _reply(self, scope: Message, receive: Receive) -> Reply:
        path, method = scope["path"], scope["method"]
        if path == "/v1/openapi.json":
            _allow(method, "GET")
            return Reply(200, description(), JSON)
        answers = _ANSWERS.fullmatch(path)
        if path not in {"/v1/decisions", _GUARDRAIL} and answers is None:
            raise Refused(404, "There is no such thing.")
        _allow(method, "POST")
        self._check(scope["headers"])
        raw = await read_body(receive, self._longest)
        if answers is not None:
            return await self._decisions.answered(answers[1], raw)
        if path == _GUARDRAIL:
            return await self._guardrail.guard(raw)
        return await self._decisions.decide(raw)

    def _check(self, headers: Sequence[tuple[bytes, bytes]]) -> None:
        given = [value for name, value in headers if name == b"authorization"]
        # LiteLLM sends its `api_key` under this name
        given += [b"Bearer " + value for name, value in headers if name == b"x-api-key"]
        if not admits(self._tokens, given):
            raise Refused(401, "A bearer token is asked for.")
        kinds = [value for name, value in headers if name == b"content-type"]
        if len(kinds) != 1 or kinds[0].split(b";", 1)[0].strip().lower() != JSON.encode():
            # also what no form of a web page can send to a listener on loopback
            raise Refused(415, "The body is to be application/json.")
        if any(name == b"content-encoding" for name, _ in headers):
            raise Refused(415, "The body is to be sent without a content encoding.")
        length = next((value for name, value in headers if name == b"content-length"), b"0")
        if length.isdigit() and int(length) > self._longest:
            raise Refused(413, f"A body has at most {self._longest} bytes.")


def _allow(method: str, wanted: str) -> None:
    if method != wanted:
        raise Refused(405, f"Only {wanted} is served here.")
