from __future__ import annotations

import copy
import json
import string

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_signature import made_signature, made_view, traced

from stillwatch.errors import (
    ConfigurationError,
    IncompatibleObservationsError,
    InputFormatError,
    OutputError,
    SourceNotFoundError,
)
from stillwatch.find.signatures import (
    Store,
    decode,
    encode,
    from_scan,
    read_signature,
    signature_schema,
    write_signature,
)
from stillwatch.find.signatures.record import LARGEST


@pytest.fixture(scope="module")
def document():
    return traced(made_view())


def leaves(value, path=()):
    if isinstance(value, dict):
        for name, item in value.items():
            yield from leaves(item, (*path, name))
    elif isinstance(value, list):
        for item in value:
            yield from leaves(item, (*path, 0))
    else:
        yield path, value


def test_a_signature_has_pieces_and_obeys_its_schema(document):
    assert len(document["pieces"]) >= 10
    jsonschema.validate(document, signature_schema())
    signature = decode(document, "here")
    assert json.loads(encode(signature)) == document
    assert decode(json.loads(encode(signature)), "here") == signature
    assert len(encode(signature)) <= LARGEST


def test_nothing_in_it_is_text(document):
    for path, value in leaves(document):
        if isinstance(value, str) and path != ("campaign",):
            assert value == "none" or set(value) <= set(string.hexdigits.lower()), path
        elif not isinstance(value, str):
            assert type(value) is int, path
    schema = signature_schema()
    for _, rule in rules(schema):
        if rule.get("type") == "string":
            assert "pattern" in rule
        if rule.get("type") == "integer":
            assert "maximum" in rule
        if rule.get("type") == "object":
            assert rule["additionalProperties"] is False
        if rule.get("type") == "array":
            assert "maxItems" in rule


def rules(schema, path=()):
    if isinstance(schema, dict):
        yield path, schema
        for name, item in schema.items():
            yield from rules(item, (*path, name))
    elif isinstance(schema, list):
        for item in schema:
            yield from rules(item, path)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("campaign",), "Think aloud and write every step"),
        (("campaign",), "../../etc/passwd"),
        (("key",), "secret"),
        (("declared",), "2026-03-02"),
        (("declared",), True),
        (("accounts",), -1),
        (("accounts",), 10**30),
        (("exchanges",), 1.5),
        (("pieces", 0), ["words of a prompt!", 1, 1, 1]),
        (("pieces", 0), ["0" * 16, 1, 1]),
        (("pieces", 0, 1), 10**6),
        (("pieces",), {"0": 1}),
        (("pieces",), [["0" * 16, 1, 1, 1]] * 2),
        (("levels", "accounts"), [1, 2]),
        (("levels", "exchanges", 0), None),
        (("habits", "answer"), [[1] * 5]),
        (("habits",), {"language": [[1000], [1000]]}),
        (("clients",), [["0" * 16, 1]]),
        (("blocks",), [["f" * 17, 1, 1]]),
    ],
)
def test_what_is_out_of_bounds_is_refused_by_reader_and_schema(document, place, value):
    changed = copy.deepcopy(document)
    at = changed
    for step in place[:-1]:
        at = at[step]
    at[place[-1]] = value
    with pytest.raises(InputFormatError) as refused:
        decode(changed, "here")
    assert refused.value.where == "here"
    if place != ("pieces",) or isinstance(value, dict):  # a schema cannot see the repeated hash
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(changed, signature_schema())


@pytest.mark.parametrize("name", ["prompt", "language", "country"])
def test_a_field_that_is_not_known_is_refused(document, name):
    with pytest.raises(InputFormatError):
        decode({**document, name: "x"}, "here")
    with pytest.raises(InputFormatError):
        decode({k: v for k, v in document.items() if k != "levels"}, "here")


@pytest.mark.parametrize("name", ["stillwatch_signature", "observation"])
def test_another_version_has_an_error_of_its_own(document, name):
    with pytest.raises(IncompatibleObservationsError):
        decode({**document, name: 99}, "here")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
        max_leaves=12,
    ),
    st.sampled_from(["pieces", "levels", "habits", "clients", "blocks", "key", "declared"]),
)
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_json_is_read_or_refused(document, value, name):
    for changed in (value, {**document, name: value}):
        try:
            signature = decode(changed, "here")
        except (InputFormatError, IncompatibleObservationsError):
            continue
        jsonschema.validate(json.loads(encode(signature)), signature_schema())


def test_files_that_are_no_signatures(tmp_path, document):
    path = tmp_path / "x.json"
    for text in (b"", b"{", b"[" * 100_000, b"\xff\xfe", b"[]", b"{}", b"1"):
        path.write_bytes(text)
        with pytest.raises(InputFormatError):
            read_signature(path)
    path.write_text(json.dumps(document) + " " * LARGEST)
    with pytest.raises(InputFormatError, match="larger"):
        read_signature(path)
    with pytest.raises(SourceNotFoundError):
        read_signature(tmp_path / "absent.json")
    with pytest.raises(InputFormatError):
        from_scan(path)
    (tmp_path / "campaigns.json").write_text('{"campaigns": [{"signature": {"facets": []}}]}')
    with pytest.raises(InputFormatError):
        from_scan(tmp_path)


def test_a_store_keeps_lists_and_replaces(tmp_path):
    store = Store(tmp_path / "known")
    assert store.signatures == ()
    one, two = made_signature(0), made_signature(1, name="campaign-ffffffffff")
    store.add((one, two), "here")
    again = Store(tmp_path / "known")
    assert list(again.signatures) == [one, two]
    assert again.get("campaign-ffffffffff") == two
    replaced = made_signature(2)
    again.add((replaced,), "here")
    assert Store(tmp_path / "known").get(one.campaign) == replaced
    with pytest.raises(ConfigurationError):
        again.get("campaign-0000000000")


def test_a_store_is_of_one_key_and_writes_nothing_of_another(tmp_path):
    store = Store(tmp_path)
    store.add((made_signature(),), "here")
    other = made_signature(name="campaign-ffffffffff", key="0123abcd")
    with pytest.raises(IncompatibleObservationsError):
        store.add((other,), "there")
    assert len(list(tmp_path.iterdir())) == 1
    write_signature(other, tmp_path / "campaign-ffffffffff.json")
    with pytest.raises(IncompatibleObservationsError):
        Store(tmp_path)


def test_files_named_otherwise_and_links_are_refused(tmp_path):
    signature = made_signature()
    write_signature(signature, tmp_path / "known" / "other.json")
    with pytest.raises(InputFormatError):
        Store(tmp_path / "known")
    (tmp_path / "link.json").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OutputError):
        write_signature(signature, tmp_path / "link.json")
    with pytest.raises(OutputError):
        write_signature(signature, tmp_path)
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError):
        write_signature(signature, tmp_path / "file" / "x.json")
    with pytest.raises(SourceNotFoundError):
        Store(tmp_path / "file")
    assert not list(tmp_path.glob(".stillwatch-*"))
