"""``stillwatch observe``: exchanges in, keyed observations out, and no prompt kept."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stillwatch.cli import options
from stillwatch.cli.log_input import counted, read_secret
from stillwatch.errors import ConfigurationError
from stillwatch.listening import tls_pair

if TYPE_CHECKING:
    from stillwatch.find.features.files import Written
    from stillwatch.find.sources import ColumnMapping, Quarantine

__all__ = ["command"]

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("observe")
@click.argument("exchanges", required=False)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Folder for the observations; those in it are replaced when the run ends well.",
)
@options.key_file(
    "Secret that keys all hashes; the same for all observations that are scanned together."
)
@click.option("--unkeyed", is_flag=True, help="Do without a key: addresses can be found by trial.")
@options.mapping
@options.format_name
@click.option("--otlp-listen", help="Receive OTLP/HTTP here, such as 127.0.0.1:4318, until ended.")
@click.option(
    "--segment-seconds",
    type=click.FloatRange(min=0, min_open=True),
    default=60.0,
    show_default=True,
    help="Seconds after which what was received is written and can be scanned.",
)
@click.option(
    "--segment-exchanges",
    type=click.IntRange(min=1),
    default=100_000,
    show_default=True,
    help="Exchanges after which it is written sooner.",
)
@click.option("--tls-certificate", type=_FILE, help="PEM file; asked for beyond loopback.")
@click.option("--tls-key", type=_FILE, help="PEM file of the certificate's key.")
@click.option(
    "--token-file",
    type=_FILE,
    help="File of the bearer token that senders must show; asked for beyond loopback.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def command(
    *,
    exchanges: str | None,
    out: Path,
    key_file: Path | None,
    unkeyed: bool,
    map_: ColumnMapping | None,
    format_: str | None,
    otlp_listen: str | None,
    segment_seconds: float,
    segment_exchanges: int,
    tls_certificate: Path | None,
    tls_key: Path | None,
    token_file: Path | None,
    as_json: bool,
) -> None:
    """Write keyed observations of EXCHANGES, from which `stillwatch scan` works alone.

    EXCHANGES is what `stillwatch scan` takes, or - for JSON Lines from standard input. An
    observation holds ids, times, counts and keyed hashes, and no prompt.

    With --otlp-listen, GenAI spans and events are received in place of EXCHANGES, and what is
    observed of them is added to the folder a segment at a time.
    """
    if (key_file is None) != unkeyed:
        raise ConfigurationError(
            "--key-file and --unkeyed are both given" if unkeyed else "--key-file is missing",
            todo="give a file with a long random secret, or --unkeyed",
        )
    if (exchanges is None) != (otlp_listen is not None) or (otlp_listen and format_):
        raise ConfigurationError(
            "exchanges come either from EXCHANGES or over --otlp-listen",
            todo="name a log, or give --otlp-listen without EXCHANGES and --format",
        )
    key = read_secret(key_file)
    if exchanges is not None:
        _observe(exchanges, out, key, map_, format_, as_json=as_json)
        return
    from stillwatch.cli.otlp import Listening, receive  # noqa: PLC0415
    from stillwatch.find.features.hashing import key_from_secret  # noqa: PLC0415

    token = None if token_file is None else read_secret(token_file, "the token file")
    totals, bad = receive(
        Listening(otlp_listen or "", tls_pair(tls_certificate, tls_key), token),
        out,
        key=key_from_secret(key),
        mapping=map_,
        seconds=segment_seconds,
        exchanges=segment_exchanges,
    )
    if as_json:
        click.echo(json.dumps({"out": str(out), **asdict(totals), "rejected": bad}))
        return
    click.echo(f"{totals.exchanges:,} exchanges observed in {totals.segments:,} segments of {out}")
    if bad:
        click.echo(f"{bad:,} spans or events could not be used", err=True)


def _observe(
    exchanges: str,
    out: Path,
    key: bytes,
    mapping: ColumnMapping | None,
    format_: str | None,
    *,
    as_json: bool,
) -> None:
    from stillwatch.find.sources import Quarantine  # noqa: PLC0415

    with Quarantine(out) as quarantine:
        written = run(
            exchanges, out, quarantine=quarantine, key=key, mapping=mapping, format_=format_
        )
    bad = sum(quarantine.rows("exchanges").values())
    if as_json:
        click.echo(json.dumps({"out": str(out), **asdict(written), "quarantined": bad}))
        return
    click.echo(
        f"{written.exchanges:,} exchanges of {written.days:,} days observed, "
        f"{written.size / 2**20:,.1f} MiB in {out}"
    )
    if bad:
        click.echo(f"{bad:,} rows of exchanges are in {out / 'quarantine'}", err=True)


def run(
    exchanges: str,
    out: Path,
    *,
    quarantine: Quarantine,
    key: bytes,
    mapping: ColumnMapping | None = None,
    format_: str | None = None,
) -> Written:
    """Read, observe and write; the command's work, also used by benchmarks."""
    from stillwatch.find.campaigns import observe_all  # noqa: PLC0415
    from stillwatch.find.features.files import write_observations  # noqa: PLC0415
    from stillwatch.find.features.hashing import key_from_secret  # noqa: PLC0415
    from stillwatch.find.sources import open_exchanges  # noqa: PLC0415

    number = key_from_secret(key)
    source = open_exchanges(exchanges, mapping=mapping, quarantine=quarantine, format=format_)
    good = counted(source.batches(), quarantine, exchanges)
    return write_observations(observe_all(good, key=number), out, key=number)
