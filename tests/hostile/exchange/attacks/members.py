"""Members who want to be more than they are, and strangers who want to be members."""

from __future__ import annotations

import base64
import json
import os
from itertools import count

from judging import SMALL, Case
from served import Actor
from speaking import OBJECTS, TAXII, raw, request

from stillwatch.ledger import COSIGNATURE, SigningKey
from stillwatch.share.hub.membership import proof_text

KEYS, JOIN, EPOCHS = "/exchange/v1/keys", "/exchange/v1/join", "/exchange/v1/epochs"
MARCH, MAY = "2027-03-01T00:00:00Z", "2027-05-01T00:00:00Z"
NUMBERS = count(1)


def does(name, method, target, body=None):
    """Make a signed request as a member."""
    return lambda w: [w.ask(w[name], method, target, b"" if body is None else _json(body))]


def _json(body):
    return json.dumps(body).encode()


ROLES = [
    Case("role-escalation", "reader-posts", lambda w: [w.post(
        "Reader", w.indicator("Reader"))], "H-3", 403),
    Case("role-escalation", "observer-reads", does("Observer", "GET", OBJECTS), "H-3", 403),
    Case("role-escalation", "publisher-audits", does("Alpha", "GET", "/exchange/v1/audit"), "H-3",
         403),
    Case("role-escalation", "reader-draws", does("Reader", "POST", EPOCHS, {}), "H-3", 403),
    Case("role-escalation", "counsel-recalls", does("Counsel", "GET", "/exchange/v1/recalls"),
         "H-3", 403),
]  # fmt: skip


def _stranger(world, role="read"):
    """Return somebody who was invited, and the name on the invitation."""
    name = f"Stranger {next(NUMBERS)}"
    key = SigningKey.generate(name.replace(" ", "-"))
    return Actor(key, invitation=world.operate("invite", name, "--role", role)), name


def _joining(change=None, *, name=None, **wrong):
    """Join with an invitation and something wrong."""

    def attack(world):
        actor, own = _stranger(world)
        body = actor.join_body(name or own, **(change(actor) if change else {}))
        return [world.ask(actor, "POST", JOIN, body, **wrong)]

    return attack


def _reused(world):
    """Use an invitation twice, under two keys."""
    actor, name = _stranger(world)
    assert world.ask(actor, "POST", JOIN, actor.join_body(name)).status == 201
    actor.key = SigningKey.generate("second")
    return [world.ask(actor, "POST", JOIN, actor.join_body(name))]


INVITATIONS = [
    Case("invitation", "reused", _reused, "H-1", 403),
    Case("invitation", "guessed", _joining(lambda _: {"invitation": "A" * 43}), "H-1", 403),
    Case("invitation", "sql", _joining(lambda _: {"invitation": "' OR 1=1--"}), "H-1", 403),
    Case("invitation", "mebibytes", _joining(lambda _: {"invitation": "A" * (4 << 20)}), "H-11",
         413, mebibytes=SMALL),
    Case("invitation", "of-another", _joining(name="Alpha"), "H-1", 403),
]  # fmt: skip
JOINS = [
    Case("join", "with-a-role", _joining(lambda _: {"roles": ["counsel"]}), "H-0", 400),
    Case("join", "others-key", _joining(lambda _: {
        "verify_key": SigningKey.generate("x").public.encode()}), "R-9", 401),
    Case("join", "short-sealing-key", _joining(lambda _: {"sealing_key": "AAAA"}), "H-0", 400),
    Case("join", "key-of-a-witness", _joining(lambda _: {
        "verify_key": SigningKey.generate("w", COSIGNATURE).public.encode()}), "H-0", 400),
    Case("join", "known-key", lambda w: [_known(w)], "H-6", 409),
]  # fmt: skip


def _known(world):
    """Join a second time with the key of a member, under another name."""
    actor, name = _stranger(world)
    actor.key = world["Alpha"].key
    return world.ask(actor, "POST", JOIN, actor.join_body(name))


def _changing(old, new, text):
    """Return what asks for a new key, as both keys sign it."""
    said = {"proof": new, "consent": old}
    return {"verify_key": new.public.encode()} | {
        name: base64.b64encode(key.sign(text)).decode() for name, key in said.items()
    }


def _turned(key=None, *, whose="Turning", signer=None, consents=None, **changes):
    """Ask for a new key of a member."""

    def attack(world):
        actor, other = world["Turning"], world[whose]
        new = key or SigningKey.generate("new")
        said = proof_text(other.id, new.public.encode(), actor.key.public.key_id)
        body = _changing(consents or actor.key, new, said)
        if signer is not None:
            body["proof"] = base64.b64encode(signer.sign(said)).decode()
        body |= changes
        return [world.ask(actor, "POST", KEYS, _json(body))]

    return attack


ROTATIONS = [
    Case("key-rotation", "proof-of-another-key", _turned(signer=SigningKey.generate("x")), "H-1",
         403),
    Case("key-consent", "another-key", _turned(consents=SigningKey.generate("x")),
         "H-1", 403),
    Case("key-rotation", "proof-for-another-member", _turned(whose="Beta"), "H-1", 403),
    Case("key-rotation", "known-key", lambda w: _turned(w["Beta"].key)(w), "H-6", 409),
    Case("key-rotation", "negative-overlap", _turned(overlap_seconds=-1), "H-0", 400),
    Case("key-rotation", "endless-overlap", _turned(overlap_seconds=10**12), "H-0", 400),
]  # fmt: skip


def _hoarded(world):
    """Turn the key again and again, each time with the newest."""
    actor, name = _stranger(world)
    assert world.ask(actor, "POST", JOIN, actor.join_body(name)).status == 201
    me = json.loads(world.ask(actor, "GET", "/exchange/v1/me").text)["member"]
    for _ in range(8):
        new = SigningKey.generate("new")
        text = proof_text(me, new.public.encode(), actor.key.public.key_id)
        body = _json(_changing(actor.key, new, text))
        answer = world.ask(actor, "POST", KEYS, body)
        if answer.status == 201:
            actor.key = new
    return [answer]


def _retired(world):
    """Use a key after it was retired."""
    actor, name = _stranger(world)
    assert world.ask(actor, "POST", JOIN, actor.join_body(name)).status == 201
    me = json.loads(world.ask(actor, "GET", "/exchange/v1/me").text)["member"]
    new = SigningKey.generate("new")
    text = proof_text(me, new.public.encode(), actor.key.public.key_id)
    body = _json(_changing(actor.key, new, text))
    assert world.ask(actor, "POST", KEYS, body).status == 201
    old = _json({"key_id": actor.key.public.key_id})
    assert world.ask(Actor(new), "POST", f"{KEYS}/retire", old).status == 200
    return [world.ask(actor, "GET", "/exchange/v1/me")]


def _retiring(name):
    return lambda w: [w.ask(w["Alpha"], "POST", f"{KEYS}/retire", _json(
        {"key_id": w[name].key.public.key_id}))]  # fmt: skip


def _weak_key(raw_key):
    """Join with a key that any signature fits, or that is no point."""

    def attack(world):
        actor, name = _stranger(world)
        good = actor.key.public.encode().split("+")
        good[2] = base64.b64encode(b"\x01" + raw_key).decode()
        return [world.ask(actor, "POST", JOIN, actor.join_body(name, verify_key="+".join(good)))]

    return attack


KEPT_KEYS = [
    Case("keys", "hoarded", _hoarded, "H-8", 429),
    Case("keys", "retired", _retired, "R-9", 401),
    Case("keys", "last", _retiring("Alpha"), "H-6", 409),
    Case("keys", "others", _retiring("Beta"), "H-0", 404),
    Case("keys", "small-order", _weak_key(b"\x01" + bytes(31)), "H-0", 400),
]
BARRED = [
    Case("barred-member", "suspended-reads", does("Suspended", "GET", OBJECTS), "H-1", 403),
    Case("barred-member", "suspended-posts", lambda w: [w.post(
        "Suspended", w.indicator("Suspended"))], "H-1", 403),
    Case("barred-member", "suspended-turns-key", does("Suspended", "POST", KEYS, {}), "H-1", 403),
    Case("barred-member", "gone-reads", does("Gone", "GET", "/exchange/v1/stream"), "H-1", 403),
    Case("barred-member", "gone-joins-again", lambda w: [_back(w)], "H-1", 403),
]  # fmt: skip


def _back(world):
    actor = Actor(SigningKey.generate("Gone"), invitation=world["Gone"].invitation)
    return world.ask(actor, "POST", JOIN, actor.join_body("Gone"))


def _basic(words, method="GET", target=OBJECTS):
    """Ask with a name and a reading token."""

    def attack(world):
        said = words(world)
        told = said if isinstance(said, bytes) else base64.b64encode(said.encode())
        held = [("Authorization", f"Basic {told.decode('latin-1')}"), ("Accept", TAXII)]
        return raw(world.hub.url, request(world.hub.url, method, target, held))

    return attack


TOKENS = [
    Case("reading-token", "wrong", _basic(lambda w: f"{w['Reader'].id}:x"), "H-1", 401),
    Case("reading-token", "of-another", _basic(lambda w: f"{w['Beta'].id}:{w.token}"), "H-1", 401),
    Case("reading-token", "no-base64", _basic(lambda _: b"\xff\xfe*"), "H-1", 401),
    Case("reading-token", "to-post", _basic(
        lambda w: f"{w['Reader'].id}:{w.token}", "POST"), "R-1", 401),
    Case("reading-token", "elsewhere", _basic(
        lambda w: f"{w['Reader'].id}:{w.token}", target="/exchange/v1/records"), "R-1", 401),
]  # fmt: skip


def _acknowledged(**changes):
    def attack(world):
        body = {"id": world.posted["id"], "version": world.posted["modified"]}
        return [world.ask(world["Alpha"], "POST", "/exchange/v1/acknowledgements", _json(
            body | {"outcome": "removed"} | changes))]  # fmt: skip

    return attack


WORDS = [
    Case("acknowledgement", "not-owed", _acknowledged(), "H-0", 404),
    Case("acknowledgement", "other-outcome", _acknowledged(outcome="ignored"), "H-0", 400),
    Case("acknowledgement", "for-another", _acknowledged(member="Beta"), "H-0", 400),
    Case("acknowledgement", "sql", _acknowledged(id="' OR 1=1--"), "H-0", 404),
]


def _epoch(change):
    def attack(world):
        box = base64.b64encode(os.urandom(80)).decode()
        body = {
            "epoch": 1, "starts": MARCH, "ends": MAY,
            "commitment": base64.b64encode(bytes(32)).decode(),
            "boxes": [{"member": world["Alpha"].id, "box": box}],
        }  # fmt: skip
        change(body, world)
        return [world.ask(world["Alpha"], "POST", EPOCHS, _json(body))]

    return attack


def _box(body, **changes):
    body["boxes"].append(body["boxes"][0] | changes)


DRAWN = [
    Case("epoch", "far", _epoch(lambda b, _: b.update(epoch=10**30)), "H-6", 409),
    Case("epoch", "backwards", _epoch(lambda b, _: b.update(ends=MARCH)), "H-0", 400),
    Case("epoch", "box-for-a-stranger", _epoch(
        lambda b, _: _box(b, member="identity--x")), "H-5", 400),
    Case("epoch", "two-boxes", _epoch(lambda b, _: _box(b)), "H-5", 400),
    Case("epoch", "short-box", _epoch(lambda b, w: _box(
        b, member=w["Beta"].id, box="AAAA")), "H-0", 400),
]  # fmt: skip


def _others_status(world):
    answer = world.post("Beta", world.indicator("Beta"))
    return [
        world.ask(world["Alpha"], "GET", f"/taxii2/api/status/{json.loads(answer.text)['id']}/")
    ]


CLOSED = OBJECTS.replace("indicators", "closed")
PLACES = [
    Case("others-place", "collection", does("Alpha", "GET", CLOSED[:-8]), "H-0", 404),
    Case("others-place", "objects", does("Alpha", "GET", CLOSED), "H-0", 404),
    Case("others-place", "posting", lambda w: [w.post(
        "Alpha", w.indicator(), where="closed")], "H-0", 404),
    Case("others-place", "status", _others_status, "H-0", 404),
    Case("others-place", "audience", lambda w: [_unseen(w)], "H-0", 404),
]  # fmt: skip


def _unseen(world):
    """Ask for an object by an id that was overheard, without being in its audience."""
    item = world.indicator("Beta", audience=[world["Turning"].id])
    assert world.post("Beta", item).status == 202
    return world.ask(world["Alpha"], "GET", f"{OBJECTS}{item['id']}/")


def _until_refused(make):
    """Do the same until it is refused; what was let through before is the quota."""

    def attack(world):
        found = [make(world) for _ in range(8)]
        return [answer for answer in found if answer.status not in {200, 202}]

    return attack


QUOTAS = [
    Case("quota", "objects", _until_refused(lambda w: w.post("Poor", w.indicator("Poor"))), "H-8",
         429),
    Case("quota", "envelope", lambda w: [w.post("Poor", *[w.indicator("Poor")] * 999)], "H-8",
         429),
    Case("quota", "requests", _until_refused(
        lambda w: w.ask(w["Hasty"], "GET", "/exchange/v1/me")), "H-8", 429),
]  # fmt: skip

CASES = (
    *ROLES, *INVITATIONS, *JOINS, *ROTATIONS, *KEPT_KEYS, *BARRED, *TOKENS, *WORDS, *DRAWN,
    *PLACES, *QUOTAS,
)  # fmt: skip
