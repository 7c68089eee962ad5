"""Judges events by the published schema, one class at a time so that errors name the attribute."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import jsonschema

NAMES = {2005: "incident_finding", 2004: "detection_finding"}
PATH = Path(__file__).parent / "ocsf" / "findings-1.8.0.schema.json"


@cache
def validator(name):
    schema = json.loads(PATH.read_text("utf-8"))
    return jsonschema.Draft202012Validator(
        {"$ref": f"#/$defs/{name}", "$defs": schema["$defs"]},
    )


def problems(text):
    """Return what the schema has against an event, and against numbers that disagree."""
    event = json.loads(text)
    found = [
        f"{error.json_path}: {error.message[:200]}"
        for error in validator(NAMES[event["class_uid"]]).iter_errors(event)
    ]
    if event["type_uid"] != event["class_uid"] * 100 + event["activity_id"]:
        found.append("type_uid is not class_uid * 100 + activity_id")
    return found
