"""Versions, audiences, markings, recalls, expiry: what reaches whom."""

from __future__ import annotations

import json

import pytest
from hub_world import MANIFEST, OBJECTS, World, check_inclusion, ids, reread

from stillwatch.share.hub.audiences import left_out, packed, sees, unpacked
from stillwatch.share.hub.judging import judge
from stillwatch.share.hub.keeping import erase_expired
from stillwatch.share.hub.preparing import add_collection
from stillwatch.share.objects import TLP_IDS, revised

TLP = {word: name for name, word in TLP_IDS.items()}


@pytest.fixture
def three(own):
    own.gamma = own.lab("Gamma")
    return own


def latest(lab, item):
    found = lab.see(item.id)
    assert len(found) <= 1
    return found[0] if found else None


def test_audiences():
    assert left_out(None, frozenset({1}), frozenset({1, 2, 3})) == {2, 3}
    assert left_out(frozenset({1, 9}), frozenset({2}), frozenset({1, 2})) == {1}
    assert left_out(frozenset({1}), None, frozenset({1})) == set()
    assert sees(1, frozenset(), 1, by_hub=False)
    assert not sees(1, None, 1, by_hub=True)
    assert unpacked(packed(frozenset({5, 2}))) == {2, 5}


def test_an_object_for_one_member_is_shown_to_no_other(three):
    item = three.alpha.publish(audience=[three.beta.id], tlp="red")
    assert latest(three.alpha, item)["modified"] == item.modified
    assert latest(three.beta, item)["modified"] == item.modified
    assert latest(three.gamma, item) is None
    assert ids(three.gamma.get(OBJECTS).json()) == []
    assert ids(three.gamma.get(MANIFEST).json()) == []
    found = three.gamma.get("/exchange/v1/records").json()["records"]
    assert {r["kind"] for r in found} == {"member"}


def test_revocation_is_a_new_version_that_all_see(three):
    item = three.alpha.publish()
    three.alpha.recall(item)
    found = latest(three.beta, item)
    assert found["revoked"] is True
    every = three.beta.see(item.id, **{"match[version]": "all"})
    assert [v.get("revoked", False) for v in every] == [False, True]
    answer = three.alpha.post(revised(item, now=three.clock.seconds() + 1))
    assert (answer.status_code, answer.json()["error_code"]) == (422, "X-48")


def test_h_14_a_narrowed_audience_reaches_those_who_hold_the_object(three):
    item = three.alpha.publish()
    held = latest(three.gamma, item)
    narrowed = three.alpha.revise(item, fields={"audience": [three.beta.id]}, confidence=90)
    assert latest(three.beta, item) == narrowed.to_stix()
    gone = latest(three.gamma, item)
    assert gone["revoked"] is True
    assert gone["modified"] == narrowed.modified
    assert gone["confidence"] == held["confidence"]
    assert "audience" not in str(gone)
    assert reread(gone).revoked is True
    three.gamma.see(item.id, **{"match[version]": "all"})
    assert ids(three.gamma.get(OBJECTS).json()) == [item.id]
    owed = three.gamma.get("/exchange/v1/recalls").json()["recalls"]
    assert [(r["id"], r["version"]) for r in owed] == [(item.id, narrowed.modified)]
    assert three.beta.get("/exchange/v1/recalls").json()["recalls"] == []
    last = three.gamma.get("/exchange/v1/records").json()["records"][-1]
    assert (last["made_by"], last["object"]) == ("hub", gone)


def test_who_was_left_out_hears_nothing_of_later_versions(three):
    item = three.alpha.publish()
    narrowed = three.alpha.revise(item, fields={"audience": [three.beta.id]})
    three.alpha.revise(narrowed, confidence=91)
    assert latest(three.gamma, item)["modified"] == narrowed.modified
    assert latest(three.beta, item)["confidence"] == 91


def test_who_was_left_out_and_is_let_in_again_sees_the_new_version(three):
    item = three.alpha.publish()
    narrowed = three.alpha.revise(item, fields={"audience": [three.beta.id]})
    wider = three.alpha.revise(
        narrowed, fields={"audience": sorted([three.beta.id, three.gamma.id])}
    )
    assert latest(three.gamma, item) == wider.to_stix()
    assert latest(three.beta, item) == wider.to_stix()
    third = three.alpha.revise(wider, fields={"audience": None})
    assert latest(three.gamma, item) == latest(three.beta, item) == third.to_stix()


def test_one_object_never_shows_two_markings(three):
    item = three.alpha.publish(tlp="amber")
    token = None
    three.alpha.publish()
    token = three.beta.get(OBJECTS, limit=1).json()["next"]
    stricter = three.alpha.revise(item, object_marking_refs=[TLP["amber+strict"]])
    for query in ({}, {"match[version]": "all"}, {"match[version]": "first,last"}):
        shown = three.beta.see(item.id, **query)
        assert [o["object_marking_refs"] for o in shown] == [[TLP["amber+strict"]]]
    assert item.id not in ids(three.beta.get(OBJECTS, limit=1, next=token).json())
    walked = [o for page in three.beta.walk(**{"match[version]": "all"}) for o in page["objects"]]
    assert [o["modified"] for o in walked if o["id"] == item.id] == [stricter.modified]
    records = three.beta.get("/exchange/v1/records").json()["records"]
    held = [r["object"]["modified"] for r in records if r["object"].get("id") == item.id]
    assert held == [stricter.modified]


def test_a_relaxed_marking_reaches_those_who_hold_the_object(three):
    item = three.alpha.publish(tlp="amber+strict")
    wider = three.alpha.revise(item, object_marking_refs=[TLP["amber"]])
    assert latest(three.gamma, item) == wider.to_stix()


def test_x_25_two_markings_are_refused(three):
    item = three.alpha.make().to_stix()
    item["object_marking_refs"] = [TLP["amber"], TLP["red"]]
    answer = three.alpha.post(json.dumps(item).encode())
    assert (answer.status_code, answer.json()["error_code"]) == (422, "X-25")


def test_h_5_an_audience_of_nobody_here_is_refused(three):
    nobody = "identity--00000000-0000-4000-8000-000000000000"
    answer = three.alpha.post(three.alpha.make(audience=[nobody]))
    assert (answer.status_code, answer.json()["error_code"]) == (422, "H-5")


def test_h_4_an_object_stays_in_its_collection_and_with_its_publisher(three):
    three.operate(lambda journal: add_collection(journal, "second", "Second", bytes(16), None))
    item = three.alpha.publish()
    newer = revised(item, now=three.clock.seconds())
    elsewhere = three.alpha.post(newer, path=OBJECTS.replace("indicators", "second"))
    assert elsewhere.json()["error_code"] == "H-4"
    assert three.beta.post(newer).json()["error_code"] == "H-4"
    assert three.beta.post(three.alpha.make()).json()["error_code"] == "X-44"


def test_older_and_changed_versions_are_refused(three):

    item = three.alpha.publish()
    three.alpha.revise(item, confidence=50)
    stale = revised(item, now=three.clock.seconds() - 500)
    assert stale.modified < three.alpha.see(item.id)[0]["modified"]
    assert three.alpha.post(stale).json()["error_code"] == "X-47"


def test_an_expired_indicator_is_shown_nowhere(three):
    item = three.alpha.publish(days=0.5)
    seen = three.alpha.publish()
    start = three.beta.get("/exchange/v1/records").json()["last"]
    three.clock.offset = 43_300.0
    assert latest(three.beta, item) is None
    assert latest(three.alpha, item) is None
    for path in (OBJECTS, MANIFEST):
        assert ids(three.beta.get(path, **{"match[version]": "all"}).json()) == [seen.id]
    found = three.beta.get("/exchange/v1/records").json()
    assert item.id not in str(found["records"])
    assert found["last"] == start
    index = next(
        i
        for i in range(20)
        if three.beta.get("/exchange/v1/log/salts", index=i).json()["salts"] == []
    )
    assert index < start


def test_x_45_an_expired_indicator_is_refused_and_its_recall_is_not(three):
    item = three.alpha.publish(days=0.5)
    late = three.alpha.make(days=0.5)
    three.clock.offset = 43_300.0
    assert three.alpha.post(late).json()["error_code"] == "X-45"
    three.alpha.recall(item)
    assert latest(three.beta, item)["revoked"] is True


def test_expired_objects_are_erased_with_their_salts_and_proofs_stay_good(three):
    item = three.alpha.publish(days=0.5)
    record = three.beta.get("/exchange/v1/records").json()["records"][-1]
    kept = three.alpha.publish()
    three.clock.offset = 40 * 86_400.0
    assert three.operate(lambda journal: erase_expired(journal, 30)) >= 1
    stored = three.operate(
        lambda journal: journal.connection.exec_driver_sql(
            f"select count(*) from hub_objects where id = '{item.id}'"  # noqa: S608
        ).scalar()
    )
    assert stored == 0
    three.clock.offset = 0.0
    check_inclusion(three, record)
    assert latest(three.beta, kept) is not None


def test_recalls_are_owed_until_acknowledged(three):
    item = three.alpha.publish(audience=[three.beta.id])
    recalled = three.alpha.recall(item, hours=3)
    owed = three.beta.get("/exchange/v1/recalls").json()["recalls"]
    deadline = recalled.fields.recall.deadline
    assert owed[0]["deadline"][:19] == deadline[:19]
    assert {k: owed[0][k] for k in ("id", "version", "publisher", "acknowledged")} == {
        "id": item.id, "version": recalled.modified, "publisher": three.alpha.id,
        "acknowledged": False,
    }  # fmt: skip
    assert three.gamma.get("/exchange/v1/recalls").json()["recalls"] == []
    waiting = three.alpha.get("/exchange/v1/recalls").json()["recalls"]
    assert [r["waiting"] for r in waiting] == [[three.beta.id]]
    word = {"id": item.id, "version": recalled.modified, "outcome": "removed"}
    assert three.gamma.ask("POST", "/exchange/v1/acknowledgements", word).status_code == 404
    assert three.beta.ask("POST", "/exchange/v1/acknowledgements", word).status_code == 201
    assert three.beta.ask("POST", "/exchange/v1/acknowledgements", word).status_code == 201
    assert three.beta.get("/exchange/v1/recalls").json()["recalls"] == []
    assert three.alpha.get("/exchange/v1/recalls").json()["recalls"] == []


def test_precision_counts_others_newest_words_and_limits(tmp_path):
    with World(tmp_path, objects_a_second=10.0).serving() as hub:
        alpha, beta, gamma = hub.lab("Alpha"), hub.lab("Beta"), hub.lab("Gamma")
        items = [alpha.publish() for _ in range(6)]
        assert alpha.get("/exchange/v1/precision").json()["precision"] is None
        for item in items[:5]:
            beta.sight(item, "confirmed")
            beta.sight(item, "false-positive")
        beta.sight(items[5], "confirmed")
        found = alpha.get("/exchange/v1/precision").json()
        assert (found["published"], found["confirmed"], found["false_positive"]) == (6, 1, 5)
        assert found["limited"] is False
        hub.operate(judge)
        assert alpha.get("/exchange/v1/precision").json()["limited"] is True
        assert alpha.get("/exchange/v1/me").json()["quota"]["objects_a_second"] == 1.0
        assert alpha.post(*(alpha.make() for _ in range(70))).status_code == 202
        answer = alpha.post(alpha.make())
        assert (answer.status_code, answer.json()["error_code"]) == (429, "H-8")
        assert int(answer.headers["retry-after"]) > 0
        for item in items[:5]:
            gamma.sight(item, "confirmed")
        hub.operate(judge)
        assert alpha.get("/exchange/v1/precision").json()["limited"] is False
        assert beta.get("/exchange/v1/precision").json()["published"] == 0


def test_a_sighting_of_what_one_may_not_see_counts_nothing(three):
    hidden = three.alpha.publish(audience=[three.beta.id])
    three.gamma.sight(hidden, "false-positive")
    assert three.alpha.get("/exchange/v1/precision").json()["false_positive"] == 0


def test_a_life_that_is_cut_short_is_cut_for_older_versions_too(three):
    item = three.alpha.publish(days=2.0)
    end = three.alpha.make(days=0.5).valid_until
    three.alpha.revise(item, valid_until=end)
    three.clock.offset = 43_300.0
    assert three.beta.see(item.id, **{"match[version]": "all"}) == []
