"""People of the console: made, named, given roles, disabled; each change leaves a line."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from stillwatch.errors import ConfigurationError
from stillwatch.report.console.cases import Person, Role
from stillwatch.report.console.web import passwords
from stillwatch.store import console_people as tables
from stillwatch.store import migrations

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection

__all__ = [
    "LONGEST_NAME",
    "Entry",
    "Known",
    "add",
    "by_name",
    "change",
    "entry",
    "first",
    "known_by_provider",
    "listed",
    "new_password",
    "note",
    "prepare",
    "read_roles",
]

LONGEST_NAME = 200
"""Characters of a name."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Somebody who may sign in."""

    person_id: str
    """``p-`` and 16 hex digits."""
    person: Person
    """Name, as it stands in the log of actions, and roles."""
    password: str | None
    """What is kept of it; None for those who come by OpenID Connect."""
    disabled: bool
    """Cannot sign in."""


@dataclass(frozen=True, slots=True)
class Known:
    """Whom the identity provider says it is."""

    issuer: str
    subject: str
    """The provider's own lasting id."""
    name: str
    roles: frozenset[Role]
    """As the provider's groups give them."""


def prepare(connection: Connection) -> None:
    """Make the tables, or bring them to the newest layout."""
    migrations.upgrade(connection, "console_people")


def add(connection: Connection, name: str, roles: Iterable[str], now: int, by: str) -> str:
    """Add somebody with a local account, and return the password, which is shown nowhere else.

    Args:
        connection: in a transaction.
        name: unique.
        roles: names of roles.
        now: microseconds since 1970.
        by: who does this.

    Raises:
        ConfigurationError: the name is taken or unusable, or a role is none.
    """
    name = _usable(name)
    found = read_roles(roles)
    if by_name(connection, name) is not None:
        raise ConfigurationError("there is somebody of this name", where=name, todo="name another")
    password = passwords.made()
    _insert(connection, name, found, now, password=passwords.stored(password))
    note(connection, "added", now, name=name, by=by)
    return password


def first(connection: Connection, now: int) -> tuple[str, str] | None:
    """Add the first account of a console without people; return its name and password.

    It is analyst and approver, so that one person can try everything; what needs two people still
    needs a second.
    """
    if connection.execute(sa.select(tables.people.c.person_id).limit(1)).first() is not None:
        return None
    return "first", add(connection, "first", (Role.ANALYST, Role.APPROVER), now, "first start")


def listed(connection: Connection) -> list[Entry]:
    """Return everybody, by name."""
    rows = connection.execute(sa.select(tables.people).order_by(tables.people.c.name))
    return [entry(row) for row in rows]


def by_name(connection: Connection, name: str) -> Entry | None:
    """Return somebody by name."""
    row = connection.execute(sa.select(tables.people).where(tables.people.c.name == name)).first()
    return None if row is None else entry(row)


def change(
    connection: Connection,
    name: str,
    now: int,
    by: str,
    *,
    roles: Iterable[str] | None = None,
    disabled: bool | None = None,
) -> None:
    """Change somebody's roles, or whether they may sign in; their sessions end.

    Raises:
        ConfigurationError: there is nobody of that name, or a role is none.
    """
    person = _somebody(connection, name)
    values: dict[str, Any] = {}
    if roles is not None:
        values["roles"] = " ".join(sorted(read_roles(roles)))
        note(connection, f"roles: {values['roles'] or 'none'}", now, name=name, by=by)
    if disabled is not None:
        values["disabled"] = disabled
        note(connection, "disabled" if disabled else "enabled", now, name=name, by=by)
    where = tables.people.c.person_id == person.person_id
    connection.execute(sa.update(tables.people).where(where).values(**values))
    _end_sessions(connection, person)


def new_password(connection: Connection, name: str, now: int, by: str) -> str:
    """Give somebody a new password and return it; their sessions end.

    Raises:
        ConfigurationError: there is nobody of that name with a local account.
    """
    person = _somebody(connection, name)
    if person.password is None:
        raise ConfigurationError(
            "this account has no password", where=name, todo="its provider signs it in"
        )
    password = passwords.made()
    where = tables.people.c.person_id == person.person_id
    kept = passwords.stored(password)
    connection.execute(sa.update(tables.people).where(where).values(password=kept))
    _end_sessions(connection, person)
    note(connection, "new password", now, name=name, by=by)
    return password


def known_by_provider(connection: Connection, known: Known, now: int) -> Entry:
    """Return the person whom a provider names, added on the first visit.

    Roles are the provider's at each sign-in. A name that is somebody else's gets a number, so that
    nobody can take another's name in the log.
    """
    table = tables.people
    same = (table.c.issuer == known.issuer) & (table.c.subject == known.subject)
    row = connection.execute(sa.select(table).where(same)).first()
    roles = " ".join(sorted(known.roles))
    if row is None:
        name = _free(connection, known.name)
        _insert(connection, name, known.roles, now, issuer=known.issuer, subject=known.subject)
        note(connection, "added", now, name=name, by="identity provider")
    elif row.roles != roles:
        connection.execute(sa.update(table).where(same).values(roles=roles))
        said = f"roles: {roles or 'none'}"
        note(connection, said, now, name=row.name, by="identity provider")
    return entry(connection.execute(sa.select(table).where(same)).one())


def note(
    connection: Connection, event: str, now: int, *, name: str = "", address: str = "", by: str = ""
) -> None:
    """Add a line to the record of sign-ins and of changes of people."""
    row = {"at": now, "event": event, "name": name, "address": address, "by": by}
    connection.execute(sa.insert(tables.sign_ins).values(**row))


def read_roles(names: Iterable[str]) -> frozenset[Role]:
    """Return roles by their names.

    Raises:
        ConfigurationError: one is none of the five.
    """
    found = set()
    for name in names:
        try:
            found.add(Role(name))
        except ValueError as error:
            raise ConfigurationError(
                "there is no such role", where=name, todo=f"use one of {', '.join(Role)}"
            ) from error
    return frozenset(found)


def entry(row: Any) -> Entry:  # noqa: ANN401 - a row of SQLAlchemy's
    """Return somebody from a row of the table."""
    roles = frozenset(Role(word) for word in row.roles.split())
    return Entry(row.person_id, Person(row.name, roles), row.password, row.disabled)


def _insert(
    connection: Connection, name: str, roles: Iterable[Role], now: int, **more: str
) -> None:
    row = {
        "person_id": f"p-{secrets.token_hex(8)}",
        "name": name,
        "roles": " ".join(sorted(roles)),
        "disabled": False,
        "created": now,
    }
    connection.execute(sa.insert(tables.people).values(**row, **more))


def _free(connection: Connection, name: str) -> str:
    name = "".join(c for c in name if c.isprintable()).strip()[: LONGEST_NAME - 8] or "unnamed"
    number, found = 1, name
    while by_name(connection, found) is not None:
        number += 1
        found = f"{name} ({number})"
    return found


def _usable(name: str) -> str:
    name = name.strip()
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise ConfigurationError(
            f"a name has 1 to {LONGEST_NAME} printable characters", where=ascii(name)[:80]
        )
    return name


def _somebody(connection: Connection, name: str) -> Entry:
    person = by_name(connection, name)
    if person is None:
        raise ConfigurationError(
            "there is nobody of this name", where=name, todo="stillwatch console people list"
        )
    return person


def _end_sessions(connection: Connection, person: Entry) -> None:
    own = tables.sessions.c.person_id == person.person_id
    connection.execute(sa.delete(tables.sessions).where(own))
