"""What was done, as ``stillwatch measures list --json`` says it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from stillwatch.disk import read_small
from stillwatch.errors import InputFormatError
from stillwatch.report.documents.words import count, when

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["RUNGS", "Applied", "read_measures"]

RUNGS: Mapping[str, str] = {
    "limit": "adaptive limit",
    "verify": "verification asked for",
    "withhold": "reasoning trace withheld",
    "cap": "length of answers bounded",
    "mark": "answers marked",
    "hold": "answers checked before release",
    "decoy": "sent to a decoy model",
    "perturb": "answers changed",
    "refuse": "requests refused",
}
"""Measures as the record names them, in words."""
_BIGGEST = 64 << 20


@dataclass(frozen=True, slots=True)
class Applied:
    """A measure that people approved, or were asked to."""

    measure_id: str
    rung: str
    """One of ``RUNGS``."""
    state: str
    """``in force``, ``waiting``, ``expired`` or ``lifted``."""
    campaign: str
    account: str
    proposed: datetime | None
    expires: datetime
    accounts: int
    people: int
    """How many approved it; their names stay with the record."""

    def says(self) -> str:
        """Return the measure in words, without the names of those who approved it."""
        since = f" proposed {when(self.proposed)}," if self.proposed else ""
        return (
            f"{RUNGS.get(self.rung, self.rung)}: {self.state},{since} until {when(self.expires)} "
            f"UTC, {count(self.accounts)} accounts, approved by {count(self.people)} people"
        )


def read_measures(path: Path) -> tuple[Applied, ...]:
    """Return the measures in a file.

    Args:
        path: what ``stillwatch measures list --json`` printed.

    Raises:
        SourceNotFoundError: it cannot be opened.
        InputFormatError: it is no such file.
    """
    try:
        held = json.loads(read_small(path, "the record of measures", _BIGGEST))
        if not isinstance(held, list):
            raise TypeError("not a list")  # noqa: TRY301 - told as the others
        return tuple(_applied(item) for item in held)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise InputFormatError(
            f"not a record of measures: {type(error).__name__}: {error}",
            where=str(path),
            todo="write it with stillwatch measures list --json",
        ) from error


def _applied(item: Mapping[str, Any]) -> Applied:
    return Applied(
        measure_id=str(item["measure_id"]),
        rung=str(item["rung"]),
        state=str(item["state"]),
        campaign=str(item["campaign"]),
        account=str(item["account"]),
        proposed=_time(item["proposed"]) if item.get("proposed") else None,
        expires=_time(item["expires"]),
        accounts=int(item["accounts"]),
        people=len(list(item["people"])),
    )


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
