"""``stillwatch watermark keys``: from a commitment, over a beacon, to a key and its reveal."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stillwatch.errors import ConfigurationError

if TYPE_CHECKING:
    from stillwatch.prove.watermark import Draw, GreenRed, Gumbel

__all__ = ["keys"]

_state = click.option(
    "--state",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Folder of the key book.",
)
_epoch = click.option("--epoch", required=True, help="Time for which the keys are: 2026-11.")
_cohort = click.option("--cohort", required=True, help="Accounts, campaign or account.")


@click.group("keys")
def keys() -> None:
    """Keep a key book: commit to keys, complete them by a beacon, issue and reveal them."""


@keys.command("new")
@click.argument("name")
@_state
def new(name: str, state: Path) -> None:
    """Make a book for NAME, best a URL without its scheme, and print its public key."""
    from stillwatch.prove.watermark import KeyBook  # noqa: PLC0415

    click.echo(KeyBook.make(state, name).signer.public.encode())


@keys.command("commit")
@_state
@_epoch
@click.option("--cohort", "cohorts", multiple=True, help="Name of a cohort; repeatable.")
@click.option(
    "--cohorts",
    "listed",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File of cohorts, one a line.",
)
@click.option(
    "--scheme",
    default="green-red",
    show_default=True,
    type=click.Choice(["green-red", "gumbel"]),
    help="How the keys will mark.",
)
@click.option("--context", type=click.IntRange(1, 16), help="Tokens before; 1, for gumbel 4.")
@click.option("--delta", type=float, default=2.0, show_default=True, help="Green-red bias, nats.")
@click.option(
    "--beacon", default="drand-quicknet", show_default=True, help="Public source of randomness."
)
@click.option("--round", "number", type=int, help="Its round; by default the first after a minute.")
@click.option(
    "--round-time",
    type=click.DateTime(["%Y-%m-%dT%H:%M:%SZ"]),
    help="When that round comes, UTC; of a source whose times are not known here.",
)
def commit(
    state: Path,
    epoch: str,
    cohorts: tuple[str, ...],
    listed: Path | None,
    scheme: str,
    context: int | None,
    delta: float,
    beacon: str,
    number: int | None,
    round_time: datetime | None,
) -> None:
    """Commit to a key for each cohort, and print the signed note: publish it at once.

    The keys exist when the beacon's round has come; see `draw`.
    """
    from stillwatch.prove.watermark import KeyBook  # noqa: PLC0415

    now = int(time.time())
    names = [*cohorts, *(_listed(listed) if listed else [])]
    with KeyBook.writing(state) as book:
        signed = book.commit(
            epoch,
            names,
            _scheme(scheme, context, delta),
            _draw(beacon, number, round_time, now),
            now,
        )
        click.echo(signed.decode(), nl=False)
        made = book.commitments[-1][1]
    awaited = f"{made.draw.source} {made.draw.round}, {made.draw.when}"
    click.echo(f"commitment {made.number}: wait for {awaited}", err=True)


@keys.command("draw")
@click.argument("number", type=int)
@click.argument("value")
@_state
def draw(number: int, value: str, state: Path) -> None:
    """Complete the keys of commitment NUMBER by the VALUE, in hex, of its beacon's round.

    Nothing is fetched: take the value from the beacon's own pages, by two ways.
    """
    from stillwatch.prove.watermark import KeyBook  # noqa: PLC0415

    try:
        raw = bytes.fromhex(value)
    except ValueError as error:
        raise ConfigurationError(
            "the value is not hexadecimal", todo="copy the round's randomness"
        ) from error
    with KeyBook.writing(state) as book:
        book.draw(number, raw, int(time.time()))


@keys.command("note")
@click.argument("number", type=int)
@_state
def note(number: int, state: Path) -> None:
    """Print the signed note of commitment NUMBER again, as it was when it was made."""
    from stillwatch.prove.watermark import KeyBook  # noqa: PLC0415

    made = KeyBook.open(state).commitments
    if not 1 <= number <= len(made):
        raise ConfigurationError(
            f"there is no commitment {number}", todo=f"name one of 1 to {len(made)}"
        )
    click.echo(made[number - 1][0].decode(), nl=False)


@keys.command("list")
@_state
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines instead of a table.")
def list_(state: Path, *, as_json: bool) -> None:
    """List cohorts: epoch, commitment, key id, and whether the key waits, is ready or revealed."""
    from stillwatch.prove.watermark import KeyBook  # noqa: PLC0415

    book = KeyBook.open(state)
    for entry in book.entries:
        ready = book.ready(entry)
        found = {
            "epoch": entry.epoch,
            "cohort": entry.cohort,
            "commitment": entry.number,
            "leaf": entry.leaf.hex(),
            "key_id": book.key(entry).id if ready else None,
            "scheme": dict(book.scheme(entry).settings()),
            "state": "revealed" if entry.revealed else "ready" if ready else "waiting",
        }
        if as_json:
            click.echo(json.dumps(found))
        else:
            click.echo(
                f"{entry.epoch}  {entry.cohort}  commitment {entry.number}  "
                f"{found['key_id'] or '-'}  {found['state']}"
            )


@keys.command("issue")
@_state
@_epoch
@_cohort
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="File for the machine that samples; samplers read *.key.",
)
def issue(state: Path, epoch: str, cohort: str, out: Path) -> None:
    """Write one cohort's key for the machine that samples; it is secret."""
    from stillwatch.prove.watermark import IssuedKey, KeyBook  # noqa: PLC0415

    book = KeyBook.open(state)
    entry = book.entry(epoch, cohort)
    if entry.revealed is not None:
        raise ConfigurationError(
            f"the key of {cohort} was revealed",
            where=epoch,
            todo="marks under it prove nothing more; commit it for another epoch",
        )
    IssuedKey(epoch, cohort, book.scheme(entry), book.key(entry)).write(out)


@keys.command("reveal")
@_state
@_epoch
@_cohort
def reveal(state: Path, epoch: str, cohort: str) -> None:
    """Print what opens one cohort's commitment, for those who are to check it.

    It says the cohort's name and its key, and nothing of other cohorts. Mark nothing with it
    afterwards.
    """
    from stillwatch.prove.watermark import KeyBook  # noqa: PLC0415

    with KeyBook.writing(state) as book:
        click.echo(book.reveal(book.entry(epoch, cohort), int(time.time())).encode().decode())


@keys.command("verify")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--signed-by", multiple=True, required=True, help="Public key of who committed.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of lines.")
def verify(file: Path, signed_by: tuple[str, ...], *, as_json: bool) -> None:
    """Check the reveal in FILE against its commitment, and say which key it proves."""
    from stillwatch.disk import read_small  # noqa: PLC0415
    from stillwatch.ledger import VerifyKey  # noqa: PLC0415
    from stillwatch.prove.watermark import Reveal, verify_reveal  # noqa: PLC0415

    held = Reveal.decode(read_small(file, "the reveal"))
    key, made = verify_reveal(held, [VerifyKey.decode(signer) for signer in signed_by])
    committed = datetime.fromtimestamp(made.time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    found = {
        "key_id": key.id,
        "cohort": held.cohort,
        "epoch": made.epoch,
        "by": made.by,
        "commitment": made.number,
        "committed": committed,
        "beacon": made.draw.source,
        "round": made.draw.round,
        "round_time": made.draw.when,
        "value": held.beacon.hex(),
        "keys_committed": made.leaves,
        "scheme": dict(made.scheme.settings()),
    }
    if as_json:
        click.echo(json.dumps(found))
        return
    click.echo(f"key {key.id} of {held.cohort} in {made.epoch}, by {made.by}")
    click.echo(f"one of {made.leaves:,} keys of commitment {made.number}, {committed}")
    click.echo(f"look up: {made.draw.source} {made.draw.round} of {made.draw.when} was")
    click.echo(f"  {held.beacon.hex()}")


def _scheme(name: str, context: int | None, delta: float) -> GreenRed | Gumbel:
    from stillwatch.prove.watermark import GreenRed, Gumbel  # noqa: PLC0415

    if name == "gumbel":
        return Gumbel() if context is None else Gumbel(context)
    return GreenRed(delta=delta) if context is None else GreenRed(context=context, delta=delta)


def _draw(beacon: str, number: int | None, round_time: datetime | None, now: int) -> Draw:
    from stillwatch.prove.watermark import Draw  # noqa: PLC0415

    if number is None:
        return Draw.after(beacon, now + 60)
    if round_time is None:
        return Draw.of(beacon, number)
    return Draw(beacon, number, int(round_time.replace(tzinfo=UTC).timestamp()))


def _listed(path: Path) -> list[str]:
    from stillwatch.disk import read_small  # noqa: PLC0415

    try:
        text = read_small(path, "the list of cohorts", 1 << 28).decode()
    except UnicodeDecodeError as error:
        raise ConfigurationError(
            "the list of cohorts is not UTF-8", where=str(path), todo="give one name a line"
        ) from error
    found = [line.strip() for line in text.splitlines() if line.strip()]
    if not found:
        raise ConfigurationError(
            "the list names no cohort", where=str(path), todo="give one name a line"
        )
    return found
