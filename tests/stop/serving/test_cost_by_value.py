"""What is charged follows what the answers are worth, not how many there are."""

import numpy as np
import pyarrow as pa
import pytest
from asking import DAY, NOW, Gate, passed, request, words

from stillwatch.stop.serving import Allowance, Knowledge, Terms, Tier

TEMPLATE = (
    "You are given a question. Think about it step by step, write down each step of your "
    "reasoning in full, and then give the final answer between tags. The question is: "
)


def harvest(gate, accounts, calls, rng, *, output=1500, start=NOW):
    """Return the decisions on so many calls a day of each account, all from one template."""
    decisions = []
    for call in range(calls):
        for account in range(accounts):
            time = start + (call * accounts + account) * DAY // (calls * accounts)
            asked = request(TEMPLATE + words(rng, 25), f"h{account}", time, len(decisions))
            decisions.append(gate.decide(asked, output))
    return decisions


def test_a_translator_of_ten_thousand_calls_a_day_passes_and_a_harvest_of_forty_does_not():
    """Both on the lowest tier, both with new text each time; the harvest gets long answers."""
    gate, rng = Gate(), np.random.default_rng(1)
    rules = "Translate the text below into French. Keep the names as they are.\n\n"
    translated = []
    for number in range(10_000):
        text = rules + words(rng, 60)
        asked = request(text, "translator", NOW + number * DAY // 10_000, number)
        translated.append(gate.decide(asked, output=len(text) // 4))
    assert all(map(passed, translated))
    assert all(decision.would == 0 for decision in translated)
    gate = Gate()
    harvested = harvest(gate, accounts=30, calls=40, rng=rng)
    stopped = sum(not passed(decision) for decision in harvested)
    assert stopped > 0.8 * len(harvested)
    mean = np.mean([one.cost for one in harvested])
    assert mean > 100 * np.mean([one.cost for one in translated])


def test_a_harvest_of_four_calls_an_account_is_held_as_a_group():
    """No account's own bucket is near its end; the segment that they share is."""
    gate, rng = Gate(accounts=16_384), np.random.default_rng(2)
    for number in range(5_000):  # everybody else, of whom they are fewer than a tenth
        gate.decide(request(words(rng, 12), f"other{number}", NOW + number, number))
    decisions = harvest(gate, accounts=400, calls=4, rng=rng)
    late = decisions[-400:]
    assert sum(not passed(decision) for decision in late) > 350
    refused = {kind for one in late for kind, _, told in one.limiting if not told.allowed}
    assert refused == {"segment"}


def test_the_same_question_again_is_worth_little():
    gate = Gate()
    first = gate.decide(request("How do the tides follow the moon, and why twice a day?"))
    again = gate.decide(
        request("How do the tides follow the moon, and why twice a day?", time=NOW + 9)
    )
    assert again.cost * 10 < first.cost


def test_a_turn_that_an_agent_resends_makes_nobody_share_anything():
    """An agent's loop sends one user turn with every result of a tool, and so do its colleagues."""
    gate = Gate()
    for number in range(200):
        one = gate.decide(request(TEMPLATE + "Why do the tides follow the moon?", f"a{number % 20}",
                                  NOW + number, number))  # fmt: skip
    assert [kind for kind, _, _ in one.limiting] == ["account"]


def test_reasoning_structure_and_more_answers_cost_more():
    text = "How do the tides follow the moon, and why twice a day?"
    costs = [
        Gate().decide(request(text, body=body)).cost
        for body in (
            {},
            {"response_format": {"type": "json_object"}},
            {"reasoning_effort": "high"},
            {"n": 8},
            {"max_tokens": 20},
        )
    ]
    plain, structured, reasoned, eight, short = costs
    assert short < plain < structured < reasoned
    assert eight > 8 * plain


def test_an_answer_longer_than_was_priced_is_owed_by_the_next_request():
    gate, rng = Gate(), np.random.default_rng(3)
    first = gate.decide(request(words(rng, 20)), output=20_000)
    second = gate.decide(request(words(rng, 20), time=NOW + 5_000_000))
    assert second.owed > 10 * first.cost
    assert second.cost > second.owed
    third = gate.decide(request(words(rng, 20), time=NOW + 9_000_000))
    assert third.owed == 0
    assert third.expected_output > 3000


def test_a_request_that_is_not_allowed_does_not_wipe_out_what_is_owed():
    tiers = (Tier("small", Allowance(1, 500_000)),)
    gate, rng = Gate(terms=Terms(tiers=tiers)), np.random.default_rng(13)
    gate.decide(request(words(rng, 20)), output=50_000)
    denied = gate.decide(request(words(rng, 20), time=NOW + 2_000_000, body={"n": 1000}))
    assert not passed(denied)
    assert denied.owed > 0
    later = gate.decide(request(words(rng, 20), time=NOW + 3_000_000))
    assert passed(later)
    assert later.owed == denied.owed


def test_cover_traffic_of_short_answers_does_not_make_long_ones_cheap():
    gate, rng = Gate(), np.random.default_rng(4)
    total = 0
    for number in range(400):
        long = number % 20 == 0
        asked = request(words(rng, 20), "mixed", NOW + number * 60_000_000, number)
        total += gate.decide(asked, output=4000 if long else 30).cost
    assert total > 0.5 * 20 * 3600


def accounts_table(**columns):
    return pa.table({"account_id": [f"h{n}" for n in range(30)], **columns})


def test_a_licensed_account_sees_nothing_and_makes_nobody_a_copier():
    gate = Gate(knowledge=Knowledge.of(accounts=accounts_table(licensed=[True] * 30)))
    rng = np.random.default_rng(5)
    decisions = harvest(gate, accounts=30, calls=100, rng=rng)
    assert all(map(passed, decisions))
    assert {one.tier for one in decisions} == {"licensed"}
    assert all(one.would == 0 for one in decisions)
    for number in range(3):
        asked = request(TEMPLATE + words(rng, 25), "stranger", NOW + DAY + number, number)
        assert [kind for kind, _, _ in gate.decide(asked).limiting] == ["account"]


@pytest.mark.parametrize("column", ["organization_id", "payment_fingerprint"])
def test_seats_of_one_holder_are_one_holder(column):
    """A shop with a house style is no crowd, whether it names itself or pays with one card."""
    gate = Gate(knowledge=Knowledge.of(accounts=accounts_table(**{column: ["one"] * 30})))
    decisions = harvest(gate, accounts=30, calls=10, rng=np.random.default_rng(6))
    assert {kind for one in decisions for kind, _, _ in one.limiting} == {"account"}


def verdicts(score):
    return accounts_table(
        campaign_id=pa.array([None] * 30, pa.string()),
        flagged_at=pa.array([None] * 30, pa.timestamp("us", "UTC")),
        score=[score] * 30,
    )


def test_a_public_template_of_accounts_that_a_scan_cleared_stays_cheap():
    """Thousands of strangers run one review bot: a scan has looked, and found no campaign."""
    rng = np.random.default_rng(7)
    gate = Gate(knowledge=Knowledge.of(verdicts=verdicts(0.01)))
    cleared = harvest(gate, accounts=30, calls=20, rng=rng)
    assert {kind for one in cleared for kind, _, _ in one.limiting} == {"account"}
    new = [
        gate.decide(request(TEMPLATE + words(rng, 25), "new", NOW + DAY + n, n)) for n in range(3)
    ]
    assert {kind for one in new for kind, _, _ in one.limiting} == {"account"}
    unclear = harvest(Gate(knowledge=Knowledge.of(verdicts=verdicts(0.6))), 30, 20, rng)
    assert "segment" in {kind for one in unclear for kind, _, _ in one.limiting}


def known_of(names):
    return Knowledge.of(
        verdicts=pa.table(
            {
                "account_id": names,
                "campaign_id": pa.array([None] * len(names), pa.string()),
                "flagged_at": pa.array([None] * len(names), pa.timestamp("us", "UTC")),
                "score": [0.01] * len(names),
            }
        )
    )


def kinds_of(gate, accounts, rng, day):
    """Return the kinds of charges of the last request of each account, which asks four times."""
    found = set()
    for account in accounts:
        for number in range(4):
            asked = request(TEMPLATE + words(rng, 25), account, NOW + day * DAY + number, number)
            decision = gate.decide(asked, 1500)
        found.update(kind for kind, _, _ in decision.limiting)
    return found


def test_who_sent_a_template_before_a_scan_cleared_him_is_no_crowd_afterwards():
    """A tool's first users come within an hour of each other, before any scan has looked."""
    rng, gate = np.random.default_rng(8), Gate()
    users = [f"user{number}" for number in range(20)]
    assert "segment" in kinds_of(gate, users, rng, 0)
    gate.core.knowledge = known_of(users)
    assert kinds_of(gate, users, rng, 1) == {"account"}
    assert kinds_of(gate, ["new", "newer", "newest"], rng, 1) == {"account"}


def test_a_few_cleared_accounts_do_not_launder_a_template():
    rng, gate = np.random.default_rng(9), Gate()
    gate.core.knowledge = known_of([f"aged{number}" for number in range(6)])
    assert kinds_of(gate, [f"aged{number}" for number in range(6)], rng, 0) == {"account"}
    assert "segment" in kinds_of(gate, [f"fresh{number}" for number in range(24)], rng, 0)


def test_a_body_that_cannot_be_read_costs_as_the_policy_says():
    gate = Gate()
    asked = request("x")
    decision = gate.decide(type(asked)(asked.time, "r", "a", asked.shape, b"{", model="m"))
    assert decision.cost == Terms().unread
    assert [reason.code for reason in decision.reasons] == ["unreadable"]
    assert decision.would == 0


def test_no_script_is_dearer_than_another():
    """The same question in seven scripts; what differs is only how many bytes it takes."""
    questions = (
        "Why is the sky blue at noon and red in the evening light?",
        "Pourquoi le ciel est-il bleu à midi et rouge le soir venu ?",
        "Почему небо голубое в полдень и красное вечером на закате?",
        "لماذا تكون السماء زرقاء عند الظهر وحمراء في المساء دائما؟",
        "दोपहर में आकाश नीला और शाम को लाल क्यों होता है भला?",
        "空はなぜ正午に青く、夕方に赤くなるのでしょうか。教えてください。",
        "天空为什么中午是蓝色的傍晚却是红色的。请你告诉我真正的原因。",
    )
    costs = [Gate().decide(request(question)).cost for question in questions]
    assert max(costs) < 1.15 * min(costs)
