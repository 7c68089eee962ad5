"""``stillwatch oprf``: be one of the two key operators, or have identifiers evaluated by both."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TextIO

import click

from stillwatch.cli import options
from stillwatch.cli.extras import extra
from stillwatch.cli.oprf_ceremony import ceremony
from stillwatch.errors import RefusedError
from stillwatch.listening import listen

if TYPE_CHECKING:
    import httpx

    from stillwatch.share.oprf import Counters, Member

__all__ = ["command", "open_http", "open_member", "operators"]

_state = click.option(
    "--state",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="The operator's folder.",
)
operators = click.option(
    "--operators",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="TOML file of the exchange's name, and url and key of both operators.",
)
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of lines.")


@click.group("oprf")
def command() -> None:
    """Make pseudonyms of identifiers with a key that two operators share."""
    with extra("share", "pseudonyms need"):
        import stillwatch.share.oprf  # noqa: F401, PLC0415 - help imports no server


command.add_command(ceremony)


@command.command("init")
@click.argument("exchange")
@click.option(
    "--operator", type=click.Choice(["a", "b"]), required=True, help="Which of the two this is."
)
@_state
@click.option(
    "--machine",
    default="",
    help="Folder in which operators of this machine register; by default one of the system's.",
)
def init(exchange: str, operator: Literal["a", "b"], state: Path, machine: str) -> None:
    """Make an operator's folder for EXCHANGE, and print its public key."""
    from stillwatch.share.oprf import create, register  # noqa: PLC0415

    home = create(state, exchange, operator, machine)
    register(home)
    click.echo(home.key.public.encode())


@command.command("serve")
@_state
@options.listening(8717)
def serve(state: Path, host: str, port: int, tls: tuple[Path, Path] | None) -> None:
    """Answer members until told to end; the URL is the first line printed."""
    from stillwatch.share.oprf import Home, Operator  # noqa: PLC0415
    from stillwatch.share.oprf.server import serve as run  # noqa: PLC0415

    operator = Operator(Home.read(state))
    run(operator, listen(host, port, tls), time.time, tls=tls, announce=click.echo)


@command.command("evaluate")
@click.argument("values", type=click.File("r", encoding="utf-8"), default="-")
@operators
@click.option(
    "--key",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="The member's signing key, which both operators know.",
)
@click.option(
    "--type",
    "kind",
    type=click.Choice(["email", "phone", "par"]),
    required=True,
    help="Type of the identifiers.",
)
@click.option(
    "--purpose",
    type=click.Choice(["suspicion", "sign-up", "payment-change"]),
    default="suspicion",
    show_default=True,
    help="What for; email and phone for suspicion alone.",
)
@click.option("--epoch", type=int, help="Epoch; by default the one to publish under.")
@click.option(
    "--patience",
    default=30.0,
    show_default=True,
    type=click.FloatRange(0, 86_400),
    help="Seconds to go on asking an operator that does not answer.",
)
@_json
def evaluate(
    values: TextIO,
    operators: Path,
    key: Path,
    kind: str,
    purpose: str,
    epoch: int | None,
    patience: float,
    *,
    as_json: bool,
) -> None:
    """Print the pseudonyms of the identifiers in VALUES, a line each, in order.

    The identifiers do not leave this machine, and are not printed.
    """
    given = [line.rstrip("\r\n") for line in values if line.strip()]
    with open_http() as http:
        member = open_member(operators, key, http, patience)
        for made in member.evaluate(kind, given, purpose=purpose, epoch=epoch):
            click.echo(json.dumps(asdict(made)) if as_json else made.value)


@command.command("counters")
@operators
@click.option(
    "--key",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A member's signing key: compare what is counted of this member alone.",
)
@_json
def counters(operators: Path, key: Path | None, *, as_json: bool) -> None:
    """Compare what both operators say that they evaluated; they must agree.

    Ends with exit code 12 where they do not.
    """
    with open_http() as http:
        first, second = open_member(operators, key, http, 0.0).counters(own=key is not None)
    rows = _side_by_side(first, second)
    if as_json:
        click.echo(json.dumps(rows))
    else:
        click.echo(f"{'epoch':>5}  {'type':5}  {'a':>12}  {'b':>12}")
        for row in rows:
            click.echo(f"{row['epoch']:5}  {row['type']:5}  {row['a']:12,}  {row['b']:12,}")
    apart = [row for row in rows if row["a"] != row["b"]]
    if apart:  # P-7
        raise RefusedError(
            "P-7",
            "the operators' counters do not agree",
            where=f"{apart[0]['type']} in epoch {apart[0]['epoch']}",
            todo="a batch that one never answered explains a little; more means that one of them "
            "evaluates what the other does not see: compare their audit logs",
        )


@command.command("audit")
@_state
@click.option(
    "--since", type=click.DateTime(["%Y-%m-%d"]), help="First day to print, UTC; by default all."
)
def audit(state: Path, since: datetime | None) -> None:
    """Verify an operator's audit log and print it as JSON lines."""
    from stillwatch.share.oprf import audit as entries  # noqa: PLC0415
    from stillwatch.share.oprf import connected  # noqa: PLC0415

    first = 0 if since is None else int(since.replace(tzinfo=UTC).timestamp())
    with connected(state / "operator.db") as database:
        for entry in entries(database, first):
            click.echo(json.dumps(asdict(entry)))


@command.command("quotas")
@_json
def quotas(*, as_json: bool) -> None:
    """Say how long guesses take under the default quotas."""
    from stillwatch.share.oprf import quota_table  # noqa: PLC0415

    rows = quota_table()
    if as_json:
        click.echo(json.dumps([asdict(row) for row in rows]))
        return
    click.echo(f"{'type':5}  {'of':10}  {'a day':>10}  {'an epoch':>11}  days for 10^6, 10^10")
    for row in rows:
        click.echo(
            f"{row.kind:5}  {row.of:10}  {row.day:10,}  {row.epoch:11,}  "
            f"{row.million:,}, {row.ten_billion:,}"
        )


def open_http() -> httpx.Client:
    """Return what makes requests to operators."""
    import httpx  # noqa: PLC0415 - help imports no client

    return httpx.Client(timeout=30.0, follow_redirects=False)


def open_member(
    addresses: Path,
    key: Path | None,
    http: httpx.Client,
    patience: float,
    log: Path | None = None,
) -> Member:
    """Return a member that asks both operators.

    Args:
        addresses: TOML file of both.
        key: the member's signing key; None where nothing is signed.
        http: makes requests.
        patience: seconds to go on asking one that does not answer.
        log: folder of the exchange's member, whose log must hold the records of epochs.
    """
    from stillwatch.ledger import SigningKey  # noqa: PLC0415
    from stillwatch.share.oprf import Member, read_operators  # noqa: PLC0415

    exchange, both = read_operators(addresses)
    # counters of all members are read unsigned, so that no key of a member is needed
    signer = SigningKey.generate("nobody") if key is None else SigningKey.read(key)
    return Member(exchange, both, signer, http, patience=patience, logged=_logged(log))


def _logged(folder: Path | None) -> list[bytes] | None:
    """Return the ceremonies that the log of a member's exchange holds, as it was last pulled."""
    if folder is None:
        return None
    from stillwatch.share.exchange.membership import Home  # noqa: PLC0415
    from stillwatch.share.exchange.store import Store  # noqa: PLC0415

    home = Home(folder)
    home.membership()
    store = Store(home.database)
    try:
        return store.ceremonies()
    finally:
        store.close()


def _side_by_side(first: Counters, second: Counters) -> list[dict[str, int | str]]:
    a, b = ({(c.epoch, c.kind): c.elements for c in held.counters} for held in (first, second))
    return [
        {"epoch": epoch, "type": kind, "a": a.get((epoch, kind), 0), "b": b.get((epoch, kind), 0)}
        for epoch, kind in sorted(a.keys() | b.keys())
    ]
