"""The source formats, and which one a file is in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillwatch.errors import ConfigurationError, InputFormatError
from stillwatch.find.sources.files import expand, is_url, read_head, stem_suffix
from stillwatch.find.sources.parquet import Parquet

if TYPE_CHECKING:
    from stillwatch.find.sources.interface import InputFile, SourceFormat

__all__ = ["FORMATS", "locate"]

FORMATS: tuple[SourceFormat, ...] = (Parquet(),)
"""All formats; content is offered to them in this order."""

SUFFIXES = frozenset(suffix for entry in FORMATS for suffix in entry.suffixes)


def locate(location: str, chosen: str | None) -> list[tuple[InputFile, SourceFormat]]:
    """Return the files of a location, each with its format.

    Args:
        location: path, folder, pattern or database URL.
        chosen: name of a format that all files are in; None tells by name and content.

    Raises:
        SourceNotFoundError: nothing is there.
        InputFormatError: a file is in no known format, or not in the one that its name says.
        ConfigurationError: there is no format of the chosen name.
    """
    names = {entry.name: entry for entry in FORMATS}
    if chosen is not None and chosen not in names:
        raise ConfigurationError(
            f"unknown format {chosen!r}", where="--format", todo=f"use one of {', '.join(names)}"
        )
    files = expand(location, SUFFIXES)
    return [(file, names[chosen] if chosen else _tell(file)) for file in files]


def _tell(file: InputFile) -> SourceFormat:
    suffix = stem_suffix(file.path)
    head = read_head(file.path)
    if not head.strip():
        raise InputFormatError(
            "the file is empty", where=file.shown, todo="remove it or write it again"
        )
    by_content = next((entry for entry in FORMATS if entry.recognises(head)), None)
    by_name = [entry for entry in FORMATS if suffix in entry.suffixes]
    if by_content is not None and (by_content in by_name or not by_name):
        return by_content
    expected = " or ".join(entry.name for entry in by_name) or "a known format"
    found = f"{by_content.name}" if by_content else "none of them"
    raise InputFormatError(
        f"the file's name says {expected}, its content {found}",
        where=file.shown,
        todo="rename the file, or say what it is with --format",
    )
