"""Indicators for other tools: a STIX bundle, a MISP event, a table.

An export is for the receiver's own analysts.  It carries the marking of each object; where a file
may go, the marking says.
"""

from __future__ import annotations

import csv
import io
import json
import uuid
from typing import TYPE_CHECKING, Any

from stillwatch.share.objects import (
    EXTENSION,
    PROJECT,
    TLP,
    Indicator,
    Network,
    kind_of,
    seconds,
    tlp_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from stillwatch.share.objects import Object

__all__ = ["FORMATS", "export"]

FORMATS = ("stix", "misp", "csv")
"""What `export` writes."""
_COLUMNS = (
    "id",
    "modified",
    "kind",
    "pattern",
    "confidence",
    "tlp",
    "licence",
    "first_seen",
    "last_seen",
    "valid_until",
    "revoked",
    "campaign",
    "author",
    "note",
)
_NAMESPACE = uuid.UUID("3ee21ccd-2368-4863-b9e6-b9604046ffd3")
_MISP_TYPES = {"asn": "AS", "prefix": "ip-src"}
_LEADING = ("=", "+", "-", "@", "\t", "\r")


def export(items: Sequence[Object], form: str) -> str:
    """Return objects in another tool's format.

    Args:
        items: newest versions; a table and a MISP event take the indicators among them.
        form: one of ``FORMATS``.

    >>> from stillwatch.share.objects import examples
    >>> export(list(examples()), "csv").splitlines()[0].split(",")[:3]
    ['id', 'modified', 'kind']
    """
    if form == "stix":
        return json.dumps(_bundle(items), indent=1, ensure_ascii=False) + "\n"
    indicators = [item for item in items if isinstance(item, Indicator)]
    if form == "misp":
        return json.dumps(_event(indicators), indent=1, ensure_ascii=False) + "\n"
    if form == "csv":
        return _table(indicators)
    raise ValueError(form)


def _bundle(items: Sequence[Object]) -> dict[str, Any]:
    """Return a STIX bundle with all that its objects refer to."""
    marked = [TLP[word] for word in TLP]
    found = {item.id: item.to_stix() for item in (PROJECT, EXTENSION, *marked, *items)}
    return {"type": "bundle", "id": f"bundle--{_number(found)}", "objects": list(found.values())}


def _number(names: Iterable[str]) -> uuid.UUID:
    return uuid.uuid5(_NAMESPACE, "\n".join(sorted(names)))


def _event(indicators: Sequence[Indicator]) -> dict[str, Any]:
    """Return a MISP event (core format): an attribute a network, a pattern object for the rest."""
    attributes, objects = [], []
    for item in indicators:
        content = item.content
        if isinstance(content, Network) and content.entity in _MISP_TYPES:
            kind, value = _MISP_TYPES[content.entity], content.value
            attributes.append({**_attribute(item, kind, value), "category": "Network activity"})
        else:
            objects.append(_object(item))
    last = max((seconds(item.modified) for item in indicators), default=0.0)
    return {
        "Event": {
            "uuid": str(_number(item.id for item in indicators)),
            "info": "stillwatch exchange: indicators of distillation campaigns",
            "date": indicators[0].modified[:10] if indicators else "1970-01-01",
            "timestamp": str(int(last)),
            "analysis": "2",
            "threat_level_id": "2",
            "distribution": "0",
            "published": False,
            "Tag": [{"name": f"tlp:{_strictest(indicators)}"}],
            "Attribute": attributes,
            "Object": objects,
        }
    }


def _strictest(indicators: Sequence[Indicator]) -> str:
    order = ("red", "amber+strict", "amber", "green", "clear")
    words = {tlp_of(item.object_marking_refs) for item in indicators}
    return next((word for word in order if word in words), "amber")


def _attribute(item: Indicator, kind: str, value: str) -> dict[str, Any]:
    fields = item.fields
    return {
        "uuid": item.id.removeprefix("indicator--"),
        "type": kind,
        "value": value,
        "to_ids": False,  # no peer's word is enough to block
        "distribution": "0",
        "timestamp": str(int(seconds(item.modified))),
        "first_seen": fields.first_seen,
        "last_seen": fields.last_seen,
        "comment": (
            f"confidence {item.confidence}, licence {fields.licence}, until {item.valid_until}, "
            f"{fields.campaign}"
        ),
        "Tag": [{"name": f"tlp:{tlp_of(item.object_marking_refs)}"}],
    }


def _object(item: Indicator) -> dict[str, Any]:
    attribute = _attribute(item, "stix2-pattern", item.pattern)
    number = attribute.pop("uuid")
    inner = uuid.uuid5(_NAMESPACE, item.id)
    return {
        "uuid": number,
        "name": "stix2-pattern",
        "meta-category": "stix2-pattern",
        "template_uuid": "0c5bd072-7c3e-4d45-86f7-a8104d9143b9",
        "template_version": "1",
        "distribution": "0",
        "timestamp": attribute["timestamp"],
        "first_seen": attribute["first_seen"],
        "last_seen": attribute["last_seen"],
        "comment": attribute["comment"],
        "Attribute": [
            {
                **attribute,
                "uuid": str(inner),
                "category": "Payload installation",
                "object_relation": "stix2-pattern",
            },
        ],
    }


def _table(indicators: Sequence[Indicator]) -> str:
    held = io.StringIO()
    writer = csv.writer(held, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for item in indicators:
        fields = item.fields
        row = (
            item.id,
            item.modified,
            kind_of(item.content),
            item.pattern,
            item.confidence,
            tlp_of(item.object_marking_refs),
            fields.licence,
            fields.first_seen,
            fields.last_seen,
            item.valid_until,
            item.revoked is True,
            fields.campaign,
            item.created_by_ref,
            _cell(fields.note or ""),
        )
        writer.writerow(row)
    return held.getvalue()


def _cell(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_LEADING) else text
