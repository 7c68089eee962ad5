"""The decision core: a request in, a decision out, without I/O, clock or randomness."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stillwatch.stop.serving.terms import NO_MEASURES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stillwatch.stop.interface import Answer, Asked, Charge, Charged, Decision, Request
    from stillwatch.stop.serving.knowledge import Knowledge
    from stillwatch.stop.serving.terms import Measures, Terms, Tier

__all__ = ["Core", "Weighed"]


@dataclass(frozen=True, slots=True)
class Weighed:
    """A request that was read and weighed, before its charges are settled."""

    request: Request
    asked: Asked
    unread: str
    """Why the body could not be read, a fixed word of ``shapes.UNREAD``; empty where it was."""
    cost: int
    """Thousandths of a unit."""
    tier: Tier
    campaign: str
    """Of which the account is a member; empty where none."""
    kinds: tuple[str, ...]
    """Kind of each charge: account, campaign, segment, network."""
    charges: tuple[Charge, ...]
    """At most 8, the account's first."""


class Core:
    """Decides requests; for one thread.

    ``terms``, ``knowledge`` and ``measures`` are immutable and may be replaced at any time by one
    assignment each; a decision uses those that were there when it was weighed.

    Args:
        terms: the policy.
        knowledge: verdicts, indicators and accounts.
        measures: those in force.
        secret: of the sketches, as ``observe --key-file`` reads it; empty for none.
        accounts: accounts of which the state is kept, about 330 bytes each.
        segments: segments of text of which the holders are counted, 24 bytes each.
    """

    def __init__(
        self,
        terms: Terms,
        knowledge: Knowledge,
        measures: Measures = NO_MEASURES,
        *,
        secret: bytes = b"",
        accounts: int = 1 << 20,
        segments: int = 1 << 22,
    ) -> None:
        self.terms = terms
        self.knowledge = knowledge
        self.measures = measures
        self._sizes = accounts, segments, secret

    def weigh(self, request: Request) -> Weighed:
        """Read a request, take it into the state, and say what it is to be charged; never raises.

        Args:
            request: as the gateway made it.
        """
        raise NotImplementedError

    def conclude(self, weighed: Weighed, charged: Sequence[Charged]) -> Decision:
        """Decide.

        Args:
            weighed: what :meth:`weigh` returned.
            charged: outcome of each of its charges, in order; empty where the buckets could not
                be asked, which counts as allowed.
        """
        raise NotImplementedError

    def answered(self, decision: Decision, answer: Answer) -> None:
        """Learn how long an account's answers are.

        Args:
            decision: the request's.
            answer: what came back.
        """
        raise NotImplementedError
