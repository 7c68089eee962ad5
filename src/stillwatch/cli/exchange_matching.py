"""``stillwatch exchange match``: what peers' indicators say of own accounts."""

from __future__ import annotations

import json
import secrets
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stillwatch.cli import options
from stillwatch.cli.exchange_options import (
    approve_option,
    as_json_option,
    home_option,
    opened_member,
)

if TYPE_CHECKING:
    import pyarrow as pa

    from stillwatch.find.sources import ColumnMapping
    from stillwatch.share.exchange.guard import HeldBack
    from stillwatch.share.exchange.intelligence import Intelligence
    from stillwatch.share.exchange.matching import Weighted
    from stillwatch.share.exchange.member import Member
    from stillwatch.share.exchange.own import Own

__all__ = ["match"]


@click.command("match")
@click.argument("exchanges", required=False)
@home_option
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Output folder.",
)
@options.accounts
@options.key_file("The epoch's sketch key, that of the hashes. Observations have theirs.")
@click.option(
    "--pseudonyms",
    help="Table of account_id, type, epoch and pseudonym of own accounts: Parquet or JSON Lines.",
)
@click.option(
    "--benign",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File of account ids that were verified as benign, one a line.",
)
@click.option(
    "--bound",
    default=0.001,
    show_default=True,
    type=click.FloatRange(0, 1),
    help="Share of these that an indicator may hit before it is held back.",
)
@options.mapping
@options.format_name
@approve_option
@as_json_option
def match(
    exchanges: str | None,
    home: Path,
    out: Path,
    accounts: str | None,
    key_file: Path | None,
    pseudonyms: str | None,
    benign: Path | None,
    bound: float,
    map_: ColumnMapping | None,
    format_: str | None,
    approved_by: str,
    *,
    as_json: bool,
) -> None:
    """Write which accounts of EXCHANGES peers' indicators fit, for `scan --intelligence`.

    EXCHANGES is what `stillwatch scan` takes. With --approve, the authors of indicators that are
    held back are told so.
    """
    from stillwatch.share.exchange.guard import guarded  # noqa: PLC0415 - help imports no kernel
    from stillwatch.share.exchange.intelligence import (  # noqa: PLC0415
        together,
        write_intelligence,
    )
    from stillwatch.share.exchange.own import read_accounts_of, read_pseudonyms  # noqa: PLC0415

    with opened_member(home) as member:
        weighted = member.weighted()
        rows: list[Intelligence] = []
        account_type: pa.DataType | None = None
        if exchanges is not None:
            rows, account_type = _in_log(
                weighted, exchanges, out, accounts, key_file, map_, format_
            )
        if pseudonyms is not None:
            found, kind = _in_pseudonyms(weighted, read_pseudonyms(pseudonyms))
            rows += found
            account_type = account_type or kind
        known = [] if benign is None else read_accounts_of(benign, account_type)
        rows, held = guarded(rows, known, bound=bound)
        path = out / "intelligence.parquet"
        write_intelligence([*rows, *together(rows)], path, account_type)
        _hold(member, held, approved_by)
    _say(rows, held, path, len(weighted), as_json=as_json)


def _in_log(
    weighted: list[Weighted],
    exchanges: str,
    out: Path,
    accounts: str | None,
    key_file: Path | None,
    mapping: ColumnMapping | None,
    format_: str | None,
) -> tuple[list[Intelligence], pa.DataType]:
    from stillwatch.cli.log_input import opened, read_secret  # noqa: PLC0415
    from stillwatch.find.features.hashing import key_from_secret  # noqa: PLC0415
    from stillwatch.find.features.log import build_log  # noqa: PLC0415
    from stillwatch.find.sources import (  # noqa: PLC0415
        Quarantine,
        align_account_ids,
        read_accounts,
    )
    from stillwatch.share.exchange.matching import match_log  # noqa: PLC0415

    secret = read_secret(key_file)
    number = key_from_secret(secret)
    with Quarantine(out) as quarantine:
        given = opened(
            exchanges, quarantine=quarantine, key=number, mapping=mapping, format_=format_
        )
        table = None
        if accounts is not None:
            table = align_account_ids(
                read_accounts(accounts, mapping=mapping, quarantine=quarantine), given.account_type
            )
        log = build_log(given.batches, table)
    if not secret:
        click.echo("without --key-file, of all in the log systems alone are looked up", err=True)
    rows = match_log(log, given.key, weighted, seed=secrets.randbits(64), secret=secret)
    return rows, given.account_type


def _in_pseudonyms(weighted: list[Weighted], own: Own) -> tuple[list[Intelligence], pa.DataType]:
    from stillwatch.share.exchange.matching import match_pseudonyms  # noqa: PLC0415

    return match_pseudonyms(weighted, own.parts), own.account_type


def _hold(member: Member, held: list[HeldBack], approved_by: str) -> None:
    from stillwatch.share.objects import Indicator, new_sighting  # noqa: PLC0415

    words = []
    for one in held:
        now = time.time()
        member.store.hold_back(one.indicator, share=one.share, hit=one.hit, now=now)
        item = member.store.newest(one.indicator)
        if isinstance(item, Indicator) and approved_by.strip():
            words.append(
                new_sighting(
                    item,
                    "false-positive",
                    author=member.id,
                    now=now,
                    number=secrets.token_bytes(16),
                    grounds="benign-population",
                )
            )
    if words:
        member.publish(words, approved_by=approved_by.strip())


def _say(
    rows: list[Intelligence], held: list[HeldBack], path: Path, many: int, *, as_json: bool
) -> None:
    accounts = len({row.account_id for row in rows})
    if as_json:
        document = {
            "indicators": many,
            "accounts": accounts,
            "rows": len(rows),
            "held_back": [one.indicator for one in held],
            "intelligence": str(path),
        }
        click.echo(json.dumps(document))
        return
    click.echo(f"{accounts:,} accounts fit {len({row.indicator for row in rows}):,} of {many:,}")
    for one in held:
        click.echo(
            f"held back: {one.indicator} hits {one.hit} verified accounts ({one.share:.2%})",
            err=True,
        )
    click.echo(f"all of them: {path}", err=True)
