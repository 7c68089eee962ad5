"""D-12 to D-14: databases answer, hold the newest tables, and a hub's fits its key."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from stillwatch.cli.doctor.interface import Finding, fail, ok, warn
from stillwatch.errors import StillwatchError
from stillwatch.listening import is_loopback

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stillwatch.cli.doctor.installation import Installation
    from stillwatch.store import Database

__all__ = ["answer", "log", "newest"]

_INIT = {
    "hub": "stillwatch hub init",
    "measures": "stillwatch measures init",
    "appeals": "stillwatch appeals init",
    "console_cases": "stillwatch console init",
    "console_people": "stillwatch console init",
}


def answer(found: Installation) -> Iterator[Finding]:
    """D-12: each database answers."""
    for place, parts in found.databases:
        opened, fault = _opened(place.value)
        if opened is None:
            yield fault
            continue
        try:
            version = opened.now_reading(_version)
            yield ok(f"{version} answers, for {', '.join(parts)}", _shown(opened))
            if not _verified(place.value):
                yield warn(
                    "the database's certificate is not verified on the way there",
                    "add ?sslmode=verify-full&sslrootcert=FILE to its URL",
                    _shown(opened),
                )
        except StillwatchError as error:
            yield fail(error.what, error.todo, error.where)
        finally:
            opened.close()


def newest(found: Installation) -> Iterator[Finding]:
    """D-13: the tables of each part are there and have the newest layout."""
    from stillwatch.store import migrations  # noqa: PLC0415 - an extra

    for place, parts in found.databases:
        opened, _ = _opened(place.value)
        if opened is None:
            continue  # D-12 says so
        where = _shown(opened)
        try:
            steps = opened.now_reading(migrations.standing)
        except StillwatchError as error:
            if error.where != where:  # else it does not answer, and D-12 says so
                yield fail(error.what, error.todo, where)
            continue
        finally:
            opened.close()
        for part in parts:
            step, wanted = steps.get(part), migrations.newest(part)
            if step is None:
                yield fail(f"{part} has no tables here", _INIT.get(part, "init"), where)
            elif step != wanted:
                yield fail(
                    f"{part} is at {step} and {wanted} is the newest",
                    "back up, stop the servers, then stillwatch store upgrade --database …",
                    where,
                )
            else:
                yield ok(f"{part} is at {step}, the newest", where)


def log(found: Installation) -> Iterator[Finding]:
    """D-14: a hub's key is that of its log, and its newest leaves are in its tables."""
    import sqlalchemy as sa  # noqa: PLC0415 - an extra

    from stillwatch.ledger import SigningKey, merkle  # noqa: PLC0415
    from stillwatch.ledger.checkpoints import open_checkpoint  # noqa: PLC0415
    from stillwatch.share.hub.logbook import Edge  # noqa: PLC0415
    from stillwatch.share.hub.preparing import check_prepared  # noqa: PLC0415
    from stillwatch.store import tables  # noqa: PLC0415

    own = found.of("hub serve")
    if "state" not in own:
        return
    url = own.get("database") or f"sqlite:///{Path(own['state']).absolute() / 'hub.sqlite'}"
    opened, _ = _opened(url)
    if opened is None:
        return
    try:
        key = SigningKey.read(Path(own["state"]) / "hub.key")
        opened.now_reading(check_prepared, key)
        query = sa.select(tables.head.c.note)
        note = str(opened.now_reading(lambda c: c.execute(query).scalar()))
        checkpoint, _note = open_checkpoint(note.encode(), key.name, [key.public])
        edge = opened.now_reading(Edge.resume, checkpoint.size)
        if edge.root() != checkpoint.root and checkpoint.root != merkle.EMPTY_ROOT:
            yield fail(
                "the log's tables do not hold the leaves of its checkpoint",
                "stop the hub; restore a back-up that holds them (stillwatch store restore)",
                _shown(opened),
            )
        else:
            yield ok(f"{key.name}: {checkpoint.size:,} leaves, as its checkpoint says")
    except StillwatchError as error:
        yield fail(error.what, error.todo or "restore what was there", error.where)
    finally:
        opened.close()


def _opened(url: str) -> tuple[Database | None, Finding]:
    """Return a database, or what is wrong; an SQLite file that is missing is not made."""
    from stillwatch.store import Database  # noqa: PLC0415 - an extra

    try:
        opened = Database(url)
    except StillwatchError as error:
        return None, fail(error.what, error.todo)
    path = opened.engine.url.database or ""
    if not opened.shared and not Path(path).is_file():
        opened.close()
        return None, fail("there is no such database", "init makes it; or check the path", path)
    return opened, ok("")


def _verified(url: str) -> bool:
    """Say whether a database is on this machine, or shows who it is."""
    from sqlalchemy.engine import make_url  # noqa: PLC0415 - an extra

    parsed = make_url(url)
    if parsed.get_backend_name() != "postgresql" or not parsed.host or is_loopback(parsed.host):
        return True
    return parsed.query.get("sslmode") in {"verify-ca", "verify-full"}


def _shown(opened: Database) -> str:
    return opened.engine.url.render_as_string(hide_password=True)


def _version(connection: object) -> str:
    name = connection.dialect.name  # type: ignore[attr-defined]
    query = "SHOW server_version" if name == "postgresql" else "SELECT sqlite_version()"
    said = connection.exec_driver_sql(query).scalar()  # type: ignore[attr-defined]
    return f"{'PostgreSQL' if name == 'postgresql' else 'SQLite'} {said}"
