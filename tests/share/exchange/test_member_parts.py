"""Trust, the poisoning guard, policies, bundles, boxes, views and sketches, each by itself."""

from __future__ import annotations

import base64
import json

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.errors import ConfigurationError, RefusedError
from stillwatch.find.features.pieces import SharedPieces
from stillwatch.ledger import Checkpoint, SigningKey, merkle
from stillwatch.ledger.checkpoints import sign_checkpoint
from stillwatch.share.exchange import bundles, epochs
from stillwatch.share.exchange.guard import guarded
from stillwatch.share.exchange.intelligence import (
    Intelligence,
    read_intelligence,
    write_intelligence,
)
from stillwatch.share.exchange.logview import Anchor, SplitViewError, advanced, in_log
from stillwatch.share.exchange.policy import approve, read_policy
from stillwatch.share.exchange.trust import Record, judged, precision_of, weight_of
from stillwatch.share.objects import AuthorKey, canonical, examples, new_sighting
from stillwatch.share.objects.examples import KEYS

NOW = 1_795_305_600.0
DAY = 86_400.0
ITEMS = [item for item in examples() if item.type == "indicator" and item.revoked is not True]
FIRST = ITEMS[0]
MEMBERS = [f"identity--00000000-0000-4000-8000-{n:012d}" for n in range(9)]


def word(outcome, member, at=NOW + 60.0, item=FIRST):
    grounds = "review" if outcome in {"false-positive", "contested"} else None
    return new_sighting(
        item, outcome, author=member, now=at, number=member[-16:].encode(), grounds=grounds
    )


def test_each_members_newest_word_counts_and_the_authors_does_not():
    said = [
        word("confirmed", MEMBERS[0], NOW + 10.0),
        word("false-positive", MEMBERS[0], NOW + 20.0),
        word("false-positive", MEMBERS[1]),
        word("confirmed", MEMBERS[2]),
        word("confirmed", FIRST.created_by_ref),
    ]
    found = judged(said, {FIRST.id: FIRST.created_by_ref})[FIRST.id]
    assert (found.confirmed, found.false_positive) == (1, 2)
    assert found.wrong
    assert not found.right
    record = precision_of({FIRST.id: found}, {FIRST.id: FIRST.created_by_ref})
    assert record == {FIRST.created_by_ref: Record(0, 1)}


def test_weight_falls_with_age_and_with_the_authors_record():
    plain = weight_of(FIRST, {}, None, now=NOW)
    assert 0.0 < weight_of(FIRST, {}, None, now=NOW + 45 * DAY) < plain < FIRST.confidence / 100
    worse = weight_of(FIRST, {FIRST.created_by_ref: Record(0, 9)}, None, now=NOW)
    better = weight_of(FIRST, {FIRST.created_by_ref: Record(9, 0)}, None, now=NOW)
    assert worse < plain < better


def row(account, indicator="indicator--1", nats=3.0):
    return Intelligence(
        time=0, account_id=account, indicator=indicator, kind="network:asn", actor="campaign-1",
        author=MEMBERS[0], weight=0.5, log_ratio=nats, licence="limit", exchanges=1, first=1,
        last=2, sample=("x",),
    )  # fmt: skip


def test_an_indicator_that_hits_the_verified_is_held_back():
    benign = [f"b{n}" for n in range(3_000)]
    rows = [row(account) for account in (*benign[:4], "a1", "a2")]
    rows += [row(account, "indicator--2") for account in (*benign[:3], "a1")]
    kept, (held,) = guarded(rows, benign, bound=0.001)
    assert (held.indicator, held.hit) == ("indicator--1", 4)
    assert {one.indicator for one in kept} == {"indicator--2"}
    assert guarded(rows, []) == (rows, [])
    assert guarded([row("b1")], ["b1"])[1] == []  # one account may have gone bad


def test_intelligence_comes_back(tmp_path):
    import pyarrow as pa  # noqa: PLC0415

    path = tmp_path / "intelligence.parquet"
    rows = [row("a", nats=1.0), row("b", nats=4.0)]
    write_intelligence(rows, path, pa.string())
    assert read_intelligence(path) == rows[::-1]


POLICY = """
approved_by = ["Ada", "Ben"]
until = 2027-01-01T00:00:00Z
kinds = ["pseudonym:email", "network:asn"]
licence = "limit"
tlp = "amber"
most_a_day = 10
notes = true
"""


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (("", ""), None),
        (("2027", "2026"), "ended"),
        (('licence = "limit"', 'licence = "observe"'), "licence"),
        (('tlp = "amber"', 'tlp = "red"'), "marking"),
        (('"pseudonym:email", ', ""), "cover"),
        (("most_a_day = 10", "most_a_day = 2"), "a day"),
        (("notes = true", "notes = false"), "note"),
    ],
)
def test_a_policy_lets_leave_what_it_covers(tmp_path, change, why):
    path = tmp_path / "policy.toml"
    path.write_text(POLICY.replace(*change), "utf-8")
    found = approve(read_policy(path), [FIRST], sent_today=2, now=NOW)
    assert found is None if why is None else why in found


@pytest.mark.parametrize(
    "change", [('"Ada", "Ben"', '"Ada", "ada "'), ('"Ada", "Ben"', '"Ada"'), ("limit", "block"),
               ("00:00Z", "00:00"), ("[", "]")]
)  # fmt: skip
def test_a_policy_needs_two_people_and_an_end(tmp_path, change):
    path = tmp_path / "policy.toml"
    path.write_text(POLICY.replace(*change), "utf-8")
    with pytest.raises(ConfigurationError):
        read_policy(path)


KEY = SigningKey("member-a", bytes(31) + b"\1")
KNOWN = [(FIRST.created_by_ref, KEY.public)]
AUTHOR = [AuthorKey(KEYS[FIRST.created_by_ref].public)]


def sealed(**changes):
    given = {"member": FIRST.created_by_ref, "key": KEY, "now": NOW, **changes}
    return bundles.sealed_bundle([FIRST], **given)


def opened(raw, **changes):
    given = {"keys": KNOWN, "member": MEMBERS[0], "now": NOW, **changes}
    return bundles.opened_bundle(raw, given.pop("keys"), **given)


def test_a_bundle_gives_what_its_member_made():
    bundle = opened(sealed())
    (taken,) = bundles.taken_from(bundle, lambda _: None, AUTHOR, now=NOW)
    assert taken.item == FIRST
    assert bundles.taken_from(bundle, lambda _: FIRST, AUTHOR, now=NOW) == []  # held already


def test_x_53_a_bundle_of_words_that_another_key_signed():
    (taken,) = bundles.taken_from(
        opened(sealed()), lambda _: None, [AuthorKey(KEY.public)], now=NOW
    )
    assert (taken.item, taken.rule) == (None, "X-53")


def test_m_10_a_bundle_passes_on_nothing():
    with pytest.raises(RefusedError, match="M-10"):
        sealed(member=MEMBERS[1])


@pytest.mark.parametrize(
    ("make", "read"),
    [
        ({"key": SigningKey("x", bytes(32))}, {}),
        ({"audience": [MEMBERS[5]]}, {}),
        ({}, {"now": NOW + 31 * DAY}),
        ({}, {"now": NOW - 3_600.0}),
        ({}, {"keys": [(MEMBERS[1], KEY.public)]}),
        ({}, {"keys": []}),
    ],
)
def test_m_11_bundles_that_are_refused(make, read):
    with pytest.raises(RefusedError, match=r"M-11|L-18"):
        opened(sealed(**make), **read)


def test_m_11_a_bundle_that_was_changed():
    document = json.loads(sealed())
    payload = base64.b64decode(document["payload"]).replace(b'"limit"', b'"challenge"')
    document["payload"] = base64.b64encode(payload).decode()
    with pytest.raises(RefusedError):
        opened(json.dumps(document).encode())


def test_a_bundles_objects_pass_the_rules():
    other = canonical(FIRST).replace(FIRST.created_by_ref.encode(), MEMBERS[3].encode())
    bundle = bundles.Bundle(made_by=FIRST.created_by_ref, made="", objects=[other, b'{"a":1}'])
    found = bundles.taken_from(bundle, lambda _: None, AUTHOR, now=NOW)
    assert [one.rule for one in found] == ["X-44", "X-7"]


@given(st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32))
def test_boxes_open_for_whom_they_were_sealed(key, chance):
    mine, other = (X25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in (5, 6))
    box = epochs.seal_box(key, 4, MEMBERS[0], epochs.sealing_key(mine), chance=chance)
    commitment = epochs.commitment_to(key)
    assert epochs.open_box(box, 4, MEMBERS[0], mine, commitment) == key
    for wrong in (
        (box, 5, MEMBERS[0], mine, commitment),
        (box, 4, MEMBERS[1], mine, commitment),
        (box, 4, MEMBERS[0], other, commitment),
        (box, 4, MEMBERS[0], mine, epochs.commitment_to(key[::-1] + b"x")),
        (box[:-4], 4, MEMBERS[0], mine, commitment),
        ("!", 4, MEMBERS[0], mine, commitment),
    ):
        with pytest.raises(RefusedError, match="M-13"):
            epochs.open_box(*wrong)


LOG = SigningKey("hub.example/log", bytes(32))
ANCHOR = Anchor("hub.example/log", LOG.public)


def grown(*entries):
    """Return a signed checkpoint over some entries, and the log's tiles."""
    tiles, tree = merkle.MemoryTiles(), merkle.Tree()
    tiles.write(tree.append([merkle.leaf_hash(entry.encode()) for entry in entries]))
    checkpoint = Checkpoint("hub.example/log", len(entries), tree.root())
    return sign_checkpoint(checkpoint, [LOG]).encode(), tiles


def test_m_2_views_that_do_not_fit():
    one, tiles = grown("a", "b")
    more, later = grown("a", "b", "c")
    fork, forked = grown("a", "x", "c")
    view = advanced(None, one, ANCHOR, tiles, now=NOW)
    newer = advanced(view, more, ANCHOR, later, now=NOW)
    assert newer.checkpoint.size == 3
    assert advanced(newer, one, ANCHOR, later, now=NOW) is newer  # an old answer is no lie
    for seen in (view, newer):
        with pytest.raises(SplitViewError, match="M-2") as caught:
            advanced(seen, fork, ANCHOR, forked, now=NOW)
        assert {"seen", "now", "why"} == set(caught.value.evidence)
    in_log(newer, [(2, b"c")], later)
    with pytest.raises(SplitViewError, match="M-3"):
        in_log(newer, [(2, b"c"), (1, b"x")], later)


@given(
    st.lists(
        st.lists(st.integers(1, 40), min_size=1, max_size=6, unique=True), min_size=1, max_size=5
    ),
    st.lists(st.lists(st.integers(1, 60), max_size=8), max_size=10),
    st.integers(0, 2**64 - 1),
)
@settings(deadline=None)  # the first example compiles
def test_shared_pieces_are_found_as_by_hand(sketches, rows, seed):
    weights = [[100 + value for value in part] for part in sketches]
    shared = SharedPieces(sketches, weights, seed)
    ptr = np.cumsum([0, *(len(row) for row in rows)])
    flat = np.array([value for row in rows for value in row], np.uint64)
    hits = shared.match(flat, ptr)
    found = list(
        zip(hits.row.tolist(), hits.sketch.tolist(), hits.pieces.tolist(),
            np.round(hits.score * 100).astype(int).tolist(), strict=True)
    )  # fmt: skip
    wanted = []
    for number, row in enumerate(rows):
        for place, part in enumerate(sketches):
            both = set(row) & set(part)
            if both:
                wanted.append((number, place, len(both), sum(100 + value for value in both)))
    assert found == wanted
