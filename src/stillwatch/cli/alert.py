"""``stillwatch alert``: tell receivers what a scan says anew; one that is away loses nothing."""

from __future__ import annotations

import json
import random
import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stillwatch.errors import UndeliveredError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stillwatch.report.alerts import ReceiverState

__all__ = ["command", "tell"]

_outbox = click.option(
    "--outbox",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Folder that remembers what was told and keeps what was not taken; one a log.",
)
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of lines.")


@click.group("alert")
def command() -> None:
    """Tell receivers of campaigns, flagged accounts and changed verdicts."""


@command.command("send")
@click.argument(
    "scan", required=False, type=click.Path(path_type=Path, file_okay=False), metavar="[SCAN_DIR]"
)
@click.option(
    "--receivers",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="TOML file of receivers.",
)
@_outbox
@click.option(
    "--patience",
    default=30.0,
    show_default=True,
    type=click.FloatRange(0, 86_400),
    help="Seconds to go on asking a receiver that does not take; a later run goes on from there.",
)
@_json
def send(
    scan: Path | None, receivers: Path, outbox: Path, patience: float, *, as_json: bool
) -> None:
    """Send what SCAN_DIR says anew, and what still waits.

    Run it after every scan; without SCAN_DIR it only delivers what waits. Ends with exit code 11
    while something waits.
    """
    made, done, states = tell(scan, receivers, outbox, patience)
    if as_json:
        stands = [asdict(state) for state in states]
        click.echo(json.dumps({"new": made, "delivered": done, "receivers": stands}))
    else:
        click.echo(f"{made:,} new alerts, {done:,} delivered", err=True)
    away = [state for state in states if state.waiting]
    if away:
        raise UndeliveredError(
            "; ".join(f"{s.waiting:,} alerts wait for {s.name}: {_why(s)}" for s in away),
            where=str(outbox),
            todo="nothing is lost: run the command again, and see stillwatch alert status",
        )


def tell(
    scan: Path | None, receivers: Path, outbox: Path, patience: float
) -> tuple[int, int, list[ReceiverState]]:
    """Tell receivers what a scan says anew, and what still waits for them.

    Args:
        scan: output folder of a scan; None only delivers what waits.
        receivers: TOML file of receivers.
        outbox: folder that remembers what was told.
        patience: seconds to go on asking a receiver that does not take.

    Returns:
        New alerts, alerts delivered, and how each receiver stands.
    """
    from stillwatch.report import alerts  # noqa: PLC0415 - help imports no table

    configuration = alerts.read_configuration(receivers)
    found = None if scan is None else alerts.read_scan(scan)
    alerts.prepare(outbox)
    with alerts.exclusive(outbox):
        made = 0
        if found is not None:
            with alerts.connected(outbox) as database:
                made = alerts.remember(
                    database,
                    found,
                    prefix=configuration.playbook,
                    group=configuration.group,
                    now=time.time(),
                )
        done = alerts.send(outbox, configuration, _World(), patience)
        with alerts.connected(outbox) as database:
            return made, done, list(alerts.states(database))


@command.command("status")
@_outbox
@_json
def status(outbox: Path, *, as_json: bool) -> None:
    """Say what waits for whom, since when and why."""
    from stillwatch.report import alerts  # noqa: PLC0415 - help imports no table

    with alerts.connected(outbox) as database:
        states = alerts.states(database)
    if as_json:
        click.echo(json.dumps([asdict(state) for state in states]))
        return
    for state in states:
        click.echo("\n".join(_described(state)))
    if not states:
        click.echo("no receiver is known yet", err=True)


@command.command("skip")
@click.argument("receiver")
@_outbox
def skip(receiver: str, outbox: Path) -> None:
    """Give up the first alert that waits for RECEIVER, where it refuses that one for good."""
    from stillwatch.report import alerts  # noqa: PLC0415 - help imports no table

    with alerts.exclusive(_there(outbox)), alerts.connected(outbox) as database:
        uid = alerts.skip(database, receiver, time.time())
    click.echo(uid)


@command.command("forget")
@click.argument("receiver")
@_outbox
def forget(receiver: str, outbox: Path) -> None:
    """Keep nothing for RECEIVER any longer; take it out of the receivers file first."""
    from stillwatch.report import alerts  # noqa: PLC0415 - help imports no table

    with alerts.exclusive(_there(outbox)), alerts.connected(outbox) as database:
        alerts.forget(database, receiver)
    click.echo(f"forgot {receiver}", err=True)


class _World:
    """The real clock and chance."""

    def now(self) -> float:
        return time.time()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def chance(self) -> float:
        return random.random()


def _there(outbox: Path) -> Path:
    """Return an outbox's folder after opening it, so that none is made by mistake."""
    from stillwatch.report import alerts  # noqa: PLC0415 - help imports no table

    with alerts.connected(outbox):
        return outbox


def _described(state: ReceiverState) -> Iterable[str]:
    yield f"{state.name} ({state.kind})"
    oldest = "" if state.oldest is None else f", the oldest since {_when(state.oldest)}"
    yield f"  waiting      {state.waiting:,}{oldest}"
    yield f"  last taken   {_when(state.delivered_at)}"
    if state.failing_since is not None:
        yield f"  failing      since {_when(state.failing_since)}, {state.attempts:,} attempts"
        yield f"  next attempt {_when(state.next_at)}"
        yield f"  why          {_why(state)}"
    if state.skipped:
        yield f"  skipped      {state.skipped:,}"


def _why(state: ReceiverState) -> str:
    return state.error or "not asked yet"


def _when(seconds: float | None) -> str:
    if seconds is None:
        return "never"
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"
