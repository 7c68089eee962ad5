"""What an operator remembers: requests seen, quotas spent, and an audit log that only grows.

One SQLite file. A request is charged, and written into the audit log, in one transaction that is on
the disk before anything is answered. The audit log is a chain of hashes, holds a digest of each
batch and none of its elements, and its rows can be neither changed nor deleted through SQL.
"""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing, contextmanager
from dataclasses import astuple, dataclass, fields
from typing import TYPE_CHECKING

from stillwatch.errors import ConfigurationError, RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from stillwatch.share.oprf.quotas import Quota

__all__ = ["Entry", "Request", "Spent", "audit", "charge", "connected", "spent"]

REPEATS = 8
"""Times that a batch is answered again without being charged again, within a day."""
_DAY = 86_400

_SCHEMA = """
create table if not exists nonce (
  keyid text not null, nonce text not null, created integer not null, primary key (keyid, nonce)
) without rowid;
create index if not exists nonce_created on nonce (created);
create table if not exists spent (
  member text not null, kind text not null, epoch integer not null,
  batches integer not null, elements integer not null, primary key (member, kind, epoch)
) without rowid;
create table if not exists day (
  day integer not null, kind text not null, member text not null,
  elements integer not null, primary key (day, kind, member)
) without rowid;
create table if not exists batch (
  digest blob primary key, at integer not null, repeats integer not null
) without rowid;
create index if not exists batch_at on batch (at);
create table if not exists audit (
  number integer primary key, at integer not null, member text not null, keyid text not null,
  epoch integer not null, generation integer not null, kind text not null, purpose text not null,
  elements integer not null, batch text not null, outcome text not null, chain text not null
);
create trigger if not exists audit_stays before update on audit
begin select raise(abort, 'the audit log only grows'); end;
create trigger if not exists audit_keeps before delete on audit
begin select raise(abort, 'the audit log only grows'); end;
"""


@dataclass(frozen=True, slots=True)
class Request:
    """A member's request, as far as it is remembered."""

    at: int
    """When it was asked, seconds since 1970 by the operator's clock."""
    member: str
    """Who asked."""
    keyid: str
    """Key that signed it."""
    epoch: int
    """Epoch asked for."""
    generation: int
    """Generation asked for."""
    kind: str
    """Type of identifier."""
    purpose: str
    """What for, as the member says."""
    elements: int
    """Elements in the batch."""
    batch: str
    """SHA-256 over member, epoch, type and elements, hexadecimal; the same at both operators."""


@dataclass(frozen=True, slots=True)
class Entry(Request):
    """A row of the audit log."""

    outcome: str
    """charged, repeated, or the rule by which it was refused."""
    chain: str
    """SHA-256 over the row before's and this row, hexadecimal."""


@dataclass(frozen=True, slots=True)
class Spent:
    """What was evaluated of one type in one epoch."""

    epoch: int
    """Epoch."""
    kind: str
    """Type of identifier."""
    batches: int
    """Different batches."""
    elements: int
    """Elements in them."""


@contextmanager
def connected(path: Path) -> Iterator[sqlite3.Connection]:
    """Open the database, made when absent; each thread has a connection of its own.

    Raises:
        ConfigurationError: it is none, or cannot be opened.
    """
    try:
        with closing(sqlite3.connect(path, timeout=30, isolation_level=None)) as database:
            database.execute("pragma journal_mode = wal")
            database.execute("pragma synchronous = full")
            database.executescript(_SCHEMA)
            yield database
    except sqlite3.Error as error:
        raise ConfigurationError(
            f"the operator's database cannot be used: {error}",
            where=str(path),
            todo="see that it is a database, on a disk with room, and not a copy in use elsewhere",
        ) from error


def charge(
    database: sqlite3.Connection,
    request: Request,
    nonce: tuple[str, int],
    quota: Quota,
    refused: RefusedError | None = None,
) -> None:
    """Remember a request and charge it, or refuse it; either way it is in the audit log.

    Args:
        database: the operator's.
        request: what was asked.
        nonce: the signature's nonce and when it was made.
        quota: of the type.
        refused: what was found wrong with it already; it is written down, and raised.

    Raises:
        RefusedError: P-3 the request was seen before; P-7 a quota is spent; or `refused`.
    """
    database.execute("begin immediate")
    try:
        fault, outcome = refused, "charged"
        if not _fresh(database, request, nonce):  # P-3
            fault = RefusedError("P-3", "this very request was made before", todo="sign it anew")
        if fault is None:
            repeats = _repeats(database, request)
            if repeats is None:
                fault = _spend(database, request, quota)
            elif repeats >= REPEATS:  # P-7
                fault = RefusedError("P-7", f"a batch was asked for {REPEATS} times again")
            else:
                outcome = "repeated"
        _write(database, request, outcome if fault is None else fault.rule)
        database.execute("commit")
    except BaseException:
        database.execute("rollback")
        raise
    if fault is not None:
        raise fault


def spent(database: sqlite3.Connection, member: str | None = None) -> list[Spent]:
    """Return what was evaluated by epoch and type, of one member or of all (P-7)."""
    rows = database.execute(
        "select epoch, kind, sum(batches), sum(elements) from spent "
        "where ?1 is null or member = ?1 group by epoch, kind order by epoch, kind",
        (member,),
    )
    return [Spent(*row) for row in rows]


def audit(database: sqlite3.Connection, since: int = 0) -> Iterator[Entry]:
    """Yield the audit log, oldest first, after verifying that its chain holds.

    Args:
        database: the operator's.
        since: seconds since 1970; rows before are verified and left out.

    Raises:
        ConfigurationError: a row was changed, or is missing.
    """
    names = ", ".join(field.name for field in fields(Entry))
    before = ""
    rows = database.execute(f"select number, {names} from audit order by number")  # noqa: S608
    for place, (number, *row) in enumerate(rows, 1):
        entry = Entry(*row)
        if number != place or entry.chain != _chained(before, astuple(entry)[:-1]):
            raise ConfigurationError(
                f"the audit log was changed: row {place} does not follow from the one before",
                todo="take the operator out of service and tell its peer",
            )
        before = entry.chain
        if entry.at >= since:
            yield entry


def _fresh(database: sqlite3.Connection, request: Request, nonce: tuple[str, int]) -> bool:
    """Remember a nonce, and say whether it is new; old ones, which are refused anyhow, go."""
    database.execute("delete from nonce where created < ?", (request.at - 3600,))
    done = database.execute(
        "insert or ignore into nonce values (?, ?, ?)", (request.keyid, nonce[0], nonce[1])
    )
    return done.rowcount == 1


def _repeats(database: sqlite3.Connection, request: Request) -> int | None:
    """Return how often a batch was asked for again, None for a new one."""
    database.execute("delete from batch where at < ?", (request.at - _DAY,))
    digest = bytes.fromhex(request.batch)
    row = database.execute("select repeats from batch where digest = ?", (digest,)).fetchone()
    if row is None:
        return None
    database.execute("update batch set repeats = repeats + 1 where digest = ?", (digest,))
    return int(row[0])


def _spend(database: sqlite3.Connection, request: Request, quota: Quota) -> RefusedError | None:
    """Charge a new batch; where a quota does not allow it, say so and charge nothing (P-7)."""
    day = request.at // _DAY
    held = _sums(database, "day", request.kind, "day", day, request.member)
    total = _sums(database, "spent", request.kind, "epoch", request.epoch, request.member)
    limits = (
        ("your quota of the day", held[0], quota.member_day),
        ("your quota of the epoch", total[0], quota.member_epoch),
        ("the quota of the day of all members", held[1], quota.all_day),
        ("the quota of the epoch of all members", total[1], quota.all_epoch),
    )
    for name, used, most in limits:
        if used + request.elements > most:  # P-7
            return RefusedError(
                "P-7",
                f"{name} has {most - used:,} of {most:,} {request.kind} left",
                where=f"{request.elements} elements in epoch {request.epoch}",
                todo="wait for the next day or epoch; ask for suspicious accounts first",
            )
    database.execute(
        "insert into spent values (?, ?, ?, 1, ?) on conflict do update set "
        "batches = batches + 1, elements = elements + excluded.elements",
        (request.member, request.kind, request.epoch, request.elements),
    )
    database.execute(
        "insert into day values (?, ?, ?, ?) on conflict do update set "
        "elements = elements + excluded.elements",
        (day, request.kind, request.member, request.elements),
    )
    database.execute(
        "insert into batch values (?, ?, 0)", (bytes.fromhex(request.batch), request.at)
    )
    return None


def _sums(
    database: sqlite3.Connection, table: str, kind: str, column: str, value: int, member: str
) -> tuple[int, int]:
    """Return one member's and all members' elements of a type in a day or an epoch."""
    sums = "coalesce(sum(elements) filter (where member = ?), 0), coalesce(sum(elements), 0)"
    question = f"select {sums} from {table} where kind = ? and {column} = ?"  # noqa: S608 - our own
    row = database.execute(question, (member, kind, value)).fetchone()
    return int(row[0]), int(row[1])


def _write(database: sqlite3.Connection, request: Request, outcome: str) -> None:
    last = database.execute("select chain from audit order by number desc limit 1").fetchone()
    row = (*astuple(request), outcome)
    chain = _chained(last[0] if last else "", row)
    marks = ", ".join("?" * (len(row) + 2))
    number = "(select coalesce(max(number), 0) + 1 from audit)"
    database.execute(
        f"insert into audit values ({number}{marks[1:]})",  # noqa: S608 - marks alone
        (*row, chain),
    )


def _chained(before: str, row: tuple[object, ...]) -> str:
    """Return the digest of a row on top of the one before it."""
    text = "\x1f".join([before, *(str(item) for item in row)])
    return hashlib.sha256(b"stillwatch oprf audit 1\n" + text.encode()).hexdigest()
