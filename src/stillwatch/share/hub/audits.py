"""The audit log: each access, chained by hashes, for counsel."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from stillwatch.errors import RefusedError
from stillwatch.share.hub.calls import Answer, Call
from stillwatch.share.hub.times import DAY, SECOND, written
from stillwatch.store import tables

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sqlalchemy import Connection

    from stillwatch.share.hub.hub import Hub
    from stillwatch.share.hub.journal import Journal

__all__ = ["AUDIT_START", "Folded", "audit", "audit_lines", "erase_old", "verify_audit"]

AUDIT_START = bytes(32)
"""What the first line's hash continues."""
_LINES = "application/x-ndjson"
_ERASED = b'{"erased_to":'
_SETTING = "audit_erased"
"""Name under which the tables keep number and hash of the last line that was erased."""
_AT_ONCE = 5000
_MINUTE = 60 * SECOND


class Folded:
    """Readings of the log itself, which show no object: one line of each member a minute."""

    def __init__(self) -> None:
        self._held: dict[str, tuple[int, int]] = {}

    def may_note(self, line: dict[str, Any], now: int) -> bool:
        """Say whether to note a reading; a later line says how many were not."""
        since, count = self._held.get(line["member"], (0, 0))
        if now - since < _MINUTE:
            self._held[line["member"]] = since, count + 1
            return False
        self._held[line["member"]] = now, 0
        if count:
            line["log_reads_not_noted"] = count
        return True


async def audit(hub: Hub, call: Call) -> Answer:
    """Return lines of the audit log."""
    after = call.number("after", 0, 1 << 62)
    limit = call.number("limit", 1000, 10_000, least=1)
    found, _ = await hub.database.read(_read, after, limit)
    return Answer(200, b"".join(found), _LINES, noted=(("given", len(found)),))


def audit_lines(connection: Connection) -> Iterator[bytes]:
    """Yield all lines, oldest first; one that says what was erased where some were."""
    after = 0
    while True:
        found, after = _read(connection, after, 5000)
        if not found:
            return
        yield from found


def verify_audit(lines: Iterable[bytes]) -> int:
    """Return how many lines there are, and refuse a chain that is broken.

    Args:
        lines: from the first one on, as exported.

    Raises:
        RefusedError: H-13 a line was changed, taken out or put in.
    """
    last, count = AUDIT_START, 0
    for line in lines:
        content, hashed = _split(line)
        if not count and content.startswith(_ERASED) and len(hashed) == len(AUDIT_START):
            last = hashed
            continue
        last = hashlib.sha256(last + content).digest()
        if last != hashed:  # H-13
            raise RefusedError("H-13", "the audit log's chain is broken", where=f"line {count + 1}")
        count += 1
    return count


def erase_old(journal: Journal, days: int) -> int:
    """Erase lines of so many days ago; return how many. The chain goes on from the last one's hash.

    Args:
        journal: the transaction.
        days: that lines are kept; 0 for ever.
    """
    if not days:
        return 0
    c = tables.audit.c
    over = written(journal.now - days * DAY)
    oldest = sa.select(c.number, c.line, c.hash).order_by(c.number).limit(_AT_ONCE)
    gone = 0, AUDIT_START
    for row in journal.connection.execute(oldest):
        if json.loads(bytes(row.line)).get("time", over) >= over:
            break
        gone = row.number, bytes(row.hash)
    if not gone[0]:
        return 0
    done = journal.connection.execute(sa.delete(tables.audit).where(c.number <= gone[0]))
    s = tables.settings.c
    journal.connection.execute(sa.delete(tables.settings).where(s.name == _SETTING))
    kept = {"name": _SETTING, "value": f"{gone[0]} {gone[1].hex()}"}
    journal.connection.execute(sa.insert(tables.settings).values(**kept))
    return int(done.rowcount)


def _read(connection: Connection, after: int, limit: int) -> tuple[list[bytes], int]:
    """Return lines after a number, and the last one's number."""
    c = tables.audit.c
    query = sa.select(c.number, c.line, c.hash)
    rows = connection.execute(query.where(c.number > after).order_by(c.number).limit(limit)).all()
    found = [
        b'%b,"hash":"%b"}\n' % (bytes(row.line)[:-1], bytes(row.hash).hex().encode())
        for row in rows
    ]
    s = tables.settings.c
    kept = connection.execute(sa.select(s.value).where(s.name == _SETTING)).scalar()
    number, _, hashed = (kept or "0 ").partition(" ")
    if after < int(number):
        found.insert(0, b'%b%b,"hash":"%b"}\n' % (_ERASED, number.encode(), hashed.encode()))
    return found, rows[-1].number if rows else max(after, int(number))


def _split(line: bytes) -> tuple[bytes, bytes]:
    content, mark, tail = line.rstrip(b"\n").rpartition(b',"hash":"')
    try:
        return content + b"}", bytes.fromhex(tail.removesuffix(b'"}').decode()) if mark else b""
    except (ValueError, UnicodeDecodeError):
        return content, b""
