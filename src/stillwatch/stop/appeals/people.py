"""Who may decide appeals: names with the digests of their tokens."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import tomllib
from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta

from stillwatch.disk import read_small
from stillwatch.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["Reviewers", "read_reviewers"]


class _Reviewer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: Annotated[str, Meta(min_length=1, max_length=200)]
    token_sha256: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    reviewers: Annotated[list[_Reviewer], Meta(min_length=1, max_length=1000)]


class Reviewers:
    """People by the digest of their token.

    >>> import hashlib
    >>> people = Reviewers({hashlib.sha256(b"secret").digest(): "Ada"})
    >>> people.name("Bearer secret"), people.name("Bearer guess"), people.name("")
    ('Ada', None, None)
    """

    def __init__(self, names: Mapping[bytes, str]) -> None:
        self._names = dict(names)

    def name(self, authorization: str) -> str | None:
        """Return whose token a header shows: ``Bearer`` for programs, ``Basic`` for browsers."""
        scheme, _, rest = authorization.partition(" ")
        token = rest.strip()
        if scheme.lower() == "basic":
            try:
                token = base64.b64decode(token, validate=True).decode().partition(":")[2]
            except (binascii.Error, ValueError):
                return None
        elif scheme.lower() != "bearer":
            return None
        shown = hashlib.sha256(token.encode()).digest()
        found = None
        for digest, name in self._names.items():  # all of them: time says nothing
            if hmac.compare_digest(digest, shown):
                found = name
        return found


def read_reviewers(path: Path) -> Reviewers:
    """Return the people in a TOML file: ``[[reviewers]]`` with ``name`` and ``token_sha256``.

    Raises:
        SourceNotFoundError: it cannot be opened.
        ConfigurationError: it is not of that form.
    """
    raw = read_small(path, "the list of reviewers")
    try:
        file = msgspec.convert(tomllib.loads(raw.decode("utf-8")), _File)
    except (ValueError, RecursionError, msgspec.ValidationError) as error:
        raise ConfigurationError(
            f"the list of reviewers cannot be read: {error}",
            where=str(path),
            todo="docs/how-to/answer-an-appeal.md",
        ) from error
    return Reviewers({bytes.fromhex(one.token_sha256): one.name for one in file.reviewers})
