"""Campaigns and verdicts as events of the Open Cybersecurity Schema Framework, version 1.8.0.

A campaign is one Incident Finding (class 2005) and a flagged account one Detection Finding (class
2004).  Every text that a log could have chosen is spelled out and bounded first.
"""

from __future__ import annotations

import json
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from stillwatch import __version__
from stillwatch.report.documents.ocsf_event import (
    CONFIDENCES,
    EPOCH,
    OCSF_VERSION,
    Activity,
    Context,
    Event,
    account_text,
    encoded,
    head,
    metadata,
    millis,
    playbook_enrichment,
    stable_id,
)
from stillwatch.report.documents.visible import shorten, visible
from stillwatch.report.documents.words import count, measure, spaced

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from stillwatch.records import Campaign, Finding, Verdict

__all__ = [
    "OCSF_VERSION",
    "Activity",
    "Context",
    "Event",
    "account_text",
    "detection",
    "incident",
    "ocsf_lines",
    "stable_id",
]

_FINDINGS = 12
_ACCOUNTS = 50
_EXCHANGES = 20
_SENTENCE = 300
_BUDGET = 4_000  # bytes of JSON for a list of texts: an event must fit into a datagram
_USER_UID = 31  # observable type: the attribute uid of a user
_ANALYTIC_STATISTICAL = 3


def incident(
    campaign: Campaign, activity: Activity = Activity.CREATE, context: Context | None = None
) -> Event:
    """Return a campaign as an Incident Finding.

    Args:
        campaign: what was declared.
        activity: creation, a change, or a withdrawal.
        context: what the event says beside it.
    """
    context = context or Context()
    created = activity is Activity.CREATE
    time = campaign.declared_at if created or context.time is None else context.time
    name = account_text(campaign.campaign_id)
    uid = stable_id("incident", int(activity), name, millis(campaign.declared_at), context.revision)
    severity = 1 if activity is Activity.CLOSE else 3 if campaign.review_only else 4
    document = {
        **head(2005, "Incident Finding", activity, time, severity),
        "metadata": metadata(uid, name, ["incident"]),
        "message": _message(campaign, activity),
        "desc": _described(campaign),
        "start_time": millis(campaign.first_seen),
        "finding_info_list": [_campaign_info(campaign, name), *_detector_infos(campaign, name)],
        "assignee_group": {"name": visible(context.assignee_group, 200)},
        "confidence_id": 2 if campaign.review_only else 3,
        "confidence": CONFIDENCES[2 if campaign.review_only else 3],
        **_incident_status(activity),
        "observables": [
            {"name": "unmapped.accounts[]", "type_id": _USER_UID, "value": account}
            for account in _leading(campaign)
        ],
        "unmapped": _campaign_facts(campaign),
    }
    last = _last(campaign.findings)
    if last is not None:
        document["end_time"] = millis(last)
    if context.playbook is not None:
        document["enrichments"] = [playbook_enrichment(context.playbook)]
    return Event(uid, time, severity, name, encoded(document))


def detection(
    verdict: Verdict,
    campaign: Campaign | None,
    activity: Activity = Activity.CREATE,
    context: Context | None = None,
) -> Event:
    """Return a flagged account as a Detection Finding.

    Args:
        verdict: the account's; ``flagged_at`` is not None unless the verdict is withdrawn.
        campaign: the campaign it was flagged for, where the scan still has it.
        activity: flagging, a change of the verdict, or its withdrawal.
        context: what the event says beside it.
    """
    context = context or Context()
    created = activity is Activity.CREATE
    time = verdict.flagged_at if created or context.time is None else context.time
    time = time or EPOCH
    account = account_text(verdict.account_id)
    name = account_text(verdict.campaign_id or "")
    flagged = None if verdict.flagged_at is None else millis(verdict.flagged_at)
    uid = stable_id("detection", int(activity), verdict.account_id, name, flagged, context.revision)
    review = verdict.recommended_measure == "review" or (campaign and campaign.review_only)
    severity = 1 if activity is Activity.CLOSE else 3 if review else 4
    confidence = 3 if verdict.score >= 0.9 else 2 if verdict.score >= 0.6 else 1
    word = {1: "flagged", 2: "verdict changed", 3: "no longer flagged"}[int(activity)]
    document = {
        **head(2004, "Detection Finding", activity, time, severity),
        "metadata": metadata(uid, name, []),
        "message": f"account {shorten(account)} {word}, campaign {shorten(name)}",
        "finding_info": _account_info(verdict, account, name, time),
        "is_alert": activity is not Activity.CLOSE,
        "confidence_id": confidence,
        "confidence": CONFIDENCES[confidence],
        "confidence_score": max(0, min(100, round(100 * verdict.score))),
        **_detection_status(activity),
        "evidences": [_evidence(verdict, campaign, account)],
        "observables": [{"name": "evidences[].user.uid", "type_id": _USER_UID, "value": account}],
        "unmapped": {
            "account_id": verdict.account_id if isinstance(verdict.account_id, int) else account,
            "campaign_id": name or None,
            "flagged_at": flagged,
            "score": round(verdict.score, 6),
            "recommended_measure": visible(verdict.recommended_measure, 200),
        },
    }
    if campaign is not None:
        document["start_time"] = millis(campaign.first_seen)
    if context.playbook is not None:
        document["enrichments"] = [playbook_enrichment(context.playbook)]
        document["remediation"] = {
            "desc": _advice(verdict.recommended_measure),
            "references": [context.playbook],
        }
    return Event(uid, time, severity, name, encoded(document))


def ocsf_lines(campaigns: Sequence[Campaign], verdicts: Sequence[Verdict]) -> Iterator[str]:
    """Yield the lines of ``findings.ocsf.ndjson``: campaigns first, then flagged accounts."""
    by_id = {item.campaign_id: item for item in campaigns}
    for campaign in campaigns:
        yield incident(campaign).text + "\n"
    for verdict in verdicts:
        if verdict.flagged_at is not None:
            yield detection(verdict, by_id.get(verdict.campaign_id or "")).text + "\n"


def _campaign_info(campaign: Campaign, name: str) -> dict[str, Any]:
    info: dict[str, Any] = {
        "uid": name,
        "title": f"Coordinated campaign: {shorten(spaced(campaign.kind))}",
        "desc": _described(campaign),
        "types": ["coordination", shorten(campaign.kind)],
        "created_time": millis(campaign.declared_at),
        "first_seen_time": millis(campaign.first_seen),
        "analytic": {
            "name": "stillwatch campaigns",
            "type_id": _ANALYTIC_STATISTICAL,
            "type": "Statistical",
            "version": __version__,
        },
    }
    last = _last(campaign.findings)
    if last is not None:
        info["last_seen_time"] = millis(last)
    return info


def _detector_infos(campaign: Campaign, name: str) -> Iterator[dict[str, Any]]:
    """Yield what the detectors that had a say found, strongest first."""
    spoke = [f for f in campaign.findings if f.role == "evidence" and f.enough_data and f.log_e > 0]
    for finding in spoke[:_FINDINGS]:
        info: dict[str, Any] = {
            "uid": f"{name}/{visible(finding.detector, 100)}",
            "title": shorten(finding.detector, 100),
            "desc": visible(finding.explanation, _SENTENCE),
            "types": [shorten(finding.family)],
            "analytic": {
                "name": shorten(finding.detector, 100),
                "category": shorten(finding.family),
                "type_id": _ANALYTIC_STATISTICAL,
                "type": "Statistical",
                "version": __version__,
            },
        }
        if finding.first is not None:
            info["first_seen_time"] = millis(finding.first)
        if finding.last is not None:
            info["last_seen_time"] = millis(finding.last)
        yield info


def _account_info(verdict: Verdict, account: str, name: str, time: datetime) -> dict[str, Any]:
    return {
        "uid": stable_id("account", verdict.account_id),
        "title": f"Account {shorten(account)} takes part in a coordinated campaign",
        "desc": " ".join(_within(verdict.reasons, _SENTENCE)),
        "types": ["coordination"],
        "created_time": millis(verdict.flagged_at or time),
        "related_events": [{"uid": name, "type_uid": 200501, "type": "Incident Finding"}]
        if name
        else [],
        "analytic": {
            "name": "stillwatch membership",
            "type_id": _ANALYTIC_STATISTICAL,
            "type": "Statistical",
            "version": __version__,
        },
    }


def _evidence(verdict: Verdict, campaign: Campaign | None, account: str) -> dict[str, Any]:
    findings = () if campaign is None else campaign.findings
    ids = dict.fromkeys(text for finding in findings for text in finding.exchanges)
    return {
        "user": {"uid": account, "type_id": 1, "type": "User"},
        "data": {
            "reasons": _within(verdict.reasons, _SENTENCE),
            "campaign_exchanges": _within(list(ids)[:_EXCHANGES], 200),
        },
    }


def _campaign_facts(campaign: Campaign) -> dict[str, Any]:
    return {
        "kind": visible(campaign.kind, 200),
        "kind_confidence": _finite(campaign.kind_confidence),
        "log_e": _finite(campaign.log_e),
        "members": len(campaign.members),
        "flagged": len(campaign.flagged_at),
        "exchanges": int(campaign.exchanges),
        "leaked": int(campaign.leaked),
        "recommended_measure": visible(campaign.recommended_measure, 200),
        "review_only": bool(campaign.review_only),
        "explanations": _within(campaign.explanations, _SENTENCE),
        "accounts": _leading(campaign),
    }


def _incident_status(activity: Activity) -> dict[str, Any]:
    """Return state and verdict: coordination was shown, and guilt is for a person to decide."""
    if activity is Activity.CLOSE:
        return {
            "status_id": 5,
            "status": "Closed",
            "verdict_id": 7,
            "verdict": "Insufficient Data",
        }
    state = (1, "New") if activity is Activity.CREATE else (0, "Unknown")
    return {
        "status_id": state[0],
        "status": state[1],
        "verdict_id": 4,
        "verdict": "Suspicious",
    }


def _detection_status(activity: Activity) -> dict[str, Any]:
    state = {1: (1, "New"), 2: (0, "Unknown"), 3: (99, "Withdrawn")}[int(activity)]
    return {"status_id": state[0], "status": state[1]}


def _message(campaign: Campaign, activity: Activity) -> str:
    word = {1: "declared", 2: "changed", 3: "withdrawn"}[int(activity)]
    return (
        f"campaign {shorten(campaign.campaign_id)} {word}: {count(len(campaign.flagged_at))} "
        f"accounts flagged, {count(int(campaign.exchanges))} exchanges"
    )


def _described(campaign: Campaign) -> str:
    text = (
        f"{count(len(campaign.members))} accounts act together "
        f"({shorten(spaced(campaign.kind))}); {count(int(campaign.leaked))} of "
        f"{count(int(campaign.exchanges))} exchanges came before the declaration. "
        f"Recommended: {_advice(campaign.recommended_measure)}."
    )
    if campaign.review_only:
        text += " An innocent explanation stands beside the evidence: a person must decide."
    return text


def _advice(name: str) -> str:
    meaning = measure(name)
    return shorten(name) + (f": {meaning}" if meaning else "")


def _leading(campaign: Campaign) -> list[str]:
    ranked = sorted(campaign.members.items(), key=lambda pair: (-pair[1], str(pair[0])))
    texts = [account_text(account) for account, _ in ranked[:_ACCOUNTS]]
    return texts[: _fitting(texts)]


def _within(texts: Sequence[str], longest: int) -> list[str]:
    """Return the first texts that fit, spelled out and each cut."""
    shown = [visible(text, longest) for text in texts[:_ACCOUNTS]]
    return shown[: _fitting(shown)]


def _fitting(texts: Sequence[str]) -> int:
    sizes = accumulate(len(json.dumps(text)) for text in texts)
    return sum(size <= _BUDGET for size in sizes)


def _last(findings: Sequence[Finding]) -> datetime | None:
    return max((f.last for f in findings if f.last is not None), default=None)


def _finite(value: float) -> float | None:
    return round(float(value), 6) if abs(value) < 1e300 else None
