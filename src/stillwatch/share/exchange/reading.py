"""Taking in what any TAXII 2.1 server holds; only what obeys the rules, under the server's name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from stillwatch.share.exchange.client import UNREADABLE
from stillwatch.share.exchange.records import Taken
from stillwatch.share.objects import (
    Indicator,
    RuleError,
    Sighting,
    check_arrival,
    check_author,
    parse_canonical,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from stillwatch.share.exchange.keyring import Keyring
    from stillwatch.share.exchange.store import Store
    from stillwatch.share.exchange.taxii import TaxiiClient
    from stillwatch.share.objects import Object

__all__ = ["judged_objects", "read_server"]


class _Kind(msgspec.Struct):
    type: str = ""
    spec_version: str = ""


def read_server(server: TaxiiClient, store: Store, *, source: str, now: float) -> dict[str, int]:
    """Take what is new in all collections of a server, and remember how far each was read.

    Args:
        server: asked.
        store: keeps what is taken.
        source: name under which it is kept.
        now: seconds since 1970.

    Raises:
        UnreachableError: the server is away; what came before is kept.
        RefusedError: the server refuses.
    """
    counts = {"collections": 0, "objects": 0, "refused": 0, "of_other_types": 0}
    for collection in server.collections():
        counts["collections"] += 1
        name = f"taxii {collection.url}"
        for page in server.pages(collection, added_after=store.meta(name)):
            found, others = judged_objects(
                page.objects, store.newest, store.keyring(), source=source, now=now
            )
            store.take(found, cursor=-1, source=source)
            if page.last:
                store.remember(name, page.last)
            refused = sum(bool(one.rule) for one in found)
            counts["objects"] += len(found) - refused
            counts["refused"] += refused
            counts["of_other_types"] += others
    return counts


def judged_objects(
    raws: Iterable[bytes],
    previous: Callable[[str], Object | None],
    keyring: Keyring,
    *,
    source: str,
    now: float,
) -> tuple[list[Taken], int]:
    """Return what is kept of foreign objects, and how many are of types that mean nothing here.

    Args:
        raws: objects as JSON.
        previous: the newest version held of an id.
        keyring: of the members of one's own exchange, whose word they alone can give.
        source: where they are from.
        now: seconds since 1970.
    """
    found: list[Taken] = []
    newer: dict[str, Object] = {}
    others = 0
    for raw in map(_repaired, raws):
        shared = (source, "member", "", raw)
        try:
            item, body = parse_canonical(raw)
            if not isinstance(item, Indicator | Sighting):
                others += 1
                continue
            held = newer.get(item.id) or previous(item.id)
            check_arrival(item, now=now, previous=held)
            if item.created_by_ref in keyring:
                check_author(item, keyring.keys(item.created_by_ref))
        except RuleError as error:
            if _kind(raw) not in {"indicator", "sighting"}:
                others += 1
            elif error.rule != "X-47":  # held already, or newer
                found.append(Taken(-1, "", "", "", *shared, None, error.rule))
            continue
        newer[item.id] = item
        taken = Taken(-1, item.id, item.type, item.modified, source, "member", "", body, item)
        found.append(taken)
    return found, others


def _repaired(raw: bytes) -> bytes:
    """Return an object as it was published: OpenTAXII 0.9 answers the type as the spec_version."""
    try:
        kind = msgspec.json.decode(raw, type=_Kind)
    except UNREADABLE:
        return raw
    if not kind.type or kind.spec_version != kind.type:
        return raw
    return msgspec.json.encode({**msgspec.json.decode(raw), "spec_version": "2.1"})


def _kind(raw: bytes) -> str:
    try:
        return msgspec.json.decode(raw, type=_Kind).type
    except UNREADABLE:
        return ""
