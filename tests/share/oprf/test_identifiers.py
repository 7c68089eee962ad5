"""One spelling each, and inputs that no two identifiers share."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path

import pytest
import voprf.ristretto as other
from hypothesis import given
from hypothesis import strategies as st
from rfc9497_vectors import INFO, KEY, SEED

from stillwatch.errors import InputFormatError, RefusedError
from stillwatch.share.oprf.identifiers import RULES_VERSION, encode, normalise
from stillwatch.share.oprf.kinds import KINDS

FILE = json.loads(
    resources.files("stillwatch.share.oprf").joinpath("vectors.json").read_text("utf-8")
)


def ids(vector):
    return f"{vector['type']} {vector['given']!a}"


@pytest.mark.parametrize("vector", FILE["vectors"], ids=ids)
def test_p_2_published_vectors(vector):
    kind, value = vector["type"], vector["given"]
    assert normalise(kind, value) == vector["normalised"]
    if vector["normalised"] is None:
        with pytest.raises(InputFormatError) as caught:
            encode(kind, value)
        assert value not in caught.value.diagnostics()
        return
    raw = encode(kind, value)
    assert raw.hex() == vector["input"]
    assert bytes.fromhex(FILE["key"]) == KEY
    whole = other.Evaluator.from_seed(SEED, INFO)
    assert whole.evaluate_known_input(raw).hex() == vector["pseudonym"]


def test_p_2_vectors_are_of_this_version_and_every_type():
    assert FILE["rules_version"] == RULES_VERSION
    assert {vector["type"] for vector in FILE["vectors"]} == set(KINDS)


@given(st.sampled_from(sorted(KINDS)), st.text())
def test_p_2_any_text_normalises_once(kind, text):
    once = normalise(kind, text)
    assert once is None or normalise(kind, once) == once


@given(st.from_regex(r"(\+|00)[0-9 ()/.-]{5,18}", fullmatch=True))
def test_p_2_a_number_normalises_once(text):
    once = normalise("phone", text)
    assert once is None or normalise("phone", once) == once


def test_p_2_equal_values_of_different_types_have_different_inputs():
    text = "Q1HJZ28RKA1EBL470G9XYG90R5D3E"
    assert encode("par", text)[4:] == text.encode()
    assert encode("par", text)[:4] == bytes([1, 3, 0, 29])


def test_p_2_other_types_are_refused():
    with pytest.raises(RefusedError, match="P-2"):
        encode("device_fingerprint", "abc")


def test_p_2_the_documented_vectors_are_the_published_ones():
    page = Path(__file__).parents[3].joinpath("docs/reference/oprf.md").read_text("utf-8")
    for vector in FILE["vectors"]:
        form = "refused" if vector["normalised"] is None else f"`{vector['normalised']}`"
        assert f"| `{vector['type']}` | `{vector['given']}` | {form} |\n" in page
