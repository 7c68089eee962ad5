"""The OpenAPI description of the part that is not TAXII, made from the table of routes."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from stillwatch.share.hub.calls import JSON
from stillwatch.share.hub.routes import ROUTES, Route

__all__ = ["describe", "description"]

_NUMBER = {"type": "integer", "minimum": -1, "maximum": (1 << 62)}
_FORMS: dict[str, dict[str, Any]] = {
    "integer": _NUMBER,
    "integers": {"type": "array", "items": {**_NUMBER, "minimum": 0}, "maxItems": 100},
}
_ANSWERS = {
    "400": "A parameter or the body is not what it should be.",
    "401": "No signature, or one that is refused.",
    "403": "The member may not.",
    "404": "There is no such thing, or the member may not know of it.",
    "409": "Somebody was first.",
    "413": "Too long.",
    "415": "The body is of another media type.",
    "429": "Over quota.",
    "503": "The hub is stopping, or its store is away.",
}
_TYPES = {
    "stream": "text/event-stream",
    "checkpoint": "text/plain",
    "newest_checkpoint": "text/plain",
    "tile": "application/octet-stream",
    "audit": "application/x-ndjson",
}


def description() -> bytes:
    """Return the description as JSON, laid out to be read."""
    return msgspec.json.format(msgspec.json.encode(describe()), indent=1) + b"\n"


def describe() -> dict[str, Any]:
    """Return the description (OpenAPI 3.1)."""
    bodies = [route.body for route in ROUTES if route.body is not None]
    _, schemas = msgspec.json.schema_components(bodies, ref_template="#/components/schemas/{name}")
    paths: dict[str, Any] = {}
    for route in ROUTES:
        if not route.taxii:
            path = re.sub(r"{(\w+):path}", r"{\1}", route.path)
            paths.setdefault(path, {})[route.method.lower()] = _operation(route)
    schemas["Error"] = _ERROR
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "stillwatch hub",
            "version": "1",
            "description": "What the exchange has beside TAXII 2.1; docs/reference/hub-api.md.",
        },
        "paths": paths,
        "components": {"schemas": schemas},
    }


def _operation(route: Route) -> dict[str, Any]:
    name = route.endpoint.__name__
    made: dict[str, Any] = {
        "operationId": name,
        "summary": (route.endpoint.__doc__ or "").splitlines()[0],
        "responses": {
            "201" if name in _MAKES else "200": {
                "description": "Done.",
                "content": {_TYPES.get(name, JSON): {}},
            },
            **{
                status: {
                    "description": words,
                    "content": {JSON: {"schema": {"$ref": "#/components/schemas/Error"}}},
                }
                for status, words in _ANSWERS.items()
            },
        },
    }
    places = re.findall(r"{(\w+)", route.path)
    parameters = [
        {"name": place, "in": "path", "required": True, "schema": {"type": "string"}}
        for place in places
    ] + [
        {"name": given, "in": "query", "required": kind == "integers", "schema": _FORMS[kind]}
        for given, kind in route.query
    ]
    if parameters:
        made["parameters"] = parameters
    if route.body is not None:
        schema = {"$ref": f"#/components/schemas/{route.body.__name__}"}
        made["requestBody"] = {"required": True, "content": {JSON: {"schema": schema}}}
    return made


_MAKES = {
    "join_hub",
    "change_key",
    "enrol_credential",
    "append_ceremony",
    "acknowledge",
    "draw",
    "add_boxes",
}
_ERROR = {
    "type": "object",
    "required": ["title", "description", "error_id", "error_code", "http_status"],
    "properties": {
        "title": {"type": "string"},
        "description": {"type": "string"},
        "error_id": {"type": "string"},
        "error_code": {"type": "string"},
        "http_status": {"type": "string"},
        "details": {"type": "object"},
    },
}
