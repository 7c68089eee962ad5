"""Delivers what waits: a thread a receiver, so that one that is away holds up no other."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Protocol

from stillwatch.report.alerts import outbox
from stillwatch.report.alerts.database import connected
from stillwatch.report.alerts.interface import DAY, NotTakenError

if TYPE_CHECKING:
    from pathlib import Path

    from stillwatch.report.alerts.configuration import Configuration
    from stillwatch.report.alerts.interface import Receiver

__all__ = ["World", "send", "wait_before"]

_LARGEST_POWER = 40


class World(Protocol):
    """Time and chance, which tests replace."""

    def now(self) -> float:
        """Return seconds since 1970."""

    def sleep(self, seconds: float) -> None:
        """Wait."""

    def chance(self) -> float:
        """Return a random number in [0, 1)."""


def wait_before(
    attempts: int, chance: float, *, first: float, longest: float, asked: float | None
) -> float:
    """Return the seconds to wait after failed attempts.

    Doubles with each attempt up to ``longest``, with a random half so that receivers that went
    away together are not asked together; never less than what the receiver asked for.

    >>> [wait_before(n, 0.0, first=1, longest=60, asked=None) for n in (1, 2, 3, 99)]
    [0.5, 1.0, 2.0, 30.0]
    >>> wait_before(1, 0.0, first=1, longest=60, asked=120.0)
    120.0
    """
    full = min(longest, first * 2.0 ** min(attempts - 1, _LARGEST_POWER))
    return max(full * (0.5 + 0.5 * chance), asked or 0.0)


def send(folder: Path, configuration: Configuration, world: World, patience: float) -> int:
    """Deliver what waits, and drop what all have and is old.

    Args:
        folder: the outbox, whose lock the caller holds.
        configuration: receivers and waits.
        world: time and chance.
        patience: seconds that this run may go on asking a receiver that does not take.

    Returns:
        Messages delivered, counted once a receiver.
    """
    receivers = configuration.receivers
    with connected(folder) as database:
        outbox.enlist(database, [(receiver.name, receiver.kind) for receiver in receivers])
    end = world.now() + patience
    stop = threading.Event()
    done = 0
    if receivers:
        with ThreadPoolExecutor(len(receivers)) as pool:
            runs = [
                pool.submit(_drain, folder, receiver, configuration, world, end, stop)
                for receiver in receivers
            ]
            try:
                done = sum(run.result() for run in runs)
            except BaseException:
                stop.set()  # the others end after what they are doing
                raise
    with connected(folder) as database:
        outbox.prune(database, world.now() - configuration.keep_seconds)
    return done


def _drain(
    folder: Path,
    receiver: Receiver,
    configuration: Configuration,
    world: World,
    end: float,
    stop: threading.Event,
) -> int:
    """Deliver a receiver's messages in order until none waits or it is to be left alone."""
    done = 0
    with connected(folder) as database:
        try:
            while (message := outbox.following(database, receiver.name)) is not None:
                attempts, next_at = outbox.turn(database, receiver.name)
                if not _wait(next_at, world, end, stop):
                    break
                try:
                    receiver.deliver(message, world.now())
                except NotTakenError as error:
                    now = world.now()
                    wait = wait_before(
                        attempts + 1,
                        world.chance(),
                        first=configuration.first_wait,
                        longest=configuration.longest_wait,
                        asked=error.retry_after,
                    )
                    outbox.failed(
                        database, receiver.name, now=now, next_at=now + wait, error=error.what
                    )
                else:
                    outbox.delivered(database, receiver.name, message.sequence, world.now())
                    done += 1
        finally:
            receiver.close()
    return done


def _wait(next_at: float, world: World, end: float, stop: threading.Event) -> bool:
    """Wait until a receiver may be asked; say False where that is not within this run."""
    while not stop.is_set():
        left = next_at - world.now()
        if left <= 0 or left > DAY + 1:  # no wait is longer than a day: the clock was set back
            return True
        if next_at > end:
            return False
        world.sleep(min(left, 1.0))
    return False
