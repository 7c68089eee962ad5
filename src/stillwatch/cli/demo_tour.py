"""``stillwatch demo tour``: found at A, stopped at B and C, proven, and decided by people."""

from __future__ import annotations

import contextlib
import json
import signal
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from stillwatch.cli.extras import extra
from stillwatch.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["tour"]


@click.command("tour")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("tour"),
    show_default=True,
    help="New folder for everything that the tour makes.",
)
@click.option(
    "--exchanges",
    type=click.IntRange(6_000, 1_000_000),
    default=20_000,
    show_default=True,
    help="Exchanges of each lab.",
)
@click.option(
    "--accounts",
    type=click.IntRange(200, 50_000),
    default=900,
    show_default=True,
    help="Accounts of each lab.",
)
@click.option(
    "--seed", default=2, show_default=True, help="Same seed, same worlds; keys are drawn anew."
)
@click.option(
    "--tokens",
    type=click.IntRange(0, 10_000_000),
    default=256_000,
    show_default=True,
    help="That each model of the proof is trained on; 0 leaves the proof out.",
)
@click.option("--open-console", is_flag=True, help="Serve the console at the end, until Ctrl-C.")
@click.option("--json", "as_json", is_flag=True, help="Write the figures as one JSON object.")
def tour(
    *,
    out: Path,
    exchanges: int,
    accounts: int,
    seed: int,
    tokens: int,
    open_console: bool,
    as_json: bool,
) -> None:
    """Three labs, a hub, gateways and an actor that rotates, from detection to people's decisions.

    Hub, gateways and what carries warnings are processes on this machine, at ports that are free;
    nothing leaves loopback, and all of them end with the tour. What is found is told against the
    truth. Needs the extra `tour`.
    """
    with extra("tour", "the tour needs"):
        import cryptography  # noqa: F401, PLC0415
        import httpx  # noqa: PLC0415 - of extras, as those below
        import joserfc  # noqa: F401, PLC0415
        import msgspec  # noqa: F401, PLC0415
        import prometheus_client  # noqa: F401, PLC0415
        import uvicorn  # noqa: F401, PLC0415

    from stillwatch.cli.tour.acts import Tour  # noqa: PLC0415
    from stillwatch.cli.tour.processes import Processes  # noqa: PLC0415

    _new(out)
    begun = time.monotonic()

    def say(words: str) -> None:
        if not as_json:
            click.echo(words)

    with (
        _ended_by_sigterm(),
        Processes(out.absolute()) as processes,
        httpx.Client(timeout=30, trust_env=False) as client,
    ):
        acts = Tour(out.absolute(), processes, client, say)
        labs = acts.labs(exchanges=exchanges, accounts=accounts, seed=seed)
        exchange = acts.exchange()
        acts.warn(labs, exchange)
        acts.proof(tokens=tokens, seed=seed)
        acts.console(exchange, serving=open_console)
        figures = {**acts.figures, "total_seconds": round(time.monotonic() - begun, 1)}
        _keep(out / "tour.json", figures)
        if as_json:
            click.echo(json.dumps(figures, allow_nan=False))
        say(
            f"All of it took {figures['total_seconds']:.0f} s. The figures are in "
            f"{out / 'tour.json'}, the commands in {out / 'commands.txt'}."
        )
        if open_console:
            _wait_for_ctrl_c(processes)


def _new(out: Path) -> None:
    """Make the folder of the tour.

    Raises:
        OutputError: it cannot be made, or something lies there.
    """
    try:
        out.mkdir(parents=True, exist_ok=True, mode=0o700)
        used = any(out.iterdir())
    except OSError as error:
        raise OutputError(f"the folder cannot be made: {error.strerror}", where=str(out)) from error
    if used:
        raise OutputError("the folder is not empty", where=str(out), todo="name a new folder")


def _keep(path: Path, figures: dict[str, Any]) -> None:
    from stillwatch.disk import write_whole  # noqa: PLC0415

    write_whole(path, json.dumps(figures, indent=1, allow_nan=False).encode() + b"\n")


def _wait_for_ctrl_c(processes: Any) -> None:  # noqa: ANN401 - imported late
    """Wait until somebody ends the tour, or a process of it ends."""
    with contextlib.suppress(KeyboardInterrupt):
        while True:
            for one in processes.running:
                one.check()
            time.sleep(0.5)


@contextlib.contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """Let SIGTERM end the tour as Ctrl-C does, so that what it started ends, too."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
