"""Randomised canaries: the gateway's draws, exact tails, and what spoils a plan or an opening."""

from __future__ import annotations

import hashlib
import itertools
import json
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.errors import RefusedError
from stillwatch.ledger import commit
from stillwatch.prove.lineage.blackbox import (
    Answer,
    Canaries,
    Canary,
    CommittedSet,
    Exact,
    Heard,
    NotEnough,
    Slot,
    canaries_of,
    decoded,
    encoded,
    power,
)
from stillwatch.prove.lineage.blackbox.openings import opened
from stillwatch.prove.lineage.blackbox.recognising import shown
from stillwatch.prove.lineage.blackbox.tails import log10_upper
from stillwatch.prove.watermark.tails import log10_binomial_tail
from stillwatch.stop.responses.canaries import CanarySet

SET = CanarySet("s-1", "c-1", {"town": ("Oslo", "Porto", "Lima"), "order": ("ab", "ba")}, b"k" * 32)


def line(chosen, salt=b"s" * 32):
    content = chosen.content()
    held = {
        "set_id": chosen.set_id,
        "content": content.decode(),
        "key": chosen.key.hex(),
        "salt": salt.hex(),
        "commitment": commit(salt, content).hex(),
    }
    return json.dumps(held).encode()


def plan(many=60, samples=2, statistics=("shares", "preferred")):
    return Canaries(
        sets=(CommittedSet(set_id="s-1", commitment=commit(b"s" * 32, SET.content()).hex()),),
        slots=(
            Slot(set_id="s-1", slot="town", signs=(("Oslo",), ("Porto",), ("Lima",))),
            Slot(set_id="s-1", slot="order", signs=(("x, y",), ("y, x",))),
        ),
        canaries=tuple(
            Canary(slot=at % 2, request_id=f"r-{at}", prompts=(f"ask {at}", f"again {at}"))
            for at in range(many)
        ),
        samples=samples,
        statistics=statistics,
    )


def says(part, form_of):
    """Answers of a model whose variant is form_of(canary number); None says nothing."""
    found = []
    for query in part.queries():
        at = int(query.item.partition(".")[0])
        signs = part.slots[part.canaries[at].slot].signs
        for sample in range(query.samples):
            form = form_of(at, sample)
            text = "I do not know." if form is None else f"Take {signs[form % len(signs)][0]}."
            found.append(Answer(item=query.item, sample=sample, text=text))
    return tuple(found)


def planted(part):
    slots = [slot.slot for slot in part.slots]
    return [SET.choice(one.request_id, slots[one.slot]) for one in part.canaries]


def heard(part, suspect, **others):
    return Heard(suspect=says(part, suspect), openings=(line(SET),), **others)


def test_the_draws_are_those_of_the_gateway():
    held = opened([line(SET)], {"s-1": commit(b"s" * 32, SET.content()).hex()})["s-1"]
    for slot, at in itertools.product(SET.slots, range(50)):
        assert held.choice(f"r-{at}", slot) == SET.choice(f"r-{at}", slot)
    assert repr(held).startswith("<") or "6b6b" not in repr(held)


def test_who_learned_the_variants_is_found_and_a_control_is_not():
    part = plan()
    drawn = planted(part)
    rng = np.random.default_rng(3)
    own = rng.integers(0, 6, 60)
    control = says(part, lambda at, _: own[at])
    outcomes = part.judge("x", heard(part, lambda at, _: drawn[at], controls={"c": control}))
    assert [one.test for one in outcomes] == ["canaries/shares", "canaries/preferred"]
    assert [one.decides for one in outcomes] == [True, False]
    exactly = -30 * math.log10(3) - 30 * math.log10(2)
    assert outcomes[1].log10_p == pytest.approx(exactly)
    assert outcomes[1].least_log10_p == pytest.approx(exactly)
    assert outcomes[0].log10_p == pytest.approx(exactly)
    for one in outcomes:
        assert one.used == 60
        assert one.rank_among == (1, 10_001)
        assert one.controls[0].subject == "c"
        assert one.controls[0].log10_p > -3
        assert "not who took" in one.limits


def test_one_canary_counts_once_however_often_it_is_asked():
    few, many = plan(10, samples=1), plan(10, samples=200)
    drawn = planted(few)
    first = few.judge("x", heard(few, lambda at, _: drawn[at]))
    second = many.judge("x", heard(many, lambda at, _: drawn[at]))
    assert [one.log10_p for one in first] == pytest.approx([one.log10_p for one in second])
    alone = few.judge("x", heard(few, lambda at, _: drawn[0] if at == 0 else None))
    assert all(one.log10_p == pytest.approx(-math.log10(3)) for one in alone)
    assert all((one.used, one.unused) == (1, 9) for one in alone)


def test_shares_keep_their_power_where_all_prefer_one_variant():
    part = plan(200)
    drawn = planted(part)
    rng = np.random.default_rng(5)
    reference = says(part, lambda _at, _s: 0 if rng.random() < 0.95 else 1)
    learned = says(part, lambda at, _s: drawn[at] if rng.random() < 0.3 else 0)
    outcomes = part.judge(
        "x", Heard(suspect=learned, references={"r": reference}, openings=(line(SET),))
    )
    shares, preferred = outcomes
    assert shares.log10_p < -6
    assert shares.log10_p < preferred.log10_p
    assert shares.controls[0].log10_p > -3


@pytest.mark.parametrize("statistic", ["shares", "preferred"])
def test_p_values_are_not_liberal_over_draws(statistic):
    """Answers stay as they are, the key is drawn anew: 2,000 keys on one talkative suspect."""
    part = plan(40, samples=2, statistics=(statistic,))
    rng = np.random.default_rng(7)
    counts = part._counts(says(part, lambda at, _: rng.integers(0, 1 + at % 3)), "x")
    scores = part._scores(statistic, counts, [])
    table = {}
    p = []
    for _ in range(2_000):
        total = sum(int(one[rng.integers(one.size)]) for one in scores)
        table.setdefault(total, 10 ** log10_upper(scores, total))
        p.append(table[total])
    for level in (0.2, 0.05, 0.01):
        spread = math.sqrt(level * (1 - level) / len(p))
        assert np.mean(np.array(p) <= level) <= level + 4 * spread


@given(
    st.lists(st.lists(st.integers(-4, 4), min_size=2, max_size=3), min_size=1, max_size=5),
    st.integers(-25, 25),
)
@settings(max_examples=200, deadline=None)
def test_the_tail_is_that_of_enumeration(lists, total):
    scores = [np.array(one, np.int64) for one in lists]
    sums = [sum(choice) for choice in itertools.product(*lists)]
    share = np.mean([one >= total for one in sums])
    found = log10_upper(scores, total)
    assert found == pytest.approx(math.log10(share)) if share else found == -math.inf


@pytest.mark.parametrize(("trials", "hits"), [(10, 9), (500, 480), (4_000, 3_900)])
def test_the_tail_is_binomial_for_one_m_however_small(trials, hits):
    scores = [np.array([1, 0, 0, 0])] * trials
    assert log10_upper(scores, hits) == pytest.approx(
        log10_binomial_tail(hits, trials, 0.25), rel=1e-9
    )


def test_power_grows_with_canaries_and_is_alpha_without_adoption():
    found = [power({3: n}, 0.4, 1e-6) for n in (10, 50, 100, 200)]
    assert found == sorted(found)
    assert found[-1] > 0.99
    assert 0 < power({2: 30, 4: 30}, 0.0, 0.01) <= 0.01
    assert power({}, 1.0, 0.01) == 0
    with pytest.raises(RefusedError, match="Q-1"):
        power({1: 3}, 0.5, 0.01)


@pytest.mark.parametrize(
    ("answer", "rule", "form"),
    [
        ("", "only", None),
        ("7", "only", 0),
        ("17", "only", None),
        ("७", "only", None),
        ("7 or 8", "only", None),
        ("7 or 8", "first", 0),
        ("8 then 7", "first", 1),
        ("７", "only", 0),  # noqa: RUF001 - a full-width digit
        ("\ud800 8", "only", 1),
        ("8" * 200_000, "only", None),
    ],
)
def test_forms_are_read_literally_in_any_text(answer, rule, form):
    assert shown(answer, [["7"], ["8"]], rule) == form


def test_signs_of_scripts_without_spaces_are_found_inside():
    assert shown("東京都に行く", [["東京"], ["大阪"]], "only") == 0


@pytest.mark.parametrize(
    "said",
    [
        lambda _at, _s: None,
        lambda _at, _s: "both",
    ],
)
def test_nothing_shown_is_not_enough(said):
    part = plan(5)
    answers = tuple(
        Answer(
            item=query.item,
            sample=sample,
            text="" if said(0, 0) is None else "Oslo, Porto, x, y, x and y, x",
        )
        for query in part.queries()
        for sample in range(query.samples)
    )
    outcomes = part.judge("x", Heard(suspect=answers, openings=(line(SET),)))
    assert len(outcomes) == 1
    assert isinstance(outcomes[0], NotEnough)


def test_no_answers_at_all_is_not_enough():
    part = plan(1)
    assert isinstance(part.judge("x", Heard(suspect=(), openings=(line(SET),)))[0], NotEnough)


def test_one_canary_is_enough_for_its_own_p():
    part = plan(1, samples=1)
    outcomes = part.judge("x", heard(part, lambda at, _: planted(part)[at]))
    assert isinstance(outcomes[0], Exact)
    assert outcomes[0].log10_p == pytest.approx(-math.log10(3))


@pytest.mark.parametrize("spoil", ["unplanned", "twice", "late"])
def test_q_2_answers_that_were_not_planned_are_refused(spoil):
    part = plan(3)
    answers = says(part, lambda _at, _s: 0)
    odd = {
        "unplanned": Answer(item="77.0", sample=0, text="Oslo"),
        "twice": answers[0],
        "late": Answer(item="0.0", sample=2, text="Oslo"),
    }[spoil]
    with pytest.raises(RefusedError, match="Q-2"):
        part.judge("x", Heard(suspect=(*answers, odd), openings=(line(SET),)))


OTHER = replace(SET, key=b"j" * 32)


@pytest.mark.parametrize(
    "lines",
    [
        (),
        (b"",),
        (b"[" * 10_000,),
        (b"\xff",),
        (line(OTHER),),
        (line(SET, b"t" * 32),),
        (line(SET).replace(SET.key.hex().encode(), OTHER.key.hex().encode()),),
        (line(SET).replace(b"Porto", b"Quito"),),
        (line(SET).replace(SET.key.hex().encode(), b"zz"),),
    ],
    ids=range(9),
)
def test_q_3_openings_that_do_not_open_are_refused(lines):
    part = plan(3)
    with pytest.raises(RefusedError, match="Q-3"):
        part.judge("x", Heard(suspect=says(part, lambda _at, _s: 0), openings=lines))


def test_q_3_two_sets_with_one_key_and_other_numbers_of_variants_are_refused():
    twin = replace(SET, set_id="s-2")
    salt = b"s" * 32
    committed = {one.set_id: commit(salt, one.content()).hex() for one in (SET, twin)}
    with pytest.raises(RefusedError, match=r"Q-3.*one key"):
        opened([line(SET), line(twin)], committed)
    part = plan(2)
    fewer = replace(part, slots=(replace(part.slots[0], signs=(("a",), ("b",))), part.slots[1]))
    with pytest.raises(RefusedError, match=r"Q-3.*number of variants"):
        fewer.judge("x", heard(fewer, lambda _at, _s: 0))


@pytest.mark.parametrize(
    "change",
    [
        {"sets": ()},
        {"sets": (CommittedSet(set_id="s-1", commitment="00"),)},
        {"slots": ()},
        {"slots": (Slot(set_id="s-9", slot="town", signs=(("a",), ("b",))),)},
        {"slots": (Slot(set_id="s-1", slot="town", signs=(("a",),)),)},
        {"slots": (Slot(set_id="s-1", slot="town", signs=(("a",), ())),)},
        {"slots": (Slot(set_id="s-1", slot="town", signs=(("new york",), ("york",))),)},
        {"slots": (Slot(set_id="s-1", slot="town", signs=(("Ａ",), ("a",))),)},  # noqa: RUF001
        {"canaries": ()},
        {"canaries": (Canary(slot=0, request_id="r", prompts=("p",)),) * 2},
        {"canaries": (Canary(slot=2, request_id="r", prompts=("p",)),)},
        {"canaries": (Canary(slot=0, request_id="r", prompts=()),)},
        {"samples": 0},
        {"samples": 1001},
        {"statistics": ()},
        {"statistics": ("shares", "shares")},
    ],
    ids=lambda change: next(iter(change)),
)
def test_q_1_plans_out_of_range_are_refused(change):
    with pytest.raises(RefusedError, match="Q-1"):
        replace(plan(), **change)


def test_a_plan_reads_back_and_other_bytes_are_refused():
    part = plan(3)
    raw = encoded(part)
    assert decoded(raw) == part
    assert len(hashlib.sha256(raw).hexdigest()) == 64
    for spoiled in (
        b"",
        b"\xff",
        raw[:-1],
        b" " + raw,
        b"[" * 10_000,
        raw.replace(b'"samples":2', b'"samples":0'),
        raw.replace(b'"samples":2', b'"Samples":2'),
        raw.replace(b'"test":"canaries"', b'"test":"divining"'),
    ):
        with pytest.raises(RefusedError, match="Q-1"):
            decoded(spoiled)


def test_a_plan_is_made_of_an_export_and_all_requests_and_of_no_key():
    held = json.loads(line(SET)) | {"slots": {k: list(v) for k, v in SET.slots.items()}}
    del held["key"], held["salt"], held["content"]
    requests = {f"r-{at}": (f"ask {at}",) for at in range(5)}
    part = canaries_of(json.dumps(held).encode(), requests, signs={"order": [["x, y"], ["y, x"]]})
    assert len(part.canaries) == 10
    assert [one.slot for one in part.slots] == ["order", "town"]
    drawn = [SET.choice(one.request_id, part.slots[one.slot].slot) for one in part.canaries]
    outcome = part.judge("x", heard(part, lambda at, _: drawn[at]))[0]
    assert outcome.log10_p == pytest.approx(-5 * math.log10(6))
    for spoiled in (b"", b"[]", b"{}", b"\xff"):
        with pytest.raises(RefusedError, match="Q-3"):
            canaries_of(spoiled, requests)
    with pytest.raises(RefusedError, match="Q-1"):
        canaries_of(json.dumps(held).encode(), {})
