"""Turns of a conversation → the newest user turn and the system prompt."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["Turns", "parse_json", "read_turns", "turn_text"]

USER = frozenset({"user", "human"})
SYSTEM = frozenset({"system", "developer"})


@dataclass(frozen=True, slots=True)
class Turns:
    """What one list of messages holds."""

    prompt: str | None
    """Newest user turn."""
    system_prompt: str | None
    """System turns, joined by blank lines."""
    answer: str | None = None
    """Newest assistant turn."""


def parse_json(text: str | None) -> object:
    """Parse JSON from a log; anything that is not JSON, or nests too deep, is None.

    >>> parse_json("[1]"), parse_json("{")
    ([1], None)
    """
    if not text:
        return None
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value


def turn_text(content: object, depth: int = 0) -> str | None:
    """Return the text of one turn.

    Args:
        content: a string, or parts as OpenAI (``text``), Anthropic (``text``), Gemini (``parts``)
            and OpenTelemetry (``content``) write them; parts that are not text are left out.
        depth: how many parts surround this one.

    >>> turn_text([{"type": "text", "text": "a"}, {"type": "image_url"}, "b"])
    'a\\nb'
    """
    if isinstance(content, str):
        return content
    if depth > 3:
        return None
    if isinstance(content, Mapping):
        if content.get("type") in ("tool_result", "tool_call_response", "reasoning", "thinking"):
            return None
        for key in ("text", "content", "parts", "value"):
            found = turn_text(content.get(key), depth + 1)
            if found is not None:
                return found
        return None
    if isinstance(content, list):
        parts = [part for part in (turn_text(entry, depth + 1) for entry in content) if part]
        return "\n".join(parts) if parts else None
    return None


def read_turns(messages: object) -> Turns:
    """Read messages, already parsed.

    Args:
        messages: a list of ``{role, content}`` or ``{role, parts}``, oldest first; an object that
            holds such a list as ``messages``, ``contents`` or ``input``; or one turn as a string.

    >>> read_turns([{"role": "system", "content": "s"}, {"role": "user", "content": "u"}])
    Turns(prompt='u', system_prompt='s', answer=None)
    """
    system: list[str] = []
    if isinstance(messages, Mapping):
        outer = turn_text(messages.get("system") or messages.get("instructions"))
        system += [outer] if outer else []
        inner = next(
            (messages[k] for k in ("messages", "contents", "input") if k in messages), None
        )
        messages = [messages] if inner is None and "role" in messages else inner
    if isinstance(messages, str):
        return Turns(messages, "\n\n".join(system) or None)
    prompt = answer = None
    for turn in messages if isinstance(messages, list) else ():
        if not isinstance(turn, Mapping):
            continue
        role = str(turn.get("role", "")).lower()
        text = turn_text(turn.get("content", turn.get("parts")))
        if text is None:
            continue
        if role in USER:
            prompt = text
        elif role in SYSTEM:
            system.append(text)
        elif role in ("assistant", "model", "ai"):
            answer = text
    return Turns(prompt, "\n\n".join(system) or None, answer)
