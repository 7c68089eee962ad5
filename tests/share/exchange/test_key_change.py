"""A member changes the key that signs for it, with a real hub."""

from __future__ import annotations

import json
import time

import pytest
from click.testing import CliRunner
from test_member import publish

from stillwatch.cli.entry import cli
from stillwatch.errors import RefusedError, UnreachableError
from stillwatch.ledger import SigningKey
from stillwatch.share.exchange.changing import retire_key
from stillwatch.share.exchange.member import Member
from stillwatch.share.objects import Network


def published(member):
    return publish(member, Network(entity="asn", value="212001", mine=300, others=200)).id


def keys_by(member, other):
    other.pull()
    return {one.key.key_id: one.until for one in other.store.keyring().keys(member.id)}


def test_others_believe_the_new_key_and_the_old_one_ends(joined):
    one, other = joined("Changing A"), joined("Changing B")
    before = one.home.key().public.key_id
    after = one.change_key(3600)
    assert one.home.key().public.key_id == after != before
    held = keys_by(one, other)
    assert held[after] is None
    assert 3500 < held[before] - time.time() <= 3600
    number = published(one)
    other.pull()
    assert other.store.newest(number) is not None
    assert not other.store.refusals()


def test_a_member_at_work_goes_on_with_the_key_that_another_process_made(joined):
    one = joined("At work")
    with Member(one.home.folder, clock=time.time) as at_work:
        at_work.client.get("/exchange/v1/me")
        one.change_key(0)  # the one before is good no more
        at_work.client.get("/exchange/v1/me")
        published(at_work)


def test_a_change_that_ended_before_the_hub_heard_of_it_is_made_again(joined, monkeypatch):
    one = joined("Unheard")

    def away(*_):
        raise UnreachableError("the hub is away")

    with monkeypatch.context() as patch:
        patch.setattr(one.client, "post", away)
        with pytest.raises(UnreachableError):
            one.change_key(0)
    waits = SigningKey.read(one.home.next_key).public.key_id
    one.client.get("/exchange/v1/me")  # with the old key
    assert one.change_key(0) == waits
    assert not one.home.next_key.exists()


def test_a_change_that_ended_after_the_hub_took_it_is_ended(joined, monkeypatch):
    one = joined("Unsaid")
    with monkeypatch.context() as patch:
        patch.setattr(type(one.home), "change_key", lambda _: (_ for _ in ()).throw(SystemExit))
        with pytest.raises(SystemExit):
            one.change_key(0)
    with pytest.raises(RefusedError, match="nobody who may sign"):
        one.client.get("/exchange/v1/me")
    waits = SigningKey.read(one.home.next_key).public.key_id
    assert one.change_key(0) == waits == one.home.key().public.key_id
    one.client.get("/exchange/v1/me")


def test_what_the_hub_refuses_leaves_the_old_key(joined):
    one = joined("Refused change")
    before = one.home.key().public.key_id
    with pytest.raises(RefusedError, match="overlap"):
        one.change_key(10**9)
    assert one.home.key().public.key_id == before
    assert not one.home.next_key.exists()


def test_a_key_is_retired_and_the_last_one_is_not(joined):
    one, other = joined("Retired A"), joined("Retired B")
    before = one.home.key().public.key_id
    after = one.change_key(3600)
    retire_key(one.client, before)
    assert set(keys_by(one, other)) == {after}
    with pytest.raises(RefusedError, match="last key"):
        retire_key(one.client, after)


def test_the_commands(joined):
    one = joined("Commands")

    def run(*words):
        done = CliRunner().invoke(cli, ["exchange", *words, "--home", str(one.home.folder)])
        assert done.exit_code == 0, done.output
        return done.stdout

    before = one.home.key().public.key_id
    after = run("key", "new", "--overlap", "600").strip()
    run("pull")
    said = json.loads(run("status", "--json"))
    assert said["key"] == after
    assert said["keys"][after] == "never"
    assert said["keys"][before].startswith("20")
    assert f"{before}, ends: 20" in run("status")
    run("key", "retire", before)
    run("pull")
    assert set(json.loads(run("status", "--json"))["keys"]) == {after}
