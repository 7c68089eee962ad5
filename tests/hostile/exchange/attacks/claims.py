"""Objects in their form that claim what is not theirs: markings, lives, authors, versions."""

from __future__ import annotations

import copy
import json
import time

from judging import Case

from attacks.documents import (
    PSEUDONYM,
    UUID,
    changed,
    field,
    ours,
    put,
    sighting_of,
    sketch,
)
from stillwatch.share.objects import (
    TLP,
    Network,
    canonical,
    new_sighting,
    parse,
    pattern_of,
    stamp,
)

DAY = 86_400
RED, GREEN, CLEAR = (TLP[word].id for word in ("red", "green", "clear"))
AMBER_OF_TLP_1 = "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82"


TLPS = [
    Case("two-tlps", "amber-and-red", changed(
        lambda i: i["object_marking_refs"].append(RED)), "X-25", 422),
    Case("two-tlps", "one-twice", changed(
        lambda i: i["object_marking_refs"].append(i["object_marking_refs"][0])), "X-25", 422),
    Case("two-tlps", "none", changed(put("object_marking_refs", [])), "X-6|X-25", 422),
    Case("two-tlps", "granular", changed(put("granular_markings", [
        {"marking_ref": CLEAR, "selectors": ["pattern"]}])), "X-8", 422),
    Case("two-tlps", "by-language", changed(put("lang", "en")), "X-8", 422),
]  # fmt: skip
WRONG_TLPS = [
    Case("wrong-tlp", "version-1", changed(
        put("object_marking_refs", [AMBER_OF_TLP_1])), "X-26", 422),
    Case("wrong-tlp", "made-up", changed(put(
        "object_marking_refs", [f"marking-definition--{UUID}"])), "X-26", 422),
    Case("wrong-tlp", "keyed-and-clear", changed(
        put("object_marking_refs", [CLEAR]), PSEUDONYM), "X-27", 422),
    Case("wrong-tlp", "keyed-and-green", changed(
        put("object_marking_refs", [GREEN]), PSEUDONYM), "X-27", 422),
    Case("wrong-tlp", "red-for-all", changed(put("object_marking_refs", [RED])), "X-28", 422),
]  # fmt: skip


def _marking(world):
    forged = json.loads(canonical(TLP["red"]))
    (extension,) = forged["extensions"].values()
    extension["tlp_2_0"] = "clear"
    return [world.post("Alpha", forged)]


AUDIENCES = [
    Case("audience", "twice", lambda w: [w.post("Alpha", _for(w, "Beta", "Beta"))], "X-29", 422),
    Case("audience", "nobody", lambda w: [w.post("Alpha", w.indicator(
        audience=[f"identity--{UUID}"]))], "H-5", 422),
    Case("audience", "who-left", lambda w: [w.post("Alpha", w.indicator(
        audience=[w["Gone"].id]))], "H-5", 422),
    Case("audience", "thousands", lambda w: [w.post("Alpha", _for(w, *["Beta"] * 700))],
         "X-10|X-1|X-29|X-11", 422),
    Case("audience", "forged-marking", _marking, "X-30", 422),
]  # fmt: skip


def _for(world, *names):
    item = world.indicator()
    ours(item)["audience"] = [world[name].id for name in names]
    return item


def _at(seconds):
    return stamp(time.time() + seconds)


LIVES = [
    Case("life", "backwards", changed(
        lambda i: i.update(valid_until=i["valid_from"])), "X-31", 422),
    Case("life", "endless", changed(lambda i: i.update(valid_until=_at(900 * DAY))), "X-32", 422),
    Case("life", "seen-in-future", changed(
        lambda i: ours(i).update(last_seen=_at(DAY))), "X-33", 422),
    Case("life", "created-late", changed(lambda i: i.update(created=_at(300))), "X-34", 422),
    Case("life", "expired", changed(lambda i: i.update(
        valid_from=_at(-3 * DAY), valid_until=_at(-DAY))), "X-45", 422),
]  # fmt: skip
RECALLS = [
    Case("false-recall", "without-revoking", field(
        "recall", {"reason": "error", "deadline": "2026-12-01T00:00:00Z"}), "X-35", 422),
    Case("false-recall", "deadline-in-years", changed(lambda i: (i.update(revoked=True), ours(
        i).update(recall={"reason": "error", "deadline": _at(400 * DAY)}))), "X-36", 422),
    Case("false-recall", "deadline-passed", changed(lambda i: (i.update(revoked=True), ours(
        i).update(recall={"reason": "error", "deadline": _at(-DAY)}))), "X-36", 422),
    Case("false-recall", "of-anothers", lambda w: [w.post("Alpha", w.posted | {
        "revoked": True, "modified": _at(0)})], "H-4|X-44", 422),
]  # fmt: skip


def _prefix(value):
    """Post a block of addresses, with the pattern that says so."""

    def attack(world):
        item = world.indicator()
        ours(item)["content"]["value"] = value
        item["pattern"] = pattern_of(Network(entity="prefix", value=value, mine=1, others=1))
        return [world.post("Alpha", item)]

    return attack


NETWORKS = [
    Case("network", "half-the-world", _prefix("0.0.0.0/1"), "X-38|X-10", 422),
    Case("network", "single-line", _prefix("45.9.20.7/32"), "X-38|X-18", 422),
    Case("network", "private", _prefix("10.0.0.0/16"), "X-38", 422),
    Case("network", "loose-bits", _prefix("45.9.20.1/24"), "X-38|X-18", 422),
    Case("network", "keyed", changed(lambda i: ours(i)["content"].update(epoch=3, key="00" * 4)),
         "X-39", 422),
]  # fmt: skip
CONTENTS = [
    Case("content", "other-pattern", changed(
        put("pattern", "[autonomous-system:number = 1]")), "X-37", 422),
    Case("content", "pattern-injection", changed(lambda i: i.update(
        pattern=i["pattern"] + " OR [file:name = 'a']")), "X-37|X-18", 422),
    Case("content", "hashes-descend", changed(
        lambda i: ours(i)["content"]["pieces"].reverse(), sketch()), "X-40|X-37", 422),
    Case("content", "fewer-weights", changed(
        lambda i: ours(i)["content"]["weights"].pop(), sketch()), "X-40|X-37", 422),
    Case("content", "off-the-grid", changed(
        lambda i: ours(i)["content"].update(others=37)), "X-24", 422),
]  # fmt: skip
LICENCES = [
    Case("licence", "block", field("licence", "block"), "X-41", 422),
    Case("licence", "list", field("licence", ["limit", "block"]), "X-41", 422),
    Case("licence", "no-grounds", lambda w: [w.post("Alpha", _ungrounded(w))], "X-42", 422),
    Case("licence", "sighted-elsewhere", lambda w: [w.post("Alpha", sighting_of(w) | {
        "where_sighted_refs": [w["Beta"].id]})], "X-43", 422),
    Case("licence", "outcome", lambda w: [w.post("Alpha", _outcome(w))], "X-10", 422),
]  # fmt: skip


def _ungrounded(world):
    item = sighting_of(world)
    del ours(item)["grounds"]
    return item


def _outcome(world):
    item = sighting_of(world)
    ours(item)["outcome"] = "guilty"
    return item


def _of_beta(world):
    return [world.post("Alpha", world.indicator("Beta"))]


def _replayed(world):
    """Post another member's object to the byte."""
    return [world.post("Alpha", world.posted)]


def _taken_over(world):
    """Post a later version of another's object, as one's own."""
    return [
        world.post("Alpha", world.posted | {
            "created_by_ref": world["Alpha"].id, "modified": _at(0)})
    ]  # fmt: skip


def _identity(world):
    return [
        world.post(
            "Alpha",
            {
                "type": "identity",
                "spec_version": "2.1",
                "id": world["Beta"].id,
                "created": _at(-9),
                "modified": _at(0),
                "name": "Alpha",
                "identity_class": "organization",
            },
        )
    ]


def _elsewhere(world):
    """Post a version of a held object into another collection."""
    later = world.posted | {"modified": _at(1)}
    return [world.post("Beta", later, where="closed")]


OTHERS = [
    Case("others-object", "authored", _of_beta, "X-44", 422),
    Case("others-object", "replayed", _replayed, "H-4|X-44", 422),
    Case("others-object", "taken-over", _taken_over, "H-4|X-49", 422),
    Case("others-object", "identity", _identity, "X-51", 422),
    Case("others-object", "another-collection", _elsewhere, "H-4", 422),
]


def _versions(change):
    """Post an object, then a version that undoes what may not be undone."""

    def attack(world):
        item = world.indicator()
        first = {**item, "revoked": True} if change == "un-revoked" else item
        assert world.post("Alpha", first).status == 202
        later = copy.deepcopy(item)
        later["modified"] = _at(-60) if change == "older" else _at(1)
        if change == "older":
            later["created"] = _at(-90)
            ours(later).update(first_seen=_at(-99), last_seen=_at(-98))
        elif change == "other-content":
            ours(later)["content"]["value"] = "45.9.21.0/24"
            later["pattern"] = later["pattern"].replace("20.0", "21.0")
        elif change == "other-campaign":
            ours(later)["campaign"] = "campaign-" + "0" * 32
        elif change == "same-time":
            later = {**item, "confidence": 3}
        return [world.post("Alpha", later)]

    return attack


VERSIONS = [
    Case("rolled-back", name, _versions(name), rule, 422)
    for name, rule in (
        ("older", "X-47"), ("same-time", "X-47"), ("un-revoked", "X-48"),
        ("other-content", "X-49"), ("other-campaign", "X-49"),
    )
]  # fmt: skip


def _own_word(world):
    item = world.indicator()
    assert world.post("Alpha", item).status == 202
    mine = new_sighting(
        parse(json.dumps(item).encode()), "confirmed", author=world["Alpha"].id,
        now=time.time(), number=bytes(16), grounds="review",
    )  # fmt: skip
    return [world.post("Alpha", mine.to_stix())]


def _ahead(world):
    item = world.indicator()
    item["modified"] = _at(3_600)
    return [world.post("Alpha", item)]


ARRIVALS = [
    Case("arrival", "own-confirmation", _own_word, "X-50", 422),
    Case("arrival", "from-the-future", _ahead, "X-46", 422),
]

CASES = (
    *TLPS, *WRONG_TLPS, *AUDIENCES, *LIVES, *RECALLS, *NETWORKS, *CONTENTS, *LICENCES, *OTHERS,
    *VERSIONS, *ARRIVALS,
)  # fmt: skip
