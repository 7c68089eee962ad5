"""What a hostile case of the exchange is, and how one is judged."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

SMALL = 64.0
"""Mebibytes that a server may need for one request: eight times the longest body."""
TICKS = os.sysconf("SC_CLK_TCK")


class Answer(NamedTuple):
    """How one attempt ended."""

    status: int
    """HTTP status; of a command its exit code; 0 where the connection was closed on it."""

    rules: tuple[str, ...]
    """Rules that were named; HTTP where the server's HTTP parser refused."""

    text: str = ""
    """Body, or what a command said."""


@dataclass(frozen=True)
class Case:
    """One hostile request, object, file or answer, and what must become of it."""

    mechanism: str
    """What is tried; at most five cases share one."""
    name: str
    """Tells the cases of a mechanism apart."""
    attack: Callable
    """Takes the world and returns an answer, or a list of answers of which each is refused."""
    rule: str
    """Rule that has to be named; several where either is right, with bars between."""
    status: int
    """Status, or exit code, that goes with it."""
    at: str = "hub"
    """Who is attacked, and has to go on: hub, witness, operator or member."""
    seconds: float = 1.0
    """Processor time that it may take."""
    mebibytes: float | None = None
    """Memory that it may take, where the case is about size."""
    slow: bool = False

    @property
    def id(self):
        return f"{self.mechanism}-{self.name}"


class Usage:
    """Processor time and peak memory of a server's process from here on."""

    def __init__(self, pid, *, memory):
        self._folder = Path(f"/proc/{pid}")
        self._memory = memory
        if memory:
            (self._folder / "clear_refs").write_text("5")  # the peak starts anew
            self._held = self._mebibytes("VmRSS")
        self._began = self._seconds()

    def seconds(self):
        return self._seconds() - self._began

    def mebibytes(self):
        return self._mebibytes("VmHWM") - self._held if self._memory else 0.0

    def _seconds(self):
        fields = (self._folder / "stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def _mebibytes(self, name):
        lines = (self._folder / "status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:")) / 1024


def judge(case, answers):
    """Check that every answer refuses by the rule of the case."""
    assert answers, case.id
    allowed = case.rule.split("|")
    for answer in answers:
        said = f"{case.id}: {answer.status} {answer.rules} {answer.text[:1000]}"
        assert answer.status == case.status, said
        assert answer.rules, said
        assert set(answer.rules) <= set(allowed), said
        assert "Traceback" not in answer.text, said
