"""``stillwatch backtest``: what would have been flagged when, and what had leaked by then."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stillwatch.cli import options
from stillwatch.cli.log_input import read_secret
from stillwatch.errors import ConfigurationError

if TYPE_CHECKING:
    from stillwatch.find.sources import ColumnMapping
    from stillwatch.records import ScanResult

__all__ = ["command", "history"]

_STEPS = {"1h": 1, "2h": 2, "3h": 3, "4h": 4, "6h": 6, "8h": 8, "12h": 12, "1d": 24}


@click.command("backtest")
@click.argument("exchanges")
@options.accounts
@options.events
@options.tokens
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Folder for the results of a scan, and backtest.csv.",
)
@click.option("--step", default="1h", show_default=True, help="Time between looks: 1h to 12h, 1d.")
@options.alpha
@options.mapping
@options.format_name
@options.key_file("Secret that keys all hashes.")
@click.option("--json", "as_json", is_flag=True, help="Print the history as JSON.")
def command(
    *,
    exchanges: str,
    accounts: str | None,
    events: tuple[str, ...],
    tokens: str | None,
    out: Path,
    step: str,
    alpha: float,
    map_: ColumnMapping | None,
    format_: str | None,
    key_file: Path | None,
    as_json: bool,
) -> None:
    """Replay EXCHANGES look by look and say what would have been flagged when."""
    from stillwatch.cli.scan import run  # noqa: PLC0415
    from stillwatch.find.sources import Quarantine  # noqa: PLC0415
    from stillwatch.report.documents import write_history  # noqa: PLC0415

    if step not in _STEPS:
        raise ConfigurationError(
            f"--step {step!r} is no step", todo=f"use one of {', '.join(_STEPS)}"
        )
    with Quarantine(out) as quarantine:
        result = run(
            exchanges,
            out,
            quarantine=quarantine,
            accounts=accounts,
            events=events,
            tokens=tokens,
            mapping=map_,
            format_=format_,
            key=read_secret(key_file),
            step=_STEPS[step],
            alpha=alpha,
        )
    rows = history(result)
    write_history(rows, out)
    leaked, harvested = sum(c.leaked for c in result.campaigns), _harvested(result)
    share = leaked / harvested if harvested else 0.0
    if as_json:
        said = {"looks": result.looks, "leaked": leaked, "harvested": harvested, "history": rows}
        click.echo(json.dumps(said | {"leaked_share": share}))
        return
    for row in rows:
        click.echo(
            f"{row['time']}  {row['campaign_id']}  {row['event']:8} {row['flagged']:6,} flagged, "
            f"{row['members']:,} in all, {row['leaked']:,} of {row['exchanges']:,} exchanges leaked"
        )
    click.echo(
        f"{len(result.campaigns)} campaigns at {result.looks:,} looks; {leaked:,} of {harvested:,} "
        f"exchanges ({share:.0%}) were over when their campaign was declared"
    )


def _harvested(result: ScanResult) -> int:
    return sum(campaign.exchanges for campaign in result.campaigns)


def history(result: ScanResult) -> list[dict[str, Any]]:
    """Return one row for each look at which a campaign was declared or grew.

    Args:
        result: of a scan.
    """
    rows = []
    for campaign in result.campaigns:
        members = 0
        for time in sorted(set(campaign.flagged_at.values())):
            fresh = sum(at == time for at in campaign.flagged_at.values())
            members += fresh
            rows.append(
                {
                    "time": time.strftime("%Y-%m-%dT%H:%MZ"),
                    "campaign_id": campaign.campaign_id,
                    "event": "declared" if time == campaign.declared_at else "grew",
                    "flagged": fresh,
                    "members": members,
                    "exchanges": campaign.exchanges,
                    "leaked": campaign.leaked,
                }
            )
    return sorted(rows, key=lambda row: (row["time"], row["campaign_id"]))
