"""A request that was read, and the answer to it: what endpoints see of HTTP."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from stillwatch.share.hub.refusals import HubError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from stillwatch.ledger import VerifyKey
    from stillwatch.share.hub.roster import Member

__all__ = [
    "JSON",
    "TAXII",
    "Answer",
    "Call",
    "answered",
    "raw64",
    "read_json",
    "refuse_doubled",
    "text64",
]

JSON = "application/json"
TAXII = "application/taxii+json;version=2.1"

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Call:
    """A request."""

    method: str
    """In capitals."""

    path: str
    """Decoded, without the query."""

    query: tuple[tuple[str, str], ...]
    """Parameters in order, decoded."""

    headers: Mapping[str, str]
    """By lower-case name."""

    body: bytes
    """As received."""

    places: Mapping[str, str]
    """What stands in the path's places."""

    member: Member | None
    """Who asks; None where that need not be said."""

    key_id: str
    """Id of the key that signed; empty without a signature."""

    candidate: VerifyKey | None
    """On joining: the key that signed."""

    now: int
    """Microseconds since 1970."""

    address: str = ""
    """Where the connection comes from: the member, or a proxy before the hub."""

    @property
    def asker(self) -> Member:
        """Who asks, where that was checked."""
        if self.member is None:
            raise HubError(401, "H-1", "the request is not signed")
        return self.member

    def one(self, name: str) -> str | None:
        """Return a parameter that may be there once.

        Raises:
            HubError: H-0 it is there twice.
        """
        found = [value for key, value in self.query if key == name]
        if len(found) > 1:  # H-0
            raise HubError(400, "H-0", f"{name} is there twice")
        return found[0] if found else None

    def number(self, name: str, default: int, most: int, least: int = 0) -> int:
        """Return a parameter that is a whole number.

        Raises:
            HubError: H-0 it is no such number, or too small.
        """
        text = self.one(name)
        if text is None:
            return default
        digits = text.removeprefix("-")
        if not (digits.isascii() and digits.isdigit() and len(digits) < 19):  # H-0
            raise HubError(400, "H-0", f"{name} is not a whole number")
        if int(text) < least:  # H-0
            raise HubError(400, "H-0", f"{name} is less than {least}")
        return min(int(text), most)


class Lines(Protocol):
    """A body that is sent as it comes."""

    def __aiter__(self) -> AsyncIterator[bytes]: ...

    async def aclose(self) -> None:
        """End it, whether or not it began."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back."""

    status: int
    """HTTP status."""

    body: bytes = b""
    """Whole body, where `lines` is None."""

    content_type: str = JSON
    """Media type."""

    headers: tuple[tuple[str, str], ...] = ()
    """Further headers."""

    lines: Lines | None = None
    """A body that is sent as it comes."""

    noted: tuple[tuple[str, Any], ...] = ()
    """For the audit log: how much of what was given or taken."""


def answered(content: Any, status: int = 200, **noted: Any) -> Answer:  # noqa: ANN401 - JSON
    """Return a JSON answer."""
    return Answer(status, _encode(content), noted=tuple(noted.items()))


def read_json(body: bytes, form: Any) -> Any:  # noqa: ANN401 - of the caller's form
    """Return a body as a record.

    Raises:
        HubError: H-0 it is not of the form.
    """
    try:
        found = msgspec.json.decode(body, type=form)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:  # H-0
        raise HubError(400, "H-0", f"the body is not what it should be: {error}") from error
    refuse_doubled(body)
    if b"\\u0000" in body:  # H-0, which PostgreSQL has no text for
        raise HubError(400, "H-0", "the body holds a NUL")
    return found


def refuse_doubled(body: bytes) -> None:
    """Refuse a JSON object with a key twice, of which others may read the other one.

    Raises:
        HubError: H-0 it has.
    """
    names: list[str] = []

    def outermost(pairs: list[tuple[str, Any]]) -> None:
        names[:] = [name for name, _ in pairs]

    try:
        json.loads(body, object_pairs_hook=outermost)
    except (ValueError, RecursionError) as error:  # H-0
        raise HubError(400, "H-0", "the body is no JSON") from error
    if len(set(names)) < len(names):  # H-0
        raise HubError(400, "H-0", "the body has a key twice")


def raw64(text: str, length: int, what: str) -> bytes:
    """Return the bytes of base64 text of a known length.

    Raises:
        HubError: H-0 it is not.
    """
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != length:  # H-0
        raise HubError(400, "H-0", f"{what} is not {length} bytes in base64")
    return raw


def text64(raw: bytes) -> str:
    """Return bytes as base64."""
    return base64.b64encode(raw).decode()
