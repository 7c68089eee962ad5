"""What a shape is, what can be wrong with a body, and how single values are read.

Only what a decision needs is decoded: turns that a client resends, tools, schemas and images stay
slices of the body.  The structure that every server insists on (a list of objects) is insisted on
here; single values of another type count as not given, since servers differ about them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from stillwatch.stop.interface import Asked, Request

__all__ = [
    "MOST_PARTS",
    "NOTHING",
    "QUIET",
    "SYSTEM",
    "Body",
    "Part",
    "ShapeReader",
    "Turn",
    "UnreadError",
    "given",
    "newest_turn",
    "real",
    "text_of",
    "whole",
    "word",
]

MOST_PARTS = 1 << 18
"""Braces in a body; more would fill the memory with empty objects."""
_SCALAR = 512
"""Bytes of a name or number at most."""
NOTHING = msgspec.Raw()
"""A value that is not there."""
SYSTEM = ("system", "developer")
"""Roles of those who set the model up."""
QUIET = (b"null", b"false", b'"none"', b'"minimal"')
"""Efforts that leave no trace worth having."""
NOT_SAID = frozenset({"tool_result", "tool_call_response", "reasoning", "thinking"})
"""Types of parts that the turn's author did not write (as ``find.sources.messages``)."""


class UnreadError(Exception):
    """A body that cannot be read.

    Args:
        why: one of ``shapes.UNREAD``.
    """

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Body(msgspec.Struct, gc=False):
    """Base of what is read of a body; unknown members are skipped."""


class Part(Body):
    """A part of a turn: text, or something else that is left out."""

    type: str = ""
    text: str | None = None


class Turn(Protocol):
    """What somebody said."""

    @property
    def role(self) -> str:
        """Who said it."""

    @property
    def content(self) -> msgspec.Raw:
        """What `text_of` reads."""


class ShapeReader(Protocol):
    """Reads the bodies of one API."""

    turns_key: bytes
    """Member that holds the turns, in quotation marks; nobody may give it twice."""

    def __call__(self, request: Request) -> Asked:
        """Return what a body asks for.

        Raises:
            UnreadError: the body is not one of this API.
            msgspec.MsgspecError: it is not JSON, or of another structure.
        """


_PARTS = msgspec.json.Decoder(list[Part])
_STRING = msgspec.json.Decoder(str)
_NUMBER = msgspec.json.Decoder(int | float | None)


def text_of(content: msgspec.Raw) -> str | None:
    """Return the text of a turn's content; None where it holds none.

    Args:
        content: a string, a list of parts, or one part.

    Raises:
        msgspec.MsgspecError: it is something else.

    >>> text_of(msgspec.Raw(b'[{"type": "text", "text": "a"}, {"type": "image"}]'))
    'a'
    """
    if content is NOTHING:
        return None
    raw = memoryview(content)
    if not raw or raw[0] == 110:  # null
        return None
    if raw[0] == 34:
        return _STRING.decode(raw)
    if raw[0] == 123:
        parts: Iterable[Part] = (msgspec.json.decode(raw, type=Part),)
    else:
        parts = _PARTS.decode(raw)
    said = [part.text for part in parts if part.text and part.type not in NOT_SAID]
    return "\n".join(said) if said else None


def newest_turn(turns: Sequence[Turn]) -> str:
    """Return the text of the newest user turn that holds any; empty where none does.

    Results of tools may be of the user's role, and hold no text.

    Raises:
        msgspec.MsgspecError: a turn's content is not what `text_of` reads.
    """
    for turn in reversed(turns):
        if turn.role == "user":
            text = text_of(turn.content)
            if text is not None:
                return text
    return ""


def word(value: msgspec.Raw) -> str:
    """Return a name; empty where it is not given, not a string or too long.

    >>> word(msgspec.Raw(b'"gpt"')), word(msgspec.Raw(b"3"))
    ('gpt', '')
    """
    if value is NOTHING:
        return ""
    raw = memoryview(value)
    if not 2 < len(raw) <= _SCALAR or raw[0] != 34:
        return ""
    return _STRING.decode(raw)


def real(value: msgspec.Raw) -> float:
    """Return a number that is not negative; -1 where it is not given or something else.

    >>> real(msgspec.Raw(b"0.5")), real(msgspec.Raw(b'"hot"')), real(msgspec.Raw(b"1e999"))
    (0.5, -1.0, -1.0)
    """
    if value is NOTHING:
        return -1.0
    raw = memoryview(value)
    if not 0 < len(raw) <= _SCALAR or not 48 <= raw[0] <= 57:
        return -1.0
    try:
        number = _NUMBER.decode(raw)
    except msgspec.MsgspecError:
        return -1.0
    return -1.0 if number is None else float(min(number, 1e18))


def whole(*values: msgspec.Raw) -> int:
    """Return the first whole number that is given, 2^31 - 1 at most; -1 where none is.

    >>> whole(NOTHING, msgspec.Raw(b"100")), whole(msgspec.Raw(b"2e30")), whole(NOTHING)
    (100, 2147483647, -1)
    """
    for value in values:
        if value is not NOTHING and (number := real(value)) >= 0:
            return int(min(number, 2**31 - 1))
    return -1


def given(value: msgspec.Raw, nothing: Sequence[bytes] = (b"null", b"false")) -> bool:
    """Whether a member is there and says something.

    Args:
        value: the member.
        nothing: what says nothing.

    >>> given(msgspec.Raw(b'"high"')), given(msgspec.Raw(b"null")), given(NOTHING)
    (True, False, False)
    """
    if value is NOTHING:
        return False
    raw = memoryview(value)
    return bool(raw) and not (len(raw) < 16 and bytes(raw) in nothing)
