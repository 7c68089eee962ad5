"""OpenAI's chat completions, which most servers speak too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from stillwatch.stop.interface import Asked
from stillwatch.stop.serving.shapes.interface import (
    NOTHING,
    QUIET,
    SYSTEM,
    Body,
    given,
    newest_turn,
    real,
    text_of,
    whole,
    word,
)

if TYPE_CHECKING:
    from stillwatch.stop.interface import Request

__all__ = ["OpenAIChat"]


class _Message(Body):
    role: str = ""
    content: msgspec.Raw = NOTHING


class _Format(Body):
    type: str = ""


class _Chat(Body):
    messages: list[_Message]
    model: msgspec.Raw = NOTHING
    max_completion_tokens: msgspec.Raw = NOTHING
    max_tokens: msgspec.Raw = NOTHING
    temperature: msgspec.Raw = NOTHING
    n: msgspec.Raw = NOTHING
    stream: msgspec.Raw = NOTHING
    reasoning_effort: msgspec.Raw = NOTHING
    reasoning: msgspec.Raw = NOTHING
    response_format: _Format | None = None
    tools: list[msgspec.Raw] | None = None
    user: msgspec.Raw = NOTHING
    safety_identifier: msgspec.Raw = NOTHING


class OpenAIChat:
    """Reads ``POST /v1/chat/completions``."""

    turns_key = b'"messages"'

    def __init__(self) -> None:
        self._decode = msgspec.json.Decoder(_Chat).decode

    def __call__(self, request: Request) -> Asked:
        """Return what a body asks for."""
        body = self._decode(request.body)
        system = [text_of(one.content) for one in body.messages if one.role in SYSTEM]
        kind = body.response_format.type if body.response_format else "text"
        return Asked(
            model=word(body.model) or request.model,
            prompt=newest_turn(body.messages),
            system="\n\n".join(part for part in system if part),
            turns=len(body.messages),
            max_tokens=whole(body.max_completion_tokens, body.max_tokens),
            temperature=real(body.temperature),
            stream=given(body.stream),
            reasoning=given(body.reasoning_effort, QUIET) or given(body.reasoning),
            structured=kind not in ("text", ""),
            tools=len(body.tools or ()),
            end_user=request.end_user or word(body.safety_identifier) or word(body.user),
            conversation="",
            choices=max(1, whole(body.n)),
        )
