"""A watch of one stream in this process, and what is compared of its looks."""

from __future__ import annotations

import threading
import time

from streamed_world import STEP

from stillwatch.find.features.rows import HOUR
from stillwatch.find.state import StateFolder
from stillwatch.find.streaming import Limits, Pace, Watch
from stillwatch.find.streaming.jetstream import JetStream, JetStreamReader

AGES = Pace(late=HOUR, idle=10**15)
"""No partition is ever idle."""


def said(result):
    return result.verdicts, result.campaigns, result.findings


def jetstream(server, **more):
    return JetStreamReader(JetStream(server.url, "LOGS", **more))


class Watching:
    """A watch, what its looks found, and what it said.

    Args:
        folder: of the state and the results.
        reader: of the stream.
        accounts: account table.
    """

    def __init__(self, folder, reader, accounts, *, settings=STEP, pace=AGES, limits=None, **more):
        self.found, self.lines, self.told = [], [], None
        self.folder, self._reader, self._accounts = folder, reader, accounts
        self._settings, self._pace, self._more = settings, pace, more
        self._limits = limits or Limits(seconds=0.3, messages=1500, wait=0.1, again=0.1)
        self.watch = None

    def run(self, *, once=True):
        with StateFolder.opened(self.folder / "state") as state:
            self.watch = Watch(
                state,
                self._reader,
                settings=self._settings,
                pace=self._pace,
                out=self.folder / "out",
                tell=self.found.append,
                tables=lambda: {"accounts": self._accounts},
                limits=self._limits,
                say=self.lines.append,
                **self._more,
            )
            self.watch.run(once=once, watched=self._take)
        return self

    def _take(self, told):
        self.told = told

    def until(self, condition, seconds=60.0):
        """Run in a thread until something is told, then end in order."""
        raised = []

        def work():
            try:
                self.run(once=False)
            except BaseException as error:  # noqa: BLE001 - told to the test
                raised.append(error)

        thread = threading.Thread(target=work)
        thread.start()
        end = time.monotonic() + seconds
        while thread.is_alive() and not (self.told is not None and condition(self.told)):
            if time.monotonic() > end:
                break
            time.sleep(0.02)
        met = self.told is not None and condition(self.told)
        if self.watch is not None:
            self.watch.stopping = True
        thread.join(60)
        if raised:
            raise raised[0]
        assert met, f"it did not come about in time: {self.told}"
        return self

    @property
    def last(self):
        return self.found[-1].result
