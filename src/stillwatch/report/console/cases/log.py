"""The log of actions: who did what when and why, chained by hashes, never changed.

A line's hash is the SHA-256 of the line before's hash and the line.  Keep the newest hash elsewhere
(``stillwatch console log`` prints it): a log that was cut at its end shows by that alone.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from stillwatch.errors import ConfigurationError, RefusedError
from stillwatch.ledger import canonical
from stillwatch.store import console_tables as tables
from stillwatch.store import migrations

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from sqlalchemy import Connection

__all__ = ["START", "Entry", "lines", "locked", "prepare", "verify", "written"]

START = hashlib.sha256(b"stillwatch console actions v1\n").digest()
"""What the first line is chained to."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A line to be written."""

    time: int
    """Microseconds since 1970."""
    who: str
    role: str
    action: str
    about: str
    why: str
    campaign_id: str = ""
    """Whose page shows it; empty for none."""
    more: Mapping[str, Any] | None = None
    """JSON."""


def prepare(connection: Connection) -> None:
    """Make or migrate the tables."""
    migrations.upgrade(connection, "console_cases")
    if connection.execute(sa.select(tables.head.c.one)).first() is None:
        first = {
            "one": 1,
            "actions": 0,
            "action_hash": START,
            "imports": 0,
            "exchange_mark": "",
            "attribution_mark": "",
        }
        connection.execute(sa.insert(tables.head).values(**first))


def locked(connection: Connection) -> Any:  # noqa: ANN401 - a row of the table
    """Return the head, which no other transaction can take until this one ends.

    Raises:
        ConfigurationError: the tables hold no head.
    """
    row = connection.execute(sa.select(tables.head).with_for_update()).first()
    if row is None:
        raise ConfigurationError(
            "the console's tables were not made", todo="stillwatch console import RESULTS"
        )
    return row


def written(connection: Connection, entry: Entry) -> int:
    """Write a line, in a transaction; return its number, from 1."""
    head = locked(connection)
    number = int(head.actions) + 1
    line = canonical(
        {
            "number": number,
            "time": entry.time,
            "who": entry.who,
            "role": entry.role,
            "action": entry.action,
            "about": entry.about,
            "why": entry.why,
            "more": dict(entry.more or {}),
        }
    )
    hashed = hashlib.sha256(bytes(head.action_hash) + line).digest()
    connection.execute(
        sa.insert(tables.actions).values(
            number=number,
            time=entry.time,
            who=entry.who,
            action=entry.action,
            about=entry.about,
            campaign_id=entry.campaign_id,
            line=line,
            hash=hashed,
        )
    )
    connection.execute(sa.update(tables.head).values(actions=number, action_hash=hashed))
    return number


def lines(connection: Connection) -> Iterator[tuple[bytes, bytes]]:
    """Yield lines with their hashes, oldest first."""
    query = sa.select(tables.actions.c.line, tables.actions.c.hash)
    for row in connection.execute(query.order_by(tables.actions.c.number)):
        yield bytes(row.line), bytes(row.hash)


def verify(held: Iterable[tuple[bytes, bytes]]) -> tuple[int, str]:
    """Return how many lines there are and the newest hash, in hexadecimal digits.

    Raises:
        RefusedError: R-9 a line was changed, taken out or put in.

    >>> verify([])[0]
    0
    """
    last, count = START, 0
    for line, told in held:
        last = hashlib.sha256(last + line).digest()
        count += 1
        try:
            number = json.loads(line)["number"]
        except (ValueError, KeyError, TypeError):
            number = None
        if last != told or number != count:
            raise RefusedError("R-9", "the log's chain is broken", where=f"line {count}")
    return count, last.hex()
