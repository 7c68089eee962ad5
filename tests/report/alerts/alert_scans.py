"""Small scans that differ in what alerts are made of."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

from example_scan import END, START, example_scan

from stillwatch.records import Verdict

BASE = "https://runbooks.example/stillwatch/"


def small_scan(sizes=(5, 4, 3), *, first=START, as_of=END):
    """Return a scan in which campaign i has sizes[i] flagged accounts; 0 leaves it out."""
    result, _ = example_scan(accounts=0)
    campaigns, verdicts = [], []
    for campaign, size in zip(result.campaigns, sizes, strict=True):
        accounts = sorted(campaign.flagged_at)[:size]
        if not size:
            continue
        campaigns.append(
            dataclasses.replace(
                campaign,
                members={a: campaign.members[a] for a in accounts},
                flagged_at={a: campaign.flagged_at[a] for a in accounts},
                findings=campaign.findings[:2],
            )
        )
        verdicts += [
            Verdict(a, campaign.campaign_id, campaign.flagged_at[a], campaign.members[a],
                    ("starts in lock step",), campaign.recommended_measure)
            for a in accounts
        ]  # fmt: skip
    verdicts += [Verdict(f"quiet{i}", None, None, 0.0, (), "observe") for i in range(3)]
    return dataclasses.replace(
        result,
        campaigns=tuple(campaigns),
        verdicts=tuple(verdicts),
        findings=(),
        accounts=len(verdicts),
        first=first,
        as_of=as_of,
    )


def later(result, hours=24, **changes):
    return dataclasses.replace(result, as_of=result.as_of + timedelta(hours=hours), **changes)
