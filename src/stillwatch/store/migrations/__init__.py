"""Steps from one layout of the tables to the next, run by alembic."""

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


def upgrade(connection: Connection) -> None:
    """Bring the tables to the newest layout; making them is the first step."""
    settings = _config()
    settings.attributes["connection"] = connection
    command.upgrade(settings, "head")


def stands_at(connection: Connection) -> str | None:
    """Return the step that the tables are at, None where there are none."""
    return MigrationContext.configure(connection).get_current_revision()


def newest() -> str:
    """Return the newest step."""
    return str(ScriptDirectory.from_config(_config()).get_current_head())


def _config() -> Config:
    settings = Config()
    settings.set_main_option("script_location", str(Path(__file__).parent))
    settings.set_main_option("path_separator", "os")
    return settings
