"""What stands between a decision and its effect: governance, then caps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillwatch.stop.responses.caps import Caps
from stillwatch.stop.responses.governance import Governance

if TYPE_CHECKING:
    from stillwatch.stop.interface import Decision
    from stillwatch.stop.responses.measures import MeasuresInForce
    from stillwatch.stop.responses.policy import Policy

__all__ = ["Gate"]


class Gate:
    """Passes every decision on, lowered where it goes further than it may; for one thread.

    Args:
        policy: as read and signed.
        measures: in force.
    """

    def __init__(self, policy: Policy, measures: MeasuresInForce) -> None:
        self._caps = Caps()
        self.governance = Governance(policy, measures)
        """Replaced by one assignment where policy or measures change."""

    def settle(self, decision: Decision, now: int) -> Decision:
        """Return the decision that is applied, or in shadow mode would be.

        Args:
            decision: of the core.
            now: microseconds since 1970.
        """
        governance = self.governance
        return self._caps.admit(governance.bound(decision, now), governance, now)
