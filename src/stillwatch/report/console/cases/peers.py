"""The exchange: what a member's store holds, copied into the console's tables when it changed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from stillwatch.disk import read_small
from stillwatch.errors import ConfigurationError, InputFormatError
from stillwatch.records import utc
from stillwatch.report.console.cases.listing import paged, time_of
from stillwatch.report.console.cases.log import locked
from stillwatch.report.console.cases.reading import digest_of, held
from stillwatch.report.console.cases.records import ExchangeItem, ExchangeView, Page, Publisher
from stillwatch.store import console_tables as tables

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sqlalchemy import Connection

    from stillwatch.report.console.cases.interface import Query
    from stillwatch.share.exchange.store import Store
    from stillwatch.share.exchange.trust import Judged
    from stillwatch.share.objects import Indicator

__all__ = ["exchange", "shared_of", "take_attribution", "take_exchange"]

_FILTERS = ("direction", "state", "publisher")
_LARGEST = 64 << 20


def take_exchange(connection: Connection, home: Path, *, now: int) -> bool:
    """Copy what a member holds; return whether anything had changed.

    Args:
        connection: in a transaction.
        home: the member's folder.
        now: microseconds since 1970.

    Raises:
        ConfigurationError: there is no member here, or its store is another version's.
    """
    from stillwatch.share.exchange.membership import Home  # noqa: PLC0415 - extra `share`
    from stillwatch.share.exchange.store import Store  # noqa: PLC0415

    folder = Home(home)
    if not folder.joined or not folder.database.exists():
        raise ConfigurationError(
            "there is no member of an exchange here",
            where=str(home),
            todo="name the folder that `stillwatch exchange join --home` was given",
        )
    own = folder.membership().member
    names = connection.execute(sa.select(tables.campaigns.c.campaign_id)).scalars()
    store = Store(folder.database)
    try:
        items, publishers = _rows(store, own, _refs(folder.secret(), names), now)
    finally:
        store.close()
    mark = digest_of([items, publishers])
    if locked(connection).exchange_mark == mark:
        return False
    for table, rows in ((tables.exchange, items), (tables.publishers, publishers)):
        connection.execute(sa.delete(table))
        if rows:
            connection.execute(sa.insert(table), rows)
    head = tables.head
    connection.execute(sa.update(head).values(exchange_mark=mark, imports=head.c.imports + 1))
    return True


def _refs(secret: bytes, names: Any) -> dict[str, str]:  # noqa: ANN401 - rows of SQLAlchemy's
    """Return our campaigns by the name that peers know them by."""
    from stillwatch.share.objects import campaign_ref  # noqa: PLC0415

    return {campaign_ref(secret, name): name for name in names}


def _rows(
    store: Store, own: str, refs: Mapping[str, str], now: int
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    from stillwatch.share.exchange.trust import Record, judged, precision_of  # noqa: PLC0415
    from stillwatch.share.objects import Indicator  # noqa: PLC0415

    authors = store.authors()
    words = judged(store.sightings(), authors)
    records = precision_of(words, authors)
    held_back = {number for number, *_ in store.held_back()}
    items = [
        _item(one.item, own, refs, words.get(one.item.id), held_back, now)
        for one in store.objects()
        if isinstance(one.item, Indicator)
    ]
    seen = {row["object_id"] for row in items if row["direction"] == "out"}
    waiting = {one.id: one.state for one in store.waiting()}
    items += [
        _item(item, own, refs, words.get(item.id), held_back, now)
        | {"direction": "out", "state": waiting.get(item.id, "sent")}
        for item in store.published()
        if isinstance(item, Indicator) and item.id not in seen
    ]
    items += [_refusal(*row) for row in {row[0]: row for row in store.refusals()}.values()]
    members = {number: (name, state) for number, name, state in store.members()}
    publishers = [
        {
            "publisher": number,
            "name": held(members.get(number, ("", ""))[0]),
            "state": members.get(number, ("", "unknown"))[1],
            "hits": record.right,
            "misses": record.wrong,
            "precision": record.precision,
            "own": number == own,
        }
        for number in sorted({*members, *authors.values(), own})
        for record in (records.get(number, Record(0, 0)),)
    ]
    return items, publishers


def _item(
    item: Indicator,
    own: str,
    refs: Mapping[str, str],
    word: Judged | None,
    held_back: set[str],
    now: int,
) -> dict[str, Any]:
    from stillwatch.share.objects import kind_of, seconds  # noqa: PLC0415

    ends = round(seconds(item.valid_until) * 1e6)
    state = "live"
    if item.revoked is True:
        state = "recalled"
    elif ends <= now:
        state = "expired"
    elif item.id in held_back:
        state = "held back"
    campaign = item.fields.campaign
    return {
        "object_id": item.id,
        "direction": "out" if item.created_by_ref == own else "in",
        "type": "indicator",
        "slot": kind_of(item.content),
        "publisher": item.created_by_ref,
        "campaign_id": refs.get(campaign, campaign),
        "modified": round(seconds(item.modified) * 1e6),
        "ends": ends,
        "state": state,
        "confirmed": word.confirmed if word else 0,
        "false_positive": word.false_positive if word else 0,
        "contested": word.contested if word else 0,
        "words": "",
    }


def _refusal(index: int, source: str, rule: str, publisher: str) -> dict[str, Any]:
    return {
        "object_id": f"record {index} of {held(source)}",
        "direction": "in",
        "type": "record",
        "slot": "",
        "publisher": held(publisher),
        "campaign_id": "",
        "modified": 0,
        "ends": None,
        "state": "refused",
        "confirmed": 0,
        "false_positive": 0,
        "contested": 0,
        "words": held(rule),
    }


def take_attribution(connection: Connection, path: Path) -> bool:
    """Copy what ``stillwatch signatures attribute --json`` said; return whether it had changed.

    Raises:
        SourceNotFoundError: there is no such file.
        InputFormatError: it is none of these.
    """
    raw = read_small(path, "the attribution", _LARGEST)
    try:
        found = [
            (held(one["campaign"]), held(name), float(probability), words)
            for one in json.loads(raw)
            for name, probability, words in (
                *(
                    (other["campaign"], other["probability"], "a campaign known by its signature")
                    for other in one["candidates"]
                ),
                ("nobody known", one["unknown"], "none of the signatures that are held"),
            )
        ]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputFormatError(
            f"not an attribution: {type(error).__name__}: {error}",
            where=str(path),
            todo="write it with `stillwatch signatures attribute --json`",
        ) from error
    mark = digest_of(found)
    if locked(connection).attribution_mark == mark:
        return False
    names = ("campaign_id", "actor", "probability", "words")
    rows = {(one[0], one[1]): dict(zip(names, one, strict=True)) for one in found}
    connection.execute(sa.delete(tables.attribution))
    if rows:
        connection.execute(sa.insert(tables.attribution), list(rows.values()))
    head = tables.head
    connection.execute(sa.update(head).values(attribution_mark=mark, imports=head.c.imports + 1))
    return True


def exchange(connection: Connection, query: Query) -> ExchangeView:
    """Return what arrived and left, and the members' records."""
    table, names = tables.exchange, tables.publishers
    chosen = sa.select(table)
    for name, value in query.filters.items():
        if name not in _FILTERS:
            raise ConfigurationError(f"no filter {name!r}", todo=f"one of {', '.join(_FILTERS)}")
        if value:
            chosen = chosen.where(table.c[name] == value.replace("\0", ""))
    orders = {name: table.c[name] for name in ("modified", "ends", "publisher")}
    rows, total, page = paged(connection, chosen, query, "exchange", orders, table.c.object_id)
    known = connection.execute(
        sa.select(names).order_by(names.c.own.desc(), names.c.name, names.c.publisher)
    ).all()
    called = {row.publisher: row.name for row in known}
    states = sa.select(table.c.state, sa.func.count()).group_by(table.c.state)
    return ExchangeView(
        items=Page(tuple(_shown(row, called) for row in rows), total, page, query.size),
        counts={row[0]: int(row[1]) for row in connection.execute(states)},
        publishers=tuple(
            Publisher(r.publisher, r.name, r.state, r.hits, r.misses, r.precision, r.own)
            for r in known
        ),
    )


def shared_of(connection: Connection, campaign_id: str) -> tuple[ExchangeItem, ...]:
    """Return what was published of a campaign, newest first."""
    table, names = tables.exchange, tables.publishers
    query = sa.select(table).where(
        (table.c.campaign_id == campaign_id) & (table.c.direction == "out")
    )
    rows = connection.execute(query.order_by(table.c.modified.desc()).limit(500)).all()
    called = {r.publisher: r.name for r in connection.execute(sa.select(names))} if rows else {}
    return tuple(_shown(row, called) for row in rows)


def _shown(row: Any, called: Mapping[str, str]) -> ExchangeItem:  # noqa: ANN401 - a row of the table
    return ExchangeItem(
        object_id=row.object_id,
        direction=row.direction,
        type=row.type,
        slot=row.slot,
        publisher=row.publisher,
        name=called.get(row.publisher, ""),
        campaign_id=row.campaign_id,
        modified=utc(row.modified),
        ends=time_of(row.ends),
        state=row.state,
        confirmed=row.confirmed,
        false_positive=row.false_positive,
        contested=row.contested,
        words=row.words,
    )
