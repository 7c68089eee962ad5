"""Gemini's generateContent: an event is an answer in small, and a stream has no mark at its end."""

from __future__ import annotations

import msgspec

from stillwatch.stop.responses.answers.interface import Json, Seen, count, fields, items, text

__all__ = ["Gemini"]


class Gemini:
    """See :class:`~stillwatch.stop.responses.answers.interface.Dialect`."""

    def __init__(self) -> None:
        self._frame: Json = {}

    def event(self, value: Json, *, withhold: bool, model: str) -> Seen:
        """Read a chunk."""
        seen = self.whole(value, withhold=withhold, model=model)
        self._frame = {key: value[key] for key in ("responseId", "modelVersion") if key in value}
        bare = not any(
            items(fields(fields(candidate).get("content")).get("parts"))
            for candidate in items(value.get("candidates"))
        )
        used = seen.output_tokens >= 0 or seen.input_tokens >= 0
        seen.dropped = seen.changed and bare and not seen.finish and not used
        return seen

    def whole(self, value: Json, *, withhold: bool, model: str) -> Seen:
        """Read an answer."""
        seen = Seen()
        for candidate in map(fields, items(value.get("candidates"))):
            content = fields(candidate.get("content"))
            parts = items(content.get("parts"))
            if withhold:
                kept = [part for part in map(_quieted, parts) if part]
                if kept != parts:
                    content["parts"] = kept
                    seen.changed = True
            for part in map(fields, parts):
                if part.get("thought") is not True:
                    seen.text += text(part.get("text"))
                call = fields(part.get("functionCall")).get("args")
                seen.beside += msgspec.json.encode(call).decode() if call else ""
            seen.finish = text(candidate.get("finishReason")) or seen.finish
        usage = fields(value.get("usageMetadata"))
        seen.input_tokens = count(usage.get("promptTokenCount"))
        seen.output_tokens = count(usage.get("candidatesTokenCount"))
        seen.reasoning_tokens = count(usage.get("thoughtsTokenCount"))
        if seen.reasoning_tokens >= 0:  # elsewhere they are among those of the answer
            seen.output_tokens = max(0, seen.output_tokens) + seen.reasoning_tokens
        if model and "modelVersion" in value and value["modelVersion"] != model:
            value["modelVersion"] = model
            seen.changed = True
        return seen

    def cut(self) -> bytes:
        """Return a last chunk."""
        chunk = self.emptied(self._frame)
        return b"data: " + msgspec.json.encode(chunk) + b"\r\n\r\n"

    def emptied(self, value: Json) -> Json:
        """Return the answer without parts."""
        content: Json = {"role": "model", "parts": []}
        return value | {"candidates": [{"index": 0, "content": content, "finishReason": "OTHER"}]}


def _quieted(part: object) -> object:
    """Return a part without its trace: its signature alone, or None; others as they are."""
    held = fields(part)
    if held.get("thought") is not True:
        return part
    if "thoughtSignature" not in held:
        return None
    return {"thought": True, "text": "", "thoughtSignature": held["thoughtSignature"]}
