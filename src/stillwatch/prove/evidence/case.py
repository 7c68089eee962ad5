"""What a person says of a case: terms, acceptance, notices, controls, custody, legal hold."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import msgspec

from stillwatch.disk import read_small
from stillwatch.errors import ConfigurationError, RefusedError
from stillwatch.ledger import canonical
from stillwatch.prove.evidence.legal import Row  # noqa: TC001 - msgspec reads it

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["FOLDERS", "Case", "Document", "Draft", "Moment", "read_draft", "spelled"]

FOLDERS = ("terms", "notices", "access_controls", "secrecy", "secret_description", "damage", "scan")
"""Folders under ``parts`` that hold a case's documents."""

Time = Annotated[datetime, msgspec.Meta(tz=True)]


class Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A document of the case."""

    kind: str
    """One of `FOLDERS`."""
    file: str
    """Of a draft, a path beside it; in a bundle, the part's name."""
    at: Time
    """When it came into force, was sent, or was so."""
    what: str
    """One sentence: what it is, to whom it was sent, what was circumvented and how."""


class Held(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An order to keep."""

    at: Time
    """When it was given."""
    by: str
    """Who gave it."""
    covers: str
    """What is kept."""


class Custody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One link of the chain of custody."""

    at: Time
    """When."""
    who: str
    """Whose hands."""
    did: str
    """What they did with it."""


class Draft(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the operator writes as ``case.toml``."""

    title: str
    """One line."""
    declared_at: Time
    """When the campaign was declared."""
    campaigns: tuple[str, ...]
    """Campaign ids."""
    settings: dict[str, str] = {}
    """Settings that the verdict was made with."""
    documents: tuple[Document, ...] = ()
    """Terms, notices and the others."""
    custody: tuple[Custody, ...] = ()
    """Chain of custody."""
    legal_hold: Held | None = None
    """Order to keep, where one was given."""


class Moment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A part that was stamped when it was made."""

    part: str
    """Its name."""
    stamps: tuple[str, ...]
    """Names of parts: RFC 3161 timestamps over its bytes."""


class Case(Draft, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``parts/case.json``: the draft, what was stamped when made, and the matrix."""

    moments: tuple[Moment, ...]
    """Parts that were stamped at the time."""
    matrix: tuple[Row, ...]
    """Legal theory, element, evidence held and missing."""
    version: int = 1
    """Of this form."""

    def encode(self) -> bytes:
        """Return the case as canonical JSON."""
        return canonical(msgspec.to_builtins(self))

    @classmethod
    def decode(cls, raw: bytes) -> Case:
        """Return the case of a part.

        Raises:
            RefusedError: E-10 it is not in its one form.
        """
        try:
            made = msgspec.json.decode(raw, type=cls)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:  # E-10
            raise RefusedError("E-10", f"the case is not in its form: {error}") from error
        if made.encode() != raw or made.version != 1:  # E-10
            raise RefusedError("E-10", "the case is not canonical JSON of version 1")
        return made


def read_draft(path: Path) -> Draft:
    """Return the draft of a case from ``case.toml``; times have a zone.

    Raises:
        SourceNotFoundError: the file cannot be opened.
        ConfigurationError: it is no draft.
    """
    raw = read_small(path, "the case")
    try:
        made = msgspec.convert(tomllib.loads(raw.decode()), Draft)
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(
            f"the case cannot be read: {error}",
            where=str(path),
            todo="see docs/how-to/make-a-bundle.md; times look like 2026-11-20T10:00:00Z",
        ) from error
    for document in made.documents:
        if document.kind not in FOLDERS:
            raise ConfigurationError(
                f"a document's kind is none: {document.kind}",
                where=str(path),
                todo=f"use one of {', '.join(FOLDERS)}",
            )
    return made


def spelled(time: datetime) -> str:
    """Return a time as it is written everywhere, RFC 3339 UTC to the second."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
