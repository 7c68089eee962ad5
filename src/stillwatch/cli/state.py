"""``stillwatch state``: what scans with ``--state`` keep, made smaller or forgotten."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pyarrow as pa

    from stillwatch.find.campaigns import Settings
    from stillwatch.find.sources import ColumnMapping, Quarantine
    from stillwatch.find.state import Continued, StateFolder, TakenIn

__all__ = ["command", "continued", "summary"]

_FOLDER = click.argument("folder", type=click.Path(path_type=Path, file_okay=False))


@click.group("state")
def command() -> None:
    """Look after the folder that `stillwatch scan --state` keeps."""


@command.command("show")
@_FOLDER
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def show(*, folder: Path, as_json: bool) -> None:
    """Say what FOLDER holds: exchanges, looks to go on from, revisions."""
    from stillwatch.find.state import StateFolder  # noqa: PLC0415

    with StateFolder.opened(folder, create=False) as state:
        said = summary(state)
    if as_json:
        click.echo(json.dumps(said, indent=1))
        return
    click.echo(
        f"{said['exchanges']:,} exchanges in {said['segments']} parts, "
        f"{said['first'] or 'none'} to {said['last'] or 'none'}"
    )
    click.echo(f"last scan as of {said['as_of'] or 'never'}, {said['flagged']:,} accounts flagged")
    click.echo(f"looks kept: {', '.join(said['looks']) or 'none'}")
    for one in said["revisions"]:
        click.echo(f"revised as of {one['as_of']}: {one['changes']:,} verdicts")


@command.command("compact")
@_FOLDER
def compact_command(*, folder: Path) -> None:
    """Rewrite the observations in FOLDER as one part; no verdict changes."""
    from stillwatch.find.state import StateFolder, compact  # noqa: PLC0415

    with StateFolder.opened(folder, create=False) as state:
        before = compact(state)
    click.echo(f"{before} parts before, {min(before, 1)} now")


@command.command("forget")
@_FOLDER
@click.argument("account_id")
def forget_command(*, folder: Path, account_id: str) -> None:
    """Delete all that FOLDER holds of an account; the next scan decides every look again."""
    from stillwatch.find.state import StateFolder, forget  # noqa: PLC0415

    with StateFolder.opened(folder, create=False) as state:
        gone = forget(state, account_id)
    click.echo(f"{gone:,} exchanges deleted")


def summary(state: StateFolder) -> dict[str, Any]:
    """Return what a state holds, in plain values."""
    from stillwatch.records import utc  # noqa: PLC0415

    manifest, flags = state.manifest, state.flags()
    revisions = []
    for name in manifest.revisions:
        said = json.loads((state.path / "revisions" / name).read_text("utf-8"))
        revisions.append({"as_of": said["as_of"], "changes": len(said["changes"]), "file": name})
    first = min((one.first for one in manifest.segments), default=None)
    last = max((one.last for one in manifest.segments), default=None)
    return {
        "exchanges": sum(one.rows for one in manifest.segments),
        "segments": len(manifest.segments),
        "first": None if first is None else utc(first).isoformat(),
        "last": None if last is None else utc(last).isoformat(),
        "as_of": None if flags is None else flags["as_of"],
        "flagged": 0 if flags is None else len(flags["accounts"]),
        "looks": [utc(one.look).isoformat() for one in manifest.looks],
        "revisions": revisions,
    }


def continued(
    state: StateFolder,
    exchanges: str,
    given: Mapping[str, pa.Table],
    settings: Settings,
    *,
    quarantine: Quarantine,
    mapping: ColumnMapping | None,
    format_: str | None,
    late: int,
    progress: Callable[[str, float], None] | None,
) -> tuple[TakenIn, Continued]:
    """Take in what is new and scan the state; the work of ``scan --state``."""
    from stillwatch.find.state import scan_state, take_in  # noqa: PLC0415

    taken = take_in(
        state,
        exchanges,
        quarantine=quarantine,
        key=settings.key,
        mapping=mapping,
        format=format_,
    )
    return taken, scan_state(state, given, settings=settings, late=late, progress=progress)
