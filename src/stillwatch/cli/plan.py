"""``stillwatch scan --plan``: what a scan would read and take, said before it runs."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from stillwatch.cli.log_input import read_secret
from stillwatch.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

    from stillwatch.find.sources import ColumnMapping
    from stillwatch.find.state import Plan
    from stillwatch.find.state.folder import Manifest

__all__ = ["show_plan"]

_SOURCES = {
    "observe": "measured now",
    "index": "measured now",
    "decide": "measured now, in proportion to the exchanges; long logs take more",
    "memory": "docs/explanation/sizing.md",
    "scratch": "docs/decisions/0030",
}


def show_plan(
    exchanges: str,
    state: Path | None,
    mapping: ColumnMapping | None,
    format_: str | None,
    *,
    step: int,
    key_file: Path | None,
    as_json: bool,
) -> None:
    """Print a plan.

    Args:
        exchanges: as ``scan`` takes.
        state: the state folder that the scan would use, which need not be there yet.
        mapping: the operator's column names.
        format_: of the files.
        step: hours between looks.
        key_file: the key of the hashes.
        as_json: print it as JSON.

    Raises:
        ConfigurationError: the input is a database or standard input.
        StillwatchError: see ``plan_scan``.
    """
    from stillwatch.find.campaigns import Settings  # noqa: PLC0415 - help imports no kernel
    from stillwatch.find.features.hashing import key_from_secret  # noqa: PLC0415 - as above
    from stillwatch.find.features.rows import HOUR  # noqa: PLC0415 - as above
    from stillwatch.find.sources.files import is_url  # noqa: PLC0415 - as above
    from stillwatch.find.state import plan_scan  # noqa: PLC0415 - as above

    if exchanges == "-" or is_url(exchanges):
        raise ConfigurationError(
            "a database or standard input does not say how large it is before it is read",
            todo="plan for files, or write the exchanges to Parquet first",
        )
    settings = Settings(step=step * HOUR, key=key_from_secret(read_secret(key_file)))
    plan = plan_scan(exchanges, _held(state), settings=settings, mapping=mapping, format=format_)
    if as_json:
        click.echo(json.dumps({**asdict(plan), "sources": _SOURCES}, indent=1))
        return
    for line in _lines(plan):
        click.echo(line)


def _held(state: Path | None) -> Manifest | None:
    """Return what a state holds; nothing where it is not there yet, None without one."""
    from stillwatch.find.state import StateFolder  # noqa: PLC0415 - help imports no kernel
    from stillwatch.find.state.folder import Manifest  # noqa: PLC0415 - as above

    if state is None:
        return None
    if not state.exists():
        return Manifest()
    with StateFolder.opened(state, create=False) as folder:
        return folder.manifest


def _lines(plan: Plan) -> list[str]:
    size = sum(one.size for one in plan.files)
    rows = sum(one.rows for one in plan.files)
    known = sum(one.known for one in plan.files)
    days = {one.partition for one in plan.files if one.partition}
    about = "" if all(one.exact for one in plan.files) else "about "
    rates = plan.rates
    total = plan.observe + plan.index + plan.decide
    kinds = ", ".join(sorted({one.format for one in plan.files}))
    return [
        (
            f"input: {len(plan.files):,} files of {kinds}, "
            f"{len(days):,} partitions, {about}{rows:,} exchanges, {size / 2**20:,.1f} MiB"
        ),
        (
            f"new: {len(plan.files) - known:,} files, {about}{plan.new:,} exchanges; "
            f"{known:,} files are unchanged and not opened"
        ),
        f"used again: observations of {plan.held:,} exchanges, {plan.looks:,} looks",
        f"observe: {plan.observe:,.1f} core-seconds",
        f"index: {plan.index:,.1f} core-seconds",
        f"decide: {plan.decide:,.1f} core-seconds or more",
        f"in all: {total:,.1f} core-seconds, {total / 3600:.3f} core-hours or more",
        (
            f"memory: about {plan.memory / 2**30:.1f} GiB; "
            f"output folder while it runs: about {plan.scratch / 2**30:.2f} GiB"
        ),
        (
            f"rates measured on {rates.sample:,} exchanges of the input in {rates.seconds:.1f} s; "
            "memory and room as in the documentation"
        ),
    ]
