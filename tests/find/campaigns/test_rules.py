"""The rules that refuse a group, one broken at a time, and the weighing behind them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.find.campaigns.judge import (
    ALONE,
    BOUNDS,
    CUSTOMERS,
    FEW,
    NEIGHBOURS,
    OWN,
    PLACED,
    PLAIN,
    REPEATS,
    REVIEW,
    SHORT,
    SMALLEST,
    TIED,
    TINY,
    Judged,
    decide,
    fitting,
)
from stillwatch.find.campaigns.likeness import FITS
from stillwatch.find.campaigns.structure import Structure
from stillwatch.find.campaigns.weigh import THRESHOLD, VALUES, WORDS, weigh
from stillwatch.find.detectors import DETECTORS

SLUGS = tuple(detector.slug for detector in DETECTORS)
ALPHA = 0.05
BUILT = Structure(
    declared=0.0,
    tied=0.9,
    circles=5,
    exclusive=1.0,
    purity=0.9,
    pooled=False,
    placed=0.0,
    seats=0.2,
    ages=0.5,
    clients=0.5,
)
EFFECT = {"exchangeability": -0.02, "no-follow-up": 1.0, "answer-length": 1.5}


def judged(*, members=40, log_e=None, effect=None, enough=None, fit=None, **built):
    """A group that is declared; what is given is changed."""
    effect = {**dict.fromkeys(SLUGS, 0.0), **EFFECT, **(effect or {})}
    nats = {slug: BOUNDS[slug][1] for slug in SLUGS}
    size = np.arange(members, dtype=np.int32)
    return Judged(
        accounts=size,
        probability=np.ones(members),
        rows=size,
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


@pytest.mark.parametrize("pooled", [False, True])
def test_a_group_that_breaks_no_rule_is_declared(pooled):
    assert rule(pooled=pooled) is None


TALKS = {"effect": {"no-follow-up": ALONE - 0.01}}
ONE = {"circles": 1, "members": FEW - 1}
LOOSE = [FITS] * 3 + [-1.0, -1.0]
OPEN = {"pooled": True, "purity": OWN - 0.01}


@pytest.mark.parametrize(
    ("wanted", "broken", "mended"),
    [
        ("J-2", {"members": SMALLEST - 1}, {"members": SMALLEST}),
        ("J-3", {"log_e": {"job-queue": REPEATS}}, {"log_e": {"job-queue": REPEATS + 0.1}}),
        ("J-4", {"declared": 0.5}, {"declared": 0.49}),
        (
            "J-5",
            {"effect": {"answer-length": SHORT}},
            {"effect": {"answer-length": SHORT}, "enough": {"answer-length": False}},
        ),
        ("J-8", {"placed": PLACED}, {"placed": 0.0}),
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


PLAINLY = {"effect": {**TALKS["effect"], "answer-length": PLAIN - 0.01}}


@pytest.mark.parametrize(
    ("wanted", "extra", "broken", "mended"),
    [
        ("J-6", CUSTOMERS, {**TALKS, **ONE}, ONE),
        ("J-6", CUSTOMERS, {**TALKS, **ONE}, {**TALKS, **ONE, "members": FEW}),
        ("J-6", CUSTOMERS, {**TALKS, **ONE, "circles": 2}, {**TALKS, **ONE, "circles": 3}),
        ("J-6", CUSTOMERS, {**PLAINLY, **ONE, "members": 300}, {**PLAINLY, "circles": 3}),
        ("J-6", CUSTOMERS, {**TALKS, **ONE}, {**TALKS, **ONE, "tied": TIED - 0.01}),
        ("J-6", CUSTOMERS, {**TALKS, **ONE, "tied": 0.0, "seats": 0.9}, ONE),
        ("J-6", CUSTOMERS, {"circles": 2, "members": TINY - 1}, {"circles": 2, "members": TINY}),
        ("J-7", NEIGHBOURS, {**TALKS, **OPEN}, OPEN),
        ("J-7", NEIGHBOURS, {**TALKS, **OPEN}, {**TALKS, **OPEN, "purity": 0.9}),
        ("J-7", NEIGHBOURS, {**TALKS, **OPEN}, {**TALKS, **OPEN, "pooled": False}),
    ],
)
def test_what_customers_and_neighbours_do_asks_for_more(wanted, extra, broken, mended):
    assert said_with(extra - 0.1, **broken) == wanted
    assert said_with(extra + 0.1, **broken) is None
    assert said_with(0.1, **mended) is None
    assert said_with(-0.1, **mended) == "J-9"


def test_members_that_do_not_fit_are_reviewed():
    group = fitting(judged(members=5, fit=[FITS, FITS, FITS, FITS, FITS - 0.1]))
    assert group.members.tolist() == [0, 1, 2, 3]
    assert group.probability[4] == REVIEW


def test_ages_and_rounds_alone_are_a_class():
    quiet = {"answer-length": 0.0, "no-follow-up": 0.5, "exchangeability": 0.1}
    class_ = {"effect": quiet, "tied": 0.0, "circles": 0, "clients": 0.0}
    nats = dict.fromkeys(SLUGS, 0.0)
    met = {**nats, "lock-step": 6.0}
    plain = weigh(judged(log_e=nats, ages=0.0, **class_))
    assert weigh(judged(log_e=met, ages=2.0, **class_)) == pytest.approx(plain)
    assert weigh(judged(log_e=met, ages=0.0, **class_)) > plain


def test_rules_refuse_whatever_the_weight():
    said = {
        rule(declared=1.0, members=2000),
        rule(placed=1.0, members=2000),
        rule(log_e={"job-queue": -8.0}, members=2000),
    }
    assert said == {"J-3", "J-4", "J-8"}


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
    "answer length beyond crowds",
    "fewer subjects of one's own than crowds",
    "no follow-up",
    "no follow-up beyond crowds",
    "tied covertly",
    "further circles",
    "release pivot",
    "coverage",
    "style of its own",
    "behaviour in a style of its own",
    "exclusive pieces",
    "tied accounts of one style",
    "clients alike",
}
SPEAKS_AGAINST = {
    "subjects of one's own",
    "repeated texts",
    "shared values in one place",
    "style of others too",
}


@pytest.mark.parametrize("weights", [WORDS, VALUES], ids=["words", "values"])
def test_signs_are_those_of_what_each_input_means(weights):
    for name, weight in weights.items():
        if name in SPEAKS_FOR:
            assert weight >= 0, name
        elif name in SPEAKS_AGAINST:
            assert weight <= 0, name
        else:
            assert name in {"intercept", "log size"} or (name == "ages alike" and weight >= 0)


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
AGAINST = [("effect", "exchangeability"), ("effect", "job-queue"), ("built", "placed")]


@st.composite
def groups(draw):
    effect = {slug: draw(st.floats(-1.0, 1.5)) for slug in ("answer-length", "exchangeability")}
    effect |= {slug: draw(UNIT) for slug in ("no-follow-up", "job-queue", "capability-coverage")}
    return judged(
        members=draw(st.integers(4, 200)),
        log_e={slug: draw(nats) for slug, nats in NATS.items()},
        effect=effect,
        tied=draw(UNIT),
        circles=draw(st.integers(0, 9)),
        purity=draw(UNIT),
        exclusive=draw(UNIT),
        placed=draw(UNIT),
        pooled=draw(st.booleans()),
    )


def raised(group, where, name, by):
    if where == "built":
        value = getattr(group.structure, name)
        more = value + 1 if name == "circles" else min(value + by, 1.0)
        return replace(group, structure=replace(group.structure, **{name: more}))
    column = getattr(group, where)
    return replace(group, **{where: {**column, name: column[name] + by}})


@given(groups(), st.sampled_from(FOR + AGAINST), UNIT)
def test_more_of_what_speaks_for_a_group_never_lowers_its_odds(group, which, by):
    before, after = weigh(group), weigh(raised(group, *which, by))
    slack = 1e-9
    if which in FOR:
        assert after >= before - slack
    else:
        assert after <= before + slack


def test_what_abstains_weighs_as_the_usual_crowd_does():
    group = judged(enough=dict.fromkeys(SLUGS, False))
    other = judged(
        enough=dict.fromkeys(SLUGS, False),
        effect={"answer-length": -9.0, "exchangeability": 0.9, "job-queue": 0.3},
    )
    assert weigh(group) == weigh(other)
