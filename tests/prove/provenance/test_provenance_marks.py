"""Marks in prompts: places are the same for both sides, p-values hold, tokens are of one prompt."""

from __future__ import annotations

import itertools
import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.errors import ConfigurationError, RefusedError, SourceNotFoundError
from stillwatch.ledger import SigningKey
from stillwatch.prove.lineage.blackbox.tails import log10_upper
from stillwatch.prove.provenance import (
    Row,
    Shown,
    check,
    fingerprint,
    in_system,
    mark,
    places_of,
    read_lines,
    sign,
    verify,
)
from stillwatch.prove.provenance.forms import plain, typographic, with_typography
from stillwatch.prove.provenance.marking import drawn, log10_hits
from stillwatch.prove.watermark import WatermarkKey

KEY, OTHER = WatermarkKey.random(1), WatermarkKey.random(2)
LINES = {
    "end": ("Answer briefly.", "Keep the answer short.", "Give a short answer."),
    "tone": ("Be polite.", "Stay polite."),
}
SIGNER = SigningKey.generate("partner.example/gateway")


def prompts(many, seed=0):
    rng = np.random.default_rng(seed)
    words = ["don't", "can\u2019t", "l'été", "wait...", "and so on\u2026", "tree", "東京", "river"]
    return [f"{at}: {' '.join(rng.choice(words, 12))}" for at in range(many)]


def places(marked, **options):
    return places_of(marked.prompt, marked.system_prompt, LINES, **options)


def test_marks_show_under_their_key_and_under_no_other():
    seen = Shown()
    for prompt in prompts(60):
        made = mark(KEY, prompt, "You help.", LINES, typography=True)
        assert made.system_prompt.startswith("You help.\n")
        found = places(made, typography=True)
        assert all(drawn(KEY, one.context, one.choices) == one.shown for one in found)
        seen.add(found)
    many, hits, expected, log10_p = seen.score(KEY)
    assert many == hits > 200
    assert log10_p < -60
    assert expected < 0.55 * many
    assert seen.score(OTHER)[3] > -3


def test_unmarked_prompts_show_nothing_whatever_the_writers_habit():
    """2,000 keys on prompts of somebody who always writes one form: never liberal."""
    seen = Shown()
    for at, prompt in enumerate(prompts(12)):
        seen.add(places_of(plain(prompt), f"{LINES['end'][at % 2]}\nBe polite.", LINES))
        seen.add(typographic(plain(prompt)))
    p = np.array([10 ** seen.score(WatermarkKey.random(at))[3] for at in range(3, 2_003)])
    for level in (0.2, 0.05, 0.01):
        assert (p <= level).mean() <= level + 4 * math.sqrt(level * (1 - level) / p.size)


def test_one_prompt_sent_a_thousand_times_counts_once():
    once, often = Shown(), Shown()
    made = mark(KEY, "Don't stop", None, LINES, typography=True)
    once.add(places(made, typography=True))
    for _ in range(1_000):
        often.add(places(made, typography=True))
    assert once.score(KEY) == often.score(KEY)
    assert once.score(KEY)[0] == 3


def test_a_context_with_as_many_of_either_form_does_not_count():
    seen = Shown()
    for form in (0, 1):
        seen.add(typographic(with_typography("Don't", [form])))
    assert seen.score(KEY) == (0, 0, 0.0, 0.0)


def test_a_slot_with_two_variants_has_no_place():
    both = "\n".join(LINES["end"])
    assert places_of("Hi", both, LINES) == []
    assert places_of("Hi", None, LINES) == []
    assert places_of("Hi", "  Answer   briefly. ", LINES)[0].shown == 0


@given(st.text(max_size=200), st.lists(st.integers(0, 1), min_size=200, max_size=200))
@settings(max_examples=100, deadline=None)
def test_places_are_the_same_whatever_is_written_there(text, forms):
    before = typographic(text)
    written = with_typography(text, forms[: len(before)])
    after = typographic(written)
    assert [one.context for one in after] == [one.context for one in before]
    assert [one.shown for one in after] == forms[: len(before)]
    assert fingerprint(written) == fingerprint(text)


MIXED = st.lists(
    st.sampled_from(
        ["a", "b ", "'", "\u2019", "...", "\u2026", " ", "\n", "é", "e\u0301", "```\n"]
    ),
    max_size=60,
).map("".join)


@given(MIXED, st.integers(0, 1))
@settings(max_examples=300, deadline=None)
def test_places_are_the_same_in_dense_text(text, form):
    before = typographic(text)
    after = typographic(with_typography(text, [form] * len(before)))
    assert [(one.context, one.shown) for one in after] == [(one.context, form) for one in before]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "f'abc'",
        "x = don't",
        "```\nI don't know...\n```",
        "~~~\ndon't",
        "    don't",
        "\tdon't",
        "`don't`",
        '{"a": "don\'t"}',
        "https://example.org/don't",
        "it is 5'3",
        "rock 'n' roll isn't",
        "....",
        "a....",
        "\ud800'\ud800",
    ],
)
def test_what_may_be_code_is_left_alone(text):
    assert typographic(text) == []
    assert mark(KEY, text, None, {}, typography=True).prompt == text


@pytest.mark.parametrize("many", [{2: 4, 3: 3}, {2: 9, 7: 2}, {3: 5}, {2: 1, 64: 1}])
def test_tails_over_several_m_are_those_of_enumeration(many):
    scores = [np.array([1] + [0] * (m - 1)) for m, n in many.items() for _ in range(n)]
    for hits in range(-1, len(scores) + 2):
        assert log10_hits(many, hits) == pytest.approx(log10_upper(scores, hits), abs=1e-9)


def test_tails_of_many_places_are_quick_and_agree_with_one_m():
    split = log10_hits({2: 50_000, 3: 50_000}, 43_000)
    assert split == pytest.approx(-17.65, abs=0.1)  # the normal's, at 8.68 deviations
    assert log10_hits({2: 100_000}, 51_000) == pytest.approx(-9.9, abs=0.2)


def test_a_token_is_of_its_prompt_and_partner_alone():
    token = sign(SIGNER, "Don't stop", "L-7", 1_800_000_000, bytes(16))
    assert verify(token, "Don\u2019t  stop ", [SIGNER.public]).licence == "L-7"
    with pytest.raises(RefusedError, match="V-3"):
        verify(token, "Do stop", [SIGNER.public])
    with pytest.raises(RefusedError, match="V-2"):
        verify(token, "Don't stop", [SigningKey.generate(SIGNER.name).public])
    with pytest.raises(RefusedError, match="V-2"):
        verify(token, "Don't stop", [])
    assert in_system(f"Be brief.\nstillwatch-provenance: {token}\nmore") == token
    assert in_system(f"no stillwatch-provenance: {token}") is None
    with pytest.raises(RefusedError, match="V-1"):
        sign(SIGNER, "a", "two\nlines", 0, bytes(16))


def test_v_1_damaged_tokens_are_refused():
    token = sign(SIGNER, "a", "L-7", 1, bytes(16))
    payload, signature = token.split(".")
    spoiled = ["", ".", token + "=", payload, f"{token}.x", "é", "A" * 5_000, f"{payload}.!"]
    for text in spoiled:
        with pytest.raises(RefusedError, match="V-1"):
            verify(text, "a", [SIGNER.public])
    for at in range(0, len(token), 7):
        other = "A" if token[at] != "A" else "B"
        with pytest.raises(RefusedError, match="V-"):
            verify(token[:at] + other + token[at + 1 :], "a", [SIGNER.public])
    assert signature


def test_a_log_is_judged_by_account_and_bad_tokens_end_nothing():
    rows = []
    for prompt in prompts(80):
        made = mark(KEY, prompt, None, LINES)
        token = sign(SIGNER, prompt, "L-7", 1, len(rows).to_bytes(16, "big"))
        rows.append(
            Row(group="partner", prompt=prompt, system_prompt=made.system_prompt, token=token)
        )
    rows.append(rows[0])
    rows += [Row(group="thief", prompt=one.prompt[::-1], token=one.token) for one in rows[:9]]
    rows.append(Row(group="thief", prompt="a", token="junk"))  # noqa: S106
    rows += [
        Row(group="fixed", prompt=prompt, system_prompt="Answer briefly.\nBe polite.")
        for prompt in prompts(80, 5)
    ]
    groups, tried = check(rows, {"ours": KEY, "wrong": OTHER}, LINES, [SIGNER.public])
    assert groups["partner"].licensed == {(SIGNER.name, "L-7"): 80}
    assert groups["partner"].repeated == 1
    assert groups["thief"].refused == {"V-3": 9, "V-1": 1}
    assert not groups["thief"].licensed
    found = {(one.group, one.key): one for one in tried}
    assert set(found) == set(itertools.product(("partner", "fixed"), ("ours", "wrong")))
    assert found["partner", "ours"].log10_adjusted < -40
    assert all(one.log10_adjusted > -2 for place, one in found.items() if place[1] == "wrong")
    assert found["fixed", "ours"].log10_adjusted > -2


@pytest.mark.parametrize(
    "held",
    [
        b"",
        b"\xff",
        b"[]",
        b"{}",
        b'{"a": ["x"]}',
        b'{"a": ["x", "x"]}',
        b'{"a": ["x", " "]}',
        b'{"a": ["x", "y\\nz"]}',
        b'{"A b": ["x", "y"]}',
        b'{"a": ["x", "y"], "b": ["x", "z"]}',
        b"[" * 100_000,
    ],
    ids=range(11),
)
def test_lines_out_of_form_are_refused(tmp_path, held):
    path = tmp_path / "lines.json"
    path.write_bytes(held)
    with pytest.raises(ConfigurationError):
        read_lines(path)


def test_lines_read_back_and_a_missing_file_is_named(tmp_path):
    path = tmp_path / "lines.json"
    path.write_text(json.dumps(LINES))
    assert read_lines(path) == LINES
    with pytest.raises(SourceNotFoundError):
        read_lines(tmp_path / "none.json")
