"""The commands and processes of the tour: the program itself, and none outlives the tour.

What serves or watches is a process of its own; what ends by itself runs in this one.  Servers get
port 0 and say where they listen.  What processes say of themselves goes to ``logs/``, and each
command is a line of ``commands.txt``, to be read and typed again.
"""

from __future__ import annotations

import contextlib
import io
import os
import shlex
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, NamedTuple, Self, TypeVar

from stillwatch.errors import UnreachableError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["Line", "Process", "Processes"]

_PATIENCE = 60.0
"""Seconds that anything may take to come about."""
_GRACE = 15.0
"""Seconds that processes have to end by themselves."""
_TAIL = 1500
"""Characters of a log that an error shows."""

_Found = TypeVar("_Found")


class Line(NamedTuple):
    """What a process printed."""

    at: float
    """When it came, seconds since 1970."""
    text: str


class Process:
    """A process that goes on, with the lines that it printed."""

    def __init__(self, arguments: tuple[str, ...], log: Path) -> None:
        self.name = log.stem
        self.lines: list[Line] = []
        self._log = log
        with log.open("ab") as errors:
            self.process = subprocess.Popen(  # noqa: S603 - our own program
                [sys.executable, "-m", "stillwatch", *arguments],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors,
                env=_environment(), text=True, encoding="utf-8", errors="replace",
            )  # fmt: skip
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None  # noqa: S101 - it is a pipe
        for line in self.process.stdout:
            self.lines.append(Line(time.time(), line.strip()))

    def check(self) -> None:
        """Say so where the process has ended.

        Raises:
            UnreachableError: it has.
        """
        code = self.process.poll()
        if code is not None:
            raise UnreachableError(
                f"{self.name} ended with {code}: {_tail(self._log)}",
                where=str(self._log),
                todo="read the log",
            )

    def end(self) -> None:
        """Wait until the process ended, and end it where it does not by itself."""
        try:
            self.process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._reader.join(_GRACE)
        if self.process.stdout is not None:
            self.process.stdout.close()


class Processes:
    """All that the tour runs; leaving ends what still runs, the newest first.

    Args:
        folder: of the tour; ``logs/`` and ``commands.txt`` are made in it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._logs = folder / "logs"
        self._logs.mkdir()
        self._commands = folder / "commands.txt"
        self.running: list[Process] = []
        self.said = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        running, self.running = self.running[::-1], []
        for one in running:
            with contextlib.suppress(OSError):
                one.process.terminate()
        try:
            for one in running:
                one.end()
        finally:  # also where somebody is impatient
            for one in running:
                with contextlib.suppress(OSError):
                    one.process.kill()

    def run(self, *arguments: str) -> str:
        """Run a command to its end, in this process; return what it printed.

        What it said to people beside that is in ``said``.

        Raises:
            StillwatchError: of the command.
        """
        from stillwatch.cli.entry import cli  # noqa: PLC0415 - which has the tour's own command

        self._note(arguments)
        words = io.StringIO()
        with (
            contextlib.redirect_stdout(io.StringIO()) as printed,
            contextlib.redirect_stderr(words),
        ):
            cli.main(
                list(arguments),
                prog_name="stillwatch",
                standalone_mode=False,
                auto_envvar_prefix=None,  # options of the caller's are not the tour's
            )
        self.said = words.getvalue().strip()
        return printed.getvalue().strip()

    def start(self, name: str, *arguments: str) -> Process:
        """Start the program and leave it running under a name."""
        self._note(arguments)
        one = Process(arguments, self._logs / f"{name}.log")
        self.running.append(one)
        return one

    def until(
        self, found: Callable[[], _Found | None], what: str, patience: float = _PATIENCE
    ) -> _Found:
        """Return what is looked for, once it is there.

        Args:
            found: looks; what is false is not there yet.
            what: is looked for, for the error.
            patience: seconds.

        Raises:
            UnreachableError: a process ended, or it took too long.
        """
        end = time.monotonic() + patience
        while not (value := found()):
            for one in self.running:
                one.check()
            if time.monotonic() > end:
                raise UnreachableError(
                    f"{what} did not come about within {patience:.0f} s",
                    where=str(self._logs),
                    todo="read the logs; a machine under load may be too slow",
                )
            time.sleep(0.01)
        return value

    def first_line(self, process: Process, start: str = "") -> str:
        """Return the first line that a process printed, of those that begin so."""
        return self.until(
            lambda: next((one.text for one in process.lines if one.text.startswith(start)), ""),
            f"the address of {process.name}",
        )

    def _note(self, arguments: tuple[str, ...]) -> None:
        with self._commands.open("a", encoding="utf-8") as commands:
            commands.write(shlex.join(["stillwatch", *arguments]) + "\n")


def _environment() -> dict[str, str]:
    """Return the environment without options of ours, which would change what is run."""
    kept = {name: value for name, value in os.environ.items() if name[:11] != "STILLWATCH_"}
    return {**kept, "PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1"}


def _tail(log: Path) -> str:
    with contextlib.suppress(OSError):
        return log.read_text("utf-8", "replace")[-_TAIL:].strip()
    return ""
