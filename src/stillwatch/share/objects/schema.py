"""The published JSON Schema of our extension and of every object that travels."""

from __future__ import annotations

from typing import Any

import msgspec

from stillwatch.share.objects.record import Object

__all__ = ["exchange_schema"]


def exchange_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of the objects that travel.

    What a schema cannot say, such as that hashes ascend, is in the numbered rules.

    >>> exchange_schema()["$id"]
    'urn:stillwatch:exchange:1'
    """
    (schema,), parts = msgspec.json.schema_components([Object], ref_template="#/$defs/{name}")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:stillwatch:exchange:1",
        "title": "objects of the stillwatch exchange",
        **schema,
        "$defs": dict(sorted(parts.items())),
    }
