"""The witness over HTTP (C2SP tlog-witness): ``POST /add-checkpoint``, ``GET …/checkpoint``."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from stillwatch.errors import OutputError, RefusedError
from stillwatch.share.witness.core import StaleError
from stillwatch.share.witness.submission import LONGEST

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from stillwatch.ledger import SigningKey
    from stillwatch.share.witness.memory import Memory

__all__ = ["witness_app"]

_STATUS = {"W-1": 400, "W-2": 404, "W-3": 403, "W-4": 400, "W-5": 409, "W-6": 422, "W-7": 503}
"""Answer to each rule, as C2SP tlog-witness asks; a wrong clock of ours is no fault of the log."""


def witness_app(memory: Memory, key: SigningKey, clock: Callable[[], int]) -> Starlette:
    """Return the witness as an ASGI application.

    Args:
        memory: what it may not forget.
        key: the witness's.
        clock: seconds since 1970.
    """

    async def add_checkpoint(request: Request) -> Response:
        raw = bytearray()
        async for chunk in request.stream():
            raw += chunk
            if len(raw) > LONGEST:
                return PlainTextResponse("W-1: a submission is too long\n", 413)
        return await run_in_threadpool(_answer, memory, bytes(raw), key, clock())

    async def checkpoint(request: Request) -> Response:
        wanted = request.path_params["origin_hash"]
        for log in await run_in_threadpool(memory.logs):
            if hashlib.sha256(log.origin.encode()).hexdigest() == wanted:
                note = await run_in_threadpool(memory.newest, log.origin)
                if note is not None:
                    return PlainTextResponse(note, headers={"Cache-Control": "max-age=5"})
        return PlainTextResponse("W-2: nothing was cosigned for this log\n", 404)

    return Starlette(
        routes=[
            Route("/add-checkpoint", add_checkpoint, methods=["POST"]),
            Route("/{origin_hash}/checkpoint", checkpoint, methods=["GET"]),
        ]
    )


def _answer(memory: Memory, raw: bytes, key: SigningKey, now: int) -> Response:
    """Answer one submission; what is answered is on the disk."""
    try:
        return PlainTextResponse(memory.cosign(raw, key, now).encode())
    except StaleError as error:
        # given as a header, since a media type of text would be answered with a charset
        return Response(f"{error.size}\n", 409, {"Content-Type": "text/x.tlog.size"})
    except RefusedError as error:
        return PlainTextResponse(f"{error}\n", _STATUS[error.rule])
    except OutputError as error:
        return PlainTextResponse(f"{error}\n", 503)
