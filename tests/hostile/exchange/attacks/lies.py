"""Hubs that lie to a member: about records, the log, and everything else they say."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode

from forking_log import ForkingLog
from judging import Case
from lying import LOG, LONG, Said, bomb, tile_of

from stillwatch.errors import RefusedError, UnreachableError
from stillwatch.ledger import Checkpoint, SigningKey, commit
from stillwatch.ledger.checkpoints import sign_checkpoint
from stillwatch.share.objects import (
    EXTENSION_ID,
    canonical,
    parse,
    proof_text,
    signed,
    unsigned,
)

RECORDS = "/exchange/v1/records"
REFUSED, AWAY = RefusedError.exit_code, UnreachableError.exit_code


def case(mechanism, name, attack, rule, status=REFUSED, **more):
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
    case("forged-record", "content", meddled(_licence), "M-3"),
    case("forged-record", "author", meddled(lambda r: r[0]["object"].update(
        created_by_ref="identity--0b7e6f2e-3c49-4a2f-9c55-6a1f7d1f2f01")), "M-3"),
    case("forged-record", "salt", _first(salt="A" * 43 + "="), "M-3"),
    case("forged-record", "short-salt", _first(salt="AAAA"), "M-4"),
    case("forged-record", "made-up", meddled(lambda r: r.append(
        r[-1] | {"index": r[-1]["index"] + 1})), "M-3"),
]  # fmt: skip
ORDERS = [
    case("record-order", "turned", meddled(lambda r: r.reverse()), "M-9"),
    case("record-order", "twice", meddled(lambda r: r.append(r[-1])), "M-9"),
    case("record-order", "moved", meddled(lambda r: r[0].update(index=r[1]["index"])), "M-9"),
    case("record-order", "far", meddled(lambda r: r[-1].update(index=10**12)), "M-3"),
    case("record-order", "huge", meddled(lambda r: r[-1].update(index=10**40)), "M-3|M-9"),
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
    case("aside", "clear-email", aside(_ours(note="anna@mail.example")), "X-14", 0),
    case("aside", "other-publisher", aside(
        lambda w: w.reader.item(), publisher="identity--x"), "M-8", 0),
    case("aside", "other-bytes", aside(
        lambda w: w.reader.item().replace(b'":', b'": ', 1)), "M-5", 0),
    case("aside", "gift-of-the-hub", aside(lambda w: w.reader.item(), made_by="hub"), "M-7", 0),
    case("aside", "membership", aside(lambda _: b'{"change":5}', kind="member"), "M-6", 0),
]  # fmt: skip


def _by(key):
    """Return what makes an object of a peer that somebody else signed."""

    def content(world):
        item = parse(world.reader.item())
        return canonical(unsigned(item) if key is None else signed(item, key))

    return content


def _altered(world):
    """Let the author's signature stand under other words."""
    return world.reader.item().replace(b'"observe"', b'"challenge"')


def _borrowed(world):
    """Take the author's signature from another object."""
    document, other = (json.loads(world.reader.item()) for _ in "ab")
    fields = document["extensions"][EXTENSION_ID]
    fields["signed"] = other["extensions"][EXTENSION_ID]["signed"]
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


def _brought(**changes):
    """Return a key of the hub's making, brought in for a peer."""

    def content(world):
        reader, key = world.reader, SigningKey.generate("Beta")
        old = world["Beta"].key.public.key_id
        said = {"verify_key": key.public.encode(), "replaces": old, "until": "2026-12-31T00:00:00Z"}
        text = proof_text(world["Beta"].id, key.public.encode(), old)
        said["consent"] = b64encode(key.sign(text)).decode()
        return reader.change("key", **(said | changes))

    return content


HUBS_KEY = SigningKey.generate("hub")
AUTHORS = [
    case("forged-author", "unsigned", aside(_by(None)), "X-52", 0),
    case("forged-author", "hubs-key", aside(_by(HUBS_KEY)), "X-53", 0),
    case("forged-author", "altered", aside(_altered), "X-53", 0),
    case("forged-author", "borrowed", aside(_borrowed), "X-53", 0),
    case("forged-key", "own-consent", aside(_brought(), kind="member"), "M-14", 0),
    case("forged-key", "no-consent", aside(_brought(consent=None), kind="member"), "M-14", 0),
    case("forged-key", "broken-consent", aside(_brought(consent="!"), kind="member"), "M-14", 0),
    case("forged-key", "of-nobody", aside(_brought(replaces="0" * 64), kind="member"), "M-14", 0),
    case("forged-key", "joins-again", aside(lambda w: w.reader.change(
        "joined", verify_key=HUBS_KEY.public.encode()), kind="member"), "M-14", 0),
]  # fmt: skip
MORE_ASIDE = [
    case("aside-by-rule", "two-tlps", aside(spoilt(
        lambda item: item["object_marking_refs"].append(item["object_marking_refs"][0]))),
        "X-25", 0),
    case("aside-by-rule", "deep", aside(lambda _: b"[" * 60 + b"]" * 60), "X-3", 0),
    case("aside-by-rule", "key-twice", aside(
        lambda w: w.reader.item().replace(b'"confidence"', b'"confidence":1,"confidence"')),
        "X-5", 0),
    case("aside-by-rule", "licence-to-block", aside(_ours(licence="block")), "X-41", 0),
    case("aside-by-rule", "expired", aside(spoilt(lambda item: item.update(
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
    case("split-view", "grown", view(lambda r: _grown(r, 6)), "M-2"),
    case("split-view", "same-size", view(lambda r: _grown(r, 4)), "M-2"),
    case("split-view", "rolled-back", view(lambda r: _grown(r, 2)), "M-2"),
    case("split-view", "emptied", view(lambda r: (ForkingLog(r.hub.key), r.hub.records)),
          "M-2|M-3"),
    case("split-view", "parted-late", view(lambda reader: _parted(reader, 2)), "M-2"),
]  # fmt: skip


def _parted(reader, shared):
    """Return a history that has the first two records, and another third."""
    log, records = ForkingLog(reader.hub.key), reader.hub.records[:shared]
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
    case("checkpoint", "other-key", noted(
        lambda h: _signed(h, key=SigningKey.generate("hub.example/log"))), "M-1"),
    case("checkpoint", "other-origin", noted(lambda h: _signed(h, origin="hub.example/two")),
          "M-1"),
    case("checkpoint", "unsigned", noted(
        lambda h: h.log.note().encode().decode().partition("\n\n")[0] + "\n\n"), "M-1"),
    case("checkpoint", "other-root", noted(_signed), "M-2"),
    case("checkpoint", "endless-size", noted(lambda h: _signed(h, size=1 << 61)),
          "UnreachableError", AWAY),
]  # fmt: skip


def tiled(change):
    def attack(world):
        return world.reader.pull(
            lambda path, said: change(said) if path.startswith(LOG + "tile") else None
        )

    return attack


TILES = [
    case("lying-tiles", "zeros", tiled(lambda s: bytes(len(s.body))), "M-2|M-3"),
    case("lying-tiles", "turned", tiled(lambda s: s.body[::-1]), "M-2|M-3"),
    case("lying-tiles", "short", tiled(lambda s: s.body[:31]), "UnreachableError", AWAY),
    case("lying-tiles", "missing", tiled(lambda _: Said(b"", 404)), "HTTP-404"),
]


def said(body, **more):
    """Pull an answer that is no page at all."""
    return lambda w: w.reader.pull(lambda path, _: Said(body, **more) if path == RECORDS else None)


PAGES = [
    case("no-page", name, said(body), "UnreachableError", AWAY)
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


def _packed(make):
    """Return an answer that is packed when it is asked for."""
    return lambda w: w.reader.pull(
        lambda path, _: Said(make(), Content_Encoding="gzip") if path == RECORDS else None
    )


LENGTHS = [
    case("long-answer", "endless", _pieces(b" " * (1 << 20), 4_000), "UnreachableError", AWAY,
          mebibytes=LONG),
    case("long-answer", "gzip-bomb", _packed(bomb),
          "UnreachableError", AWAY, mebibytes=LONG),
    case("long-answer", "gzip-in-pieces", _packed(
        lambda: iter([bomb()[at : at + 500] for at in range(0, len(bomb()), 500)])),
        "UnreachableError", AWAY, mebibytes=LONG),
    case("long-answer", "not-gzip", said(b"\x1f\x8bno", Content_Encoding="gzip"),
          "UnreachableError", AWAY),
    case("long-answer", "refusal", lambda w: w.reader.pull(lambda path, _: Said(
        iter([b"a" * (1 << 20)] * 4_000), 403) if path == RECORDS else None), "UnreachableError",
        AWAY, mebibytes=LONG),
]  # fmt: skip


CASES = (
    *FORGED, *ORDERS, *ASIDE, *AUTHORS, *MORE_ASIDE, *SPLIT, *NOTES, *TILES, *PAGES, *LENGTHS,
)  # fmt: skip
