"""``stillwatch lineage query``: suspects and controls are asked what the plan says."""

from __future__ import annotations

import asyncio
import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stillwatch.cli.progress import progress
from stillwatch.errors import ConfigurationError, StillwatchError, UnreachableError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from stillwatch.ledger import VerifyKey
    from stillwatch.prove.evidence import Authority
    from stillwatch.prove.lineage.asking import Model
    from stillwatch.prove.lineage.folder import Folder
    from stillwatch.prove.lineage.querying import Limits, Question, Tally

__all__ = ["folder_argument", "query", "read_trust", "roots_option", "signed_by_option"]

_FILE = click.Path(path_type=Path, dir_okay=False)

folder_argument = click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
"""FOLDER, as `lineage plan` made it."""
signed_by_option = click.option(
    "--signed-by", multiple=True, help="Public key that signs plans; repeatable."
)
"""``--signed-by``."""
roots_option = click.option(
    "--root",
    "roots",
    type=_FILE,
    multiple=True,
    help="Root of an authority that stamped the plan, PEM; repeatable.",
)
"""``--root``."""
_rate = click.FloatRange(0, min_open=True)


@click.command("query")
@folder_argument
@signed_by_option
@roots_option
@click.option("--model", "names", multiple=True, help="Ask this one alone; repeatable.")
@click.option(
    "--key-env",
    multiple=True,
    metavar="MODEL=VARIABLE",
    help="Environment variable that holds a model's API key; repeatable.",
)
@click.option(
    "--key-file", multiple=True, metavar="MODEL=FILE", help="File that holds one; repeatable."
)
@click.option("--requests-a-minute", type=_rate, help="Of each model; no limit by default.")
@click.option("--tokens-a-minute", type=_rate, help="Of prompts and answers of each model.")
@click.option(
    "--concurrency",
    type=click.IntRange(1, 256),
    default=4,
    show_default=True,
    help="Requests under way at once.",
)
@click.option(
    "--attempts",
    type=click.IntRange(1, 100),
    default=6,
    show_default=True,
    help="How often a question is asked before a later run has to.",
)
@click.option(
    "--patience", type=_rate, default=300.0, show_default=True, help="Seconds for one response."
)
@click.option(
    "--most-tokens", type=click.IntRange(1), help="Bound on tokens of each model, over all runs."
)
@click.option("--most-cost", type=_rate, help="Bound on the price of each model, over all runs.")
@click.option(
    "--first", type=click.IntRange(1), help="Ask this many questions, in the plan's order, for now."
)
@click.option(
    "--give-up", is_flag=True, help="Count a question as unanswered once its attempts are used up."
)
@click.option("--dry-run", is_flag=True, help="Say what would be asked; send nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines instead of words.")
def query(
    folder: Path,
    signed_by: tuple[str, ...],
    roots: tuple[Path, ...],
    names: tuple[str, ...],
    key_env: tuple[str, ...],
    key_file: tuple[str, ...],
    requests_a_minute: float | None,
    tokens_a_minute: float | None,
    concurrency: int,
    attempts: int,
    patience: float,
    most_tokens: int | None,
    most_cost: float | None,
    first: int | None,
    *,
    give_up: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Ask the models of the plan in FOLDER what it says, and keep every byte that comes back.

    A run that ended early, or was killed, is continued by the next one: what is answered is not
    asked again. The plan has to be committed before.
    """
    from stillwatch.prove.lineage.folder import Folder  # noqa: PLC0415
    from stillwatch.prove.lineage.querying import Limits  # noqa: PLC0415

    opened = Folder(folder)
    committed = opened.committed(*read_trust(signed_by, roots))
    _check_clock(committed, time.time())
    asked = [(model, all_[:first]) for model, all_ in _chosen(opened, names)]
    keys = _keys({model.name for model in opened.plan.models}, key_env, key_file)
    limits = Limits(
        requests_a_minute=requests_a_minute,
        tokens_a_minute=tokens_a_minute,
        concurrency=concurrency,
        attempts=attempts,
        patience=patience,
        most_tokens=most_tokens,
        most_cost=most_cost,
        give_up=give_up,
    )
    tallies = []
    for model, questions in asked:
        _check_price(model, limits)
        if dry_run:
            _preview(opened, model, questions, as_json=as_json)
            continue
        tally = _ask(opened, model, questions, keys.get(model.name), limits)
        _say(model, tally, as_json=as_json)
        tallies.append((model, tally))
    _refuse_open(tallies)


def read_trust(
    signed_by: tuple[str, ...], roots: tuple[Path, ...]
) -> tuple[list[VerifyKey], list[Authority]]:
    """Return the keys and authorities that may have committed to a plan."""
    from stillwatch.ledger import VerifyKey  # noqa: PLC0415

    authorities: list[Authority] = []
    if roots:
        from stillwatch.disk import read_small  # noqa: PLC0415
        from stillwatch.prove.evidence import Authority  # noqa: PLC0415

        authorities = [
            Authority.of(root.name, read_small(root, "the authority's root", 1 << 16))
            for root in roots
        ]
    return [VerifyKey.decode(text) for text in signed_by], authorities


def _check_clock(committed: int, now: float) -> None:
    """Refuse to ask in the second of the commitment: nobody could tell which came first."""
    if 0 <= committed + 1 - now <= 2:
        time.sleep(committed + 1.001 - now)
    elif now <= committed:
        raise ConfigurationError(
            "the plan was committed later than now, by this machine's clock",
            todo="set the clock",
        )


def _chosen(folder: Folder, names: tuple[str, ...]) -> list[tuple[Model, list[Question]]]:
    found = [(model, asked) for model, asked in folder.questions() if asked]
    known = {model.name for model, _ in found}
    if set(names) - known:
        raise ConfigurationError(
            f"the plan asks nothing of {', '.join(sorted(set(names) - known))}",
            todo=f"name one of {', '.join(sorted(known))}",
        )
    return [(model, asked) for model, asked in found if not names or model.name in names]


def _keys(
    models: Collection[str], variables: tuple[str, ...], files: tuple[str, ...]
) -> dict[str, str]:
    """Return the API keys by model; none is ever an argument of the command."""
    from stillwatch.disk import read_small  # noqa: PLC0415
    from stillwatch.prove.lineage.querying import check_key  # noqa: PLC0415

    found: dict[str, str] = {}
    for option, text in [("--key-env", t) for t in variables] + [("--key-file", t) for t in files]:
        name, sign, place = text.partition("=")
        if not sign or not place or name in found or name not in models:
            kind = "VARIABLE" if option == "--key-env" else "FILE"
            raise ConfigurationError(
                f"{option} is MODEL={kind}, once for a model of the plan",
                where=name,
                todo="a key itself is never given on the command line",
            )
        if option == "--key-env" and place not in os.environ:
            raise ConfigurationError(
                "an environment variable is not set", where=place, todo="set it, or use --key-file"
            )
        held = (
            os.environ[place]
            if option == "--key-env"
            else read_small(Path(place), "the API key's file", 1 << 14).decode("utf-8", "replace")
        )
        found[name] = held.strip()
        try:
            check_key(found[name])
        except ConfigurationError as error:
            raise ConfigurationError(error.what, where=place, todo=error.todo) from error
    return found


def _check_price(model: Model, limits: Limits) -> None:
    if limits.most_cost is not None and not (model.input_price or model.output_price):
        raise ConfigurationError(
            "the plan has no price for a model, so that --most-cost bounds nothing",
            where=model.name,
            todo="use --most-tokens, or plan input_price and output_price",
        )


def _ask(
    folder: Folder, model: Model, questions: list[Question], key: str | None, limits: Limits
) -> Tally:
    from stillwatch.prove.lineage.querying import Asker, Transcript  # noqa: PLC0415

    digest = folder.plan.digest
    with Transcript(folder.transcript(model), digest, model.name) as transcript, progress() as tick:
        if transcript.cut:
            cut = f"{transcript.cut:,} bytes of an unfinished line were cut off"
            click.echo(f"{model.name}: {cut}", err=True)
        asker = Asker(model, folder.asking, transcript, digest, key, limits)

        def tell(tally: Tally) -> None:
            if tick is not None:
                tick(model.name, tally.done / max(tally.planned, 1))

        return asyncio.run(asker.run(questions, tell))


def _preview(folder: Folder, model: Model, questions: list[Question], *, as_json: bool) -> None:
    from stillwatch.prove.lineage.querying.estimates import estimate  # noqa: PLC0415
    from stillwatch.prove.lineage.querying.protocols import body_of, url_of  # noqa: PLC0415
    from stillwatch.prove.lineage.querying.transcripts import read_lines  # noqa: PLC0415

    path = folder.transcript(model)
    lines = read_lines(path, folder.plan.digest, model.name) if path.exists() else ()
    done = {line.question for line in lines if line.outcome != "failed"}
    left = estimate(model, questions, done)
    following = next((one for one in questions if one.number not in done), None)
    body = "" if following is None else body_of(model, folder.asking, following).decode()
    if as_json:
        held = {
            "model": model.name,
            "url": url_of(model),
            "requests": left.left.requests,
            "input_tokens": left.left.input_tokens,
            "output_tokens": left.left.output_tokens,
            "cost": left.cost,
            "next": body,
        }
        click.echo(json.dumps(held))
        return
    price = "" if left.cost is None else f", {left.cost:,.2f}"
    click.echo(
        f"{model.name}: {left.left.requests:,} of {left.questions:,} requests to {url_of(model)}, "
        f"at most {left.left.tokens:,} tokens{price}; the next one is\n{body[:2000]}"
    )


def _say(model: Model, tally: Tally, *, as_json: bool) -> None:
    if as_json:
        held = {
            "model": model.name,
            "done": tally.done,
            "open": tally.open,
            "requests": tally.requests,
            "input_tokens": tally.spent.input_tokens,
            "output_tokens": tally.spent.output_tokens,
            "cost": tally.spent.cost(model.input_price, model.output_price),
            "stopped": tally.stopped,
        }
        click.echo(json.dumps(held))
        return
    click.echo(
        f"{model.name}: {tally.done:,} of {tally.planned:,} questions are done, {tally.requests:,} "
        f"requests in this run, {tally.spent.tokens:,} tokens in all"
    )


def _refuse_open(tallies: Sequence[tuple[Model, Tally]]) -> None:
    """End with an error where a question is open, so that no script takes it for done."""
    left = [(model, tally) for model, tally in tallies if tally.open]
    if not left:
        return
    where = ", ".join(f"{model.name}: {tally.open:,} open" for model, tally in left)
    why = next((tally.stopped for _, tally in left if tally.stopped), None)
    error: type[StillwatchError] = UnreachableError
    todo = "run it again: what is answered is kept; --give-up ends what is never answered"
    if all(tally.budget for _, tally in left):
        error, todo = ConfigurationError, "raise --most-tokens or --most-cost and run it again"
    raise error(f"questions are open: {why or 'no answer came'}", where=where, todo=todo)
