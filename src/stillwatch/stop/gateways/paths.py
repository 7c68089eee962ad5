"""Which API a path speaks, however the path is spelled."""

from __future__ import annotations

import re
from urllib.parse import unquote

from stillwatch.stop.interface import Shape
from stillwatch.stop.responses.effects import CANARY_HEADER, MARK_HEADER, PERTURB_HEADER

__all__ = ["MODEL_HEADER", "OURS", "renamed", "shape_of"]

MODEL_HEADER = "x-stillwatch-model"
"""Set on a request that is to go to another model, for routes to match."""
OURS = frozenset({MODEL_HEADER, CANARY_HEADER, MARK_HEADER, PERTURB_HEADER})
"""Headers that only a decision sets: a client's own are never passed on."""

_ENDS = (
    ("/chat/completions", Shape.OPENAI_CHAT),
    ("/responses", Shape.OPENAI_RESPONSES),
    ("/messages", Shape.ANTHROPIC_MESSAGES),
)
_GEMINI = re.compile(r"/models/([^/:]{1,200}):(?:stream)?generatecontent", re.IGNORECASE)
_UNREAD = frozenset({"GET", "HEAD", "OPTIONS", "DELETE", "TRACE", "CONNECT"})


def shape_of(method: str, path: str) -> tuple[Shape, str] | None:
    """Return the API that a request speaks and the model that its path names; None for no such API.

    A server may fold what a path says (case, doubled slashes, dots, escapes), so all of it is
    folded here: a path that might be served is watched.

    Args:
        method: HTTP method.
        path: as it came, with or without a query.

    >>> shape_of("POST", "/openai//v1/Chat/%63ompletions/?x=1")
    (<Shape.OPENAI_CHAT: 'openai-chat'>, '')
    >>> shape_of("POST", "/v1beta/models/gemini-3:streamGenerateContent?alt=sse")
    (<Shape.GEMINI: 'gemini'>, 'gemini-3')
    """
    if method.upper() in _UNREAD:
        return None
    bare = unquote(unquote(path.split("?", 1)[0].split("#", 1)[0])).replace("\\", "/")
    parts: list[str] = []
    for part in bare.split("/"):
        plain = part.split(";", 1)[0]
        if plain == "..":
            del parts[-1:]
        elif plain not in {"", "."}:
            parts.append(plain)
    folded = "/" + "/".join(parts)
    lower = folded.lower()
    for end, shape in _ENDS:
        if lower.endswith(end):
            return shape, ""
    match = _GEMINI.search(folded)
    if match is not None and match.end() == len(folded):
        return Shape.GEMINI, match[1]
    return None


def renamed(path: str, asked: str, model: str) -> str:
    """Return a path with another model where it names one.

    >>> renamed("/v1beta/models/gemini-3:generateContent", "gemini-3", "decoy")
    '/v1beta/models/decoy:generateContent'
    """
    return path.replace(f"/{asked}:", f"/{model}:", 1) if asked else path
