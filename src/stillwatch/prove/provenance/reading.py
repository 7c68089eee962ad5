"""Prompts from JSON Lines: the fields that marks need, everything else carried."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stillwatch.errors import SourceNotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Fields", "read_rows"]

_LONGEST = 1 << 26


@dataclass(frozen=True, slots=True)
class Fields:
    """Names of fields in a log."""

    prompt: str = "prompt"
    """User's turn, a text in every row."""
    system_prompt: str = "system_prompt"
    """System prompt, a text or null or missing."""


def read_rows(path: Path, fields: Fields) -> Iterator[dict[str, Any] | int]:
    """Yield each row, or the number of a line, from 1, that is no usable row.

    Raises:
        SourceNotFoundError: the file cannot be opened or read.
    """
    number = 0
    try:
        with path.open("rb") as file:
            while raw := file.readline(_LONGEST):
                number += 1
                part = raw
                while not part.endswith(b"\n") and (part := file.readline(_LONGEST)):
                    raw = b""  # a line that is too long is read to its end and is no row
                if raw and not raw.strip():
                    continue
                yield _row(raw, fields) or number
    except OSError as error:
        raise SourceNotFoundError(
            f"the prompts cannot be read: {error.strerror}", where=str(path), todo="check the path"
        ) from error


def _row(raw: bytes, fields: Fields) -> dict[str, Any] | None:
    try:
        row = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    if not isinstance(row, dict) or not isinstance(row.get(fields.prompt), str):
        return None
    if not isinstance(row.get(fields.system_prompt), str | None):
        return None
    return row
