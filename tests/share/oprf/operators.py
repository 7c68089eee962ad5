"""Two operators in folders of their own, and their services as processes."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass, field

import httpx
import msgspec

from stillwatch.ledger import SigningKey
from stillwatch.ledger.requests import sign_request
from stillwatch.share.oprf import (
    Home,
    Member,
    OperatorAddress,
    Steps,
    ceremony,
    create,
    group,
    terms_of_new,
)
from stillwatch.share.oprf.shares import write_secret

EXCHANGE = "peers.example"
DAY = 86_400
SMALL = "\n[quota.phone]\nmember_day = 5\nmember_epoch = 9\nall_day = 8\nall_epoch = 12\n"


def hold(a, b, terms, now):
    """Hold a ceremony between two folders, and return what both signed."""
    sides = [Steps(home, terms, now) for home in (a, b)]
    commits = [side.commit() for side in sides]
    reveals = [side.reveal(raw) for side, raw in zip(sides, commits[::-1], strict=True)]
    confirms = [side.confirm(raw) for side, raw in zip(sides, reveals[::-1], strict=True)]
    first, second = (s.finish(raw) for s, raw in zip(sides, confirms[::-1], strict=True))
    assert first.envelope == second.envelope
    return first


def command(*words):
    """Run a command of stillwatch in a process of its own."""
    return subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-m", "stillwatch", "oprf", *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@dataclass
class Service:
    """An operator's service in a process of its own."""

    words: list[str]
    url: str = ""
    process: subprocess.Popen | None = None

    def begin(self):
        port = self.url.rpartition(":")[2] or "0"
        self.process = subprocess.Popen(  # noqa: S603 - our own words
            [sys.executable, *self.words, "--port", port],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        return self

    def ready(self):
        self.url = self.process.stdout.readline().strip()
        assert self.url.startswith("http"), self.words
        return self

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(20)
        if self.process is not None:
            self.process.stdout.close()


@dataclass
class Pair:
    """Both operators, and a member that both know."""

    a: Home
    b: Home
    key: SigningKey
    services: list[Service] = field(default_factory=list)
    stack: ExitStack = field(default_factory=ExitStack)
    http: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=20))

    @classmethod
    def make(cls, folder, extra=""):
        homes = [
            create(folder / role, EXCHANGE, role, str(folder / f"machine-{role}")) for role in "ab"
        ]
        key = SigningKey.generate("lab-one")
        for home, other in zip(homes, homes[::-1], strict=True):
            (home.path / "peer.vkey").write_text(other.key.public.encode())
            (home.path / "members" / "lab-one.vkey").write_text(key.public.encode())
            with (home.path / "operator.toml").open("a") as file:
                file.write(extra)
        a, b = (Home.read(home.path) for home in homes)
        return cls(a, b, key)

    def epoch(self, starts, lost=(), split=None):
        """Make an epoch in this process; where a key is to be split, of that for all types."""
        now = int(time.time())
        if split is not None:
            terms = terms_of_new(self.a, starts, lost)
            halves = {"a": group.random_scalar()}
            halves["b"] = group.scalar_subtract(split, halves["a"])
            for home in (self.a, self.b):
                role = home.settings.operator
                draft = ceremony.drawn(terms, role, bytes(32), lambda role=role: halves[role])
                name = f"draft-{terms.epoch:06}-{terms.generation:06}.json"
                write_secret(home.path / "shares" / name, msgspec.json.encode(draft))
        return hold(self.a, self.b, terms_of_new(self.a, starts, lost), now).record

    def serve(self):
        words = ["-m", "stillwatch", "oprf", "serve", "--state"]
        self.stack.callback(self.http.close)
        self.services = [Service([*words, str(home.path)]).begin() for home in (self.a, self.b)]
        for service in self.services:
            self.stack.callback(service.stop)
        for service in self.services:
            service.ready()
        return self

    def member(self, key=None, patience=0.0):
        addresses = tuple(
            OperatorAddress(service.url, home.key.public)
            for service, home in zip(self.services, (self.a, self.b), strict=True)
        )
        return Member(EXCHANGE, addresses, key or self.key, self.http, patience=patience)

    def operators_file(self, folder):
        path = folder / "operators.toml"
        held = [f'exchange = "{EXCHANGE}"']
        for role, service, home in zip("ab", self.services, (self.a, self.b), strict=True):
            held += [f"[{role}]", f'url = "{service.url}"', f'key = "{home.key.public.encode()}"']
        path.write_text("\n".join(held) + "\n")
        return path


def signed(url, body, key, route="/oprf/v1/evaluate", sent=None):
    """Return a signed request, or one that was changed after it was signed."""
    headers = {"Content-Type": "application/json"}
    created, nonce = int(time.time()), secrets.token_urlsafe(18)
    headers |= sign_request(
        "POST", f"{url}{route}", headers, body, key, created=created, nonce=nonce
    )
    return httpx.Request(
        "POST", f"{url}{route}", headers=headers,
        content=body if sent is None else sent,
    )  # fmt: skip
