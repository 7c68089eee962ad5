"""What the commands of ``stillwatch report`` have in common: source, form and place."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stillwatch.disk import write_whole
from stillwatch.errors import ConfigurationError, MissingExtraError, OutputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from stillwatch.report.documents import PublishedScan
    from stillwatch.report.papers import Templates

__all__ = [
    "Output",
    "as_json",
    "in_a_form",
    "measures_option",
    "needing",
    "opened_templates",
    "put",
    "put_paper",
    "read_scan",
    "results_option",
]

_EARLIEST = datetime(1970, 1, 2, tzinfo=UTC)

results_option = click.option(
    "--results",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Output folder of the scan.",
)
"""``--results``, a folder."""
measures_option = click.option(
    "--measures",
    type=click.Path(path_type=Path, dir_okay=False),
    help="What was done: output of `stillwatch measures list --json`.",
)
"""``--measures``, a file or None."""


@dataclass(frozen=True, slots=True)
class Output:
    """How a report is written."""

    form: str
    out: Path | None
    """None for standard output."""
    language: str
    templates: Path | None
    fonts: Path | None


def in_a_form(*forms: str, named: str = "--to") -> Callable[[Callable[..., Any]], Any]:
    """Return ``--to`` or another name, ``--out``, ``--language``, ``--templates`` and ``--fonts``.

    The command is given ``output``.

    Args:
        forms: what it may be written as; the first is the default.
        named: the option that says it.
    """
    shown = _options(forms, named)

    def add(command: Callable[..., Any]) -> Any:  # noqa: ANN401 - what click makes of it
        @functools.wraps(command)
        def call(
            *arguments: Any,  # noqa: ANN401 - as the command takes
            form: str,
            out: Path | None,
            language: str,
            templates: Path | None,
            fonts: Path | None,
            **named: Any,  # noqa: ANN401 - as the command takes
        ) -> Any:  # noqa: ANN401 - as the command gives
            if form == "pdf" and out is None and sys.stdout.isatty():
                raise ConfigurationError("a PDF needs a file", todo="name one with --out")
            output = Output(form, out, language, templates, fonts)
            return command(*arguments, output=output, **named)

        for option in reversed(shown):
            call = option(call)
        return call

    return add


def _options(forms: Sequence[str], named: str) -> tuple[Callable[..., Any], ...]:
    """Return the options of a form."""
    return (
        click.option(
            named,
            "form",
            type=click.Choice(forms),
            default=forms[0],
            show_default=True,
            help="Format.",
        ),
        click.option(
            "--out",
            type=click.Path(path_type=Path, dir_okay=False),
            help="File; standard output if absent.",
        ),
        click.option(
            "--language",
            default="en",
            show_default=True,
            help="Language of the template, such as en.",
        ),
        click.option(
            "--templates",
            type=click.Path(path_type=Path, file_okay=False),
            help="Folder whose files take the place of the shipped templates.",
        ),
        click.option(
            "--fonts",
            type=click.Path(path_type=Path, file_okay=False, exists=True),
            help="Folder of further fonts, for PDF.",
        ),
    )


@contextlib.contextmanager
def needing(extra: str) -> Iterator[None]:
    """Say which extra brings a module that a block lacks."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            f"this report needs {error.name}", todo=f"pip install 'stillwatch[report,{extra}]'"
        ) from error


def read_scan(results: Path) -> PublishedScan:
    """Return what a scan's folder says."""
    from stillwatch.report.documents import read_campaigns  # noqa: PLC0415 - help imports no table

    return read_campaigns(results)


def opened_templates(output: Output) -> Templates:
    """Return the templates in use."""
    from stillwatch.report.papers import Templates  # noqa: PLC0415 - help imports no template

    return Templates(output.templates)


def put_paper(
    document: str,
    facts: Mapping[str, object],
    output: Output,
    templates: Templates,
    made: datetime,
) -> None:
    """Write a paper in one of the forms of papers.

    Args:
        document: name of its template.
        facts: what it says something of.
        output: form and place.
        templates: in use.
        made: time that the file says it was made at, unless SOURCE_DATE_EPOCH says another.
    """
    from stillwatch.report.papers import printed  # noqa: PLC0415 - help imports no template

    paper = templates.paper(document, output.language, facts, _dated(made))
    raw, spelled = printed(paper, output.form, templates, fonts=output.fonts)
    if spelled:
        click.echo(
            f"{spelled} characters have no glyph in the fonts at hand and are written as [U+…]; "
            "name a folder of fonts with --fonts",
            err=True,
        )
    put(raw, output)


def put(raw: bytes | str, output: Output) -> None:
    """Write a report's bytes to their place.

    Raises:
        OutputError: the file cannot be written.
    """
    held = raw.encode("utf-8") if isinstance(raw, str) else raw
    if output.out is None:
        sys.stdout.buffer.write(held)
        sys.stdout.buffer.flush()
        return
    try:
        write_whole(output.out, held)
    except OSError as error:
        raise OutputError(
            f"the report cannot be written: {error.strerror}",
            where=str(output.out),
            todo="name a file in a folder that you can write to",
        ) from error


def as_json(document: Mapping[str, Any] | Sequence[Any]) -> str:
    """Return a document as JSON text, ASCII only."""
    return json.dumps(document, indent=1, ensure_ascii=True, allow_nan=False) + "\n"


def _dated(made: datetime) -> datetime:
    """Return the time for the file; SOURCE_DATE_EPOCH wins, as everywhere where it is known."""
    stated = os.environ.get("SOURCE_DATE_EPOCH", "")
    try:
        return datetime.fromtimestamp(int(stated), UTC) if stated else max(made, _EARLIEST)
    except (ValueError, OverflowError, OSError) as error:
        raise ConfigurationError(
            "SOURCE_DATE_EPOCH is no number of seconds", todo="unset it, or give it a number"
        ) from error
