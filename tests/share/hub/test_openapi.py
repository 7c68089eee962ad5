"""The OpenAPI description says what the hub does."""

from __future__ import annotations

import json
from pathlib import Path

import schemathesis
from hub_world import CLIENT
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from test_interop import Signed

from stillwatch.share.hub.describing import describe
from stillwatch.share.hub.routes import ROUTES

PAGE = Path(__file__).parents[3] / "docs" / "reference"
HELD = json.loads((PAGE / "hub-openapi.json").read_text("utf-8"))
# a stream does not end, and who has left answers nothing more
SCHEMA = schemathesis.openapi.from_dict(HELD).exclude(operation_id=["stream", "leave"])
CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
)


def test_the_page_is_what_the_code_describes():
    assert describe() == HELD


def test_the_hub_serves_its_description(world):
    assert CLIENT.get(f"{world.url}/exchange/v1/openapi.json").json() == HELD


def test_every_endpoint_is_in_the_reference():
    page = (PAGE / "hub-api.md").read_text("utf-8")
    for route in ROUTES:
        tail = route.path.removeprefix("/exchange/v1").removeprefix("/taxii2/api")
        last = [part for part in tail.split("/") if part and "{" not in part]
        assert last == [] or last[-1] in page, route.path


@SCHEMA.parametrize()
@settings(
    max_examples=3, deadline=None, derandomize=True, database=None,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
def test_requests_drawn_from_the_description_get_described_answers(case, world):
    answer = case.call(base_url=world.url, auth=Signed(world.alpha))
    case.validate_response(answer, checks=CHECKS)
