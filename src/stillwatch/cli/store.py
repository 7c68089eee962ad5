"""``stillwatch store``: the tables that servers share, backed up, restored, upgraded."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stillwatch import __version__
from stillwatch.cli.databases import opened
from stillwatch.cli.extras import extra
from stillwatch.errors import ConfigurationError, OutputError, RefusedError, StillwatchError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from stillwatch.store import Database

__all__ = ["command"]

_database = click.option(
    "--database", required=True, help="sqlite:///path or postgresql://user@host/name."
)
_folder = click.Path(path_type=Path, file_okay=False)
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of lines.")


@click.group("store")
def command() -> None:
    """Back up, restore and upgrade the tables of hub, gateway, appeals and console."""
    with extra("share", "the tables need"):
        import alembic  # noqa: F401, PLC0415 - help imports no database


@command.command("status")
@_database
@_json
def status(database: str, *, as_json: bool) -> None:
    """Say which parts a database holds and whether their tables are the newest."""
    from stillwatch.store import migrations  # noqa: PLC0415

    steps = _existing(database).now_reading(migrations.standing)
    said = [
        {"part": part, "step": step, "newest": migrations.newest(part)}
        for part, step in sorted(steps.items())
    ]
    if as_json:
        click.echo(json.dumps(said))
        return
    for one in said:
        behind = "" if one["step"] == one["newest"] else f", {one['newest']} is the newest"
        click.echo(f"{one['part']}  {one['step']}{behind}")


@command.command("upgrade")
@_database
def upgrade(database: str) -> None:
    """Bring the tables of every part that is there to the newest layout: all of them, or none."""
    from stillwatch.store import migrations  # noqa: PLC0415

    def work(connection: Connection) -> dict[str, tuple[str, str]]:
        steps = migrations.standing(connection)
        for part in steps:
            migrations.upgrade(connection, part)
        return {part: (step, migrations.newest(part)) for part, step in steps.items()}

    for part, (before, after) in sorted(_existing(database).now(work).items()):
        click.echo(f"{part}: {before} to {after}" if before != after else f"{part}: at {after}")


@command.command("backup")
@click.argument("out", type=_folder)
@_database
def backup(out: Path, database: str) -> None:
    """Write one snapshot of all tables to the new folder OUT, and print its SHA-256.

    Servers may go on meanwhile. OUT holds what the tables hold, hashes of tokens and canaries
    among it, and no key file: keep it as you keep the database.
    """
    from stillwatch.store.backup import back_up, verify_backup  # noqa: PLC0415

    made = datetime.now(UTC).isoformat(timespec="seconds")
    digest = _existing(database).now_reading(back_up, out, made=made, version=__version__)
    manifest = verify_backup(out, digest)
    rows = sum(table.rows for table in manifest.tables)
    click.echo(f"{rows:,} rows of {len(manifest.tables)} tables", err=True)
    click.echo(digest)


@command.command("verify")
@click.argument("folder", type=_folder)
@click.option("--digest", default="", help="What `backup` printed; any back-up if absent.")
@_json
def verify(folder: Path, digest: str, *, as_json: bool) -> None:
    """Read every file of the back-up FOLDER and compare it with its digest."""
    from stillwatch.store.backup import verify_backup  # noqa: PLC0415

    manifest = verify_backup(folder, digest)
    rows = sum(table.rows for table in manifest.tables)
    if as_json:
        said = {"made": manifest.made, "version": manifest.version, "steps": manifest.steps}
        click.echo(json.dumps(said | {"tables": len(manifest.tables), "rows": rows}))
        return
    parts = ", ".join(f"{part} at {step}" for part, step in manifest.steps.items())
    click.echo(f"{manifest.made}, stillwatch {manifest.version}: {rows:,} rows; {parts}")


@command.command("restore")
@click.argument("folder", type=_folder)
@_database
@click.option("--digest", default="", help="What `backup` printed; any back-up if absent.")
@click.option(
    "--cosigned",
    type=click.IntRange(0),
    help="Leaves that `witness status` shows: a hub's back-up that has fewer is refused.",
)
def restore(folder: Path, database: str, digest: str, cosigned: int | None) -> None:
    """Fill an empty database from the back-up FOLDER: wholly, or not at all.

    Tables come back at the step that they were at; `store upgrade` is the next command. A hub's
    log and audit log are verified before anything is kept.
    """
    from stillwatch.store import backup as copies  # noqa: PLC0415

    manifest = copies.verify_backup(folder, digest)
    found = opened(database)
    made = _private(found)

    def work(connection: Connection) -> tuple[int, str]:
        rows = copies.restore(connection, folder, manifest)
        return rows, _log(connection, cosigned) if "hub" in manifest.steps else ""

    try:
        rows, log = found.now(work)
    except StillwatchError:
        if made is not None:
            found.close()
            made.unlink(missing_ok=True)
        raise
    click.echo(f"{rows:,} rows of {len(manifest.tables)} tables, as of {manifest.made}", err=True)
    if log:
        click.echo(log)


def _log(connection: Connection, cosigned: int | None) -> str:
    """Return what a restored hub's log is, or refuse one that was seen to be longer."""
    from stillwatch.share.hub.verifying import verify_tables  # noqa: PLC0415

    checkpoint, lines = verify_tables(connection)
    if cosigned is not None and checkpoint.size < cosigned:
        raise RefusedError(
            "W-5",
            f"the back-up's log has {checkpoint.size:,} leaves and a witness cosigned {cosigned:,}",
            todo="restore a later back-up; if there is none, make a hub with a new key and name",
        )
    return (
        f"log {checkpoint.origin}: {checkpoint.size:,} leaves, root {checkpoint.root.hex()}, "
        f"{lines:,} lines of the audit log"
    )


def _existing(database: str) -> Database:
    """Return a database that is there: opening SQLite makes an empty file of a mistyped name."""
    found = opened(database)
    path = _file(found)
    if path is not None and not path.is_file():
        raise ConfigurationError(
            "there is no such database", where=str(path), todo="check the path"
        )
    return found


def _private(store: Database) -> Path | None:
    """Make a new SQLite file that its owner alone can read; return it, None where it is there."""
    path = _file(store)
    if path is None or path.exists():
        return None
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except OSError as error:
        raise OutputError(
            f"the database cannot be made: {error.strerror}", where=str(path), todo="name another"
        ) from error
    return path


def _file(store: Database) -> Path | None:
    return None if store.shared else Path(store.engine.url.database or "")
