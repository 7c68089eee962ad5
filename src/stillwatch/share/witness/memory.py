"""A witness's memory: SQLite, on the disk before an answer leaves.

SQLite of the standard library; what one statement needs is asked and kept in one transaction that
holds the write lock from its start, so that of two conflicting checkpoints one is cosigned,
whatever processes ask, and wherever one of them is killed.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stillwatch.disk import flush
from stillwatch.errors import ConfigurationError, OutputError, RefusedError, SourceNotFoundError
from stillwatch.ledger import VerifyKey
from stillwatch.share.witness.core import Cosigned, admit, judge
from stillwatch.share.witness.submission import parse_submission

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from stillwatch.ledger import SigningKey
    from stillwatch.ledger.notes import SignatureLine
    from stillwatch.share.witness.submission import Submission

__all__ = ["LogState", "Memory"]

_VERSION = 1
_BUSY_SECONDS = 30
_MOST_REFUSED = 100
_TABLES = """
create table witness (verify_key text not null) strict;
create table log_key (
    origin text not null, verify_key text not null, primary key (origin, verify_key)) strict;
create table cosigned (
    origin text primary key, size integer not null, root blob not null, time integer not null,
    note blob not null) strict;
create table refused (
    sequence integer primary key autoincrement, origin text not null, time integer not null,
    rule text not null, submission blob not null) strict;
"""


@dataclass(frozen=True)
class LogState:
    """A log as its witness knows it."""

    origin: str
    """The log's name."""

    keys: tuple[str, ...]
    """Its keys, as C2SP verifier keys."""

    size: int | None
    """Leaves of the checkpoint that was cosigned last; None where none was."""

    time: int | None
    """When that was, seconds since 1970."""

    refused: int
    """Submissions that it signed and that did not continue its log; the first 100 are kept."""


class Memory:
    """What a witness may not forget.

    Args:
        path: the database, which `Memory.make` has made.

    Raises:
        SourceNotFoundError: there is none. A witness that lost its memory is a new witness, with a
            new key: with the old one it could cosign another history.
        ConfigurationError: it is none of a witness.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        if not path.is_file():
            raise SourceNotFoundError(
                "the witness's memory is not there",
                where=str(path),
                todo="put back the file itself, never an older copy; if it is lost, make a new key",
            )
        with self._connected() as database:
            (version,) = database.execute("pragma user_version").fetchone()
            if version != _VERSION:
                raise ConfigurationError("the witness's memory is damaged", where=str(path))
            (text,) = database.execute("select verify_key from witness").fetchone()
        self.witness = VerifyKey.decode(text)
        """The witness whose memory this is."""

    @classmethod
    def make(cls, path: Path, witness: VerifyKey) -> Memory:
        """Make an empty memory for a new witness.

        Raises:
            OutputError: the file exists or cannot be written.
        """
        try:
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
            with closing(sqlite3.connect(path, isolation_level=None)) as database:
                database.execute("pragma journal_mode = wal")
                database.execute("begin immediate")
                for statement in _TABLES.split(";\n"):
                    database.execute(statement)
                database.execute("insert into witness values (?)", (witness.encode(),))
                database.execute(f"pragma user_version = {_VERSION}")
                database.execute("commit")
            flush(path)
            flush(path.parent)
        except (OSError, sqlite3.Error) as error:
            raise OutputError(
                f"the witness's memory cannot be made: {error}",
                where=str(path),
                todo="name a new folder that you can write to",
            ) from error
        return cls(path)

    def add_log(self, origin: str, key: VerifyKey) -> None:
        """Witness a log from now on, or one more key of it."""
        with self._connected() as database, _transaction(database):
            database.execute("insert or ignore into log_key values (?, ?)", (origin, key.encode()))

    def keys(self, origin: str) -> tuple[VerifyKey, ...]:
        """Return the keys of a log; none where it is not witnessed."""
        with self._connected() as database:
            return _keys(database, origin)

    def cosign(self, raw: bytes, key: SigningKey, now: int) -> SignatureLine:
        """Decide on a submission and keep what was decided, before returning it.

        Args:
            raw: the submission.
            key: the witness's.
            now: seconds since 1970.

        Raises:
            RefusedError: the rule W-… that the submission breaks; see `core`.
        """
        submission = parse_submission(raw)
        with self._connected() as database:
            # what is wrong in any case does not wait for the lock
            admit(submission, _keys(database, submission.checkpoint.origin))
            with _transaction(database):
                said = _decided(database, submission, raw, key, now)
        if isinstance(said, RefusedError):
            raise said
        return said

    def newest(self, origin: str) -> bytes | None:
        """Return the newest checkpoint that was cosigned for a log, with the cosignature."""
        with self._connected() as database:
            row = database.execute(
                "select note from cosigned where origin = ?", (origin,)
            ).fetchone()
        return row[0] if row else None

    def logs(self) -> tuple[LogState, ...]:
        """Return all logs by name."""
        with self._connected() as database:
            rows = database.execute(
                "select k.origin, group_concat(k.verify_key, ' '), c.size, c.time,"
                " (select count(*) from refused r where r.origin = k.origin)"
                " from log_key k left join cosigned c on c.origin = k.origin"
                " group by k.origin order by k.origin"
            ).fetchall()
        return tuple(
            LogState(origin, tuple(keys.split(" ")), size, time, refused)
            for origin, keys, size, time, refused in rows
        )

    def refused(self, origin: str) -> tuple[bytes, ...]:
        """Return submissions that a log signed and that did not continue it, the oldest first."""
        with self._connected() as database:
            rows = database.execute(
                "select submission from refused where origin = ? order by sequence", (origin,)
            ).fetchall()
        return tuple(raw for (raw,) in rows)

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(
                sqlite3.connect(self._path, timeout=_BUSY_SECONDS, isolation_level=None)
            ) as database:
                database.execute("pragma synchronous = full")
                yield database
        except sqlite3.Error as error:
            raise OutputError(
                f"the witness's memory fails: {error}",
                where=str(self._path),
                todo="check the disk; nothing was cosigned that is not kept",
            ) from error


@contextmanager
def _transaction(database: sqlite3.Connection) -> Iterator[None]:
    """Hold the write lock from the start of what is read to the end of what is kept."""
    database.execute("begin immediate")
    try:
        yield
    except BaseException:
        database.execute("rollback")
        raise
    database.execute("commit")


def _keys(database: sqlite3.Connection, origin: str) -> tuple[VerifyKey, ...]:
    rows = database.execute("select verify_key from log_key where origin = ?", (origin,))
    return tuple(VerifyKey.decode(text) for (text,) in rows)


def _decided(
    database: sqlite3.Connection, submission: Submission, raw: bytes, key: SigningKey, now: int
) -> SignatureLine | RefusedError:
    """Return what to answer once the transaction is kept; a contradiction is kept as well."""
    origin = submission.checkpoint.origin
    row = database.execute(
        "select size, root, time from cosigned where origin = ?", (origin,)
    ).fetchone()
    try:
        seen, line = judge(submission, Cosigned(*row) if row else None, key, now)
    except RefusedError as error:
        if error.rule == "W-6":
            _keep_refused(database, origin, now, error.rule, raw)
        return error
    note = submission.note.added([line]).encode()
    database.execute(
        "insert or replace into cosigned values (?, ?, ?, ?, ?)",
        (origin, seen.size, seen.root, seen.time, note),
    )
    return line


def _keep_refused(
    database: sqlite3.Connection, origin: str, now: int, rule: str, raw: bytes
) -> None:
    """Keep what a log signed against itself; the first ones are proof enough."""
    (count,) = database.execute(
        "select count(*) from refused where origin = ?", (origin,)
    ).fetchone()
    if count < _MOST_REFUSED:
        database.execute(
            "insert into refused (origin, time, rule, submission) values (?, ?, ?, ?)",
            (origin, now, rule, raw),
        )
