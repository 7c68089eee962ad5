"""Requests whose signature is missing, weak, borrowed, changed or used before."""

from __future__ import annotations

import base64
import time
from concurrent.futures import ThreadPoolExecutor

from judging import Case
from speaking import ALWAYS, JSON, OBJECTS, TAXII, raw, request

from stillwatch.ledger import SigningKey

ME = "/exchange/v1/me"
ORDER = (1 << 252) + 27742317777372353535851937790883648493
"""Of the group of Ed25519."""


def _bare(*headers):
    return lambda w: raw(w.hub.url, request(w.hub.url, "GET", ME, headers))


def _get(**wrong):
    """Ask who one is, with something wrong about the signature."""
    return lambda w: [w.ask(w["Alpha"], "GET", ME, **wrong)]


def _post(sent=None, headers=None, **wrong):
    """Post an object, with something wrong about the signature."""

    def attack(world):
        body = b'{"objects":[{"type":"indicator"}]}'
        given = headers or [("Accept", TAXII), ("Content-Type", TAXII)]
        return [world.ask(world["Alpha"], "POST", OBJECTS, body, given, sent=sent, **wrong)]

    return attack


def _quoted(*names):
    return [f'"{name}"' for name in names]


def _without(name):
    return [f'"{kept}"' for kept in ALWAYS if kept != name]


def _doubled(name):
    """Send one of the signature's headers twice."""

    def attack(world):
        held = world.headers(world["Alpha"], "GET", ME)
        twice = [pair for pair in held if pair[0] == name]
        return raw(world.hub.url, request(world.hub.url, "GET", ME, [*held, *twice]))

    return attack


UNSIGNED = [
    Case("unsigned", "bare", _bare(), "R-1", 401),
    Case("unsigned", "bearer", _bare(("Authorization", "Bearer hub")), "R-1", 401),
    Case("unsigned", "input-alone", _bare(("Signature-Input", 's=("@method")')), "R-1", 401),
    Case("unsigned", "signature-alone", _bare(("Signature", "s=:AA==:")), "R-1", 401),
    Case("unsigned", "identity-header", _bare(("X-Forwarded-User", "Alpha")), "R-1", 401),
]
FORMS = [
    Case("signature-form", "truncated", _get(change=lambda s: s[:40]), "R-1", 401),
    Case("signature-form", "empty", _get(change=lambda _: b""), "R-1", 401),
    Case("signature-form", "two-labels", _get(label="a=(),b"), "R-1", 401),
    Case("signature-form", "loose-bits", _get(
        change=lambda s: base64.b64encode(s).decode()[:-3] + "B=="), "R-1", 401),
    Case("signature-form", "long", _get(parameters={"tag": f'"{"x" * 4_000}"'}), "R-1", 401),
]  # fmt: skip
DOUBLED = [
    Case("doubled-header", "signature", _doubled("Signature"), "R-10", 401),
    Case("doubled-header", "input", _doubled("Signature-Input"), "R-10", 401),
    Case("doubled-header", "content-type", _post(headers=[
        ("Accept", TAXII), ("Content-Type", TAXII), ("Content-Type", "text/html")]), "R-10", 401),
    Case("doubled-header", "digest", _post(headers=[
        ("Content-Type", TAXII), ("Content-Digest", "sha-256=:AAAA:"),
        ("Content-Digest", "sha-512=:AAAA:")]), "R-10", 401),
    Case("doubled-header", "odd-characters", _get(
        headers=[("Content-Type", "a\xe9b")], values={"content-type": "ab"}), "R-10", 401),
]  # fmt: skip
COVER = [
    Case("component-left-out", name.strip("@"), _get(covered=_without(name)), "R-3", 401)
    for name in ALWAYS
] + [
    Case("component-left-out", "digest", _post(
        covered=_quoted(*ALWAYS, "content-type")), "R-3", 401),
]  # fmt: skip
COMPONENTS = [
    Case("odd-component", "parameter", _get(covered=[*_without("@path"), '"@path";req']), "R-2",
         401),
    Case("odd-component", "doubled", _get(covered=[*_quoted(*ALWAYS), '"@method"']), "R-2", 401),
    Case("odd-component", "unknown", _get(covered=[*_quoted(*ALWAYS), '"host"']), "R-2", 401),
    Case("odd-component", "derived", _get(covered=[*_quoted(*ALWAYS), '"@target-uri"']), "R-2",
         401),
    Case("odd-component", "bytes", _get(covered=[*_without("@query"), '"@query";bs']), "R-2", 401),
]  # fmt: skip
ALGORITHMS = [
    Case("downgraded-algorithm", name.strip('"') or "empty", _get(parameters={"alg": name}),
         "R-5", 401)
    for name in ('"none"', '"hmac-sha256"', '"rsa-v1_5-sha256"', '"Ed25519"')
] + [
    Case("downgraded-algorithm", "left-out", _get(parameters={"alg": None}), "R-4", 401),
]  # fmt: skip
PARAMETERS = [
    Case("signature-parameters", "expires", _get(parameters={"expires": "9999999999"}), "R-4", 401),
    Case("signature-parameters", "created-as-text", _get(
        parameters={"created": '"1"'}), "R-4", 401),
    Case("signature-parameters", "leading-zero", _get(parameters={"created": "0123"}), "R-4", 401),
    Case("signature-parameters", "nonce-twice", _get(
        parameters={"nonce": '"AAAAAAAAAAAAAAAAAAAA";nonce="BBBBBBBBBBBBBBBBBBBB"'}), "R-4", 401),
    Case("signature-parameters", "no-key", _get(parameters={"keyid": None}), "R-4", 401),
]  # fmt: skip
TAGS = [
    Case("other-protocol", "other-tag", _get(parameters={"tag": '"web-bot-auth"'}), "R-6", 401),
    Case("other-protocol", "empty-tag", _get(parameters={"tag": '""'}), "R-6", 401),
    Case("other-protocol", "capitals", _get(
        parameters={"tag": '"Stillwatch-Exchange"'}), "R-6", 401),
]  # fmt: skip


def _skewed(seconds):
    def attack(world):
        told = {"created": str(int(time.time()) + seconds)}
        return [world.ask(world["Alpha"], "GET", ME, parameters=told)]

    return attack


CLOCKS = [
    Case("clock-skew", "behind", _skewed(-330), "R-7", 401),
    Case("clock-skew", "ahead", _skewed(330), "R-7", 401),
    Case("clock-skew", "a-day", _skewed(-86_400), "R-7", 401),
    Case("clock-skew", "zero", _get(parameters={"created": "0"}), "R-7", 401),
    Case("clock-skew", "end-of-time", _get(parameters={"created": "999999999999"}), "R-7", 401),
]


def _nonce(text):
    return _get(parameters={"nonce": f'"{text}"'})


NONCES = [
    Case("bad-nonce", "short", _nonce("A" * 15), "R-8", 401),
    Case("bad-nonce", "long", _nonce("A" * 65), "R-8", 401),
    Case("bad-nonce", "empty", _nonce(""), "R-8", 401),
    Case("bad-nonce", "markup", _nonce("<b>sixteen and more</b>"), "R-8", 401),
    Case("bad-nonce", "sql", _nonce("x' OR 1=1 -- and more"), "R-8", 401),
]


def _replayed(world):
    blob = request(world.hub.url, "GET", ME, world.headers(world["Alpha"], "GET", ME))
    assert [answer.status for answer in raw(world.hub.url, blob)] == [200]
    return [answer for _ in range(5) for answer in raw(world.hub.url, blob)]


def _at_once(world):
    blob = request(world.hub.url, "GET", ME, world.headers(world["Alpha"], "GET", ME))
    with ThreadPoolExecutor(8) as pool:
        found = [a for answers in pool.map(lambda _: raw(world.hub.url, blob), range(8))
                 for a in answers]  # fmt: skip
    assert [answer.status for answer in found].count(200) == 1
    return [answer for answer in found if answer.status != 200]


def _elsewhere(world):
    told = {"nonce": f'"{time.time_ns()}AAAAAAAA"'}
    assert world.ask(world["Alpha"], "GET", ME, parameters=told).status == 200
    return [
        world.ask(world["Alpha"], "GET", target, parameters=told)
        for target in ("/exchange/v1/members", "/exchange/v1/records?limit=1")
    ]


def _posted_again(world):
    body = b'{"objects":[%b]}' % b"{}"
    held = world.headers(world["Alpha"], "POST", OBJECTS, body)
    blob = request(world.hub.url, "POST", OBJECTS, held, body)
    assert [answer.status for answer in raw(world.hub.url, blob)] == [422]
    return raw(world.hub.url, blob)


def _at_operator(world):
    from stillwatch.share.oprf import group  # noqa: PLC0415 - needed here alone

    body = world.batch([group.base_times(group.random_scalar())])
    told = {"nonce": f'"{time.time_ns()}BBBBBBBB"'}
    assert world.evaluated(body, parameters=told).status == 200
    return [world.evaluated(body, parameters=told)]


REPLAYS = [
    Case("nonce-reuse", "replayed", _replayed, "H-2", 401),
    Case("nonce-reuse", "at-once", _at_once, "H-2", 401),
    Case("nonce-reuse", "another-path", _elsewhere, "H-2", 401),
    Case("nonce-reuse", "refused-before", _posted_again, "H-2", 401),
    Case("nonce-reuse", "operator", _at_operator, "P-3", 400, at="operator"),
]


def _as_other(world):
    told = {"keyid": f'"{world["Beta"].key.public.key_id}"'}
    return [world.ask(world["Alpha"], "GET", ME, parameters=told)]


def _from_log(world):
    """Sign with the hub's own key of the log, which is no member's."""
    return [world.ask(world["Alpha"], "GET", ME, key=SigningKey.read(world.state / "hub.key"))]


KEYS = [
    Case("unknown-key", "fresh", lambda w: [
        w.ask(w["Alpha"], "GET", ME, key=SigningKey.generate("stranger"))], "R-9", 401),
    Case("unknown-key", "key-of-the-log", _from_log, "R-9", 401),
    Case("unknown-key", "name-in-place-of-id", _get(parameters={"keyid": '"Alpha"'}), "R-9", 401),
    Case("unknown-key", "empty", _get(parameters={"keyid": '""'}), "R-9", 401),
    Case("unknown-key", "same-name", lambda w: [
        w.ask(w["Alpha"], "GET", ME, key=SigningKey.generate("Alpha"))], "R-9", 401),
]  # fmt: skip


def _added(raw_signature):
    """Return another signature that lax verifiers take for the same: S plus the group's order."""
    number = int.from_bytes(raw_signature[32:], "little") + ORDER
    return raw_signature[:32] + number.to_bytes(32, "little")


FORGED = [
    Case("forged-signature", "of-another-member", _as_other, "R-11", 401),
    Case("forged-signature", "bit", _get(change=lambda s: bytes([s[0] ^ 1]) + s[1:]), "R-11", 401),
    Case("forged-signature", "zeros", _get(change=lambda _: bytes(64)), "R-11", 401),
    Case("forged-signature", "malleable", _get(change=_added), "R-11", 401),
    Case("forged-signature", "identity", _get(
        change=lambda _: bytes([1]) + bytes(63)), "R-11", 401),
]  # fmt: skip


def _moved(method, target, sent_target, sent_method=None, url=None):
    def attack(world):
        held = world.headers(world["Alpha"], method, target, url=url or world.hub.url)
        blob = request(world.hub.url, sent_method or method, sent_target, held)
        return raw(world.hub.url, blob)

    return attack


CHANGED = [
    Case("changed-after-signing", "path", _moved("GET", ME, "/exchange/v1/members"), "R-11", 401),
    Case("changed-after-signing", "query", _moved(
        "GET", "/exchange/v1/records?limit=1", "/exchange/v1/records?limit=9"), "R-11", 401),
    Case("changed-after-signing", "method", _moved("GET", OBJECTS, OBJECTS, "POST"), "R-11", 401),
    Case("changed-after-signing", "for-another-hub", _moved(
        "GET", ME, ME, url="http://hub.example"), "R-11", 401),
    Case("changed-after-signing", "content-type", _post(
        values={"content-type": JSON}), "R-11", 401),
]  # fmt: skip
DIGESTS = [
    Case("digest", "other-body", _post(sent=b'{"objects":[{"type":"sightings"}]}'), "R-12", 401),
    Case("digest", "md5", _post(headers=[
        ("Content-Type", TAXII), ("Content-Digest", "md5=:AAAAAAAAAAAAAAAAAAAAAA==:")]), "R-12",
        401),
    Case("digest", "two-in-one", _post(headers=[
        ("Content-Type", TAXII), ("Content-Digest", "sha-256=:AA==:, sha-512=:AA==:")]), "R-12",
        401),
    Case("digest", "empty", _post(headers=[
        ("Content-Type", TAXII), ("Content-Digest", "sha-256=::")]), "R-12", 401),
    Case("digest", "without-type", lambda w: [
        w.ask(w["Alpha"], "POST", OBJECTS, b"{}", [("Accept", TAXII)])], "R-3", 401),
]  # fmt: skip

CASES = (
    *UNSIGNED, *FORMS, *DOUBLED, *COVER, *COMPONENTS, *ALGORITHMS, *PARAMETERS, *TAGS, *CLOCKS,
    *NONCES, *REPLAYS, *KEYS, *FORGED, *CHANGED, *DIGESTS,
)  # fmt: skip
