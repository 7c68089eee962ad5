"""Networks and TLS fingerprints that peers named: rare ones tell, what everybody has does not."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "find"))
from made_log import START, account_table, exchange_table, made_rows

from stillwatch.find.campaigns import observe_all
from stillwatch.find.features.files import key_fingerprint
from stillwatch.find.features.hashing import key_from_secret
from stillwatch.find.features.log import build_log
from stillwatch.share.exchange.intelligence import TOGETHER, together
from stillwatch.share.exchange.matching import Weighted, match_log
from stillwatch.share.objects import Network, campaign_ref, new_indicator

SECRET = b"the sketch key of an epoch"
KEY = key_from_secret(SECRET)
RARE, SDK = "t13d1516h2_8daaf6152771_b186095e22b6", "t13d1715h2_5b57614c22b0_3d5424432f57"
AUTHOR = "identity--0b7e6f2e-3c49-4a2f-9c55-6a1f7d1f2f01"
SEEN = START.timestamp() + 3 * 86_400.0
"""When the campaign was first seen, half way through the log."""


def observed(change):
    """Return a log of 200 accounts after a change of its rows by account number."""
    rows, accounts = made_rows(seed=4, accounts=200)
    for row in rows:
        change(int(row["account_id"][1:]), row)
    table = pa.Table.from_batches(list(observe_all(exchange_table(rows).to_batches(), key=KEY)))
    return build_log(table.to_batches(), account_table(accounts)), rows


def indicator(number=1, **content):
    return Weighted(
        new_indicator(
            Network(**{"mine": 900, "others": 1_000} | content), author=AUTHOR,
            campaign=campaign_ref(b"secret", "c"), now=SEEN + 60.0, number=bytes([number] * 16),
            first_seen=SEEN, last_seen=SEEN,
        ),
        0.6,
    )  # fmt: skip


def found(log, *indicators):
    return match_log(log, key_fingerprint(KEY), indicators, seed=1, secret=SECRET)


def actors(number, row):
    """Ten accounts come with a fingerprint of their own once the campaign was seen."""
    late = row["time"].timestamp() >= SEEN
    row["tls_fingerprint"] = RARE if number < 10 and late else SDK


def test_a_rare_fingerprint_is_matched_from_the_first_request_that_shows_it():
    log, rows = observed(actors)
    told = found(log, indicator(entity="ja4", value=RARE))
    assert {row.account_id for row in told} == {f"a{n:03d}" for n in range(10)}
    assert {row.kind for row in told} == {"network:ja4"}
    first = {}
    for row in rows:
        if row["tls_fingerprint"] == RARE:
            at = round(row["time"].timestamp() * 1e6)
            first[row["account_id"]] = min(at, first.get(row["account_id"], at))
    known = round((SEEN + 60.0) * 1e6)
    for account, at in first.items():
        dates = [row.time for row in told if row.account_id == account]
        assert min(dates) >= max(at, known)
    assert all(0.0 < row.log_ratio <= 6.0 for row in told)


def test_what_a_shared_sdk_sends_links_nobody():
    log, _ = observed(actors)
    assert found(log, indicator(entity="ja4", value=SDK)) == []


def test_a_fingerprint_that_a_release_brings_to_everybody_tells_less_and_less():
    def released(number, row):
        late = row["time"].timestamp() >= SEEN
        row["tls_fingerprint"] = RARE if late and number % 2 else SDK

    log, _ = observed(released)
    told = found(log, indicator(entity="ja4", value=RARE))
    best = {}
    for row in told:
        best[row.account_id] = max(row.log_ratio, best.get(row.account_id, 0.0))
    few, _ = observed(actors)
    rare = [row.log_ratio for row in found(few, indicator(entity="ja4", value=RARE))]
    assert np.median(list(best.values())) < min(max(rare), 3.0)
    assert not [account for account, ratio in best.items() if ratio >= 4.6]


@pytest.mark.parametrize("secret", [b"", b"another"])
def test_without_the_epochs_key_no_fingerprint_is_found(secret):
    log, _ = observed(actors)
    items = [indicator(entity="ja4", value=RARE)]
    assert match_log(log, key_fingerprint(KEY), items, seed=1, secret=secret) == []


def test_networks_of_one_actor_count_once_and_add_to_other_sorts():
    log, _ = observed(actors)
    both = found(
        log, indicator(entity="ja4", value=RARE), indicator(2, entity="ja4", value=RARE, mine=800)
    )
    assert len({row.indicator for row in both}) == 2
    assert together(both) == []
    one = both[0]
    card = type(one)(**{**{f: getattr(one, f) for f in one.__slots__}, "kind": "pseudonym:par"})
    (sum_,) = together([one, card])
    assert sum_.kind == TOGETHER
    assert sum_.log_ratio == pytest.approx(2 * one.log_ratio)
