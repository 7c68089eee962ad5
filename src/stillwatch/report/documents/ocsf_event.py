"""What every event of the Open Cybersecurity Schema Framework needs: ids, times, classes.

An event's ``metadata.uid`` is made from what it says and from nothing else, so that the same scan
gives the same ids in ``findings.ocsf.ndjson`` and in alerts, and a receiver can drop what it has.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import Any

from stillwatch import __version__

__all__ = [
    "CONFIDENCES",
    "EPOCH",
    "OCSF_VERSION",
    "Activity",
    "Context",
    "Event",
    "account_text",
    "encoded",
    "head",
    "metadata",
    "millis",
    "playbook_enrichment",
    "stable_id",
]

OCSF_VERSION = "1.8.0"
"""Release of the schema that events obey."""
CONFIDENCES = {1: "Low", 2: "Medium", 3: "High"}
"""Captions of the schema's ``confidence_id``."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
"""Zero of the schema's times."""

_ID_LENGTH = 256
_SEVERITIES = {1: "Informational", 3: "Medium", 4: "High"}


class Activity(IntEnum):
    """What happened to a finding: the schema's ``activity_id``."""

    CREATE = 1
    UPDATE = 2
    CLOSE = 3


@dataclass(frozen=True, slots=True)
class Context:
    """What an event says beside the campaign or verdict."""

    playbook: str | None = None
    """Address of what to do, without which the event names none."""
    assignee_group: str = "unassigned"
    """Who is to look; the schema asks every incident for one."""
    time: datetime | None = None
    """When the change was seen; a creation has its own time."""
    revision: int = 0
    """How often the same subject changed before; part of the id."""


@dataclass(frozen=True, slots=True)
class Event:
    """One OCSF event, ready to be sent."""

    uid: str
    """``metadata.uid``: equal for equal contents, whoever makes the event and when."""
    time: datetime
    """When it happened, UTC."""
    severity: int
    """The schema's ``severity_id``."""
    subject: str
    """Campaign concerned; receivers that order by key order by this."""
    text: str
    """The event as JSON, ASCII, one line."""


def stable_id(*facts: object) -> str:
    """Return an id that depends on the facts alone, without a full stop.

    >>> stable_id("a", 1) == stable_id("a", 1) != stable_id("a", "1")
    True
    """
    text = json.dumps(facts, ensure_ascii=True, separators=(",", ":"), default=str)
    return "sw_" + hashlib.sha256(text.encode("ascii")).hexdigest()[:40]


def account_text(account: str | int) -> str:
    """Return an account id as the schema's string; an endless one is cut and its digest added."""
    text = str(account)
    if len(text) <= _ID_LENGTH:
        return text
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{text[:64]}…sha256:{digest}"


def head(
    class_uid: int, name: str, activity: Activity, time: datetime, severity: int
) -> dict[str, Any]:
    """Return the attributes that say which class and activity an event is of."""
    word = activity.name.capitalize()
    return {
        "activity_id": int(activity),
        "activity_name": word,
        "category_uid": 2,
        "category_name": "Findings",
        "class_uid": class_uid,
        "class_name": name,
        "type_uid": class_uid * 100 + int(activity),
        "type_name": f"{name}: {word}",
        "time": millis(time),
        "timezone_offset": 0,
        "severity_id": severity,
        "severity": _SEVERITIES[severity],
    }


def metadata(uid: str, correlation: str, profiles: list[str]) -> dict[str, Any]:
    """Return who made an event and what it belongs to."""
    return {
        "version": OCSF_VERSION,
        "uid": uid,
        "correlation_uid": correlation,
        "log_name": "stillwatch",
        "profiles": profiles,
        "product": {"name": "stillwatch", "vendor_name": "stillwatch", "version": __version__},
    }


def playbook_enrichment(address: str) -> dict[str, Any]:
    """Return the link to what to do."""
    return {
        "name": "playbook",
        "type": "url",
        "value": address,
        "data": {"url": address},
        "short_desc": "What to do about this alert",
        "src_url": address,
        "provider": "stillwatch",
    }


def millis(time: datetime) -> int:
    """Return milliseconds since 1970, the schema's time; exact, as floats are not."""
    return (time - EPOCH) // timedelta(milliseconds=1)


def encoded(document: dict[str, Any]) -> str:
    """Return a document as one line of ASCII JSON."""
    return json.dumps(document, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
