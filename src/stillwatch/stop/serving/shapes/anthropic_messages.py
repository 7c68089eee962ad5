"""Anthropic's messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from stillwatch.stop.interface import Asked
from stillwatch.stop.serving.shapes.interface import (
    NOTHING,
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

__all__ = ["AnthropicMessages"]


class _Message(Body):
    role: str = ""
    content: msgspec.Raw = NOTHING


class _Typed(Body):
    type: str = ""


class _Output(Body):
    format: msgspec.Raw = NOTHING


class _Metadata(Body):
    user_id: msgspec.Raw = NOTHING


class _Messages(Body):
    messages: list[_Message]
    system: msgspec.Raw = NOTHING
    model: msgspec.Raw = NOTHING
    max_tokens: msgspec.Raw = NOTHING
    temperature: msgspec.Raw = NOTHING
    stream: msgspec.Raw = NOTHING
    thinking: _Typed | None = None
    output_format: msgspec.Raw = NOTHING
    output_config: _Output | None = None
    tools: list[msgspec.Raw] | None = None
    metadata: _Metadata | None = None


class AnthropicMessages:
    """Reads ``POST /v1/messages``."""

    turns_key = b'"messages"'

    def __init__(self) -> None:
        self._decode = msgspec.json.Decoder(_Messages).decode

    def __call__(self, request: Request) -> Asked:
        """Return what a body asks for."""
        body = self._decode(request.body)
        output = body.output_config
        return Asked(
            model=word(body.model) or request.model,
            prompt=newest_turn(body.messages),
            system=text_of(body.system) or "",
            turns=len(body.messages),
            max_tokens=whole(body.max_tokens),
            temperature=real(body.temperature),
            stream=given(body.stream),
            reasoning=body.thinking is not None and body.thinking.type not in ("disabled", ""),
            structured=given(body.output_format) or (output is not None and given(output.format)),
            tools=len(body.tools or ()),
            end_user=request.end_user or (word(body.metadata.user_id) if body.metadata else ""),
            conversation="",
        )
