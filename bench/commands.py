"""Runs ``stillwatch`` as a process of its own, as a user does."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = [sys.executable, "-c", "from stillwatch.cli import main; main()"]


class CommandError(RuntimeError):
    """A command ended with an error; its message holds the last of what it said."""


def stillwatch(*arguments: str) -> float:
    """Run the program; return its seconds.

    Raises:
        CommandError: it ended with an error.
    """
    begin = time.perf_counter()
    done = subprocess.run(  # noqa: S603 (our own program)
        [*PROGRAM, *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = "\n".join(done.stderr.strip().splitlines()[-8:])
        what = f"stillwatch {arguments[0]} ended with {done.returncode}: {said}"
        raise CommandError(what)
    return time.perf_counter() - begin


def simulate(out: Path, *arguments: str) -> float:
    """Make a world; return the seconds."""
    return stillwatch("simulate", f"--out={out}", *arguments)


def scan(world: Path, out: Path) -> float:
    """Scan a world with everything an operator would hand in; return the seconds."""
    accounts = world / "accounts.parquet"
    return stillwatch(
        "scan",
        str(world / "exchanges"),
        f"--out={out}",
        *([f"--accounts={accounts}"] if accounts.is_file() else []),
        *(["--events", str(world)] if any(world.glob("*_events.parquet")) else []),
    )
