"""The desk: appeals filed, listed and decided, each step one transaction.

An outcome in the account holder's favour puts into the outbox, in the same transaction, what has
to be said of it: a recall to the replicas, and a word to the exchange for each peer's indicator.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import msgspec
import sqlalchemy as sa

from stillwatch.errors import RefusedError
from stillwatch.stop.appeals.tokens import Contested
from stillwatch.stop.service.bodies import Recall, recall_body, recall_key
from stillwatch.stop.service.updates import Update, packed
from stillwatch.store import appeal_tables as tables
from stillwatch.store import migrations

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

__all__ = [
    "LONGEST_WORDS",
    "Appeal",
    "Outcome",
    "Waiting",
    "decide",
    "delivered",
    "file",
    "find",
    "listed",
    "prepare",
    "undelivered",
]

LONGEST_WORDS = 4000
"""Characters of an account holder's words, and of an analyst's."""
_LIFE = 365 * 86_400_000_000
"""Microseconds that a recall lasts: as long as a scan could say the same thing again."""
_MOST_OPEN = 20
"""Appeals of one account that wait, at most."""

State = Literal["waiting", "upheld", "granted"]
Scope = Literal["account", "campaign"]


@dataclass(frozen=True, slots=True)
class Appeal:
    """An appeal."""

    appeal_id: str
    """``a-`` and 16 hex digits."""
    contested: Contested
    words: str
    """The account holder's."""
    filed: int
    """Microseconds since 1970."""
    state: State
    scope: Scope
    """Whether the account, or its campaign as a whole, was wrong."""
    decided_by: str
    """Name of the analyst; empty while it waits."""
    decided: int
    """Microseconds since 1970; 0 while it waits."""
    note: str
    """The analyst's, never shown to the account holder."""
    told: str
    """The analyst's, shown to the account holder."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an analyst decided."""

    grant: bool
    by: str
    """Name of the analyst."""
    note: str
    told: str
    scope: Scope = "account"


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something to be said of an outcome."""

    number: int
    appeal_id: str
    body: bytes
    """A packed update, or JSON for the exchange."""


def prepare(connection: Connection) -> None:
    """Make or migrate the tables."""
    migrations.upgrade(connection, "appeals")


def file(connection: Connection, token: str, contested: Contested, words: str, now: int) -> Appeal:
    """File an appeal, once a token: filing again returns the one that is there.

    Args:
        connection: in a transaction.
        token: as it came.
        contested: what it holds.
        words: the account holder's.
        now: microseconds since 1970.

    Raises:
        RefusedError: A-3 the words are too long or none, A-4 too many of this account wait.
    """
    words = words.strip()
    if not words or len(words) > LONGEST_WORDS or "\0" in words:
        raise RefusedError("A-3", f"an appeal has 1 to {LONGEST_WORDS:,} characters of words")
    known = find(connection, token=token)
    if known is not None:
        return known
    table = tables.appeals
    waiting = (table.c.account == contested.account) & (table.c.state == "waiting")
    count = connection.execute(sa.select(sa.func.count()).where(waiting)).scalar_one()
    if count >= _MOST_OPEN:
        raise RefusedError("A-4", f"{_MOST_OPEN} appeals of this account wait already")
    row = {
        "appeal_id": f"a-{secrets.token_hex(8)}",
        "token_hash": _hash(token),
        "contested": msgspec.msgpack.encode(contested),
        "account": contested.account,
        "words": words,
        "filed": now,
        "state": "waiting",
        "scope": "account",
        "decided_by": "",
        "decided": None,
        "note": "",
        "told": "",
    }
    connection.execute(sa.insert(table).values(**row))
    found = find(connection, token=token)
    assert found is not None  # noqa: S101 - written above
    return found


def find(connection: Connection, *, token: str = "", appeal_id: str = "") -> Appeal | None:
    """Return an appeal by its token or its id."""
    table = tables.appeals
    by = table.c.token_hash == _hash(token) if token else table.c.appeal_id == appeal_id
    row = connection.execute(sa.select(table).where(by)).first()
    return None if row is None else _appeal(row)


def listed(connection: Connection, state: State = "waiting", limit: int = 200) -> list[Appeal]:
    """Return appeals, oldest first."""
    table = tables.appeals
    rows = sa.select(table).where(table.c.state == state).order_by(table.c.filed).limit(limit)
    return [_appeal(row) for row in connection.execute(rows)]


def decide(connection: Connection, appeal_id: str, outcome: Outcome, now: int) -> Appeal:
    """Decide an appeal; where it is granted, what follows goes into the outbox.

    Args:
        connection: in a transaction.
        appeal_id: of the appeal.
        outcome: what was decided, and by whom.
        now: microseconds since 1970.

    Raises:
        RefusedError: A-5 there is no such appeal, A-6 it was decided before, A-7 nobody is named
            or nothing is told.
    """
    if not outcome.by.strip() or not outcome.told.strip() or len(outcome.told) > LONGEST_WORDS:
        raise RefusedError("A-7", "a decision needs a name, and words for the account holder")
    appeal = find(connection, appeal_id=appeal_id)
    if appeal is None:
        raise RefusedError("A-5", "there is no such appeal", where=ascii(appeal_id)[:80])
    table = tables.appeals
    change = (
        sa.update(table)
        .where((table.c.appeal_id == appeal_id) & (table.c.state == "waiting"))
        .values(
            state="granted" if outcome.grant else "upheld",
            scope=outcome.scope,
            decided_by=outcome.by,
            decided=now,
            note=outcome.note[:LONGEST_WORDS],
            told=outcome.told,
        )
    )
    if connection.execute(change).rowcount != 1:
        raise RefusedError("A-6", f"{appeal.decided_by} decided it", where=appeal_id)
    if outcome.grant:
        _say(connection, appeal, outcome, now)
    found = find(connection, appeal_id=appeal_id)
    assert found is not None  # noqa: S101 - changed above
    return found


def _say(connection: Connection, appeal: Appeal, outcome: Outcome, now: int) -> None:
    contested = appeal.contested
    whole = outcome.scope == "campaign" and bool(contested.campaign)
    account = "" if whole else contested.account
    recall = Recall(
        account=account,
        campaign=contested.campaign,
        measures=(contested.measure_id,) if contested.measure_id else (),
        indicators=tuple(contested.indicators) if whole else (),
        at=max(now, contested.decided),
        until=now + _LIFE,
    )
    update = Update("recall", recall_key(account, contested.campaign), now, recall_body(recall))
    said: list[tuple[str, bytes]] = [("update", packed(update))]
    said += [
        ("exchange", msgspec.json.encode({"contest": name, "grounds": "appeal"}))
        for name in contested.indicators
    ]
    if whole:
        words = {"recall_campaign": contested.campaign, "reason": "appeal"}
        said.append(("exchange", msgspec.json.encode(words)))
    rows = [
        {"appeal_id": appeal.appeal_id, "kind": kind, "body": body, "made": now}
        for kind, body in said
    ]
    connection.execute(sa.insert(tables.outbox), rows)


def undelivered(connection: Connection, kind: str, limit: int = 100) -> list[Waiting]:
    """Return what waits to be said, oldest first."""
    table = tables.outbox
    waits = (table.c.kind == kind) & table.c.delivered.is_(None)
    rows = connection.execute(sa.select(table).where(waits).order_by(table.c.number).limit(limit))
    return [Waiting(row.number, row.appeal_id, row.body) for row in rows]


def delivered(connection: Connection, numbers: Sequence[int], now: int) -> None:
    """Note that something was said."""
    table = tables.outbox
    connection.execute(sa.update(table).where(table.c.number.in_(numbers)).values(delivered=now))


def _appeal(row: Any) -> Appeal:  # noqa: ANN401 - a row of SQLAlchemy's
    return Appeal(
        row.appeal_id,
        msgspec.msgpack.decode(row.contested, type=Contested),
        row.words,
        row.filed,
        row.state,
        row.scope,
        row.decided_by,
        row.decided or 0,
        row.note,
        row.told,
    )


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
