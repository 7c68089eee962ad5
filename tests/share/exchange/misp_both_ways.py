"""Lets MISP's software read an event, or turn a STIX bundle into an event and back; prints JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import stix2
from misp_stix_converter import ExternalSTIX2toMISPParser, MISPtoSTIX21Parser
from pymisp import MISPEvent


def uuids(event):
    return [str(item.uuid) for item in (*event.attributes, *event.objects)]


def read(document):
    event = MISPEvent()
    event.from_dict(**document["Event"])
    inner = [attribute for item in event.objects for attribute in item.attributes]
    return {
        "uuids": uuids(event),
        "tags": sorted({tag.name for tag in event.tags}),
        "to_ids": sorted({attribute.to_ids for attribute in (*event.attributes, *inner)}),
    }


def both_ways(document):
    forth = ExternalSTIX2toMISPParser()
    forth.load_stix_bundle(stix2.parse(document))
    forth.parse_stix_bundle(single_event=True)
    back = MISPtoSTIX21Parser()
    back.parse_misp_event(forth.misp_event)
    return {
        "uuids": uuids(forth.misp_event),
        "errors": list(forth.errors),
        "patterns": {
            item["id"]: item["pattern"] for item in back.stix_objects if item["type"] == "indicator"
        },
    }


if __name__ == "__main__":
    given = json.loads(Path(sys.argv[2]).read_text("utf-8"))
    json.dump({"read": read, "both-ways": both_ways}[sys.argv[1]](given), sys.stdout)
