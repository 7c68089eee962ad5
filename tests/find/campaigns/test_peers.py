"""J-15: what peers' indicators add to a scan, and what they cannot do."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from easy_world import MEMBERS, START, easy_world, flags

from stillwatch.find.campaigns import Settings, scan
from stillwatch.find.features.peers import peers_of
from stillwatch.find.features.rows import HOUR
from stillwatch.records import TIME

FEW = MEMBERS[:6]
TIES = ("payment_fingerprint", "phone_hash", "device_fingerprint")


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A few accounts of one campaign that share no card, phone or machine."""
    easy = easy_world(tmp_path_factory.mktemp("peers") / "world")
    gone = pa.array(MEMBERS[len(FEW) :])
    exchanges, accounts = (
        table.filter(pc.invert(pc.is_in(table["account_id"], value_set=gone)))
        for table in (easy.exchanges, easy.accounts)
    )
    return exchanges, accounts.drop_columns(list(TIES)), sorted(easy.benign)


def matches(accounts, *, nats=5.0, at=START):
    return pa.table(
        {
            "time": pa.array([at] * len(accounts), TIME),
            "account_id": list(accounts),
            "actor": ["member-1/campaign-7"] * len(accounts),
            "log_ratio": [nats] * len(accounts),
        }
    )


def found(world, intelligence=None, without=()):
    exchanges, accounts, _ = world
    batches = exchanges.combine_chunks().to_batches(max_chunksize=4_000)
    settings = Settings(step=24 * HOUR, without=frozenset(without))
    return scan(batches, accounts, intelligence=intelligence, settings=settings)[0]


def test_j15_peers_and_local_evidence_together_declare_what_neither_does_alone(world):
    assert flags(found(world)) == {}
    result = found(world, matches(FEW))
    assert set(flags(result)) == set(FEW)
    said = {f.detector: f for c in result.campaigns for f in c.findings}["peer-indicators"]
    assert said.family == "intelligence"
    assert 0 < said.log_e <= 4.0
    assert said.n == len(FEW)


def test_j15_where_peers_carry_a_group_only_those_they_recognise_are_flagged(world):
    known = FEW[:4]
    assert set(flags(found(world, matches(known, nats=6.0)))) <= set(known)


def test_j15_no_word_of_a_peer_makes_a_campaign_of_strangers(world):
    assert flags(found(world, matches(world[2][:12], nats=1e9))) == {}


def test_j15_a_match_counts_from_when_it_was_known(world):
    late = START + timedelta(days=8, hours=1)
    when = {at for _, at in flags(found(world, matches(FEW, at=late))).values()}
    assert when
    assert min(when) > late


def test_j15_intelligence_can_be_left_out(world):
    assert flags(found(world, matches(FEW), without=("intelligence",))) == {}


def test_matches_are_bounded_ordered_and_of_known_accounts_only():
    ids = pa.array(["a", "b", "c"])
    table = matches(["c", "x", "a"], nats=99.0)
    times = [START + timedelta(hours=h) for h in (5, 1, 3)]
    table = table.set_column(0, "time", pa.array(times, TIME))
    peers = peers_of(ids, table)
    assert peers.account.tolist() == [0, 2]
    assert peers.nats.tolist() == [6.0, 6.0]
    at = int(peers.time[1])
    assert peers.known(at).tolist() == [[6.0, 0.0, 0.0]]  # at the look itself it is not yet known
    assert peers.known(at + 1).tolist() == [[6.0, 0.0, 6.0]]


@pytest.mark.parametrize("bad", [np.nan, -3.0])
def test_a_match_that_says_nothing_counts_nothing(bad):
    peers = peers_of(pa.array(["a"]), matches(["a"], nats=bad))
    assert peers.nats.tolist() == [0.0]
