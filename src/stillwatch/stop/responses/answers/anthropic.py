"""Anthropic's messages.

Thinking blocks stay, empty, as the API itself answers where thinking is not shown: their
signatures are what a client has to send back when it goes on after a tool.
"""

from __future__ import annotations

import msgspec

from stillwatch.stop.responses.answers.interface import Json, Seen, count, fields, items, text

__all__ = ["Anthropic"]

_TRACE = "thinking"


class Anthropic:
    """See :class:`~stillwatch.stop.responses.answers.interface.Dialect`."""

    def __init__(self) -> None:
        self._open: int = -1
        self._tokens = 0

    def event(self, value: Json, *, withhold: bool, model: str) -> Seen:
        """Read an event."""
        kind = value.get("type")
        if kind == "message_start":
            return self.whole(fields(value.get("message")), withhold=withhold, model=model)
        seen = Seen()
        if kind == "content_block_start":
            self._open = count(value.get("index"))
            _read_block(fields(value.get("content_block")), seen, withhold=withhold)
        elif kind == "content_block_stop":
            self._open = -1
        elif kind == "content_block_delta":
            delta = fields(value.get("delta"))
            seen.text = text(delta.get("text"))
            seen.beside = text(delta.get("partial_json"))
            seen.dropped = withhold and delta.get("type") == "thinking_delta"
        elif kind == "message_delta":
            seen.finish = text(fields(value.get("delta")).get("stop_reason"))
            self._count(fields(value.get("usage")), seen)
        return seen

    def whole(self, value: Json, *, withhold: bool, model: str) -> Seen:
        """Read a message."""
        seen = Seen(finish=text(value.get("stop_reason")))
        for block in map(fields, items(value.get("content"))):
            _read_block(block, seen, withhold=withhold)
        self._count(fields(value.get("usage")), seen)
        if model and "model" in value and value["model"] != model:
            value["model"] = model
            seen.changed = True
        return seen

    def cut(self) -> bytes:
        """Return the end of the open block and of the message."""
        ended: list[Json] = []
        if self._open >= 0:
            ended.append({"type": "content_block_stop", "index": self._open})
        delta = {"stop_reason": "refusal", "stop_sequence": None}
        usage = {"output_tokens": self._tokens}
        ended.append({"type": "message_delta", "delta": delta, "usage": usage})
        ended.append({"type": "message_stop"})
        return b"".join(
            b"event: %b\ndata: %b\n\n" % (event["type"].encode(), msgspec.json.encode(event))
            for event in ended
        )

    def emptied(self, value: Json) -> Json:
        """Return the message without content."""
        return value | {"content": [], "stop_reason": "refusal", "stop_sequence": None}

    def _count(self, usage: Json, seen: Seen) -> None:
        seen.input_tokens = count(usage.get("input_tokens"))
        seen.output_tokens = count(usage.get("output_tokens"))
        self._tokens = max(self._tokens, seen.output_tokens)


def _read_block(block: Json, seen: Seen, *, withhold: bool) -> None:
    if block.get("type") == _TRACE:
        if withhold and block.get("thinking"):
            block["thinking"] = ""
            seen.changed = True
        return
    seen.text += text(block.get("text"))
    if block.get("type") == "tool_use" and block.get("input"):
        seen.beside += msgspec.json.encode(block["input"]).decode()
