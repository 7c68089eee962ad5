"""The outbox's SQLite file: opened, checked, and locked for one run at a time.

SQLite of the standard library, because an outbox must work where nothing else is installed, and
must survive a kill between any two statements: write-ahead log, full synchronisation.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from stillwatch.errors import InputFormatError, OutputError, SourceNotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["DATABASE", "connected", "exclusive", "prepare"]

DATABASE = "outbox.sqlite"
"""Name of the file in the outbox's folder."""
_LOCK = "lock.sqlite"
_VERSION = 1
_BUSY_MS = 30_000
_TABLES = """
create table meta (name text primary key, value text not null) strict;
create table campaign (
    campaign_id text primary key, facts text not null, open integer not null) strict;
create table verdict (
    account text primary key, facts text not null, flagged integer not null) strict;
create table verdict_change (
    sequence integer primary key autoincrement, account text not null, change text not null,
    at integer not null, facts text not null) strict;
create index verdict_change_at on verdict_change (at);
create table message (
    sequence integer primary key autoincrement, uid text not null unique, kind text not null,
    at integer not null, playbook text not null, events text not null,
    made_at real not null) strict;
create table receiver (
    name text primary key, kind text not null, delivered integer not null default 0,
    attempts integer not null default 0, failing_since real, next_at real not null default 0,
    error text, delivered_at real) strict;
create table skipped (
    receiver text not null, uid text not null, at real not null,
    primary key (receiver, uid)) strict;
"""


def prepare(folder: Path) -> None:
    """Make an outbox where there is none; its files are the owner's alone.

    Raises:
        OutputError: the folder cannot be made or written, or it or a file in it is a link.
        InputFormatError: what is there is no outbox of this version.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for path in (folder, folder / DATABASE, folder / _LOCK):
            if path.is_symlink():
                raise OutputError(
                    "the outbox, or a file in it, is a symbolic link",
                    where=str(path),
                    todo="remove the link, or name a folder of its own with --outbox",
                )
        os.close(os.open(folder / DATABASE, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise OutputError(
            f"the outbox cannot be written: {error.strerror}",
            where=str(folder),
            todo="name a folder that you may write with --outbox",
        ) from error
    with _named(folder), closing(_open(folder)) as database:
        database.execute("pragma journal_mode = wal")
        database.execute("begin immediate")
        (version,) = database.execute("pragma user_version").fetchone()
        if version == 0:
            for statement in _TABLES.split(";\n"):
                database.execute(statement)
            database.execute(f"pragma user_version = {_VERSION}")
        database.execute("commit")
    _check(folder)


@contextmanager
def connected(folder: Path) -> Iterator[sqlite3.Connection]:
    """Open an outbox that is there; a connection belongs to one thread.

    Raises:
        SourceNotFoundError: there is none.
        InputFormatError: it is damaged or of another version.
        OutputError: it cannot be written.
    """
    _check(folder)
    with _named(folder), closing(_open(folder)) as database:
        database.execute("pragma synchronous = full")
        yield database


@contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """Hold the outbox's lock; it is let go when the process ends, however it ends.

    Raises:
        OutputError: another run holds it.
    """
    path = folder / _LOCK
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        lock = sqlite3.connect(path, timeout=0, isolation_level=None)
    except OSError as error:
        raise OutputError(
            f"the outbox cannot be locked: {error.strerror}",
            where=str(path),
            todo="see that the folder may be written",
        ) from error
    with closing(lock):
        try:
            lock.execute("begin exclusive")
        except sqlite3.DatabaseError as error:
            raise OutputError(
                "another run is sending from this outbox",
                where=str(folder),
                todo="wait until it ends",
            ) from error
        yield


def _open(folder: Path) -> sqlite3.Connection:
    return sqlite3.connect(folder / DATABASE, timeout=_BUSY_MS / 1000, isolation_level=None)


def _check(folder: Path) -> None:
    if not (folder / DATABASE).is_file():
        raise SourceNotFoundError(
            "there is no outbox", where=str(folder), todo="name the folder given to alert send"
        )
    with _named(folder), closing(_open(folder)) as database:
        (version,) = database.execute("pragma user_version").fetchone()
    if version != _VERSION:
        raise InputFormatError(
            f"the outbox is of version {version}, and this program's is {_VERSION}",
            where=str(folder / DATABASE),
            todo="use the version of stillwatch that wrote it, or start another outbox",
        )


@contextmanager
def _named(folder: Path) -> Iterator[None]:
    """Turn the library's errors into ours."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise OutputError(
            f"the outbox cannot be used: {error}",
            where=str(folder / DATABASE),
            todo="see that the disk has room and that the file may be written",
        ) from error
    except sqlite3.DatabaseError as error:
        raise InputFormatError(
            f"the outbox is damaged: {error}",
            where=str(folder / DATABASE),
            todo="restore it from a copy, or start another outbox; what it held is sent anew",
        ) from error
