"""``report.html``: one file that needs no network, no script and no other file.

Every value that reaches the page passes through :func:`visible.visible` and then through
Jinja's escaping; pictures are drawn by the template from the geometry of ``charts``, ``votes``,
``network`` and ``amounts``.  A scan's result holds no prompt and no answer; prompts of the few
examples enter only where the caller hands them over.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import jinja2
import pyarrow.compute as pc

from stillwatch import __version__
from stillwatch.report.damage import NAMES, together
from stillwatch.report.documents.amounts import Amounts, amounts
from stillwatch.report.documents.charts import Timeline, overview_spans, timeline
from stillwatch.report.documents.lineage import lineage_of
from stillwatch.report.documents.network import SIGNS, Network, network
from stillwatch.report.documents.templating import environment
from stillwatch.report.documents.visible import visible
from stillwatch.report.documents.votes import Votes, threshold, votes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    import pyarrow as pa

    from stillwatch.records import Campaign, Example, Finding, ScanResult
    from stillwatch.report.assumptions import Assumptions, Range
    from stillwatch.report.damage import Damage

__all__ = ["render_report"]

_CAMPAIGNS = 60
_WHOLE = 20
"""Campaigns whose network, amounts and members are shown in full; later ones are shorter."""
_LISTED = 400
_MEMBERS = 100
_FEWER = 25
_PROMPT = 600
"""Characters of a prompt that are shown."""
_GROUPS = 40
_SPANS = 20
_TOO_WEAK = tuple(f"not declared, J-{rule}:" for rule in (2, 9, 10, 11, 12))
"""How a decision begins that no explanation was needed for (rules of ``find.campaigns.judge``)."""


@dataclass(frozen=True, slots=True)
class Member:
    """One row of the members table."""

    account_id: str | int
    """As in the input."""
    probability: float
    """Membership probability."""
    flagged_at: datetime | None
    """None for a member that goes to review."""


@dataclass(frozen=True, slots=True)
class CampaignView:
    """One campaign as the page shows it."""

    anchor: str
    """Fragment of its section."""
    campaign: Campaign
    """The campaign."""
    timeline: Timeline
    """Creation, traffic and flags."""
    votes: Votes
    """Evidence by family."""
    members: tuple[Member, ...]
    """Most probable members, capped."""
    evidence: tuple[Finding, ...]
    """Findings that speak against the group, strongest first."""
    silent: tuple[Finding, ...]
    """Findings without enough data."""
    proposals: tuple[Finding, ...]
    """What proposed the group."""
    explained: tuple[Finding, ...]
    """Findings that speak for the group."""
    network: Network | None
    """Accounts and what they share; None where nothing is known, or in a short section."""
    amounts: Amounts | None
    """What was taken, in money; None where the use of models was not kept."""
    damage: Damage | None
    """The same, with tokens."""
    examples: tuple[Example, ...]
    """A few exchanges."""
    lineage: tuple[tuple[str, tuple[str, ...]], ...]
    """What happened to it, and the campaigns that it happened with."""
    whole: bool
    """Whether the section is shown in full."""


@dataclass(frozen=True, slots=True)
class GroupView:
    """A group that was not declared."""

    group: str
    """Its id."""
    accounts: int
    """Accounts judged."""
    strongest: Finding | None
    """Strongest evidence against it."""
    explained: tuple[Finding, ...]
    """Explanations that speak for it."""
    short: bool
    """Whether the evidence was too weak, and no explanation was needed."""


@dataclass(frozen=True, slots=True)
class Beside:
    """What is shown beside a scan's result."""

    damages: Mapping[str, Damage]
    """By campaign."""
    assumptions: Assumptions | None
    """What the damages rest on."""
    prompts: Mapping[str, str]
    """Prompts of examples, by exchange; empty unless asked for."""


@dataclass(frozen=True, slots=True)
class Total:
    """A figure of money over all campaigns."""

    says: str
    """What it means."""
    whole: Range
    """For all exchanges."""
    leaked: Range
    """For those before a declaration."""


def render_report(
    result: ScanResult,
    activity: pa.Table | None = None,
    *,
    damages: Mapping[str, Damage] | None = None,
    assumptions: Assumptions | None = None,
    prompts: Mapping[str, str] | None = None,
) -> str:
    """Return the report as HTML text.

    Args:
        result: what the scan found.
        activity: traffic, creation and blocks by campaign and bin, columns ``tables.ACTIVITY``.
        damages: by campaign id; none is shown without them.
        assumptions: what the damages rest on.
        prompts: text of examples by exchange id, shown only where given.
    """
    beside = Beside(damages or {}, assumptions, prompts or {})
    asked = threshold(result.groups_tested, result.alpha, len(result.campaigns))
    views = [
        _campaign_view(number, campaign, _of(activity, campaign), asked, result, beside)
        for number, campaign in enumerate(result.campaigns[:_CAMPAIGNS], start=1)
    ]
    spans, ticks = overview_spans(result.campaigns[:_SPANS], result.first, result.as_of)
    groups = _groups(result)
    explained = [group for group in groups if group.explained and not group.short]
    short = [group for group in groups if group.short or not group.explained]
    text: str = (
        _environment()
        .get_template("report.html.j2")
        .render(
            version=__version__,
            result=result,
            asked=asked,
            flagged=sum(verdict.flagged_at is not None for verdict in result.verdicts),
            harvest=sum(campaign.exchanges for campaign in result.campaigns),
            leaked=sum(campaign.leaked for campaign in result.campaigns),
            views=views,
            listed=result.campaigns[:_LISTED],
            spans=spans,
            ticks=ticks,
            explained=explained[:_GROUPS],
            explained_total=len(explained),
            short=short[: _GROUPS // 2],
            short_total=len(short),
            totals=_totals(beside.damages),
            assumptions=assumptions if beside.damages else None,
            prompts=beside.prompts,
            signs=SIGNS,
        )
    )
    return text


def _totals(damages: Mapping[str, Damage]) -> tuple[Total, ...]:
    sums = together(damages.values())
    return tuple(
        Total(says, sums[name], sums[f"{name}, leaked"])
        for name, says in NAMES.items()
        if name in sums
    )


@cache
def _environment() -> jinja2.Environment:
    loader = jinja2.PackageLoader("stillwatch.report.documents", ".")
    return environment(loader, _finalize, prompt=_prompt)


def _finalize(value: object) -> object:
    """Spell out what is invisible in every value that the template prints."""
    if isinstance(value, str) and not hasattr(value, "__html__"):  # escaped text is done
        return visible(value)
    return value


def _prompt(text: str) -> list[str]:
    """Return a prompt's lines, cut, with nothing invisible in any of them."""
    cut, rest = text[:_PROMPT], max(len(text) - _PROMPT, 0)
    lines = [visible(line) for line in cut.splitlines()]
    return [*lines, f"… ({rest:,} more characters)"] if rest else lines


def _of(activity: pa.Table | None, campaign: Campaign) -> pa.Table | None:
    if activity is None:
        return None
    return activity.filter(pc.equal(activity.column("campaign_id"), campaign.campaign_id))


def _campaign_view(
    number: int,
    campaign: Campaign,
    activity: pa.Table | None,
    asked: float,
    result: ScanResult,
    beside: Beside,
) -> CampaignView:
    whole = number <= _WHOLE
    ranked = sorted(campaign.members.items(), key=lambda item: (-item[1], str(item[0])))
    evidence, silent, proposals, explained = _sorted_findings(campaign.findings)
    damage = beside.damages.get(campaign.campaign_id)
    return CampaignView(
        anchor=f"campaign-{number}",
        campaign=campaign,
        timeline=timeline(campaign, activity, result.as_of, result.events),
        votes=votes(campaign, asked),
        members=tuple(
            Member(account, probability, campaign.flagged_at.get(account))
            for account, probability in ranked[: _MEMBERS if whole else _FEWER]
        ),
        evidence=evidence,
        silent=silent,
        proposals=proposals,
        explained=explained,
        network=network(campaign) if whole else None,
        amounts=None if damage is None else amounts(damage),
        damage=damage,
        examples=campaign.examples if whole else campaign.examples[:3],
        lineage=lineage_of(campaign, result.campaigns),
        whole=whole,
    )


def _sorted_findings(findings: Sequence[Finding]) -> tuple[tuple[Finding, ...], ...]:
    """Return evidence, abstentions, proposals and explanations, each strongest first."""
    ranked = sorted(findings, key=lambda finding: -finding.log_e)
    judged = [f for f in ranked if f.role == "evidence" and f.enough_data]
    silent = [f for f in ranked if f.role == "evidence" and not f.enough_data]
    proposals = [f for f in ranked if f.role == "proposal"]
    explained = [f for f in ranked if f.role == "explanation" and f.enough_data]
    return tuple(judged), tuple(silent), tuple(proposals), tuple(explained)


def _groups(result: ScanResult) -> list[GroupView]:
    """Return the groups that were not declared, those with the strongest evidence first."""
    declared = {campaign.campaign_id for campaign in result.campaigns}
    declared |= {f.group for campaign in result.campaigns for f in campaign.findings}
    by_group: dict[str, list[Finding]] = {}
    for finding in result.findings:
        if finding.group not in declared:
            by_group.setdefault(finding.group, []).append(finding)
    views = []
    for group, findings in by_group.items():
        evidence, _, _, explained = _sorted_findings(findings)
        accounts = max(finding.n for finding in findings)
        short = any(finding.explanation.startswith(_TOO_WEAK) for finding in explained)
        views.append(GroupView(group, accounts, next(iter(evidence), None), explained, short))
    views.sort(key=lambda view: (-(view.strongest.log_e if view.strongest else 0), view.group))
    return views
