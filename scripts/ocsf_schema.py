"""Compiles the two OCSF classes that stillwatch writes into one JSON Schema for the tests.

Run ``python scripts/ocsf_schema.py CHECKOUT`` on an unpacked release of the OCSF schema's
definitions (github.com/ocsf/ocsf-schema, Apache-2.0).  Rules follow the release's metaschema:
classes and objects extend one another, includes bring a profile's attributes, an attribute takes
its type from the dictionary, enumerations of a class add to those of the dictionary, and
constraints ask for at least or just one of several attributes.
"""  # noqa: INP001 - a script, not a package

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

CLASSES = ("incident_finding", "detection_finding")
CATEGORY = 2
PROFILES = frozenset({"incident"})
TARGET = Path(__file__).parents[1] / "tests" / "report" / "ocsf"
PRIMITIVES: dict[str, dict[str, Any]] = {
    "boolean_t": {"type": "boolean"},
    "float_t": {"type": "number"},
    "integer_t": {"type": "integer"},
    "json_t": {},
    "long_t": {"type": "integer", "minimum": -(2**63), "maximum": 2**63 - 1},
    "string_t": {"type": "string"},
}


class Definitions:
    """The definitions of one release."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.version: str = self._read("version.json")["version"]
        self.dictionary: dict[str, Any] = self._read("dictionary.json")
        self.objects = self._named("objects/*.json")
        self.classes = self._named("events/**/*.json")
        self.needed: list[str] = []

    def _read(self, name: str) -> Any:  # noqa: ANN401 - JSON
        return json.loads((self.root / name).read_text("utf-8"))

    def _named(self, pattern: str) -> dict[str, dict[str, Any]]:
        items = [json.loads(path.read_text("utf-8")) for path in sorted(self.root.glob(pattern))]
        return {item["name"]: item for item in items if "name" in item}

    def attributes(self, name: str, parts: dict[str, Any]) -> dict[str, dict[str, Any]]:
        """Return a class's or object's attributes, those of its ancestors included."""
        part = parts[name]
        parent = part.get("extends")
        found = self.attributes(parent, parts) if parent in parts else {}
        own = dict(part.get("attributes", {}))
        for include in own.pop("$include", []):
            profile = self._read(include)
            for key, value in profile["attributes"].items():
                found.setdefault(key, {**value, "profile": profile["name"]})
        for key, value in own.items():
            merged = {**found.get(key, {}), **value}
            enum = {**found.get(key, {}).get("enum", {}), **value.get("enum", {})}
            found[key] = {**merged, **({"enum": enum} if enum else {})}
        return {
            key: value
            for key, value in found.items()
            if value.get("profile") is None or value["profile"] in PROFILES
        }

    def constraints(self, name: str, parts: dict[str, Any]) -> dict[str, list[str]]:
        """Return constraints by kind, inherited where a part has none of its own."""
        part = parts[name]
        if "constraints" in part:
            found: dict[str, list[str]] = part["constraints"]
            return found
        parent = part.get("extends")
        return self.constraints(parent, parts) if parent in parts else {}

    def schema(self, name: str, parts: dict[str, Any]) -> dict[str, Any]:
        """Return the JSON Schema of one class or object."""
        attributes = self.attributes(name, parts)
        schema: dict[str, Any] = {
            "type": "object",
            "properties": {key: self._attribute(key, item) for key, item in attributes.items()},
            "required": [
                k for k, item in attributes.items() if item.get("requirement") == "required"
            ],
            "additionalProperties": False,
        }
        for kind, keys in self.constraints(name, parts).items():
            word = {"at_least_one": "anyOf", "just_one": "oneOf"}[kind]
            schema[word] = [{"required": [key]} for key in keys if key in attributes]
        return schema

    def _attribute(self, key: str, item: dict[str, Any]) -> dict[str, Any]:
        known = self.dictionary["attributes"].get(key, {})
        kind = item.get("type", known.get("type"))
        schema = self._type(kind)
        enum = {**known.get("enum", {}), **item.get("enum", {})}
        if enum:
            number = schema.get("type") == "integer"
            schema = {"enum": [int(value) if number else value for value in enum]}
        if item.get("is_array", known.get("is_array", False)):
            schema = {"type": "array", "items": schema}
        return schema

    def _type(self, kind: str) -> dict[str, Any]:
        if kind in PRIMITIVES:
            return dict(PRIMITIVES[kind])
        types = self.dictionary["types"]["attributes"]
        if kind not in types:
            if kind == "object":
                return {"type": "object"}
            if kind not in self.needed:
                self.needed.append(kind)
            return {"$ref": f"#/$defs/{kind}"}
        schema = dict(PRIMITIVES[types[kind]["type"]])
        if "regex" in types[kind]:
            schema["pattern"] = types[kind]["regex"]
        if "max_len" in types[kind]:
            schema["maxLength"] = types[kind]["max_len"]
        if "range" in types[kind]:
            schema["minimum"], schema["maximum"] = types[kind]["range"]
        return schema

    def observables(self) -> list[int]:
        """Return every observable type that the release numbers."""
        found = {0, 99}
        types = self.dictionary["types"]["attributes"]
        for item in (*types.values(), *self.dictionary["attributes"].values()):
            found.add(item.get("observable", 0))
        for part in (*self.classes.values(), *self.objects.values()):
            found.add(part.get("observable", 0))
            for key, item in part.get("attributes", {}).items():
                if key != "$include":
                    found.add(item.get("observable", 0))
        return sorted(found)


def compiled(root: Path) -> dict[str, Any]:
    """Return one JSON Schema (2020-12) that either class obeys."""
    source = Definitions(root)
    parts: dict[str, Any] = {}
    for name in CLASSES:
        schema = source.schema(name, source.classes)
        uid = CATEGORY * 1000 + source.classes[name]["uid"]
        activities = schema["properties"]["activity_id"]["enum"]
        schema["properties"]["category_uid"] = {"const": CATEGORY}
        schema["properties"]["class_uid"] = {"const": uid}
        schema["properties"]["type_uid"] = {"enum": [uid * 100 + item for item in activities]}
        parts[name] = schema
    for name in source.needed:  # grows while it is walked
        parts[name] = source.schema(name, source.objects)
    parts["observable"]["properties"]["type_id"] = {"enum": source.observables()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$comment": f"compiled by scripts/ocsf_schema.py from OCSF {source.version}, Apache-2.0",
        "oneOf": [{"$ref": f"#/$defs/{name}"} for name in CLASSES],
        "$defs": dict(sorted(parts.items())),
    }


def main() -> None:
    """Write the schema beside the tests that use it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("checkout", type=Path)
    schema = compiled(parser.parse_args().checkout)
    head = {key: value for key, value in schema.items() if key != "$defs"}
    lines = [
        f"{json.dumps(name)}: {json.dumps(part, separators=(',', ':'))}"
        for name, part in schema["$defs"].items()
    ]
    text = json.dumps(head)[:-1] + ', "$defs": {\n' + ",\n".join(lines) + "\n}}\n"
    TARGET.mkdir(exist_ok=True)
    (TARGET / "findings-1.8.0.schema.json").write_text(text, "utf-8")


if __name__ == "__main__":
    main()
