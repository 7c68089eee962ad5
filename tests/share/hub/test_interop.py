"""TAXII clients that we did not write read and write the hub."""

from __future__ import annotations

import json
import os
import time

import pytest
from hub_world import World, ids
from requests.auth import AuthBase
from taxii2client.v21 import ApiRoot, Collection, Server, as_pages

from stillwatch.ledger import requests
from stillwatch.share.hub.membership import set_reading_token


class Signed(AuthBase):
    """Signs what a client built on requests sends."""

    def __init__(self, lab):
        self.lab = lab

    def __call__(self, request):
        body = request.body or b""
        body = body.encode() if isinstance(body, str) else body
        given = {k: v for k, v in request.headers.items() if k.lower() == "content-type" and body}
        if not body:
            request.headers.pop("Content-Type", None)
        signature = requests.sign_request(
            request.method, request.url, given, body, self.lab.key,
            created=int(time.time()), nonce=os.urandom(12).hex(),
        )  # fmt: skip
        request.headers.update(signature)
        return request


@pytest.fixture
def hub(tmp_path):
    with World(tmp_path, basic=True).serving() as made:
        made.alpha, made.beta = made.lab("Alpha"), made.lab("Beta", "read")
        member = made.hub.roster.by_id[made.beta.id]
        made.operate(lambda journal: set_reading_token(journal, member, "token"))
        yield made


def test_taxii2_client_reads_and_writes(hub):
    items = [hub.alpha.make() for _ in range(7)]
    server = Server(f"{hub.url}/taxii2/", auth=Signed(hub.alpha))
    root = server.default
    assert isinstance(root, ApiRoot)
    assert root.max_content_length == 8 << 20
    place = root.collections[0]
    assert (place.can_read, place.can_write) == (True, True)
    status = place.add_objects({"objects": [item.to_stix() for item in items]})
    assert (status.status, status.success_count) == ("complete", 7)
    assert len(status.successes) == 7
    assert root.get_status(status.id).success_count == 7

    reader = Server(f"{hub.url}/taxii2/", user=hub.beta.id, password="token")  # noqa: S106
    mine = reader.api_roots[0].collections[0]
    assert (mine.can_read, mine.can_write) == (True, False)
    pages = list(as_pages(mine.get_objects, per_request=3))
    assert [len(page["objects"]) for page in pages] == [3, 3, 1]
    assert [name for page in pages for name in ids(page)] == [item.id for item in items]
    rows = list(as_pages(mine.get_manifest, per_request=5))
    assert [len(page["objects"]) for page in rows] == [5, 2]
    assert mine.get_object(items[0].id)["objects"] == [items[0].to_stix()]
    assert mine.object_versions(items[0].id)["versions"] == [items[0].modified]
    after = rows[0]["objects"][-1]["date_added"]
    assert ids(mine.get_objects(added_after=after)) == [item.id for item in items[5:]]
    one = Collection(mine.url, user=hub.beta.id, password="token")  # noqa: S106
    assert one.title == mine.title


def test_cytaxii2_reads_and_writes(hub):
    cytaxii2 = pytest.importorskip("cytaxii2", reason="the second TAXII client is not installed")
    item = hub.alpha.make()
    client = cytaxii2.cytaxii2.cytaxii2(f"{hub.url}/taxii2/", "", "")
    client.auth = Signed(hub.alpha)
    found = client.discovery_request()
    assert found["status_code"] == 200
    client.root_discovery()
    listed = client.collection_request()
    place = listed["response"]["collections"][0]["id"]
    posted = client.inbox_request(place, json.dumps({"objects": [item.to_stix()]}))
    assert posted["status_code"] == 202, posted
    reader = cytaxii2.cytaxii2.cytaxii2(f"{hub.url}/taxii2/", hub.beta.id, "token")
    reader.root_discovery()
    polled = reader.poll_request(place)
    assert ids(polled["response"]) == [item.id]
