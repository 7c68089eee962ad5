"""What a hostile case is, and how one is run and judged."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from stillwatch import errors

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

NAMES = {
    error.exit_code: name
    for name in errors.__all__
    if name != "StillwatchError" and (error := getattr(errors, name))
}
"""Exit code to the name of its error."""
CODES = {name: code for code, name in NAMES.items()}
USAGE = 2
"""Exit code of the command line's own errors: an option that does not exist or cannot be read."""
MOST_MEMORY = 6 << 30
"""Bytes that no command may pass whatever its bound, so that the machine survives a failure."""
OUTPUTS = ("out", "observed", "world")
"""Folders that the commands write into."""
STEERING = frozenset(
    [chr(c) for c in range(32) if chr(c) not in "\n\t"]
    + [chr(c) for c in range(0x7F, 0xA0)]
    + list("\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")
)
"""Characters that steer a terminal or make one word look like another."""


class Outcome(NamedTuple):
    """How one command ended."""

    argv: tuple[str, ...]
    code: int
    timed_out: bool
    seconds: float
    mebibytes: float
    stdout: str
    stderr: str


@dataclass(frozen=True)
class Case:
    """One hostile input and what must become of it."""

    mechanism: str
    """What is tried; at most five cases share one."""
    name: str
    """Tells the cases of a mechanism apart."""
    make: Callable[[Path], list[list[str]]]
    """Writes the input into an empty folder and returns the commands to run there, in order."""
    error: str | None = None
    """Name of the error that every command ends with; None where they succeed."""
    words: str = ""
    """Part of the first line of the error."""
    good: int | None = None
    """Rows of the log that are used."""
    bad: Mapping[str, int] = field(default_factory=dict)
    """Rows in quarantine, by reason."""
    cells: Mapping[str, int] = field(default_factory=dict)
    """Cells repaired or emptied, by reason."""
    section: str = "exchange"
    """Input that ``bad`` and ``cells`` are of."""
    seconds: float = 10.0
    """Processor time that each command may take."""
    mebibytes: float = 300.0
    """Peak memory of each command beyond that of one that does nothing."""
    after: Callable[[Path, list[Outcome]], None] | None = None
    """Further checks."""
    stdin: str | None = None
    """File in the folder that is the commands' standard input."""
    file_size: int | None = None
    """Bytes that a file may have, which makes a disk look full."""
    environment: Mapping[str, str] = field(default_factory=dict)
    slow: bool = False

    @property
    def id(self):
        return f"{self.mechanism}-{self.name}"


def three(location, *options):
    """Return the commands that read a log: check, scan and observe."""
    where = [str(location), *options]
    light = [o for o in where if o]
    without = [str(location), *_for_observe(options)]
    return [
        ["scan", *light, "--check", "--json"],
        ["scan", *light, "--out", "out", "--json"],
        ["observe", *without, "--out", "observed", "--unkeyed", "--json"],
    ]


def _for_observe(options):
    """Leave out options and their values that observe does not have."""
    kept = []
    given = iter(options)
    for option in given:
        value = next(given)
        if option in ("--map", "--format"):
            kept += [option, value]
    return kept


class Runner:
    """Talks to a zygote.

    Args:
        modules: that it has imported; those of all commands over logs, warmed up, where none.
    """

    def __init__(self, *modules):
        self._process = subprocess.Popen(  # noqa: S603 - our own file
            [sys.executable, str(Path(__file__).with_name("zygote.py")), *modules],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert json.loads(self._process.stdout.readline()) == {"ready": True}
        self._idle = 0.0
        """Mebibytes of a command that does nothing."""

    def measure_idle(self, folder):
        """Take what a command needs that does nothing as the ground of all measurements."""
        idle = Case("idle", "help", lambda _: [["--help"]])
        self._idle = self.run(folder, ["--help"], case=idle).mebibytes

    def close(self):
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()

    def run(self, folder, argv, *, case):
        said = folder.parent / "said"
        said.mkdir(exist_ok=True)
        request = {
            "argv": argv,
            "cwd": str(folder),
            "stdin": None if case.stdin is None else str(folder / case.stdin),
            "stdout": str(said / "stdout"),
            "stderr": str(said / "stderr"),
            "seconds": 3 * case.seconds + 20,
            "memory": MOST_MEMORY,
            "file_size": case.file_size,
            "environment": dict(case.environment),
        }
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        done = json.loads(self._process.stdout.readline())
        texts = [(said / n).read_bytes().decode("utf-8") for n in ("stdout", "stderr")]
        return Outcome(
            tuple(argv),
            done["code"],
            done["timed_out"],
            done["seconds"],
            done["mebibytes"] - self._idle,
            *texts,
        )


def judge(case, outcome):
    """Check what holds for every command of a case."""
    said = f"{case.id}: {' '.join(outcome.argv)[:200]}\n{outcome.stderr[-3000:]}"
    assert "Traceback" not in outcome.stderr, said
    assert "Warning" not in outcome.stderr, said
    assert not outcome.timed_out, said
    assert outcome.code >= 0, f"killed by signal {-outcome.code}\n{said}"
    expected = case.error
    if expected == "NoUsableRowsError" and "--check" in outcome.argv:
        expected = None  # a check says how many rows are bad, and that is its success
    name = "usage" if outcome.code == USAGE else NAMES.get(outcome.code, outcome.code)
    assert (name if outcome.code else None) == expected, said
    if expected not in (None, "usage"):
        lines = outcome.stderr.splitlines()
        first = next(i for i, line in enumerate(lines) if line.startswith("error: "))
        assert case.words in lines[first], said
        assert len(lines[first]) < 1_000, said
        assert any(line.startswith("to do: ") for line in lines[first:]), said
    elif expected:
        assert case.words in outcome.stderr, said
    assert outcome.seconds <= case.seconds, f"{outcome.seconds:.1f} s\n{said}"
    assert outcome.mebibytes <= case.mebibytes, f"{outcome.mebibytes:.0f} MiB\n{said}"
    for text in (outcome.stdout, outcome.stderr):
        assert not STEERING & set(text), sorted(map(ascii, STEERING & set(text)))
    if outcome.code == 0:
        _judge_counts(case, outcome)


def _judge_counts(case, outcome):
    argv = outcome.argv
    if "--json" not in argv or argv[0] not in ("scan", "observe"):
        return
    held = json.loads(outcome.stdout)
    bad = sum(case.bad.values())
    if "--check" in argv:
        (found,) = (item for item in held["inputs"] if item["section"] == case.section)
        if case.error is None:
            assert (found["bad"], found["cells"]) == (dict(case.bad), dict(case.cells))
        logs = [item for item in held["inputs"] if item["section"] == "exchange"]
        expected = 0 if case.error else case.good
        assert expected is None or [log["good"] for log in logs] == [expected]
        return
    assert case.good is None or held["exchanges"] == case.good
    quarantined = held["quarantined"]
    if case.section == "exchange":
        found = quarantined if isinstance(quarantined, int) else quarantined["exchanges"]
        assert found == bad
    elif not isinstance(quarantined, int):
        assert quarantined[f"{case.section}s"] == bad


def judge_folder(case, folder):
    """Check what holds for the output folders once the commands have ended."""
    outputs = [path for name in OUTPUTS if (path := folder / name).is_dir()]
    made = [path for out in outputs for path in out.rglob("*")]
    left = [
        path
        for path in (*folder.iterdir(), *made)
        if path.name.startswith((".stillwatch-", ".observing-")) or path.name.endswith(".partial")
    ]
    assert left == [], case.id
    for path in (path for path in made if path.parent.name == "quarantine"):
        assert path.stat().st_mode & 0o077 == 0
        held = [json.loads(line) for line in path.read_text("ascii").splitlines()]
        if path.stem in ("exchanges", f"{case.section}s") and case.error is None:
            reasons = Counter(row["reason"] for row in held)
            # Rows past the detail limit are only counted.
            assert all(case.bad.get(reason, 0) >= n for reason, n in reasons.items()), case.id
