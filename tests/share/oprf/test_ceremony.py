"""Ceremonies on folders: what each side refuses, and what a crash leaves."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import msgspec
import pytest
from operators import DAY, Pair, hold

from stillwatch.errors import ConfigurationError, RefusedError
from stillwatch.ledger import SigningKey, dsse
from stillwatch.share.oprf import (
    Home,
    Steps,
    current,
    group,
    opened,
    pending,
    register,
    terms_of_new,
    terms_of_refresh,
)
from stillwatch.share.oprf import ceremony as rites
from stillwatch.share.oprf.epochs import RECORD_TYPE, merged, packed
from stillwatch.share.oprf.operator import ready, shares_of
from stillwatch.share.oprf.shares import read_shares
from stillwatch.share.oprf.steps import GRACE

NOW = 1_790_000_000


@pytest.fixture
def pair(tmp_path):
    made = Pair.make(tmp_path)
    yield made
    made.http.close()


def sides(pair, terms=None):
    terms = terms or terms_of_new(pair.a, NOW)
    return Steps(pair.a, terms, NOW), Steps(pair.b, terms, NOW)


def message(raw, key):
    return rites.opened_message(raw, key.public)


def test_p_1_nothing_is_revealed_before_the_other_committed(pair):
    a, b = sides(pair)
    a.commit()
    b.commit()
    with pytest.raises(RefusedError, match="P-1"):
        a.take(b.reveal(a.commit()))
    assert not list((pair.a.path / "ceremony").glob("*-reveal-a.json"))


def test_p_1_an_operator_that_changes_its_mind_is_refused(pair):
    a, b = sides(pair)
    first = b.commit()
    reveal = b.reveal(a.commit())
    a.reveal(first)
    second = rites.drawn(terms_of_new(pair.b, NOW), "b", bytes(32), group.random_scalar)
    with pytest.raises(RefusedError, match=r"P-1.*second, different commit"):
        a.reveal(rites.sealed(second.commit(), pair.b.key))
    other = rites.revealed(second, message(a.commit(), pair.a.key), group.random_scalar)
    with pytest.raises(RefusedError, match=r"P-1.*did not commit"):
        a.confirm(rites.sealed(other, pair.b.key))
    assert a.confirm(reveal)


def test_p_1_a_key_made_to_cancel_the_others_is_refused(pair):
    """The last to draw takes the difference to a key of its own, of which it knows no share."""
    a, b = sides(pair)
    b.commit()
    mine = message(b.reveal(a.commit()), pair.b.key)
    first = message(a.reveal(b.commit()), pair.a.key)
    chosen = group.base_times(group.random_scalar())
    publics = {
        kind: group.subtract(chosen, bytes.fromhex(value)).hex()
        for kind, value in first.publics.items()
    }
    draft = rites.drawn(terms_of_new(pair.b, NOW), "b", bytes(32), group.random_scalar)
    made = rites._commitment(draft.terms, "b", draft.salt, publics).hex()
    committed = rites.Commit(terms=draft.terms, operator="b", commitment=made)
    forged = msgspec.structs.replace(mine, salt=draft.salt, publics=publics)
    held = msgspec.json.decode(
        next(pair.a.path.glob("shares/draft-*")).read_bytes(), type=rites.Draft
    )
    with pytest.raises(RefusedError, match=r"P-1.*does not show that it knows its share"):
        rites.verify_reveal(held, committed, forged)


@pytest.mark.parametrize("change", [{"epoch": 2}, {"starts": NOW + 1}, {"exchange": "other"}])
def test_p_1_terms_must_be_the_same(pair, change):
    a, _ = sides(pair)
    a.commit()
    terms = msgspec.structs.replace(terms_of_new(pair.b, NOW), **change)
    draft = rites.drawn(terms, "b", bytes(32), group.random_scalar)
    with pytest.raises(RefusedError, match=r"P-1.*different terms"):
        a.reveal(rites.sealed(draft.commit(), pair.b.key))


def test_p_1_messages_of_others_are_refused(pair):
    a, b = sides(pair)
    stranger = SigningKey.generate("stranger")
    draft = rites.drawn(terms_of_new(pair.b, NOW), "b", bytes(32), group.random_scalar)
    with pytest.raises(RefusedError, match="L-18"):
        a.reveal(rites.sealed(draft.commit(), stranger))
    a.commit()
    with pytest.raises(RefusedError, match="L-18"):
        a.reveal(a.commit())  # the own message comes back
    mirrored = rites.drawn(terms_of_new(pair.b, NOW), "a", bytes(32), group.random_scalar)
    with pytest.raises(RefusedError, match=r"P-1.*same operator"):
        a.reveal(rites.sealed(mirrored.commit(), pair.b.key))
    b.commit()
    with pytest.raises(RefusedError, match=r"P-1.*commitment is needed"):
        a.reveal(b.reveal(a.commit()))


def test_p_1_both_must_sign_one_record(pair):
    record = pair.epoch(NOW)
    keys = (pair.a.key.public, pair.b.key.public)
    alone = dsse.seal_envelope(RECORD_TYPE, packed(record), [pair.a.key])
    with pytest.raises(RefusedError, match="L-18"):
        opened(alone, keys)
    other = msgspec.structs.replace(record, starts=NOW + 5)
    second = dsse.seal_envelope(RECORD_TYPE, packed(other), [pair.b.key])
    with pytest.raises(RefusedError, match="P-1"):
        merged(alone, second)
    swapped = {kind: msgspec.structs.replace(k, a=k.b) for kind, k in record.keys.items()}
    for keyed in (swapped, {"email": record.keys["email"]}):
        bad = msgspec.structs.replace(record, keys=keyed)
        raw = dsse.seal_envelope(RECORD_TYPE, packed(bad), [pair.a.key, pair.b.key])
        with pytest.raises(RefusedError, match="P-1"):
            opened(raw, keys)


def test_p_1_every_step_can_be_taken_again(pair):
    a, b = sides(pair)
    commits = (a.commit(), b.commit())
    assert commits == (a.commit(), b.commit())
    assert b.take(commits[0]) == commits[1]
    first = a.reveal(commits[1])
    second = b.take(first)
    assert (a.reveal(commits[1]), b.take(first)) == (first, second)
    third = a.confirm(second)
    assert a.confirm(second) == third
    done = b.take(third)
    # b is done; a lost the answer and asks again from the start
    assert b.take(commits[0]) == commits[1]
    assert b.take(first) == second
    assert b.take(third) == done
    assert a.finish(done).envelope == b.finish(third).envelope
    assert pending(pair.a) is pending(pair.b) is None


@pytest.mark.parametrize("left", ["next", "live", "none"])
def test_p_8_a_crash_while_shares_are_replaced_is_mended(pair, left):
    pair.epoch(NOW)
    a, b = sides(pair, terms_of_refresh(pair.a, 1))
    commits = (a.commit(), b.commit())
    reveals = (a.reveal(commits[1]), b.reveal(commits[0]))
    confirms = (a.confirm(reveals[1]), b.confirm(reveals[0]))
    live, after = pair.a.share_path(1), pair.a.share_path(1, "next")
    if left != "none":
        live.rename(pair.a.share_path(1, "previous"))
    if left == "live":
        after.rename(live)
    assert a.finish(confirms[1]) == b.finish(confirms[0])
    assert read_shares(live).generation == 1
    ready(pair.a, NOW)


def test_p_8_a_refresh_keeps_the_key_and_needs_both_shares_anew(pair):
    before = pair.epoch(NOW)
    old = [read_shares(home.share_path(1)).scalars() for home in (pair.a, pair.b)]
    after = hold(pair.a, pair.b, terms_of_refresh(pair.a, 1), NOW).record
    new = [read_shares(home.share_path(1)).scalars() for home in (pair.a, pair.b)]
    for kind, keys in before.keys.items():
        assert after.keys[kind].sum == keys.sum
        assert after.keys[kind].a != keys.a
        for shares, fits in (((old[0], old[1]), True), ((new[0], new[1]), True),
                             ((old[0], new[1]), False), ((new[0], old[1]), False)):  # fmt: skip
            whole = group.scalar_add(*(share[kind] for share in shares))
            assert (group.base_times(whole).hex() == keys.sum) is fits


def test_p_8_shares_before_a_refresh_go_after_a_while(pair):
    now = int(time.time())
    pair.epoch(now)
    hold(pair.a, pair.b, terms_of_refresh(pair.a, 1), now)
    assert shares_of(pair.a, 1, 0, now + GRACE)
    assert not shares_of(pair.a, 1, 0, now + GRACE + 1)
    assert not pair.a.share_path(1, "previous").exists()
    assert shares_of(pair.a, 1, 1, now + GRACE + 1)


@pytest.mark.parametrize("change", [{"epoch": 3}, {"generation": 2}, {"starts": NOW - 121 * DAY}])
def test_p_8_epochs_and_generations_follow_each_other(pair, change):
    pair.epoch(NOW)
    terms = msgspec.structs.replace(terms_of_new(pair.a, NOW), **change)
    with pytest.raises(RefusedError, match="P-8"):
        Steps(pair.a, terms, NOW).commit()


def test_p_8_one_ceremony_at_a_time_and_a_confirmed_one_is_not_abandoned(pair):
    a, b = sides(pair)
    a.commit()
    with pytest.raises(RefusedError, match=r"P-1.*under way"):
        Steps(pair.a, terms_of_new(pair.a, NOW + 5), NOW).commit()
    a.abandon()
    assert pending(pair.a) is None
    commits = (a.commit(), b.commit())
    reveals = (a.reveal(commits[1]), b.reveal(commits[0]))
    a.confirm(reveals[1])
    with pytest.raises(RefusedError, match=r"P-1.*was confirmed"):
        a.abandon()


def test_p_8_the_current_epoch_is_the_newest_open_one(pair):
    record = pair.epoch(NOW)
    second = msgspec.structs.replace(record, epoch=2, starts=record.turns)
    known = {1: record, 2: second}
    assert current(known, NOW).epoch == 1
    assert current(known, record.turns).epoch == 2
    assert record.ends - record.starts == 120 * DAY
    assert record.open_at(record.ends - 1)
    assert not record.open_at(record.ends)
    third = msgspec.structs.replace(record, epoch=3, starts=record.turns + 5, lost=[2])
    assert current({**known, 3: third}, record.turns + 4).epoch == 2
    assert current({**known, 3: third}, record.turns + 5).epoch == 3
    with pytest.raises(RefusedError, match="P-8"):
        current(known, NOW - 1)


def test_p_1_a_share_that_is_not_in_the_record_is_refused(pair):
    pair.epoch(NOW)
    path = pair.a.share_path(1)
    held = json.loads(path.read_text())
    held["shares"]["email"] = group.random_scalar().hex()
    path.write_text(json.dumps(held))
    with pytest.raises(ConfigurationError, match=r"P-1.*share of email"):
        ready(pair.a, NOW)


@pytest.mark.parametrize("spoil", ["mode", "form", "scalar"])
def test_a_share_file_that_others_read_or_that_is_none_is_refused(pair, spoil):
    pair.epoch(NOW)
    path = pair.a.share_path(1)
    assert path.stat().st_mode & 0o777 == 0o600
    if spoil == "mode":
        path.chmod(0o644)
    elif spoil == "form":
        path.write_text("{}")
    else:
        path.write_text(
            path.read_text().replace(json.loads(path.read_text())["shares"]["par"], "ff" * 32)
        )
    with pytest.raises(ConfigurationError) as caught:
        register(pair.a)
    assert "ff" * 32 not in caught.value.diagnostics()


def test_p_1_an_operator_is_not_its_own_peer(pair):
    (pair.a.path / "peer.vkey").write_text(pair.a.key.public.encode())
    with pytest.raises(ConfigurationError, match="P-1"):
        _ = pair.a.peer


def test_secrets_do_not_print(pair):
    pair.epoch(NOW)
    held = read_shares(pair.a.share_path(1))
    draft = rites.drawn(terms_of_new(pair.a, NOW), "a", bytes(32), group.random_scalar)
    for shown in (repr(held), repr(draft), repr(shares_of(pair.a, 1, 0, NOW))):
        for secret in [*held.shares.values(), *draft.scalars.values()]:
            assert secret not in shown


def test_p_1_two_exchanges_share_no_machine_by_mistake(pair):
    settings = msgspec.structs.replace(pair.b.settings, machine=pair.a.settings.machine)
    register(pair.a)
    with pytest.raises(ConfigurationError, match="P-1"):
        register(replace(pair.b, settings=settings))
    register(replace(pair.b, settings=msgspec.structs.replace(settings, exchange="other.example")))
    assert isinstance(Home.read(pair.a.path), Home)


def test_p_1_messages_that_come_at_once_are_taken_one_by_one(pair):
    terms = terms_of_new(pair.a, NOW)
    raw = Steps(pair.a, terms, NOW).commit()
    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(lambda _: Steps(pair.b, terms, NOW).take(raw), range(8)))
    assert len(set(said)) == 1
    draft = next(pair.b.path.glob("shares/draft-*"))
    held = msgspec.json.decode(draft.read_bytes(), type=rites.Draft)
    assert message(said[0], pair.b.key) == held.commit()
