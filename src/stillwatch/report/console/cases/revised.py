"""Revisions: what scans changed in verdicts that earlier ones had given, from the state folder.

The folder is read and not locked, so that a scan under way is not kept from it: the manifest is
replaced in one step and names files that are whole.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from stillwatch.disk import read_small
from stillwatch.errors import InputFormatError
from stillwatch.report.console.cases.reading import held
from stillwatch.report.console.cases.verdicts import counted
from stillwatch.store import console_tables as tables

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Connection

__all__ = ["take_revisions"]

_LARGEST = 1 << 30


def take_revisions(connection: Connection, state: Path | None, *, run: int, now: int) -> int:
    """Take in the revisions that were not taken yet; return how many accounts they are about.

    Raises:
        SourceNotFoundError: there is no state.
        InputFormatError: it is damaged.
    """
    if state is None:
        return 0
    names = _read(state / "state.json", "revisions")
    table = tables.history
    taken = set(connection.execute(sa.select(table.c.mark).where(table.c.mark != "")).scalars())
    rows = []
    for name in names:
        if name in taken or "/" in name:
            continue
        path = state / "revisions" / name
        for one in _read(path, "changes"):
            try:
                rows.append(
                    {
                        "time": now,
                        "run": run,
                        "kind": "revised",
                        "campaign_id": held(one["campaign_now"] or one["campaign_was"]),
                        "account": held(one["account_id"]),
                        "was": held(f"{one['change']}: {one['was']} {one['campaign_was']}".strip()),
                        "now": held(f"{one['now']} {one['campaign_now']}".strip()),
                        "mark": name,
                    }
                )
            except (KeyError, TypeError) as error:
                raise _damaged(path, error) from error
    if rows:
        connection.execute(sa.insert(table), [*rows, *counted(rows)])
    return len(rows)


def _read(path: Path, name: str) -> list[Any]:
    raw = read_small(path, "the state of scans", _LARGEST)
    try:
        found = json.loads(raw)[name]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _damaged(path, error) from error
    if not isinstance(found, list):
        raise _damaged(path, f"{name} is no list")
    return found


def _damaged(path: Path, what: object) -> InputFormatError:
    return InputFormatError(
        f"the state of scans is damaged: {what}", where=str(path), todo="restore the folder"
    )
