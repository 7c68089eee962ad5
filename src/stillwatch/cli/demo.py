"""``stillwatch demo``: a small world, its scan, and the truth beside the result."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from stillwatch.cli.demo_lineage import lineage
from stillwatch.cli.demo_tour import tour

if TYPE_CHECKING:
    from stillwatch.worlds.evaluation import Evaluation, Table
    from stillwatch.worlds.evaluation.bounds import Rate

__all__ = ["command"]

_ADVERSARIES = ("residential", "lock-step", "probing", "heavy")
_ACCOUNTS = 1_500
_PREVALENCE = 0.12


@click.group("demo", invoke_without_command=True)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("demo"),
    show_default=True,
    help="New folder for the world and the scan.",
)
@click.option("--exchanges", default=60_000, show_default=True, help="Exchanges of the world.")
@click.option("--seed", default=2, show_default=True, help="Same seed, same world.")
@click.option("--json", "as_json", is_flag=True, help="Write the figures as one JSON object.")
@click.pass_context
def command(context: click.Context, *, out: Path, exchanges: int, seed: int, as_json: bool) -> None:
    """Make a small world, scan it, and print what was found against the truth.

    `stillwatch demo tour` tells the whole story, with three labs, a hub and gateways;
    `stillwatch demo lineage` shows how a copy of a model is proven.
    """
    if context.invoked_subcommand is not None:
        return
    import json  # noqa: PLC0415 (--help stays fast)

    from stillwatch.worlds import evaluation as ev  # noqa: PLC0415

    made = _world(out / "world", exchanges, seed)
    click.echo(f"scanning {out / 'world'}", err=True)
    _scan(out / "world", out / "out")
    result = ev.evaluate(out / "world", out / "out")
    if as_json:
        click.echo(json.dumps(ev.to_json(result), allow_nan=False))
    else:
        click.echo("\n\n".join([f"A made world: {made}", *map(ev.text, _tables(result))]))
        click.echo(f"\nReport: {out / 'out' / 'report.html'}")


for _part in (tour, lineage):
    command.add_command(_part)


def _world(folder: Path, exchanges: int, seed: int) -> str:
    """Make the world; return what it came to."""
    from stillwatch.worlds.simulation.building import Settings, simulate  # noqa: PLC0415

    click.echo(f"making a world of {exchanges:,} exchanges in {folder}", err=True)
    settings = Settings(
        folder,
        exchanges,
        seed,
        accounts=max(100, _ACCOUNTS * exchanges // 60_000),
        adversaries=_ADVERSARIES,
        prevalence=_PREVALENCE,
    )
    (built,) = simulate(settings)
    return (
        f"{built.exchanges:,} exchanges of {built.accounts:,} accounts; "
        f"{built.harvest:,} of the exchanges are harvest"
    )


def _scan(world: Path, out: Path) -> None:
    """Scan the world as its operator would: without its truth."""
    from stillwatch.cli.scan import run  # noqa: PLC0415
    from stillwatch.find.sources import Quarantine  # noqa: PLC0415

    with Quarantine(out) as quarantine:
        run(
            str(world / "exchanges"),
            out,
            quarantine=quarantine,
            accounts=str(world / "accounts.parquet"),
        )


def _tables(result: Evaluation) -> tuple[Table, ...]:
    """Return the campaigns of the truth with what was found of each, and who was accused."""
    from stillwatch.worlds.evaluation import Table  # noqa: PLC0415

    campaigns = Table(
        "Campaigns in it, and what the scan found of each",
        ("campaign", "accounts", "found", "recall", "harvest before declaration", "hours"),
        tuple(
            (
                c.campaign,
                str(c.recall.total),
                str(c.recall.hits),
                _percent(c.recall.share),
                _percent(c.leaked_before_declaration),
                "-" if c.hours_to_declare is None else f"{c.hours_to_declare:.0f}",
            )
            for c in result.campaigns
        ),
    )
    wrong, grey = result.false_positives, result.grey.flagged
    accused = Table(
        "Accounts flagged",
        ("truth", "flagged", "accounts"),
        (
            ("in a campaign", *_counts(result.detection.account_recall)),
            ("grey: not a campaign of the truth, not innocent", *_counts(grey)),
            ("innocent", *_counts(wrong.overall)),
            *(
                (f"  {cohort.name}", *_counts(cohort.rate))
                for cohort in wrong.cohorts
                if cohort.rate.hits
            ),
        ),
    )
    return campaigns, accused


def _counts(rate: Rate) -> tuple[str, str]:
    return f"{rate.hits:,}", f"{rate.total:,}"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.0f} %"
