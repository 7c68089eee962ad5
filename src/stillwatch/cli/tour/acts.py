"""The acts of the tour, one after the other."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from stillwatch.cli.tour import story
from stillwatch.cli.tour.answers import answered
from stillwatch.cli.tour.console import filled, shown
from stillwatch.cli.tour.labs import labs, requests_of
from stillwatch.cli.tour.lineage import proven
from stillwatch.cli.tour.members import WARNED, founded
from stillwatch.cli.tour.warning import detected, warned

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import httpx

    from stillwatch.cli.tour.console import Console
    from stillwatch.cli.tour.labs import Lab, Request
    from stillwatch.cli.tour.members import Exchange
    from stillwatch.cli.tour.processes import Processes

__all__ = ["Tour"]


@dataclass(slots=True)
class Tour:
    """The whole story, under one folder.

    Args:
        folder: of the tour, there already.
        processes: that it starts and that end with it.
        client: asks the gateways.
        say: takes each act's words as soon as it is over.
    """

    folder: Path
    processes: Processes
    client: httpx.Client
    say: Callable[[str], None]
    figures: dict[str, Any] = field(default_factory=dict)
    """Of each act, for JSON."""
    _number: int = 0
    _begun: float = field(default_factory=time.monotonic)

    @property
    def scanned(self) -> Path:
        """Folder of A's scan."""
        return self.folder / "labs" / "a" / "out"

    def labs(self, *, exchanges: int, accounts: int, seed: int) -> tuple[Lab, ...]:
        """Make the worlds."""
        made = labs(
            self.folder / "worlds",
            exchanges=exchanges,
            accounts=accounts,
            seed=seed,
            today=datetime.now(UTC).date(),
        )
        rows = [
            {"lab": one.name, "exchanges": one.exchanges, "accounts": one.accounts,
             "actors": len(one.actors)}
            for one in made
        ]  # fmt: skip
        self._over("Three labs and an actor", story.worlds(made), {"labs": rows})
        return made

    def exchange(self) -> Exchange:
        """Found the hub, and start the gateways and what carries warnings."""
        made = founded(self.folder, self.scanned, self.processes)
        self._over("A hub, three members, two gateways", story.exchange(made), {})
        return made

    def warn(self, made: tuple[Lab, ...], exchange: Exchange) -> bool:
        """Detect at A and warn; count what the gateways do before and after.

        Returns:
            Whether A found anything that it may share.
        """
        first, *others = made
        to_come: dict[str, list[Request]] = {lab.name: requests_of(lab) for lab in others}
        come = len(to_come["b"]) // 4
        found = answered(self.client, exchange.gateways["b"], to_come["b"][:come])
        to_come["b"] = to_come["b"][come:]
        self._over("The actor comes to B", story.before(found), {"before": found.document()})
        at_a = detected(first, self.scanned, exchange.members["a"].epoch, self.processes)
        self._over("A finds it", story.detection(at_a), {"detection": at_a.document()})
        if not at_a.campaigns:
            return False
        way = warned(self.scanned, exchange, to_come, self.client, self.processes)
        if way is None:
            self._over("Nobody is warned", story.nothing(), {})
            return False
        self._over("B and C are warned", story.warning(way), {"warning": way.document()})
        after = {
            name: answered(self.client, exchange.gateways[name], to_come[name]) for name in WARNED
        }
        self._over(
            "The gateways of B and C answer",
            story.answers(after),
            {"after": {name: one.document() for name, one in after.items()}},
        )
        return True

    def proof(self, *, tokens: int, seed: int) -> None:
        """Prove a copy, where its part is installed."""
        found = proven(self.folder / "lineage", self.processes, tokens=tokens, seed=seed)
        self._over("A copy is found and proven", story.proof(found), {"lineage": found.document()})

    def console(self, exchange: Exchange, *, serving: bool) -> Console:
        """Fill A's console with what was found; start it where it is asked for."""
        made = filled(self.folder, self.scanned, exchange, self.processes, serving=serving)
        self._over("People decide", shown(made), {"console": made.document()})
        return made

    def _over(self, title: str, said: str, figures: dict[str, Any]) -> None:
        """Tell an act that is over, and take its figures."""
        now = time.monotonic()
        self._number += 1
        self.figures |= figures
        seconds = self.figures.setdefault("seconds", {})
        seconds[title] = round(now - self._begun, 2)
        self.say(story.act(self._number, title, said, now - self._begun))
        self._begun = time.monotonic()
