"""One campaign of a scan, as its report's template reads it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stillwatch.errors import ConfigurationError
from stillwatch.report.damage import NAMES
from stillwatch.report.documents.lineage import lineage_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from stillwatch.records import Campaign, Finding
    from stillwatch.report.documents import PublishedScan

__all__ = ["Cost", "campaign_facts", "campaign_of", "costs_of", "document_of", "ranked_members"]


@dataclass(frozen=True, slots=True)
class Cost:
    """A figure of money."""

    name: str
    """One of ``damage.NAMES``."""
    says: str
    """What it means."""
    whole: tuple[float, float, float]
    """Low, likely and high, for all exchanges."""
    leaked: tuple[float, float, float]
    """For those before the declaration."""
    rests_on: tuple[str, ...]
    """Names of the assumptions."""
    currency: str
    """Of the figures."""


@dataclass(frozen=True, slots=True)
class Member:
    """An account of the campaign."""

    account_id: str | int
    probability: float
    flagged_at: datetime | None
    """None for one that goes to review."""


def campaign_of(scan: PublishedScan, campaign_id: str) -> Campaign:
    """Return a campaign by its id.

    Raises:
        ConfigurationError: the scan declared no such campaign.
    """
    for campaign in scan.campaigns:
        if campaign.campaign_id == campaign_id:
            return campaign
    raise ConfigurationError(
        "the scan declared no such campaign",
        where=ascii(campaign_id)[:200],
        todo="stillwatch campaigns list prints the ids",
    )


def document_of(scan: PublishedScan, campaign: Campaign) -> Mapping[str, Any]:
    """Return the campaign's own record, as ``campaigns.json`` holds it."""
    found: Mapping[str, Any] = scan.document["campaigns"][scan.campaigns.index(campaign)]
    return found


def costs_of(document: Mapping[str, Any]) -> tuple[Cost, ...]:
    """Return the figures of money that a campaign's record holds; none where it holds none."""
    damage = document.get("damage")
    if not damage:
        return ()
    return tuple(
        Cost(
            figure["name"],
            NAMES.get(figure["name"], figure["name"]),
            _range(figure["whole"]),
            _range(figure["leaked"]),
            tuple(figure["rests_on"]),
            damage["currency"],
        )
        for figure in damage["figures"]
    )


def ranked_members(campaign: Campaign, most: int) -> tuple[Member, ...]:
    """Return the members, most probable first.

    Args:
        campaign: theirs.
        most: how many at most.
    """
    ranked = sorted(campaign.members.items(), key=lambda item: (-item[1], str(item[0])))
    return tuple(Member(a, p, campaign.flagged_at.get(a)) for a, p in ranked[:most])


def campaign_facts(scan: PublishedScan, campaign: Campaign, *, members: int) -> dict[str, object]:
    """Return what the template ``campaign`` reads.

    Args:
        scan: that declared it.
        campaign: one of the scan's.
        members: how many accounts are listed, most probable first.
    """
    document = document_of(scan, campaign)
    costs = costs_of(document)
    used = {key for cost in costs for key in cost.rests_on}
    judged = _of(campaign, "evidence", enough=True)
    return {
        "scan": scan,
        "campaign": campaign,
        "evidence": [f for f in judged if f.log_e > 0],
        "ordinary": [f for f in judged if f.log_e <= 0],
        "silent": _of(campaign, "evidence", enough=False),
        "explained": _of(campaign, "explanation", enough=True),
        "proposals": _of(campaign, "proposal", enough=True),
        "lineage": lineage_of(campaign, scan.campaigns),
        "costs": costs,
        "tokens": _tokens(document),
        "assumptions": [a for a in scan.document.get("assumptions", ()) if a["key"] in used],
        "members": ranked_members(campaign, members),
    }


def _of(campaign: Campaign, role: str, *, enough: bool) -> tuple[Finding, ...]:
    found = [f for f in campaign.findings if f.role == role and f.enough_data == enough]
    return tuple(sorted(found, key=lambda finding: -finding.log_e))


def _tokens(document: Mapping[str, Any]) -> dict[str, tuple[float, float, float]]:
    damage = document.get("damage") or {}
    names = ("input_tokens", "output_tokens", "leaked_output_tokens")
    return {name: _range(damage[name]) for name in names if name in damage}


def _range(figures: Mapping[str, float]) -> tuple[float, float, float]:
    return (float(figures["low"]), float(figures["likely"]), float(figures["high"]))
