"""``stillwatch hub serve``, and what nats-server is to know of its members."""

from __future__ import annotations

import os
from pathlib import Path

import click

from stillwatch.cli import options
from stillwatch.cli.hub_desk import at, now, opened
from stillwatch.errors import ConfigurationError
from stillwatch.listening import listen, url_of

__all__ = ["nats_users", "serve"]

_NATS = "nats.seed"
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("serve")
@at
@options.listening(8717)
@click.option("--origin", help="Scheme and authority under which members reach the hub.")
@click.option(
    "--witness",
    "witnesses",
    nargs=2,
    multiple=True,
    metavar="URL KEY",
    help="A witness that cosigns the log's checkpoints; may be repeated.",
)
@click.option(
    "--oprf-operator",
    "oprf_operators",
    multiple=True,
    metavar="KEY",
    help="Key of a key operator, whose ceremonies go into the log; give both.",
)
@click.option("--nats", default="", help="URL of NATS, through which replicas hear of each other.")
@click.option(
    "--nats-records", is_flag=True, help="Publish records to JetStream, for members that run NATS."
)
@click.option("--nats-ca", type=_FILE, help="Certificates to trust for NATS, PEM.")
@click.option(
    "--tls-members",
    is_flag=True,
    help="Let members show an enrolled certificate in place of signing; needs --tls-certificate.",
)
@click.option("--public-log", is_flag=True, help="Show checkpoint, tiles and entries to everybody.")
@click.option("--basic", is_flag=True, help="Let members with a reading token read by HTTP Basic.")
@click.option(
    "--retention-days",
    default=30,
    show_default=True,
    type=click.IntRange(0, 3650),
    help="Days after the end of its life when an object is erased.",
)
@click.option(
    "--audit-days",
    default=400,
    show_default=True,
    type=click.IntRange(0, 36_500),
    help="Days after which a line of the audit log is erased; 0 for never.",
)
def serve(
    state: Path,
    database: str | None,
    host: str,
    port: int,
    tls: tuple[Path, Path] | None,
    origin: str | None,
    witnesses: tuple[tuple[str, str], ...],
    oprf_operators: tuple[str, ...],
    nats: str,
    nats_ca: Path | None,
    *,
    nats_records: bool,
    tls_members: bool,
    public_log: bool,
    basic: bool,
    retention_days: int,
    audit_days: int,
) -> None:
    """Serve members until told to end; the URL is the first line printed."""
    from stillwatch.ledger import COSIGNATURE, VerifyKey  # noqa: PLC0415
    from stillwatch.share.hub import HubSettings, Witness  # noqa: PLC0415
    from stillwatch.share.hub.serving import serve_hub  # noqa: PLC0415

    if nats_records and not nats:
        raise ConfigurationError("there is no NATS to publish to", todo="give --nats, too")
    if tls_members and tls is None:
        raise ConfigurationError(
            "members cannot show certificates without TLS", todo="give --tls-certificate, too"
        )
    for _, text in witnesses:
        if VerifyKey.decode(text).kind != COSIGNATURE:
            raise ConfigurationError("this is no witness's key", where=text, todo="ask the witness")
    operators = tuple(VerifyKey.decode(text) for text in oprf_operators)
    if len({key.raw for key in operators}) not in {0, 2}:
        raise ConfigurationError("there are two key operators", todo="give both keys, or none")
    desk = opened(state, database)
    listening = listen(host, port, tls)
    url = url_of(listening, tls)
    settings = HubSettings(
        (origin or url).rstrip("/"),
        witnesses=tuple(Witness(*pair) for pair in witnesses),
        oprf_operators=operators,
        nats=nats,
        nats_key=state / _NATS if (state / _NATS).exists() else None,
        nats_ca=nats_ca,
        nats_records=nats_records,
        tls_members=tls_members,
        public_log=public_log,
        basic=basic,
        retention_days=retention_days,
        audit_days=audit_days,
    )
    click.echo(url)
    serve_hub(settings, desk.database, desk.key, listening, tls)


@click.command("nats-users")
@at
def nats_users(state: Path, database: str | None) -> None:
    """Print the account of hub and members for nats-server's configuration.

    Each user is known by its key and may ask for the messages of its own consumer alone. Makes the
    hub's key where there is none. Print again after changes of members, and reload nats-server.
    """
    from stillwatch.share.hub.subjects import users  # noqa: PLC0415
    from stillwatch.share.nkeys import key_file  # noqa: PLC0415

    desk = opened(state, database)
    own = key_file(state / _NATS, os.urandom(32))
    click.echo(users(desk.roster(), desk.key.public.key_id, own, now()), nl=False)
