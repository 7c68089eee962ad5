"""Updates: the newest wins however they come, what nobody trusted said is refused by its rule."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import time

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scan_folder import write_scan
from servers import eventually, nats_server

from stillwatch.errors import (
    ConfigurationError,
    InputFormatError,
    RefusedError,
    SourceNotFoundError,
    UnreachableError,
)
from stillwatch.ledger import SigningKey
from stillwatch.stop.service.board import Board, Kept
from stillwatch.stop.service.bodies import (
    Indicators,
    Recall,
    indicators_body,
    read_indicators,
    read_recall,
    read_scan_body,
    read_table,
    recall_body,
    recall_key,
    table_body,
)
from stillwatch.stop.service.scans import read_intelligence, read_scan, stamp
from stillwatch.stop.service.stream import Hearing, Place, send_updates
from stillwatch.stop.service.updates import (
    Gathering,
    Trusted,
    Update,
    opened,
    packed,
    sealed_parts,
    subject_of,
    unpacked,
)
from stillwatch.stop.serving import Pieces
from stillwatch.stop.serving import Place as Where

NOW = 1_790_000_000_000_000
DAY = 86_400_000_000
KEY = SigningKey("scan.example", bytes(range(32)))
SCANS = (Trusted(KEY.public, frozenset({"scan"})),)
BOTH = (Trusted(KEY.public, frozenset({"scan", "recall"})),)


def incompressible(size):
    return b"".join(hashlib.sha256(b"%d" % i).digest() for i in range(size // 32))


LONG = Update("scan", "eu", NOW, incompressible(1_300_000))


def test_a_long_update_travels_in_signed_parts_that_come_in_any_order():
    messages = [raw for _, raw in sealed_parts(LONG, KEY)]
    assert len(messages) == 3
    assert max(len(raw) for raw in messages) < 1 << 20
    for order in itertools.permutations([*messages, messages[0]]):
        gathering = Gathering()
        found = [gathering.take(opened(raw, SCANS, now=NOW)) for raw in order]
        assert LONG in found
        assert {found.count(LONG), found.count(None)} <= {1, 2, 3}


def test_parts_of_an_earlier_version_do_not_mix_with_a_later_one():
    later = msgspec.structs.replace(LONG, version=NOW + 1, body=LONG.body[::-1])
    old, new = ([part for part, _ in sealed_parts(update)] for update in (LONG, later))
    gathering = Gathering()
    told = [gathering.take(part) for part in (new[0], old[0], old[1], old[2], new[1], new[2])]
    assert told == [None] * 5 + [later]


@pytest.mark.parametrize(
    ("rule", "message", "now"),
    [
        ("U-1", b"", NOW),
        ("U-1", b"\xc1" * 40, NOW),
        ("U-1", msgspec.msgpack.encode([b"none", "", b""]), NOW),
        (
            "U-1",
            msgspec.msgpack.encode([msgspec.msgpack.encode(["scan", "eu", 1, 3, 2, b""]), "", b""]),
            NOW,
        ),
        ("U-2", next(sealed_parts(LONG))[1], NOW),
        ("U-2", next(sealed_parts(LONG, SigningKey.generate("other")))[1], NOW),
        ("U-2", next(sealed_parts(msgspec.structs.replace(LONG, kind="recall"), KEY))[1], NOW),
        ("U-3", next(sealed_parts(LONG, KEY))[1], NOW - DAY - 1),
    ],
)
def test_u1_to_u3_a_message_that_breaks_a_rule_is_refused_by_its_number(rule, message, now):
    with pytest.raises(RefusedError) as error:
        opened(message, SCANS, now=now)
    assert error.value.rule == rule


def test_u2_where_no_key_is_trusted_nobody_is_believed():
    (_, raw), *_ = sealed_parts(LONG, KEY)
    with pytest.raises(RefusedError) as error:
        opened(raw, (), now=NOW)
    assert error.value.rule == "U-2"


def test_u2_a_signature_is_of_the_bytes_that_it_came_with():
    raw = next(sealed_parts(Update("scan", "eu", NOW, b"words"), KEY))[1]
    part, key_id, signature = msgspec.msgpack.decode(raw)
    other = msgspec.msgpack.encode([*msgspec.msgpack.decode(part)[:-1], b"others"])
    with pytest.raises(RefusedError, match="U-2"):
        opened(msgspec.msgpack.encode([other, key_id, signature]), SCANS, now=NOW)
    assert opened(msgspec.msgpack.encode([part, key_id, signature]), SCANS, now=NOW)


def test_u4_what_does_not_unpack_is_refused():
    part = next(sealed_parts(Update("scan", "eu", NOW, b"words")))[0]
    for piece in (b"", part.piece[:-1], b"none"):
        with pytest.raises(RefusedError, match="U-4"):
            Gathering().take(msgspec.structs.replace(part, piece=piece))


@given(st.binary(max_size=300))
def test_u6_a_body_is_refused_or_read(raw):
    for read in (read_scan_body, read_table, read_indicators, read_recall):
        try:
            read(raw)
        except RefusedError as error:
            assert error.rule == "U-6"  # noqa: PT017 - or it was read


def test_bodies_come_back_as_they_were():
    found = Indicators(
        (Pieces("i-1", "c-1", [1, 2**64 - 1], [30, 40], "limit", own=True),),
        (Where("i-2", "c-1", "asn", "64500", 1.5, "challenge"),),
    )
    assert read_indicators(indicators_body(found)) == found
    recall = Recall("7", "c-1", ("m-1",), ("i-1",), NOW, NOW + DAY)
    assert read_recall(recall_body(recall)) == recall
    table = pa.table({"a": [1, 2]})
    assert read_table(table_body(table)).equals(table)


def test_the_newest_of_each_is_held_whatever_the_order():
    updates = [
        Update(kind, key, version, b"%d" % version)
        for kind in ("scan", "recall")
        for key in "ab"
        for version in (1, 2, 3)
    ]
    for order in (updates, updates[::-1], updates[1::2] + updates[::2]):
        board = Board()
        for update in order:
            board.take(update)
            board.take(update)
        assert [one.version for one in board.of("scan") + board.of("recall")] == [3] * 4


def test_what_is_kept_outlives_the_process_and_damage_is_passed_over(tmp_path):
    kept = Kept(tmp_path / "kept")
    first, second = Update("scan", "eu", 1, b"1"), Update("recall", "../x\n", 2, b"2")
    for update in (first, second, msgspec.structs.replace(first, version=5)):
        kept.keep(update)
    assert {(one.kind, one.version) for one in Kept(tmp_path / "kept").read()} == {
        ("scan", 5),
        ("recall", 2),
    }
    damaged = next((tmp_path / "kept").glob("scan-*"))
    damaged.write_bytes(damaged.read_bytes()[:-1])
    again = Kept(tmp_path / "kept")
    assert [one.kind for one in again.read()] == ["recall"]
    assert again.damaged == 1
    with pytest.raises(RefusedError, match="U-5"):
        unpacked(packed(first)[:-1])


def test_a_scan_is_read_whole_or_not_at_all(tmp_path):
    folder = tmp_path / "out"
    with pytest.raises(SourceNotFoundError):
        read_scan(folder, version=1)
    assert stamp(folder / "campaigns.json") is None
    write_scan(folder, ["a", "b"])
    before = stamp(folder / "campaigns.json")
    found = read_scan_body(read_scan(folder, version=1).body)
    assert found.verdicts.column("account_id").to_pylist() == ["a", "b"]
    assert found.as_of == 1_790_812_800_000_000
    raw = (folder / "campaigns.json").read_bytes()
    write_scan(folder, ["a"])
    assert stamp(folder / "campaigns.json") != before
    (folder / "campaigns.json").write_bytes(raw)  # as in the middle of a scan's publication
    with pytest.raises(InputFormatError, match="not those"):
        read_scan(folder, version=2)
    for text in ("[]", "{", '{"files": 1}', "[" * 100_000):
        (folder / "campaigns.json").write_text(text)
        with pytest.raises(InputFormatError):
            read_scan(folder, version=3)


def test_intelligence_is_read_from_its_file(tmp_path):
    path = tmp_path / "intelligence.parquet"
    path.write_bytes(b"PAR1")
    with pytest.raises(InputFormatError):
        read_intelligence(path, version=1)
    table = pa.table({"time": [1], "account_id": ["a"], "actor": ["x"], "log_ratio": [7.0]})
    pq.write_table(table, path)
    assert read_table(read_intelligence(path, version=1).body).num_rows == 1


@pytest.fixture
def nats(tmp_path):
    with nats_server(tmp_path / "nats") as server:
        yield server


class Ear:
    """A hearing in this loop, and what it took."""

    def __init__(self, nats, replica="r", trusted=BOTH):
        self.taken, self.refused, self.fails = [], [], False
        self.hearing = Hearing(
            place(nats), replica, trusted=trusted, take=self.take,
            clock=lambda: time.time_ns() // 1000, refused=self.refused.append,
        )  # fmt: skip

    async def take(self, update):
        if self.fails:
            raise OSError(28, "no space")
        self.taken.append(update)

    async def __aenter__(self):
        self._running = asyncio.create_task(self.hearing.run())
        return self

    async def __aexit__(self, *_):
        self._running.cancel()
        await asyncio.wait([self._running])

    async def has(self, count):
        await eventually(lambda: len(self.taken) >= count)
        return [(one.kind, one.key, one.version) for one in self.taken]


def place(nats):
    return Place(f"nats://127.0.0.1:{nats.port}")


def now():
    return time.time_ns() // 1000


def test_a_replica_hears_in_a_moment_and_a_new_one_hears_the_newest_of_each(nats):
    async def run():
        long = msgspec.structs.replace(LONG, version=now())
        async with Ear(nats, "first", SCANS) as first:
            await eventually(lambda: first.hearing.connected)
            begun = time.monotonic()
            await send_updates(place(nats), [long], KEY)
            await first.has(1)
            took = time.monotonic() - begun
            newer = msgspec.structs.replace(long, version=now(), body=b"small")
            await send_updates(place(nats), [newer], KEY)
            await first.has(2)
        async with Ear(nats, "second", SCANS) as second:
            assert await second.has(1) == [("scan", "eu", newer.version)]
            assert second.taken[0].body == b"small"
        return took

    assert asyncio.run(run()) < 10


def test_a_replica_that_was_away_hears_what_it_missed_and_only_that(nats):
    async def run():
        first, second = (Update("recall", key, now(), b"") for key in "ab")
        async with Ear(nats) as ear:
            await send_updates(place(nats), [first], KEY)
            await ear.has(1)
        await send_updates(place(nats), [second], KEY)
        async with Ear(nats) as again:
            await again.has(1)
            await asyncio.sleep(0.3)
            return [one.key for one in again.taken]

    assert asyncio.run(run()) == ["b"]


def test_what_could_not_be_kept_is_heard_again(nats):
    async def run():
        async with Ear(nats) as ear:
            ear.fails = True
            await send_updates(place(nats), [Update("recall", "a", now(), b"")], KEY)
            await asyncio.sleep(0.5)
        async with Ear(nats, "other") as fresh:
            return await fresh.has(1)

    assert [key for _, key, _ in asyncio.run(run())] == ["a"]


def test_a_server_that_was_away_is_found_again_with_what_it_held(nats):
    async def run():
        async with Ear(nats) as ear:
            await send_updates(place(nats), [Update("recall", "a", now(), b"")], KEY)
            await ear.has(1)
            nats.kill()
            with pytest.raises(UnreachableError):
                await send_updates(place(nats), [Update("recall", "b", now(), b"")], KEY)
            await eventually(lambda: not ear.hearing.connected)
            await asyncio.to_thread(nats.start)
            await send_updates(place(nats), [Update("recall", "c", now(), b"")], KEY)
            return [key for _, key, _ in await ear.has(2)]

    assert asyncio.run(run()) == ["a", "c"]


def test_updates_that_are_sent_during_a_reconnect_are_heard_each_once(nats):
    async def run():
        async with Ear(nats) as ear:
            await eventually(lambda: ear.hearing.connected)
            nats.kill()
            waiting = [Update("recall", f"{at}", now() + at, b"") for at in range(20)]
            sending = asyncio.create_task(sent_in_time(nats, waiting))
            await asyncio.sleep(0.3)
            await asyncio.to_thread(nats.start)
            await sending
            await ear.has(20)
            await asyncio.sleep(0.3)
            return sorted(int(one.key) for one in ear.taken), ear.refused

    assert asyncio.run(run()) == (list(range(20)), [])


async def sent_in_time(nats, updates):
    """Send each until the server, which comes back meanwhile, has taken it."""
    for update in updates:
        for _ in range(100):
            try:
                await send_updates(place(nats), [update], KEY)
                break
            except UnreachableError:
                await asyncio.sleep(0.05)


def test_what_nobody_trusted_said_is_refused_once(nats):
    async def run():
        async with Ear(nats, trusted=SCANS) as ear:
            await send_updates(place(nats), [Update("scan", "eu", now(), b"")], None)
            await send_updates(place(nats), [Update("scan", "us", now(), b"")], KEY)
            await ear.has(1)
            return [one.key for one in ear.taken], [one.rule for one in ear.refused]

    assert asyncio.run(run()) == (["us"], ["U-2"])


def test_a_url_of_nats_that_leads_nowhere_is_an_error_with_a_name():
    with pytest.raises((ConfigurationError, UnreachableError)):
        asyncio.run(send_updates(Place("http://127.0.0.1:1"), [], KEY))


def test_keys_and_subjects_are_plain():
    assert recall_key('a"b', "c") == '["a\\"b","c"]'
    assert subject_of("p", "recall", "a b.>*").count(".") == 2
