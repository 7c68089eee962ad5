"""``stillwatch appeals``: the desk where account holders contest decisions."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import time
from pathlib import Path
from typing import Any

import click

from stillwatch.cli import options
from stillwatch.cli.databases import opened
from stillwatch.cli.extras import extra
from stillwatch.disk import write_whole
from stillwatch.errors import ConfigurationError, OutputError
from stillwatch.listening import listen, url_of

__all__ = ["command"]

_file = click.Path(path_type=Path, dir_okay=False)
_database = click.option(
    "--database", required=True, help="sqlite:///path or postgresql://user@host/name."
)
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of lines.")


@click.group("appeals")
def command() -> None:
    """Run the desk where account holders contest decisions."""
    with extra("serve", "the desk needs"):
        import stillwatch.stop.appeals.app  # noqa: F401, PLC0415 - help imports no server


@command.command("key")
@click.argument("out", type=_file)
def key(out: Path) -> None:
    """Write a new key of appeal tokens to OUT: for the gateways and for the desk."""
    if out.exists():
        raise ConfigurationError("the file is there already", where=str(out), todo="name another")
    try:
        write_whole(out, os.urandom(32).hex().encode() + b"\n", private=True)
    except OSError as error:
        raise OutputError(
            f"the key cannot be written: {error.strerror}", where=str(out), todo="name another"
        ) from error


@command.command("init")
@_database
def init(database: str) -> None:
    """Make the tables, or bring them to the newest layout."""
    from stillwatch.stop.appeals.desk import prepare  # noqa: PLC0415

    opened(database).now(prepare)


@command.command("serve")
@_database
@click.option("--token-key", type=_file, required=True, help="Key of appeal tokens.")
@click.option("--reviewers", type=_file, required=True, help="TOML file of who may decide.")
@click.option("--nats", default="", help="URL of NATS, through which replicas hear of outcomes.")
@click.option("--credentials", type=_file, help="File of a NATS user's JWT and seed.")
@click.option("--key", "signing_key", type=_file, help="Key that signs what replicas are told.")
@options.listening(8721)
def serve(
    database: str,
    token_key: Path,
    reviewers: Path,
    nats: str,
    credentials: Path | None,
    signing_key: Path | None,
    host: str,
    port: int,
    tls: tuple[Path, Path] | None,
) -> None:
    """Serve account holders and reviewers until told to end; the URL is the first line printed."""
    import uvicorn  # noqa: PLC0415 - an extra

    from stillwatch.heads import configuration  # noqa: PLC0415
    from stillwatch.ledger import SigningKey  # noqa: PLC0415
    from stillwatch.stop.appeals.app import AppealsDesk  # noqa: PLC0415
    from stillwatch.stop.appeals.people import read_reviewers  # noqa: PLC0415
    from stillwatch.stop.appeals.tokens import TokenKey  # noqa: PLC0415

    if nats and signing_key is None:
        raise ConfigurationError(
            "no replica believes an outcome that nobody signed", where="--key", todo="name a key"
        )
    store = opened(database)
    desk = AppealsDesk(store, TokenKey.read(token_key), read_reviewers(reviewers))
    signs = None if signing_key is None else SigningKey.read(signing_key)
    bound = listen(host, port, tls)
    config = configuration(
        desk.app(), tls, lifespan="off", limit_concurrency=512, timeout_graceful_shutdown=10
    )

    async def run() -> None:
        telling = None
        if nats:
            from stillwatch.stop.appeals.telling import tell_replicas  # noqa: PLC0415 - an extra
            from stillwatch.stop.service.stream import Place  # noqa: PLC0415

            place = Place(nats, credentials=credentials)
            telling = asyncio.create_task(tell_replicas(store, place, signs, clock=_now))
        click.echo(url_of(bound, tls))
        try:
            await uvicorn.Server(config).serve([bound])
        finally:
            if telling is not None:
                telling.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await telling

    asyncio.run(run())


@command.command("list")
@_database
@click.option(
    "--state",
    type=click.Choice(["waiting", "granted", "upheld"]),
    default="waiting",
    show_default=True,
    help="Which.",
)
@_json
def list_(database: str, state: Any, *, as_json: bool) -> None:  # noqa: ANN401 - one of three
    """List appeals, oldest first."""
    from stillwatch.stop.appeals.desk import listed  # noqa: PLC0415
    from stillwatch.stop.appeals.words import minute  # noqa: PLC0415

    for one in opened(database).now_reading(listed, state):
        shown = {
            "appeal_id": one.appeal_id,
            "filed": minute(one.filed),
            "account": one.contested.account,
            "campaign": one.contested.campaign,
            "state": one.state,
        }
        click.echo(json.dumps(shown) if as_json else "  ".join(map(str, shown.values())))


@command.command("decide")
@click.argument("appeal_id")
@click.argument("outcome", type=click.Choice(["grant", "uphold"]))
@_database
@click.option("--by", required=True, help="Your name.")
@click.option("--told", required=True, help="Words for the account holder.")
@click.option("--note", default="", help="For colleagues; never shown to the account holder.")
@click.option("--campaign", is_flag=True, help="The campaign as a whole was wrong.")
def decide(
    appeal_id: str, outcome: str, database: str, by: str, told: str, note: str, *, campaign: bool
) -> None:
    """Decide APPEAL_ID: grant takes the decision back, uphold lets it stand."""
    from stillwatch.stop.appeals.desk import Outcome  # noqa: PLC0415
    from stillwatch.stop.appeals.desk import decide as settle  # noqa: PLC0415

    scope: Any = "campaign" if campaign else "account"
    made = Outcome(outcome == "grant", by, note, told, scope)
    found = opened(database).now(settle, appeal_id, made, _now())
    click.echo(f"{found.appeal_id} is {found.state}", err=True)


@command.command("outbox")
@_database
@click.option("--done", "done", multiple=True, type=int, help="Number of a line that was acted on.")
def outbox(database: str, done: tuple[int, ...]) -> None:
    """Print what peers have to be told of outcomes, a JSON object a line.

    Each is to be done with `stillwatch exchange contest` or `recall`, and then named with --done.
    """
    from stillwatch.stop.appeals.desk import delivered, undelivered  # noqa: PLC0415

    store = opened(database)
    if done:
        store.now(delivered, list(done), _now())
        return
    for one in store.now_reading(undelivered, "exchange"):
        click.echo(
            json.dumps({"number": one.number, "appeal": one.appeal_id} | json.loads(one.body))
        )


def _now() -> int:
    return time.time_ns() // 1000
