"""Batches and messages of ceremonies that a key operator must not answer."""

from __future__ import annotations

import json
import secrets

from judging import Case
from speaking import raw, request

from stillwatch.ledger import SigningKey
from stillwatch.share.oprf import ceremony, epochs, group, terms_of_new
from stillwatch.share.oprf.terms import terms_of_refresh

NOT_SQUARE = "26948d35ca62e643e26a83177332e6b6afeb9d08e4268b650f1f5bbd8d81d371"
"""RFC 9496, appendix A.2."""
ROUTE = "/oprf/v1/ceremony"
PRIME = (1 << 255) - 19
BASE = "e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76"


def asked(elements=(BASE,), **changes):
    return lambda w: [w.evaluated(w.batch(elements, **changes))]


def _number(value):
    return value.to_bytes(32, "little").hex()


POINTS = [
    Case("bad-point", name, asked([text]), "P-4", 400, at="operator")
    for name, text in (
        ("identity", "00" * 32), ("above-the-prime", _number(PRIME + 2)),
        ("negative", _number(1)), ("not-square", NOT_SQUARE), ("small-order", _number(PRIME - 1)),
    )
]  # fmt: skip
SPELLINGS = [
    Case("spelled-point", name, asked([text]), "P-4", 400, at="operator")
    for name, text in (
        ("capitals", BASE.upper()), ("short", BASE[:-2]), ("spaces", BASE[:-2] + "  "),
        ("other-digits", BASE[:-1] + "\u0666"), ("empty", ""),
    )
]  # fmt: skip
BATCHES = [
    Case("batch", "too-many", asked([BASE] * 101), "P-3", 400, at="operator"),
    Case("batch", "none", asked([]), "P-3", 400, at="operator"),
    Case("batch", "one-bad-of-many", asked([BASE] * 99 + ["00" * 32]), "P-4", 400, at="operator"),
    Case("batch", "unknown-field", asked(member="lab-two"), "P-3", 400, at="operator"),
    Case("batch", "deep", lambda w: [w.evaluated(b'{"epoch":' + b"[" * 15_000)], "P-3", 400,
         at="operator"),
]  # fmt: skip
EPOCHS = [
    Case("wrong-epoch", "next", asked(epoch=2), "P-8", 409, at="operator"),
    Case("wrong-epoch", "zero", asked(epoch=0), "P-3", 400, at="operator"),
    Case("wrong-epoch", "huge", asked(epoch=10**30), "P-3", 400, at="operator"),
    Case("wrong-epoch", "next-generation", asked(generation=1), "P-8", 409, at="operator"),
    Case("wrong-epoch", "text", asked(epoch="1"), "P-3", 400, at="operator"),
]
PURPOSES = [
    Case(
        "purpose",
        "email-at-sign-up",
        asked(kind="email", purpose="sign-up"),
        "P-10",
        403,
        at="operator",
    ),
    Case(
        "purpose",
        "phone-at-payment",
        asked(kind="phone", purpose="payment-change"),
        "P-10",
        403,
        at="operator",
    ),
    Case("purpose", "other-kind", asked(kind="card"), "P-3", 400, at="operator"),
    Case("purpose", "other-purpose", asked(purpose="curiosity"), "P-3", 400, at="operator"),
]


def _spent(world):
    """Ask for more in a day than a member may have."""
    elements = [group.base_times(group.random_scalar()) for _ in range(4)]
    return [world.evaluated(world.batch(elements, kind="phone"))]


def _split(world):
    """Ask for it in pieces."""
    found = []
    for _ in range(4):
        element = group.base_times(group.random_scalar())
        found.append(world.evaluated(world.batch([element], kind="phone")))
    return found[3:]


QUOTAS = [
    Case("evaluation-quota", "at-once", _spent, "P-7", 429, at="operator"),
    Case("evaluation-quota", "in-pieces", _split, "P-7", 429, at="operator"),
]


def _stranger(world):
    return [world.evaluated(world.batch([BASE]), key=SigningKey.generate("lab-two"))]


def _counters(world):
    url = world.operator.url
    return raw(url, request(url, "GET", "/oprf/v1/counters/mine"))


CALLERS = [
    Case("operators-caller", "stranger", _stranger, "R-9", 401, at="operator"),
    Case("operators-caller", "other-operator", lambda w: [w.evaluated(
        w.batch([BASE]), key=w.pair.b.key)], "R-9", 401, at="operator"),
    Case("operators-caller", "unsigned", _counters, "R-1", 401, at="operator"),
    Case("operators-caller", "other-body", lambda w: [w.evaluated(
        w.batch([BASE]), sent=w.batch([BASE], epoch=2))], "R-12", 401, at="operator"),
    Case("operators-caller", "member-in-ceremony", lambda w: [w.evaluated(
        b"{}", route=ROUTE)], "R-9", 401, at="operator"),
]  # fmt: skip


def _draft(terms):
    """Return what operator b drew for a ceremony, in this process alone."""
    return ceremony.drawn(terms, "b", secrets.token_bytes(32), group.random_scalar)


def _said(world, raw_message):
    return world.evaluated(raw_message, route=ROUTE, key=world.pair.b.key)


def _commit(world, terms, key=None):
    return ceremony.sealed(_draft(terms).commit(), key or world.pair.b.key)


def _refresh(world):
    return terms_of_refresh(world.pair.b, 1)


def _reveal(world, terms):
    """Return a second message for which there was no first."""
    draft = _draft(terms)
    other = ceremony.drawn(terms, "a", secrets.token_bytes(32), group.random_scalar)
    made = ceremony.revealed(draft, other.commit(), group.random_scalar)
    return ceremony.sealed(made, world.pair.b.key)


def _changed(world, change):
    """Return a first message that was changed after it was signed."""
    document = json.loads(_commit(world, _refresh(world)))
    change(document)
    return json.dumps(document).encode()


MESSAGES = [
    Case("ceremony-message", "out-of-order", lambda w: [_said(w, _reveal(w, _refresh(w)))], "P-1",
         409, at="operator"),
    Case("ceremony-message", "own-reflected", lambda w: [_said(w, _commit(
        w, _refresh(w), w.pair.a.key))], "L-18", 400, at="operator"),
    Case("ceremony-message", "other-type", lambda w: [_said(w, _changed(
        w, lambda d: d.update(payloadType="text/plain")))], "L-18", 400, at="operator"),
    Case("ceremony-message", "deep", lambda w: [_said(w, b'{"x":' + b"[" * 16_000)], "L-18", 400,
         at="operator"),
    Case("ceremony-message", "unsigned", lambda w: [_said(w, _changed(
        w, lambda d: d.update(signatures=[])))], "L-18", 400, at="operator"),
]  # fmt: skip


def _early(world):
    terms = terms_of_new(world.pair.b, world.record.starts + 86_400, ())
    return [_said(world, _commit(world, terms))]


def _ending(world):
    """Begin an epoch that ends the one before, to which nobody agreed."""
    terms = terms_of_new(world.pair.b, world.record.starts + 86_400, (1,))
    return [_said(world, _commit(world, terms))]


def _of_another(world):
    held = {n: getattr(_refresh(world), n) for n in epochs.Terms.__struct_fields__}
    return [_said(world, _commit(world, epochs.Terms(**held | {"exchange": "other.example"})))]


def _second(world):
    """Commit twice to different values, once the first was taken."""
    terms = _refresh(world)
    assert _said(world, _commit(world, terms)).status == 200
    return [_said(world, _commit(world, terms)), _said(world, _reveal(world, terms))]


CEREMONIES = [
    Case("ceremony-terms", "too-early", _early, "P-8", 409, at="operator"),
    Case("ceremony-terms", "ends-the-last", _ending, "P-8", 409, at="operator"),
    Case("ceremony-terms", "another-exchange", _of_another, "P-8|P-1", 409, at="operator"),
    Case("ceremony-terms", "far-generation", lambda w: [_said(w, _commit(w, epochs.Terms(
        exchange="peers.example", epoch=1, generation=9, starts=w.record.starts, lost=())))],
        "P-8", 409, at="operator"),
    Case("ceremony-terms", "second-commit", _second, "P-1", 409, at="operator"),
]  # fmt: skip

CASES = (
    *POINTS, *SPELLINGS, *BATCHES, *EPOCHS, *PURPOSES, *QUOTAS, *CALLERS, *MESSAGES, *CEREMONIES,
)  # fmt: skip
