"""``stillwatch lineage test`` and ``report``: what the answers show, and how it is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stillwatch.cli.lineage_query import (
    folder_argument,
    read_trust,
    roots_option,
    signed_by_option,
)
from stillwatch.errors import ConfigurationError, OutputError

if TYPE_CHECKING:
    from stillwatch.prove.lineage import Results

__all__ = ["report", "test"]

_FILE = click.Path(path_type=Path, dir_okay=False)
_KINDS = {".txt": "text", ".md": "markdown", ".html": "html", ".pdf": "pdf"}


@click.command("test")
@folder_argument
@click.option(
    "--draft", type=_FILE, required=True, help="What the plan was made of: it names keys and files."
)
@signed_by_option
@roots_option
@click.option("--labels", type=_FILE, help="JSON Lines: which answers are refusals.")
@click.option("--openings", type=_FILE, help="Lines that open commitments to canaries.")
@click.option(
    "--look",
    type=click.IntRange(1),
    help="Stop after this look, of a plan of `looks` alone; answers may still be open.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the results instead of a table.")
def test(
    folder: Path,
    draft: Path,
    signed_by: tuple[str, ...],
    roots: tuple[Path, ...],
    labels: Path | None,
    openings: Path | None,
    look: int | None,
    *,
    as_json: bool,
) -> None:
    """Do the tests of the plan in FOLDER on its transcripts, and write results.json.

    Suspects and controls are tested alike. What differs from the plan, or was asked before it was
    committed, is refused by its number.
    """
    from stillwatch.disk import read_small, write_whole  # noqa: PLC0415
    from stillwatch.prove.lineage.drafts import read_draft  # noqa: PLC0415
    from stillwatch.prove.lineage.folder import RESULTS, Folder  # noqa: PLC0415
    from stillwatch.prove.lineage.trial import read_labels, try_plan  # noqa: PLC0415

    opened = Folder(folder)
    committed = opened.committed(*read_trust(signed_by, roots))
    lines = read_small(openings, "the openings", 1 << 28).splitlines() if openings else []
    results = try_plan(
        opened,
        read_draft(draft),
        committed,
        labels=read_labels(labels) if labels else None,
        openings=lines,
        looked=look,
    )
    try:
        write_whole(folder / RESULTS, results.encode())
    except OSError as error:
        raise OutputError(
            f"the results cannot be written: {error.strerror}",
            where=str(folder),
            todo="make room, or check the folder's mode",
        ) from error
    if as_json:
        click.echo(results.encode().decode())
    else:
        _say(results)


def _say(results: Results) -> None:
    from stillwatch.prove.lineage.reporting import shown  # noqa: PLC0415
    from stillwatch.prove.lineage.reporting.document import power  # noqa: PLC0415

    for row in results.results:
        held = json.loads(json.dumps({name: getattr(row, name, None) for name in _SHOWN}))
        place = held["rank_among"] or (held["rank"] and [held["rank"], held["among"]])
        words = [
            shown(row.subject),
            row.test,
            shown(held["key"] or "-"),
            f"p = {power(row.log10_p)}",
            f"rank {place[0]:,} of {place[1]:,}" if place else "no rank",
            "FOUND" if row.found else "not enough data" if held["not_enough_data"] else "",
        ]
        click.echo("  ".join(words).rstrip())


_SHOWN = ("key", "rank_among", "rank", "among", "not_enough_data")


@click.command("report")
@folder_argument
@click.option("--out", type=_FILE, help="File of .md, .html, .pdf or .txt.")
@click.option(
    "--examples",
    type=click.IntRange(0, 100),
    default=0,
    show_default=True,
    help="Answers of each suspect to print.",
)
def report(folder: Path, out: Path | None, examples: int) -> None:
    """Tell what the results in FOLDER show and what they do not, with methods and controls.

    Without --out it is printed as text.
    """
    from stillwatch.disk import write_whole  # noqa: PLC0415
    from stillwatch.prove.lineage.folder import Folder  # noqa: PLC0415
    from stillwatch.prove.lineage.reporting import report_of  # noqa: PLC0415

    opened = Folder(folder)
    if out is None:
        click.echo(report_of(opened, "text", examples).decode(), nl=False)
        return
    if out.suffix not in _KINDS:
        raise ConfigurationError(
            "the file's ending tells no format", where=str(out), todo="use .md, .html, .pdf or .txt"
        )
    raw = report_of(opened, _KINDS[out.suffix], examples)
    try:
        write_whole(out, raw)
    except OSError as error:
        raise OutputError(
            f"the report cannot be written: {error.strerror}",
            where=str(out),
            todo="name a file in a folder that you can write to",
        ) from error
