"""Measures are proposed, approved, lifted and stopped by named people, and all of it is logged."""

from __future__ import annotations

import base64
import json
import sys
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from stillwatch.errors import ConfigurationError, RefusedError
from stillwatch.ledger import SigningKey
from stillwatch.ledger.commitments import opens
from stillwatch.stop.interface import Rung
from stillwatch.stop.responses import Analysts, Measure, MeasuresInForce
from stillwatch.stop.responses.canaries import CanarySet, read_slots
from stillwatch.stop.responses.canary_registry import canary_sets, exported, register
from stillwatch.stop.responses.decoys import plant, planted
from stillwatch.stop.responses.registry import (
    Acting,
    action_lines,
    listed,
    prepare,
    snapshot_of,
    verify_actions,
)

sys.path.insert(0, str(Path(__file__).parent))
from made_decisions import ANALYSTS, ENFORCED, HOUR, KEYS, NOW, envelope, measure

sys.path.pop(0)


@pytest.fixture
def store(empty):
    empty.now(prepare)
    empty.now(prepare)
    return empty


def act(store, name, does, keys=KEYS, now=NOW):
    return store.now(lambda connection: does(Acting(connection, keys[name], ANALYSTS, now)))


def in_force(store, policy=ENFORCED, now=NOW):
    raw = store.now_reading(snapshot_of, now)
    return MeasuresInForce.read(raw, ANALYSTS, policy)


def states(store, now=NOW):
    found = store.now_reading(lambda c: list(listed(c, ANALYSTS, ENFORCED, now)))
    return {one.measure.measure_id: one.state for one in found}


def lines(store):
    return store.now_reading(lambda connection: list(action_lines(connection)))


def test_a_measure_is_in_force_once_enough_people_approved_it(store):
    held = measure(Rung.HOLD)
    act(store, "ada", lambda a: a.propose(held, ENFORCED))
    assert in_force(store).on("x", "c-1", NOW) is None
    assert states(store) == {held.measure_id: "waiting"}
    approved = act(store, "ada", lambda a: a.approve(held.measure_id, ENFORCED))
    assert approved.people == ("ada",)
    assert in_force(store).on("x", "c-1", NOW) is None
    assert act(store, "grace", lambda a: a.approve(held.measure_id, ENFORCED)).people == (
        "ada",
        "grace",
    )
    placed = in_force(store)
    found = placed.on("x", "c-1", NOW)
    assert (found.measure_id, found.rung, found.expires) == (
        held.measure_id,
        Rung.HOLD,
        held.expires,
    )
    assert placed.on("x", "c-2", NOW) is None
    assert placed.on("x", "", NOW) is None
    assert placed.on("x", "c-1", held.expires) is None  # the snapshot is older than that
    assert in_force(store, now=held.expires).by_id == {}
    assert states(store) == {held.measure_id: "in force"}
    assert states(store, held.expires) == {held.measure_id: "expired"}
    assert placed.version == 3
    assert verify_actions(lines(store), ANALYSTS)[0] == 3


def test_lifting_takes_one_person_and_cannot_be_undone(store):
    soft = measure(Rung.VERIFY, account="acct-1")
    act(store, "ada", lambda a: a.propose(soft, ENFORCED))
    assert in_force(store).on("acct-1", "", NOW).rung is Rung.VERIFY
    act(store, "alan", lambda a: a.lift(soft.measure_id, "wrong account"))
    assert in_force(store).on("acct-1", "", NOW) is None
    assert states(store) == {soft.measure_id: "lifted"}
    with pytest.raises(RefusedError, match="G-13"):
        act(store, "ada", lambda a: a.approve(soft.measure_id, ENFORCED))
    with pytest.raises(ConfigurationError, match="no such measure"):
        act(store, "ada", lambda a: a.lift("m-0", "?"))


@pytest.mark.parametrize("scope", ["everything", "verify", "m-0123456789abcdef"])
def test_a_kill_switch_takes_one_person_and_two_to_release(store, scope):
    act(store, "ada", lambda a: a.propose(measure(Rung.VERIFY), ENFORCED))
    assert in_force(store).on("x", "c-1", NOW)
    act(store, "alan", lambda a: a.kill(scope, "too many appeals"))
    act(store, "alan", lambda a: a.kill(scope, "again"))
    assert in_force(store).on("x", "c-1", NOW) is None
    for _ in range(2):
        assert act(store, "ada", lambda a: a.resume(scope)) == ("ada",)
        assert in_force(store).on("x", "c-1", NOW) is None
    assert act(store, "grace", lambda a: a.resume(scope)) == ("ada", "grace")
    assert in_force(store).on("x", "c-1", NOW)
    with pytest.raises(ConfigurationError, match="not pulled"):
        act(store, "ada", lambda a: a.resume(scope))


def test_an_old_agreement_releases_no_later_switch(store):
    act(store, "ada", lambda a: a.kill("refuse", "x"))
    act(store, "ada", lambda a: a.resume("refuse"))
    act(store, "alan", lambda a: a.kill("refuse", "y"), now=NOW + 1)
    assert act(store, "grace", lambda a: a.resume("refuse")) == ("grace",)


def test_what_nobody_may_approve_is_not_kept(store):
    for made in (
        measure(Rung.REFUSE, grounds=("intelligence",)),
        measure(Rung.DECOY, account="a"),
        measure(Rung.HOLD, expires=NOW + 999 * 24 * HOUR),
    ):
        with pytest.raises(RefusedError, match=r"G-(8|10|13)"):
            act(store, "ada", lambda a, made=made: a.propose(made, ENFORCED))
    assert states(store) == {}
    assert lines(store) == []


def test_strangers_do_nothing(store):
    keys = {"mallory": SigningKey.generate("lab.example/mallory")}
    for does in (
        lambda a: a.propose(measure(Rung.VERIFY), ENFORCED),
        lambda a: a.kill("everything", "x"),
        lambda a: a.note("plant", "x", {}),
    ):
        with pytest.raises(RefusedError, match="G-12"):
            act(store, "mallory", does, keys)
    assert lines(store) == []


def test_the_strongest_measure_counts(store):
    first = measure(Rung.VERIFY, measure_id="m-" + "1" * 16, account="acct-1")
    second = measure(Rung.CAP, measure_id="m-" + "2" * 16)
    for made in (first, second):
        act(store, "ada", lambda a, made=made: a.propose(made, ENFORCED))
    act(store, "grace", lambda a: a.approve(second.measure_id, ENFORCED))
    placed = in_force(store)
    assert placed.on("acct-1", "c-1", NOW).rung is Rung.CAP
    assert placed.on("acct-1", "", NOW).rung is Rung.VERIFY
    assert placed.on("acct-2", "c-1", NOW).rung is Rung.CAP


def test_a_gateway_believes_signatures_and_not_the_snapshot():
    good = measure(Rung.REFUSE, measure_id="m-" + "3" * 16)
    forged = envelope(good, "m", keys={"m": SigningKey.generate("lab.example/mallory")})
    moved = envelope(good, "ada").replace(b'"sig":"', b'"sig":"AA')
    raw = {"version": 1, "killed": []}
    for bad in (forged, moved, b"{}", b"\xff", b"[" * 5000):
        made = MeasuresInForce.read(
            msgspec.json.encode(raw | {"measures": [bad, envelope(good, "ada")]}),
            ANALYSTS,
            ENFORCED,
        )
        assert len(made.by_id) <= 1
        assert all(one.people == ("ada",) for one in made.by_id.values())
        alone = msgspec.json.encode(raw | {"measures": [bad]})
        assert MeasuresInForce.read(alone, ANALYSTS, ENFORCED).by_id == {}
    for bad in (b"", b"{}", b'{"version":-1,"killed":[],"measures":[]}', b"\xff"):
        with pytest.raises(RefusedError, match="G-13"):
            MeasuresInForce.read(bad, ANALYSTS, ENFORCED)


@pytest.mark.parametrize(
    "change",
    [
        {"measure_id": "x"},
        {"campaign": ""},
        {"account": "a"},
        {"why": ""},
        {"grounds": ("language",)},
        {"accounts": 0},
        {"most_of_traffic": 2.0},
    ],
)
def test_a_statement_that_is_none_is_refused(change):
    with pytest.raises(RefusedError, match="G-13"):
        Measure.read(envelope(replace(measure(Rung.LIMIT), **change), "ada"), ANALYSTS)


def test_a_log_that_was_changed_shows_it(store):
    for number in range(4):
        act(store, "ada", lambda a, n=number: a.note("plant", f"acct-{n}", {}))
    held = lines(store)
    count, last = verify_actions(held, ANALYSTS)
    assert count == 4
    assert json.loads(held[-1])["hash"] == last
    for changed in (
        held[1:],
        [held[0], *held[2:]],
        [held[1], held[0], *held[2:]],
        [held[0].replace(b"hash", b"hush"), *held[1:]],
        [*held[:3], held[3].replace(last.encode(), b"0" * 64)],
        [b"\xff", *held],
    ):
        with pytest.raises(RefusedError, match="G-16"):
            verify_actions(changed, ANALYSTS)
    with pytest.raises(RefusedError, match="G-16"):
        verify_actions(held, Analysts({}))
    assert verify_actions(held[:3], ANALYSTS)[0] == 3  # the number kept elsewhere shows it


def test_variants_are_committed_to_before_they_are_used(store, tmp_path):
    path = tmp_path / "variants.json"
    path.write_text('{"example": ["one", "two", "three"], "order": ["up", "down"]}')
    chosen = CanarySet("k-1", "c-1", read_slots(path), b"k" * 32)
    assert act(store, "ada", lambda a: register(a, chosen, b"s" * 32)) == 1
    assert store.now_reading(canary_sets) == {"c-1": chosen}
    assert in_force(store).canaries == {"c-1": chosen}
    (line,) = store.now_reading(lambda connection: list(exported(connection)))
    assert opens(bytes.fromhex(line["commitment"]), b"s" * 32, line["content"].encode())
    assert line["commitment"].encode() in msgspec.json.encode(
        [msgspec.json.decode(_payload(raw)) for raw in lines(store)]
    )
    counts = [0, 0, 0]
    for number in range(3000):
        counts[chosen.choice(f"r-{number}", "example")] += 1
    assert min(counts) > 850
    other = replace(chosen, key=b"j" * 32)
    same = sum(
        chosen.choice(f"r-{n}", "example") == other.choice(f"r-{n}", "example") for n in range(3000)
    )
    assert same < 1200
    assert chosen.header("r-1").startswith("k-1;example=")
    for text in ("[]", "{}", '{"a": ["x"]}', '{"a": ["x", "x"]}', '{"A b": ["x", "y"]}', "\xff"):
        path.write_text(text, "latin-1")
        with pytest.raises(ConfigurationError):
            read_slots(path)


def test_decoy_accounts_are_registered(store):
    act(store, "ada", lambda a: plant(a, "acct-d", "paste site"))
    act(store, "ada", lambda a: plant(a, "acct-d", "repository"))
    assert store.now_reading(planted) == {"acct-d": "repository"}
    assert in_force(store).decoys == {"acct-d"}
    assert verify_actions(lines(store), ANALYSTS)[0] == 2


def _payload(raw):
    return base64.b64decode(json.loads(raw)["action"]["payload"])
