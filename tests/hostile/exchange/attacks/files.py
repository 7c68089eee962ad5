"""Bundles by file that are not what they say they are."""

from __future__ import annotations

import base64
import gzip
import json
import time

from judging import SMALL, Case

from stillwatch.errors import ConfigurationError, RefusedError
from stillwatch.ledger import SigningKey, dsse
from stillwatch.share.exchange.bundles import BUNDLE_TYPE
from stillwatch.share.objects import stamp

REFUSED = RefusedError.exit_code


def _case(mechanism, name, attack, rule, status=REFUSED, **more):
    return Case(mechanism, name, attack, rule, status, at="member", seconds=6.0, **more)


def payload(world, **changes):
    """Return what a bundle of a peer holds."""
    held = {
        "made_by": world["Beta"].id, "made": stamp(time.time()), "audience": [],
        "objects": [json.loads(world.reader.item())], **changes,
    }  # fmt: skip
    return json.dumps(held).encode()


def sealed(world, raw=None, *, key=None, kind=BUNDLE_TYPE, **changes):
    """Return an envelope, signed by the peer unless by another."""
    held = payload(world, **changes) if raw is None else raw
    return dsse.seal_envelope(kind, held, [key or world["Beta"].key])


def taken(world, raw):
    """Take a bundle from a file of bytes."""
    reader = world.reader
    path = reader.folder / "bundle.json"
    path.write_bytes(raw)
    known = ("--key", world["Beta"].id, world["Beta"].key.public.encode())
    other = ("--key", world["Alpha"].id, world["Alpha"].key.public.encode())
    words = ("exchange", "bundle", "take", path, "--home", reader.home, *known, *other, "--json")
    return reader.command(*words)


def refused(make):
    return lambda w: [taken(w, make(w))]


def aside(make):
    """Take a bundle of which an object is kept aside, and say by which rule."""

    def attack(world):
        answer = taken(world, make(world))
        assert answer.status == 0, answer.text
        assert json.loads(answer.text) == {"objects": 0, "refused": 1}
        return [world.reader.command("exchange", "status", "--home", world.reader.home)]

    return attack


def changed(change):
    """Change an envelope after it was signed."""

    def make(world):
        document = json.loads(sealed(world))
        change(document)
        return json.dumps(document).encode()

    return make


def _tampered(document):
    raw = base64.b64decode(document["payload"]).replace(b'"observe"', b'"challenge"')
    document["payload"] = base64.b64encode(raw).decode()


def _key(document):
    document["signatures"][0]["keyid"] = SigningKey.generate("x").public.key_id


SIGNERS = [
    _case("bundle-signer", "stranger", refused(
        lambda w: sealed(w, key=SigningKey.generate("Beta"))), "L-18"),
    _case("bundle-signer", "another-member", refused(lambda w: sealed(w, key=w["Alpha"].key)),
          "M-11"),
    _case("bundle-signer", "in-the-name-of-another", refused(
        lambda w: sealed(w, made_by=w["Alpha"].id)), "M-11"),
    _case("bundle-signer", "none", refused(changed(lambda d: d.update(signatures=[]))), "L-18"),
    _case("bundle-signer", "other-key-named", refused(changed(_key)), "L-18"),
]  # fmt: skip
ENVELOPES = [
    _case("bundle-envelope", "tampered", refused(changed(_tampered)), "L-18"),
    _case("bundle-envelope", "other-type", refused(
        lambda w: sealed(w, kind="application/vnd.in-toto+json")), "L-18"),
    _case("bundle-envelope", "type-swapped", refused(changed(
        lambda d: d.update(payloadType="application/json"))), "L-18"),
    _case("bundle-envelope", "many-signatures", refused(changed(
        lambda d: d.update(signatures=d["signatures"] * 500))), "L-18"),
    _case("bundle-envelope", "other-signature", refused(changed(
        lambda d: d["signatures"][0].update(sig=base64.b64encode(bytes(64)).decode()))), "L-18"),
]  # fmt: skip
FORMS = [
    _case("bundle-bytes", "empty", refused(lambda _: b""), "L-18"),
    _case("bundle-bytes", "packed", refused(lambda w: gzip.compress(sealed(w))), "L-18"),
    _case("bundle-bytes", "truncated", refused(lambda w: sealed(w)[:-20]), "L-18"),
    _case("bundle-bytes", "deep", refused(lambda _: b'{"x":' + b"[" * 4_000_000), "L-18",
          mebibytes=SMALL),
    _case("bundle-bytes", "huge", refused(lambda _: b" " * (65 << 20)),
          "ConfigurationError", ConfigurationError.exit_code, mebibytes=160),
]  # fmt: skip
INSIDE = [
    _case("bundle-payload", "unknown-field", refused(lambda w: sealed(w, more=1)), "M-11"),
    _case("bundle-payload", "deep", refused(
        lambda w: sealed(w, b'{"made_by":' + b"[" * 100_000)), "M-11"),
    _case("bundle-payload", "not-utf-8", refused(
        lambda w: sealed(w, b'{"made_by":"\xff"}')), "M-11"),
    _case("bundle-payload", "no-time", refused(lambda w: sealed(w, made="yesterday")), "M-11"),
    _case("bundle-payload", "for-others", refused(
        lambda w: sealed(w, audience=[w["Alpha"].id])), "M-11"),
]  # fmt: skip
TIMES = [
    _case("bundle-time", "replayed-late", refused(
        lambda w: sealed(w, made=stamp(time.time() - 40 * 86_400))), "M-11"),
    _case("bundle-time", "to-come", refused(
        lambda w: sealed(w, made=stamp(time.time() + 3_600))), "M-11"),
    _case("bundle-time", "end-of-time", refused(
        lambda w: sealed(w, made="9999-12-31T23:59:59.999Z")), "M-11"),
]  # fmt: skip


def _object(world, **changes):
    return sealed(world, objects=[json.loads(world.reader.item()) | changes])


OBJECTS = [
    _case("bundled-object", "others", aside(
        lambda w: _object(w, created_by_ref=w["Alpha"].id)), "X-44", 0),
    _case("bundled-object", "clear-link", aside(
        lambda w: _object(w, description="https://evil.example")), "X-17", 0),
    _case("bundled-object", "ahead", aside(
        lambda w: _object(w, modified=stamp(time.time() + 7_200))), "X-46", 0),
    _case("bundled-object", "wrong-tlp", aside(lambda w: _object(w, object_marking_refs=[
        "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82"])), "X-26", 0),
    _case("bundled-object", "number", aside(lambda w: sealed(w, payload(w).replace(
        b'"confidence": 75', b'"confidence": 7.5e1'))), "X-4", 0),
]  # fmt: skip

CASES = (*SIGNERS, *ENVELOPES, *FORMS, *INSIDE, *TIMES, *OBJECTS)
