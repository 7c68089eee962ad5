"""What a browser sent, read within bounds."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote, urlsplit

from stillwatch.report.console.cases.interface import ORDERS, Query

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

    from stillwatch.report.console.cases import Person
    from stillwatch.report.console.web.sessions import Session

__all__ = ["Asked", "StoppedError", "local", "read_form"]

_LARGEST = 1 << 20
"""Bytes of a form: a split may name thousands of accounts."""
_SLOWEST = 15.0
"""Seconds that it may take to come."""
_FIELDS = 20_000
_LONGEST = 16_384
"""Characters of a parameter of a URL: ids are as long as their owners made them."""
_UNDOABLE = frozenset({"confirm", "reject", "benign", "merge", "split", "move"})


class StoppedError(Exception):
    """A request that cannot be answered as it stands.

    Args:
        status: of HTTP.
        words: for the person.
    """

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status, self.words = status, words


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, after the guard."""

    request: Request
    session: Session | None
    """None on pages that need no sign-in."""
    now: int
    """Microseconds since 1970."""
    form: Mapping[str, list[str]] = field(default_factory=dict)
    """Fields of a POST."""

    @property
    def person(self) -> Person:
        """Who is signed in."""
        assert self.session is not None  # noqa: S101 - the guard let nobody else through
        return self.session.person

    @property
    def address(self) -> str:
        """Of the browser, or of the proxy before us."""
        client = self.request.client
        return client.host if client else ""

    def one(self, name: str, default: str = "") -> str:
        """Return a parameter of the URL.

        Raises:
            StoppedError: it is longer than any that we make.
        """
        value = self.request.query_params.get(name, default)
        if len(value) > _LONGEST or "\0" in value:
            raise StoppedError(400, f"The parameter {name} is not one of this console's.")
        return value

    def number(self, name: str, default: int) -> int:
        """Return a parameter that is a whole number of at least 1.

        Raises:
            StoppedError: it is none.
        """
        raw = self.one(name, str(default))
        if not (raw.isascii() and raw.isdigit() and len(raw) < 10) or int(raw) < 1:
            raise StoppedError(400, f"The parameter {name} is a number from 1.")
        return int(raw)

    def done(self) -> tuple[int, bool] | None:
        """Return the line of the log that an act has just left, and whether it can be undone."""
        if not self.one("done"):
            return None
        return self.number("done", 1), self.one("did") in _UNDOABLE

    def field(self, name: str) -> str:
        """Return a field of the form, empty where it is missing."""
        return self.form.get(name, [""])[0]

    def named(self, name: str) -> tuple[str, ...]:
        """Return the ids that a form's boxes name; they travel percent-encoded."""
        return tuple(unquote(value) for value in self.form.get(name, ()))

    def query(self, which: str, *filters: str, size: int = 50) -> Query:
        """Return the rows of a list that the URL asks for.

        Args:
            which: name in `ORDERS`.
            filters: parameters that narrow it.
            size: rows a page.

        Raises:
            StoppedError: a parameter makes no sense.
        """
        sort = self.one("sort", ORDERS[which][0])
        if sort not in ORDERS[which]:
            raise StoppedError(400, "This list cannot be sorted so.")
        found = {name: value for name in filters if (value := self.one(name).strip())}
        # who has waited longest comes first; elsewhere the newest and the largest do
        usual = "up" if (which, sort) == ("queue", "since") else "down"
        falling = self.one("dir", usual) != "up"
        return Query(self.number("page", 1), size, sort, falling, found)


def local(path: str, otherwise: str = "/") -> str:
    r"""Return a path of this console's, never another place's.

    >>> local("/campaigns?page=2"), local("//evil.test"), local("https://evil.test")
    ('/campaigns?page=2', '/', '/')
    >>> local("/\\evil.test"), local("/a\r\nset-cookie: b"), local("campaigns")
    ('/', '/', '/')
    """
    if not path.startswith("/") or not path.isascii() or not path.isprintable():
        return otherwise
    if len(path) > _LONGEST or "\\" in path or " " in path or path.startswith("//"):
        return otherwise
    try:
        parts = urlsplit(path)
    except ValueError:
        return otherwise
    return otherwise if parts.scheme or parts.netloc else path


async def read_form(request: Request) -> dict[str, list[str]]:
    """Return the fields of a form.

    Raises:
        StoppedError: it is none, too long or too slow.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise StoppedError(415, "This is no form of this console's.")
    held = bytearray()
    try:
        async with asyncio.timeout(_SLOWEST):
            async for part in request.stream():
                held += part
                if len(held) > _LARGEST:
                    raise StoppedError(413, "The form is too long.")
    except TimeoutError as error:
        raise StoppedError(408, "The form took too long to come.") from error
    try:
        return parse_qs(held.decode("utf-8"), keep_blank_values=True, max_num_fields=_FIELDS)
    except ValueError as error:
        raise StoppedError(400, "The form cannot be read.") from error
