"""OpenAI's chat completions, and servers that speak like it.

The API itself returns no trace; servers that do put it beside the content: ``reasoning_content``
(DeepSeek, vLLM, SGLang), ``reasoning`` and ``reasoning_details`` (OpenRouter), ``thinking_blocks``
(LiteLLM), parts of the type ``thinking`` (Mistral).
"""

from __future__ import annotations

from typing import Any

import msgspec

from stillwatch.stop.responses.answers.interface import Json, Seen, count, fields, items, text

__all__ = ["OpenAiChat"]

_TRACES = ("reasoning_content", "reasoning", "thinking_blocks", "thinking")
_TRACE_PARTS = {"thinking", "reasoning"}


class OpenAiChat:
    """See :class:`~stillwatch.stop.responses.answers.interface.Dialect`."""

    def __init__(self) -> None:
        self._frame: Json = {}
        self._open: set[int] = set()

    def event(self, value: Json, *, withhold: bool, model: str) -> Seen:
        """Read a chunk."""
        if not self._frame:
            self._frame = {key: value[key] for key in ("id", "created", "model") if key in value}
        seen = self._read(value, "delta", withhold=withhold, model=model)
        if model and "model" in self._frame:
            self._frame["model"] = model
        bare = not any(map(_says, items(value.get("choices"))))
        seen.dropped = seen.changed and bare and not seen.finish and not value.get("usage")
        return seen

    def whole(self, value: Json, *, withhold: bool, model: str) -> Seen:
        """Read a completion."""
        return self._read(value, "message", withhold=withhold, model=model)

    def cut(self) -> bytes:
        """Return a last chunk for each choice, and the end."""
        made = []
        for index in sorted(self._open) or [0]:
            choice = {"index": index, "delta": {}, "finish_reason": "content_filter"}
            chunk = {"object": "chat.completion.chunk", **self._frame, "choices": [choice]}
            made.append(b"data: " + msgspec.json.encode(chunk) + b"\n\n")
        return b"".join([*made, b"data: [DONE]\n\n"])

    def emptied(self, value: Json) -> Json:
        """Return the completion without content."""
        message = {"role": "assistant", "content": ""}
        choice = {"index": 0, "message": message, "finish_reason": "content_filter"}
        return value | {"choices": [choice]}

    def _read(self, value: Json, part: str, *, withhold: bool, model: str) -> Seen:
        seen = Seen()
        for choice in map(fields, items(value.get("choices"))):
            said = fields(choice.get(part))
            if withhold:
                seen.changed |= _quiet(said)
            seen.text += _written(said.get("content")) + text(said.get("refusal"))
            for call in map(fields, items(said.get("tool_calls"))):
                seen.beside += text(fields(call.get("function")).get("arguments"))
            finish = text(choice.get("finish_reason"))
            seen.finish = finish or seen.finish
            self._mark(count(choice.get("index")), ended=bool(finish))
        usage = fields(value.get("usage"))
        seen.input_tokens = count(usage.get("prompt_tokens"))
        seen.output_tokens = count(usage.get("completion_tokens"))
        details = fields(usage.get("completion_tokens_details"))
        seen.reasoning_tokens = count(details.get("reasoning_tokens"))
        if model and "model" in value and value["model"] != model:
            value["model"] = model
            seen.changed = True
        return seen

    def _mark(self, index: int, *, ended: bool) -> None:
        """Remember which choices are not ended, 128 at most as the API allows."""
        if ended:
            self._open.discard(index)
        elif 0 <= index < 128:
            self._open.add(index)


def _written(content: object) -> str:
    """Return the text of content: a string, or parts."""
    if isinstance(content, str):
        return content
    return "".join(text(fields(part).get("text")) for part in items(content))


def _quiet(said: Json) -> bool:
    """Take traces out of a message or delta; say whether there were any."""
    found = [name for name in _TRACES if said.pop(name, None) is not None]
    details = items(said.get("reasoning_details"))
    kept = [item for item in details if fields(item).get("type") != "reasoning.text"]
    parts = items(said.get("content"))
    answer = [part for part in parts if fields(part).get("type") not in _TRACE_PARTS]
    if len(kept) < len(details):
        said["reasoning_details"] = kept
    if len(answer) < len(parts):
        said["content"] = answer
    return bool(found) or len(kept) < len(details) or len(answer) < len(parts)


def _says(choice: Any) -> bool:  # noqa: ANN401 - JSON has no narrower type
    """Say whether anything is left in a chunk's choice."""
    return any(fields(fields(choice).get("delta")).values())
