"""Volume rule: more than 300 requests in the log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stillwatch.worlds.evaluation.baselines.interface import Judgement
from stillwatch.worlds.evaluation.baselines.queries import per_account

if TYPE_CHECKING:
    from stillwatch.worlds.evaluation.baselines.interface import Log

__all__ = ["VolumeRule"]


@dataclass(frozen=True, slots=True)
class VolumeRule:
    """Flags accounts by the number of their requests alone.

    What it sees: heavy accounts.  Who looks alike: applications, evaluation harnesses,
    localisation shops and gateways.  What it misses: everything that is spread.
    """

    slug: str = "volume"
    """Name in tables."""
    source: str = "rate limit"
    """Where the method comes from."""
    limit: int = 300
    """Requests in the log that are still allowed."""

    def judge(self, log: Log) -> Judgement:
        """Judge every account of the log."""
        (n,) = per_account(log, "count(*)::double")
        return Judgement(flagged=n > self.limit, score=n / (n + self.limit))
