from __future__ import annotations

import hashlib

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.find.features.observe import string_buffers
from stillwatch.find.features.text import (
    DIMENSIONS,
    FACETS,
    FORM,
    FORM_NAMES,
    KIND_SENTENCE,
    KIND_SYSTEM,
    seed_of,
    sketch_texts,
)
from stillwatch.find.features.tokens import MAX_TOKENS, begin_of_last, tokenise

GOLDEN = {
    "Explain every step of your reasoning. What is 17 times 3?": "bf2c5fe15b0813c9",
    "请逐步解释你的推理过程。然后给出最终答案。": "1a0eb526dc32c82f",
    "Объясни каждый шаг своего рассуждения, потом дай ответ.": "48bbfd3331223ad7",
}
SENTENCE = "Please explain each step of the proof before the answer"


def sketch(*texts, **options):
    data, offsets, _ = string_buffers(pa.array(texts, pa.string()))
    facets, kinds, counts, body, projection, form = sketch_texts(data, offsets, **options)
    return [
        (set(facets[i, : counts[i]].tolist()), kinds[i], int(body[i]), projection[i], form[i])
        for i in range(len(texts))
    ]


def shared(one, other):
    return len(one[0] & other[0]) / max(len(one[0] | other[0]), 1)


def digest(text):
    data, offsets, _ = string_buffers(pa.array([text], pa.string()))
    state = hashlib.sha256()
    for array in sketch_texts(data, offsets):
        state.update(np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<")).tobytes())
    return state.hexdigest()[:16]


@pytest.mark.parametrize("text", GOLDEN, ids=["en", "zh", "ru"])
def test_golden_sketches(text):
    assert digest(text) == GOLDEN[text], "a change makes every stored observation useless"


@pytest.mark.parametrize(
    "other",
    [
        "please explain EACH step of the Proof before the answer 7 times.",
        "Please explain  each step\tof the proof before the answer 123456 times.",
        "Please, explain each step of the proof (before the answer) 12 times.",
    ],
)
def test_case_spaces_numbers_and_commas_do_not_matter(other):
    one, two = sketch(f"{SENTENCE} 12 times.", other)
    assert one[0] == two[0]
    assert one[2] == two[2]


LETTERS = st.characters(categories=["Ll"], max_codepoint=0x17F, exclude_characters="ŉªº")
WORD = st.text(LETTERS, min_size=1, max_size=9)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.one_of(WORD, st.integers(0, 10**9).map(str)), min_size=1, max_size=60), st.data()
)
def test_any_text_keeps_its_sketch_when_numbers_and_spaces_change(words, data):
    changed = [str(data.draw(st.integers(0, 10**6))) if word.isdigit() else word for word in words]
    one, two = sketch(" ".join(words), data.draw(st.sampled_from(["  ", " ", "\t"])).join(changed))
    assert one[0] == two[0]
    assert one[2] == two[2]
    assert np.array_equal(one[3], two[3])


def test_an_instruction_is_recognised_around_any_body():
    one, two, stranger = sketch(
        f"{SENTENCE}.\nThe harbour was built of granite by two brothers.",
        f"{SENTENCE}.\nA velvet lantern hangs over the orchard in autumn.",
        "Which copper compass did the violin maker leave in the tunnel?",
    )
    assert shared(one, two) > 0.2
    assert shared(one, stranger) == 0


def test_languages_without_spaces_have_facets_too():
    one, two = sketch(
        "请逐步解释你的推理过程。这是第一题。", "请逐步解释你的推理过程。那是另外一件事。"
    )
    assert shared(one, two) > 0.2


def test_a_key_hides_which_text_it_was():
    (plain,), (keyed,) = sketch(SENTENCE), sketch(SENTENCE, key=99)
    assert plain[0] & keyed[0] == set()
    assert plain[2] != keyed[2]


def test_empty_and_endless_texts():
    empty, blank, endless = sketch("", " \n\t", "word " * 200_000)
    assert (empty[0], empty[2]) == (set(), 0)
    assert (blank[0], blank[2]) == (set(), 0)
    assert len(endless[0]) <= FACETS
    assert endless[4].max() <= 65535


@pytest.mark.parametrize("place", ["before", "behind"])
def test_an_instruction_is_seen_beside_any_amount_of_text(place):
    ask = "Write out each step of your reasoning before the final answer."
    long = " ".join(
        f"{a}{b}" for a in "bcdfghjklm" * 60 for b in ("aro", "eli", "umo", "ito", "ane")
    )
    assert len(long.split()) < MAX_TOKENS

    def facets_of(times):
        parts = [ask, *[long] * times] if place == "before" else [*[long] * times, ask]
        return sketch(". ".join(parts))[0][0]

    everywhere = facets_of(1) & facets_of(2) & facets_of(30) & facets_of(400)
    assert len(everywhere & sketch(ask)[0][0]) >= 4


@settings(max_examples=300, deadline=None)
@given(
    st.text(alphabet="ab1 .\né一二𐐷🙂ٱ", max_size=60) | st.text(max_size=40),
    st.integers(1, 40),
    st.integers(0, 3),
)
def test_the_last_tokens_are_those_of_the_whole_text(text, most, cut):
    data = np.frombuffer(text.encode("utf-8", "ignore") + b" ", np.uint8)[: -1 - cut or None]
    whole, last = (np.zeros(MAX_TOKENS + 2, np.uint64) for _ in range(2))
    weights, marks = (np.zeros(MAX_TOKENS + 2, np.uint8) for _ in range(2))
    form, seed = np.zeros(FORM, np.int64), seed_of(7)

    def read(lo, into):
        return tokenise(data, lo, data.size, seed, into, weights, marks, form, MAX_TOKENS)

    n = read(0, whole)
    many = read(begin_of_last(data, 0, data.size, most), last)
    assert many <= most or cut
    if not cut:  # within a code point, both ends read what they can
        assert last[:many].tolist() == whole[max(0, n - most) : n].tolist()


def test_system_prompts_give_sentences_alone():
    ((_, kinds, body, projection, _),) = sketch(f"{SENTENCE}. {SENTENCE} again.", system=True)
    assert set(kinds.tolist()) <= {0, KIND_SYSTEM}
    assert body != 0
    assert not projection.any()


def test_form_counts_what_it_names():
    (found,) = sketch("Is 12 > 3? Yes: (A)\nNo.")
    form = dict(zip(FORM_NAMES, found[4].tolist(), strict=True))
    assert (form["questions"], form["lines"], form["digits"]) == (1, 1, 3)
    assert (form["brackets"], form["colons"], form["capitals"]) == (1, 1, 4)
    assert len(found[4]) == FORM
    assert len(found[3]) == DIMENSIONS
    assert KIND_SENTENCE in sketch(f"{SENTENCE}.")[0][1]
