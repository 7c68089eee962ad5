"""Peers' indicators from a member's store to a gateway: what is handed over, and what it says."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from replicas import ENFORCED, replicas, waited, write_policy

from stillwatch.cli.exchange_gate import hand_over
from stillwatch.errors import OutputError
from stillwatch.find.features.files import key_fingerprint
from stillwatch.find.features.hashing import hash_strings, key_from_secret
from stillwatch.find.features.veil import Veil
from stillwatch.share.exchange.at_the_gate import MOST, at_the_gate
from stillwatch.share.exchange.believing import Weighted
from stillwatch.share.objects import Network, new_indicator
from stillwatch.stop.interface import Rung
from stillwatch.stop.service.bodies import Indicators, indicators_body, read_indicators
from stillwatch.stop.serving import Heard, Pieces
from stillwatch.stop.serving.grounds import known_grounds
from stillwatch.stop.serving.knowledge import KnownAccount
from stillwatch.stop.serving.terms import Terms

AUTHOR = "identity--0b5c3c0e-9f6f-4d3c-8f0e-5d0c9a1b2c3d"
CAMPAIGN = "campaign-" + "0" * 32
SECRET = b"a long random secret"
KEY = key_fingerprint(key_from_secret(SECRET))
STRANGER = KnownAccount(None, -1.0, 0, licensed=False, decoy=False, verification="", heard=None)
PEERS = ENFORCED.replace("[rungs]", '[rungs]\npeer = "verify"').replace(
    "[links]", "[thresholds]\npeer_nats = 4\n[links]"
)


def said(content, *, weight=0.6, number=1, licence="challenge"):
    item = new_indicator(
        content,
        author=AUTHOR,
        campaign=CAMPAIGN,
        now=1_790_000_000.0,
        number=bytes([number]) * 16,
        first_seen=1_790_000_000.0,
        last_seen=1_790_000_000.0,
        licence=licence,
    )
    return Weighted(item, weight)


def network(value="45.9.20.0/24", *, entity="prefix", mine=500, others=10):
    return Network(entity=entity, value=value, mine=mine, others=others)


def test_a_network_alone_never_says_enough_and_a_common_one_nothing():
    rare, common = said(network()), said(network("45.9.22.0/24", mine=1, others=1000))
    _, places = at_the_gate([rare, common], KEY)
    (place,) = places
    assert (place.value, place.licence) == ("45.9.20.0/24", "challenge")
    assert 5.4 < place.nats < MOST


def test_what_is_not_believed_is_not_handed_over():
    assert at_the_gate([said(network(), weight=0.0)], KEY) == ([], [])


def heard(sort, nats, name="i"):
    return Heard(name, "theirs", nats, Rung.VERIFY, sort=sort)


@pytest.mark.parametrize(
    ("sorts", "rungs"),
    [
        ((("network", 5.5, "a"), ("network", 5.5, "b")), []),
        ((("text", 5.5, "a"), ("text", 5.5, "b")), []),
        ((("text", 5.5, "a"), ("network", 5.5, "b")), [Rung.LIMIT]),
    ],
)
def test_a_sort_of_evidence_counts_once(sorts, rungs):
    grounds = known_grounds(STRANGER, [heard(*one) for one in sorts], Terms(), 0, 0)
    assert [ground.rung for ground in grounds] == rungs


def test_words_say_no_more_than_the_most_and_than_is_believed():
    pieces = Pieces("i", "c", [1, 2], [500, 400], belief=0.6, most=MOST)
    assert pieces.nats([500, 400]) == pytest.approx(5.49, abs=0.01)
    found = read_indicators(indicators_body(Indicators((pieces,), ())))
    (again,) = found.pieces
    assert (again.belief, again.most) == (0.6, MOST)


def test_a_gateway_challenges_where_a_peer_named_the_network_and_lets_go_when_recalled(tmp_path):
    (tmp_path / "key").write_bytes(SECRET)
    (tmp_path / "peers").write_bytes(indicators_body(Indicators()))
    lines = write_policy(tmp_path, PEERS) + 'key_file = "key"\nindicators = "peers"\n'
    with replicas(tmp_path, lines) as (one,):
        assert one.status("new", ip="45.9.20.9") == 0
        member = SimpleNamespace(weighted=lambda: [said(network())])
        assert hand_over(member, tmp_path / "peers", SECRET) == 1
        waited(lambda: one.status("new", ip="45.9.20.9") == 403)
        assert one.ask("new", ip="45.9.20.9")["rung"] == "verify"
        assert one.status("new", ip="45.9.21.9") == 0
        (tmp_path / "peers").write_bytes(b"broken")
        waited(lambda: one.logged("a file cannot be used; what was in force stays"))
        assert one.status("newer", ip="45.9.20.9") == 403
        hand_over(SimpleNamespace(weighted=list), tmp_path / "peers", SECRET)
        waited(lambda: one.status("new", ip="45.9.20.9") == 0)


def test_a_block_is_recognised_by_its_veiled_hash():
    import numpy as np  # noqa: PLC0415 - here alone

    from stillwatch.stop.interface import Request, Shape  # noqa: PLC0415
    from stillwatch.stop.serving import Core, Knowledge, LocalBuckets, Place  # noqa: PLC0415

    text = b"45.9.20.0/24"
    ends = np.array([0, len(text)], np.int64)
    plain = hash_strings(np.frombuffer(text, np.uint8), ends, None, key_from_secret(SECRET))[0]
    hidden = f"{Veil.of(SECRET).one(int(plain)):016x}"
    places = [Place("i", "c", "block", hidden, 7.0, "challenge")]
    known = Knowledge.of(places=places, secret=SECRET)
    core = Core(Terms(), known, secret=SECRET, accounts=64, segments=64)
    for ip, codes in (("45.9.20.9", ["peer-indicator"]), ("45.9.21.9", [])):
        weighed = core.weigh(Request(0, "r", "a", Shape.OPENAI_CHAT, b"{}", ip=ip))
        decision = core.conclude(weighed, LocalBuckets(64).charge(weighed.charges, 0))
        assert [r.code for r in decision.reasons if r.ground == "intelligence"] == codes


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(OutputError):
        hand_over(SimpleNamespace(weighted=list), tmp_path / "none" / "peers", SECRET)
