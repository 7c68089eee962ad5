"""Imports: what a scan wrote, into the console's tables, as one transaction.

The same results again change nothing; a killed import leaves what was there before.  Campaigns
keep their ids; those that end are kept with what became of them.  What people decided stands over
what a scan says that did not know it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from stillwatch.errors import ConfigurationError
from stillwatch.find.campaigns.rulings import grown
from stillwatch.records import utc
from stillwatch.report.console.cases.log import Entry, locked, written
from stillwatch.report.console.cases.peers import take_attribution, take_exchange
from stillwatch.report.console.cases.reading import read_folder
from stillwatch.report.console.cases.revised import take_revisions
from stillwatch.report.console.cases.standing import standing
from stillwatch.report.console.cases.verdicts import take_verdicts
from stillwatch.store import console_tables as tables

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from sqlalchemy import Connection

    from stillwatch.report.console.cases.interface import Sources
    from stillwatch.report.console.cases.reading import Found, ScanFolder
    from stillwatch.report.console.cases.standing import Standing

__all__ = ["Loaded", "load", "refresh"]

_OF_A_SCAN = ("votes", "entities", "edges", "streams", "bins")
"""Rows that are a scan's alone."""
_CHILDREN = {
    name: tables.METADATA.tables[f"console_{name}"] for name in ("members", "details", *_OF_A_SCAN)
}
"""Tables with rows of campaigns."""
_CHUNK = 500
"""Names in one statement."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What an import did."""

    run: int
    """Number of the newest scan."""
    changed: bool
    """False where the same results had been imported before."""
    campaigns: int = 0
    """Campaigns that are new or said otherwise."""
    verdicts: int = 0
    """Accounts whose verdict is new or another."""
    revisions: int = 0
    """Verdicts of earlier scans that were revised, as the state folder says."""


def load(
    connection: Connection, folder: Path, *, now: int, who: str, state: Path | None = None
) -> Loaded:
    """Import a scan's results.

    Args:
        connection: in a transaction.
        folder: output folder of ``scan``.
        now: microseconds since 1970.
        who: imports, for the log.
        state: state folder of ``scan``, for its revisions.

    Raises:
        SourceNotFoundError: a file is absent.
        InputFormatError: a file is damaged or another scan's.
        ConfigurationError: the results are older than the newest ones, or no table was made.
    """
    scan = read_folder(folder)
    locked(connection)
    runs = tables.runs
    last = connection.execute(sa.select(runs).order_by(runs.c.number.desc()).limit(1)).first()
    if last is not None and scan.run["as_of"] < last.as_of:
        raise ConfigurationError(
            f"these results end at {utc(scan.run['as_of'])}, the newest ones at {utc(last.as_of)}",
            where=str(folder),
            todo="name the folder of the newest scan",
        )
    number = 1 if last is None else int(last.number) + 1
    same = last is not None and last.digest == scan.digest
    if same:
        number -= 1
        revised = take_revisions(connection, state, run=number, now=now)
        if revised:
            _count(connection)
        return Loaded(number, changed=revised > 0, revisions=revised)
    row = {"number": number, "digest": scan.digest, "loaded": now, **scan.run}
    connection.execute(sa.insert(runs).values(**row))
    campaigns = _take_campaigns(connection, scan, number, now)
    verdicts = take_verdicts(connection, scan.verdicts, run=number, now=now)
    revised = take_revisions(connection, state, run=number, now=now)
    for table, rows in ((tables.groups, scan.groups), (tables.days, scan.days)):
        connection.execute(sa.delete(table))
        _insert(connection, table, rows)
    _count(connection)
    more = {"digest": scan.digest, "campaigns": len(scan.campaigns), "changed": campaigns}
    entry = Entry(now, who, "operator", "import", f"run:{number}", "", more=more)
    written(connection, entry)
    if connection.dialect.name == "postgresql":  # it plans by what it counted last
        for table in tables.METADATA.sorted_tables:
            connection.execute(sa.text(f"ANALYZE {table.name}"))
    return Loaded(number, changed=True, campaigns=campaigns, verdicts=verdicts, revisions=revised)


def refresh(connection: Connection, sources: Sources, *, now: int, who: str) -> Loaded | None:
    """Take in whatever is new of a scan's results, the exchange and attributions.

    Args:
        connection: in a transaction; all is taken in, or nothing.
        sources: what is None is left out.
        now: microseconds since 1970.
        who: imports, for the log.

    Returns:
        What was imported of the results; None where the sources name none.

    Raises:
        StillwatchError: as `load`, `take_exchange` and `take_attribution` say.
    """
    done = None
    if sources.results is not None:
        done = load(connection, sources.results, now=now, who=who, state=sources.state)
    if sources.exchange is not None:
        take_exchange(connection, sources.exchange, now=now)
    if sources.attribution is not None:
        take_attribution(connection, sources.attribution)
    return done


def _count(connection: Connection) -> None:
    head = tables.head
    connection.execute(sa.update(head).values(imports=head.c.imports + 1))


def _insert(connection: Connection, table: sa.Table, rows: Iterable[Any]) -> None:
    wanted = list(rows)
    if wanted:
        connection.execute(sa.insert(table), wanted)


def _take_campaigns(connection: Connection, scan: ScanFolder, run: int, now: int) -> int:
    """Take in the campaigns; return how many are new or said otherwise."""
    table = tables.campaigns
    before = {row.campaign_id: row for row in connection.execute(sa.select(table))}
    taking = _Taking(connection, standing(connection), run, now)
    for found in scan.campaigns:
        old = before.get(found.campaign_id)
        if old is None or old.digest != found.digest or old.standing != "declared":
            taking.take(found, old)
    taking.write()
    news = taking.news
    here = {found.campaign_id for found in scan.campaigns}
    connection.execute(sa.update(table).where(table.c.standing == "declared").values(last_run=run))
    taken = {name: found.campaign_id for found in scan.campaigns for name in found.merged}
    aside = {row["name"] for row in scan.groups}
    for name, old in before.items():
        if name in here or old.standing in {"gone", "merged"}:
            continue
        into = taken.get(name, "")
        if old.standing == "made" and not into and name not in aside:
            continue  # a scan that did not read the decisions does not know it
        stands = "merged" if into else "aside" if name in aside else "gone"
        values = {
            "standing": stands,
            "merged_into": into or old.merged_into,
            "waiting": None,
            "last_run": run if stands == "aside" else old.last_run,
        }
        connection.execute(sa.update(table).where(table.c.campaign_id == name).values(**values))
        if stands != old.standing:
            news.append(_news(now, run, stands, name, old.standing, into))
    _insert(connection, tables.history, news)
    return len(taking.names)


class _Taking:
    """Campaigns on their way into the tables, which are written together."""

    def __init__(
        self, connection: Connection, decided: Sequence[Standing], run: int, now: int
    ) -> None:
        self._connection, self._decided, self._run, self._now = connection, decided, run, now
        self.names: list[str] = []
        self.news: list[dict[str, Any]] = []
        self._known: list[str] = []
        self._fresh: list[dict[str, Any]] = []
        self._children: dict[str, list[dict[str, Any]]] = {name: [] for name in _CHILDREN}
        self._by_hand = _by_hand(connection)

    def take(self, found: Found, old: Any) -> None:  # noqa: ANN401 - a row of the table, or None
        """Take in what a scan says of a campaign that is new or said otherwise."""
        name = found.campaign_id
        own = [one for one in self._decided if name in {one.campaign_id, one.other}]
        away = {
            account
            for one in own
            if one.action in {"split", "move"} and one.campaign_id == name
            for account in one.body["accounts"]
        }
        members = [{"by_hand": False, **row} for row in found.members if row["account"] not in away]
        said = {one["account"] for one in members}
        members += [one for one in self._by_hand.get(name, ()) if one["account"] not in said]
        state, waiting, why = _state(found, old, own, self._now)
        row = {
            **found.row,
            "members": len(members),
            "flagged": sum(one["flagged_at"] is not None for one in members),
            "digest": found.digest,
            "state": state,
            "standing": "declared",
            "waiting": waiting,
            "last_run": self._run,
        }
        if old is None:
            first = {"campaign_id": name, "merged_into": "", "first_run": self._run}
            self._fresh.append(row | first)
        else:
            table = tables.campaigns
            change = sa.update(table).where(table.c.campaign_id == name)
            self._connection.execute(change.values(**row))
            self._known.append(name)
        self.names.append(name)
        self.news += _said(found, old, self._run, self._now, why)
        rows = {
            "members": members,
            "details": [{"body": found.body}],
            **{kind: getattr(found, kind) for kind in _OF_A_SCAN},
        }
        for kind, some in rows.items():
            self._children[kind] += ({**one, "campaign_id": name} for one in some)

    def write(self) -> None:
        """Write what was taken."""
        for kind, table in _CHILDREN.items():
            for at in range(0, len(self._known), _CHUNK):
                names = self._known[at : at + _CHUNK]
                self._connection.execute(sa.delete(table).where(table.c.campaign_id.in_(names)))
            _insert(self._connection, table, self._children[kind])
        _insert(self._connection, tables.campaigns, self._fresh)


def _by_hand(connection: Connection) -> dict[str, list[dict[str, Any]]]:
    """Return the members that people put into campaigns."""
    table = tables.members
    found: dict[str, list[dict[str, Any]]] = {}
    for row in connection.execute(sa.select(table).where(table.c.by_hand)):
        found.setdefault(row.campaign_id, []).append(dict(row._mapping))  # noqa: SLF001 - SQLAlchemy's
    return found


def _state(
    found: Found,
    old: Any,  # noqa: ANN401 - as above
    own: Sequence[Standing],
    now: int,
) -> tuple[str, int | None, str]:
    """Return the state of review, since when somebody is waited for, and why again."""
    if old is None:
        return "waiting", now, ""
    ruled = [one for one in own if one.action in {"confirm", "reject", "benign"}]
    if old.state in {"rejected", "benign"} and ruled:
        body = ruled[-1].body
        why = grown(
            body["members"],
            body["log_odds"],
            [one["account"] for one in found.members],
            found.row["log_odds"],
            explained=old.state == "benign",
        )
        return ("again", now, why) if why else (old.state, None, "")
    if old.state in {"waiting", "again"}:
        return old.state, now if old.waiting is None else old.waiting, ""
    return old.state, old.waiting, ""


def _said(
    found: Found,
    old: Any,  # noqa: ANN401 - as above
    run: int,
    now: int,
    why: str,
) -> list[dict[str, Any]]:
    name, size = found.campaign_id, len(found.members)
    if old is None:
        origin = f", split from {found.row['split_from']}" if found.row["split_from"] else ""
        return [_news(now, run, "declared", name, "", f"{size} accounts{origin}")]
    news = []
    if old.standing in {"gone", "merged", "aside"}:
        news.append(_news(now, run, "declared", name, old.standing, f"{size} accounts"))
    if why:
        news.append(_news(now, run, "again", name, old.state, why))
    if size != old.members or found.row["exchanges"] != old.exchanges:
        was, is_ = f"{old.members} accounts, {old.exchanges} exchanges", found.row["exchanges"]
        news.append(_news(now, run, "grew", name, was, f"{size} accounts, {is_} exchanges"))
    return news


def _news(now: int, run: int, kind: str, name: str, was: str, is_: str) -> dict[str, Any]:
    return {
        "time": now,
        "run": run,
        "kind": kind,
        "campaign_id": name,
        "account": "",
        "was": was,
        "now": is_,
        "mark": "",
    }
