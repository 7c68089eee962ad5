"""Commands of a member, run in processes of their own against those that lie to them."""

from __future__ import annotations

import json
import re
import shutil
import time
from types import SimpleNamespace

from judging import Answer
from lying import LyingHub, LyingOperator
from running import NAMES, STEERING, Runner
from speaking import authored

from stillwatch.share.exchange.member import Member, join

MODULES = (
    "stillwatch.cli.exchange", "stillwatch.cli.oprf", "stillwatch.share.exchange.member",
    "stillwatch.share.exchange.watching", "stillwatch.share.exchange.reading",
    "stillwatch.share.exchange.taxii", "stillwatch.share.exchange.bundles",
    "stillwatch.share.oprf.client", "sqlalchemy.dialects.sqlite",
)  # fmt: skip
LIMITS = {"seconds": 10.0, "stdin": None, "file_size": None, "environment": {}}
_RULE = re.compile(r"error: ([A-Z]{1,4}-[0-9]{1,3})\b")
_ASIDE = re.compile(r"kept aside: ([A-Z]-[0-9]{1,2}) ")


class Reader:
    """A member in a folder of its own, and everybody who lies to it.

    Args:
        folder: for its files.
        world: gives objects, and the operators' folders.
    """

    def __init__(self, folder, world):
        self.folder, self.world = folder, world
        folder.mkdir()
        self.runner = Runner(*MODULES)
        self.runner.run(folder, ["--help"], case=SimpleNamespace(**LIMITS))
        self.runner.measure_idle(folder)
        self.hub = LyingHub()
        self.operator = LyingOperator(world.pair.a)
        self.outcomes = []
        self.hub.add(self.change("joined"), kind="member")
        for _ in range(3):
            self.add()
        self._template = folder / "template"
        join(self._template, self.hub.url, "invitation", "Reader", clock=time.time)
        with Member(self._template, clock=time.time) as member:
            assert member.pull().objects == 3
        self.add()
        self.add()
        self._fresh()

    def close(self):
        self.runner.close()
        self.hub.close()
        self.operator.close()

    def add(self, **more):
        """Put a good object of a peer into the log."""
        item = self.item()
        self.hub.add(item, publisher=self.world["Beta"].id, **more)

    def item(self, **changes):
        """Return the canonical bytes of a good object of a peer, which signed it."""
        return authored(self.world.indicator("Beta", **changes), self.world["Beta"].key)

    def change(self, word, **changes):
        """Return an entry of the log that says something of a peer's membership."""
        beta = self.world["Beta"]
        said = {"member": beta.id, "time": "2026-11-22T00:00:00Z", "name": "Beta"}
        said |= {"change": word, "verify_key": beta.key.public.encode()}
        return json.dumps(said | changes, sort_keys=True, separators=(",", ":")).encode()

    def _fresh(self):
        """Give the member back what it held before anybody lied."""
        self.home = self.folder / "home"
        shutil.rmtree(self.home, ignore_errors=True)
        shutil.copytree(self._template, self.home)
        self.outcomes.clear()
        self.hub.lie = self.operator.lie = self.truth = None
        self.hub.given = 0

    def begin(self):
        """Begin a case; the member measures itself."""
        self._fresh()
        return self

    def seconds(self):
        return max(outcome.seconds for outcome in self.outcomes)

    def mebibytes(self):
        return max(outcome.mebibytes for outcome in self.outcomes)

    def command(self, *words, note=True):
        """Run a command and return how it ended."""
        argv = [str(word) for word in words]
        outcome = self.runner.run(self.folder, argv, case=SimpleNamespace(**LIMITS))
        if note:
            self.outcomes.append(outcome)
        said = outcome.stderr + outcome.stdout
        assert not outcome.timed_out, said
        assert not STEERING & set(said), ascii(said)
        rules = _RULE.findall(said) or _ASIDE.findall(said)
        if not rules and outcome.code in NAMES:
            rules = [NAMES[outcome.code]]
        return Answer(outcome.code, tuple(rules), said)

    def pull(self, lie, *, aside=False):
        """Pull from a hub that lies, and say how that ended, or what was kept aside."""
        self.hub.lie = lie
        answer = self.command("exchange", "pull", "--home", self.home, "--json")
        if not aside:
            return [answer]
        self.truth = lie  # the log that was shown is the one that goes on
        counts = json.loads(answer.text)
        assert counts["refused"], counts
        assert answer.status == 0, answer.text
        return [self.command("exchange", "status", "--home", self.home)]

    def honest(self):
        """Say whether the member goes on where nobody lies."""
        self.hub.lie = self.truth
        done = self.command("exchange", "pull", "--home", self.home, "--json", note=False)
        return done.status == 0

    def key_file(self):
        """Return a file with the key that the operators know."""
        path = self.folder / "lab-one.key"
        if not path.exists():
            self.world.pair.key.write(path)
        return path
