"""``stillwatch exercise``: would a campaign in this log have been seen, and when?"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from stillwatch.cli import options
from stillwatch.cli.log_input import counted, read_secret
from stillwatch.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

    from stillwatch.find.sources import ColumnMapping
    from stillwatch.records import ScanResult

__all__ = ["command"]


@click.command("exercise")
@click.argument("exchanges")
@options.accounts
@click.option("--adversary", default="low-wide", show_default=True, help="One of the simulator's.")
@click.option("--size", default=60, show_default=True, help="Accounts of the campaign, about.")
@click.option("--requests", default=20, show_default=True, help="Mean exchanges of each.")
@click.option("--seed", default=0, show_default=True, help="Same seed, same campaign.")
@options.step
@options.mapping
@options.format_name
@options.key_file("Secret that keys all hashes.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
def command(
    *,
    exchanges: str,
    accounts: str | None,
    adversary: str,
    size: int,
    requests: int,
    seed: int,
    step: int,
    map_: ColumnMapping | None,
    format_: str | None,
    key_file: Path | None,
    as_json: bool,
) -> None:
    """Put a marked, made-up campaign into a copy of EXCHANGES and say whether a scan sees it.

    Nothing is written and no verdict leaves the command: it is a drill in memory.
    """
    from stillwatch.find.sources import Quarantine  # noqa: PLC0415

    for name, value, most in (("--size", size, 100_000), ("--requests", requests, 100_000)):
        if not 1 <= value <= most:
            raise ConfigurationError(f"{name} {value} is out of range", todo=f"give 1 to {most:,}")
    with Quarantine(None) as quarantine:
        from stillwatch.find.sources import open_exchanges, read_accounts  # noqa: PLC0415

        source = open_exchanges(exchanges, mapping=map_, quarantine=quarantine, format=format_)
        table = None
        if accounts is not None:
            table = read_accounts(accounts, mapping=map_, quarantine=quarantine)
        said = _drill(
            counted(source.batches(), quarantine, exchanges),
            table,
            source.account_type,
            {"adversary": adversary, "accounts": size, "requests": requests, "seed": seed},
            step=step,
            key=read_secret(key_file),
        )
    click.echo(json.dumps(said) if as_json else _told(said))


def _drill(
    batches: Any,  # noqa: ANN401 - an iterator of record batches
    accounts: pa.Table | None,
    account_type: pa.DataType,
    asked: dict[str, Any],
    *,
    step: int,
    key: bytes,
) -> dict[str, Any]:
    """Scan the log with the campaign in it; return what became of it."""
    import numpy as np  # noqa: PLC0415
    import pyarrow as pa  # noqa: PLC0415

    from stillwatch.find.campaigns import Settings, observe_all, scan  # noqa: PLC0415
    from stillwatch.find.features.hashing import key_from_secret  # noqa: PLC0415
    from stillwatch.find.features.rows import HOUR  # noqa: PLC0415
    from stillwatch.find.sources import align_account_ids  # noqa: PLC0415
    from stillwatch.records import utc  # noqa: PLC0415
    from stillwatch.worlds.exercise import make_exercise  # noqa: PLC0415

    number = key_from_secret(key)
    observed = list(observe_all(batches, key=number))
    times = [np.asarray(batch.column("time")) for batch in observed]
    first, last = utc(min(int(t.min()) for t in times)), utc(max(int(t.max()) for t in times))
    used = pa.chunked_array([batch.column("model") for batch in observed]).value_counts()
    ranked = sorted(used.to_pylist(), key=lambda one: (-one["counts"], one["values"]))
    made = make_exercise(
        **asked,
        first=first,
        last=last,
        models=[one["values"] for one in ranked],
        account_type=account_type,
    )
    drill = list(observe_all(iter(made.exchanges.to_batches(65_536)), key=number))
    tables = [made.accounts]
    if accounts is not None:
        tables.insert(0, align_account_ids(accounts, account_type))
        tables[1] = tables[1].select(
            [n for n in tables[1].schema.names if n in tables[0].schema.names]
        )
    result, _ = scan(
        [*observed, *drill],
        pa.concat_tables(tables, promote_options="permissive") if accounts is not None else None,
        settings=Settings(step=step * HOUR, key=number),
        observed=True,
    )
    return _outcome(result, made.exchanges, asked)


def _outcome(result: ScanResult, exchanges: pa.Table, asked: dict[str, Any]) -> dict[str, Any]:
    ids = set(exchanges["account_id"].to_pylist())
    seen = [c for c in result.campaigns if len(ids & c.members.keys()) * 2 > len(c.members)]
    at = {v.account_id: v.flagged_at for v in result.verdicts if v.account_id in ids}
    flagged = {account: time for account, time in at.items() if time is not None}
    pairs = zip(exchanges["account_id"].to_pylist(), exchanges["time"].to_pylist(), strict=True)
    before = sum(account not in flagged or time < flagged[account] for account, time in pairs)
    begun = min(exchanges["time"].to_pylist())
    declared = min((c.declared_at for c in seen), default=None)
    return {
        **asked,
        "accounts": len(ids),
        "exchanges": exchanges.num_rows,
        "begun": begun.isoformat(),
        "seen": declared is not None,
        "declared_at": None if declared is None else declared.isoformat(),
        "hours": None if declared is None else round((declared - begun).total_seconds() / 3600, 1),
        "flagged": len(flagged),
        "leaked_share": round(before / exchanges.num_rows, 4),
        "customers_flagged_with_it": sum(len(c.members.keys() - ids) for c in seen),
    }


def _told(said: dict[str, Any]) -> str:
    what = (
        f"{said['adversary']}: {said['accounts']:,} accounts, {said['exchanges']:,} exchanges, "
        f"begun {said['begun']}"
    )
    if not said["seen"]:
        return f"{what}\nnot seen: everything would have leaked"
    return (
        f"{what}\nseen after {said['hours']:,} hours, at {said['declared_at']}: "
        f"{said['flagged']:,} accounts flagged, {said['leaked_share']:.0%} of the exchanges "
        "leaked before, "
        f"{said['customers_flagged_with_it']:,} of your accounts flagged with it"
    )
