"""Gemini's generateContent; its JSON takes both spellings of a name (ProtoJSON)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from stillwatch.stop.interface import Asked
from stillwatch.stop.serving.shapes.interface import (
    NOTHING,
    Body,
    Part,
    given,
    real,
    whole,
    word,
)

if TYPE_CHECKING:
    from stillwatch.stop.interface import Request

__all__ = ["Gemini"]


class _GeminiPart(Part):
    thought: bool = False


class _Content(Body):
    role: str = ""
    parts: msgspec.Raw = NOTHING


class _Thinking(Body):
    includeThoughts: msgspec.Raw = NOTHING  # noqa: N815 - the API's own names, likewise below
    include_thoughts: msgspec.Raw = NOTHING
    thinkingBudget: msgspec.Raw = NOTHING  # noqa: N815
    thinking_budget: msgspec.Raw = NOTHING
    thinkingLevel: msgspec.Raw = NOTHING  # noqa: N815
    thinking_level: msgspec.Raw = NOTHING


class _Generation(Body):
    maxOutputTokens: msgspec.Raw = NOTHING  # noqa: N815
    max_output_tokens: msgspec.Raw = NOTHING
    candidateCount: msgspec.Raw = NOTHING  # noqa: N815
    candidate_count: msgspec.Raw = NOTHING
    temperature: msgspec.Raw = NOTHING
    responseSchema: msgspec.Raw = NOTHING  # noqa: N815
    response_schema: msgspec.Raw = NOTHING
    responseJsonSchema: msgspec.Raw = NOTHING  # noqa: N815
    response_json_schema: msgspec.Raw = NOTHING
    responseMimeType: msgspec.Raw = NOTHING  # noqa: N815
    response_mime_type: msgspec.Raw = NOTHING
    thinkingConfig: _Thinking | None = None  # noqa: N815
    thinking_config: _Thinking | None = None


class _Tool(Body):
    functionDeclarations: list[msgspec.Raw] | None = None  # noqa: N815
    function_declarations: list[msgspec.Raw] | None = None


class _Generate(Body):
    contents: list[_Content] | _Content
    model: msgspec.Raw = NOTHING
    systemInstruction: _Content | None = None  # noqa: N815
    system_instruction: _Content | None = None
    generationConfig: _Generation | None = None  # noqa: N815
    generation_config: _Generation | None = None
    tools: list[_Tool] | _Tool | None = None


class Gemini:
    """Reads ``POST /v1beta/models/…:generateContent`` and ``:streamGenerateContent``.

    The path names the model, and whether the answer is streamed.
    """

    turns_key = b'"contents"'

    def __init__(self) -> None:
        self._decode = msgspec.json.Decoder(_Generate).decode
        self._parts = msgspec.json.Decoder(list[_GeminiPart] | _GeminiPart).decode

    def __call__(self, request: Request) -> Asked:
        """Return what a body asks for."""
        body = self._decode(request.body)
        contents = body.contents if isinstance(body.contents, list) else [body.contents]
        prompt = None
        for content in reversed(contents):
            if content.role in ("user", ""):
                prompt = self._said(content)
                if prompt is not None:
                    break
        system = body.systemInstruction or body.system_instruction
        asked = body.generationConfig or body.generation_config or _Generation()
        thinking = asked.thinkingConfig or asked.thinking_config or _Thinking()
        tools = body.tools if isinstance(body.tools, list) else [body.tools] if body.tools else []
        mime = word(asked.responseMimeType) or word(asked.response_mime_type)
        schemas = (
            asked.responseSchema,
            asked.response_schema,
            asked.responseJsonSchema,
            asked.response_json_schema,
        )
        return Asked(
            model=request.model or word(body.model),
            prompt=prompt or "",
            system=(self._said(system) if system else None) or "",
            turns=len(contents),
            max_tokens=whole(asked.maxOutputTokens, asked.max_output_tokens),
            temperature=real(asked.temperature),
            stream=False,
            reasoning=given(thinking.includeThoughts)
            or given(thinking.include_thoughts)
            or whole(thinking.thinkingBudget, thinking.thinking_budget) > 0
            or given(thinking.thinkingLevel)
            or given(thinking.thinking_level),
            structured=any(map(given, schemas)) or mime not in ("", "text/plain"),
            tools=sum(
                len(tool.functionDeclarations or tool.function_declarations or (tool,))
                for tool in tools
            ),
            end_user=request.end_user,
            conversation="",
            choices=max(1, whole(asked.candidateCount, asked.candidate_count)),
        )

    def _said(self, content: _Content) -> str | None:
        raw = memoryview(content.parts)
        if not raw:
            return None
        parts = self._parts(raw)
        parts = parts if isinstance(parts, list) else [parts]
        said = [part.text for part in parts if part.text and not part.thought]
        return "\n".join(said) if said else None
