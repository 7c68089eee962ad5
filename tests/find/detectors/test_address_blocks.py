"""Blocks that a few of a group use, and blocks that are a place of theirs."""

from __future__ import annotations

import numpy as np
import pytest
from made_groups import exchange, measured, view_from, words

from stillwatch.find.detectors.address_blocks import AddressBlocks

FEW = 5


def used(members, together):
    """Return the view of a group: five of it use one block, so many others another.

    Everyone else has a block of their own, in one network.
    """
    rng = np.random.default_rng(2)
    rows = []
    for n in range(300):
        if n < FEW:
            ip = f"10.0.1.{n}"
        elif n < FEW + together:
            ip = f"10.0.2.{n}"
        else:
            ip = f"10.1.{n % 256}.{n // 256}" if n >= 256 else f"10.2.{n}.9"
        name = f"{'g' if n < members else 'o'}{n:03d}"
        rows.append(exchange(name, n, words(rng), ip=ip, asn=64500))
    return view_from(rows)


@pytest.mark.parametrize(
    ("members", "together", "counts"),
    [(40, 7, True), (40, 8, False), (41, 8, True), (20, 7, True), (100, 20, False)],
)
def test_a_block_of_many_who_are_much_of_the_group_counts_nothing(members, together, counts):
    statistic, effect, support, enough = measured(AddressBlocks(), used(members, together))
    assert enough
    assert support == members
    # the block shared most is left out: one alone says nothing
    assert (statistic > 2) == counts
    assert effect == pytest.approx(FEW / members if counts else 0.0)
