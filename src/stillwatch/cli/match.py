"""``stillwatch match``: find known actors' accounts in an exchange log."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from stillwatch.cli import options
from stillwatch.cli.log_input import opened, read_secret
from stillwatch.errors import ConfigurationError, IncompatibleObservationsError

if TYPE_CHECKING:
    from stillwatch.find.signatures import Matches, Signature
    from stillwatch.find.sources import ColumnMapping, Quarantine

__all__ = ["command"]

_SHOWN = 20


@click.command("match")
@click.argument("signatures", type=click.Path(path_type=Path))
@click.argument("exchanges")
@click.option("--accounts", help="Account table: its licensed accounts are left out.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Output folder.",
)
@click.option(
    "--prior",
    default=0.01,
    show_default=True,
    help="Share of all accounts that may belong to any of the actors.",
)
@click.option(
    "--threshold", default=0.9, show_default=True, help="Probability from which on it is a match."
)
@options.key_file("Secret that keys all hashes, that of the signatures. Observations have theirs.")
@options.mapping
@options.format_name
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def command(
    *,
    signatures: Path,
    exchanges: str,
    accounts: str | None,
    out: Path,
    prior: float,
    threshold: float,
    key_file: Path | None,
    map_: ColumnMapping | None,
    format_: str | None,
    as_json: bool,
) -> None:
    """Find the accounts in EXCHANGES that belong to the actors of SIGNATURES.

    SIGNATURES is a folder of signatures or one file; EXCHANGES is what `stillwatch scan` takes.
    """
    from stillwatch.find.sources import Quarantine  # noqa: PLC0415

    for name, value in (("--prior", prior), ("--threshold", threshold)):
        if not 0 < value < 1:
            raise ConfigurationError(
                f"{name} {value} is no probability", todo="give one between 0 and 1"
            )
    with Quarantine(out) as quarantine:
        found = run(
            signatures,
            exchanges,
            out,
            quarantine=quarantine,
            accounts=accounts,
            key=read_secret(key_file),
            mapping=map_,
            format_=format_,
            prior=prior,
            threshold=threshold,
        )
    _say(found, out, as_json=as_json)


def run(
    signatures: Path,
    exchanges: str,
    out: Path,
    *,
    quarantine: Quarantine,
    accounts: str | None = None,
    key: bytes = b"",
    mapping: ColumnMapping | None = None,
    format_: str | None = None,
    prior: float = 0.01,
    threshold: float = 0.9,
) -> Matches:
    """Read, match and write; the command's work."""
    from stillwatch.find.features.hashing import key_from_secret  # noqa: PLC0415
    from stillwatch.find.features.log import build_log  # noqa: PLC0415
    from stillwatch.find.signatures import match  # noqa: PLC0415
    from stillwatch.find.sources import align_account_ids, read_accounts  # noqa: PLC0415
    from stillwatch.report.documents.matches import write_matches  # noqa: PLC0415

    known = _known(signatures)
    source = opened(
        exchanges,
        quarantine=quarantine,
        key=key_from_secret(key),
        mapping=mapping,
        format_=format_,
    )
    table = None
    if accounts is not None:
        given = read_accounts(accounts, mapping=mapping, quarantine=quarantine)
        table = align_account_ids(given, source.account_type)
    _same_key(known[0], source.key, exchanges)  # said before the log is read
    log = build_log(source.batches, table)
    found = match(log, source.key, known, prior=prior, threshold=threshold)
    write_matches(found, out, source.account_type, [item.campaign for item in known])
    return found


def _known(location: Path) -> tuple[Signature, ...]:
    """Return the signatures of a folder or a file, at least one."""
    from stillwatch.find.signatures import Store, read_signature  # noqa: PLC0415

    known = (read_signature(location),) if location.is_file() else Store(location).signatures
    if not known:
        raise ConfigurationError(
            "there is no signature to look for",
            where=str(location),
            todo="`stillwatch signatures import` puts those of a scan into a folder",
        )
    return known


def _same_key(signature: Signature, fingerprint: str, where: str) -> None:
    if signature.key != fingerprint:
        raise IncompatibleObservationsError(
            f"the signatures were made with key {signature.key}, "
            f"the exchanges are observed with {fingerprint}",
            where=where,
            todo="give the key file of the signatures with --key-file, "
            "or observe again with that key",
        )


def _say(found: Matches, out: Path, *, as_json: bool) -> None:
    matched = [item for item in found.found if item.matched]
    if as_json:
        click.echo((out / "matches.json").read_text("utf-8"), nl=False)
        return
    from stillwatch.report.documents.visible import shorten  # noqa: PLC0415

    click.echo(
        f"{found.accounts:,} accounts: {len(matched):,} matched, "
        f"{found.expected_false:.1f} of them expected to be wrong, "
        f"{len(found.found) - len(matched):,} more to look at"
    )
    for item in matched[:_SHOWN]:
        click.echo(
            f"  {100 * item.known:5.1f} %  {item.campaign}  {shorten(item.account_id, 60)}  "
            f"{item.styled:,} of {item.exchanges:,} exchanges in its words"
        )
    click.echo(f"all matches: {out / 'matches.parquet'}", err=True)
