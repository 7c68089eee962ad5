"""Sessions: a random token in a cookie, its digest in a table, ended by idleness and by age."""

from __future__ import annotations

import hashlib
import os
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from stillwatch.report.console.web.people import Entry, entry, note
from stillwatch.store import console_people as tables

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from stillwatch.report.console.cases import Person

__all__ = [
    "Lifetimes",
    "Session",
    "begin",
    "end",
    "find",
    "limited",
    "refused",
    "stale",
    "touch",
    "unknown",
]

_MINUTE = 60_000_000
_TOUCHED = _MINUTE
"""How often `seen` is written, microseconds."""
_WINDOW = 15 * _MINUTE
_MOST = {"pair": 5, "address": 30, "name": 60}
"""Refusals in a quarter of an hour, of a name from an address, of an address, of a name."""
_UNKNOWN = "~"
"""Begins what stands for a name that is nobody's."""
_KEY = os.urandom(32)


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long a session lasts, microseconds."""

    idle: int = 30 * _MINUTE
    """Without a request of a person's; live updates do not count."""
    whole: int = 12 * 60 * _MINUTE
    """From the sign-in."""


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who is signed in."""

    token: str
    """As in the cookie."""
    entry: Entry
    """Who."""
    form: str
    """What each form must carry."""
    seen: int
    """Microseconds since 1970."""

    @property
    def person(self) -> Person:
        """Who, as the cases know them."""
        return self.entry.person


def begin(connection: Connection, somebody: Entry, now: int, address: str, *, by: str) -> Session:
    """Begin a session; the token is new, whatever cookie came with the request.

    Args:
        connection: in a transaction.
        somebody: who signed in.
        now: microseconds since 1970.
        address: of the browser.
        by: how: password or provider.
    """
    session = Session(secrets.token_urlsafe(32), somebody, secrets.token_urlsafe(32), now)
    row = {
        "token_hash": _hash(session.token),
        "person_id": somebody.person_id,
        "form": session.form,
        "began": now,
        "seen": now,
    }
    connection.execute(sa.insert(tables.sessions).values(**row))
    note(connection, "signed in", now, name=somebody.person.name, address=address, by=by)
    return session


def find(connection: Connection, token: str, now: int, lives: Lifetimes) -> Session | None:
    """Return the session of a token, None where it ended or its person may not sign in."""
    sessions, people = tables.sessions, tables.people
    joined = sa.select(sessions.c.form, sessions.c.began, sessions.c.seen, people).join(
        people, people.c.person_id == sessions.c.person_id
    )
    row = connection.execute(joined.where(sessions.c.token_hash == _hash(token))).first()
    if row is None or row.disabled:
        return None
    if now - row.seen > lives.idle or now - row.began > lives.whole:
        return None
    return Session(token, entry(row), row.form, row.seen)


def touch(connection: Connection, session: Session, now: int, lives: Lifetimes) -> None:
    """Note that a session is used, and forget those that ended."""
    table = tables.sessions
    own = table.c.token_hash == _hash(session.token)
    connection.execute(sa.update(table).where(own).values(seen=now))
    old = (table.c.seen < now - lives.idle) | (table.c.began < now - lives.whole)
    connection.execute(sa.delete(table).where(old))


def stale(session: Session, now: int) -> bool:
    """Say whether `touch` is due."""
    return now - session.seen > _TOUCHED


def end(connection: Connection, session: Session, now: int, address: str) -> None:
    """End a session."""
    own = tables.sessions.c.token_hash == _hash(session.token)
    connection.execute(sa.delete(tables.sessions).where(own))
    note(connection, "signed out", now, name=session.person.name, address=address)


def limited(connection: Connection, name: str, address: str, now: int) -> bool:
    """Say whether too many attempts were refused to look at another.

    Of one name from one address few are taken, of a name from everywhere many: who guesses cannot
    lock somebody out who sits elsewhere, and cannot guess from everywhere either.
    """
    table = tables.sign_ins
    recent = (table.c.at > now - _WINDOW) & (table.c.event == "refused")
    here, named = table.c.address == address, table.c.name == name
    for which, kind in ((here & named, "pair"), (here, "address"), (named, "name")):
        count = sa.select(sa.func.count()).select_from(table).where(recent & which)
        if connection.execute(count).scalar_one() >= _MOST[kind]:
            return True
    return False


def refused(connection: Connection, name: str, address: str, now: int, *, by: str) -> None:
    """Note an attempt that failed.

    Args:
        connection: in a transaction.
        name: whose it was, or what `unknown` returns.
        address: of the browser.
        now: microseconds since 1970.
        by: how: password or provider.
    """
    note(connection, "refused", now, name=name, address=address, by=by)


def unknown(name: str) -> str:
    """Return what stands for a name that is nobody's: people type passwords there.

    It counts towards the limits like a name, so that they tell nobody which names there are.
    """
    raw = name.encode("utf-8", "surrogatepass")
    return _UNKNOWN + hashlib.blake2b(raw, key=_KEY, digest_size=8).hexdigest()


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
