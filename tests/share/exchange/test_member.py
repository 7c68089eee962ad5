"""Members of a real hub: publish, pull, recall, contest; a hub that restarts."""

from __future__ import annotations

import time

import pytest

from stillwatch.errors import RefusedError, UnreachableError
from stillwatch.share.exchange.publishing import Draft, Terms, drafted
from stillwatch.share.objects import Network, new_sighting, recalled
from stillwatch.share.objects.examples import contents


def draft(member, content, campaign="c-1", **terms):
    now = time.time()
    return drafted(
        [Draft(campaign, content, now - 60.0, now - 1.0)],
        store=member.store,
        member=member.id,
        secret=member.home.secret(),
        terms=Terms(**terms),
        now=now,
    )


def publish(member, content, campaign="c-1", **terms):
    items = draft(member, content, campaign, **terms)
    sent = member.publish(items, approved_by="Ada")
    assert sent.refused == ()
    assert sent.taken == len(items)
    return member.signed(items)[0]


def test_what_one_publishes_another_holds(joined):
    one, other = joined("Lab A"), joined("Lab B")
    made = [publish(one, content, f"c-{place}") for place, content in enumerate(contents())]
    pulled = other.pull()
    assert pulled.refused == 0
    assert pulled.objects >= len(made)
    held = {one.item.id: one.item for one in other.weighted()}
    assert {item.id: item for item in made}.items() <= held.items()
    assert all(0.0 < one.weight < 1.0 for one in other.weighted())
    again = other.pull()
    assert (again.objects, again.repeated) == (0, 0)
    assert {member[1] for member in other.store.members()} >= {"Lab A", "Lab B"}


def test_a_new_version_replaces_the_old(joined):
    one, other = joined("Versions A"), joined("Versions B")
    network = Network(entity="asn", value="210001", mine=300, others=200)
    first = publish(one, network)
    other.pull()
    second = publish(one, network, confidence=90, licence="limit")
    assert (second.id, second.confidence, first.confidence) == (first.id, 90, 75)
    other.pull()
    assert other.store.newest(first.id) == second


def test_a_recall_reaches_who_holds_it_and_is_acknowledged(joined):
    one, other = joined("Recall A"), joined("Recall B")
    item = publish(one, Network(entity="asn", value="210002", mine=300, others=200))
    other.pull()
    assert item.id in {held.item.id for held in other.weighted()}
    now = time.time()
    back = recalled(item, now=now, reason="appeal", deadline=now + 7_200.0)
    one.publish([back], approved_by="Ada")
    owed = {entry["id"]: entry for entry in one.client.get("/exchange/v1/recalls")["recalls"]}
    assert other.id in owed[item.id]["waiting"]
    assert other.pull().recalls == 1
    assert item.id not in {held.item.id for held in other.weighted()}
    owed = {entry["id"]: entry for entry in one.client.get("/exchange/v1/recalls")["recalls"]}
    assert other.id not in owed.get(item.id, {"waiting": []})["waiting"]
    assert other.store.recalls() == []


def test_what_members_say_weighs_an_indicator(joined):
    one, other, third = joined("Word A"), joined("Word B"), joined("Word C")
    items = [
        publish(one, Network(entity="asn", value=str(n), mine=300, others=200), f"c-{n}")
        for n in (210010, 210011)
    ]
    other.pull()
    third.pull()
    before = {held.item.id: held.weight for held in third.weighted()}
    for member in (other, third):
        word = new_sighting(
            items[0],
            "false-positive",
            author=member.id,
            now=time.time(),
            number=member.id.encode()[-16:],
            grounds="review",
        )
        assert member.publish([word], approved_by="Ben").refused == ()
    third.pull()
    after = {held.item.id: held.weight for held in third.weighted()}
    assert before[items[0].id] > 0.0
    assert after[items[0].id] == 0.0
    assert 0.0 < after[items[1].id] < before[items[1].id]  # its author's record is worse
    record = one.client.get("/exchange/v1/precision")
    assert record["false_positive"] >= 1


def test_an_audience_keeps_others_out(joined):
    one, other, third = joined("Few A"), joined("Few B"), joined("Few C")
    network = Network(entity="asn", value="210020", mine=300, others=200)
    item = publish(one, network, tlp="red", audience=(other.id,))
    other.pull()
    third.pull()
    assert other.store.newest(item.id) == item
    assert third.store.newest(item.id) is None


def test_a_narrowed_audience_withdraws(joined):
    one, other = joined("Narrow A"), joined("Narrow B")
    network = Network(entity="asn", value="210021", mine=300, others=200)
    item = publish(one, network)
    other.pull()
    publish(one, network, audience=(one.id,))
    assert other.pull().recalls == 1
    assert item.id not in {held.item.id for held in other.weighted()}


def test_what_the_hub_refuses_is_said_and_not_sent_again(joined):
    one, other = joined("Refused A"), joined("Refused B")
    (item,) = draft(other, Network(entity="asn", value="210030", mine=300, others=200))
    sent = one.publish([item], approved_by="Ada")  # another member's
    assert sent.taken == 0
    ((number, words),) = sent.refused
    assert number == item.id
    assert words.startswith(("H-4", "X-44"))
    assert one.store.waiting() == []


def test_a_hub_that_is_killed_loses_and_doubles_nothing(hub, joined):
    one, other = joined("Killed A"), joined("Killed B")
    made = []
    for number in range(210_100, 210_104):
        made += draft(one, Network(entity="asn", value=str(number), mine=300, others=200))
    one.publish(made[:2], approved_by="Ada")
    other.pull()
    hub.kill()
    with pytest.raises(UnreachableError):
        one.publish(made[2:], approved_by="Ada")
    with pytest.raises(UnreachableError):
        other.pull()
    assert len(one.store.waiting()) == 2
    hub.start()
    assert one.send().taken == 2
    assert one.send().taken == 0
    assert other.pull().objects == 2
    assert {item.id for item in made} <= {held.item.id for held in other.weighted()}


@pytest.mark.parametrize("off", [-280.0, 280.0, -7_200.0, 86_000.0])
def test_a_clock_that_is_off_is_put_right_by_the_hub(joined, off):
    member = joined(f"Clock {abs(off):.0f} {off > 0}")
    member.client._http.auth._clock = lambda: time.time() + off
    assert member.pull().refused == 0


def test_nobody_reads_as_another(joined, tmp_path):
    member = joined("Impostor")
    member.home._key.unlink()
    (tmp_path / "other").mkdir()
    key = member.home.prepare("Impostor")
    member.client._http.auth._key = key
    with pytest.raises(RefusedError, match=r"R-9|H-1"):
        member.pull()
