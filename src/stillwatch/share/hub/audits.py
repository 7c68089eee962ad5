"""The audit log: each access, chained by hashes, for counsel."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import sqlalchemy as sa

from stillwatch.errors import RefusedError
from stillwatch.share.hub.calls import Answer, Call
from stillwatch.store import tables

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sqlalchemy import Connection

    from stillwatch.share.hub.hub import Hub

__all__ = ["AUDIT_START", "audit", "audit_lines", "verify_audit"]

AUDIT_START = bytes(32)
"""What the first line's hash continues."""
_LINES = "application/x-ndjson"


async def audit(hub: Hub, call: Call) -> Answer:
    """Return lines of the audit log."""
    after = call.number("after", 0, 1 << 62)
    limit = call.number("limit", 1000, 10_000, least=1)
    found = await hub.database.read(_read, after, limit)
    return Answer(200, b"".join(found), _LINES, noted=(("given", len(found)),))


def audit_lines(connection: Connection) -> Iterator[bytes]:
    """Yield all lines, oldest first."""
    after = 0
    while found := _read(connection, after, 5000):
        yield from found
        after += len(found)


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
        last = hashlib.sha256(last + content).digest()
        if last != hashed:  # H-13
            raise RefusedError("H-13", "the audit log's chain is broken", where=f"line {count + 1}")
        count += 1
    return count


def _read(connection: Connection, after: int, limit: int) -> list[bytes]:
    c = tables.audit.c
    query = sa.select(c.line, c.hash).where(c.number > after).order_by(c.number).limit(limit)
    return [
        b'%b,"hash":"%b"}\n' % (bytes(row.line)[:-1], bytes(row.hash).hex().encode())
        for row in connection.execute(query)
    ]


def _split(line: bytes) -> tuple[bytes, bytes]:
    content, mark, tail = line.rstrip(b"\n").rpartition(b',"hash":"')
    try:
        return content + b"}", bytes.fromhex(tail.removesuffix(b'"}').decode()) if mark else b""
    except (ValueError, UnicodeDecodeError):
        return content, b""
