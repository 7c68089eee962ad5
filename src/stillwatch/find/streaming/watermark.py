"""How far event time has come, when each partition goes at its own pace.

Pure: times are arguments. Event times and the clock are microseconds since 1970.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Pace", "due"]


@dataclass(slots=True)
class Pace:
    """Watermarks of a stream's partitions.

    A partition has come to the newest time of event that it gave, less the bound for late data.
    One that was read to its end and has given nothing for a while has come to the clock less
    that bound, so that a partition without traffic does not hold up the others.

    Args:
        late: how much later than a newer one an event may come, microseconds.
        idle: after which a partition that was read to its end counts as idle, microseconds.
    """

    late: int
    idle: int

    def marks(
        self,
        latest: Mapping[str, int],
        heard: Mapping[str, int],
        lag: Mapping[str, int],
        now: int,
    ) -> dict[str, int | None]:
        """Return the watermark of each partition; None for one that has given nothing yet.

        Args:
            latest: newest time of event by partition.
            heard: when each partition gave a message last, or was opened.
            lag: messages that wait, by partition; names all partitions.
            now: the clock.

        >>> pace = Pace(late=10, idle=100)
        >>> pace.marks({"0": 500, "1": 900}, {"0": 990, "1": 990}, {"0": 0, "1": 3}, 1000)
        {'0': 490, '1': 890}
        >>> pace.marks({"0": 500}, {"0": 850, "1": 990}, {"0": 0, "1": 0}, 1000)
        {'0': 990, '1': None}
        """
        found: dict[str, int | None] = {}
        for name in sorted({*latest, *lag}):
            newest = latest.get(name)
            # a sender's clock that is ahead must not close hours that others still write to
            mark = None if newest is None else min(newest, now) - self.late
            if not lag.get(name, 0) and now - heard.get(name, now) >= self.idle:
                mark = max(now - self.late, mark or 0)
            found[name] = mark
        return found


def due(marks: Mapping[str, int | None], step: int, first: int, last: int) -> int | None:
    """Return the last look that may run; None where none may.

    Args:
        marks: of :meth:`Pace.marks`.
        step: width of the grid of looks.
        first: time of the first exchange.
        last: time of the last exchange.

    >>> due({"0": 7300, "1": 3700}, 3600, 10, 9000)
    3600
    >>> due({"0": 99_999}, 3600, 10, 9000), due({"0": 99_999, "1": None}, 3600, 10, 9000)
    (10800, None)
    """
    if not marks or any(mark is None for mark in marks.values()):
        return None
    come = min(mark for mark in marks.values() if mark is not None)
    look = min(come // step, -(-(last + 1) // step)) * step
    return look if look >= (first // step + 1) * step else None
