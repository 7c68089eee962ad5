"""A model server that answers at once, in four shapes, and says what it received.

    uvicorn --factory stillwatch.testing.model:FakeModel --port 9000

Every answer is the words "one two three …" up to the number of tokens that was asked for, at most
64, after a reasoning trace.  ``GET /received`` lists the last hundred requests.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from typing import TYPE_CHECKING, Any

from stillwatch.testing.bodies import read_body

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, MutableMapping
    from typing import TypeAlias

    Message: TypeAlias = MutableMapping[str, Any]
    Receive: TypeAlias = Callable[[], Awaitable[Message]]
    Send: TypeAlias = Callable[[Message], Awaitable[None]]

__all__ = ["FakeModel"]

_MOST = 64
_LIMITS = ("max_completion_tokens", "max_tokens", "max_output_tokens")


class FakeModel:
    """An ASGI application that speaks the four APIs.

    Args:
        pause: seconds between two events of a streamed answer.
    """

    def __init__(self, pause: float = 0.0) -> None:
        self._pause = pause
        self.received: deque[dict[str, Any]] = deque(maxlen=100)
        """Path, headers and body of the last requests."""

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            return
        body = await read_body(receive)
        path = scope["path"]
        if path == "/received":
            await _json(send, list(self.received))
            return
        headers = [[n.decode("latin-1"), v.decode("latin-1")] for n, v in scope["headers"]]
        said = {"path": path, "headers": headers, "body": body.decode("utf-8", "replace")}
        self.received.append(said)
        try:
            asked = json.loads(body)
        except ValueError:
            asked = None
        if not isinstance(asked, dict):
            await _json(send, {"error": {"message": "no JSON object"}}, 400)
            return
        count = _count(asked)
        if asked.get("stream") or ":stream" in path:
            await self._stream(send, path, count)
        else:
            await _json(send, _whole(path, count))

    async def _stream(self, send: Send, path: str, count: int) -> None:
        kind = [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": 200, "headers": kind})
        for event in _events(path, count):
            await send({"type": "http.response.body", "body": event, "more_body": True})
            await asyncio.sleep(self._pause)
        await send({"type": "http.response.body", "body": b""})


def _count(asked: dict[str, Any]) -> int:
    given = [asked.get(name) for name in _LIMITS]
    given.append((asked.get("generationConfig") or {}).get("maxOutputTokens"))
    return min([_MOST, *(n for n in given if isinstance(n, int) and n > 0)])


def _words(count: int) -> list[str]:
    some = ["one", "two", "three", "four", "five", "six", "seven", "eight"]
    return [some[at % len(some)] + " " for at in range(count)]


async def _json(send: Send, held: object, status: int = 200) -> None:
    body = json.dumps(held).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _whole(path: str, count: int) -> dict[str, Any]:
    text = "".join(_words(count))
    if path.endswith("/messages"):
        content = [{"type": "thinking", "thinking": "a trace"}, {"type": "text", "text": text}]
        usage = {"input_tokens": 7, "output_tokens": count}
        return {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": "m",
            "content": content,
            "stop_reason": "end_turn",
            "usage": usage,
        }
    if path.endswith("/responses"):
        trace = {"type": "reasoning_text", "text": "a trace"}
        output: list[dict[str, Any]] = [
            {"type": "reasoning", "id": "rs_1", "summary": [], "content": [trace]},
            {
                "type": "message",
                "id": "msg_1",
                "status": "completed",
                "role": "assistant",
                "content": [{"type": "output_text", "text": text, "annotations": []}],
            },
        ]
        details: dict[str, Any] = {
            "input_tokens": 7,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": count,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": 7 + count,
        }
        return {
            "id": "resp_1",
            "object": "response",
            "created_at": 1,
            "model": "m",
            "status": "completed",
            "parallel_tool_calls": True,
            "tool_choice": "auto",
            "tools": [],
            "output": output,
            "usage": details,
        }
    if "enerateContent" in path:
        parts = [{"text": "a trace", "thought": True}, {"text": text}]
        usage = {"promptTokenCount": 7, "candidatesTokenCount": count, "totalTokenCount": 7 + count}
        candidate = {"content": {"role": "model", "parts": parts}, "finishReason": "STOP"}
        return {"candidates": [candidate], "usageMetadata": usage}
    message = {"role": "assistant", "content": text, "reasoning_content": "a trace"}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 7, "completion_tokens": count, "total_tokens": 7 + count},
    }


def _event(held: dict[str, Any], *, named: bool = False) -> bytes:
    name = f"event: {held['type']}\n" if named else ""
    return f"{name}data: {json.dumps(held)}\n\n".encode()


def _events(path: str, count: int) -> Iterator[bytes]:
    if path.endswith("/messages"):
        return _of_messages(count)
    if path.endswith("/responses"):
        return _of_responses(count)
    if "enerateContent" in path:
        return _of_gemini(count)
    return _of_chat(count)


def _of_chat(count: int) -> Iterator[bytes]:
    def chunk(delta: dict[str, str], finish: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
        return {**head, "choices": [choice]}

    yield _event(chunk({"role": "assistant", "content": ""}))
    yield _event(chunk({"reasoning_content": "a trace"}))
    for word in _words(count):
        yield _event(chunk({"content": word}))
    usage = {"prompt_tokens": 7, "completion_tokens": count, "total_tokens": 7 + count}
    yield _event({**chunk({}, "stop"), "usage": usage})
    yield b"data: [DONE]\n\n"


def _of_messages(count: int) -> Iterator[bytes]:
    message = _whole("/messages", count) | {"content": [], "stop_reason": None}
    yield _event({"type": "message_start", "message": message}, named=True)
    thinking = {"type": "thinking", "thinking": ""}
    blocks: list[tuple[dict[str, str], list[dict[str, str]]]] = [
        (thinking, [{"type": "thinking_delta", "thinking": "a trace"}]),
        (
            {"type": "text", "text": ""},
            [{"type": "text_delta", "text": word} for word in _words(count)],
        ),
    ]
    for at, (block, deltas) in enumerate(blocks):
        start = {"type": "content_block_start", "index": at, "content_block": block}
        yield _event(start, named=True)
        for delta in deltas:
            yield _event({"type": "content_block_delta", "index": at, "delta": delta}, named=True)
        yield _event({"type": "content_block_stop", "index": at}, named=True)
    end = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}}
    yield _event({**end, "usage": {"output_tokens": count}}, named=True)
    yield _event({"type": "message_stop"}, named=True)


def _of_responses(count: int) -> Iterator[bytes]:
    whole = _whole("/responses", count)
    started = whole | {"status": "in_progress", "output": []}
    yield _event({"type": "response.created", "response": started}, named=True)
    trace = {"type": "response.reasoning_text.delta", "delta": "a trace"}
    yield _event({**trace, "output_index": 0, "content_index": 0}, named=True)
    for word in _words(count):
        said = {"type": "response.output_text.delta", "delta": word}
        yield _event({**said, "output_index": 1, "content_index": 0}, named=True)
    yield _event({"type": "response.completed", "response": whole}, named=True)


def _of_gemini(count: int) -> Iterator[bytes]:
    whole = _whole(":generateContent", count)
    for part in (
        {"text": "a trace", "thought": True},
        *({"text": word} for word in _words(count)),
    ):
        yield _event({"candidates": [{"content": {"role": "model", "parts": [part]}}]})
    last = {"content": {"role": "model", "parts": []}, "finishReason": "STOP"}
    yield _event({"candidates": [last], "usageMetadata": whole["usageMetadata"]})
