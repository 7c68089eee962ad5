"""LiteLLM's guardrail in its callback form, which asks the decision API about whole requests.

It runs inside LiteLLM's process and needs nothing but LiteLLM: copy this one file beside the
proxy's configuration, or install stillwatch there (docs/how-to/put-it-behind-litellm.md).
"""

from __future__ import annotations

import json
import logging
import os
from typing import TYPE_CHECKING, Any

import httpx

try:
    from fastapi import HTTPException
    from litellm.integrations.custom_guardrail import CustomGuardrail
except ImportError:  # outside LiteLLM this module can be read, and not used
    CustomGuardrail = object
    HTTPException = Exception

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

__all__ = ["StillwatchGuardrail"]

_log = logging.getLogger(__name__)
_SHAPES = {
    "anthropic_messages": "anthropic-messages",
    "responses": "openai-responses",
    "aresponses": "openai-responses",
    "generate_content": "gemini",
    "agenerate_content": "gemini",
    "agenerate_content_stream": "gemini",
}
_CHATS = {"completion", "acompletion", "text_completion", "atext_completion"}
_NOTE = "stillwatch"
"""Where a request's decision is kept, among LiteLLM's own notes."""
_OURS = ("stillwatch-", "x-stillwatch-")
"""How the names of headers begin that only a decision sets."""
_TRACES = ("reasoning_content", "thinking_blocks", "reasoning")


class StillwatchGuardrail(CustomGuardrail):  # type: ignore[misc]
    """Decides, applies and tells; use it with ``mode: [pre_call, post_call]``.

    Args:
        api_base: URL of the decision API; else ``STILLWATCH_URL``.
        api_key: bearer token; else ``STILLWATCH_TOKEN``.
        account: which of LiteLLM's names is the account: ``user_id``, ``team_id`` or ``token``.
        fail_open: whether requests pass when the API does not answer.
        timeout: seconds that it has.
        options: LiteLLM's own.
    """

    def __init__(
        self,
        api_base: str = "",
        api_key: str = "",
        account: str = "user_id",
        *,
        fail_open: bool = True,
        timeout: float = 1.0,
        **options: Any,  # noqa: ANN401 - LiteLLM's
    ) -> None:
        super().__init__(**options)
        self._account = account
        self._fail_open = fail_open
        token = api_key or os.environ.get("STILLWATCH_TOKEN", "")
        self._client = httpx.AsyncClient(
            base_url=api_base or os.environ.get("STILLWATCH_URL", "http://127.0.0.1:8720"),
            headers={"authorization": f"Bearer {token}"} if token else {},
            timeout=timeout,
        )

    async def async_pre_call_hook(
        self,
        user_api_key_dict: Any,  # noqa: ANN401 - LiteLLM's
        cache: Any,  # noqa: ANN401, ARG002 - LiteLLM's
        data: dict[str, Any],
        call_type: str,
    ) -> dict[str, Any]:
        """Decide a request; change it, or answer in the model's place.

        Raises:
            HTTPException: the request is answered in the model's place.
        """
        for held in (data.get("metadata"), data.get("litellm_metadata")):
            if isinstance(held, dict):
                held.pop(_NOTE, None)  # nobody else says what was decided
        _unmarked(data)
        shape = "openai-chat" if call_type in _CHATS else _SHAPES.get(call_type)
        if shape is None:
            return data
        try:
            answer = await self._client.post(
                "/v1/decisions", json=self._ask(user_api_key_dict, data, shape)
            )
            answer.raise_for_status()
            decided = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            _log.error("stillwatch did not decide: %s", type(error).__name__)
            if self._fail_open:
                return data
            raise HTTPException(503, "The request could not be decided.") from error
        effect = decided["effect"]
        if effect["status"]:
            headers = {name: value for name, value in effect["headers"] if name != "content-type"}
            raise HTTPException(effect["status"], _detail(effect["body"]), headers)
        _forward(data, effect)
        _notes(data)[_NOTE] = {
            "id": decided["id"],
            "withhold": effect["withhold"],
            "headers": effect["headers"],
        }
        return data

    async def async_post_call_success_hook(
        self,
        data: dict[str, Any],
        user_api_key_dict: Any,  # noqa: ANN401, ARG002 - LiteLLM's
        response: Any,  # noqa: ANN401 - LiteLLM's
    ) -> Any:  # noqa: ANN401 - LiteLLM's
        """Take the trace out of an answer where it is withheld, and tell what came back."""
        note = _notes(data).get(_NOTE)
        if note is None:
            return response
        if note["withhold"]:
            _quiet(response)
        await self._tell(note, _usage(response), _finish(response))
        return response

    async def async_post_call_streaming_iterator_hook(
        self,
        user_api_key_dict: Any,  # noqa: ANN401, ARG002 - LiteLLM's
        response: Any,  # noqa: ANN401 - LiteLLM's
        request_data: dict[str, Any],
    ) -> AsyncIterator[Any]:
        """Pass a streamed answer on without what is withheld, and tell what came back."""
        note = _notes(request_data).get(_NOTE)
        usage: Any = None
        finish = ""
        try:
            async for chunk in response:
                if note is not None:
                    usage, finish = _usage(chunk) or usage, _finish(chunk) or finish
                    if note["withhold"]:
                        _quiet(chunk)
                yield chunk
        finally:
            if note is not None:
                await self._tell(note, usage, finish)

    async def async_post_call_response_headers_hook(
        self,
        data: dict[str, Any],
        user_api_key_dict: Any,  # noqa: ANN401, ARG002 - LiteLLM's
        response: Any,  # noqa: ANN401, ARG002 - LiteLLM's
        request_headers: dict[str, str] | None = None,  # noqa: ARG002 - LiteLLM's
        litellm_call_info: dict[str, object] | None = None,  # noqa: ARG002 - LiteLLM's
    ) -> dict[str, str] | None:
        """Return the headers that the answer is to carry."""
        note = _notes(data).get(_NOTE)
        return dict(note["headers"]) if note else None

    def _ask(self, key: Any, data: dict[str, Any], shape: str) -> dict[str, Any]:  # noqa: ANN401
        request = data.get("proxy_server_request") or {}
        headers = request.get("headers") or {}
        asked = {
            "account": str(getattr(key, self._account, None) or getattr(key, "token", "") or ""),
            "organization": str(getattr(key, "org_id", None) or ""),
            "shape": shape,
            "body": _plain(request.get("body") or data),
            "model": str(data.get("model") or ""),
            "user_agent": str(headers.get("user-agent") or "")[:512],
            "ip": str((data.get("metadata") or {}).get("requester_ip_address") or ""),
        }
        return {name: value for name, value in asked.items() if value or name == "body"}

    async def _tell(self, note: dict[str, Any], usage: Any, finish: str) -> None:  # noqa: ANN401
        said = {
            "status": 200,
            "input_tokens": _count(usage, "prompt_tokens", "input_tokens"),
            "output_tokens": _count(usage, "completion_tokens", "output_tokens"),
            "finish_reason": finish,
        }
        try:
            await self._client.post(f"/v1/decisions/{note['id']}/answers", json=said)
        except httpx.HTTPError as error:
            _log.error("stillwatch was not told: %s", type(error).__name__)


def _plain(body: dict[str, Any]) -> dict[str, Any]:
    """Return what of a request came from the client: LiteLLM puts objects of its own beside it."""
    held = {}
    for name, value in body.items():
        try:
            json.dumps(value)
        except (TypeError, ValueError, RecursionError):
            continue
        held[name] = value
    return held


def _notes(data: dict[str, Any]) -> dict[str, Any]:
    """Return LiteLLM's own notes on a request, which do not go to the model."""
    name = "litellm_metadata" if "litellm_metadata" in data else "metadata"
    held = data.get(name)
    if not isinstance(held, dict):
        held = data[name] = {}
    return held


def _unmarked(data: dict[str, Any]) -> None:
    """Take out headers by which a client would choose a mark or a model for itself."""
    for place in ("extra_headers", "headers"):
        given = data.get(place)
        if given is None:
            continue
        held = given if isinstance(given, dict) else {}
        data[place] = {n: v for n, v in held.items() if not str(n).lower().startswith(_OURS)}


def _forward(data: dict[str, Any], effect: dict[str, Any]) -> None:
    """Make of a request what is to be passed on."""
    forward = effect["forward"]
    if forward is not None:
        sent = _plain((data.get("proxy_server_request") or {}).get("body") or {})
        for gone in set(sent) - set(forward):
            data.pop(gone, None)
        data.update(forward)
    if effect["model"]:
        data["model"] = effect["model"]
    if any(value for _, value in effect["forward_headers"]):
        data["extra_headers"] = (data.get("extra_headers") or {}) | {
            name: value for name, value in effect["forward_headers"] if value
        }


def _detail(body: str) -> Any:  # noqa: ANN401 - JSON, or its text
    try:
        return json.loads(body)
    except ValueError:
        return body


def _of(held: Any, name: str) -> Any:  # noqa: ANN401 - LiteLLM's
    return held.get(name) if isinstance(held, dict) else getattr(held, name, None)


def _quiet(answer: Any) -> None:  # noqa: ANN401 - LiteLLM's
    """Take traces out of an answer or a piece of one, whichever API it is of."""
    for choice in _of(answer, "choices") or ():
        for part in (_of(choice, "message"), _of(choice, "delta")):
            for name in _TRACES:
                if part is None or _of(part, name) is None:
                    continue
                if isinstance(part, dict):
                    part.pop(name)
                else:
                    setattr(part, name, None)
    for name in ("content", "output"):
        parts = _of(answer, name)
        if isinstance(parts, list):
            parts[:] = [p for p in parts if _of(p, "type") not in {"thinking", "reasoning"}]


def _usage(answer: Any) -> Any:  # noqa: ANN401 - LiteLLM's
    return _of(answer, "usage")


def _finish(answer: Any) -> str:  # noqa: ANN401 - LiteLLM's
    choices = _of(answer, "choices") or ()
    named = [_of(choice, "finish_reason") for choice in choices] or [_of(answer, "stop_reason")]
    return next((str(name) for name in named if name), "")


def _count(usage: Any, *names: str) -> int:  # noqa: ANN401 - LiteLLM's
    given = [_of(usage, name) for name in names]
    return next((n for n in given if isinstance(n, int) and n >= 0), -1)
