"""``stillwatch witness``: put a second name under a log, or refuse to."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stillwatch.cli import options
from stillwatch.cli.extras import extra
from stillwatch.errors import ConfigurationError

if TYPE_CHECKING:
    from stillwatch.ledger import SigningKey
    from stillwatch.share.witness import LogState, Memory

__all__ = ["command"]

_KEY = "witness.key"
_MEMORY = "witness.sqlite"

_state = click.option(
    "--state",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Folder of the witness's key and memory, on a disk of its own operator.",
)
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of lines.")


@click.group("witness")
def command() -> None:
    """Cosign logs that only grow, for everyone who would not take one operator's word."""
    with extra("share", "a witness needs"):
        import stillwatch.share.witness  # noqa: F401, PLC0415 - help imports no server


@command.command("new-key")
@click.argument("name")
@_state
def new_key(name: str, state: Path) -> None:
    """Make a witness called NAME, best a URL without its scheme, and print its public key.

    Its key and its memory belong together: a witness that lost its memory needs a new key.
    """
    from stillwatch.ledger import COSIGNATURE, SigningKey  # noqa: PLC0415
    from stillwatch.share.witness import Memory  # noqa: PLC0415

    key = SigningKey.generate(name, COSIGNATURE)
    try:
        state.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise ConfigurationError(
            f"the folder cannot be made: {error.strerror}", where=str(state), todo="name another"
        ) from error
    Memory.make(state / _MEMORY, key.public)
    key.write(state / _KEY)
    click.echo(key.public.encode())


@command.command("add-log")
@click.argument("verify_key")
@click.option("--origin", help="The log's name, where it is not that of its key.")
@_state
def add_log(verify_key: str, origin: str | None, state: Path) -> None:
    """Witness the log whose public key is VERIFY_KEY, or one more key of it."""
    from stillwatch.ledger import NOTE, VerifyKey  # noqa: PLC0415

    memory, _ = _opened(state)
    key = VerifyKey.decode(verify_key)
    if key.kind != NOTE:
        raise ConfigurationError(
            "this is a witness's key", where=verify_key, todo="give the key that the log signs with"
        )
    memory.add_log(origin or key.name, key)
    click.echo(f"witnessing {origin or key.name}", err=True)


@command.command("serve")
@_state
@options.listening(8716)
def serve(state: Path, host: str, port: int, tls: tuple[Path, Path] | None) -> None:
    """Answer logs until told to end; the URL is the first line printed."""
    from stillwatch.share.witness import witness_app  # noqa: PLC0415
    from stillwatch.share.witness.serving import serve as run  # noqa: PLC0415

    memory, key = _opened(state)
    run(witness_app(memory, key, lambda: int(time.time())), host, port, tls, click.echo)


@command.command("status")
@_state
@_json
def status(state: Path, *, as_json: bool) -> None:
    """Say what was cosigned last for each log, and how often a log contradicted itself."""
    memory, _ = _opened(state)
    logs = memory.logs()
    if as_json:
        found = {"witness": memory.witness.encode(), "logs": [asdict(log) for log in logs]}
        click.echo(json.dumps(found))
        return
    click.echo(memory.witness.encode())
    for log in logs:
        click.echo("\n".join(_described(log)))


@command.command("evidence")
@click.argument("origin")
@_state
def evidence(origin: str, state: Path) -> None:
    """Print, as JSON lines, what the log ORIGIN signed that does not continue its history.

    Each line holds a submission as it came; with the newest cosigned checkpoint it proves that the
    log showed two histories.
    """
    memory, _ = _opened(state)
    newest = memory.newest(origin)
    for raw in memory.refused(origin):
        found = {
            "submission": raw.decode(),
            "cosigned": None if newest is None else newest.decode(),
        }
        click.echo(json.dumps(found, ensure_ascii=False))


def _opened(state: Path) -> tuple[Memory, SigningKey]:
    """Return a witness's memory and key, which have to be of one witness."""
    from stillwatch.ledger import SigningKey  # noqa: PLC0415
    from stillwatch.share.witness import Memory  # noqa: PLC0415

    memory = Memory(state / _MEMORY)
    key = SigningKey.read(state / _KEY)
    if key.public != memory.witness:
        raise ConfigurationError(
            "the witness's key and its memory are of two witnesses",
            where=str(state),
            todo="put back the one that was there; with another key, logs count another witness",
        )
    return memory, key


def _described(log: LogState) -> list[str]:
    cosigned = "nothing cosigned yet"
    if log.size is not None and log.time is not None:
        when = datetime.fromtimestamp(log.time, UTC)
        cosigned = f"{log.size:,} leaves cosigned, {when:%Y-%m-%d %H:%M:%S} UTC"
    refused = f", CONTRADICTED ITSELF {log.refused:,} times" if log.refused else ""
    return [f"{log.origin}", f"  {cosigned}{refused}"]
