"""A campaign as an event of MISP (core format), for the operator's own instance.

Indicators are those that may leave, as ``peers`` makes them; the rest describes the campaign.
Account ids are in it only where they were asked for, and the event is then marked TLP:RED.

Source: MISP core format, draft-dulaunoy-misp-core-format.
"""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

from stillwatch.report.documents.visible import visible
from stillwatch.report.documents.words import count, share, spaced, when
from stillwatch.report.statements.campaign import ranked_members
from stillwatch.share.exchange.exports import export

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from stillwatch.records import Campaign
    from stillwatch.report.documents import PublishedScan
    from stillwatch.share.objects import Object

__all__ = ["misp_event"]

_NAMESPACE = uuid.UUID("b7e6cf62-5cf1-4b2d-9d2a-1de4b52f0f6c")
_CATEGORY = "Internal reference"
_SENTENCE = 1_000
_FINDINGS = 40


def misp_event(
    scan: PublishedScan,
    campaign: Campaign,
    items: Sequence[Object] = (),
    *,
    members: int = 0,
    tlp: str = "amber",
) -> str:
    """Return an event as JSON text.

    Args:
        scan: that declared the campaign.
        campaign: one of the scan's.
        items: indicators that may leave.
        members: how many account ids are in it, most probable first; 0 for none.
        tlp: word of TLP 2.0; ``red`` where account ids are in it.
    """
    number = uuid.uuid5(_NAMESPACE, f"{campaign.campaign_id}\n{campaign.declared_at.isoformat()}")
    shared = json.loads(export(list(items), "misp"))["Event"]
    told = [_attribute(number, *one) for one in _told(scan, campaign)]
    listed = ranked_members(campaign, members)
    accounts = [
        _attribute(
            number, "target-user", f"account {index}", visible(str(member.account_id), _SENTENCE)
        )
        | {"category": "Targeting data", "comment": f"membership {member.probability:.3f}"}
        for index, member in enumerate(listed)
    ]
    event = {
        "uuid": str(number),
        "info": f"Distillation campaign {visible(campaign.campaign_id, 200)}",
        "date": f"{campaign.declared_at:%Y-%m-%d}",
        "timestamp": str(_seconds(scan.as_of)),
        "analysis": "1",
        "threat_level_id": "3" if campaign.review_only else "2",
        "distribution": "0",
        "published": False,
        "Tag": [{"name": f"tlp:{'red' if listed else tlp}"}],
        "Attribute": [*told, *accounts, *shared["Attribute"]],
        "Object": shared["Object"],
    }
    return json.dumps({"Event": event}, indent=1, ensure_ascii=True) + "\n"


def _told(scan: PublishedScan, campaign: Campaign) -> Iterator[tuple[str, str, str]]:
    """Yield type, what it is, and value of each attribute that describes the campaign."""
    yield "campaign-id", "id", visible(campaign.campaign_id, 200)
    yield "text", "works by", visible(spaced(campaign.kind), 200)
    for kind, sure in campaign.harvested.items():
        yield "text", "harvested", f"{visible(spaced(kind), 200)} ({share(sure, 1)} sure)"
    yield "text", "first seen", f"{when(campaign.first_seen)} UTC"
    yield "text", "declared", f"{when(campaign.declared_at)} UTC"
    yield "text", "accounts", count(len(campaign.members))
    leaked = f"{count(campaign.leaked)} before the declaration"
    yield "text", "exchanges", f"{count(campaign.exchanges)}, {leaked}"
    yield "text", "recommended", visible(spaced(campaign.recommended_measure), 200)
    spoke = [f for f in campaign.findings if f.role == "evidence" and f.enough_data and f.log_e > 0]
    for finding in spoke[:_FINDINGS]:
        words = f"{finding.detector}: {finding.explanation}"
        yield "text", "evidence", visible(words, _SENTENCE)
    for sentence in campaign.explanations:
        yield "text", "explanation considered", visible(sentence, _SENTENCE)
    yield (
        "comment",
        "limits",
        (
            "Coordination is not guilt. The error rate of the scan, "
            f"{scan.alpha}, is that of false coordination."
        ),
    )


def _attribute(event: uuid.UUID, kind: str, name: str, value: str) -> dict[str, Any]:
    return {
        "uuid": str(uuid.uuid5(event, f"{kind}\n{name}\n{value}")),
        "type": kind,
        "category": "Attribution" if kind == "campaign-id" else _CATEGORY,
        "value": value or " ",
        "comment": name,
        "to_ids": False,
        "distribution": "0",
    }


def _seconds(time: datetime) -> int:
    return int(time.timestamp())
