"""What the commands of ``stillwatch hub`` have in common: the hub's folder and database."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from stillwatch.ledger import SigningKey
    from stillwatch.share.hub.roster import Member, Roster
    from stillwatch.share.hub.writer import Change
    from stillwatch.store import Database

__all__ = ["KEY", "Desk", "at", "now", "opened", "store"]

KEY = "hub.key"
"""File of the log's key."""

_state = click.option(
    "--state",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Folder of the log's key and, unless --database is given, of the hub's database.",
)
_database = click.option(
    "--database",
    help="postgresql://user@host/name, or sqlite:///path; a file in --state if absent.",
)


def at(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--state`` and ``--database``."""
    return _state(_database(function))


@dataclass(frozen=True)
class Desk:
    """A hub's database and key, opened."""

    database: Database
    key: SigningKey

    def roster(self) -> Roster:
        """Return everybody."""
        from stillwatch.share.hub.roster import Roster  # noqa: PLC0415

        found: Roster = self.database.now_reading(Roster.read)
        return found

    def member(self, name: str) -> Member:
        """Return the member of an id or a name."""
        from stillwatch.share.hub.operating import named_member  # noqa: PLC0415

        return named_member(self.roster(), name)

    def act(self, name: str, about: str, work: Change) -> Any:  # noqa: ANN401 - the work's own
        """Do an operator's work, see `stillwatch.share.hub.operating.act`."""
        from stillwatch.share.hub.operating import act  # noqa: PLC0415

        return act(self.database, self.key, name, about, work, now=now(), chance=os.urandom)


def store(state: Path, database: str | None) -> Database:
    """Return the database; it is closed with the command."""
    from stillwatch.store import Database  # noqa: PLC0415

    made = Database(database or f"sqlite:///{(state / 'hub.sqlite').absolute()}")
    click.get_current_context().call_on_close(made.close)
    return made


def opened(state: Path, database: str | None) -> Desk:
    """Return a hub's database and key.

    Raises:
        StillwatchError: there is none, or one is not the other's.
    """
    from stillwatch.ledger import SigningKey  # noqa: PLC0415
    from stillwatch.share.hub.preparing import check_prepared  # noqa: PLC0415

    key = SigningKey.read(state / KEY)
    found = store(state, database)
    found.now_reading(check_prepared, key)
    return Desk(found, key)


def now() -> int:
    """Return microseconds since 1970."""
    return time.time_ns() // 1000
