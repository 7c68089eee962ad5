"""``stillwatch report executive|transparency``: one page for those who pay, and one for all."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from stillwatch.cli.report_options import (
    Output,
    as_json,
    in_a_form,
    measures_option,
    needing,
    opened_templates,
    put,
    put_paper,
    read_scan,
    results_option,
)
from stillwatch.errors import ConfigurationError

__all__ = ["executive", "transparency"]

_file = click.Path(path_type=Path, dir_okay=False)


@click.command("executive")
@results_option
@in_a_form("html", "pdf", "md")
@click.option(
    "--earlier",
    type=click.Path(path_type=Path, file_okay=False),
    help="Output folder of an earlier scan, to compare with.",
)
@measures_option
def executive(results: Path, output: Output, earlier: Path | None, measures: Path | None) -> None:
    """Write one page: damage and cost as ranges, trend, what was done, what is not known."""
    from stillwatch.report.statements.executive import executive_facts  # noqa: PLC0415
    from stillwatch.report.statements.measures import read_measures  # noqa: PLC0415

    scan = read_scan(results)
    facts = executive_facts(
        scan,
        None if measures is None else read_measures(measures),
        earlier=None if earlier is None else read_scan(earlier),
    )
    put_paper("executive", facts, output, opened_templates(output), scan.as_of)


@click.command("transparency")
@click.option("--from", "start", required=True, help="First day or time, UTC.")
@click.option("--to", "end", required=True, help="First day or time after the period, UTC.")
@click.option(
    "--results",
    type=click.Path(path_type=Path, file_okay=False),
    multiple=True,
    required=True,
    help="Output folder of a scan; may be repeated.",
)
@measures_option
@click.option("--appeals", help="Database of the desk: sqlite:///path or postgresql://…")
@click.option("--reviews", type=_file, help="JSON Lines of what people found of flagged accounts.")
@click.option(
    "--evaluation",
    "evaluations",
    type=_file,
    multiple=True,
    help="Output of `stillwatch evaluate --json`; may be repeated.",
)
@click.option(
    "--below",
    default=5,
    show_default=True,
    type=click.IntRange(1, 1000),
    help="Smallest count of people that is published.",
)
@in_a_form("html", "pdf", "md", "json", "csv", named="--format")
def transparency(
    start: str,
    end: str,
    results: tuple[Path, ...],
    output: Output,
    measures: Path | None,
    appeals: str | None,
    reviews: Path | None,
    evaluations: tuple[Path, ...],
    below: int,
) -> None:
    """Write a report to the public over a period.

    Only what was counted or measured is in it; without a record, it says that nothing is known.
    """
    with needing("serve"):
        from stillwatch.report.statements.measures import read_measures  # noqa: PLC0415
        from stillwatch.report.statements.reviewed import (  # noqa: PLC0415
            appeals_between,
            read_reviews,
        )
        from stillwatch.report.statements.transparency import (  # noqa: PLC0415
            Given,
            Period,
            read_evaluation,
            transparency_facts,
            transparency_rows,
        )
        from stillwatch.store import Database  # noqa: PLC0415

    period = Period(_day(start), _day(end))
    if period.end <= period.start:
        raise ConfigurationError("the period ends before it begins", where=f"--from {start}")
    held = None
    if appeals:
        database = Database(appeals)
        click.get_current_context().call_on_close(database.close)
        held = database.now_reading(appeals_between, period.start, period.end)
    given = Given(
        scans=[read_scan(folder) for folder in results],
        applied=None if measures is None else read_measures(measures),
        appeals=held,
        reviews=None if reviews is None else read_reviews(reviews, period.start, period.end),
        evaluations=[read_evaluation(path) for path in evaluations],
    )
    facts = transparency_facts(period, given, below)
    if given.reviews is not None and given.reviews.unreadable:
        click.echo(f"{given.reviews.unreadable} lines of the reviews cannot be read", err=True)
    if output.form == "json":
        put(as_json(facts), output)
    elif output.form == "csv":
        put("".join(transparency_rows(facts)), output)
    else:
        put_paper("transparency", facts, output, opened_templates(output), period.end)


def _day(text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigurationError(
            "not a day or time of ISO 8601", where=ascii(text)[:80], todo="write 2026-09-01"
        ) from error
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
