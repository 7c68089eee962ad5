"""Hubs that lie to a member: about records, the log, and everything else they say."""

from __future__ import annotations

import json
import time
from base64 import b64decode

from forking_log import ForkingLog
from judging import SMALL, Case
from lying import LOG, LONG, Said, bomb, event, tile_of

from stillwatch.errors import RefusedError, UnreachableError
from stillwatch.ledger import Checkpoint, SigningKey, commit
from stillwatch.ledger.checkpoints import sign_checkpoint
from stillwatch.share.objects import EXTENSION_ID

RECORDS, STREAM = "/exchange/v1/records", "/exchange/v1/stream"
REFUSED, AWAY = RefusedError.exit_code, UnreachableError.exit_code


def _case(mechanism, name, attack, rule, status=REFUSED, **more):
    return Case(mechanism, name, attack, rule, status, at="member", seconds=4.0, **more)


def meddled(change):
    """Pull records that the hub changed on their way."""

    def attack(world):
        def lie(path, said):
            if path != RECORDS:
                return None
            document = json.loads(said.body)
            change(document["records"])
            return _dumped(document)

        return world.reader.pull(lie)

    return attack


def _dumped(document):
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


def _first(**changes):
    return meddled(lambda records: records[0].update(changes))


def _licence(records):
    records[0]["object"]["extensions"][EXTENSION_ID]["licence"] = "challenge"


FORGED = [
    _case("forged-record", "content", meddled(_licence), "M-3"),
    _case("forged-record", "author", meddled(lambda r: r[0]["object"].update(
        created_by_ref="identity--0b7e6f2e-3c49-4a2f-9c55-6a1f7d1f2f01")), "M-3"),
    _case("forged-record", "salt", _first(salt="A" * 43 + "="), "M-3"),
    _case("forged-record", "short-salt", _first(salt="AAAA"), "M-4"),
    _case("forged-record", "made-up", meddled(lambda r: r.append(
        r[-1] | {"index": r[-1]["index"] + 1})), "M-3"),
]  # fmt: skip
ORDERS = [
    _case("record-order", "turned", meddled(lambda r: r.reverse()), "M-9"),
    _case("record-order", "twice", meddled(lambda r: r.append(r[-1])), "M-9"),
    _case("record-order", "moved", meddled(lambda r: r[0].update(index=r[1]["index"])), "M-9"),
    _case("record-order", "far", meddled(lambda r: r[-1].update(index=10**12)), "M-3"),
    _case("record-order", "huge", meddled(lambda r: r[-1].update(index=10**40)), "M-3|M-9"),
]


def aside(content, **record):
    """Pull an object that is in the log and breaks a rule: it is kept aside and never matched."""

    def attack(world):
        reader = world.reader
        log, records = reader.hub.branch()
        publisher = record.pop("publisher", world["Beta"].id)
        raw = content(world)
        reader.hub.add(raw, log=log, records=records, publisher=publisher, **record)
        return reader.pull(_other_log(reader, log, records), aside=True)

    return attack


def _other_log(reader, log, records):
    """Return a lie that shows another log throughout."""

    def lie(path, _):
        if path == RECORDS:
            return reader.hub.page(records[3:], log)
        if path == LOG + "checkpoint":
            return log.note().encode()
        return tile_of(log, path) if path.startswith(LOG) else None

    return lie


def spoilt(change):
    def content(world):
        item = json.loads(world.reader.item())
        change(item)
        return json.dumps(item, sort_keys=True, separators=(",", ":")).encode()

    return content


def _ours(**changes):
    return spoilt(lambda item: item["extensions"][EXTENSION_ID].update(changes))


ASIDE = [
    _case("aside", "clear-email", aside(_ours(note="anna@mail.example")), "X-14", 0),
    _case("aside", "other-publisher", aside(
        lambda w: w.reader.item(), publisher="identity--x"), "M-8", 0),
    _case("aside", "other-bytes", aside(
        lambda w: w.reader.item().replace(b'":', b'": ', 1)), "M-5", 0),
    _case("aside", "gift-of-the-hub", aside(lambda w: w.reader.item(), made_by="hub"), "M-7", 0),
    _case("aside", "membership", aside(lambda _: b'{"change":5}', kind="member"), "M-6", 0),
]  # fmt: skip
MORE_ASIDE = [
    _case("aside-by-rule", "two-tlps", aside(spoilt(
        lambda item: item["object_marking_refs"].append(item["object_marking_refs"][0]))),
        "X-25", 0),
    _case("aside-by-rule", "deep", aside(lambda _: b"[" * 60 + b"]" * 60), "X-3", 0),
    _case("aside-by-rule", "key-twice", aside(
        lambda w: w.reader.item().replace(b'"confidence"', b'"confidence":1,"confidence"')),
        "X-5", 0),
    _case("aside-by-rule", "licence-to-block", aside(_ours(licence="block")), "X-41", 0),
    _case("aside-by-rule", "expired", aside(spoilt(lambda item: item.update(
        valid_from="2026-01-01T00:00:00Z", valid_until="2026-01-09T00:00:00Z"))), "X-45", 0),
]  # fmt: skip


def view(make):
    """Pull under another checkpoint, which the log's own key signed or did not."""

    def attack(world):
        reader = world.reader
        log, records = make(reader)
        return reader.pull(_other_log(reader, log, records))

    return attack


def _grown(reader, size):
    """Return another history of the log, and its records."""
    log, records = ForkingLog(reader.hub.key), []
    for _ in range(size):
        item = reader.item()
        reader.hub.add(item, log=log, records=records, publisher=reader.world["Beta"].id)
    return log, records


SPLIT = [
    _case("split-view", "grown", view(lambda r: _grown(r, 6)), "M-2"),
    _case("split-view", "same-size", view(lambda r: _grown(r, 3)), "M-2"),
    _case("split-view", "rolled-back", view(lambda r: _grown(r, 2)), "M-2"),
    _case("split-view", "emptied", view(lambda r: (ForkingLog(r.hub.key), r.hub.records)),
          "M-2|M-3"),
    _case("split-view", "parted-late", view(lambda r: _parted(r)), "M-2"),
]  # fmt: skip


def _parted(reader):
    """Return a history that has the first two records, and another third."""
    log, records = ForkingLog(reader.hub.key), reader.hub.records[:2]
    log.grow(*(commit(b64decode(record["salt"]), raw) for record, raw in records))
    for _ in range(3):
        item = reader.item()
        reader.hub.add(item, log=log, records=records, publisher=reader.world["Beta"].id)
    return log, records


def noted(make):
    """Pull under a checkpoint of one's own making."""

    def attack(world):
        hub = world.reader.hub
        note = make(hub)

        def lie(path, _):
            return hub.page(hub.records[3:], note=note) if path == RECORDS else None

        return world.reader.pull(lie)

    return attack


def _signed(hub, *, origin=None, size=None, root=None, key=None):
    log = hub.log
    checkpoint = Checkpoint(
        origin or log.origin, log.tree.size if size is None else size,
        root or bytes(32),
    )  # fmt: skip
    return sign_checkpoint(checkpoint, [key or hub.key]).encode().decode()


NOTES = [
    _case("checkpoint", "other-key", noted(
        lambda h: _signed(h, key=SigningKey.generate("hub.example/log"))), "M-1"),
    _case("checkpoint", "other-origin", noted(lambda h: _signed(h, origin="hub.example/two")),
          "M-1"),
    _case("checkpoint", "unsigned", noted(
        lambda h: h.log.note().encode().decode().partition("\n\n")[0] + "\n\n"), "M-1"),
    _case("checkpoint", "other-root", noted(_signed), "M-2"),
    _case("checkpoint", "endless-size", noted(lambda h: _signed(h, size=1 << 61)),
          "M-2|M-1|UnreachableError"),
]  # fmt: skip


def tiled(change):
    def attack(world):
        return world.reader.pull(
            lambda path, said: change(said) if path.startswith(LOG + "tile") else None
        )

    return attack


TILES = [
    _case("lying-tiles", "zeros", tiled(lambda s: bytes(len(s.body))), "M-2|M-3"),
    _case("lying-tiles", "turned", tiled(lambda s: s.body[::-1]), "M-2|M-3"),
    _case("lying-tiles", "short", tiled(lambda s: s.body[:31]), "UnreachableError", AWAY),
    _case("lying-tiles", "missing", tiled(lambda _: Said(b"", 404)), "HTTP-404"),
]


def said(body, **more):
    """Pull an answer that is no page at all."""
    return lambda w: w.reader.pull(
        lambda path, _: Said(body, **more) if path == RECORDS else None
    )


PAGES = [
    _case("no-page", name, said(body), "UnreachableError", AWAY)
    for name, body in (
        ("deep", b'{"x":' + b"[" * 200_000), ("not-utf-8", b'{"records":[],"checkpoint":"\xff"}'),
        ("other-types", b'{"records":{},"more":1,"checkpoint":[]}'),
        ("surrogate", b'{"records":[],"more":false,"checkpoint":"\\ud800"}'),
        ("numbers", b'{"records":[{"index":1e999}]}'),
    )
]  # fmt: skip


def _pieces(piece, count):
    """Return an answer of pieces, without its length."""
    return lambda w: w.reader.pull(
        lambda path, _: Said(iter([piece] * count)) if path == RECORDS else None
    )


LENGTHS = [
    _case("long-answer", "endless", _pieces(b" " * (1 << 20), 4_000), "UnreachableError", AWAY,
          mebibytes=LONG),
    _case("long-answer", "gzip-bomb", lambda w: said(bomb(), Content_Encoding="gzip")(w),
          "UnreachableError", AWAY, mebibytes=LONG),
    _case("long-answer", "gzip-in-pieces", lambda w: w.reader.pull(lambda path, _: Said(iter(
        [bomb()[at : at + 500] for at in range(0, len(bomb()), 500)]), Content_Encoding="gzip") if path == RECORDS else None),
        "UnreachableError", AWAY, mebibytes=LONG),
    _case("long-answer", "not-gzip", said(b"\x1f\x8bno", Content_Encoding="gzip"),
          "UnreachableError", AWAY),
    _case("long-answer", "refusal", lambda w: w.reader.pull(lambda path, _: Said(
        iter([b"a" * (1 << 20)] * 4_000), 403) if path == RECORDS else None), "UnreachableError",
        AWAY, mebibytes=LONG),
]  # fmt: skip


def _refusing(document, status=403, **headers):
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return said(body, status=status, **headers)


WORDS = [
    _case("hubs-words", "escapes", _refusing(
        {"error_code": "H-1", "description": "\x1b[2J\x1b]0;owned\x07 \u202e pay\nto do: pay"}),
        "H-1"),
    _case("hubs-words", "long", _refusing(
        {"error_code": "X" * 4_000, "description": "a" * 4_000_000}), "HTTP-403"),
    _case("hubs-words", "deep", _refusing(b'{"x":' + b"[" * 100_000), "HTTP-403"),
    _case("hubs-words", "types", _refusing({"error_code": ["H-1"], "description": {}}),
          "HTTP-403"),
    _case("hubs-words", "elsewhere", said(
        b"", status=302, Location="http://127.0.0.1:9/exchange/v1/records"), "HTTP-302"),
]  # fmt: skip


def clocked(date):
    return _refusing({"error_code": "R-7", "description": "late"}, 401, Date=date)


CLOCKS = [
    _case("hubs-clock", "far", clocked("Fri, 01 Jan 2038 00:00:00 GMT"), "R-7"),
    _case("hubs-clock", "an-hour", clocked(time.strftime(
        "%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 3_600))), "R-7"),
    _case("hubs-clock", "none", clocked("yesterday"), "R-7"),
    _case("hubs-clock", "huge", clocked("Fri, 31 Dec 99999 23:59:59 GMT"), "R-7"),
]  # fmt: skip


def joining(change, *options):
    """Join a hub that answers otherwise than it should; nothing may be kept."""

    def attack(world):
        reader = world.reader
        reader.hub.lie = lambda path, _: (
            Said(change(reader.hub), 201) if path.endswith("/join") else None
        )
        token = reader.folder / "invitation"
        token.write_text("A" * 43 + "\n")
        home = reader.folder / "joining"
        words = ("--home", home, "--invitation-file", token, "--name", "Reader", *options)
        answer = reader.command("exchange", "join", reader.hub.url, *words)
        assert not (home / "membership.json").exists()
        return [answer]

    return attack


JOINS = [
    _case("answer-to-joining", "types", joining(lambda h: h.joined(member=[5])),
          "UnreachableError", AWAY),
    _case("answer-to-joining", "no-collection", joining(lambda h: h.joined(collections=[])),
          "UnreachableError", AWAY),
    _case("answer-to-joining", "no-key", joining(
        lambda h: h.joined(log={"origin": "o", "verify_key": "k"})), "UnreachableError", AWAY),
    _case("answer-to-joining", "deep", joining(lambda _: b'{"x":' + b"[" * 100_000),
          "UnreachableError", AWAY),
    _case("answer-to-joining", "other-log", joining(
        lambda h: h.joined(), "--log-key",
        SigningKey("hub.example/log", bytes(32)).public.encode()), "M-1"),
]  # fmt: skip


def watching(stream, seconds="0.4"):
    """Watch a hub whose stream lies."""

    def attack(world):
        reader = world.reader

        def lie(path, _):
            if path == RECORDS:
                return reader.hub.page([], last=2)
            if path == STREAM:
                return Said(stream(reader.hub), Content_Type="text/event-stream")
            return None

        reader.hub.lie = lie
        return [
            reader.command("exchange", "watch", "--home", reader.home, "--seconds", seconds)
        ]  # fmt: skip

    return attack


def _wrong(hub):
    """Say a record whose commitment is not in the log."""
    record, content = hub.records[3]
    return event([(record, content.replace(b'"observe"', b'"challenge"'))])


STREAMS = [
    _case("lying-stream", "other-commitment", watching(_wrong), "M-3"),
    _case("lying-stream", "no-record", watching(lambda _: b"event: record\ndata: {}\n\n"), "M-9"),
    _case("lying-stream", "deep", watching(
        lambda _: b'event: record\ndata: {"x":' + b"[" * 100_000 + b"\n\n"), "M-9"),
    _case("lying-stream", "not-utf-8", watching(
        lambda _: b'event: record\ndata: {"salt":"\xff"}\n\n'), "M-9"),
]  # fmt: skip


def unending(piece):
    """Watch a stream that says one event without end; it is cut, and the member lives on."""

    def attack(world):
        found = watching(lambda _: iter([piece] * 400))(world)
        assert world.reader.hub.given < 40 << 20, world.reader.hub.given
        return [answer._replace(rules=("UnreachableError",)) for answer in found]

    return attack


UNENDING = [
    _case("unending-event", name, unending(piece), "UnreachableError", 0, mebibytes=SMALL)
    for name, piece in (
        ("line", b"a" * (1 << 20)), ("data", b"data: a\n" * (1 << 17)),
        ("empty-data", b"data:\n" * (1 << 17)), ("ids", b"id: 7\n" * (1 << 17)),
        ("names", b"".join(b"n%d: a\n" % n for n in range(1 << 16))),
    )
]  # fmt: skip


def taxii(change):
    """Read another TAXII server that answers otherwise than it should."""

    def attack(world):
        reader = world.reader
        reader.hub.lie = lambda path, _: change(path)
        words = ("--home", reader.home, "--taxii", f"{reader.hub.url}/taxii2/")
        return [reader.command("exchange", "pull", *words)]

    return attack


def _collections(path, objects=b'{"objects":[],"more":true}'):
    if path == "/taxii2/":
        return b'{"api_roots":["/api/"]}'
    if path.endswith("/collections/"):
        return b'{"collections":[{"id":"c","can_read":true}]}'
    return objects


FOREIGN = [
    _case("foreign-taxii", "roots", taxii(lambda _: b'{"api_roots":5}'), "UnreachableError", AWAY),
    _case("foreign-taxii", "collections", taxii(lambda p: b'{"api_roots":["/api/"]}' if (
        p == "/taxii2/") else b'{"collections":{"a":1}}'), "UnreachableError|StillwatchError",
        AWAY),
    _case("foreign-taxii", "circle", taxii(_collections), "UnreachableError", AWAY),
    _case("foreign-taxii", "deep", taxii(lambda _: b'{"x":' + b"[" * 100_000), "UnreachableError",
          AWAY),
    _case("foreign-taxii", "objects", taxii(lambda p: _collections(p, b'{"objects":"a"}')),
          "UnreachableError", AWAY),
]  # fmt: skip

CASES = (
    *FORGED, *ORDERS, *ASIDE, *MORE_ASIDE, *SPLIT, *NOTES, *TILES, *PAGES, *LENGTHS, *WORDS,
    *CLOCKS, *JOINS, *STREAMS, *UNENDING, *FOREIGN,
)  # fmt: skip
