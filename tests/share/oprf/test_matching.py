from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.errors import InputFormatError
from stillwatch.share.oprf.matching import Shared, packed

# few heads and few tails, zeros among them: equal heads, equal rows and zeros at the end all occur
ROWS = st.lists(
    st.builds(
        lambda head, tail: bytes([head]) * 8 + bytes(52) + bytes([tail] * 4),
        st.integers(0, 3),
        st.integers(0, 3),
    ),
    max_size=30,
)


def array(rows):
    return np.frombuffer(b"".join(rows), np.uint8).reshape(-1, 64)


@given(ROWS, ROWS)
def test_p_6_matches_are_those_of_a_set(own, peers):
    shared = Shared(array(peers))
    assert len(shared) == len(set(peers))
    found, places = shared.match(array(own))
    assert found.tolist() == [n for n, row in enumerate(own) if row in set(peers)]
    for row, place in zip(found, places, strict=True):
        held = shared.rows(int(place)).tolist()
        assert held == [n for n, peer in enumerate(peers) if peer == own[row]]


def test_p_6_many_blocks_match_as_one():
    draw = np.random.default_rng(7)
    own = draw.integers(0, 256, (600_000, 64), np.uint8)
    picked = np.sort(draw.choice(len(own), 1000, replace=False))
    found, _ = Shared(own[picked][::-1]).match(own)
    assert found.tolist() == picked.tolist()


@pytest.mark.parametrize("texts", [["00"], ["0" * 127 + "x"], ["00" * 64, "00" * 63]])
def test_p_6_what_is_no_pseudonym_is_refused(texts):
    with pytest.raises(InputFormatError):
        packed(texts)
