"""What the desk decided, told to the replicas: from its outbox, again until it was taken."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from stillwatch.errors import StillwatchError
from stillwatch.stop.appeals.desk import delivered, undelivered
from stillwatch.stop.service.stream import send_updates
from stillwatch.stop.service.updates import unpacked

if TYPE_CHECKING:
    from collections.abc import Callable

    from stillwatch.ledger import SigningKey
    from stillwatch.stop.service.stream import Place
    from stillwatch.store import Database

__all__ = ["tell_replicas"]

_log = logging.getLogger(__name__)


async def tell_replicas(
    database: Database,
    place: Place,
    key: SigningKey | None,
    *,
    clock: Callable[[], int],
    pause: float = 0.25,
) -> None:
    """Send recalls as they come, until cancelled.

    An update that was sent and not noted is sent again, which changes nothing at a replica.

    Args:
        database: of the desk.
        place: where updates travel.
        key: signs them.
        clock: microseconds since 1970.
        pause: seconds between looks.
    """
    failing = False
    while True:
        try:
            waiting = await database.read(undelivered, "update")
            if waiting:
                await send_updates(place, [unpacked(one.body) for one in waiting], key)
                await database.write(delivered, [one.number for one in waiting], clock())
            failing = False
        except StillwatchError as error:
            if not failing:
                _log.error("outcomes are not told: %s", error)
            failing = True
        await asyncio.sleep(4 * pause if failing else pause)
