"""What ``campaigns.json`` says beside a verdict: harvest, use, shared values, lineage, damage.

These came later than the format and are optional in it: a document without them is read alike.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from stillwatch.records import Entity, Example, FamilyVote, ModelUse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stillwatch.records import Campaign
    from stillwatch.report.assumptions import Assumptions
    from stillwatch.report.damage import Damage

__all__ = ["beside_campaign", "parse_beside", "stated"]

_ZULU = "%Y-%m-%dT%H:%M:%S.%fZ"


def beside_campaign(campaign: Campaign, damage: Damage | None) -> dict[str, Any]:
    """Return the members of a campaign's JSON object that are optional."""
    return {
        "harvested": [
            {"kind": kind, "confidence": confidence}
            for kind, confidence in campaign.harvested.items()
        ],
        "log_odds": campaign.log_odds,
        "usage": [asdict(use) for use in campaign.usage],
        "entities": [asdict(entity) for entity in campaign.entities],
        "votes": [asdict(vote) for vote in campaign.votes],
        "examples": [
            asdict(example)
            | {"time": example.time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")}
            for example in campaign.examples
        ],
        "split_from": campaign.split_from,
        "merged": list(campaign.merged),
        "damage": None if damage is None else _damage(damage),
    }


def parse_beside(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return the optional members as arguments of ``records.Campaign``.

    Raises:
        KeyError: one is there and lacks a member.
        TypeError: one is of another shape.
        ValueError: a time is none.
    """
    return {
        "harvested": {entry["kind"]: entry["confidence"] for entry in item.get("harvested", ())},
        "log_odds": item.get("log_odds"),
        "usage": tuple(ModelUse(**entry) for entry in item.get("usage", ())),
        "entities": tuple(
            Entity(**{**entry, "members": tuple(entry["members"])})
            for entry in item.get("entities", ())
        ),
        "votes": tuple(
            FamilyVote(**{**entry, "null": tuple(entry["null"])}) for entry in item.get("votes", ())
        ),
        "examples": tuple(
            Example(**{**entry, "time": datetime.fromisoformat(entry["time"])})
            for entry in item.get("examples", ())
        ),
        "split_from": item.get("split_from"),
        "merged": tuple(item.get("merged", ())),
    }


def _damage(damage: Damage) -> dict[str, Any]:
    return {
        "currency": damage.currency,
        "exchanges": damage.exchanges,
        "leaked": damage.leaked,
        "input_tokens": damage.input_tokens._asdict(),
        "output_tokens": damage.output_tokens._asdict(),
        "leaked_output_tokens": damage.leaked_output_tokens._asdict(),
        "figures": [
            {
                "name": figure.name,
                "whole": figure.whole._asdict(),
                "leaked": figure.leaked._asdict(),
                "rests_on": list(figure.rests_on),
            }
            for figure in damage.figures
        ],
    }


def stated(assumptions: Assumptions) -> list[dict[str, Any]]:
    """Return every assumption with its sources, as JSON."""
    return [
        {
            "key": item.key,
            "says": item.says,
            **item.range._asdict(),
            "unit": item.unit,
            "note": item.note,
            "sources": [asdict(assumptions.sources[key]) for key in item.sources],
        }
        for item in assumptions.stated.values()
    ]
