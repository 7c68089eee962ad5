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

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["newest", "stands_at", "upgrade"]


def upgrade(connection: Connection, part: str = "hub") -> None:
    """Bring a part's tables to the newest layout; making them is the first step."""
    settings = _config()
    settings.attributes["connection"] = connection
    command.upgrade(settings, f"{part}@head")


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
