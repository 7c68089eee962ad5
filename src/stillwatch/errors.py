"""Everything that can go wrong, as one tree with stable exit codes.

Each error says what happened, where, and what to do; :meth:`StillwatchError.diagnostics`
prints the three for a person.  Exit codes are part of the public interface and never change.
"""

from __future__ import annotations

__all__ = [
    "ConfigurationError",
    "IncompatibleObservationsError",
    "InputFormatError",
    "MissingColumnError",
    "MissingExtraError",
    "NoUsableRowsError",
    "OutputError",
    "RefusedError",
    "SourceNotFoundError",
    "StillwatchError",
    "UndeliveredError",
    "UnhealthyError",
    "UnreachableError",
]


class StillwatchError(Exception):
    """Base of every error that stillwatch raises on purpose.

    Args:
        what: what happened, one sentence.
        where: file, row or option concerned; empty where the whole run is meant.
        todo: what the operator can do about it.

    >>> print(StillwatchError("no rows", where="a.parquet", todo="check the path").diagnostics())
    error: no rows
    where: a.parquet
    to do: check the path
    """

    exit_code = 1
    """Process exit status for the command line."""

    def __init__(self, what: str, *, where: str = "", todo: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.todo = todo

    def diagnostics(self) -> str:
        r"""Return the error as lines for a person, three at most.

        Paths, column names and the words of libraries come from outside: what could steer a
        terminal, or pass for another line, is spelled out.

        >>> print(StillwatchError("no rows", where="a\x1b[2J\nto do: pay").diagnostics())
        error: no rows
        where: a\x1b[2J\nto do: pay
        """
        lines = [f"error: {_printable(self.what)}"]
        if self.where:
            lines.append(f"where: {_printable(self.where)}")
        if self.todo:
            lines.append(f"to do: {_printable(self.todo)}")
        return "\n".join(lines)


_LONGEST = 800
"""Characters of a line of an error, about."""


def _printable(text: str) -> str:
    if len(text) > _LONGEST:
        text = f"{text[: _LONGEST // 2]}…{text[-_LONGEST // 4 :]}"
    if text.isprintable():
        return text
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode("ascii")
        for c in text
    )


class ConfigurationError(StillwatchError):
    """An option, mapping file or setting is not usable."""

    exit_code = 3


class SourceNotFoundError(StillwatchError):
    """A named input does not exist or cannot be opened."""

    exit_code = 4


class InputFormatError(StillwatchError):
    """An input is not in the format that it claims or that was asked for."""

    exit_code = 5


class MissingColumnError(StillwatchError):
    """A required column is absent, also under its mapped name."""

    exit_code = 6


class NoUsableRowsError(StillwatchError):
    """Every row of an input went to quarantine, or there was none."""

    exit_code = 7


class OutputError(StillwatchError):
    """The output folder cannot be written."""

    exit_code = 8


class MissingExtraError(StillwatchError):
    """A feature needs an optional dependency that is not installed."""

    exit_code = 9


class IncompatibleObservationsError(StillwatchError):
    """Observations are of another version, or were made with different keys."""

    exit_code = 10


class UndeliveredError(StillwatchError):
    """Alerts wait for a receiver that did not take them; they are kept."""

    exit_code = 11


class RefusedError(StillwatchError):
    """A signature, proof, message or object breaks a numbered rule.

    Args:
        rule: number of the rule, such as "R-5".
        what: what broke it, one sentence.
        where: message, line or field concerned.
        todo: what its sender or the operator can do.

    >>> print(RefusedError("R-5", "the algorithm is not ed25519").diagnostics())
    error: R-5: the algorithm is not ed25519
    """

    exit_code = 12

    def __init__(self, rule: str, what: str, *, where: str = "", todo: str = "") -> None:
        super().__init__(f"{rule}: {what}", where=where, todo=todo)
        self.rule = rule


class UnreachableError(StillwatchError):
    """A server does not answer, or answers what makes no sense."""

    exit_code = 13


class UnhealthyError(StillwatchError):
    """`stillwatch doctor` found something that has to be done."""

    exit_code = 14
