"""What of a request is changed before it is passed on, in the four shapes.

Only the fields concerned are read; all others keep their bytes. A field that stands twice counts
as the last one of its name, and is written once, so that no server reads another.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec import Raw

from stillwatch.stop.interface import Shape

__all__ = ["Changes", "rewritten"]

_Fields = dict[str, Raw]
_read = msgspec.json.Decoder(_Fields).decode
_LEAST_THINKING = 1024
"""Fewest tokens that Anthropic's API takes as ``budget_tokens``."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What is asked of the model in place of what the client asked."""

    max_tokens: int = 0
    """Tokens that the answer has at most; 0 for no bound."""
    reasoning: str = ""
    """``summary`` or ``none`` in place of a reasoning trace; empty leaves it."""
    opt_outs: tuple[str, ...] = ()
    """Fields that are taken out, dots between."""
    model: str = ""
    """Model in place of the one asked for; empty leaves it."""


def rewritten(body: bytes, shape: Shape, changes: Changes) -> bytes | None:
    """Return a body with changes made; None where it is no JSON object, and none can be made.

    Args:
        body: JSON, as the client sent it.
        shape: API that it speaks.
        changes: to make.

    >>> rewritten(b'{"max_tokens":9000,"x":[1.0]}', Shape.ANTHROPIC_MESSAGES, Changes(100))
    b'{"max_tokens":100,"x":[1.0]}'
    """
    try:
        fields = _read(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if changes.max_tokens:
        _CAP[shape](fields, changes.max_tokens)
    if changes.reasoning:
        _QUIET[shape](fields, summary=changes.reasoning == "summary")
    for path in changes.opt_outs:
        _take_out(fields, path.split("."))
    if changes.model and shape is not Shape.GEMINI:
        fields["model"] = _raw(changes.model)
    return msgspec.json.encode(fields)


def _raw(value: Any) -> Raw:  # noqa: ANN401 - JSON has no narrower type
    return Raw(msgspec.json.encode(value))


def _object(fields: _Fields, name: str) -> _Fields | None:
    """Return a field that holds an object, None where it is absent or holds something else."""
    try:
        return _read(fields[name]) if name in fields else None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _least(fields: _Fields, name: str, most: int) -> None:
    """Lower a number to a bound, or put the bound in place of what is none."""
    try:
        given = msgspec.json.decode(fields[name]) if name in fields else None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        given = None
    if isinstance(given, bool) or not isinstance(given, int | float) or not 0 < given <= most:
        fields[name] = _raw(most)


def _cap_chat(fields: _Fields, most: int) -> None:
    names = [name for name in ("max_completion_tokens", "max_tokens") if name in fields]
    for name in names or ["max_completion_tokens"]:
        _least(fields, name, most)
    if "n" in fields:
        fields["n"] = Raw(b"1")


def _cap_responses(fields: _Fields, most: int) -> None:
    _least(fields, "max_output_tokens", most)


def _cap_anthropic(fields: _Fields, most: int) -> None:
    _least(fields, "max_tokens", most)
    thinking = _object(fields, "thinking")
    if thinking is None or "budget_tokens" not in thinking:
        return
    if most <= _LEAST_THINKING:
        fields["thinking"] = Raw(b'{"type":"disabled"}')
        return
    _least(thinking, "budget_tokens", max(_LEAST_THINKING, most // 2))
    fields["thinking"] = _raw(thinking)


def _cap_gemini(fields: _Fields, most: int) -> None:
    settings = _joined(fields, "generationConfig", "generation_config") or {}
    _one_name(settings, "maxOutputTokens", "max_output_tokens")
    _least(settings, "maxOutputTokens", most)
    _one_name(settings, "candidateCount", "candidate_count")
    if "candidateCount" in settings:
        settings["candidateCount"] = Raw(b"1")
    fields["generationConfig"] = _raw(settings)


def _quiet_chat(fields: _Fields, *, summary: bool) -> None:
    """Ask servers that return traces in this shape for none: vLLM and OpenRouter have a field."""
    reasoning = _object(fields, "reasoning")
    if reasoning is not None:
        fields["reasoning"] = _raw(reasoning | {"exclude": True})
    if "include_reasoning" in fields and not summary:
        fields["include_reasoning"] = Raw(b"false")
    fields.pop("top_logprobs", None)
    if "logprobs" in fields:
        fields["logprobs"] = Raw(b"false")


def _quiet_responses(fields: _Fields, *, summary: bool) -> None:
    reasoning = _object(fields, "reasoning")
    if reasoning is not None and not summary:
        for name in ("summary", "generate_summary"):
            reasoning.pop(name, None)
        fields["reasoning"] = _raw(reasoning)
    fields.pop("top_logprobs", None)


def _quiet_anthropic(fields: _Fields, *, summary: bool) -> None:
    thinking = _object(fields, "thinking")
    if thinking is not None and thinking.get("type") != Raw(b'"disabled"'):
        fields["thinking"] = _raw(thinking | {"display": "summarized" if summary else "omitted"})


def _quiet_gemini(fields: _Fields, *, summary: bool) -> None:
    settings = _joined(fields, "generationConfig", "generation_config")
    if settings is None:
        return
    thinking = _joined(settings, "thinkingConfig", "thinking_config")
    if thinking is not None and not summary:
        _one_name(thinking, "includeThoughts", "include_thoughts")
        settings["thinkingConfig"] = _raw(thinking | {"includeThoughts": False})
    for name in ("responseLogprobs", "response_logprobs", "logprobs"):
        settings.pop(name, None)
    fields["generationConfig"] = _raw(settings)


def _joined(fields: _Fields, name: str, other: str) -> _Fields | None:
    """Return an object that may stand under either name, or both; keep it under the first."""
    found = [held for key in (other, name) if (held := _object(fields, key)) is not None]
    _one_name(fields, name, other)
    if not found:
        return None
    fields[name] = _raw(merged := {key: value for held in found for key, value in held.items()})
    return merged


def _one_name(fields: _Fields, name: str, other: str) -> None:
    """Keep under one name what protocol buffers' JSON takes under two."""
    given = fields.pop(other, None)
    if given is not None:
        fields.setdefault(name, given)


def _take_out(fields: _Fields, path: list[str]) -> None:
    name, rest = path[0], path[1:]
    if not rest:
        fields.pop(name, None)
        return
    inner = _object(fields, name)
    if inner is None:
        return
    held = dict(inner)
    _take_out(inner, rest)
    if inner != held:
        fields[name] = _raw(inner)


_CAP = {
    Shape.OPENAI_CHAT: _cap_chat,
    Shape.OPENAI_RESPONSES: _cap_responses,
    Shape.ANTHROPIC_MESSAGES: _cap_anthropic,
    Shape.GEMINI: _cap_gemini,
}
_QUIET = {
    Shape.OPENAI_CHAT: _quiet_chat,
    Shape.OPENAI_RESPONSES: _quiet_responses,
    Shape.ANTHROPIC_MESSAGES: _quiet_anthropic,
    Shape.GEMINI: _quiet_gemini,
}
