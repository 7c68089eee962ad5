"""What is to be sent and to whom: messages in one order, and a place in that order a receiver.

A message is kept until every receiver that the outbox knows has it.  A receiver's place moves
only after it took a message, so that a kill between the two sends the message again, with the
same id.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from stillwatch.errors import ConfigurationError
from stillwatch.report.alerts.interface import Message
from stillwatch.report.documents.ocsf_event import EPOCH, Event, millis

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from stillwatch.report.alerts.changes import Draft

__all__ = [
    "ReceiverState",
    "add",
    "delivered",
    "enlist",
    "failed",
    "following",
    "forget",
    "prune",
    "skip",
    "states",
    "turn",
]


@dataclass(frozen=True, slots=True)
class ReceiverState:
    """How a receiver stands."""

    name: str
    """The operator's name for it."""
    kind: str
    """webhook, syslog, splunk or kafka."""
    waiting: int
    """Messages that it does not have."""
    oldest: float | None
    """When the oldest of these was made, seconds since 1970."""
    attempts: int
    """Failed attempts at the first of them."""
    failing_since: float | None
    """First of these attempts, seconds since 1970."""
    next_at: float
    """Not before this time is the next attempt, seconds since 1970."""
    error: str | None
    """Why the last attempt failed."""
    delivered_at: float | None
    """Last success, seconds since 1970."""
    skipped: int
    """Messages that the operator gave up."""


def add(database: sqlite3.Connection, drafts: Iterable[Draft], now: float) -> int:
    """Put messages in line, within the caller's transaction; return how many were new."""
    rows = [
        (
            draft.uid,
            draft.kind,
            millis(draft.time),
            draft.playbook,
            json.dumps([_packed(event) for event in draft.events]),
            now,
        )
        for draft in drafts
    ]
    before = database.total_changes
    database.executemany(
        "insert or ignore into message (uid, kind, at, playbook, events, made_at)"
        " values (?, ?, ?, ?, ?, ?)",
        rows,
    )
    return database.total_changes - before


def enlist(database: sqlite3.Connection, receivers: Iterable[tuple[str, str]]) -> None:
    """Make receivers known by name and kind; a new one gets all that is still kept."""
    database.executemany(
        "insert into receiver (name, kind) values (?, ?)"
        " on conflict (name) do update set kind = excluded.kind",
        receivers,
    )


def turn(database: sqlite3.Connection, receiver: str) -> tuple[int, float]:
    """Return a receiver's failed attempts and when it may be asked again."""
    row: tuple[int, float] | None = database.execute(
        "select attempts, next_at from receiver where name = ?", (receiver,)
    ).fetchone()
    return row or (0, 0.0)


def following(database: sqlite3.Connection, receiver: str) -> Message | None:
    """Return the first message that a receiver does not have."""
    row = database.execute(
        "select sequence, uid, message.kind, at, playbook, events from message, receiver"
        " where name = ? and sequence > delivered order by sequence limit 1",
        (receiver,),
    ).fetchone()
    if row is None:
        return None
    sequence, uid, kind, at, playbook, events = row
    unpacked = tuple(_unpacked(item) for item in json.loads(events))
    return Message(sequence, uid, kind, _time(at), playbook, unpacked)


def delivered(database: sqlite3.Connection, receiver: str, sequence: int, now: float) -> None:
    """Move a receiver past a message."""
    database.execute(
        "update receiver set delivered = ?, attempts = 0, failing_since = null, next_at = 0,"
        " error = null, delivered_at = ? where name = ?",
        (sequence, now, receiver),
    )


def failed(
    database: sqlite3.Connection, receiver: str, *, now: float, next_at: float, error: str
) -> None:
    """Write down a failed attempt."""
    database.execute(
        "update receiver set attempts = attempts + 1, next_at = ?, error = ?,"
        " failing_since = coalesce(failing_since, ?) where name = ?",
        (next_at, error, now, receiver),
    )


def states(database: sqlite3.Connection) -> tuple[ReceiverState, ...]:
    """Return how every receiver that the outbox knows stands, by name."""
    rows = database.execute(
        "select name, kind,"
        " (select count(*) from message where sequence > delivered),"
        " (select min(made_at) from message where sequence > delivered),"
        " attempts, failing_since, next_at, error, delivered_at,"
        " (select count(*) from skipped where receiver = name)"
        " from receiver order by name"
    )
    return tuple(ReceiverState(*row) for row in rows)


def prune(database: sqlite3.Connection, before: float) -> int:
    """Drop messages that all receivers have and that are older than a time; return how many."""
    cursor = database.execute(
        "delete from message where made_at < ?"
        " and sequence <= coalesce((select min(delivered) from receiver), sequence)",
        (before,),
    )
    return cursor.rowcount


def skip(database: sqlite3.Connection, receiver: str, now: float) -> str:
    """Move a receiver past its first message without it, and write that down.

    Returns:
        The id of the message.

    Raises:
        ConfigurationError: there is no such receiver, or nothing waits for it.
    """
    message = following(database, receiver)
    if message is None:
        raise _nothing(receiver)
    database.execute("begin immediate")
    database.execute(
        "insert or replace into skipped (receiver, uid, at) values (?, ?, ?)",
        (receiver, message.uid, now),
    )
    database.execute(
        "update receiver set delivered = ?, attempts = 0, failing_since = null, next_at = 0,"
        " error = null where name = ?",
        (message.sequence, receiver),
    )
    database.execute("commit")
    return message.uid


def forget(database: sqlite3.Connection, receiver: str) -> None:
    """Strike a receiver off; nothing is kept for it any longer.

    Raises:
        ConfigurationError: there is no such receiver.
    """
    if database.execute("delete from receiver where name = ?", (receiver,)).rowcount == 0:
        raise _nothing(receiver)


def _nothing(receiver: str) -> ConfigurationError:
    return ConfigurationError(
        "the outbox holds nothing for this receiver",
        where=ascii(receiver),
        todo="stillwatch alert status prints the receivers",
    )


def _packed(event: Event) -> list[object]:
    return [event.uid, millis(event.time), event.severity, event.subject, event.text]


def _unpacked(item: list[object]) -> Event:
    uid, at, severity, subject, text = item
    return Event(str(uid), _time(at), int(str(severity)), str(subject), str(text))


def _time(at: object) -> datetime:
    return EPOCH + timedelta(milliseconds=int(str(at)))
