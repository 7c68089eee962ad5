"""What was asked and what came back, a line for each request, as bytes and times.

A line is written in one piece and flushed before the next question of its place is asked.  A line
without an end was being written when the machine or the process ended: it is cut off on opening,
and its question is asked again.  Failed requests are lines too.  Nothing is ever changed.
"""

from __future__ import annotations

import base64
import binascii
import errno
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

import msgspec

from stillwatch.disk import locked
from stillwatch.errors import (
    ConfigurationError,
    InputFormatError,
    OutputError,
    RefusedError,
    SourceNotFoundError,
)
from stillwatch.prove.lineage.querying.pace import Spent
from stillwatch.prove.lineage.querying.protocols import read_answer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Self

    from stillwatch.prove.lineage.querying.protocols import Said

__all__ = ["LONGEST_LINE", "Line", "Outcome", "Transcript", "kept", "read_lines", "spelled"]

LONGEST_LINE = 8 << 20
"""Bytes of a line, as many as a bundle of evidence takes."""

_ADDING = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)

Outcome = Literal["answered", "failed", "unanswered"]
"""``failed`` is asked again; ``unanswered`` is not, since the endpoint will not answer it."""


class Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One request and its response."""

    plan: str
    """SHA-256 of the plan."""
    subject: str
    """Name of the model in the plan."""
    question: int
    """`Question.number`."""
    part: str = ""
    """`Question.part`."""
    item: str
    """`Question.item`."""
    sample: int
    """`Question.sample`."""
    attempt: int
    """From 1 in each run."""
    sent: str
    """When the request was sent, RFC 3339, by the asker's clock."""
    received: str
    """When the last byte was received, or the request given up."""
    outcome: Outcome
    """What became of it."""
    url: str
    """Where it was sent."""
    request: str
    """The body, as it was sent."""
    protocol: str
    """How to read the response."""
    status: int | None = None
    """HTTP status; None where there was no response."""
    headers: dict[str, str] = {}
    """Those of the response that say who answered and when."""
    raw: str | None = None
    """The response's bytes, where they are UTF-8."""
    raw_base64: str | None = None
    """The same, where they are not or would be longer as text."""
    redacted: bool = False
    """Whether the endpoint sent our key back, which was replaced by ``[key]``."""
    error: str | None = None
    """What was wrong with it."""
    served: str | None = None
    """Model that the endpoint says it served."""
    fingerprint: str | None = None
    """``system_fingerprint``."""
    input_tokens: int | None = None
    """By the endpoint's count."""
    output_tokens: int | None = None
    """Likewise."""

    @property
    def response(self) -> bytes:
        """The response's bytes.

        Raises:
            RefusedError: T-6 they are not in their form.
        """
        if self.raw_base64 is None:
            return (self.raw or "").encode()
        try:
            return base64.b64decode(self.raw_base64, validate=True)
        except binascii.Error as error:  # T-6
            raise RefusedError("T-6", "a response is no base64", where=self.subject) from error

    def said(self) -> Said:
        """Return what the response says, read anew from its bytes.

        Raises:
            RefusedError: T-6 it is counted as an answer and is none.
        """
        try:
            return read_answer(self.protocol, self.response)
        except (InputFormatError, KeyError) as error:  # T-6
            raise RefusedError(
                "T-6",
                f"a response that counts as an answer is none: {error}",
                where=f"{self.subject}, question {self.question}",
            ) from error

    @property
    def moment(self) -> datetime:
        """`sent`.

        Raises:
            RefusedError: T-6 it is no time with a zone.
        """
        try:
            made = datetime.fromisoformat(self.sent)
        except ValueError as error:  # T-6
            raise RefusedError("T-6", "a query has no time", where=self.subject) from error
        if made.tzinfo is None:  # T-6
            raise RefusedError("T-6", "a query's time has no zone", where=self.subject)
        return made

    @property
    def used(self) -> Spent:
        """Tokens that it used, by the endpoint's count; one for every four bytes without that."""
        if self.status != 200:
            return Spent(1)
        prompt, answer = self.input_tokens, self.output_tokens
        return Spent(
            1,
            len(self.request) // 4 if prompt is None else prompt,
            len(self.response) // 4 if answer is None else answer,
        )

    def encode(self) -> bytes:
        """Return the line with its end."""
        return msgspec.json.encode(self) + b"\n"


class Transcript:
    """One model's transcript, open for adding to by this process alone.

    Args:
        path: its file; made where it is not there.
        plan: SHA-256 of the plan.
        subject: name of the model in the plan.

    Raises:
        OutputError: it cannot be written.
        ConfigurationError: another process adds to it.
        RefusedError: T-6 a line is not in its form, T-7 or of another plan or model, or a question
            is answered twice.
    """

    def __init__(self, path: Path, plan: str, subject: str) -> None:
        self.path = path
        """Its file."""
        self.cut = 0
        """Bytes of a last line without an end that were taken off."""
        self.done: set[int] = set()
        """Numbers of the questions that need no more asking."""
        self.spent = Spent()
        """What the endpoint says was used so far."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(path, _ADDING, 0o600)
        except OSError as error:
            raise self._unwritable(error) from error
        try:
            self._lock()
            self._mend()
            for line in read_lines(path, plan, subject):
                self._count(line)
        except BaseException:
            os.close(self._file)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._file)

    def add(self, line: Line) -> None:
        """Write a line and wait until it is on the disk.

        Raises:
            OutputError: it cannot be written.
        """
        raw = line.encode()
        try:
            begin = os.fstat(self._file).st_size
            whole = os.write(self._file, raw) == len(raw)
            if not whole:
                os.ftruncate(self._file, begin)
            os.fsync(self._file)
        except OSError as error:
            raise self._unwritable(error) from error
        if not whole:
            raise self._unwritable(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
        self._count(line)

    def _count(self, line: Line) -> None:
        if line.outcome != "failed":
            self.done.add(line.question)
        self.spent += line.used

    def _lock(self) -> None:
        if not locked(self._file):
            raise ConfigurationError(
                "another process asks this model", where=str(self.path), todo="wait for it to end"
            )

    def _mend(self) -> None:
        size = os.fstat(self._file).st_size
        end = size
        with self.path.open("rb") as file:
            while end:
                begin = max(end - (1 << 20), 0)
                file.seek(begin)
                at = file.read(end - begin).rfind(b"\n")
                if at >= 0:
                    end = begin + at + 1
                    break
                end = begin
        self.cut = size - end
        if self.cut:
            os.ftruncate(self._file, end)
            os.fsync(self._file)

    def _unwritable(self, error: OSError) -> OutputError:
        return OutputError(
            f"the transcript cannot be written: {error.strerror}",
            where=str(self.path),
            todo="make room or check the folder's mode, and run again: nothing is lost",
        )


def read_lines(path: Path, plan: str, subject: str) -> Iterator[Line]:
    """Yield the lines of a transcript.

    Args:
        path: its file.
        plan: SHA-256 of the plan that it must be of.
        subject: name of the model that it must be of.

    Raises:
        SourceNotFoundError: it cannot be opened.
        RefusedError: T-6 a line is not in its form; T-7 it is of another plan or model, or a
            question is answered twice.
    """
    done: set[int] = set()
    try:
        file = path.open("rb")
    except OSError as error:
        raise SourceNotFoundError(
            f"a transcript cannot be opened: {error.strerror}",
            where=str(path),
            todo="ask the model first: `stillwatch lineage query`",
        ) from error
    with file:
        number = 0
        while raw := file.readline(LONGEST_LINE + 1):
            number += 1
            where = f"{path.name}:{number}"
            if not raw.endswith(b"\n"):  # T-6
                raise RefusedError(
                    "T-6",
                    "a line of a transcript is too long or has no end",
                    where=where,
                    todo="run `stillwatch lineage query` again, which takes a cut line off",
                )
            try:
                line = msgspec.json.decode(raw, type=Line)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:  # T-6
                raise RefusedError(
                    "T-6", f"a line of a transcript is not in its form: {error}", where=where
                ) from error
            if line.plan != plan or line.subject != subject:  # T-7
                raise RefusedError("T-7", "a transcript is of another plan or model", where=where)
            if line.outcome != "failed":
                if line.question in done:  # T-7
                    raise RefusedError("T-7", "a question is answered twice", where=where)
                done.add(line.question)
            yield line


def kept(raw: bytes) -> dict[str, str]:
    r"""Return bytes as `Line.raw`, or as `Line.raw_base64` where they are no text.

    >>> kept(b"{}"), kept(b"\xff")
    ({'raw': '{}'}, {'raw_base64': '/w=='})
    """
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        text = None
    # a text of control characters would be six times as long once they are spelled
    if text is not None and len(msgspec.json.encode(text)) <= max(len(raw) * 4 // 3, 256):
        return {"raw": text}
    return {"raw_base64": base64.b64encode(raw).decode()}


def spelled(now: float) -> str:
    """Return a time in seconds since 1970 as RFC 3339.

    >>> spelled(0.25)
    '1970-01-01T00:00:00.250000Z'
    """
    return datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
