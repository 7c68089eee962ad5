"""Databases that a command opens, and who is told to have acted in them."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from stillwatch.store import Database

__all__ = ["acting", "opened"]


def opened(url: str) -> Database:
    """Return the database of a URL; it is closed when the command ends.

    Raises:
        StillwatchError: it cannot be opened.
    """
    from stillwatch.store import Database  # noqa: PLC0415 - help imports no tables

    found = Database(url)
    click.get_current_context().call_on_close(found.close)
    return found


def acting() -> str:
    """Return the name of the user who runs the command, for logs of what was done."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a user without a name, as in a container
        return "operator"
