"""Each numbered cap of ``grounds`` and what a decision says, row by row."""

from dataclasses import replace

import pyarrow as pa
import pytest
from asking import DAY, NOW, Gate, request

from stillwatch.stop.interface import Mode, Rung
from stillwatch.stop.serving import InForce, Knowledge, Pieces, Place, Terms
from stillwatch.stop.serving.terms import Allowance, Tier

ENFORCE = Terms(mode=Mode.ENFORCE)
LOCAL = [{"role": "evidence", "family": "rhythm", "log_e": 5.0}]


def verdicts(score=0.99, campaign="c1"):
    return pa.table(
        {
            "account_id": ["a"],
            "campaign_id": [campaign],
            "flagged_at": pa.array([NOW], pa.timestamp("us", "UTC")),
            "score": [score],
        }
    )


def declared(*, review_only=False, findings=LOCAL, score=0.99, as_of=NOW, **more):
    campaign = {"campaign_id": "c1", "review_only": review_only, "findings": findings}
    return Knowledge.of(4, verdicts=verdicts(score), campaigns=[campaign], as_of=as_of, **more)


def heard(nats=20.0, licence="challenge"):
    return pa.table(
        {
            "account_id": ["a"],
            "indicator": ["indicator--1"],
            "actor": ["their-campaign"],
            "log_ratio": [nats],
            "licence": [licence],
        }
    )


class Placed:
    """Measures in force, as the registry of ``stop.responses`` shows them."""

    def __init__(self, rung, account="a", campaign=""):
        self.measure = InForce("m1", rung, NOW + DAY, "appeal")
        self.account, self.campaign = account, campaign

    def on(self, account, campaign, now):
        if now >= self.measure.expires:
            return None
        return (
            self.measure
            if account == self.account or (campaign and campaign == self.campaign)
            else None
        )


def decide(knowledge, terms=ENFORCE, measures=None, **more):
    gate = Gate(terms=terms, knowledge=knowledge)
    if measures:
        gate.core.measures = measures
    return gate.decide(request("Why is the sky blue at noon?", **more))


def codes(decision):
    return [reason.code for reason in decision.reasons]


def test_nothing_known_is_observed():
    decision = decide(Knowledge.of(3))
    assert (decision.rung, decision.would, decision.reasons) == (Rung.OBSERVE, Rung.OBSERVE, ())
    assert (decision.knowledge, decision.campaign, decision.measure_id) == (3, "", "")


def test_shadow_says_what_it_would_and_does_nothing():
    decision = decide(declared(), replace(ENFORCE, mode=Mode.SHADOW, member_rung=Rung.MARK))
    assert (decision.rung, decision.would) == (Rung.OBSERVE, Rung.MARK)


@pytest.mark.parametrize(("beyond", "rung", "lifted"), [
    (Rung.LIMIT, Rung.LIMIT, "time"),
    (Rung.VERIFY, Rung.VERIFY, "verification"),
    (Rung.REFUSE, Rung.VERIFY, "verification"),
    (Rung.OBSERVE, Rung.LIMIT, "time"),
])  # fmt: skip
def test_1_own_use_leads_to_limit_or_verify(beyond, rung, lifted):
    tiers = (Tier("small", Allowance(1, 100), beyond),)
    gate = Gate(terms=replace(ENFORCE, tiers=tiers))
    gate.decide(request("Why is the sky blue at noon?"))
    decision = gate.decide(request("How do the tides follow the moon?"))
    assert (decision.rung, decision.lifted_by, codes(decision)) == (rung, lifted, ["over-limit"])
    assert decision.reasons[0].figure > 0


@pytest.mark.parametrize(("licence", "rung"), [
    ("challenge", Rung.VERIFY), ("limit", Rung.LIMIT), ("observe", Rung.OBSERVE),
])  # fmt: skip
def test_2_peers_word_leads_to_verify_at_most_and_to_no_more_than_the_licence(licence, rung):
    knowledge = Knowledge.of(intelligence=heard(licence=licence))
    decision = decide(knowledge, replace(ENFORCE, peer_rung=Rung.REFUSE))
    assert (decision.rung, codes(decision)) == (rung, ["peer-indicator"])
    assert (decision.reasons[0].ground, decision.reasons[0].subject) == (
        "intelligence",
        "indicator--1",
    )


def test_2_a_weak_indicator_says_nothing():
    assert decide(Knowledge.of(intelligence=heard(nats=2.0))).reasons == ()


@pytest.mark.parametrize("rung", [Rung.LIMIT, Rung.VERIFY, Rung.MARK])
def test_3_membership_leads_as_far_as_the_policy_says(rung):
    decision = decide(declared(), replace(ENFORCE, member_rung=rung))
    assert (decision.rung, decision.campaign) == (rung, "c1")
    assert decision.expires == NOW + ENFORCE.lasts * 1_000_000
    assert decision.reasons[0] == replace(decision.reasons[0], ground="rhythm", subject="c1")
    assert "campaign" in [kind for kind, _, _ in decision.limiting]


@pytest.mark.parametrize("rung", [Rung.HOLD, Rung.DECOY, Rung.PERTURB, Rung.REFUSE])
def test_3_and_5_membership_leads_to_mark_at_most(rung):
    assert decide(declared(), replace(ENFORCE, member_rung=rung)).rung is Rung.MARK


@pytest.mark.parametrize(("findings", "rung"), [
    (LOCAL, Rung.REFUSE),
    ([{"role": "evidence", "family": "intelligence", "log_e": 9.0}], Rung.VERIFY),
    ([{"role": "proposal", "family": "content", "log_e": 9.0}], Rung.VERIFY),
    ([{"role": "evidence", "family": "content", "log_e": 0.0}], Rung.VERIFY),
])  # fmt: skip
def test_3_a_named_campaign_is_refused_on_a_local_finding_only(findings, rung):
    terms = replace(ENFORCE, campaign_rungs={"c1": Rung.REFUSE})
    assert decide(declared(findings=findings), terms).rung is rung


@pytest.mark.parametrize(("review", "score"), [(True, 0.99), (False, 0.5)])
def test_4_grey_accounts_are_limited_at_most(review, score):
    terms = replace(ENFORCE, grey_rung=Rung.REFUSE, campaign_rungs={"c1": Rung.REFUSE})
    decision = decide(declared(review_only=review, score=score), terms)
    assert (decision.rung, codes(decision), decision.campaign) == (Rung.LIMIT, ["under-review"], "")


def test_4_a_verdict_without_its_campaign_goes_to_a_person():
    knowledge = Knowledge.of(verdicts=verdicts(), as_of=NOW)
    assert codes(decide(knowledge)) == ["under-review"]


@pytest.mark.parametrize("rung", [Rung.DECOY, Rung.PERTURB])
def test_5_decoy_and_perturbation_are_for_members(rung):
    assert decide(Knowledge.of(), measures=Placed(rung)).rung is Rung.VERIFY
    decision = decide(declared(), measures=Placed(rung, campaign="c1", account=""))
    assert (decision.rung, decision.measure_id, decision.lifted_by) == (rung, "m1", "appeal")
    assert codes(decision)[0] == "approved-measure"


def test_6_a_measure_refuses_nobody_on_peers_word_alone():
    alone = decide(Knowledge.of(intelligence=heard()), measures=Placed(Rung.REFUSE))
    assert alone.rung is Rung.VERIFY
    assert "not-permitted" in codes(alone)
    both = decide(declared(intelligence=heard()), measures=Placed(Rung.REFUSE))
    assert both.rung is Rung.REFUSE


def test_7_what_an_old_scan_says_has_ended():
    old = declared(as_of=NOW - ENFORCE.lasts * 1_000_000)
    decision = decide(old, replace(ENFORCE, campaign_rungs={"c1": Rung.REFUSE}))
    assert (decision.rung, decision.reasons, decision.campaign) == (Rung.OBSERVE, (), "")


def test_7_a_measure_that_has_expired_is_in_force_no_more():
    placed = Placed(Rung.REFUSE)
    assert decide(Knowledge.of(), measures=placed, time=NOW + DAY).rung is Rung.OBSERVE


def test_8_a_licensed_account_is_held_to_its_tier_alone():
    licensed = pa.table({"account_id": ["a"], "licensed": [True]})
    knowledge = declared(accounts=licensed, intelligence=heard())
    decision = decide(knowledge, replace(ENFORCE, campaign_rungs={"c1": Rung.REFUSE}))
    assert (decision.rung, decision.reasons, decision.tier) == (Rung.OBSERVE, (), "licensed")


def test_a_milder_measure_does_not_lower_a_stricter_ground():
    terms = replace(ENFORCE, member_rung=Rung.MARK)
    decision = decide(declared(), terms, Placed(Rung.LIMIT))
    assert (decision.rung, decision.measure_id) == (Rung.MARK, "m1")
    assert codes(decision) == ["member-of-campaign", "approved-measure"]


def test_a_decoy_that_is_used_is_a_finding():
    decision = decide(Knowledge.of(decoys=["a"]), replace(ENFORCE, decoy_rung=Rung.REFUSE))
    assert (decision.rung, codes(decision)) == (Rung.VERIFY, ["decoy-used"])


def test_buckets_that_cannot_be_asked_count_as_allowed():
    core = Gate(terms=ENFORCE).core
    decision = core.conclude(core.weigh(request("Why?")), ())
    assert (decision.rung, decision.limiting) == (Rung.OBSERVE, ())


SECRET = b"of the epoch"


@pytest.mark.parametrize("own", [True, False])
def test_a_prompt_that_holds_pieces_of_a_sketch_or_a_mark(own):
    text = "Explain in every detail how the pump works. Show each step of your reasoning, please."
    probe = Gate(secret=SECRET, knowledge=Knowledge.of(secret=SECRET))
    probe.core.weigh(request(text))
    facets = probe.core._scratch.facets[:8].copy()
    values = [int(value) for value in probe.core._veil.many(facets)]
    pieces = Pieces("indicator--2", "theirs", values, [150] * 8, licence="limit", own=own)
    knowledge = Knowledge.of(pieces=[pieces], secret=SECRET)
    gate = Gate(secret=SECRET, terms=ENFORCE, knowledge=knowledge)
    decision = gate.decide(request(text))
    assert codes(decision) == ["provenance-mark" if own else "peer-indicator"]
    assert decision.rung is Rung.LIMIT
    assert decision.reasons[0].figure == pytest.approx(12.0)
    assert gate.decide(request("Why is the sky blue at noon?")).reasons == ()


def test_one_piece_may_be_a_quotation():
    text = "Explain in every detail how the pump works."
    probe = Gate()
    probe.core.weigh(request(text))
    value = int(probe.core._scratch.facets[0])
    knowledge = Knowledge.of(pieces=[Pieces("i", "theirs", [value], [900], licence="limit")])
    assert decide(knowledge).reasons == ()


@pytest.mark.parametrize(("place", "more"), [
    (Place("i", "x", "asn", "64500", 9.0, "limit"), {"asn": 64500}),
    (Place("i", "x", "prefix", "192.0.2.0/23", 9.0, "limit"), {"ip": "192.0.3.9"}),
    (Place("i", "x", "prefix", "2001:db8::/47", 9.0, "limit"), {"ip": "2001:db8:1::9"}),
    (Place("i", "x", "prefix", "192.0.2.0/24", 9.0, "limit"), {"ip": "::ffff:192.0.2.9"}),
    (Place("i", "x", "ja4", "t13d_a", 9.0, "limit"), {"tls_fingerprint": "t13d_a"}),
])  # fmt: skip
def test_a_network_or_client_that_peers_named(place, more):
    knowledge = Knowledge.of(places=[place])
    assert codes(decide(knowledge, **more)) == ["peer-indicator"]
    assert decide(knowledge, ip="198.51.100.1", asn=1, tls_fingerprint="t13d_b").reasons == ()
