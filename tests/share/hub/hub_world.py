"""Hubs that really listen, with a clock that tests turn, and laboratories that sign requests."""

from __future__ import annotations

import asyncio
import base64
import functools
import json
import os
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import httpx
import uvicorn

from stillwatch.ledger import SigningKey, commit, merkle, requests
from stillwatch.ledger import canonical as canonical_json
from stillwatch.ledger.checkpoints import open_checkpoint
from stillwatch.listening import listen, url_of
from stillwatch.share.hub import App, Hub, HubSettings
from stillwatch.share.hub.describing import description
from stillwatch.share.hub.membership import invite
from stillwatch.share.hub.operating import act
from stillwatch.share.hub.preparing import prepare
from stillwatch.share.objects import (
    Indicator,
    Network,
    Sighting,
    campaign_ref,
    canonical,
    new_indicator,
    new_sighting,
    parse,
    recalled,
    revised,
    signed,
)
from stillwatch.store import Database

KEY = SigningKey.generate("hub.example/log")
CLIENT = httpx.Client(timeout=30, verify=False, trust_env=False)  # noqa: S501 - plain loopback
TAXII = "application/taxii+json;version=2.1"
JSON = "application/json"
OBJECTS = "/taxii2/api/collections/indicators/objects/"
LOG = "/exchange/v1/log"
MANIFEST = "/taxii2/api/collections/indicators/manifest/"


@functools.cache
def prepared():
    """Return the file of a new hub: making it by its migrations takes a moment."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/hub.sqlite")
        database.now(prepare, KEY, os.urandom(16))
        database.close()
        return Path(folder, "hub.sqlite").read_bytes()


class Clock:
    """The real clock, moved."""

    def __init__(self):
        self.offset = 0.0

    def __call__(self):
        return time.time_ns() // 1000 + int(self.offset * 1_000_000)

    def seconds(self):
        return self() / 1_000_000


class World:
    """A hub and what is needed to make members of it."""

    def __init__(self, folder, database=None, key=None, **settings):
        self.folder = folder
        self.clock = Clock()
        self.database_url = database or f"sqlite:///{folder}/hub.sqlite"
        self.key = key or KEY
        self.settings = {
            "poll": 0.2, "requests_a_second": 1e6, "objects_a_second": 1e6, "invited_wait": 0.0,
            **settings,
        }  # fmt: skip
        self.url = ""
        if database is None and key is None:
            (folder / "hub.sqlite").write_bytes(prepared())
        else:
            opened = Database(self.database_url)
            opened.now(prepare, self.key, os.urandom(16))
            opened.close()

    @contextmanager
    def serving(self):
        """Serve in a thread; ``self.hub`` is the hub."""
        listening = listen("127.0.0.1", 0, None)
        self.url = url_of(listening, None)
        self.database = Database(self.database_url)
        settings = {"origin": self.url, **self.settings}
        self.hub = Hub(HubSettings(**settings), self.database, self.key, self.clock, os.urandom)
        config = uvicorn.Config(
            App(self.hub, description()), lifespan="on", ws="none", log_level="error",
            access_log=False, timeout_graceful_shutdown=5,
        )  # fmt: skip
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        while not self.hub.ready:
            assert thread.is_alive()
            time.sleep(0.01)
        try:
            yield self
        finally:
            self.hub.feed.closed = True
            server.should_exit = True
            thread.join()
            self.database.close()

    def operate(self, work):
        """Do an operator's work and wait until the hub knows of it."""
        opened = Database(self.database_url)
        done = act(opened, self.key, "test", "", work, now=self.clock(), chance=os.urandom)
        opened.close()
        if self.url:
            loop = self.hub.news._loop
            asyncio.run_coroutine_threadsafe(self.hub.catch_up(), loop).result(10)
        return done

    def token(self, name, roles=("publish",), days=1):
        token = os.urandom(12).hex()
        self.operate(
            lambda journal: invite(journal, token, name, roles, journal.now + days * 10**11)
        )
        return token

    def lab(self, name, *roles):
        """Return a member that has joined."""
        lab = Lab(self, SigningKey.generate(name.replace(" ", "-")))
        lab.join(self.token(name, roles or ("publish",)), name)
        return lab


class Lab:
    """A member, or somebody who would like to be."""

    def __init__(self, world, key):
        self.world = world
        self.key = key
        self.sealing = os.urandom(32)
        self.id = ""

    def join(self, token, name):
        body = {
            "invitation": token,
            "name": name,
            "verify_key": self.key.public.encode(),
            "sealing_key": base64.b64encode(self.sealing).decode(),
        }
        self.joined = self.ask("POST", "/exchange/v1/join", body)
        if self.joined.status_code == 201:
            self.id = self.joined.json()["member"]
        return self.joined

    def signed(self, method, path, body=b"", headers=None, *, key=None, nonce=None, created=None):
        """Return url, body and headers of a signed request."""
        url = self.world.url + path
        given = dict(headers or {})
        origin = self.world.settings.get("origin", self.world.url)
        given |= requests.sign_request(
            method, origin + path, given, body, key or self.key,
            created=int(self.world.clock.seconds()) if created is None else created,
            nonce=nonce or os.urandom(12).hex(),
        )  # fmt: skip
        return {"method": method, "url": url, "content": body, "headers": given}

    def ask(self, method, path, body=None, headers=None, **more):
        raw = (
            body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        )
        taxii = path.startswith("/taxii2")
        given = {"Accept": TAXII} if taxii else {}
        if raw:
            given["Content-Type"] = TAXII if taxii else JSON
        given |= headers or {}
        return CLIENT.request(**self.signed(method, path, raw, given, **more))

    def get(self, path, **query):
        pairs = [
            f"{quote(name, safe='[]')}={quote(str(v), safe=':,')}"
            for name, value in query.items()
            for v in (value if isinstance(value, list) else [value])
        ]
        return self.ask("GET", path + ("?" + "&".join(pairs) if pairs else ""))

    def post(self, *objects, path=OBJECTS):
        raws = [item if isinstance(item, bytes) else self.written(item) for item in objects]
        return self.ask("POST", path, b'{"objects":[%b]}' % b",".join(raws))

    def written(self, item):
        """Return an object's bytes, under this member's signature where it has none."""
        if isinstance(item, Indicator | Sighting) and not item.fields.signed:
            item = signed(item, self.key)
        return canonical(item)

    def make(self, **more):
        """Return a new indicator of this member."""
        now = self.world.clock.seconds()
        content = Network(entity="prefix", value="45.9.20.0/24", mine=250, others=10)
        item = new_indicator(
            content, author=self.id, campaign=campaign_ref(b"secret", "c"), now=now,
            number=os.urandom(16), first_seen=now - 99, last_seen=now - 1, **more,
        )  # fmt: skip
        return signed(item, self.key)

    def publish(self, **more):
        """Post a new indicator and return it."""
        item = self.make(**more)
        assert self.post(item).status_code == 202
        return item

    def revise(self, item, **changes):
        """Post the next version and return it."""
        newer = signed(revised(item, now=self.world.clock.seconds(), **changes), self.key)
        done = self.post(newer)
        assert done.status_code == 202, done.text
        return newer

    def recall(self, item, hours=2.0):
        now = self.world.clock.seconds()
        back = recalled(item, now=now, reason="error", deadline=now + hours * 3600)
        newer = signed(back, self.key)
        done = self.post(newer)
        assert done.status_code == 202, done.text
        return newer

    def sight(self, item, outcome, **more):
        grounds = {} if outcome in {"confirmed", "inconclusive"} else {"grounds": "review"}
        seen = new_sighting(
            item, outcome, author=self.id, now=self.world.clock.seconds(), number=os.urandom(16),
            **grounds, **more,
        )  # fmt: skip
        done = self.post(seen)
        assert done.status_code == 202, done.text
        return seen

    def see(self, name, **query):
        """Return the versions of an id that this member is shown."""
        answer = self.get(f"{OBJECTS}{name}/", **query)
        if answer.status_code == 404:
            return []
        assert answer.status_code == 200, answer.text
        return answer.json().get("objects", [])

    def walk(self, path=OBJECTS, **query):
        """Return all pages from a first one on, by `next`."""
        pages = [self.get(path, **query).json()]
        while pages[-1]["more"]:
            pages.append(self.get(path, **query, next=pages[-1]["next"]).json())
        return pages


def ids(page):
    return [item["id"] for item in page.get("objects", [])]


def reread(document):
    """Return an object from JSON, read under all rules."""
    return parse(json.dumps(document).encode())


def checkpoint(world, lab=None):
    raw = (lab or world.alpha).get(f"{LOG}/checkpoint/newest").content
    return open_checkpoint(raw, world.key.name, [world.key.public])[0]


def hashes(answer):
    assert answer.status_code == 200, answer.text
    return [base64.b64decode(h) for h in answer.json()["hashes"]]


def check_inclusion(world, record):
    """Refuse a record that the newest checkpoint does not commit to."""
    head = checkpoint(world)
    entry = commit(base64.b64decode(record["salt"]), canonical_json(record["object"]))
    proof = world.beta.get(f"{LOG}/proof/inclusion", index=record["index"], size=head.size)
    leaf = merkle.leaf_hash(entry)
    merkle.verify_inclusion(leaf, record["index"], head.size, hashes(proof), head.root)
