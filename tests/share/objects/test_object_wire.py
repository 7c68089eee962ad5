"""Objects to bytes and back, and what other people's software says to them."""

from __future__ import annotations

import json
import random
from contextlib import suppress

import jsonschema
import pytest
import rfc8785
import stix2
import stix2validator
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.errors import StillwatchError
from stillwatch.find.features.habits import HABITS
from stillwatch.find.features.observe import OBSERVATION_VERSION
from stillwatch.share.objects import (
    EXTENSION_ID,
    LIVES,
    RuleError,
    belief,
    canonical,
    examples,
    exchange_schema,
    kind_of,
    parse,
    parse_canonical,
)
from stillwatch.share.objects.content import Habits
from stillwatch.share.objects.examples import contents

EXAMPLES = list(examples())
NAMES = [f"{number}-{item.type}" for number, item in enumerate(EXAMPLES)]


@pytest.mark.parametrize("item", EXAMPLES, ids=NAMES)
def test_objects_come_back(item):
    raw = canonical(item)
    assert parse(raw) == item
    assert parse_canonical(json.dumps(item.to_stix(), indent=2).encode()) == (item, raw)


@pytest.mark.parametrize("item", EXAMPLES, ids=NAMES)
def test_canonical_bytes_are_those_of_rfc_8785(item):
    assert rfc8785.dumps(item.to_stix()) == canonical(item)


@pytest.mark.parametrize("item", EXAMPLES, ids=NAMES)
def test_the_validator_accepts(item):
    outcome = stix2validator.validate_string(canonical(item).decode())
    assert outcome.is_valid, outcome.as_dict()


@pytest.mark.parametrize("item", EXAMPLES, ids=NAMES)
def test_stix2_reads_and_writes_them(item):
    read = stix2.parse(canonical(item).decode(), allow_custom=False)
    assert read.id == item.id
    again = parse(read.serialize().encode())
    # stix2 leaves out a fraction that is zero
    assert canonical(again).replace(b":00Z", b":00.000Z") == canonical(item)


@pytest.mark.parametrize("item", EXAMPLES, ids=NAMES)
def test_the_published_schema_accepts(item):
    jsonschema.validate(item.to_stix(), exchange_schema())


def test_examples_have_every_type_and_kind():
    assert {item.type for item in EXAMPLES} == {
        "indicator",
        "sighting",
        "identity",
        "marking-definition",
        "extension-definition",
    }
    found = {kind_of(item.content) for item in EXAMPLES if item.type == "indicator"}
    assert found == set(LIVES) == {kind_of(content) for content in contents()}


def test_the_wire_speaks_of_the_same_observations_and_habits():
    schema = exchange_schema()["$defs"]
    assert int(OBSERVATION_VERSION) in schema["Behaviour"]["properties"]["observation"]["enum"]
    sizes = {name: part["maxItems"] for name, part in schema["Habits"]["properties"].items()}
    assert sizes == dict(HABITS)
    assert set(Habits.__struct_fields__) == set(HABITS)


def test_belief_halves():
    assert belief(100, "network:prefix", 7.0) == 0.5
    assert belief(100, "network:prefix", -7.0) == 1.0


@given(st.binary(max_size=400))
@settings(max_examples=300, deadline=None)
def test_any_bytes_give_an_object_or_a_rule(raw):
    with pytest.raises(RuleError) as caught:
        parse(raw)
    assert caught.value.rule.startswith("X-")
    assert isinstance(caught.value, StillwatchError)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=12) | st.sampled_from(["type", "id"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(st.sampled_from(EXAMPLES), _JSON, st.integers(0, 2**32))
@settings(max_examples=500, deadline=None)
def test_one_value_replaced_gives_an_object_or_a_rule(item, value, seed):
    document = item.to_stix()
    holder, place = random.Random(seed).choice(list(_places(document)))
    holder[place] = value
    raw = json.dumps(document).encode("utf-8", "surrogatepass")
    with suppress(RuleError):
        assert json.loads(canonical(parse(raw))) == document


def _places(value):
    for name in value if isinstance(value, dict) else range(len(value)):
        yield value, name
        if isinstance(value[name], dict | list):
            yield from _places(value[name])


@given(st.sampled_from(EXAMPLES), st.integers(0, 10_000), st.integers(0, 255))
@settings(max_examples=500, deadline=None)
def test_one_byte_replaced_gives_an_object_or_a_rule(item, place, byte):
    raw = bytearray(canonical(item))
    raw[place % len(raw)] = byte
    with suppress(RuleError):
        read, made = parse_canonical(bytes(raw))
        assert parse(made) == read


def test_extension_ids_are_one():
    assert {
        name
        for item in EXAMPLES
        if item.type in {"indicator", "sighting"}
        for name in item.to_stix()["extensions"]
    } == {EXTENSION_ID}
