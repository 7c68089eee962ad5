"""``stillwatch verdicts``: what a scan decided, for the operator's own enforcement."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stillwatch.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stillwatch.report.alerts import ChangedVerdict, FoundScan

__all__ = ["command"]


@click.group("verdicts")
def command() -> None:
    """Hand verdicts to your own enforcement."""


@command.command("export")
@click.argument("scan", type=click.Path(path_type=Path, file_okay=False), metavar="SCAN_DIR")
@click.option("--since", required=True, help="ISO 8601 time, UTC where it names no zone.")
@click.option(
    "--format",
    "format_",
    type=click.Choice(["csv", "jsonl", "parquet"]),
    default="jsonl",
    show_default=True,
    help="In jsonl and parquet account ids are exact; csv is for spreadsheets.",
)
@click.option(
    "--outbox",
    type=click.Path(path_type=Path, file_okay=False),
    help="Outbox of `alert send`, which knows of changes and withdrawals; flags alone without it.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File; standard output if absent.",
)
def export(scan: Path, since: str, format_: str, outbox: Path | None, out: Path | None) -> None:
    """Write the verdicts of SCAN_DIR whose flag or change is at or after a time.

    Words for people name the time to give as --since next.
    """
    from stillwatch.report import alerts  # noqa: PLC0415 - help imports no table

    if format_ == "parquet" and out is None:
        raise ConfigurationError("Parquet needs a file", todo="name one with --out")
    start = _time(since)
    found = alerts.read_scan(scan)
    changes: Sequence[alerts.VerdictChange] = ()
    if outbox is not None:
        with alerts.connected(outbox) as database:
            changes = alerts.verdict_changes(database, start)
    rows = alerts.changed_since(found, changes, start)
    if out is None:
        lines = alerts.changes_csv(rows) if format_ == "csv" else alerts.changes_jsonl(rows)
        sys.stdout.writelines(lines)
    else:
        _write(rows, found, format_, out)
    click.echo(f"{len(rows):,} verdicts; next time --since {_text(found.as_of)}", err=True)


def _write(rows: Sequence[ChangedVerdict], found: FoundScan, format_: str, out: Path) -> None:
    """Write a file beside its place and rename it."""
    import pyarrow.parquet as pq  # noqa: PLC0415 - help imports no table

    from stillwatch.report import alerts  # noqa: PLC0415 - help imports no table
    from stillwatch.report.documents.folder import staged  # noqa: PLC0415 - help imports no table

    with staged(out.parent, [out.name]) as stage:
        path = stage / out.name
        if format_ == "parquet":
            table = alerts.changes_table(rows, found.account_type)
            pq.write_table(table, path, compression="zstd")
            return
        lines = alerts.changes_csv(rows) if format_ == "csv" else alerts.changes_jsonl(rows)
        with path.open("w", encoding="utf-8", newline="") as file:
            file.writelines(lines)


def _time(text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(
            "--since is no ISO 8601 time",
            where=ascii(text),
            todo="write it as 2026-09-03T14:00:00Z",
        ) from None
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def _text(time: datetime) -> str:
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")
