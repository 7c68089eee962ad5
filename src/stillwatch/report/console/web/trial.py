"""Trying a policy on recorded traffic: who would be affected, by cohort, before it applies.

A trial replays the recording and takes seconds to minutes, so it runs beside the pages, one at a
time, and its page asks for the outcome until it is there.
"""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.responses import RedirectResponse

from stillwatch.errors import StillwatchError
from stillwatch.report.console.web.asking import StoppedError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from starlette.responses import Response

    from stillwatch.report.console.web.asking import Asked
    from stillwatch.report.console.web.desk import Desk
    from stillwatch.stop.responses.trial import Affected

__all__ = ["Trials", "outcome", "page", "start"]

_LONGEST = 1 << 16
"""Characters of a policy."""
_KEPT = 20
"""Trials that are remembered."""


@dataclass(slots=True)
class _Tried:
    name: str
    who: str
    text: str
    task: asyncio.Task[Sequence[Affected]]


class Trials:
    """Policies on trial.

    Args:
        run: takes the text of a policy and returns who would have been affected; runs in a
            thread, so that pages go on.
        text: the policy that stands, which the page begins with.
        recording: what it is tried on, in words.
    """

    def __init__(self, run: Callable[[str], Sequence[Affected]], text: str, recording: str) -> None:
        self.text, self.recording = text, recording
        self._run = run
        self._one = asyncio.Lock()
        self._tried: dict[str, _Tried] = {}

    def start(self, who: str, text: str) -> str:
        """Begin a trial and return its name."""
        name = secrets.token_hex(8)
        task = asyncio.get_running_loop().create_task(self._alone(text))
        self._tried[name] = _Tried(name, who, text, task)
        while len(self._tried) > _KEPT:
            old = self._tried.pop(next(iter(self._tried)))
            old.task.cancel()
        return name

    def find(self, name: str) -> _Tried | None:
        """Return a trial by name."""
        return self._tried.get(name)

    async def _alone(self, text: str) -> Sequence[Affected]:
        async with self._one:
            return await asyncio.to_thread(self._run, text)


async def page(desk: Desk, asked: Asked) -> Response:
    """Show the policy that stands, ready to be changed and tried."""
    name = asked.one("trial")
    tried = desk.trials.find(name) if desk.trials and name else None
    if name and tried is None:
        raise StoppedError(404, "This trial is not remembered any more; try again.")
    text = tried.text if tried else desk.trials.text if desk.trials else ""
    shown = _outcome(tried) if tried else {}
    return desk.pages.shown("policy", asked, trials=desk.trials, text=text, tried=tried, **shown)


async def start(desk: Desk, asked: Asked) -> Response:
    """Begin a trial."""
    if desk.trials is None:
        raise StoppedError(404, "The console was started without recorded traffic.")
    text = asked.field("text").replace("\r\n", "\n")
    if not text.strip() or len(text) > _LONGEST:
        raise StoppedError(400, "A policy has 1 to 65,536 characters.")
    name = desk.trials.start(asked.person.name, text)
    return RedirectResponse(f"/policy?trial={name}", 303)


async def outcome(desk: Desk, asked: Asked) -> Response:
    """Return the outcome, or the part that asks for it again."""
    tried = desk.trials.find(asked.one("trial")) if desk.trials else None
    if tried is None:
        raise StoppedError(404, "This trial is not remembered any more; try again.")
    return desk.pages.shown("policy-outcome", asked, tried=tried, **_outcome(tried))


def _outcome(tried: _Tried) -> dict[str, Any]:
    if not tried.task.done():
        return {"running": True, "affected": (), "failed": "", "todo": ""}
    error = tried.task.exception()
    if isinstance(error, StillwatchError):
        where = f" ({error.where})" if error.where else ""
        return {"running": False, "affected": (), "failed": error.what + where, "todo": error.todo}
    if error is not None:
        raise error
    return {"running": False, "affected": tried.task.result(), "failed": "", "todo": ""}
