"""The endpoints of TAXII 2.1 (OASIS Standard, sections 4 and 5)."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import msgspec

from stillwatch.errors import RefusedError
from stillwatch.share.hub.accepted import accept
from stillwatch.share.hub.calls import TAXII, Answer, Call, refuse_doubled
from stillwatch.share.hub.pages import Filters, Page, Reading, newest_added, read_page
from stillwatch.share.hub.posts import Failure, Post
from stillwatch.share.hub.refusals import HubError
from stillwatch.share.hub.statuses import read_status
from stillwatch.share.hub.times import stamp, written
from stillwatch.share.hub.tokens import Place
from stillwatch.share.objects import RuleError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from stillwatch.share.hub.accepted import Accepted
    from stillwatch.share.hub.hub import Hub
    from stillwatch.share.hub.roster import Collection

__all__ = [
    "api_root",
    "collection",
    "collections",
    "discovery",
    "manifest",
    "object_by_id",
    "objects",
    "post_objects",
    "refuse_delete",
    "status",
    "versions",
]

_STIX = "application/stix+json;version=2.1"
_MATCHES = ("id", "type", "version", "spec_version")
_MOST_MATCHES = 100
_encode = msgspec.json.Encoder().encode


class _Envelope(msgspec.Struct, forbid_unknown_fields=True):
    """TAXII's envelope (section 3.7); what a server adds to it is taken and not read."""

    objects: list[msgspec.Raw] = []
    more: bool = False
    next: str = ""


class _Named(msgspec.Struct):
    id: Any = ""
    modified: Any = ""


async def discovery(hub: Hub, _call: Call) -> Answer:
    """Name the API roots (section 4.1)."""
    root = f"{hub.settings.origin}/taxii2/api/"
    return _json({"title": hub.settings.title, "default": root, "api_roots": [root]})


async def api_root(hub: Hub, _call: Call) -> Answer:
    """Describe the API root (section 4.2)."""
    return _json(
        {
            "title": hub.settings.title,
            "versions": [TAXII],
            "max_content_length": hub.settings.max_content_length,
        }
    )


async def status(hub: Hub, call: Call) -> Answer:
    """Return a status resource to who posted (section 4.3)."""
    try:
        wanted = uuid.UUID(call.places["status"]).bytes
    except ValueError as error:
        raise HubError(404, "H-0", "there is no such status") from error
    held = await hub.database.read(read_status, wanted, call.asker.number)
    if held is None:
        raise HubError(404, "H-0", "there is no such status")
    return Answer(200, held, TAXII)


async def collections(hub: Hub, call: Call) -> Answer:
    """List the collections of the member (section 5.1)."""
    mine = hub.roster.collections_of(call.asker)
    shown = [_described(place, call) for place in mine]
    return _json({"collections": shown} if shown else {})


async def collection(hub: Hub, call: Call) -> Answer:
    """Describe a collection (section 5.2)."""
    return _json(_described(_collection(hub, call), call))


async def manifest(hub: Hub, call: Call) -> Answer:
    """Page through versions without their content (section 5.3)."""
    page, after = await _page(hub, call, "manifest", bodies=False)
    rows = [
        {
            "id": row.id,
            "date_added": written(row.added),
            "version": row.modified,
            "media_type": _STIX,
        }
        for row in page.shown
    ]
    return _paged(page, {"objects": rows}, after)


async def objects(hub: Hub, call: Call) -> Answer:
    """Page through objects (section 5.4)."""
    page, after = await _page(hub, call, "objects", bodies=True)
    return _envelope(page, after)


async def object_by_id(hub: Hub, call: Call) -> Answer:
    """Page through the versions of one object (section 5.6)."""
    page, after = await _page(hub, call, "object", bodies=True, one=True)
    return _envelope(page, after)


async def versions(hub: Hub, call: Call) -> Answer:
    """Page through the names of the versions of one object (section 5.8)."""
    page, after = await _page(hub, call, "versions", bodies=False, one=True)
    return _paged(page, {"versions": [row.modified for row in page.shown]}, after)


async def refuse_delete(hub: Hub, call: Call) -> Answer:
    """Refuse to delete (section 5.7 allows 403): a revocation is a new version."""
    _collection(hub, call)
    raise HubError(  # H-9
        403, "H-9", "nothing is deleted here", todo="post a new version with revoked true"
    )


async def post_objects(hub: Hub, call: Call) -> Answer:
    """Take an envelope (section 5.5); the answer comes when it is durable."""
    place = _collection(hub, call)
    if not hub.may_write(call.asker, place):  # H-3
        raise HubError(403, "H-3", "the member does not publish here")
    try:
        envelope = msgspec.json.decode(call.body, type=_Envelope)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:  # H-0
        raise HubError(400, "H-0", f"the body is no TAXII envelope: {error}") from error
    if call.body.count(b'"objects"') > 1 or b"\\" in call.body:  # a second one may be spelled so
        refuse_doubled(call.body)
    count = len(envelope.objects)
    if not 1 <= count <= hub.settings.most_objects:  # H-11
        most = hub.settings.most_objects
        code = 413 if count else 400
        raise HubError(code, "H-11", f"an envelope has 1 to {most} objects, this one {count}")
    hub.access.take_objects(call.asker, count, call.now)
    items = tuple(_read(bytes(raw)) for raw in envelope.objects)
    made = uuid.UUID(bytes=hub.chance(16), version=4)
    post = Post(call.asker.number, place.number, items, made.bytes, str(made))
    done = await hub.writer.post(post)
    noted: tuple[tuple[str, Any], ...] = (("taken", done.taken), ("refused", len(done.refused)))
    if done.leaves:
        noted += (("first", done.leaves[0]), ("last", done.leaves[-1]))
    if not done.taken:
        first = done.refused[0]
        raise HubError(
            422, first.rule, first.message.removeprefix(f"{first.rule}: "),
            details={"status": msgspec.Raw(done.status)},
        )  # fmt: skip
    return Answer(202, done.status, TAXII, noted=noted)


def _read(raw: bytes) -> Accepted | Failure:
    try:
        return accept(raw)
    except (RefusedError, RuleError) as error:
        try:
            named = msgspec.json.decode(raw, type=_Named)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            named = _Named()
        said = [
            str(text)[:80] if isinstance(text, str) else "" for text in (named.id, named.modified)
        ]
        return Failure(said[0], said[1], error.rule, str(error))


async def _page(
    hub: Hub, call: Call, kind: str, *, bodies: bool, one: bool = False
) -> tuple[Page, str]:
    """Return a page and the token of the next one."""
    place = _collection(hub, call)
    if not call.asker.reads:  # H-3
        raise HubError(403, "H-3", "the member does not read objects")
    limit = call.number("limit", hub.settings.page, hub.settings.most_page, least=1)
    filters, spelled = _filters(call, one=one, every=kind == "versions")
    added_after = call.one("added_after")
    after = stamp_or_400(added_after) if added_after is not None else 0
    mark = f"{kind}\n{place.id}\n{after}\n{spelled}"
    token = call.one("next")
    begun = Place.read(token, mark) if token is not None else None
    page, upto = await hub.database.read(
        _read_page, begun, after, limit, place.number, call.asker.number, filters, call.now, bodies
    )
    if one and not page.shown and begun is None and added_after is None:
        raise HubError(404, "H-0", "there is no such object")
    return page, Place(page.looked, upto).write(mark) if page.more else ""


def _read_page(
    connection: Connection,
    begun: Place | None,
    after: int,
    limit: int,
    collection_number: int,
    member: int,
    filters: Filters,
    now: int,
    bodies: bool,  # noqa: FBT001 - passed through a thread
) -> tuple[Page, int]:
    upto = begun.upto if begun else newest_added(connection, collection_number)
    reading = Reading(collection_number, member, filters, upto, now, bodies)
    return read_page(connection, reading, begun.after if begun else after, limit), upto


def _filters(call: Call, *, one: bool, every: bool) -> tuple[Filters, str]:
    """Return the filters of a request, and one spelling of them for `next`."""
    given: dict[str, list[str]] = {}
    for name in _MATCHES:
        text = call.one(f"match[{name}]")
        if text is not None:
            given[name] = sorted({part for part in text.split(",") if part})
            if not 1 <= len(given[name]) <= _MOST_MATCHES:  # H-0
                raise HubError(400, "H-0", f"match[{name}] has 1 to {_MOST_MATCHES} values")
    unknown = [
        key for key, _ in call.query if key.startswith("match[") and key[6:-1] not in _MATCHES
    ]
    if unknown:  # H-0
        raise HubError(400, "H-0", f"there is no filter {unknown[0][:40]}")
    ids = [call.places["object"]] if one else given.get("id", [])
    wanted = ["all"] if every else given.get("version", ["last"])
    times = {stamp_or_400(text) for text in wanted if text not in {"first", "last", "all"}}
    if "all" in wanted and len(wanted) > 1:  # H-0
        raise HubError(400, "H-0", "match[version] is all, or others")
    filters = Filters(
        frozenset(ids),
        frozenset(given.get("type", [])),
        frozenset(given.get("spec_version", [])),
        every="all" in wanted,
        first="first" in wanted,
        last="last" in wanted,
        versions=frozenset(times),
    )
    return filters, repr((ids, given.get("type"), given.get("spec_version"), wanted))


def stamp_or_400(text: str) -> int:
    """Return a time in microseconds since 1970.

    Raises:
        HubError: H-0 it is none.
    """
    try:
        return stamp(text)
    except RefusedError as error:
        raise HubError(400, error.rule, error.what.removeprefix("H-0: ")) from error


def _collection(hub: Hub, call: Call) -> Collection:
    found = hub.roster.collection(call.places["collection"], call.asker)
    if found is None:
        raise HubError(404, "H-0", "there is no such collection")
    return found


def _described(place: Collection, call: Call) -> dict[str, Any]:
    return {
        "id": place.id,
        "title": place.title,
        "description": place.description,
        "alias": place.alias,
        "can_read": call.asker.reads,
        "can_write": "publish" in call.asker.roles,
        "media_types": [_STIX],
    }


def _json(content: Any) -> Answer:  # noqa: ANN401 - JSON
    return Answer(200, _encode(content), TAXII)


def _envelope(page: Page, token: str) -> Answer:
    rows = b",".join([row.body for row in page.shown])
    start = b'{"more":true,"next":"%b"' % token.encode() if page.more else b'{"more":false'
    body = b'%b,"objects":[%b]}' % (start, rows) if rows else start + b"}"
    return Answer(200, body, TAXII, _dates(page), noted=(("given", len(page.shown)),))


def _paged(page: Page, content: dict[str, Any], token: str) -> Answer:
    whole = {"more": page.more, **content}
    if page.more:
        whole["next"] = token
    return Answer(200, _encode(whole), TAXII, _dates(page), noted=(("given", len(page.shown)),))


def _dates(page: Page) -> tuple[tuple[str, str], ...]:
    """Return the headers that say what was looked at (section 3.4)."""
    if not page.shown:
        return (("X-TAXII-Date-Added-Last", written(page.looked)),) if page.more else ()
    return (
        ("X-TAXII-Date-Added-First", written(page.shown[0].added)),
        ("X-TAXII-Date-Added-Last", written(page.looked)),
    )
