"""A scan's result as a real one looks, and one with hostile text in every field."""

from __future__ import annotations

import dataclasses
import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa

from stillwatch.records import (
    Campaign,
    Entity,
    Event,
    Example,
    FamilyVote,
    Finding,
    ModelUse,
    ScanResult,
    Verdict,
)
from stillwatch.report.documents import ACTIVITY

START = datetime(2026, 9, 1, tzinfo=UTC)
END = START + timedelta(days=28)

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</title></style></svg><script>alert(2)</script>",
    "{{ 7*7 }}{% raw %}",
    '=HYPERLINK("//x.example","a")',
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "\u202egnp.exe",
    "nul\x00byte",
    "\x1b[2J\x1b]0;owned\x07",
    "zero\u200bwidth\ufeff",
    "javascript:alert(3)",
    "&lt;b&gt;",
    "../../etc/passwd",
    "x" * 5_000,
    "名前 ñandú עברית",
    " ",
)


def finding(detector, family, group, log_e, text, **more):
    values = {
        "enough_data": True,
        "effect": 0.7,
        "n": 40,
        "first": START + timedelta(days=3),
        "last": END - timedelta(days=2),
    }
    values.update(more)
    return Finding(detector, family, group, log_e, explanation=text, **values)


def campaign(name, kind, size, day, hours, *, rng, review=False):
    first = START + timedelta(days=day, hours=5)
    declared = (first + timedelta(hours=hours)).replace(minute=0)
    accounts = [f"acct_{name[2:6]}{i:05d}" for i in range(size)]
    odds = np.sort(rng.beta(9, 0.6, size))[::-1]
    members = {a: round(float(p), 4) for a, p in zip(accounts, odds, strict=True)}
    lags = (rng.exponential(30, size)).astype(int)
    flagged = {
        a: min(declared + timedelta(hours=int(lag)), END)
        for a, p, lag in zip(accounts, odds, lags, strict=True)
        if p > 0.6
    }
    findings = (
        finding(
            "lock-step",
            "rhythm",
            name,
            21.4,
            f"{size} accounts start within 40 s of each "
            "other in 31 bursts; matched accounts do so in 2.",
            exchanges=("ex-19a1", "ex-19b7"),
        ),
        finding(
            "shared-payment",
            "identity",
            name,
            14.2,
            "One payment value is shared by 9 "
            "accounts without an organisation; matched accounts share none.",
        ),
        finding(
            "answer-length",
            "content",
            name,
            9.8,
            "Answers are 3.1 times as long as such "
            "prompts usually get, on exchanges held out from the proposal.",
        ),
        finding(
            "release-pivot",
            "lifecycle",
            name,
            6.1,
            "Half the traffic moved to a new model "
            "within 24 hours of its release; similar accounts moved 8 %.",
        ),
        finding(
            "network-rarity",
            "infrastructure",
            name,
            -0.8,
            "Addresses are as spread as those of matched accounts.",
        ),
        finding(
            "peer-indicators",
            "intelligence",
            name,
            0.0,
            "No peer's indicators were given.",
            enough_data=False,
            effect=math.nan,
            n=0,
            first=None,
            last=None,
        ),
        finding(
            "shared-segment",
            "content",
            name,
            0.0,
            "A closing line recurs in 61 accounts.",
            role="proposal",
        ),
    )
    exchanges = size * 47
    return Campaign(
        campaign_id=name,
        members=members,
        flagged_at=flagged,
        findings=findings,
        log_e=33.0 if review else 38.6,
        first_seen=first,
        declared_at=declared,
        exchanges=exchanges,
        leaked=int(exchanges * hours / (24 * (28 - day))),
        kind=kind,
        kind_confidence=0.83 if kind != "unknown" else 0.3,
        recommended_measure="verification step" if review else "withhold reasoning trace",
        review_only=review,
        explanations=(
            "No member belongs to a declared and verified organisation.",
            "The client is a public one, used by 3 % of all accounts: not enough to explain it.",
        )
        if not review
        else ("A registered evaluation covers 40 % of the members; the rest share its payment.",),
        signature={"sketch": np.arange(4, dtype=np.uint64), "hours": (0.2, 0.8), "key": b"\x01"},
        **beside(accounts, exchanges, kind, first, hours / (24 * (28 - day)), rng),
    )


def beside(accounts, exchanges, kind, first, leaked, rng):
    """Return what a report shows beside the verdict."""
    known = kind in {"reasoning_traces", "code"}
    models = (("large-4", 0.8), ("gpt-4o-mini", 0.2))
    uses = []
    for model, share in models:
        count = int(exchanges * share)
        early = int(count * leaked)
        uses.append(
            ModelUse(model, count, 300 * count, 900 * count, early, 300 * early, 900 * early,
                     count, count)
        )  # fmt: skip
    groups = (("card", 9), ("phone", 4), ("device", 3), ("address block", 12), ("client", 6))
    entities = tuple(
        Entity(name, f"{name} {number:02x}ab12", tuple(sorted(chosen)), len(chosen), number)
        for number, (name, size) in enumerate(groups)
        if (chosen := rng.choice(accounts, min(size, len(accounts)), replace=False).tolist())
    )
    return {
        "harvested": {kind: 0.7, "tool_use": 0.3} if known else {},
        "usage": tuple(uses),
        "entities": tuple(sorted(entities, key=lambda e: (-e.held, e.kind, e.members))),
        "votes": tuple(
            FamilyVote(family, vote, (-0.4, 0.0, 0.1, 0.6, 2.5), 240)
            for family, vote in (
                ("identity", 14.2), ("rhythm", 21.4), ("content", 9.8), ("lifecycle", 1.9),
                ("infrastructure", -0.8),
            )
        ),
        "log_odds": 6.4,
        "examples": tuple(
            Example(f"ex-{i}{accounts[i]}", first + timedelta(hours=9 * i), accounts[i], "large-4",
                    None if i == 2 else 310, 880 + i)
            for i in range(6)
        ),
    }  # fmt: skip


EVENTS = (
    Event(START + timedelta(days=6, hours=3), "model_release", "large-4"),
    Event(START + timedelta(days=6, hours=9), "policy", None),
    Event(START + timedelta(days=20), "price", "large-4"),
)


def activity_of(campaigns, rng):
    rows = []
    for item in campaigns:
        hours = int((END - item.first_seen) / timedelta(hours=6))
        weight = np.minimum(1, np.arange(1, hours + 1) / 12) * rng.uniform(0.4, 1, hours)
        sent = rng.multinomial(item.exchanges, weight / weight.sum())
        born = rng.multinomial(len(item.members), np.r_[np.full(8, 0.1), [0.2]])
        for index, count in enumerate(sent):
            time = item.first_seen + timedelta(hours=6 * index)
            rows.append((item.campaign_id, time, count, 0, int(index == hours - 2) * 3))
        for index, count in enumerate(born):
            time = item.first_seen - timedelta(hours=6 * (9 - index))
            rows.append((item.campaign_id, time, 0, count, 0))
        rows.append((item.campaign_id, START - timedelta(days=200), 0, 3, 0))
    columns = list(zip(*rows, strict=True))
    schema = pa.schema([(field.name, field.type) for field in ACTIVITY])
    return pa.table([pa.array(c, f.type) for c, f in zip(columns, schema, strict=True)], schema)


def explained_groups():
    for index, (size, why, detector) in enumerate(
        (
            (31, ("All accounts joined one network in one hour and have one assignment; answer "
             "length, pivot and identity are ordinary."), "classroom"),
            (212, "The client and system prompt are a public agent's, used by 1,904 accounts.",
             "public-client"),
            (6, "One declared and verified organisation pays for all seats.", "organization"),
        )
    ):  # fmt: skip
        group = f"g-{index:04d}"
        text = f"A template recurs in {size} accounts created together."
        yield finding("shared-segment", "content", group, 12.5 - index, text, n=size)
        yield finding(detector, "lifecycle", group, 8.0, why, n=size, role="explanation")
    text = "A template recurs in 9 accounts."
    yield finding("shared-segment", "content", "w-1", 5.5, text, n=9)
    weak = "not declared, J-9: the evidence together is too weak, log odds 1.2 of 3.0"
    yield finding("decision", "content", "w-1", 0.0, weak, n=9, role="explanation")
    for index in range(25):
        yield finding("lock-step", "rhythm", f"s-{index}", 2.0 - index / 20, "Weak.", n=7)


def example_scan(accounts=3_000, seed=1):
    """Return (result, activity) of a month with three campaigns."""
    rng = np.random.default_rng(seed)
    campaigns = (
        campaign("c-7f3a91d2", "reasoning_traces", 240, 4, 31, rng=rng),
        campaign("c-b01c44e8", "unknown", 14, 9, 60, rng=rng, review=True),
        campaign("c-20d9e6aa", "code", 62, 17, 11, rng=rng),
    )
    campaigns = (
        dataclasses.replace(campaigns[0], merged=("c-0ddba11e", "c-5ca1ab1e")),
        campaigns[1],
        dataclasses.replace(campaigns[2], split_from="c-7f3a91d2"),
    )
    verdicts = [
        Verdict(
            account_id=account,
            campaign_id=item.campaign_id if account in item.flagged_at else None,
            flagged_at=item.flagged_at.get(account),
            score=probability,
            reasons=("starts in lock step with 239 others", "shares a payment value with 8"),
            recommended_measure=item.recommended_measure
            if account in item.flagged_at
            else "review",
        )
        for item in campaigns
        for account, probability in item.members.items()
    ]
    ordinary = range(max(accounts - len(verdicts), 0))
    verdicts += [Verdict(f"acct_p{i:06d}", None, None, 0.0, (), "observe") for i in ordinary]
    result = ScanResult(
        account_type=pa.string(),
        verdicts=tuple(verdicts),
        campaigns=campaigns,
        findings=(*(f for item in campaigns for f in item.findings), *explained_groups()),
        as_of=END,
        first=START,
        exchanges=612_340,
        accounts=len(verdicts),
        looks=672,
        groups_tested=1_904,
        alpha=0.01,
        missing=(
            "Replacement after a block could not be judged: there are no account events.",
            "Network rarity was judged by address only: the column asn is absent.",
        ),
        seconds={"read": 3.1, "observe": 9.4, "decide": 12.0},
        events=EVENTS,
    )
    return result, activity_of(campaigns, rng)


def hostile_scan():
    """Return a result in which every text is hostile."""
    result, _ = example_scan(accounts=0)
    item = result.campaigns[0]
    texts = dict(enumerate(HOSTILE))
    findings = tuple(
        dataclasses.replace(
            f, detector=texts[i], group=texts[0], explanation=texts[i + 1], exchanges=HOSTILE
        )
        for i, f in enumerate(item.findings)
    )
    bad = dataclasses.replace(
        item,
        campaign_id=HOSTILE[0],
        members=dict.fromkeys(HOSTILE, 0.9),
        flagged_at=dict.fromkeys(HOSTILE[:5], END),
        findings=findings,
        kind=HOSTILE[3],
        recommended_measure=HOSTILE[1],
        explanations=HOSTILE,
        signature={text: text for text in HOSTILE},
        harvested=dict.fromkeys(HOSTILE[:6], 0.5),
        usage=tuple(ModelUse(text, 9, 9, 9, 3, 3, 3, 9, 9) for text in HOSTILE),
        entities=tuple(Entity(text, text, HOSTILE, len(HOSTILE), 1) for text in HOSTILE),
        votes=tuple(dataclasses.replace(vote, family=HOSTILE[0]) for vote in item.votes),
        examples=tuple(Example(text, END, text, text, 1, None) for text in HOSTILE),
        split_from=HOSTILE[1],
        merged=HOSTILE,
    )
    loose = tuple(
        dataclasses.replace(findings[0], group=text, role=role, explanation=text, log_e=math.inf)
        for text in HOSTILE[1:]
        for role in ("explanation", "evidence")
    )
    verdicts = tuple(
        Verdict(text, HOSTILE[0] if i < 5 else None, END if i < 5 else None, 0.9, HOSTILE, text)
        for i, text in enumerate(HOSTILE)
    )
    return dataclasses.replace(
        result,
        campaigns=(bad,),
        verdicts=verdicts,
        findings=(*findings, *loose),
        missing=HOSTILE,
        events=tuple(Event(START + timedelta(days=6), text, text) for text in HOSTILE),
        seconds=dict.fromkeys(HOSTILE, 1.0),
    )


def empty_scan(account_type=None):
    """Return the result of a scan that found nothing in nothing."""
    return ScanResult(
        account_type=account_type or pa.string(),
        verdicts=(),
        campaigns=(),
        findings=(),
        as_of=END,
        first=None,
        exchanges=0,
        accounts=0,
        looks=0,
        groups_tested=0,
        alpha=0.01,
        missing=(),
        seconds={},
    )
