from __future__ import annotations

import numpy as np
import pyarrow as pa

from stillwatch.find.features.hashing import hash_strings, key_from_secret
from stillwatch.find.features.observe import string_buffers

MASK = 2**64 - 1
GOLDEN = {"a": 0x02C0BDBF481420F8, "stillwatch": 0xED5A9FE58AC94FB6, "日本": 0xB7F4CA9E3B0A2F06}
KEYED = {"a": 0xDD5393E7E37FF5A5}
"""Keyed with what ``secret`` gives; a change of any value breaks every stored summary."""


def by_hand(text, key):
    """Compute the hash in plain integers: what another engine would write down."""
    state = 0xCBF29CE484222325 ^ key
    for byte in text.encode():
        state = (state ^ byte) * 0x100000001B3 & MASK
    state = (state ^ state >> 30) * 0xBF58476D1CE4E5B9 & MASK
    state = (state ^ state >> 27) * 0x94D049BB133111EB & MASK
    return state ^ state >> 31


def hashed(values, key=0):
    data, offsets, valid = string_buffers(pa.array(list(values), pa.string()))
    return hash_strings(data, offsets, valid, key).tolist()


def test_hashes_are_those_of_plain_arithmetic():
    texts = ["", "a", "acct_7f3a", "日本語", "Ünïcode", "x" * 5000]
    for key in (0, 1, 2**63 + 12345):
        assert hashed(texts, key) == [by_hand(text, key) for text in texts]


def test_golden_values():
    assert hashed(GOLDEN) == list(GOLDEN.values())
    assert hashed(KEYED, key_from_secret(b"secret")) == list(KEYED.values())


def test_no_secret_is_no_key():
    assert key_from_secret(b"") == 0
    assert key_from_secret(b"secret") == key_from_secret(b"secret") != 0


def test_null_is_zero_and_nothing_else_is():
    assert hashed([None, "", "a", None])[::3] == [0, 0]
    assert all(hashed(["", "a"]))


def test_slices_hash_as_the_whole():
    whole = pa.array([f"id-{i}" for i in range(100)], pa.string())
    data, offsets, valid = string_buffers(whole.slice(30, 20))
    assert hash_strings(data, offsets, valid, 7).tolist() == hashed(whole.to_pylist(), 7)[30:50]
    assert np.unique(hashed(whole.to_pylist())).size == 100
