"""When a process is asked for more than it can decide. Pure: time is an argument."""

from __future__ import annotations

__all__ = ["Admission"]


class Admission:
    """Bounds what is under way, and notices that the event loop runs late.

    Args:
        in_flight: decisions under way at most.
        late: seconds that the loop may run late.

    >>> admission = Admission(in_flight=1, late=0.1)
    >>> admission.enter(), admission.enter()
    (True, False)
    >>> admission.leave(); admission.enter()
    True
    """

    def __init__(self, *, in_flight: int, late: float) -> None:
        self._most, self._latest = in_flight, late
        self.in_flight = 0
        """Decisions under way."""
        self.late = 0.0
        """Seconds by which the loop's last tick was late."""

    def enter(self) -> bool:
        """Say whether one more is decided; it has to leave then."""
        if self.in_flight >= self._most or self.late > self._latest:
            return False
        self.in_flight += 1
        return True

    def leave(self) -> None:
        """Note that a decision was made."""
        self.in_flight -= 1

    def ticked(self, late: float) -> None:
        """Note how late a tick of the loop was.

        Args:
            late: seconds.
        """
        self.late = max(0.0, late)
