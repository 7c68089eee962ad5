"""The rules that refuse a group, one broken at a time, and the weighing behind them."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.find.campaigns.judge import (
    BOUNDS,
    EXCHANGES,
    MANY,
    OPENLY,
    ORGANISED,
    PLENTY,
    REPEATS,
    REVIEW,
    SMALLEST,
    Judged,
    decide,
    fitting,
)
from stillwatch.find.campaigns.likeness import FITS
from stillwatch.find.campaigns.structure import Proposer, Structure
from stillwatch.find.campaigns.weigh import (
    SIGNS,
    THRESHOLD,
    Trees,
    inputs,
    learned,
    total_of,
    weigh,
)
from stillwatch.find.detectors import DETECTORS

SLUGS = tuple(detector.slug for detector in DETECTORS)
ALPHA = 0.05
PROPOSERS = get_args(Proposer)
BUILT = Structure(
    declared=0.0,
    tied=0.9,
    circles=5,
    exclusive=1.0,
    purity=0.9,
    by="words",
    family=0.0,
    private=0.0,
    organised=0.0,
    domain=0.0,
    names=0.0,
    repeated=0.0,
    seats=0.2,
    networks=8.0,
    ages=0.5,
    clients=0.5,
)
EFFECT = {"exchangeability": -0.02, "no-follow-up": 1.0, "answer-length": 1.5}


def judged(*, members=40, exchanges=60, log_e=None, effect=None, enough=None, fit=None, **built):
    """A group that is declared; what is given is changed."""
    effect = {**dict.fromkeys(SLUGS, 0.0), **EFFECT, **(effect or {})}
    nats = {slug: BOUNDS[slug][1] for slug in SLUGS} | {"peer-indicators": 0.0}
    size = np.arange(members, dtype=np.int32)
    return Judged(
        accounts=size,
        probability=np.ones(members),
        rows=np.arange(exchanges, dtype=np.int32),
        facets=size[:2],
        log_e={**nats, **(log_e or {})},
        effect=effect,
        support=dict.fromkeys(SLUGS, 50),
        enough={**dict.fromkeys(SLUGS, True), **(enough or {})},
        families={},
        structure=replace(BUILT, **built),
        fit=np.full(members, FITS) if fit is None else np.asarray(fit),
    )


def refused(group, alpha=ALPHA):
    return decide(group, alpha, 10**9)


def rule(**changed):
    said = refused(judged(**changed))
    return None if said is None else said.split(":")[0]


@pytest.mark.parametrize("by", PROPOSERS)
def test_a_group_that_breaks_no_rule_is_declared(by):
    assert rule(by=by) is None


LOOSE = [FITS] * 3 + [-1.0, -1.0]


@pytest.mark.parametrize(
    ("wanted", "broken", "mended"),
    [
        ("J-2", {"members": SMALLEST - 1}, {"members": SMALLEST}),
        ("J-12", {"exchanges": EXCHANGES - 1}, {"exchanges": EXCHANGES}),
        ("J-3", {"log_e": {"job-queue": REPEATS}}, {"log_e": {"job-queue": REPEATS + 0.1}}),
        ("J-10", {"members": 5, "fit": LOOSE}, {"members": 5, "fit": [*LOOSE[:4], FITS]}),
    ],
)
def test_each_rule_refuses_what_breaks_it_and_nothing_beside_it(wanted, broken, mended):
    assert rule(**broken) == wanted
    assert rule(**mended) is None


def said_with(spare, **changed):
    """Return the rule where the odds exceed what is asked of any group by so many nats."""
    group = judged(**changed)
    alpha = 1.0 / (1.0 + 19.0 * np.exp(weigh(group) - spare - THRESHOLD))
    said = refused(group, alpha)
    return None if said is None else said.split(":")[0]


def test_j15_what_peers_say_makes_up_for_what_is_missing_by_as_many_nats():
    assert said_with(-1.0) == "J-9"
    assert said_with(-1.0, log_e={"peer-indicators": 0.9}) == "J-9"
    assert said_with(-1.0, log_e={"peer-indicators": 1.1}) is None
    assert BOUNDS["peer-indicators"] == (0.0, 4.0)


@pytest.mark.parametrize("by", PROPOSERS)
def test_naming_one_organisation_is_refused_whatever_the_odds(by):
    openly = {"by": by, "declared": OPENLY, "names": ORGANISED}
    assert said_with(9.0, **openly) == "J-4"
    assert said_with(-9.0, **openly) == "J-4"
    assert said_with(0.1, **{**openly, "declared": OPENLY - 0.01}) is None


@pytest.mark.parametrize(
    "changed",
    [
        {"effect": {"answer-length": -1.0}},
        {"family": 1.0, "private": 1.0},
        {"names": 1.0},
        {"declared": OPENLY, "domain": 1.0},
        {"by": "values", "purity": 0.0, "effect": {"no-follow-up": 0.0}},
    ],
    ids=["short-answers", "shops", "an-organisation-each", "one-domain", "no-wording"],
)
def test_what_speaks_against_a_group_is_weighed_and_refuses_nothing(changed):
    assert said_with(0.1, **changed) is None
    assert said_with(-0.1, **changed) == "J-9"


@pytest.mark.parametrize("missing", [1, 2])
def test_a_nat_more_is_asked_for_each_account_that_is_missing_to_plenty(missing):
    few = {"members": PLENTY - missing}
    assert said_with(missing + 0.1, **few) is None
    assert said_with(missing - 0.1, **few) == "J-2"
    assert said_with(-0.1, **few) == "J-9"
    assert said_with(0.1, members=PLENTY) is None


@pytest.mark.parametrize("halvings", [1, 2])
def test_a_nat_more_is_asked_for_each_halving_of_many_exchanges(halvings):
    few = {"exchanges": MANY // 2**halvings}
    assert said_with(halvings + 0.1, **few) is None
    assert said_with(halvings - 0.1, **few) == "J-12"
    assert said_with(-0.1, **few) == "J-9"
    assert said_with(0.1, exchanges=MANY) is None


QUIET = {
    "log_e": dict.fromkeys(SLUGS, 0.0),
    "effect": {"answer-length": 0.4, "no-follow-up": 0.8},
    "ages": 0.6,
    "clients": 0.6,
}


@pytest.mark.parametrize(
    "second",
    [
        {"log_e": {**QUIET["log_e"], "payment-links": 1.1}},
        {"log_e": {**QUIET["log_e"], "address-blocks": 1.1}},
        {"log_e": {**QUIET["log_e"], "lock-step": 1.1}},
        {"log_e": {**QUIET["log_e"], "release-pivot": 1.1}},
        {"effect": {**QUIET["effect"], "answer-length": 0.41}},
        {"effect": {**QUIET["effect"], "no-follow-up": 0.81}},
        {"ages": 0.61},
    ],
    ids=["values", "blocks", "rounds", "move", "long", "single", "ages"],
)
def test_one_kind_of_evidence_is_not_enough(second):
    assert said_with(9.0, **QUIET) == "J-11"
    assert said_with(9.0, **{**QUIET, "clients": 0.61}) == "J-11"
    assert said_with(9.0, **{**QUIET, **second}) == "J-11"
    assert said_with(9.0, **{**QUIET, "clients": 0.61, **second}) is None


def test_members_that_do_not_fit_are_reviewed():
    group = fitting(judged(members=5, fit=[FITS, FITS, FITS, FITS, FITS - 0.1]))
    assert group.members.tolist() == [0, 1, 2, 3]
    assert group.probability[4] == REVIEW


def inputs_of(group):
    structure, size = group.structure, group.members.size
    return inputs(group.log_e, group.effect, group.enough, structure, size)


def test_ages_and_rounds_alone_are_a_class():
    met = {"log_e": {**dict.fromkeys(SLUGS, 0.0), "lock-step": 6.0}, "tied": 0.0, "circles": 0}
    class_ = inputs_of(judged(ages=2.0, **met))
    assert (class_["lock step"], class_["ages alike"]) == (0.0, 0.0)
    assert inputs_of(judged(ages=0.0, **met))["lock step"] == 6.0
    tied = inputs_of(judged(ages=2.0, **{**met, "tied": 0.9}))
    assert (tied["lock step"], tied["ages alike"]) == (6.0, 2.0)


def test_a_queue_is_refused_whatever_the_odds():
    assert said_with(9.0, log_e={"job-queue": -8.0}) == "J-3"


def weak(**changed):
    nothing = dict.fromkeys(SLUGS, 0.0)
    quiet = {"tied": 0.0, "circles": 0, "exclusive": 0.2, "purity": 0.2}
    effect = {"exchangeability": 0.1, "no-follow-up": 0.5, "answer-length": 0.0}
    return judged(log_e=nothing, effect=effect, **{**quiet, **changed})


def test_j_9_asks_for_more_at_a_lower_alpha():
    assert refused(weak()).startswith("J-9")
    strong = judged()
    alphas = (0.5, 0.05, 1e-3, 1e-12, 1e-30)
    said = [refused(strong, alpha) is not None for alpha in alphas]
    assert said == sorted(said)
    assert not said[1]
    assert said[-1]


SPEAKS_FOR = {
    "identity up to four nats",
    "identity beyond four nats",
    "address blocks",
    "lock step",
    "young burst",
    "answer length",
    "fewer subjects of one's own than crowds",
    "no follow-up",
    "no follow-up beyond crowds",
    "tied covertly",
    "further circles",
    "release pivot",
    "coverage of one hand",
    "one hand",
    "answer length of one hand",
    "style of its own",
    "behaviour of one hand in a style of its own",
    "exclusive pieces",
    "tied accounts of one style",
    "ages alike",
    "clients alike",
    "kinds of evidence",
}
SPEAKS_AGAINST = {
    "subjects of one's own",
    "short answers",
    "fewer than twelve",
    "repeated texts",
    "texts of each other",
    "families and shops",
    "places of their own",
    "one organisation",
    "one mail domain",
    "name an organisation",
    "style of others too",
}
EITHER = {"proposed by values", "proposed by manner", "log size", "held by most"}


def test_every_input_has_a_meaning():
    assert list(inputs_of(judged())) == list(SIGNS)
    assert set(SIGNS) == SPEAKS_FOR | SPEAKS_AGAINST | EITHER
    assert set(PROPOSERS) == {"words", "values", "manner", "peers"}


def test_signs_are_those_of_what_each_input_means():
    assert {name for name, sign in SIGNS.items() if sign > 0} == SPEAKS_FOR
    assert {name for name, sign in SIGNS.items() if sign < 0} == SPEAKS_AGAINST


@pytest.mark.parametrize("name", sorted(SPEAKS_FOR | SPEAKS_AGAINST))
def test_no_input_of_the_trees_speaks_against_its_sign(name):
    trees, number, rng = learned(), list(SIGNS).index(name), np.random.default_rng(0)
    limits = [trees.limit[trees.feature == n] for n in range(len(SIGNS))]
    for _ in range(50):
        found = np.array([rng.choice(own) if own.size else 0.0 for own in limits])
        said = []
        for value in (-np.inf, *np.unique(limits[number]), np.inf):
            found[number] = value
            said.append(total_of(found, trees))
        assert (np.diff(said) * SIGNS[name] >= -1e-9).all()


def test_a_tree_goes_left_up_to_the_limit_and_trees_add_up():
    nodes = [0, 3], [0, -1, -1, -1], [0.5, 0, 0, 0], [1, 0, 0, 0], [2, 0, 0, 0], [0, -1.0, 2, 10]
    stump = Trees(*map(np.array, nodes))
    said = [total_of(np.array([x]), stump) for x in (0.4, 0.5, 0.6)]
    assert said == [9.0, 9.0, 12.0]


NATS = {slug: st.floats(*BOUNDS[slug]) for slug in SLUGS if BOUNDS[slug] != (0.0, 0.0)}
UNIT = st.floats(0.0, 1.0)
FOR = [("log_e", slug) for slug in NATS] + [
    ("effect", "answer-length"),
    ("effect", "no-follow-up"),
    ("effect", "capability-coverage"),
    ("built", "tied"),
    ("built", "circles"),
    ("built", "purity"),
    ("built", "exclusive"),
    ("built", "clients"),
]
SHARES = ("family", "private", "organised", "domain", "names", "repeated")
AGAINST = [
    ("effect", "exchangeability"),
    ("effect", "job-queue"),
    *(("built", name) for name in SHARES),
]


@st.composite
def groups(draw):
    effect = {slug: draw(st.floats(-1.0, 1.5)) for slug in ("answer-length", "exchangeability")}
    effect |= {slug: draw(UNIT) for slug in ("no-follow-up", "job-queue", "capability-coverage")}
    return judged(
        members=draw(st.integers(4, 200)),
        log_e={slug: draw(nats) for slug, nats in NATS.items()},
        effect=effect,
        circles=draw(st.integers(0, 9)),
        ages=draw(st.floats(-1.0, 2.0)),
        by=draw(st.sampled_from(PROPOSERS)),
        **{name: draw(UNIT) for name in ("tied", "seats", "purity", "exclusive", "clients")},
        **{name: draw(UNIT) for name in SHARES},
    )


def raised(group, where, name, by):
    if where == "built":
        value = getattr(group.structure, name)
        more = value + 1 if name == "circles" else min(value + by, 1.0)
        return replace(group, structure=replace(group.structure, **{name: more}))
    column = getattr(group, where)
    return replace(group, **{where: {**column, name: column[name] + by}})


@given(groups(), UNIT)
def test_more_of_what_speaks_for_a_group_never_lowers_its_odds(group, by):
    before, slack = weigh(group), 1e-9
    for which in FOR:
        assert weigh(raised(group, *which, by)) >= before - slack, which
    for which in AGAINST:
        assert weigh(raised(group, *which, by)) <= before + slack, which


def test_what_abstains_weighs_as_the_usual_crowd_does():
    group = judged(enough=dict.fromkeys(SLUGS, False))
    other = judged(
        enough=dict.fromkeys(SLUGS, False),
        effect={"answer-length": -9.0, "exchangeability": 0.9, "job-queue": 0.3},
    )
    assert weigh(group) == weigh(other)
