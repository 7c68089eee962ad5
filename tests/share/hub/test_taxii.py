"""TAXII 2.1 by its letter, and what breaks in other servers."""

from __future__ import annotations

import json
import threading
import time

import httpx
import pytest
from hub_world import CLIENT, MANIFEST, OBJECTS, TAXII, ids

from stillwatch.share.objects import canonical

ONE = "/taxii2/api/collections/indicators/"


def error(answer, status, rule):
    assert answer.status_code == status, answer.text
    found = answer.json()
    assert answer.headers["content-type"] == TAXII
    assert (found["http_status"], found["error_code"]) == (str(status), rule), found
    assert found["title"]
    assert len(found["error_id"]) == 16
    return found


def test_discovery_api_root_and_collections_have_what_the_specification_asks_for(world):
    lab = world.alpha
    found = lab.get("/taxii2/")
    assert found.headers["content-type"] == TAXII
    root = found.json()["api_roots"][0]
    assert found.json()["default"] == root == f"{world.url}/taxii2/api/"
    described = lab.get("/taxii2/api/").json()
    assert described["versions"] == [TAXII]
    assert described["max_content_length"] == 8 << 20
    listed = lab.get("/taxii2/api/collections/").json()["collections"]
    assert [c["alias"] for c in listed] == ["indicators"]
    by_id = lab.get(f"/taxii2/api/collections/{listed[0]['id']}/").json()
    assert by_id == lab.get(ONE).json() == listed[0]
    assert (by_id["can_read"], by_id["can_write"]) == (True, True)
    error(lab.get("/taxii2/api/collections/elsewhere/"), 404, "H-0")
    error(lab.get("/taxii2/api/nothing/"), 404, "H-0")
    answer = lab.ask("PUT", OBJECTS)
    error(answer, 405, "H-0")
    assert answer.headers["allow"] == "GET, POST"


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        (TAXII, 200),
        ("application/taxii+json", 200),
        ("application/*;q=0.5", 200),
        ("*/*", 200),
        ("text/html, application/taxii+json; version=2.1", 200),
        ("application/taxii+json;version=2.0", 406),
        ("application/json", 406),
        ("application/taxii+json;version=2.1;q=0", 406),
        ("text/html", 406),
    ],
)
def test_accept_is_negotiated(world, accept, status):
    answer = world.alpha.ask("GET", "/taxii2/", headers={"Accept": accept})
    assert answer.status_code == status
    assert answer.headers["content-type"] == TAXII


@pytest.mark.parametrize("kind", ["application/json", "application/taxii+json;version=2.0", "x"])
def test_other_content_types_are_415(world, kind):
    body = b'{"objects":[%b]}' % canonical(world.alpha.make())
    error(world.alpha.ask("POST", OBJECTS, body, {"Content-Type": kind}), 415, "H-0")


def test_post_answers_202_with_a_status_that_can_be_asked_for_again(world):
    lab = world.alpha
    items = [lab.make() for _ in range(3)]
    answer = lab.post(*items, canonical(items[0]).replace(b"confidence", b"confidense"))
    assert answer.status_code == 202
    status = answer.json()
    assert answer.headers["content-type"] == TAXII
    assert (status["status"], status["total_count"]) == ("complete", 4)
    assert (status["success_count"], status["failure_count"], status["pending_count"]) == (3, 1, 0)
    assert [s["id"] for s in status["successes"]] == [i.id for i in items]
    assert [s["version"] for s in status["successes"]] == [i.modified for i in items]
    assert status["failures"][0]["id"] == items[0].id
    assert status["failures"][0]["message"].startswith("X-8: ")
    again = lab.get(f"/taxii2/api/status/{status['id']}/")
    assert again.json() == status
    error(world.beta.get(f"/taxii2/api/status/{status['id']}/"), 404, "H-0")
    error(lab.get("/taxii2/api/status/junk/"), 404, "H-0")


def test_an_envelope_of_which_nothing_is_taken_is_422_and_names_the_rule(world):
    found = error(world.alpha.post(b'{"type":"malware"}'), 422, "X-7")
    assert found["details"]["status"]["failure_count"] == 1


@pytest.mark.parametrize(
    ("body", "status", "rule"),
    [
        (b"", 400, "H-0"),
        (b"junk", 400, "H-0"),
        (b"[]", 400, "H-0"),
        (b'{"objects": 3}', 400, "H-0"),
        (b'{"objects": []}', 400, "H-11"),
        (b'{"objects": [%b]}' % b",".join([b"1"] * 1001), 413, "H-11"),
        (b'{"objects": [null, 3, "x", [], {}]}', 422, None),
        (b"\xff\xfe", 400, "H-0"),
        (b'{"objects": [' + b"[" * 5000 + b"]" * 5000 + b"]}", 400, "H-0"),
        (b'{"spec":1,"objects":[]}', 400, "H-0"),
    ],
)
def test_junk_envelopes_are_refused(world, body, status, rule):
    answer = world.alpha.ask("POST", OBJECTS, body)
    assert answer.status_code == status, answer.text
    assert rule is None or answer.json()["error_code"] == rule


def test_h_11_too_long_is_413(world):
    error(world.alpha.ask("POST", OBJECTS, b" " * ((8 << 20) + 1)), 413, "H-11")


@pytest.mark.parametrize(
    "query",
    [
        "added_after=notadate",
        "added_after=2026-13-01T00:00:00Z",
        "added_after=",
        "limit=0",
        "limit=-1",
        "limit=x",
        "limit=",
        "limit=1.5",
        "limit=%D9%A1",
        "limit=1&limit=2",
        "match[version]=yesterday",
        "match[version]=all,last",
        "match[id]=",
        "match[colour]=red",
        "next=junk",
        "next=",
        "next=" + "A" * 32,
    ],
)
@pytest.mark.parametrize("path", [OBJECTS, MANIFEST])
def test_junk_parameters_are_400(world, path, query):
    answer = world.alpha.ask("GET", f"{path}?{query}")
    error(answer, 400, "H-10" if query.startswith("next") else "H-0")


def test_h_9_delete_is_403_by_policy(world):
    item = world.alpha.publish()
    error(world.alpha.ask("DELETE", f"{OBJECTS}{item.id}/"), 403, "H-9")
    assert len(world.alpha.see(item.id)) == 1


def test_over_large_limit_is_capped_with_more(own):
    own.alpha.post(*(own.alpha.make() for _ in range(600)))
    own.alpha.post(*(own.alpha.make() for _ in range(600)))
    page = own.beta.get(OBJECTS, limit=10**9).json()
    assert (len(page["objects"]), page["more"]) == (1000, True)
    rest = own.beta.get(OBJECTS, limit=10**9, next=page["next"]).json()
    assert (len(rest["objects"]), rest["more"]) == (200, False)
    assert "next" not in rest
    assert len(own.beta.get(OBJECTS).json()["objects"]) == 100


def test_a_retried_next_gives_the_same_page_whatever_was_added_meanwhile(own):
    lab = own.alpha
    first = [lab.publish() for _ in range(7)]
    page = lab.get(OBJECTS, limit=3).json()
    second = lab.get(OBJECTS, limit=3, next=page["next"])
    lab.publish()
    lab.revise(first[4], confidence=90)
    again = lab.get(OBJECTS, limit=3, next=page["next"])
    assert again.text == second.text
    assert [again.headers[f"x-taxii-date-added-{w}"] for w in ("first", "last")] == [
        second.headers[f"x-taxii-date-added-{w}"] for w in ("first", "last")
    ]
    last = lab.get(OBJECTS, limit=3, next=second.json()["next"]).json()
    assert (ids(last), last["more"]) == ([first[6].id], False)


def test_next_without_limit_takes_the_default(own):
    items = [own.alpha.publish() for _ in range(5)]
    page = own.alpha.get(OBJECTS, limit=2).json()
    rest = own.alpha.get(OBJECTS, next=page["next"]).json()
    assert (ids(page) + ids(rest), rest["more"]) == ([i.id for i in items], False)


def test_h_10_next_with_other_filters_is_400(own):
    for _ in range(3):
        own.alpha.publish()
    token = own.alpha.get(OBJECTS, limit=1).json()["next"]
    error(own.alpha.get(OBJECTS, next=token, **{"match[type]": "sighting"}), 400, "H-10")
    error(own.alpha.get(MANIFEST, next=token), 400, "H-10")


def test_pages_neither_lose_nor_repeat_while_objects_are_added(own):
    stop = threading.Event()
    sent = []

    def publish():
        while not stop.is_set():
            sent.append(own.alpha.publish().id)

    writer = threading.Thread(target=publish)
    writer.start()
    try:
        seen, after = [], None
        while len(seen) < 20:
            query = {"limit": 3} | ({"added_after": after} if after else {})
            answer = own.beta.get(OBJECTS, **query)
            seen += ids(answer.json())
            after = answer.headers.get("x-taxii-date-added-last", after)
            token = answer.json().get("next")
            while token:
                answer = own.beta.get(OBJECTS, **query, next=token)
                seen += ids(answer.json())
                after = answer.headers["x-taxii-date-added-last"]
                token = answer.json().get("next")
    finally:
        stop.set()
        writer.join()
    answer = own.beta.get(OBJECTS, limit=1000, added_after=after)
    seen += ids(answer.json())
    assert seen == sent


def test_date_added_rises_strictly_also_when_the_clock_steps_back(own):
    lab = own.alpha
    lab.post(*(lab.make() for _ in range(20)))
    later = [lab.make() for _ in range(20)]
    own.clock.offset = -300.0
    assert lab.post(*later[:10]).status_code == 202
    own.clock.offset = 0.0
    assert lab.post(*later[10:]).status_code == 202
    rows = lab.get(MANIFEST, limit=100).json()["objects"]
    times = [row["date_added"] for row in rows]
    assert len(times) == 40
    assert times == sorted(set(times))
    assert all(len(t) == 27 for t in times)
    middle = lab.get(OBJECTS, added_after=times[19]).json()
    assert ids(middle) == [i.id for i in later]


def test_manifest_and_headers_say_when_objects_were_added(own):
    items = [own.alpha.publish() for _ in range(3)]
    answer = own.beta.get(MANIFEST)
    rows = answer.json()["objects"]
    assert [(r["id"], r["version"]) for r in rows] == [(i.id, i.modified) for i in items]
    assert {r["media_type"] for r in rows} == {"application/stix+json;version=2.1"}
    assert answer.headers["x-taxii-date-added-first"] == rows[0]["date_added"]
    assert answer.headers["x-taxii-date-added-last"] == rows[-1]["date_added"]
    assert own.beta.get(OBJECTS, added_after=rows[-1]["date_added"]).json() == {"more": False}


def test_filters(own):
    alpha, beta = own.alpha, own.beta
    first = alpha.publish()
    second = alpha.revise(first, confidence=80)
    third = alpha.revise(second, confidence=85)
    other = alpha.publish()
    seen = beta.sight(other, "confirmed")

    def versions(**query):
        return [o["modified"] for o in beta.see(first.id, **query)]

    assert versions() == [third.modified]
    assert versions(**{"match[version]": "all"}) == [i.modified for i in (first, second, third)]
    assert versions(**{"match[version]": "first"}) == [first.modified]
    assert versions(**{"match[version]": "first,last"}) == [first.modified, third.modified]
    assert versions(**{"match[version]": second.modified}) == [second.modified]
    assert versions(**{"match[spec_version]": "2.0"}) == []
    assert versions(**{"match[spec_version]": "2.0,2.1"}) == [third.modified]
    assert ids(beta.get(OBJECTS, **{"match[type]": "sighting"}).json()) == [seen.id]
    both = f"{first.id},{seen.id},indicator--nobody"
    assert ids(beta.get(OBJECTS, **{"match[id]": both}).json()) == [first.id, seen.id]
    listed = beta.get(f"{OBJECTS}{first.id}/versions/").json()
    assert listed == {"more": False, "versions": [i.modified for i in (first, second, third)]}
    page = beta.get(f"{OBJECTS}{first.id}/versions/", limit=2).json()
    assert (len(page["versions"]), page["more"]) == (2, True)
    unknown = "indicator--00000000-0000-4000-8000-000000000000"
    for tail in ("/", "/versions/"):
        error(beta.get(f"{OBJECTS}{unknown}{tail}"), 404, "H-0")


def test_the_same_version_again_is_a_success_and_no_second_entry(own):
    item = own.alpha.publish()
    size = own.hub.feed.size
    again = own.alpha.post(item)
    assert (again.status_code, again.json()["success_count"]) == (202, 1)
    assert own.hub.feed.size == size
    assert len(own.alpha.walk()) == 1


def test_many_posts_at_once_are_all_there_once(own):
    items = [own.alpha.make() for _ in range(80)]
    requests = [
        own.alpha.signed(
            "POST", OBJECTS, b'{"objects":[%b]}' % canonical(i), {"Content-Type": TAXII}
        )
        for i in items
    ]
    with httpx.Client(timeout=30) as client:
        codes = []
        threads = [
            threading.Thread(target=lambda r=r: codes.append(client.request(**r).status_code))
            for r in requests
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert set(codes) == {202}
    assert sorted(ids(own.beta.get(OBJECTS, limit=1000).json())) == sorted(i.id for i in items)


def test_health_and_readiness(world):
    assert CLIENT.get(f"{world.url}/healthz").json() == {"alive": True}
    assert CLIENT.get(f"{world.url}/readyz").json() == {"ready": True}
    assert CLIENT.get(f"{world.url}/exchange/v1/openapi.json").json()["openapi"] == "3.1.0"
    assert CLIENT.get(f"{world.url}/taxii2/").status_code == 401


@pytest.mark.slow
def test_a_page_of_a_hub_with_many_is_as_quick_as_one_with_few(own):
    lab = own.alpha
    lab.post(*(lab.make() for _ in range(300)))

    def seconds():
        begun = time.perf_counter()
        assert len(own.beta.get(OBJECTS, limit=100).json()["objects"]) == 100
        return time.perf_counter() - begun

    few = min(seconds() for _ in range(5))
    for _ in range(3):
        lab.post(*(lab.make() for _ in range(900)))
    assert min(seconds() for _ in range(5)) < 3 * few + 0.05


def test_objects_come_back_as_the_bytes_that_were_committed_to(own):
    item = own.alpha.publish()
    assert canonical(item) in own.beta.get(OBJECTS).content
    assert json.loads(canonical(item)) == own.beta.see(item.id)[0]
