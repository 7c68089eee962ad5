"""``stillwatch evaluate``: how good verdicts are on a world whose truth is known."""

from __future__ import annotations

import json
from pathlib import Path

import click

from stillwatch.errors import ConfigurationError

__all__ = ["command"]


def _base_rates(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(",") if part.strip())
    except ValueError as error:
        what = f"not numbers: {text}"
        todo = "write them as .001,.005,.02"
        raise ConfigurationError(what, where="--base-rates", todo=todo) from error


@click.command("evaluate")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--baselines", is_flag=True, help="Run what a user could do today beside it.")
@click.option("--json", "as_json", is_flag=True, help="Write the figures as one JSON object.")
@click.option("--markdown", "as_markdown", is_flag=True, help="Write Markdown tables.")
@click.option(
    "--base-rates",
    default=".001,.005,.02,.07",
    show_default=True,
    help="Shares of attackers that precision is given at.",
)
def command(
    paths: tuple[Path, ...],
    *,
    baselines: bool,
    as_json: bool,
    as_markdown: bool,
    base_rates: str,
) -> None:
    """Judge verdicts against the truth of simulated worlds.

    PATHS are WORLD VERDICTS, and further pairs of them to pool several worlds.
    """
    from stillwatch.worlds import evaluation as ev  # noqa: PLC0415  (keeps --help fast)

    if len(paths) % 2:
        what = "paths do not come in pairs"
        raise ConfigurationError(what, where=str(paths[-1]), todo="give WORLD VERDICTS")
    pairs = list(zip(paths[::2], paths[1::2], strict=True))
    rates = _base_rates(base_rates)
    result = ev.evaluate_many(pairs, rates)
    compared = {"stillwatch": result}
    if baselines:
        from stillwatch.worlds.evaluation.baselines import evaluate_baselines  # noqa: PLC0415

        compared |= evaluate_baselines([world for world, _ in pairs], rates)
    if as_json:
        document = ev.to_json(result)
        if baselines:
            document["baselines"] = {
                name: ev.to_json(other) for name, other in compared.items() if name != "stillwatch"
            }
        click.echo(json.dumps(document, allow_nan=False))
        return
    shown = ev.tables(result)
    if baselines:
        shown = (ev.comparison(compared), *shown)
    write = ev.markdown if as_markdown else ev.text
    click.echo("\n\n".join(write(table) for table in shown))
