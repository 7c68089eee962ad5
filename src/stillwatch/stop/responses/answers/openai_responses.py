"""OpenAI's responses. Summaries of reasoning stay, and so does what is encrypted."""

from __future__ import annotations

import msgspec

from stillwatch.stop.responses.answers.interface import Json, Seen, count, fields, items, text

__all__ = ["OpenAiResponses"]

_TRACE = "reasoning_text"
_ENDS = {"response.completed", "response.incomplete", "response.failed"}


class OpenAiResponses:
    """See :class:`~stillwatch.stop.responses.answers.interface.Dialect`."""

    def __init__(self) -> None:
        self._frame: Json = {}
        self._number = -1

    def event(self, value: Json, *, withhold: bool, model: str) -> Seen:
        """Read an event."""
        kind = text(value.get("type"))
        self._number = max(self._number, count(value.get("sequence_number")))
        seen = Seen()
        response = value.get("response")
        if isinstance(response, dict):
            said = self.whole(response, withhold=withhold, model=model)
            seen.changed = said.changed
            self._frame = {
                key: response[key]
                for key in ("id", "object", "created_at", "model")
                if key in response
            }
            if kind in _ENDS:
                said.text = said.beside = ""  # it was in the deltas
                return said
        if kind in {"response.output_text.delta", "response.refusal.delta"}:
            seen.text = text(value.get("delta"))
        elif kind.endswith(".delta") and "arguments" in kind:
            seen.beside = text(value.get("delta"))
        if withhold:
            _quiet_event(kind, value, seen)
        return seen

    def whole(self, value: Json, *, withhold: bool, model: str) -> Seen:
        """Read a response."""
        seen = Seen()
        for item in map(fields, items(value.get("output"))):
            if withhold:
                seen.changed |= _quiet_item(item)
            if item.get("type") == "message":
                for part in map(fields, items(item.get("content"))):
                    seen.text += text(part.get("text")) + text(part.get("refusal"))
            seen.beside += text(item.get("arguments"))
        usage = fields(value.get("usage"))
        seen.input_tokens = count(usage.get("input_tokens"))
        seen.output_tokens = count(usage.get("output_tokens"))
        details = fields(usage.get("output_tokens_details"))
        seen.reasoning_tokens = count(details.get("reasoning_tokens"))
        status = text(value.get("status"))
        if status not in {"", "in_progress", "queued"}:
            seen.finish = text(fields(value.get("incomplete_details")).get("reason")) or status
        if model and "model" in value and value["model"] != model:
            value["model"] = model
            seen.changed = True
        return seen

    def cut(self) -> bytes:
        """Return the event of a response that a filter ended."""
        event = {
            "type": "response.incomplete",
            "sequence_number": self._number + 1,
            "response": self.emptied({"object": "response", **self._frame}),
        }
        return b"event: response.incomplete\ndata: " + msgspec.json.encode(event) + b"\n\n"

    def emptied(self, value: Json) -> Json:
        """Return the response without output."""
        ended = {"status": "incomplete", "incomplete_details": {"reason": "content_filter"}}
        return value | ended | {"output": []}


def _quiet_event(kind: str, value: Json, seen: Seen) -> None:
    """Take the trace out of an event of its own, a part or an item."""
    if kind == "response.reasoning_text.delta":
        seen.dropped = True
    elif kind == "response.reasoning_text.done" and value.get("text"):
        value["text"] = ""
        seen.changed = True
    part = fields(value.get("part"))
    if part.get("type") == _TRACE and part.get("text"):
        part["text"] = ""
        seen.changed = True
    seen.changed |= _quiet_item(fields(value.get("item")))


def _quiet_item(item: Json) -> bool:
    """Take the trace out of an output item; say whether there was any."""
    if item.get("type") != "reasoning" or not item.get("content"):
        return False
    item["content"] = []
    return True
