from __future__ import annotations

import ipaddress

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.find.sources.duplicates import SeenIds, _hash
from stillwatch.find.sources.messages import parse_json, read_turns
from stillwatch.find.sources.values import (
    integers_in,
    plain_text,
    read_addresses,
    read_booleans,
    read_integers,
    read_numbers,
    repair_utf8,
)

nested = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(
        st.sampled_from(["role", "content", "parts", "text", "type", "messages"]) | st.text(), inner
    ),
    max_leaves=20,
)  # fmt: skip


@given(st.lists(st.ip_addresses(), min_size=1))
def test_addresses_keep_their_value(addresses):
    got = read_addresses(pa.array([str(a).upper() for a in addresses]))
    assert got.emptied == 0
    for text, address in zip(got.values.to_pylist(), addresses, strict=True):
        mapped = getattr(address, "ipv4_mapped", None)
        assert ipaddress.ip_address(text) == (mapped or address)


@given(st.lists(st.text(), min_size=1))
def test_what_is_no_address_is_emptied_and_counted(texts):
    got = read_addresses(pa.array(texts, pa.string()))
    kept = [text for text in got.values.to_pylist() if text is not None]
    assert all(ipaddress.ip_address(text) for text in kept)
    assert len(kept) + got.emptied + sum(not t.strip() for t in texts) <= len(texts)


@given(st.lists(st.integers(-(2**70), 2**70)))
def test_integers_in_text(numbers):
    got = integers_in(pa.array([str(n) for n in numbers], pa.string())).to_pylist()
    for number, found in zip(numbers, got, strict=True):
        assert found == number or (found is None and abs(number) >= 10**18)


@given(st.lists(st.text() | st.none()))
def test_numbers_of_any_text(texts):
    for read in (read_integers, read_numbers, read_booleans):
        got = read(pa.array(texts, pa.string()))
        assert len(got.values) == len(texts)
        assert got.emptied >= 0


@given(st.lists(st.binary()))
def test_any_bytes_become_utf8(raw):
    text, changed = repair_utf8(plain_text(pa.array(raw, pa.binary())))
    text.validate(full=True)
    wanted = [value.decode("utf-8", "replace") for value in raw]
    assert text.to_pylist() == wanted
    assert (changed is None) == all(w.encode() == r for w, r in zip(wanted, raw, strict=True))


@given(st.lists(st.lists(st.text(max_size=20), max_size=30), max_size=10))
def test_seen_ids_are_those_of_a_set(batches):
    seen, wanted = SeenIds(), set()
    for batch in batches:
        got = seen.repeated(pa.array(batch, pa.string()), np.ones(len(batch), np.bool_))
        for text, repeated in zip(batch, got.tolist(), strict=True):
            assert repeated == (text in wanted)
            wanted.add(text)


def test_seen_ids_of_a_slice():
    ids = pa.array(["a", "b", "c", "b"]).slice(1)
    assert SeenIds().repeated(ids, np.ones(3, np.bool_)).tolist() == [False, False, True]


def test_seen_ids_forget_only_what_lies_a_generation_back():
    seen = SeenIds(generation=100)
    for start in range(0, 1000, 50):
        ids = pa.array([str(n) for n in range(start, start + 50)])
        assert not seen.repeated(ids, np.ones(50, np.bool_)).any()
        earlier = pa.array([str(n) for n in range(max(0, start - 50), start)])
        assert seen.repeated(earlier, np.ones(len(earlier), np.bool_)).all()
    assert len(seen._young) + len(seen._old) <= 2 * 65_536


@given(nested)
def test_turns_of_any_json(value):
    turns = read_turns(value)
    assert turns.prompt is None or isinstance(turns.prompt, str)


@given(st.text())
def test_json_of_any_text(text):
    read_turns(parse_json(text))


def test_turns_of_the_usual_forms():
    openai = [
        {"role": "system", "content": "s"},
        {"role": "user", "content": "old"},
        {"role": "assistant", "content": "a"},
        {"role": "user", "content": [{"type": "text", "text": "new"}, {"type": "image_url"}]},
        {"role": "tool", "content": "t"},
    ]
    assert read_turns(openai) == read_turns({"messages": openai})
    assert (read_turns(openai).prompt, read_turns(openai).system_prompt) == ("new", "s")
    anthropic = {"system": "s", "messages": [{"role": "user", "content": "u"}]}
    assert (read_turns(anthropic).prompt, read_turns(anthropic).system_prompt) == ("u", "s")
    gemini = {"contents": [{"role": "user", "parts": [{"text": "u"}]}]}
    assert read_turns(gemini).prompt == "u"
    tool_result = [{"role": "user", "content": [{"type": "tool_result", "content": "x"}]}]
    assert read_turns([*openai, *tool_result]).prompt == "new"


def test_ids_are_hashed_as_siphash_says():
    key = np.frombuffer(bytes(range(16)), np.uint64)
    for size, wanted in (
        (0, 0x726FDB47DD0E0E31),
        (8, 0x93F5F5799A932462),
        (15, 0xA129CA6149BE45E5),
    ):
        data = np.frombuffer(bytes(range(16)), np.uint8)
        assert int(_hash(data, 0, size, key)) == wanted
