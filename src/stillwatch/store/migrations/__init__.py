"""Steps from one layout of the tables to the next, run by alembic.

Each part has a branch of its own, so that a hub's database holds no table of a gateway: ``hub``,
``measures``. A part's first step carries its name as ``branch_labels`` and follows none.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from stillwatch.errors import ConfigurationError

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["chain", "newest", "parts", "standing", "stands_at", "upgrade"]


def upgrade(connection: Connection, part: str = "hub", *, to: str = "") -> None:
    """Bring a part's tables to the newest layout; making them is the first step.

    Args:
        connection: in a transaction.
        part: whose tables.
        to: a step of the part to stop at; the newest if empty.
    """
    settings = _config()
    settings.attributes["connection"] = connection
    command.upgrade(settings, to or f"{part}@head")


def parts() -> tuple[str, ...]:
    """Return all parts that have tables, by name."""
    script = ScriptDirectory.from_config(_config())
    found = (script.get_revision(base) for base in script.get_bases())
    return tuple(sorted(label for step in found for label in step.branch_labels))


def chain(part: str) -> tuple[str, ...]:
    """Return a part's steps, the first one first."""
    script = ScriptDirectory.from_config(_config())
    return tuple(s.revision for s in script.walk_revisions(head=f"{part}@head"))[::-1]


def standing(connection: Connection) -> dict[str, str]:
    """Return the step that each part in a database is at.

    Raises:
        ConfigurationError: a later version of stillwatch made a step.
    """
    script = ScriptDirectory.from_config(_config())
    known = {step.revision: step.branch_labels for step in script.walk_revisions()}
    found: dict[str, str] = {}
    for step in MigrationContext.configure(connection).get_current_heads():
        if step not in known:
            raise ConfigurationError(
                f"the database is at step {step}, which this version does not know",
                todo="use the version of stillwatch that made it, or a later one",
            )
        found |= dict.fromkeys(known[step], step)
    return found


def stands_at(connection: Connection, part: str = "hub") -> str | None:
    """Return the step that a part's tables are at, None where there are none.

    A step that this version does not know is a later version's, and is returned too.
    """
    script = ScriptDirectory.from_config(_config())
    known = {step.revision: step.branch_labels for step in script.walk_revisions()}
    found = MigrationContext.configure(connection).get_current_heads()
    own = [step for step in found if part in known.get(step, ())]
    return next(iter([*own, *(step for step in found if step not in known)]), None)


def newest(part: str = "hub") -> str:
    """Return a part's newest step."""
    return ScriptDirectory.from_config(_config()).get_revisions(f"{part}@head")[0].revision


def _config() -> Config:
    settings = Config()
    settings.set_main_option("script_location", str(Path(__file__).parent))
    settings.set_main_option("path_separator", "os")
    return settings
