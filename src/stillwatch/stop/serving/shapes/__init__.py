"""Bodies of the four APIs: raw bytes to what they ask for, or a named reason why not."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from stillwatch.stop.interface import Asked, Shape
from stillwatch.stop.serving.shapes.anthropic_messages import AnthropicMessages
from stillwatch.stop.serving.shapes.gemini import Gemini
from stillwatch.stop.serving.shapes.interface import MOST_PARTS, UnreadError
from stillwatch.stop.serving.shapes.openai_chat import OpenAIChat
from stillwatch.stop.serving.shapes.openai_responses import OpenAIResponses

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stillwatch.stop.interface import Request
    from stillwatch.stop.serving.shapes.interface import ShapeReader

__all__ = ["LONGEST", "SHAPES", "UNREAD", "read_asked"]

LONGEST = 32 << 20
"""Bytes of a body that is read."""

UNREAD = (
    "too-long",
    "too-many-parts",
    "nested-too-deep",
    "not-utf-8",
    "not-json",
    "duplicate-key",
    "wrong-structure",
)
"""Why a body could not be read: more than ``LONGEST`` bytes; more than ``MOST_PARTS`` braces; more
levels than the interpreter has; text in no encoding; no JSON; turns given twice, of which servers
take the first or the last; JSON that is no request of this API."""

SHAPES: Mapping[Shape, ShapeReader] = {
    Shape.OPENAI_CHAT: OpenAIChat(),
    Shape.OPENAI_RESPONSES: OpenAIResponses(),
    Shape.ANTHROPIC_MESSAGES: AnthropicMessages(),
    Shape.GEMINI: Gemini(),
}
"""A reader for each API."""


def read_asked(request: Request) -> tuple[Asked, str]:
    """Return what a request asks for, and why its body could not be read; empty where it was.

    Memory is bounded by a few times the body, time is linear in it.

    Args:
        request: of any content.

    Returns:
        Where the body could not be read, what is asked is empty but for the model.
    """
    try:
        try:
            return _read(request), ""
        except msgspec.DecodeError:
            mended = _paired(request.body)
            if mended == request.body:
                raise
            return _read(replace(request, body=mended)), ""
    except UnreadError as error:
        why = error.why
    except msgspec.ValidationError:
        why = "wrong-structure"
    except msgspec.DecodeError:
        why = "not-json"
    except UnicodeDecodeError:
        why = "not-utf-8"
    except RecursionError:
        why = "nested-too-deep"
    nothing = Asked(request.model, "", "", 0, -1, -1.0, False, False, False, 0, "", "")  # noqa: FBT003
    return nothing, why


def _read(request: Request) -> Asked:
    body = request.body
    if len(body) > LONGEST:
        raise UnreadError("too-long")
    if len(body) > MOST_PARTS and body.count(b"{") > MOST_PARTS:
        raise UnreadError("too-many-parts")
    reader = SHAPES[request.shape]
    # a second one may be a name within a tool or a spelling with escapes: rare, and looked at
    if body.count(reader.turns_key) != 1:
        _once(body, reader.turns_key)
    return reader(request)


_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)
"""An escape: two surrogates, one alone, or anything else."""
_ESCAPES = 1 << 15


def _paired(body: bytes) -> bytes:
    r"""Return a body in which a surrogate that stands alone is a replacement character.

    Many servers accept one (RFC 8259, section 8.2), so that it must not hide a prompt.  A body of
    more than ``_ESCAPES`` of them is returned as it is: each takes a microsecond.

    >>> _paired(rb'"\ud800 \ud83d\ude00 \\ud800"').decode()
    '"\\ufffd \\ud83d\\ude00 \\\\ud800"'
    """
    if body.count(b"\\u") > _ESCAPES:
        return body
    return _ESCAPE.sub(lambda found: rb"\ufffd" if found[1] else found[0], body)


def _once(body: bytes, key: bytes) -> None:
    """Refuse turns that are given twice."""
    name = key.strip(b'"').decode()

    def pairs(found: list[tuple[str, object]]) -> list[str]:
        return [held for held, _ in found]

    try:
        names = json.loads(body, object_pairs_hook=pairs)
    except ValueError:
        return  # the reader says what is wrong
    if isinstance(names, list) and names.count(name) > 1:
        raise UnreadError("duplicate-key")
