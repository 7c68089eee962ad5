"""The servers that are attacked, each a process of its own, and those who ask them."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass, field

import httpx
from click.testing import CliRunner
from forking_log import ForkingLog
from judging import Usage
from operators import Pair
from speaking import JSON, OBJECTS, TAXII, authored, raw, request, signed

from stillwatch.cli.entry import cli
from stillwatch.ledger import SigningKey
from stillwatch.share.objects import Network, campaign_ref, new_indicator
from stillwatch.share.oprf import group

DAY = 86_400
MEMBERS = {
    "Alpha": "publish", "Beta": "publish", "Reader": "read", "Observer": "observe",
    "Counsel": "counsel", "Suspended": "publish", "Gone": "publish", "Poor": "publish",
    "Hasty": "publish", "Turning": "publish", "Streaming": "read", "Retired": "publish",
}  # fmt: skip
QUOTA = "\n[quota.phone]\nmember_day = 3\nmember_epoch = 3\nall_day = 9\nall_epoch = 9\n"


def run(*words):
    """Run a command in this process and return what it prints."""
    done = CliRunner().invoke(cli, [str(word) for word in words], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout.strip()


class Service:
    """A server of stillwatch in a process of its own."""

    def __init__(self, *words):
        self.process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", "stillwatch", *map(str, words), "--port", "0"],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONWARNINGS": ""},
        )

    def ready(self):
        self.url = self.process.stdout.readline().strip()
        assert self.url.startswith("http"), self.process.args
        return self

    def stop(self):
        self.process.terminate()
        self.process.wait(30)
        self.process.stdout.close()


@dataclass
class Actor:
    """Somebody with a key; a member, where the hub gave it an id."""

    key: SigningKey
    id: str = ""
    invitation: str = ""
    sealing: bytes = field(default_factory=lambda: os.urandom(32))

    def join_body(self, name, **changes):
        body = {
            "invitation": self.invitation,
            "name": name,
            "verify_key": self.key.public.encode(),
            "sealing_key": base64.b64encode(self.sealing).decode(),
        }
        return json.dumps(body | changes).encode()


class World:
    """A hub with members, a witness, two key operators; all served until the end.

    Args:
        folder: for everybody's files.
    """

    def __init__(self, folder):
        self.folder = folder
        self.state = folder / "hub"
        self.http = httpx.Client(timeout=30, trust_env=False)

    def __enter__(self):
        from commanded import Reader  # noqa: PLC0415 - which takes from here

        with ExitStack() as stack:
            stack.callback(self.http.close)
            waiting = [self._witness(), self._hub()]
            for service in waiting:
                stack.callback(service.stop)
            self._operators(stack)
            self.witness, self.hub = (service.ready() for service in waiting)
            self._join_all()
            self.reader = Reader(self.folder / "reader", self)
            stack.callback(self.reader.close)
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *_):
        self.stack.close()

    def _witness(self):
        state = self.folder / "witness"
        self.witness_key = run("witness", "new-key", "witness.example/w", "--state", state)
        self.logs = [
            ForkingLog(SigningKey(f"log{n}.example", bytes([n + 1]) * 32)) for n in range(2)
        ]
        for log in self.logs:
            log.grow(b"a", b"b", b"c")
            run("witness", "add-log", log.key.public.encode(), "--state", state)
        return Service("witness", "serve", "--state", state)

    def _hub(self):
        run("hub", "init", "hub.example/log", "--state", self.state)
        self.people = {name: Actor(SigningKey.generate(name)) for name in MEMBERS}
        for name, actor in self.people.items():
            actor.invitation = self.operate("invite", name, "--role", MEMBERS[name])
        return Service("hub", "serve", "--basic", "--state", self.state)

    def _operators(self, stack):
        self.pair = Pair.make(self.folder / "pair", QUOTA)
        self.record = self.pair.epoch(int(time.time()) - DAY)
        stack.enter_context(self.pair.stack)
        self.pair.serve()
        self.operator = self.pair.services[0]

    def _join_all(self):
        for name, actor in self.people.items():
            body = actor.join_body(name)
            answer = self.ask(actor, "POST", "/exchange/v1/join", body, full=True)
            assert answer.status_code == 201, answer.text
            actor.id = answer.json()["member"]
        self.operate("suspend", "Suspended")
        self.operate("quota", "Poor", "--objects", "0.02")
        self.operate("quota", "Hasty", "--requests", "0.05")
        self.operate("add-collection", "closed", "--member", "Beta")
        self.token = self.operate("reading-token", "Reader")
        assert self.ask(self["Gone"], "POST", "/exchange/v1/leave").status == 200
        self.posted = self.indicator("Beta")
        assert self.post("Beta", self.posted).status == 202
        while self.ask(self["Suspended"], "GET", "/exchange/v1/me").status == 200:
            time.sleep(0.1)  # until the hub has looked at what its operator did
        posts = [self.post("Beta", self.indicator("Beta"), where="closed").status for _ in "ab"]
        assert posts == [202, 202], posts
        for log in self.logs:
            raised = self.http.post(f"{self.witness.url}/add-checkpoint", content=log.submission(0))
            assert raised.status_code == 200, raised.text

    def __getitem__(self, name):
        return self.people[name]

    def operate(self, *words):
        """Do what the hub's operator does."""
        return run("hub", *words, "--state", self.state)

    def headers(self, actor, method, target, body=b"", headers=None, **more):
        """Return the signed headers of a request to the hub."""
        taxii = target.startswith("/taxii2")
        if headers is None:
            headers = [("Accept", TAXII)] if taxii else []
            headers += [("Content-Type", TAXII if taxii else JSON)] if body else []
        key = more.pop("key", actor.key)
        return signed(more.pop("url", self.hub.url), method, target, body, headers, key, **more)

    def ask(self, actor, method, target, body=b"", headers=None, *, full=False, sent=None, **more):
        """Make a signed request to the hub; ``sent`` is a body that was put in its place."""
        held = self.headers(actor, method, target, body, headers, **more)
        content = body if sent is None else sent
        if full:
            url = self.hub.url + target
            return self.http.request(method, url, headers=held, content=content or None)
        (answer,) = raw(self.hub.url, request(self.hub.url, method, target, held, content))
        return answer

    def indicator(self, name="Alpha", content=None, **more):
        """Return a good new indicator of a member, as JSON types."""
        now = time.time()
        given = content or Network(entity="prefix", value="45.9.20.0/24", mine=250, others=10)
        return new_indicator(
            given, author=self[name].id, campaign=campaign_ref(b"secret", "c"), now=now,
            number=os.urandom(16), first_seen=now - 99, last_seen=now - 1, **more,
        ).to_stix()  # fmt: skip

    def post(self, name, *items, where="indicators"):
        """Post objects, given as JSON types or as bytes."""
        raws = [
            item if isinstance(item, bytes) else authored(item, self[name].key) for item in items
        ]
        target = OBJECTS.replace("indicators", where)
        return self.ask(self[name], "POST", target, b'{"objects":[%b]}' % b",".join(raws))

    def honest(self, at):
        """Say whether a server takes what honest people ask of it."""
        if at == "hub":
            return self.post("Alpha", self.indicator()).status == 202
        if at == "member":
            return self.reader.honest()
        if at == "witness":
            log = self.logs[0].grow(os.urandom(4))
            size = log.tree.size
            url = f"{self.witness.url}/add-checkpoint"
            return self.http.post(url, content=log.submission(size - 1)).status_code == 200
        body = self.batch([group.base_times(group.random_scalar())])
        return self.evaluated(body).status == 200

    def batch(self, elements, **changes):
        """Return a request for an evaluation."""
        held = {
            "epoch": 1, "generation": 0, "kind": "par", "purpose": "suspicion",
            "elements": [e if isinstance(e, str) else e.hex() for e in elements], **changes,
        }  # fmt: skip
        return json.dumps(held).encode()

    def evaluated(self, body, *, route="/oprf/v1/evaluate", key=None, sent=None, **more):
        """Ask the first key operator, signed."""
        url = self.operator.url
        held = [("Content-Type", JSON)]
        held = signed(url, "POST", route, body, held, key or self.pair.key, **more)
        blob = request(url, "POST", route, held, body if sent is None else sent)
        (answer,) = raw(url, blob)
        return answer

    def usage(self, at, *, memory):
        """Begin to measure a server, or a member's commands."""
        if at == "member":
            return self.reader.begin()
        server = {"hub": self.hub, "witness": self.witness, "operator": self.operator}[at]
        return Usage(server.process.pid, memory=memory)
