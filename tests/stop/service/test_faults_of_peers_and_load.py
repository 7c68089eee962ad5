"""The hub away, ten times as much as is served, and caps over replicas: with real processes."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from replicas import ENFORCED, replicas, today, waited, write_policy
from scan_folder import write_scan
from servers import eventually

from stillwatch.share.exchange.member import Member, join
from stillwatch.share.exchange.publishing import Draft, Terms, drafted
from stillwatch.share.objects import Network

sys.path.append(str(Path(__file__).parents[2] / "share" / "exchange"))
from hub_process import Hub

sys.path.pop()

PEERS = ENFORCED.replace("[rungs]", '[rungs]\npeer = "verify"').replace(
    "[links]", "[thresholds]\npeer_nats = 3\n[links]"
)
SHED = 'stillwatch_undecided_total{fail="closed",lost="core"}'
SLOWEST = 30.0
"""Seconds after which a request counts as hung, on a machine that others use too."""


def publish(member, block):
    now = time.time()
    content = Network(entity="prefix", value=block, mine=500, others=10)
    items = drafted(
        [Draft(f"c-{block}", content, now - 9.0, now)], store=member.store, member=member.id,
        secret=member.home.secret(), terms=Terms(licence="challenge"), now=now,
    )  # fmt: skip
    assert member.publish(items, approved_by="Ada").refused == ()


def test_what_peers_said_stays_in_force_while_the_hub_is_away(tmp_path):
    hub = Hub(tmp_path / "hub")
    watch = None
    try:
        for name in "ab":
            join(tmp_path / name, hub.url, hub.invite(f"Lab {name}"), f"Lab {name}",
                 clock=time.time)  # fmt: skip
        (tmp_path / "key").write_bytes(b"a long random secret")
        handed = tmp_path / "peers"
        watch = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", "stillwatch", "exchange", "watch", "--home", str(tmp_path / "b"),
             "--hand-over", str(handed), "--key-file", str(tmp_path / "key")],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        waited(handed.exists)
        lines = write_policy(tmp_path, PEERS) + 'key_file = "key"\nindicators = "peers"\n'
        with Member(tmp_path / "a", clock=time.time) as one, replicas(tmp_path, lines) as (gate,):
            publish(one, "45.9.20.0/24")
            waited(lambda: gate.status("new", ip="45.9.20.9") == 403)
            hub.kill()
            time.sleep(1.0)
            assert gate.status("newer", ip="45.9.20.9") == 403
            assert gate.status("newer", ip="45.9.30.9") == 0
            gate.end()
            gate.start()  # with nobody to ask
            assert gate.status("newest", ip="45.9.20.9") == 403
            hub.start()
            publish(one, "45.9.30.0/24")
            waited(lambda: gate.status("newest", ip="45.9.30.9") == 403, 60)
            assert watch.poll() is None
    finally:
        if watch is not None:
            watch.kill()
            watch.wait(10)
        hub.kill()


class Sender(asyncio.Protocol):
    """One connection on which requests leave whether or not answers came."""

    def __init__(self):
        self.sent, self.came, self.statuses, self.slowest = [], 0, [], 0.0
        self._held = b""

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self._held += data
        while (end := self._held.find(b"\r\n\r\n")) >= 0:
            head, _, rest = self._held[:end].lower().partition(b"content-length:")
            until = end + 4 + int(rest.split(b"\r\n", 1)[0])
            if len(self._held) < until:
                break
            body = json.loads(self._held[end + 4 : until])
            self.statuses.append(body["effect"]["status"] if b" 200 " in head else head[9:12])
            self.slowest = max(self.slowest, time.monotonic() - self.sent[self.came])
            self.came += 1
            self._held = self._held[until:]


def asked(number):
    content = [{"role": "user", "content": "Why?"}]
    body = {"account": f"a-{number}", "shape": "openai-chat", "body": {"messages": content}}
    raw = json.dumps(body).encode()
    head = b"POST /v1/decisions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
    return head + b"content-length: %d\r\n\r\n%b" % (len(raw), raw)


async def offered(port, rate, seconds, connections=32):
    """Offer requests at a rate; return the connections once all was answered."""
    raws = [asked(number) for number in range(2000)]  # so that nobody comes near a limit
    loop = asyncio.get_running_loop()
    opened = [await loop.create_connection(Sender, "127.0.0.1", port) for _ in range(connections)]
    senders = [sender for _, sender in opened]
    begun, at = time.monotonic(), 0
    while (now := time.monotonic()) < begun + seconds:
        while at < (now - begun) * rate:
            sender = senders[at % connections]
            sender.sent.append(now)
            sender.transport.write(raws[at % len(raws)])
            at += 1
        await asyncio.sleep(0.01)
    await eventually(lambda: all(one.came == len(one.sent) for one in senders), SLOWEST)
    for one in senders:
        one.transport.close()
    return senders


def test_ten_times_what_is_served_is_answered_and_shed_and_it_comes_back(tmp_path):
    """Open loop: what is offered does not wait for what is answered."""
    shedding = ENFORCED + '[measures.refuse.fail]\ncore = "closed"\n'
    lines = write_policy(tmp_path, shedding) + "[overload]\nin_flight = 512\nlate = 0.01\n"
    with replicas(tmp_path, lines) as (one,):
        port = int(one.urls["api"].rpartition(":")[2])
        asyncio.run(offered(port, 50, 0.5))  # touched once
        begun = time.monotonic()
        asyncio.run(offered(port, 1000 / 0.05, 0.05))
        served = 1000 / (time.monotonic() - begun)
        before = one.metrics().get(SHED, 0)
        senders = asyncio.run(offered(port, 10 * served, 1.5))
        sent = sum(len(sender.sent) for sender in senders)
        statuses = [status for sender in senders for status in sender.statuses]
        assert sent > 5 * served
        assert len(statuses) == sent  # nobody was left without an answer
        assert set(statuses) <= {0, 503}
        assert 503 in statuses
        assert max(sender.slowest for sender in senders) < SLOWEST
        assert one.metrics()[SHED] - before == statuses.count(503)  # each is counted
        waited(lambda: one.status() == 0)


@pytest.mark.parametrize("affinity", [True, False])
def test_caps_hold_in_each_replica_and_over_all_as_often_as_there_are_replicas(tmp_path, affinity):
    accounts, share = 200, 0.1
    bad = [f"bad-{number}" for number in range(100)]
    text = ENFORCED + f"[measures.verify]\nmost_of_accounts = {share}\nmost_of_traffic = 1.0\n"
    write_scan(tmp_path / "out", bad, as_of=today(minutes=60))
    lines = write_policy(tmp_path, text) + 'scan = "out"\n'
    with replicas(tmp_path, lines, lines) as both:
        for one in both:
            waited(lambda one=one: one.logged("what is known was replaced"))
        names = [*(f"good-{number}" for number in range(accounts - len(bad))), *bad]
        reached = [set(), set()]
        lock = threading.Lock()

        def ask(at):
            for number, name in enumerate(names):
                if affinity and number % 2 != at:
                    continue
                if both[at].status(name) == 403:
                    with lock:
                        reached[at].add(name)

        threads = [threading.Thread(target=ask, args=(at,)) for at in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    seen = accounts / 2 if affinity else accounts
    for own in reached:
        assert 5 <= len(own) <= share * seen * 1.1  # estimates are 3 % off
    everybody = len(reached[0] | reached[1])
    # an account that always goes to one replica is counted once: the share holds over all of them
    assert everybody <= share * accounts * 1.1 * (1 if affinity else 2)
