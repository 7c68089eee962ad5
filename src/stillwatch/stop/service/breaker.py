"""When a shared store is asked, and when it is left alone to recover. Pure: time is an argument."""

from __future__ import annotations

__all__ = ["Breaker"]


class Breaker:
    """Opens after failures in a row, and lets one try through when its pause is over.

    Args:
        failures: in a row, after which nothing is asked for a while.
        pause: seconds of that while.

    >>> breaker = Breaker(failures=2, pause=1.0)
    >>> breaker.failed(0.0)
    >>> breaker.allows(0.0)
    True
    >>> breaker.failed(0.1)
    >>> breaker.allows(0.5), breaker.allows(1.2), breaker.allows(1.3)
    (False, True, False)
    >>> breaker.succeeded()
    >>> breaker.allows(1.4)
    True
    """

    def __init__(self, *, failures: int, pause: float) -> None:
        self._most = failures
        self._pause = pause
        self._failures = 0
        self._until = 0.0

    @property
    def open(self) -> bool:
        """Whether the store counts as away."""
        return self._failures >= self._most

    def allows(self, now: float) -> bool:
        """Say whether to ask; where it is open, one caller a pause may.

        Args:
            now: seconds of a clock that goes forward.
        """
        if not self.open:
            return True
        if now < self._until:
            return False
        self._until = now + self._pause
        return True

    def succeeded(self) -> None:
        """Note an answer."""
        self._failures = 0

    def failed(self, now: float) -> None:
        """Note that there was none.

        Args:
            now: seconds of the same clock.
        """
        self._failures += 1
        if self.open:
            self._until = now + self._pause
