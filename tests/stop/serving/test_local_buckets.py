"""Buckets against a reference in fractions, and under floods."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.errors import ConfigurationError
from stillwatch.stop.interface import Charge
from stillwatch.stop.serving import LocalBuckets


def key(number):
    return np.random.default_rng(number).bytes(16)


class Reference:
    """The leaky bucket as a sentence: a level that falls with time and must not overflow."""

    def __init__(self):
        self.level, self.at = {}, {}

    def charge(self, charges, now):
        levels, verdicts = {}, []
        for one in charges:
            held = levels.get(one.bucket)
            if held is None:
                past = Fraction(now - self.at.get(one.bucket, now), 1_000_000)
                held = max(Fraction(0), self.level.get(one.bucket, Fraction(0)) - past * one.rate)
            after = held + min(one.cost, one.burst)
            verdicts.append((after, one.burst))
            levels[one.bucket] = after if after <= one.burst else held
        if all(after <= burst for after, burst in verdicts):
            for bucket, level in levels.items():
                self.level[bucket], self.at[bucket] = level, now
        return verdicts


charges = st.builds(
    Charge,
    bucket=st.integers(0, 3).map(key),
    cost=st.integers(0, 4000),
    rate=st.just(1000),
    burst=st.just(5000),
)


@given(st.lists(st.tuples(st.lists(charges, max_size=4), st.integers(0, 3_000_000)), max_size=30))
@settings(deadline=None)
def test_buckets_agree_with_a_leaky_bucket_in_fractions(steps):
    buckets, reference, now = LocalBuckets(64), Reference(), 1_000_000
    for many, later in steps:
        now += later
        told = buckets.charge(many, now)
        for one, (after, burst) in zip(told, reference.charge(many, now), strict=True):
            assert one.allowed == (after <= burst)
            if one.allowed:
                assert one.remaining == math.floor(burst - after)
                assert one.reset_after == math.ceil(after * 1000)
                assert one.retry_after == 0
            else:
                assert one.retry_after == math.ceil((after - burst) * 1000)


def test_all_or_none():
    buckets = LocalBuckets(64)
    roomy, tight = Charge(key(1), 1000, 1, 5000), Charge(key(2), 1000, 1, 1000)
    assert [one.allowed for one in buckets.charge([roomy, tight], 0)] == [True, True]
    assert [one.allowed for one in buckets.charge([roomy, tight], 0)] == [True, False]
    assert buckets.charge([roomy], 0)[0].remaining == 3000


def test_what_is_dearer_than_the_bucket_passes_when_it_is_full():
    buckets = LocalBuckets(64)
    dear = Charge(key(1), 9_000, 1000, 1000)
    assert buckets.charge([dear], 0)[0].allowed
    assert not buckets.charge([dear], 500_000)[0].allowed
    assert buckets.charge([dear], 1_000_000)[0].allowed


def test_a_clock_that_goes_back_closes_a_bucket_for_no_longer_than_it_takes_to_fill():
    buckets, hour = LocalBuckets(64), 3_600_000_000
    one = Charge(key(1), 1000, 1000, 2000)
    buckets.charge([one], 10 * hour)
    told = buckets.charge([one], 9 * hour)[0]
    assert not told.allowed
    assert told.retry_after <= 2_000_000
    assert buckets.charge([one], 9 * hour + told.retry_after)[0].allowed


def test_huge_figures_do_not_overflow():
    buckets = LocalBuckets(64)
    huge = Charge(key(1), 2**80, 2**80, 2**80)
    assert buckets.charge([huge], 2**55)[0].allowed
    slow = Charge(key(2), 2**62, 1, 2**62)
    assert buckets.charge([slow], 2**55)[0].allowed
    assert not buckets.charge([slow], 2**55)[0].allowed


@pytest.mark.parametrize("many", [[Charge(b"short", 1, 1, 1)], [Charge(key(1), 1, 1, 1)] * 9])
def test_charges_that_no_bucket_takes(many):
    with pytest.raises(ConfigurationError, match="no bucket takes"):
        LocalBuckets(64).charge(many, 0)


def test_a_flood_of_new_buckets_pushes_out_cheap_ones_and_not_the_one_in_debt():
    buckets = LocalBuckets(1024)
    debtor = Charge(key(0), 5000, 1, 5000)
    assert buckets.charge([debtor], 0)[0].allowed
    for number in range(1, 20_000):
        buckets.charge([Charge(key(number), 10, 1, 5000)], number)
    assert not buckets.charge([debtor], 20_000)[0].allowed
