from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_signature import made_log, made_signature

from stillwatch.errors import IncompatibleObservationsError
from stillwatch.find.campaigns.trace import EDGES, level_of
from stillwatch.find.signatures import Traffic, attribute, evidence_for, match
from stillwatch.find.signatures.attribution import LIKENESSES, likeness
from stillwatch.find.signatures.evidence import MEASURES
from stillwatch.find.signatures.model import weights

OTHER = "campaign-ffffffffff"


@pytest.fixture(scope="module")
def known():
    return made_signature(0), made_signature(1, name=OTHER)


@pytest.fixture(scope="module")
def found(known):
    return match(made_log(few=True), "none", known, prior=0.2, threshold=0.5)


def evidence(log, signature):
    made = evidence_for(Traffic(log, [signature]), signature)
    ids = log.accounts.ids.to_pylist()
    return {
        ids[a]: tuple(row) for a, row in zip(made.accounts.tolist(), made.measures, strict=True)
    }


@given(order=st.integers(0, 10**6), batch=st.integers(1, 800))
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
def test_neither_order_nor_partitioning_changes_a_match(known, found, order, batch):
    log = made_log(order=order, batch=batch, few=True)
    assert match(log, "none", known, prior=0.2, threshold=0.5) == found


def test_the_habit_is_told_from_the_others(known):
    measured = evidence(made_log(seed=2, few=True), known[0])
    wording = MEASURES.index("wording")
    own = [row[wording] for a, row in measured.items() if int(a[1:]) % 5 == 0]
    rest = [row[wording] for a, row in measured.items() if int(a[1:]) % 5]
    assert len(own) >= 9
    assert min(own) > max(rest, default=-9.0)


def test_measures_do_not_depend_on_which_other_signatures_are_looked_for(known):
    log = made_log(seed=2)
    both = evidence_for(Traffic(log, known), known[0])
    alone = evidence_for(Traffic(log, known[:1]), known[0])
    assert np.array_equal(both.accounts, alone.accounts)
    assert np.array_equal(both.measures, alone.measures)


def test_more_signatures_make_none_easier_to_match(known, found):
    alone = match(made_log(few=True), "none", known[:1], prior=0.2)
    together = {m.account_id: m.probability for m in found.found if m.campaign != OTHER}
    assert alone.found
    for m in alone.found:
        assert together.get(m.account_id, 0.0) <= m.probability + 1e-12


def test_probabilities_of_an_account_are_of_one_actor(found):
    total: dict[str, float] = {}
    for m in found.found:
        total[m.account_id] = total.get(m.account_id, 0.0) + m.probability
        assert m.known >= m.probability - 1e-12
        assert not m.matched or m.known >= found.threshold
    assert total
    assert max(total.values()) <= 1 + 1e-9
    matched = [m for m in found.found if m.matched]
    assert len({m.account_id for m in matched}) == len(matched) > 0
    wrong = sum(1 - m.known for m in matched)
    assert found.expected_false == pytest.approx(wrong)


def test_the_wording_of_a_crowd_is_nobodys(known, found):
    first = {f"a{a:03d}" for a in range(0, 50, 5)}
    assert {m.account_id for m in found.found if m.matched} <= {
        f"a{a:03d}" for a in range(0, 50, 5)
    }
    crowd = evidence(made_log(), known[0])
    assert max(row[MEASURES.index("reach")] for row in crowd.values()) < 2
    few = evidence(made_log(few=True), known[0])
    assert min(few[a][MEASURES.index("reach")] for a in first) > 2


def test_licensed_accounts_are_left_out(found):
    assert "a199" not in {m.account_id for m in found.found}
    assert found.accounts == 169


def test_another_key_is_refused(known):
    with pytest.raises(IncompatibleObservationsError):
        match(made_log(), "0123abcd", known)


def test_no_measure_counts_against_what_it_means():
    for name, names in (("match", MEASURES), ("attribution", LIKENESSES)):
        assert len(weights(name).each) == len(names)
        assert min(weights(name).each) >= 0


def test_levels_rise_with_the_score():
    scores = np.array([0.0, *EDGES])
    assert level_of(scores).tolist() == list(range(len(EDGES) + 1))


def test_likeness_is_symmetric_and_greatest_with_itself(known):
    one, other = known
    assert np.allclose(likeness(one, other), likeness(other, one))
    assert likeness(one, one)[0] == pytest.approx(1.0)
    assert likeness(one, other)[0] < 0.5


def test_a_campaign_is_attributed_to_the_signature_like_it_and_else_to_nobody(known):
    again = made_signature(0, seed=2, name="campaign-1111111111")
    answer = attribute(again, known)
    assert answer.candidates[0][0] == known[0].campaign
    assert answer.candidates[0][1] > 0.5
    stranger = attribute(made_signature(2, name="campaign-2222222222"), known)
    assert stranger.unknown > 0.5
    for item in (answer, stranger):
        total = item.unknown + sum(p for _, p in item.candidates)
        assert total == pytest.approx(1.0)
        assert item.confidence <= 1
    assert attribute(again, ()).unknown == 1.0


def test_signatures_of_two_keys_are_not_compared(known):
    with pytest.raises(IncompatibleObservationsError):
        attribute(made_signature(name="campaign-3333333333", key="0123abcd"), known)
