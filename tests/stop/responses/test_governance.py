"""The table of who approves what, row by row; and nothing goes around it."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.stop.interface import Mode, Reason, Rung
from stillwatch.stop.responses import (
    DEFAULT,
    NOTHING_IN_FORCE,
    Case,
    Gate,
    Governance,
    MeasuresInForce,
)
from stillwatch.stop.responses.governance import TABLE, Automatic, check_measure, people_needed
from stillwatch.stop.responses.measures import EVERYTHING

sys.path.insert(0, str(Path(__file__).parent))
from made_decisions import (
    CONTENT,
    ENFORCED,
    HOUR,
    LIMIT,
    NOW,
    PEER,
    decision,
    measure,
    request,
)

sys.path.pop(0)

USAGE = Case(grounds=frozenset({"usage"}))
MEMBER = Case("c-1", frozenset({"content", "rhythm"}), safety=False, accounts=3)
WORD = Case("", frozenset({"intelligence"}))
ABOVE = [rung for rung in Rung if rung]


def permitted(rung, case, people=(), policy=ENFORCED, killed=(), now=NOW):
    found = Governance(policy, MeasuresInForce((), policy, killed=killed)).permit(
        rung, case, people, now
    )
    return "automatic" if found.automatic else "approved" if found.permitted else found.rule


@pytest.mark.parametrize(
    ("rung", "case", "nobody", "one", "two"),
    [
        (Rung.OBSERVE, Case(), "automatic", "automatic", "automatic"),
        (Rung.LIMIT, USAGE, "automatic", "automatic", "automatic"),
        (Rung.LIMIT, WORD, "automatic", "automatic", "automatic"),
        (Rung.LIMIT, Case(), "G-5", "G-5", "G-5"),
        (Rung.VERIFY, USAGE, "automatic", "automatic", "automatic"),
        (Rung.VERIFY, WORD, "automatic", "automatic", "automatic"),
        (Rung.WITHHOLD, USAGE, "G-6", "G-6", "approved"),
        (Rung.WITHHOLD, WORD, "G-6", "G-6", "approved"),
        (Rung.WITHHOLD, MEMBER, "automatic", "automatic", "automatic"),
        (Rung.CAP, USAGE, "G-6", "G-6", "approved"),
        (Rung.CAP, MEMBER, "automatic", "automatic", "automatic"),
        (Rung.MARK, USAGE, "G-6", "G-6", "approved"),
        (Rung.MARK, MEMBER, "automatic", "automatic", "automatic"),
        (Rung.HOLD, MEMBER, "G-9", "G-9", "approved"),
        (Rung.DECOY, MEMBER, "G-9", "G-9", "approved"),
        (Rung.DECOY, USAGE, "G-10", "G-10", "G-10"),
        (Rung.DECOY, replace(MEMBER, safety=True), "G-11", "G-11", "G-11"),
        (Rung.DECOY, replace(MEMBER, safety=None), "G-11", "G-11", "G-11"),
        (Rung.PERTURB, MEMBER, "G-9", "G-9", "approved"),
        (Rung.PERTURB, USAGE, "G-10", "G-10", "G-10"),
        (Rung.PERTURB, replace(MEMBER, safety=None), "G-11", "G-11", "G-11"),
        (Rung.REFUSE, MEMBER, "G-7", "approved", "approved"),
        (Rung.REFUSE, replace(MEMBER, accounts=26), "G-7", "G-7", "approved"),
        (Rung.REFUSE, WORD, "G-8", "G-8", "G-8"),
        (Rung.REFUSE, USAGE, "G-8", "G-8", "G-8"),
        (Rung.REFUSE, replace(WORD, campaign="c-1"), "G-8", "G-8", "G-8"),
    ],
)
def test_a_row_of_the_table(rung, case, nobody, one, two):
    assert permitted(rung, case) == nobody
    assert permitted(rung, case, ["ada"]) == one
    assert permitted(rung, case, ["ada", "ada"]) == one  # one person twice is one person
    assert permitted(rung, case, ["ada", "grace"]) == two


def test_every_rung_has_a_row_and_a_rule():
    assert set(TABLE) == set(Rung)
    assert set(DEFAULT.rules) == set(ABOVE)
    assert {rung for rung, row in TABLE.items() if row.automatic is Automatic.NEVER} == {
        Rung.HOLD,
        Rung.DECOY,
        Rung.PERTURB,
    }


def test_a_campaign_that_the_policy_names_may_be_refused_without_a_person():
    named = replace(ENFORCED, terms=replace(ENFORCED.terms, campaign_rungs={"c-1": Rung.REFUSE}))
    assert permitted(Rung.REFUSE, replace(MEMBER, accounts=1000), policy=named) == "automatic"
    assert permitted(Rung.REFUSE, replace(MEMBER, campaign="c-2"), policy=named) == "G-7"
    assert permitted(Rung.REFUSE, replace(WORD, campaign="c-1"), policy=named) == "G-8"


@pytest.mark.parametrize("rung", ABOVE)
def test_what_stops_every_measure(rung):
    two = ["ada", "grace"]
    assert permitted(rung, MEMBER, two) in {"automatic", "approved"}
    unsigned = replace(ENFORCED, signed_by=("ada",))
    assert permitted(rung, MEMBER, two, unsigned) == "G-2"
    assert permitted(rung, MEMBER, two, replace(ENFORCED, until=NOW)) == "G-3"
    assert permitted(rung, MEMBER, two, replace(ENFORCED, until=NOW + 1)) != "G-3"
    assert permitted(rung, MEMBER, two, killed=[EVERYTHING]) == "G-4"
    assert permitted(rung, MEMBER, two, killed=[rung.name.lower()]) == "G-4"


def test_what_is_off_unless_the_policy_says_so():
    bare = replace(ENFORCED, shaping=DEFAULT.shaping)
    assert permitted(Rung.DECOY, MEMBER, ["ada", "grace"], bare) == "G-15"
    assert permitted(Rung.PERTURB, MEMBER, ["ada", "grace"], bare) == "G-15"


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({}, ""),
        ({"expires": NOW - HOUR}, "G-13"),
        ({"expires": NOW + 400 * 24 * HOUR}, "G-13"),
        ({"most_of_traffic": 0.5}, "G-14"),
        ({"most_of_accounts": 0.5}, "G-14"),
        ({"grounds": ()}, "G-8"),
        ({"grounds": ("intelligence",)}, "G-8"),
    ],
)
def test_what_nobody_may_approve(changes, rule):
    assert check_measure(measure(Rung.REFUSE, **changes), ENFORCED)[:4].rstrip(":") == rule


def test_decoys_are_for_campaigns_alone():
    assert check_measure(measure(Rung.DECOY, account="a"), ENFORCED).startswith("G-10")
    assert check_measure(measure(Rung.DECOY), ENFORCED) == ""
    assert check_measure(measure(Rung.DECOY), DEFAULT).startswith("G-15")


def settled(made, policy=ENFORCED, measures=(), **more):
    return Gate(policy, MeasuresInForce(measures, policy, **more)).settle(made, NOW)


def test_a_decision_is_lowered_to_what_is_permitted():
    refused = settled(decision(Rung.REFUSE, CONTENT))
    assert refused.would is refused.rung is ENFORCED.terms.member_rung
    assert refused.reasons[-1] == Reason("not-permitted", "", "G-7", 9.0)
    assert settled(decision(Rung.REFUSE, PEER)).would is Rung.LIMIT
    assert settled(decision(Rung.WITHHOLD, LIMIT)).would is Rung.LIMIT
    assert settled(decision(Rung.LIMIT)).would is Rung.OBSERVE
    same = decision(Rung.VERIFY, LIMIT)
    assert settled(same) is same


def test_a_measure_in_force_carries_its_approvals():
    approved = measure(Rung.HOLD, ["ada", "grace"])
    made = decision(Rung.HOLD, CONTENT, measure_id=approved.measure_id)
    assert settled(made, measures=[approved]).would is Rung.HOLD
    assert settled(made).would is Rung.LIMIT
    for other in (
        replace(approved, people=("ada",)),
        replace(approved, campaign="c-2"),
        replace(approved, rung=Rung.WITHHOLD),
        replace(approved, expires=NOW),
    ):
        assert settled(made, measures=[other]).would is Rung.LIMIT
    assert settled(made, measures=[approved], killed=["hold"]).would is Rung.LIMIT
    assert settled(made, measures=[approved], killed=[approved.measure_id]).would is Rung.LIMIT
    assert settled(made, measures=[approved], killed=[EVERYTHING]).would is Rung.OBSERVE


def test_a_refusal_by_a_measure_on_a_peers_word_alone_is_none():
    approved = measure(Rung.REFUSE, ["ada", "grace"], account="acct-1", grounds=("intelligence",))
    made = decision(Rung.REFUSE, PEER, measure_id=approved.measure_id)
    assert settled(made, measures=[approved]).would is Rung.LIMIT


def test_a_decoy_waits_until_somebody_says_that_it_is_not_about_safety():
    approved = measure(Rung.DECOY, ["ada", "grace"])
    for safety, rung in ((None, Rung.LIMIT), (True, Rung.LIMIT), (False, Rung.DECOY)):
        asks = request(safety=safety)
        made = decision(Rung.DECOY, CONTENT, asks=asks, measure_id=approved.measure_id)
        assert settled(made, measures=[approved]).would is rung


def test_in_shadow_mode_nothing_is_applied_and_the_rest_is_said():
    made = decision(Rung.REFUSE, CONTENT, mode=Mode.SHADOW)
    told = settled(made, policy=DEFAULT)
    assert (told.rung, told.would) == (Rung.OBSERVE, Rung.LIMIT)


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_no_decision_goes_further_than_the_table(data):
    """Whatever the core says, and whatever measures there are."""
    reasons = data.draw(st.lists(st.sampled_from([CONTENT, PEER, LIMIT]), max_size=3))
    placed = [
        measure(
            data.draw(st.sampled_from(ABOVE)),
            data.draw(st.sets(st.sampled_from(["ada", "grace"]))),
            accounts=data.draw(st.sampled_from([1, 100])),
            grounds=tuple(data.draw(st.sets(st.sampled_from(["content", "intelligence"])))),
            expires=NOW + data.draw(st.sampled_from([-1, 1])),
        )
    ]
    asks = request(safety=data.draw(st.sampled_from([None, True, False])))
    made = decision(
        data.draw(st.sampled_from(list(Rung))),
        *reasons,
        asks=asks,
        measure_id=data.draw(st.sampled_from(["", placed[0].measure_id])),
    )
    killed = data.draw(st.sets(st.sampled_from(["limit", "refuse", "decoy"])))
    policy = data.draw(st.sampled_from([ENFORCED, DEFAULT]))
    after = settled(made, policy, placed, killed=killed)
    people = set(placed[0].people) if made.measure_id else set()
    alive = placed[0].expires > NOW and placed[0].rung >= after.would
    assert after.would <= made.would
    assert after.would.name.lower() not in killed
    if after.would in {Rung.HOLD, Rung.DECOY, Rung.PERTURB}:
        assert len(people) == 2
        assert alive
    if after.would in {Rung.DECOY, Rung.PERTURB}:
        assert CONTENT in reasons
        assert asks.safety is False
    if after.would is Rung.REFUSE:
        assert alive
        assert len(people) >= people_needed(placed[0], policy)
        assert CONTENT in reasons or "content" in placed[0].grounds
    if after.would in {Rung.WITHHOLD, Rung.CAP, Rung.MARK}:
        assert CONTENT in reasons or (alive and len(people) == 2)
    if after.would:
        assert reasons or made.measure_id


def test_a_measure_reaches_no_more_of_the_traffic_than_it_may():
    gate = Gate(ENFORCED, NOTHING_IN_FORCE)
    reached = 0
    for number in range(20_000):
        bad = number % 4 == 0
        asks = request(account=f"a{number % 40 if bad else number % 2000}", request_id=str(number))
        made = decision(Rung.VERIFY, LIMIT, asks=asks) if bad else decision(Rung.OBSERVE, asks=asks)
        after = gate.settle(made, NOW + number * 1000)
        reached += after.would is Rung.VERIFY
        if bad and after.would is Rung.OBSERVE:
            assert after.reasons[-1].code == "cap-reached"
    rule = ENFORCED.rules[Rung.VERIFY]
    assert 0.5 * rule.most_of_traffic < reached / 20_000 <= rule.most_of_traffic + 20 / 20_000


def test_a_measure_reaches_no_more_accounts_than_it_may():
    gate = Gate(ENFORCED, NOTHING_IN_FORCE)
    reached = set()
    for number in range(20_000):
        asks = request(account=f"a{number % 5000}", request_id=str(number))
        made = decision(Rung.LIMIT, LIMIT, asks=asks) if number % 4 == 0 else None
        after = gate.settle(made or decision(Rung.OBSERVE, asks=asks), NOW)
        if after.would:
            reached.add(asks.account)
    assert 440 < len(reached) < 560  # a tenth of 5,000 accounts, by an estimate 3 % off


def test_a_cap_forgets_after_an_hour_and_minds_no_clock_that_goes_back():
    gate = Gate(ENFORCED, NOTHING_IN_FORCE)

    def reached(now):
        made = [gate.settle(decision(Rung.VERIFY, LIMIT), now) for _ in range(40)]
        return sum(after.would is Rung.VERIFY for after in made)

    assert reached(NOW) == 20  # so many are let through whatever the share
    assert reached(NOW - HOUR) == 0
    assert reached(NOW + HOUR - 60_000_000) == 0
    assert reached(NOW + HOUR + 60_000_000) == 20


def test_a_measures_own_cap_counts_too():
    approved = measure(Rung.WITHHOLD, ["ada", "grace"], most_of_traffic=0.0)
    gate = Gate(ENFORCED, MeasuresInForce([approved], ENFORCED))
    made = decision(Rung.WITHHOLD, CONTENT, measure_id=approved.measure_id)
    after = [gate.settle(made, NOW).would for _ in range(30)]
    assert after == [Rung.WITHHOLD] * 20 + [Rung.OBSERVE] * 10
