"""Turns of a conversation → the newest user turn and the system prompt."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["Turns", "parse_json", "read_turns", "turn_text"]

USER = frozenset({"user", "human"})
SYSTEM = frozenset({"system", "developer"})
NOT_SAID = frozenset({"tool_result", "tool_call_response", "reasoning", "thinking"})
"""Types of parts that the turn's author did not write."""


@dataclass(frozen=True, slots=True)
class Turns:
    """What one list of messages holds."""

    prompt: str | None
    """Newest user turn."""
    system_prompt: str | None
    """System turns, joined by blank lines."""
    answer: str | None = None
    """Newest assistant turn."""


MOST_PARTS = 1 << 20
"""Objects and lists of a text; one of more would fill the memory."""


def parse_json(text: str | None) -> object:
    """Parse JSON from a log; anything that is not JSON, nests too deep or is a bomb is None.

    >>> parse_json("[1]"), parse_json("{")
    ([1], None)
    """
    if not text or (len(text) > MOST_PARTS and text.count("{") + text.count("[") > MOST_PARTS):
        return None
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value


def turn_text(content: object, depth: int = 0) -> str | None:
    """Return the text of one turn, None where there is none.

    Args:
        content: a string, or parts as OpenAI (``text``), Anthropic (``text``), Gemini (``parts``)
            and OpenTelemetry (``content``) write them; parts that are not text are left out.
        depth: how many parts surround this one.

    >>> turn_text([{"type": "text", "text": "a"}, {"type": "image_url"}])
    'a'
    """
    if isinstance(content, str):
        return content
    if depth > 3:
        return None
    if isinstance(content, Mapping):
        if content.get("type") in NOT_SAID:
            return None
        inner = (turn_text(content.get(key), depth + 1) for key in ("text", "content", "parts"))
        return next((text for text in inner if text is not None), None)
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
