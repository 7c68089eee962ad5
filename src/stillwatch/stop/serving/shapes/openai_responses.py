"""OpenAI's responses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from stillwatch.stop.interface import Asked
from stillwatch.stop.serving.shapes.interface import (
    NOTHING,
    QUIET,
    SYSTEM,
    Body,
    UnreadError,
    given,
    newest_turn,
    real,
    text_of,
    whole,
    word,
)

if TYPE_CHECKING:
    from stillwatch.stop.interface import Request

__all__ = ["OpenAIResponses"]


class _Item(Body):
    type: str = "message"
    role: str = ""
    content: msgspec.Raw = NOTHING


class _Format(Body):
    type: str = ""


class _Text(Body):
    format: _Format | None = None


class _Reasoning(Body):
    effort: msgspec.Raw = NOTHING
    summary: msgspec.Raw = NOTHING


class _Named(Body):
    id: str = ""


class _Response(Body):
    input: msgspec.Raw = NOTHING
    instructions: msgspec.Raw = NOTHING
    model: msgspec.Raw = NOTHING
    max_output_tokens: msgspec.Raw = NOTHING
    temperature: msgspec.Raw = NOTHING
    stream: msgspec.Raw = NOTHING
    reasoning: _Reasoning | None = None
    text: _Text | None = None
    tools: list[msgspec.Raw] | None = None
    user: msgspec.Raw = NOTHING
    safety_identifier: msgspec.Raw = NOTHING
    previous_response_id: msgspec.Raw = NOTHING
    conversation: str | _Named | None = None


class OpenAIResponses:
    """Reads ``POST /v1/responses``."""

    turns_key = b'"input"'

    def __init__(self) -> None:
        self._decode = msgspec.json.Decoder(_Response).decode
        self._items = msgspec.json.Decoder(list[_Item]).decode

    def __call__(self, request: Request) -> Asked:
        """Return what a body asks for."""
        body = self._decode(request.body)
        turns, prompt, system = self._turns(body)
        format_ = body.text.format if body.text else None
        reasoning = body.reasoning
        held = body.conversation
        conversation = held.id if isinstance(held, _Named) else held or ""
        return Asked(
            model=word(body.model) or request.model,
            prompt=prompt,
            system=system,
            turns=turns,
            max_tokens=whole(body.max_output_tokens),
            temperature=real(body.temperature),
            stream=given(body.stream),
            reasoning=reasoning is not None
            and (given(reasoning.effort, QUIET) or given(reasoning.summary)),
            structured=format_ is not None and format_.type not in ("text", ""),
            tools=len(body.tools or ()),
            end_user=request.end_user or word(body.safety_identifier) or word(body.user),
            conversation=conversation or word(body.previous_response_id),
        )

    def _turns(self, body: _Response) -> tuple[int, str, str]:
        """Return how many items there are, the newest user turn, and what the system says."""
        raw = memoryview(body.input)
        system = [text_of(body.instructions)]
        if not raw:
            raise UnreadError("wrong-structure")
        if raw[0] == 34:
            return 1, text_of(body.input) or "", system[0] or ""
        items = self._items(raw)
        system += [text_of(item.content) for item in items if item.role in SYSTEM]
        return len(items), newest_turn(items), "\n\n".join(part for part in system if part)
