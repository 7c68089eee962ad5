"""The source formats, and which one a file is in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillwatch.errors import ConfigurationError, InputFormatError
from stillwatch.find.sources.csvfile import Csv
from stillwatch.find.sources.files import expand, is_url, read_head, stem_suffix
from stillwatch.find.sources.jsonlines import JsonLines
from stillwatch.find.sources.litellm import LiteLlm
from stillwatch.find.sources.otlp import Otlp
from stillwatch.find.sources.parquet import Parquet
from stillwatch.find.sources.sql import Sql, sql_file
from stillwatch.find.sources.standard_input import STANDARD_INPUT, StandardInput

if TYPE_CHECKING:
    from collections.abc import Collection

    from stillwatch.find.sources.interface import InputFile, SourceFormat

__all__ = ["FORMATS", "SHAPES", "SUFFIXES", "locate"]

FORMATS: tuple[SourceFormat, ...] = (Parquet(), Otlp(), JsonLines(), Csv(), Sql())
"""How rows are stored; content is offered to them in this order."""

SHAPES = (LiteLlm,)
"""Logs of a known product, stored in any of the formats and told by their columns."""

SUFFIXES = frozenset(suffix for entry in FORMATS for suffix in entry.suffixes)
"""File name endings that a folder's files may have, compression left out."""


def locate(location: str, chosen: str | None) -> list[tuple[InputFile, SourceFormat]]:
    """Return the files of a location, each with its format.

    Args:
        location: path, folder, pattern, database URL, or ``-`` for JSON Lines from standard input.
        chosen: name of a format that all files are in; None tells by name and content.

    Raises:
        SourceNotFoundError: nothing is there.
        InputFormatError: a file is in no known format, or not in the one that its name says.
        ConfigurationError: there is no format of the chosen name.
    """
    stored = {entry.name: entry for entry in FORMATS}
    shapes = {shape.name: shape for shape in SHAPES}
    if chosen is not None and chosen not in stored.keys() | shapes.keys():
        known = ", ".join(sorted(stored.keys() | shapes.keys()))
        raise ConfigurationError(
            f"unknown format {chosen!r}", where="--format", todo=f"use one of {known}"
        )
    if location == STANDARD_INPUT:
        found: list[tuple[InputFile, SourceFormat]] = [_stream(chosen, shapes.keys())]
    elif is_url(location):
        found = [(sql_file(location), stored["sql"])]
    else:
        files = expand(location, SUFFIXES)
        found = [(file, stored.get(chosen or "") or _tell(file)) for file in files]
    if chosen in shapes:
        return [(file, shapes[chosen](entry)) for file, entry in found]
    return [(file, entry if chosen else _shaped(file, entry)) for file, entry in found]


def _stream(chosen: str | None, shapes: Collection[str]) -> tuple[InputFile, SourceFormat]:
    if chosen not in (None, StandardInput.name, *shapes):
        raise ConfigurationError(
            f"standard input is read as JSON Lines, not as {chosen}",
            where="--format",
            todo="write the rows to a file, or as one JSON object a line",
        )
    return StandardInput.file, StandardInput()


def _shaped(file: InputFile, entry: SourceFormat) -> SourceFormat:
    layout = entry.layout(file)
    shape = next((shape for shape in SHAPES if shape.matches(layout)), None)
    return entry if shape is None else shape(entry)


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
    expected = " or ".join(entry.name for entry in by_name) or "nothing known"
    found = by_content.name if by_content else "nothing known"
    raise InputFormatError(
        f"the file's name says {expected}, its content {found}",
        where=file.shown,
        todo="rename the file, or say what it is with --format",
    )
