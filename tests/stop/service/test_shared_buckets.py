"""Buckets in a real Redis: one step, by one clock, bounded in time and in memory."""

from __future__ import annotations

import asyncio
import signal
from random import Random

import pytest
import redis
from servers import redis_server

from stillwatch.errors import ConfigurationError, UnreachableError
from stillwatch.stop.interface import Charge
from stillwatch.stop.service.shared_buckets import MOST, RedisBuckets
from stillwatch.stop.serving import LocalBuckets

START = 1_790_000_000_000_000
SECOND = 1_000_000
PATIENT = {"deadline": 5.0}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with redis_server(tmp_path_factory.mktemp("redis")) as running:
        yield running


@pytest.fixture
def own_server(tmp_path):
    with redis_server(tmp_path) as running:
        yield running


@pytest.fixture(autouse=True)
def client(server):
    with redis.Redis(port=server.port) as found:
        found.flushall()
        yield found


def url(server):
    return f"redis://127.0.0.1:{server.port}/0"


def charge(name=b"a", cost=1000, rate=1000, burst=5000):
    return Charge(name.ljust(16, b"."), cost, rate, burst)


def played(server, *steps, **options):
    """Charge one after the other at the given times; return what was said."""

    async def run():
        buckets = RedisBuckets(url(server), **{**PATIENT, "server_time": False, **options})
        try:
            return [await buckets.charge(charges, now) for now, *charges in steps]
        finally:
            await buckets.close()

    return asyncio.run(run())


def test_a_bucket_gives_its_burst_and_then_its_rate(server):
    steps = [(START, charge())] * 6 + [(START + SECOND, charge()), (START + SECOND, charge())]
    told = [one for (one,) in played(server, *steps)]
    assert [one.allowed for one in told] == [True] * 5 + [False, True, False]
    assert [one.remaining for one in told[:5]] == [4000, 3000, 2000, 1000, 0]
    assert (told[5].retry_after, told[5].reset_after) == (SECOND, 5 * SECOND)
    assert (told[0].retry_after, told[0].reset_after) == (0, SECOND)


def test_where_one_bucket_refuses_none_is_charged(server):
    full, other = charge(b"full"), charge(b"other", cost=5000)
    first, refused, then = played(server, (START, other), (START, full, other), (START, full))
    assert [one.allowed for one in (*first, *refused)] == [True, True, False]
    assert then[0].remaining == 4000


def test_redis_and_a_process_reckon_alike(server):
    random = Random(6)
    kinds = {b"a": (1, 1000), b"b": (7, 5000), b"c": (1000, 1_000_000_000), b"d": (57_870, 1)}
    now, steps = START, []
    for _ in range(400):
        now += random.choice((0, 1, 999, SECOND, 7 * SECOND, 3600 * SECOND))
        charges = []
        for name in random.choices(list(kinds), k=random.randint(1, MOST)):
            rate, burst = kinds[name]
            cost = random.choice((0, 1, 333, 1000, 4999, 90_000))
            charges.append(charge(name, cost, rate, burst))
        steps.append((now, *charges))
    local = LocalBuckets(1 << 12)
    shared = played(server, *steps)
    assert shared == [local.charge(charges, now) for now, *charges in steps]


def test_a_thousand_at_once_over_two_replicas_get_the_burst_and_no_more(server):
    async def run():
        replicas = [RedisBuckets(url(server), **PATIENT) for _ in range(2)]
        try:
            asked = [
                replicas[i % 2].charge([charge(rate=1, burst=100_000)], 0) for i in range(1000)
            ]
            return [one.allowed for (one,) in await asyncio.gather(*asked)]
        finally:
            for replica in replicas:
                await replica.close()

    assert sum(asyncio.run(run())) == 100


def test_redis_holds_a_bucket_only_until_it_is_full_again(client, server):
    played(server, (0, *(charge(b"%d" % i) for i in range(MOST))), server_time=True)
    lives = [client.pttl(key) for key in client.keys("*")]
    assert len(lives) == MOST
    assert all(0 < life <= 2000 for life in lives)
    assert all(key.startswith(b"{stillwatch}:") for key in client.keys("*"))


@pytest.mark.parametrize("step", [-3600 * SECOND, 3600 * SECOND])
def test_a_clock_that_steps_by_an_hour_gives_or_takes_one_burst_at_most(server, step):
    empty = [(START, charge())] * 5
    after = [(START + step + k * SECOND, charge()) for k in (0, 1, 2, 3)]
    told = [one.allowed for (one,) in played(server, *empty, *after)][5:]
    if step < 0:  # as empty as before, refilled at the same rate
        assert told == [False, True, True, True]
    else:  # full, as after any quiet hour
        assert told == [True] * 4
    burst = [(START + step, charge())] * 10
    assert sum(one.allowed for (one,) in played(server, *burst)) <= 5


def test_by_the_servers_clock_a_replica_whose_clock_is_wrong_changes_nothing(server):
    steps = [(START + k * 3600 * SECOND, charge(rate=1)) for k in range(8)]
    told = [one.allowed for (one,) in played(server, *steps, server_time=True)]
    assert told == [True] * 5 + [False] * 3


def test_a_stopped_redis_is_given_up_within_the_deadline_and_then_left_alone(own_server):
    async def run():
        buckets = RedisBuckets(url(own_server), deadline=0.5, failures=2, pause=30.0)
        await buckets.charge([charge()], 0)
        own_server.signal(signal.SIGSTOP)
        async with asyncio.timeout(60):  # a hang, and not a machine that others use too
            for _ in range(4):
                with pytest.raises(UnreachableError):
                    await asyncio.gather(*(buckets.charge([charge()], 0) for _ in range(50)))
        with pytest.raises(UnreachableError, match="did not answer lately"):
            await buckets.charge([charge()], 0)  # not even asked
        own_server.signal(signal.SIGCONT)
        await buckets.close()
        return buckets.breaker.open

    assert asyncio.run(run())


def test_a_restarted_redis_is_used_again_without_its_script(own_server):
    async def run():
        buckets = RedisBuckets(url(own_server), deadline=5.0, failures=1, pause=0.01)
        await buckets.charge([charge()], 0)
        own_server.kill()
        with pytest.raises(UnreachableError):
            await buckets.charge([charge()], 0)
        own_server.start()
        for _ in range(100):
            await asyncio.sleep(0.05)
            try:
                (told,) = await buckets.charge([charge()], 0)
                break
            except UnreachableError:
                continue
        await buckets.close()
        return told

    assert asyncio.run(run()).allowed


def test_nothing_to_charge_asks_nobody():
    async def run():
        buckets = RedisBuckets("redis://127.0.0.1:1/0")
        told = await buckets.charge([], 0)
        await buckets.close()
        return told

    assert asyncio.run(run()) == ()


def test_a_url_that_is_none_is_refused_by_name():
    with pytest.raises(ConfigurationError) as error:
        RedisBuckets("http://example/0")
    assert error.value.where == "buckets.url"
