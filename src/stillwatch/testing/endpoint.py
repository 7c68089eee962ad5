"""A model server whose words come from a function: the four APIs that suspects are asked through.

`stillwatch.testing.model` shows what gateways see; this one is for whoever asks questions.
"""

from __future__ import annotations

import asyncio
import json
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from stillwatch.listening import listen, url_of
from stillwatch.testing.bodies import read_body

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, MutableMapping
    from typing import TypeAlias

    Message: TypeAlias = MutableMapping[str, Any]
    Receive: TypeAlias = Callable[[], Awaitable[Message]]
    Send: TypeAlias = Callable[[Message], Awaitable[None]]

__all__ = ["ModelEndpoint", "serving"]


class ModelEndpoint:
    """An ASGI application that answers in the shape of the path that is asked.

    Args:
        say: prompt, tokens at most and seed (or None) to an answer; called in a thread.
        model: what it says that it serves.

    >>> ModelEndpoint(lambda prompt, most, seed: "four").model
    'm-1'
    """

    def __init__(self, say: Callable[[str, int, int | None], str], model: str = "m-1") -> None:
        self.model = model
        """Name in every answer."""
        self._say = say

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            return
        body = await read_body(receive)
        asked = json.loads(body)
        prompt = asked.get("prompt") or asked["messages"][-1]["content"]
        options = asked.get("options", asked)
        most = next(
            options[name]
            for name in ("max_tokens", "max_completion_tokens", "num_predict")
            if name in options
        )
        text = await asyncio.to_thread(self._say, prompt, most, options.get("seed"))
        held = json.dumps(self._shaped(scope["path"], text, len(prompt.split()))).encode()
        headers = [(b"content-type", b"application/json"), (b"x-request-id", b"r-1")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": held})

    def _shaped(self, path: str, text: str, asked: int) -> dict[str, Any]:
        many = len(text.split())
        if path.endswith("/v1/messages"):
            return {
                "model": self.model,
                "content": [{"type": "text", "text": text}],
                "stop_reason": "end_turn",
                "usage": {"input_tokens": asked, "output_tokens": many},
            }
        if path.endswith("/api/chat"):
            return {
                "model": self.model,
                "message": {"role": "assistant", "content": text},
                "done": True,
                "done_reason": "stop",
                "prompt_eval_count": asked,
                "eval_count": many,
            }
        said: dict[str, Any] = {"message": {"role": "assistant", "content": text}}
        if not path.endswith("/chat/completions"):
            said = {"text": text}
        return {
            "model": self.model,
            "system_fingerprint": "fp_1",
            "choices": [{"index": 0, "finish_reason": "stop", **said}],
            "usage": {"prompt_tokens": asked, "completion_tokens": many},
        }


@contextmanager
def serving(app: object) -> Iterator[str]:
    """Serve an ASGI application on this machine while the block runs; gives its address."""
    import uvicorn  # noqa: PLC0415 - an extra

    socket = listen("127.0.0.1", 0, None)
    config = uvicorn.Config(app, lifespan="off", log_level="error", log_config=None, ws="none")  # type: ignore[arg-type]
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([socket],), daemon=True)
    thread.start()
    try:
        yield url_of(socket, None)
    finally:
        server.should_exit = True
        thread.join(10)
        socket.close()
