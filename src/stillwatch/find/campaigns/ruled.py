"""A replay's campaigns under what people decided: the last step, after which nothing is learned.

D-1  A decision is about the campaign of its id; where no campaign has it, about the one that holds
     half of the smaller of both groups.
D-2  A rejected campaign is not declared, unless its evidence has grown materially (`grown`); then
     it is declared for review.
D-3  A benign campaign is not declared; it is reported with its evidence beside the explanation's
     name and the share of its accounts that the explanation was given for. Accounts that joined
     later are not covered: a few are put before a person, many make it a campaign for review.
D-4  A confirmed campaign is declared, also where the scan does not find it any more.
D-5  A merged campaign goes on under the other's name.
D-6  Accounts that were split off are a campaign of the name given, if they are members.
D-7  An account that was moved is a member where the person put it, from its first flag on.
D-8  With a last look given, decisions made after it do not count.

Looks are replayed without decisions, so that taking one back brings back what the scan says.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from stillwatch.find.campaigns.carried import Declared, Part
from stillwatch.find.campaigns.judge import REVIEW, SMALLEST, Judged, confined
from stillwatch.find.campaigns.result import set_aside
from stillwatch.find.campaigns.rulings import grown
from stillwatch.find.campaigns.weigh import weigh
from stillwatch.records import Campaign, Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from stillwatch.find.campaigns.rulings import Ruling
    from stillwatch.find.features.view import View
    from stillwatch.records import ScanResult, Verdict

__all__ = ["Aside", "Ruled", "ruled", "spoken"]

_SAME = 0.5
"""Share of the smaller group that makes two groups one (D-1)."""


@dataclass(frozen=True, slots=True)
class Aside:
    """A campaign that a person set aside."""

    name: str
    judged: Judged
    accounts: tuple[int, ...]
    fresh: frozenset[int]
    """Of these, those that joined after the decision."""
    rule: str
    """In words, with its number."""


@dataclass(slots=True)
class Ruled:
    """Campaigns under the decisions, and what is to be said of them."""

    campaigns: list[Declared]
    aside: list[Aside] = field(default_factory=list)
    notes: dict[str, list[str]] = field(default_factory=dict)
    """By campaign id."""
    review: set[str] = field(default_factory=set)
    """Campaigns that are declared for review alone."""
    absent: list[Ruling] = field(default_factory=list)
    """Confirmed campaigns that were not found."""


def ruled(
    campaigns: Sequence[Declared], rulings: Iterable[Ruling], until: datetime | None, view: View
) -> Ruled:
    """Return the campaigns under the decisions.

    Args:
        campaigns: each with its name.
        rulings: in order.
        until: last look that was asked for; None where none was.
        view: what is known.
    """
    out = Ruled([replace(campaign) for campaign in campaigns])  # they change, what they hold not
    codes = {str(value): code for code, value in enumerate(view.log.accounts.ids.to_pylist())}
    for ruling in rulings:
        if until is not None and ruling.at > until:  # D-8
            continue
        known = {codes[account] for account in ruling.members if account in codes}
        campaign = _about(out.campaigns, ruling.campaign_id, known)
        if campaign is None:
            if ruling.action == "confirm":
                out.absent.append(ruling)
            continue
        if ruling.action == "confirm":
            _note(out, campaign, f"confirmed by a person on {_day(ruling)}: {ruling.reason}")
        elif ruling.action in {"reject", "benign"}:
            _set_aside(out, campaign, ruling, known)
        elif ruling.action == "merge":
            _merge(out, campaign, ruling)
        else:
            chosen = {codes[account] for account in ruling.accounts if account in codes}
            _take_out(out, campaign, chosen & campaign.flagged_at.keys(), ruling, view)
    return out


def spoken(result: ScanResult, said: Ruled, view: View) -> ScanResult:
    """Return a scan's result with what the decisions make of it.

    Args:
        result: of the campaigns in ``said``.
        said: what was decided.
        view: what is known.
    """
    campaigns = [
        replace(
            item,
            explanations=(*item.explanations, *said.notes.get(item.campaign_id, ())),
            review_only=item.campaign_id in said.review,
            recommended_measure="review"
            if item.campaign_id in said.review
            else item.recommended_measure,
        )
        for item in result.campaigns
    ]
    findings = list(result.findings)
    verdicts = [
        replace(verdict, recommended_measure="review")
        if verdict.campaign_id in said.review
        else verdict
        for verdict in result.verdicts
    ]
    for aside in said.aside:
        findings += set_aside(aside.judged, aside.rule, aside.name, view)
        for account in aside.accounts:
            verdicts[account] = _left_out(aside, account, verdicts[account])
    places = {str(verdict.account_id): place for place, verdict in enumerate(verdicts)}
    for ruling in said.absent:  # D-4
        found = [places[account] for account in ruling.members if account in places]
        free = [place for place in found if verdicts[place].flagged_at is None]
        if not free:
            continue
        kept = _kept(ruling, [verdicts[place].account_id for place in free], result.as_of)
        campaigns.append(kept)
        findings += kept.findings
        for place in free:
            verdicts[place] = replace(
                verdicts[place],
                campaign_id=kept.campaign_id,
                flagged_at=kept.declared_at,
                score=1.0,
                reasons=(kept.findings[0].explanation,),
                recommended_measure=kept.recommended_measure,
            )
    campaigns.sort(key=lambda item: (item.declared_at, item.campaign_id))
    return replace(
        result, campaigns=tuple(campaigns), findings=tuple(findings), verdicts=tuple(verdicts)
    )


def _left_out(aside: Aside, account: int, verdict: Verdict) -> Verdict:
    """Return the verdict of an account of a campaign that was set aside (D-2, D-3)."""
    if verdict.flagged_at is not None:
        return verdict
    why = f"weighed in a group and not flagged, {aside.rule}"
    if account in aside.fresh:
        why += "; the account joined after that was decided, and a person has to look"
        return replace(verdict, score=REVIEW, reasons=(why,), recommended_measure="review")
    weight = 0.5 * aside.judged.total / (abs(aside.judged.total) + 20.0)
    score = min(max(weight, 0.0), REVIEW)
    return replace(verdict, score=score, reasons=(why,), recommended_measure="observe")


def _about(campaigns: list[Declared], name: str, known: set[int]) -> Declared | None:
    """Return the campaign that a decision is about (D-1)."""
    for campaign in campaigns:
        if campaign.parts[0].name == name:
            return campaign
    best, most = None, 0
    for campaign in campaigns:
        shared = len(known & campaign.flagged_at.keys())
        smaller = min(len(known), len(campaign.flagged_at))
        if shared > most and shared >= max(_SAME * smaller, SMALLEST):
            best, most = campaign, shared
    return best


def _set_aside(out: Ruled, campaign: Declared, ruling: Ruling, known: set[int]) -> None:
    benign = ruling.action == "benign"
    more = grown(
        [str(a) for a in known],
        ruling.log_odds,
        [str(a) for a in campaign.flagged_at],
        weigh(campaign.judged),
        explained=benign,
    )
    name = campaign.parts[0].name
    said = f"explained as {ruling.name!r}" if benign else "rejected"
    said += f" by a person on {_day(ruling)}: {ruling.reason}"
    if more:
        _note(out, campaign, f"{said}; declared again for review, since {more}")
        out.review.add(name)
        return
    out.review.discard(name)
    fresh = frozenset(campaign.flagged_at.keys() - known)
    held = len(campaign.flagged_at) - len(fresh)
    rule = f"D-{3 if benign else 2}: {said}"
    rule += f" ({held} of {len(campaign.flagged_at)} accounts were there then)"
    accounts = tuple(sorted(campaign.flagged_at))
    out.aside.append(Aside(name, campaign.judged, accounts, fresh if benign else frozenset(), rule))
    _drop(out, campaign)


def _merge(out: Ruled, campaign: Declared, ruling: Ruling) -> None:
    own = campaign.parts[0]
    into = next((one for one in out.campaigns if one.parts[0].name == ruling.other), None)
    if into is campaign:
        return
    if into is None:  # the other is not found any more: its name goes on
        part = replace(own, name=ruling.other, of="", took=(*own.took, own.name))
        campaign.parts = (part,)
        return
    flagged = dict(into.flagged_at)
    for account, time in campaign.flagged_at.items():
        flagged[account] = min(time, flagged.get(account, time))
    if len(campaign.flagged_at) > len(into.flagged_at):
        into.judged = campaign.judged
    into.parts = (replace(into.parts[0], took=(*into.parts[0].took, *own.took, own.name)),)
    into.declared_at = min(into.declared_at, campaign.declared_at)
    into.probability = {
        a: max(into.probability.get(a, 0.0), campaign.probability.get(a, 0.0)) for a in flagged
    }
    into.flagged_at, into.rows = flagged, into.rows | campaign.rows
    _drop(out, campaign)


def _take_out(out: Ruled, campaign: Declared, chosen: set[int], ruling: Ruling, view: View) -> None:
    """Take accounts out of a campaign, into a new one (D-6), another or none (D-7)."""
    if not chosen:
        return
    rows = np.array(sorted(campaign.rows), np.int64)
    moved = set(rows[np.isin(view.log.account[rows], sorted(chosen))].tolist())
    flagged = {a: campaign.flagged_at[a] for a in chosen}
    probability = {a: campaign.probability[a] for a in chosen}
    left = campaign.flagged_at.keys() - chosen
    if ruling.action == "split":
        part = Part(ruling.name, tuple(sorted(chosen)), campaign.parts[0].name)
        judged = confined(campaign.judged, np.array(sorted(chosen), np.int32), view)
        made = Declared(min(flagged.values()), judged, flagged, probability, moved, (part,))
        out.campaigns.append(made)
        _note(out, made, f"split off by a person on {_day(ruling)}: {ruling.reason}")
    else:
        target = next((one for one in out.campaigns if one.parts[0].name == ruling.other), None)
        if target is not None and target is not campaign:
            target.flagged_at = {**target.flagged_at, **flagged}
            target.probability = {**target.probability, **probability}
            target.rows = target.rows | moved
    if not left:
        _drop(out, campaign)
        return
    campaign.judged = confined(campaign.judged, np.array(sorted(left), np.int32), view)
    campaign.flagged_at = {a: t for a, t in campaign.flagged_at.items() if a in left}
    campaign.probability = {a: p for a, p in campaign.probability.items() if a in left}
    campaign.rows = campaign.rows - moved


def _drop(out: Ruled, campaign: Declared) -> None:
    out.campaigns = [one for one in out.campaigns if one is not campaign]


def _kept(ruling: Ruling, accounts: list[str | int], as_of: datetime) -> Campaign:
    """Return a confirmed campaign that the scan does not find, as far as it is known."""
    at = min(ruling.at, as_of)
    said = (
        f"confirmed by a person on {_day(ruling)}: {ruling.reason}; this scan does not find the "
        "campaign by itself"
    )
    finding = Finding(
        "decision", "content", ruling.campaign_id, 0.0, True, 0.0, len(accounts), None, None, said,  # noqa: FBT003
        (), "explanation",
    )  # fmt: skip
    return Campaign(
        campaign_id=ruling.campaign_id,
        members=dict.fromkeys(accounts, 1.0),
        flagged_at=dict.fromkeys(accounts, at),
        findings=(finding,),
        log_e=0.0,
        first_seen=at,
        declared_at=at,
        exchanges=0,
        leaked=0,
        kind="unknown",
        kind_confidence=0.0,
        recommended_measure="review",
        review_only=True,
        explanations=(said,),
    )


def _note(out: Ruled, campaign: Declared, words: str) -> None:
    out.notes.setdefault(campaign.parts[0].name, []).append(words)


def _day(ruling: Ruling) -> str:
    return f"{ruling.at:%Y-%m-%d}"
