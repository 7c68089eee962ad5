"""p-values hold under wrong keys and find a true one; tails are those of enumeration."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.errors import ConfigurationError
from stillwatch.prove.lineage import STATISTICS, ClippedResiduals, EProcess, count, findings, rank
from stillwatch.prove.lineage.small import grammar, train, write
from stillwatch.prove.lineage.statistics import bits_of
from stillwatch.prove.lineage.tails import log10_chernoff, log10_hoeffding, log10_tail, tails
from stillwatch.prove.watermark import GreenRed, Sampler, Texts, WatermarkKey
from stillwatch.prove.watermark.tails import log10_binomial_tail

KEY = WatermarkKey.random(77)
SCHEME = GreenRed()


@pytest.fixture(scope="module")
def teacher():
    return train(grammar(600, 128, 1), 1)


@pytest.fixture(scope="module")
def baseline():
    return Texts.of(*grammar(1_000, 128, 2))


@pytest.fixture(scope="module")
def counts(teacher, baseline):
    """Return counts of a student that learned from marked answers alone, and of a control."""
    marked = write(teacher, 600, 128, 3, mark=(SCHEME, KEY))
    learned = {"student": train(marked, 4), "control": train(grammar(600, 128, 5), 4)}
    return {
        name: count(Texts.of(*write(network, 600, 128, 6)), baseline, 1)
        for name, network in learned.items()
    }


@given(st.lists(st.integers(-9, 9), min_size=1, max_size=10), st.integers(-50, 50))
@settings(max_examples=60, deadline=None)
def test_the_exact_tail_is_that_of_enumeration(weights, doubled):
    w = np.array(weights)
    sums = np.array([(np.array(b) - 0.5) @ w for b in itertools.product((0, 1), repeat=w.size)])
    total = doubled / 2
    exact = np.mean(sums >= total - 1e-9)
    found = log10_tail(w, total)
    assert tails(w, np.array([total]))[0] == pytest.approx(exact, abs=1e-11)
    if not exact:
        assert found == -math.inf
        return
    assert found == pytest.approx(math.log10(exact), abs=1e-7)
    assert log10_chernoff(w, total) >= found - 1e-9
    assert log10_hoeffding(w, total) >= log10_chernoff(w, total) - 1e-9


@pytest.mark.parametrize("green", [5_000, 5_100, 5_500, 7_000, 9_999, 10_000])
def test_the_exact_tail_of_equal_weights_is_binomial_however_small(green):
    found = log10_tail(np.ones(10_000, np.int64), green - 5_000.0)
    assert found == pytest.approx(log10_binomial_tail(green, 10_000, 0.5), rel=1e-9)


@pytest.mark.parametrize("statistic", STATISTICS, ids=lambda s: s.name)
def test_wrong_keys_are_calibrated_on_a_marked_student_that_repeats_itself(counts, statistic):
    held = counts["student"]
    assert held.tokens > 4 * held.many
    weights = statistic.weights(held)
    many = 2_500
    sums = [weights @ bits_of(held, SCHEME, WatermarkKey.random(n)) for n in range(many)]
    if statistic.name == "residuals":
        p = np.array([10 ** statistic.log10_p(weights, float(total)) for total in sums])
    else:
        p = tails(weights.astype(np.int64), np.array(sums))
    for level in (0.05, 0.01, 0.001):
        most = level * many + 4 * math.sqrt(level * many)  # 1 in 30,000 and less by chance
        assert np.count_nonzero(p <= level) <= most
        if statistic.name != "residuals":
            assert np.count_nonzero(p <= level) >= level * many - 4 * math.sqrt(level * many)


def test_ten_thousand_wrong_keys_agree_with_the_tail_and_rank_the_true_key_first(counts):
    held = counts["student"]
    statistic = ClippedResiduals()
    place, others = rank(
        held, SCHEME, KEY, [WatermarkKey.random(n) for n in range(1_000, 11_000)], statistic
    )
    assert place == 1
    for level in (0.2, 0.05, 0.01):
        at = np.quantile(others, 1 - level)
        drawn = 10 ** statistic.log10_p(statistic.weights(held), float(at))
        assert drawn == pytest.approx(level, abs=5 * math.sqrt(level / 10_000))


def test_a_marked_student_is_found_and_a_control_is_not(counts):
    student = findings(counts["student"], SCHEME, KEY)
    assert [one.log10_p < -6 for one in student][:2] == [True, True]
    assert student[0].log10_p < student[1].log10_p
    assert all(one.log10_bound >= one.log10_p for one in student)
    assert all(one.log10_p > -4 for one in findings(counts["control"], SCHEME, KEY))


def test_an_e_process_finds_a_marked_student_and_rarely_a_wrong_key(counts):
    true = EProcess(SCHEME, KEY, 2)
    assert [true.look(counts["student"]) for _ in range(2)][-1] > 6
    highest = []
    for number in range(400):
        process = EProcess(SCHEME, WatermarkKey.random(number), 2)
        highest.append(max(process.look(counts["student"]) for _ in range(2)))
    reached = np.count_nonzero(np.array(highest) >= 1)
    assert reached <= 40 + 4 * math.sqrt(40)  # Ville: 10 reach e = 10 in 100
    with pytest.raises(ConfigurationError, match="2 looks already"):
        true.look(counts["student"])


def test_a_look_uses_bits_that_no_other_look_used(counts):
    held = counts["student"]
    from stillwatch.prove.lineage.looks import _blocks  # noqa: PLC0415 - a private part

    blocks = _blocks(held.columns, 5)
    assert np.bincount(blocks).min() > held.many / 10
    some = np.arange(held.many)[::-1][:100]
    assert (_blocks(held.columns[:, some], 5) == blocks[some]).all()


def test_counts_are_those_of_a_loop_for_any_context():
    rng = np.random.default_rng(1)
    texts = [rng.integers(0, 4, n) for n in (0, 1, 2, 3, 30)]
    base = Texts.of(rng.integers(0, 4, 300))
    for context in (1, 2):
        held = count(Texts.of(*texts), base, context)
        loop = {}
        for text in texts:
            for at in range(context, len(text)):
                window = tuple(text[at - context : at + 1].tolist())
                loop[window] = loop.get(window, 0) + 1
        columns = held.columns.T.tolist()
        assert len({tuple(column) for column in columns}) == len(columns)
        seen = dict(zip(map(tuple, columns), held.seen.tolist(), strict=True))
        assert {window: n for window, n in seen.items() if n} == loop
        assert held.tokens == sum(loop.values())
        totals, expected = {}, {}
        for column, n, m in zip(columns, held.seen, held.expected, strict=True):
            before = tuple(column[:-1])
            totals[before] = totals.get(before, 0) + n
            expected[before] = expected.get(before, 0.0) + m
        assert all(expected[before] <= totals[before] * 1.001 for before in totals)
        assert all(expected[before] >= totals[before] * 0.5 for before in totals)


def test_the_network_marks_as_the_sampler_does(teacher):
    marked = write(teacher, 300, 64, 9, mark=(SCHEME, KEY))
    share = SCHEME.bits(KEY, marked[:, 1:-1].ravel()[:, None], marked[:, 2:].ravel()).mean()
    rng = np.random.default_rng(2)
    text = [3, 5]
    sampler = Sampler(SCHEME, KEY, rng)
    for _ in range(4_000):
        older, newer = np.array([text[-2]]), np.array([text[-1]])
        text.append(sampler.draw(text, teacher.logits(older, newer)[0]))
    drawn = SCHEME.bits(KEY, np.array(text[1:-1])[:, None], text[2:]).mean()
    assert share > 0.7
    assert share == pytest.approx(drawn, abs=0.04)


def test_a_network_learns_its_language(teacher):
    fresh = grammar(50, 128, 1_000)
    assert teacher.loss(fresh) < math.log(128) - 0.5


def test_bits_that_are_not_fair_are_refused(counts):
    with pytest.raises(ConfigurationError, match="fair bits"):
        findings(counts["control"], GreenRed(gamma=0.25), KEY)
    with pytest.raises(ConfigurationError, match="no text longer"):
        count(Texts.of([1]), Texts.of([1, 2]), 1)
