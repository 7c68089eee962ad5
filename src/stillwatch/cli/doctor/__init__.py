"""``stillwatch doctor``: what is wrong with an installation, and what to do."""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stillwatch import __version__
from stillwatch.errors import StillwatchError, UnhealthyError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stillwatch.cli.doctor.installation import Installation
    from stillwatch.cli.doctor.interface import Check, Finding

__all__ = ["command"]

_file = click.Path(path_type=Path, dir_okay=False)
_PRINTED = {"ok": "ok  ", "warn": "WARN", "fail": "FAIL"}


@click.command("doctor")
@click.option("--config", type=_file, help="serve.toml; else the one that the settings name.")
@click.option(
    "--settings",
    multiple=True,
    type=_file,
    help="File of lines NAME=VALUE, as systemd and Docker read it; may be repeated.",
)
@click.option(
    "--free", default=1.0, show_default=True, type=click.FloatRange(0), help="GiB to be free."
)
@click.option(
    "--recent",
    default=24.0,
    show_default=True,
    type=click.FloatRange(0),
    help="Hours for which results of a scan and a pull count as new.",
)
@click.option("--clock", "clocks", multiple=True, help="URL whose clock to compare with.")
@click.option("--strict", is_flag=True, help="End with exit code 14 for warnings, too.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of lines.")
def command(
    config: Path | None,
    settings: tuple[Path, ...],
    free: float,
    recent: float,
    clocks: tuple[str, ...],
    *,
    strict: bool,
    as_json: bool,
) -> None:
    """Find what is wrong with this installation, and say what to do.

    Reads the settings of all other commands where they read them: the environment, files of it, and
    serve.toml. Run it as the user of the service. Nothing is changed, and no secret is printed. The
    exit code is 0, or 14 where a check fails.
    """
    from stillwatch.cli.doctor.installation import installation  # noqa: PLC0415 - help loads nothing
    from stillwatch.cli.doctor.registry import CHECKS  # noqa: PLC0415

    found = installation(
        os.environ,
        settings,
        config,
        now=time.time(),
        room=int(free * (1 << 30)),
        recent=recent * 3600,
        clocks=clocks,
    )
    told = [(check, finding) for check in CHECKS for finding in _looked(check, found)]
    counts = {level: sum(one.level == level for _, one in told) for level in ("ok", "warn", "fail")}
    if as_json:
        checks = [{"id": check.number, "name": check.name, **asdict(one)} for check, one in told]
        click.echo(json.dumps({"version": __version__, "counts": counts, "checks": checks}))
    else:
        for check, one in told:
            click.echo("\n".join(_lines(check, one)))
    bad = counts["fail"] + (counts["warn"] if strict else 0)
    if bad:
        raise UnhealthyError(
            f"{bad} of {len(told)} findings ask for something to be done",
            todo="do what each says; docs/reference/doctor.md has more",
        )


def _looked(check: Check, found: Installation) -> Iterator[Finding]:
    """Yield what a check says; one that breaks is a finding, and the others go on."""
    from stillwatch.cli.doctor.interface import fail  # noqa: PLC0415

    try:
        yield from check.look(found)
    except StillwatchError as error:
        yield fail(error.what, error.todo, error.where)
    except ModuleNotFoundError as error:
        yield fail(f"{error.name} is not installed", "see D-4")
    except Exception as error:  # noqa: BLE001 - its words may hold what nobody is to see
        yield fail(
            f"the check itself broke: {type(error).__name__}", "tell the makers of stillwatch"
        )


def _lines(check: Check, one: Finding) -> Iterator[str]:
    words = StillwatchError(one.said, where=one.where, todo=one.todo).diagnostics().splitlines()
    said = words[0].removeprefix("error: ")
    about = f" ({words[1].removeprefix('where: ')})" if one.where else ""
    yield f"{_PRINTED[one.level]}  {check.number:<5} {check.name}: {said}{about}"
    if one.todo:
        yield f"            {words[-1]}"
