"""A's console, filled with what the tour found."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stillwatch.cli.tour.members import WARNED

if TYPE_CHECKING:
    from pathlib import Path

    from stillwatch.cli.tour.members import Exchange
    from stillwatch.cli.tour.processes import Processes

__all__ = ["Console", "filled", "shown"]


@dataclass(frozen=True, slots=True)
class Console:
    """A console that is filled."""

    database: str
    """URL."""
    command: str
    """That opens it once the tour is over."""
    url: str
    """Where it is now; empty where it was not started."""
    first: str
    """Its first account with the password, which is kept nowhere else."""
    imported: str
    """What was taken in."""

    def document(self) -> dict[str, Any]:
        """Return where it is, for JSON; the password is no part of it."""
        return {"database": self.database, "command": self.command, "imported": self.imported}


def filled(
    folder: Path, scanned: Path, exchange: Exchange, processes: Processes, *, serving: bool
) -> Console:
    """Make a console and take in A's scan.

    Args:
        folder: of the tour.
        scanned: folder of A's scan.
        exchange: what runs.
        processes: that the console is started in.
        serving: whether it is started.

    Raises:
        UnreachableError: it was to be started and ended.
        StillwatchError: of the commands.
    """
    database = f"sqlite:///{folder.absolute() / 'console.sqlite'}"
    home = str(exchange.members["a"].home)
    processes.run("console", "init", "--database", database)
    first = processes.said
    imported = processes.run(
        "console", "import", str(scanned), "--database", database, "--exchange", home
    )
    command = [
        "console", "serve", "--database", database, "--results", str(scanned), "--exchange", home,
    ]  # fmt: skip
    url = ""
    if serving:
        gates = [word for name in WARNED for word in _gateway(name, exchange.ready[name])]
        url = processes.first_line(
            processes.start("console", *command, *gates, "--port", "0"), "http"
        )
    return Console(database, shlex.join(["stillwatch", *command]), url, first, imported)


def shown(made: Console) -> str:
    """Tell where the console is and how to sign in."""
    where = (
        f"It is open at {made.url} until you press Ctrl-C; hub and gateways go on until then."
        if made.url
        else f"Open it with:\n\n  {made.command}"
    )
    return f"A's console holds what A found: {made.imported}.\n{where}\n\nSign in: {made.first}"


def _gateway(name: str, ready: str) -> tuple[str, str]:
    return "--gateway", f"gateway-{name}={ready}"
