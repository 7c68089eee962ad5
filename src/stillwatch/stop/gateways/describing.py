"""The decision API's description (OpenAPI 3.1), made of the records that it reads and writes."""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec

from stillwatch.stop.gateways.outcomes import PROBLEM
from stillwatch.stop.gateways.wire import AnswerBody, AskBody, DecisionBody

__all__ = ["describe", "description"]

_JSON = "application/json"
_ERRORS = {
    "400": "The body is not what it should be.",
    "401": "No bearer token, or one that is not taken.",
    "404": "No such decision waits for an answer here.",
    "405": "The method is another.",
    "408": "The body took too long to come.",
    "413": "The body is longer than is taken.",
    "415": "The body is of another media type, or compressed.",
}
_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
    },
    "additionalProperties": False,
}


@cache
def description() -> bytes:
    """Return the description as JSON, laid out to be read."""
    return msgspec.json.format(msgspec.json.encode(describe()), indent=1) + b"\n"


def describe() -> dict[str, Any]:
    """Return the description."""
    _, schemas = msgspec.json.schema_components(
        [AskBody, AnswerBody, DecisionBody], ref_template="#/components/schemas/{name}"
    )
    schemas["Problem"] = _PROBLEM
    decided = {"description": "What is to be done.", "content": _content(_JSON, "DecisionBody")}
    key = {
        "name": "id",
        "in": "path",
        "required": True,
        "schema": {"type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[0-9a-f]+$"},
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "stillwatch decision API",
            "version": "1",
            "description": "For gateways of one's own; docs/reference/decision-api.md.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "security": [{"token": []}],
        "paths": {
            "/v1/decisions": {
                "post": {
                    "operationId": "decide",
                    "summary": "Decide one request",
                    "requestBody": {"required": True, "content": _content(_JSON, "AskBody")},
                    "responses": {"200": decided, **_problems("400", "401", "408", "413", "415")},
                }
            },
            "/v1/decisions/{id}/answers": {
                "post": {
                    "operationId": "answered",
                    "summary": "Say what came back",
                    "parameters": [key],
                    "requestBody": {"required": True, "content": _content(_JSON, "AnswerBody")},
                    "responses": {"204": {"description": "Taken."}, **_problems(*_ERRORS)},
                }
            },
        },
        "components": {
            "schemas": schemas,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _content(kind: str, name: str) -> dict[str, Any]:
    return {kind: {"schema": {"$ref": f"#/components/schemas/{name}"}}}


def _problems(*statuses: str) -> dict[str, Any]:
    return {
        status: {"description": _ERRORS[status], "content": _content(PROBLEM, "Problem")}
        for status in statuses
    }
