"""``stillwatch evidence collect`` and ``daily-digest``: what goes into a bundle, and beforehand."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stillwatch.cli import options
from stillwatch.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stillwatch.find.sources import ColumnMapping
    from stillwatch.prove.evidence import Collector, Draft, Opening, SignerName

__all__ = ["collect", "daily_digest"]

_FILE = click.Path(path_type=Path, dir_okay=False)
_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command("daily-digest")
@click.argument("exchanges")
@click.option("--state", type=_FOLDER, required=True, help="Folder of the daily digests.")
@click.option("--name", help="Name of the log, where the folder is new: lab.example/days.")
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), required=True, help="Day, UTC.")
@click.option("--authority", "authorities", multiple=True, help="RFC 3161 URL; repeatable.")
@click.option(
    "--root", "roots", type=_FILE, multiple=True, help="Its root, PEM: one for each authority."
)
@options.mapping
@options.format_name
def daily_digest(
    exchanges: str,
    state: Path,
    name: str | None,
    day: datetime,
    authorities: tuple[str, ...],
    roots: tuple[Path, ...],
    map_: ColumnMapping | None,
    format_: str | None,
) -> None:
    """Append a day of EXCHANGES to the log of daily digests, and have it stamped.

    Run it each day within 36 hours: it is what shows later that an exchange was there at the time.
    Run it again where an authority did not answer: the day is not appended twice.
    """
    from stillwatch.disk import read_small, write_whole  # noqa: PLC0415
    from stillwatch.find.sources import Quarantine, open_exchanges  # noqa: PLC0415
    from stillwatch.prove.evidence import Authority, DayLog, ask, verify_stamp  # noqa: PLC0415

    if len(authorities) != len(roots):
        raise ConfigurationError(
            "each authority needs its root", todo="give as many --root as --authority, in order"
        )
    if day.replace(tzinfo=UTC).date() >= datetime.now(UTC).date():
        raise ConfigurationError(
            "the day is not over", where=f"{day:%Y-%m-%d}", todo="wait until midnight, UTC"
        )
    log = DayLog(state) if (state / "secret").exists() or not name else DayLog.make(state, name)
    past = log.days
    if not past or past[-1].day != f"{day:%Y-%m-%d}":
        with Quarantine(None) as quarantine:
            source = open_exchanges(exchanges, mapping=map_, quarantine=quarantine, format=format_)
            log.append(day.date(), source.batches())
    note, entry = log.last(), log.days[-1]
    for at, (url, root) in enumerate(zip(authorities, roots, strict=True)):
        held = note.read_bytes()
        answer = ask(url, held)
        pinned = Authority.of(url, read_small(root, "the authority's root", 1 << 16))
        verify_stamp(answer, held, [pinned], "E-13")
        write_whole(note.with_suffix(f".{at}.tsr"), answer)
    click.echo(note.read_text("utf-8"), nl=False)
    click.echo(f"{entry.day}: {entry.exchanges:,} exchanges, {len(authorities)} stamps", err=True)


@click.command("collect")
@click.argument("case", type=_FILE)
@click.option("--out", type=_FOLDER, required=True, help="New folder for the bundle.")
@click.option(
    "--signer",
    "signers",
    multiple=True,
    required=True,
    metavar="NAME=KEY",
    help="Who will sign: a name, and a public key or PEM file; repeatable.",
)
@click.option("--scan", type=_FOLDER, help="Folder of a scan: its campaigns' accounts are named.")
@click.option("--accepted", type=_FILE, help="JSON Lines of account_id, terms, at.")
@click.option("--exchanges", help="Exchange log, read for the accounts of the case.")
@click.option("--days", type=_FOLDER, help="Folder of the daily digests that were kept.")
@click.option("--mark", "marks", type=_FILE, multiple=True, help="Commitment note; repeatable.")
@click.option("--reveal", "reveals", type=_FILE, multiple=True, help="Revealed key; repeatable.")
@click.option("--marks-key", "marks_keys", multiple=True, help="Verifier key of commitments.")
@click.option("--lineage", type=_FOLDER, help="Folder of plan.json, results.json, transcripts/.")
@click.option("--member", "members", type=_FOLDER, multiple=True, help="Member's bundle, joint.")
@click.option("--file", "files", type=_FILE, multiple=True, help="Any further file; repeatable.")
@click.option("--matrix", type=_FILE, help="Legal matrix instead of the shipped template.")
@options.mapping
def collect(
    case: Path,
    out: Path,
    signers: tuple[str, ...],
    scan: Path | None,
    accepted: Path | None,
    exchanges: str | None,
    days: Path | None,
    marks: tuple[Path, ...],
    reveals: tuple[Path, ...],
    marks_keys: tuple[str, ...],
    lineage: Path | None,
    members: tuple[Path, ...],
    files: tuple[Path, ...],
    matrix: Path | None,
    map_: ColumnMapping | None,
) -> None:
    """Make a bundle of what CASE, a TOML file, tells; sign and timestamp it afterwards.

    Timestamps that lie beside a commitment or a plan as FILE.*.tsr are taken along.
    """
    from stillwatch.prove.evidence import Collector, read_draft, read_matrix  # noqa: PLC0415

    if (exchanges is None) != (days is None):
        raise ConfigurationError("exchanges need the daily digests", todo="give both or neither")
    draft, elements = read_draft(case), read_matrix(matrix)
    named = [_signer(text) for text in signers]
    made = Collector(out)
    accounts = _accounts(made, scan, accepted, draft) if scan else []
    if exchanges is not None and days is not None:
        _exchanges(made, exchanges, days, map_, {one["account_id"] for one in accounts})
    _marks(made, marks, reveals)
    if lineage is not None:
        _lineage(made, lineage)
    for path in files:
        made.copy(path, f"files/{path.name}")
    for member in members:
        made.copy(member / "statement.dsse.json", f"members/{member.name}/statement.dsse.json")
    names = [member.name for member in members]
    statement = made.close(
        draft, case.parent, elements, named, datetime.now(UTC), marks_keys=marks_keys, members=names
    )
    click.echo(f"{len(statement.subject):,} parts; sign and timestamp {out}", err=True)


def _accounts(
    made: Collector, scan: Path, accepted: Path | None, draft: Draft
) -> list[dict[str, Any]]:
    import secrets  # noqa: PLC0415

    import pyarrow.parquet as pq  # noqa: PLC0415

    from stillwatch.prove.evidence import Opening  # noqa: PLC0415

    held: dict[str, list[dict[str, str]]] = {}
    for line in accepted.read_text("utf-8").splitlines() if accepted else ():
        one = json.loads(line)
        held.setdefault(str(one["account_id"]), []).append({"terms": one["terms"], "at": one["at"]})
    table = pq.read_table(scan / "verdicts.parquet", memory_map=True)
    found: list[dict[str, Any]] = []
    for row in table.to_pylist():
        if row["campaign_id"] not in draft.campaigns:
            continue
        record = {name: _text(value) for name, value in row.items() if value is not None}
        record["account_id"] = str(row["account_id"])
        if record["account_id"] in held:
            record["accepted"] = held[record["account_id"]]
        found.append(record)

    def opened() -> Iterator[Opening]:
        for at, record in enumerate(found):
            yield Opening(at, secrets.token_bytes(32), record, {})

    if not made.table("accounts", opened()):
        raise ConfigurationError(
            "no account of these campaigns is in the scan",
            where=", ".join(draft.campaigns),
            todo="check `campaigns` in the case",
        )
    return found


def _exchanges(
    made: Collector, location: str, days: Path, mapping: ColumnMapping | None, accounts: set[str]
) -> None:
    from stillwatch.find.sources import Quarantine, open_exchanges  # noqa: PLC0415
    from stillwatch.prove.evidence import DayLog  # noqa: PLC0415

    with Quarantine(None) as quarantine:
        source = open_exchanges(location, mapping=mapping, quarantine=quarantine)
        rows = [
            row
            for batch in source.batches()
            for row in batch.to_pylist()
            if str(row["account_id"]) in accounts
        ]
    rows.sort(key=lambda row: (row["time"], str(row["exchange_id"])))
    made.exchanges(DayLog(days), rows)


def _marks(made: Collector, marks: tuple[Path, ...], reveals: tuple[Path, ...]) -> None:
    from stillwatch.prove.evidence.collecting import read_stamps  # noqa: PLC0415

    for path in marks:
        made.stamped(made.copy(path, f"marks/{path.stem}.note"), read_stamps(path))
    for path in reveals:
        made.copy(path, f"marks/{path.stem}.reveal.json")


def _lineage(made: Collector, folder: Path) -> None:
    from stillwatch.prove.evidence.collecting import read_stamps  # noqa: PLC0415

    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix != ".tsr":
            part = made.copy(path, f"lineage/{path.relative_to(folder).as_posix()}")
            made.stamped(part, read_stamps(path))


def _signer(text: str) -> SignerName:
    from stillwatch.disk import read_small  # noqa: PLC0415
    from stillwatch.prove.evidence import PublicKey, SignerName  # noqa: PLC0415

    name, sign, key = text.partition("=")
    if not sign or not name:
        raise ConfigurationError("a signer is NAME=KEY", where=text, todo="give a name and a key")
    held = read_small(Path(key), "the key").decode() if Path(key).is_file() else key
    return SignerName.of(name, PublicKey.decode(held))


def _text(value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return value
