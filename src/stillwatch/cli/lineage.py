"""``stillwatch lineage``: plan, question, test, report: was a model trained on our answers?"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stillwatch.cli.lineage_judge import report, test
from stillwatch.cli.lineage_query import query
from stillwatch.errors import ConfigurationError, MissingExtraError, OutputError

if TYPE_CHECKING:
    from stillwatch.ledger import SigningKey
    from stillwatch.prove.lineage.drafts import Draft
    from stillwatch.prove.lineage.plans import Plan
    from stillwatch.prove.lineage.querying.estimates import Estimate

__all__ = ["command"]

_FILE = click.Path(path_type=Path, dir_okay=False)
_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.group("lineage")
def command() -> None:
    """Test whether a model was trained on our answers: by a plan, with controls."""
    try:
        import cryptography  # noqa: F401, PLC0415 - help imports no kernel
        import httpx  # noqa: F401, PLC0415
        import msgspec  # noqa: F401, PLC0415
        import rfc8785  # noqa: F401, PLC0415
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            f"lineage needs {error.name}", todo="pip install 'stillwatch[prove]'"
        ) from error


command.add_command(query)
command.add_command(test)
command.add_command(report)


@command.command("plan")
@click.argument("draft", type=_FILE)
@click.option("--out", type=_FOLDER, required=True, help="New folder for plan and transcripts.")
@click.option("--key", "key_path", type=_FILE, help="Private key that signs the commitment.")
@click.option("--name", help="Name of that key, where its file is new: lab.example/plans.")
@click.option("--authority", "authorities", multiple=True, help="RFC 3161 URL; repeatable.")
@click.option(
    "--root", "roots", type=_FILE, multiple=True, help="Its root, PEM: one for each authority."
)
@click.option("--dry-run", is_flag=True, help="Check and estimate; write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of the note.")
def plan(
    draft: Path,
    out: Path,
    key_path: Path | None,
    name: str | None,
    authorities: tuple[str, ...],
    roots: tuple[Path, ...],
    *,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Make the plan of DRAFT, a TOML file, and commit to it before anybody is asked.

    Publish the note that is printed, or have the plan stamped: what is asked before that does not
    count. The folder is what `lineage query`, `lineage test` and `evidence collect` take.
    """
    from stillwatch.disk import write_whole  # noqa: PLC0415
    from stillwatch.prove.lineage.drafts import read_draft  # noqa: PLC0415
    from stillwatch.prove.lineage.folder import Folder  # noqa: PLC0415
    from stillwatch.prove.lineage.plans import commit_plan  # noqa: PLC0415

    if len(authorities) != len(roots):
        raise ConfigurationError(
            "each authority needs its root", todo="give as many --root as --authority, in order"
        )
    if not (key_path or authorities or dry_run):
        raise ConfigurationError(
            "nobody commits to the plan", todo="give --key, or --authority with --root, or both"
        )
    made = read_draft(draft)
    planned = made.plan()
    key = None if key_path is None or dry_run else _signing_key(key_path, name)
    note = None if key is None else commit_plan(planned, key, int(time.time()))
    if dry_run:
        _say(planned.digest, _estimates(made, planned), note, as_json=as_json)
        return
    # an authority that does not answer leaves no folder behind
    stamps = _stamps(planned.encode(), authorities, roots)
    Folder.make(out, planned, note, made.prompts(), made.parts())
    for at, raw in enumerate(stamps):
        write_whole(out / f"plan.json.{at}.tsr", raw)
    _say(planned.digest, _estimates(made, planned), note, as_json=as_json)
    if key is not None:
        click.echo(f"signed by {key.public.encode()}", err=True)


def _signing_key(path: Path, name: str | None) -> SigningKey:
    from stillwatch.ledger import SigningKey  # noqa: PLC0415

    if path.exists() or name is None:
        return SigningKey.read(path)
    key = SigningKey.generate(name)
    try:
        key.write(path)
    except OSError as error:
        raise OutputError(
            f"the key cannot be written: {error.strerror}",
            where=str(path),
            todo="name a file in a folder that you can write to",
        ) from error
    return key


def _stamps(raw: bytes, authorities: tuple[str, ...], roots: tuple[Path, ...]) -> list[bytes]:
    if not authorities:
        return []
    from stillwatch.disk import read_small  # noqa: PLC0415
    from stillwatch.prove.evidence import Authority, ask, verify_stamp  # noqa: PLC0415

    found = []
    for url, root in zip(authorities, roots, strict=True):
        answer = ask(url, raw)
        pinned = Authority.of(url, read_small(root, "the authority's root", 1 << 16))
        stamp = verify_stamp(answer, raw, [pinned], "T-2")
        found.append(answer)
        click.echo(f"stamped at {stamp.time:%Y-%m-%dT%H:%M:%SZ} by {url}", err=True)
    return found


def _estimates(draft: Draft, planned: Plan) -> list[Estimate]:
    from stillwatch.prove.lineage.querying.estimates import estimate  # noqa: PLC0415
    from stillwatch.prove.lineage.querying.questions import (  # noqa: PLC0415
        questions_of,
        read_prompts,
    )

    prompts, parts = read_prompts(draft.prompts()), draft.parts()
    if planned.asking is None:
        return []
    return [
        estimate(model, questions_of(model, planned.asking, prompts, parts))
        for model in planned.models
    ]


def _say(digest: str, found: list[Estimate], note: bytes | None, *, as_json: bool) -> None:
    if as_json:
        models = [
            {
                "model": one.model,
                "role": one.role,
                "requests": one.left.requests,
                "input_tokens": one.left.input_tokens,
                "output_tokens": one.left.output_tokens,
                "cost": one.cost,
            }
            for one in found
        ]
        click.echo(json.dumps({"plan": digest, "note": note and note.decode(), "models": models}))
        return
    click.echo(digest if note is None else note.decode(), nl=note is None)
    for one in found:
        price = "no price planned" if one.cost is None else f"{one.cost:,.2f}"
        click.echo(
            f"{one.model}, {one.role}: {one.left.requests:,} requests, at most "
            f"{one.left.input_tokens:,} tokens in, {one.left.output_tokens:,} out, {price}",
            err=True,
        )
    costs = [one.cost for one in found if one.cost is not None]
    requests = sum(one.left.requests for one in found)
    price = f", at most {sum(costs):,.2f} of those with a price" if costs else ""
    click.echo(f"in all {requests:,} requests{price}", err=True)
