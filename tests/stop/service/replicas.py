"""Decision services of tests, as processes."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import signal
import subprocess
import sys
import time

import httpx

from stillwatch.ledger import SigningKey
from stillwatch.stop.responses import read_analysts, sign_policy

SMALL = "known_accounts = 4096\nknown_segments = 4096\nwatch = 0.1\n"
CLIENT = httpx.Client(timeout=20)
ENFORCED = """
version = 1
mode = "enforce"
[rungs]
member = "verify"
[links]
appeal = "https://desk.example/appeal"
"""


def today(**ago):
    return (dt.datetime.now(dt.UTC) - dt.timedelta(**ago)).isoformat()


def write_policy(folder, text=ENFORCED):
    """Write a policy that two people signed; return the lines of settings that name it."""
    keys = [SigningKey(f"{name}.example", bytes([at]) * 32) for at, name in ((1, "ada"), (2, "bo"))]
    lines = [f'[[analysts]]\nname = "{key.name}"\nkey = "{key.public.encode()}"\n' for key in keys]
    (folder / "analysts.toml").write_text("".join(lines))
    (folder / "policy.toml").write_text(text)
    analysts = read_analysts(folder / "analysts.toml")
    for key in keys:
        sign_policy(folder / "policy.toml", key, analysts)
    return 'policy = "policy.toml"\nanalysts = "analysts.toml"\n'


class Replica:
    """One process; its listeners' addresses are what it printed."""

    def __init__(self, folder, settings, name="serve"):
        self.config = folder / f"{name}.toml"
        listeners = '[api]\naddress = "127.0.0.1:0"\n[admin]\naddress = "127.0.0.1:0"\n'
        top, _, tables = settings.partition("\n[")
        self.config.write_text(SMALL + top + "\n" + listeners + ("[" + tables if tables else ""))
        self.log = folder / f"{name}.log"
        self.start()

    def start(self):
        """Start, or start again after `end`."""
        command = [sys.executable, "-m", "stillwatch", "serve", "--config", str(self.config)]
        with self.log.open("a") as log:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)  # noqa: S603 - our own
        urls = {}
        while len(urls) < 2:  # it prints both, or ends
            line = self.process.stdout.readline()
            assert line, self.log.read_text()[-3000:]
            name, url = line.split()
            urls[name] = url
        self.urls = urls

    def ask(self, account="a", prompt="What is a prime?", client=CLIENT, **fields):
        messages = {"model": "m-1", "messages": [{"role": "user", "content": prompt}]}
        body = {"account": account, "shape": "openai-chat", "body": messages, **fields}
        answer = client.post(f"{self.urls['api']}/v1/decisions", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def answered(self, decided, client=CLIENT, **fields):
        body = {"status": 200, "output_tokens": 20, "text": "It is.", **fields}
        url = f"{self.urls['api']}/v1/decisions/{decided['id']}/answers"
        answer = client.post(url, json=body)
        assert answer.status_code < 300, answer.text

    def status(self, account="a", **fields):
        """Return the status that the account's next request is answered with; 0 where it passes."""
        return self.ask(account, **fields)["effect"]["status"]

    def metrics(self):
        text = CLIENT.get(f"{self.urls['admin']}/metrics").text
        lines = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
        return {name: float(value) for name, _, value in lines}

    def ready(self):
        return CLIENT.get(f"{self.urls['admin']}/readyz").status_code == 200

    def logged(self, event):
        lines = self.log.read_text().splitlines()
        found = (json.loads(line) for line in lines if line.startswith("{"))
        return [line for line in found if line["event"] == event]

    def end(self, number=signal.SIGTERM, seconds=40):
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(seconds)
        self.process.stdout.close()
        return code


@contextlib.contextmanager
def replicas(folder, *settings):
    """Start a replica for each settings; kill what is left at the end."""
    running = []
    try:
        for at, text in enumerate(settings):
            running.append(Replica(folder, text, f"serve-{at}"))
        yield running
    finally:
        for one in running:
            one.end(signal.SIGKILL)


def waited(condition, seconds=20.0):
    """Return how long it took until a condition held."""
    begun = time.monotonic()
    while not condition():
        assert time.monotonic() - begun < seconds, "it did not come about in time"
        time.sleep(0.02)
    return time.monotonic() - begun
