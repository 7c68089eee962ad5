"""What looks hand on to the next look, and campaigns as they grow from look to look."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from stillwatch.find.campaigns.judge import Judged
    from stillwatch.find.features.view import View

__all__ = ["Carried", "Declared", "Part", "Summed"]


@dataclass(frozen=True, slots=True)
class Part:
    """One actor's part of a declared campaign, under a name of its own."""

    name: str
    """The campaign's id in every scan."""
    accounts: tuple[int, ...]
    """Those flagged when the parts were last told apart, ascending."""
    of: str = ""
    """The campaign that it was split from, empty where it is the oldest part."""
    took: tuple[str, ...] = ()
    """Names that ended because their accounts came back to this part, earliest first."""


@dataclass(slots=True)
class Declared:
    """A campaign as it grows from look to look."""

    declared_at: int
    """Look that declared it, microseconds."""
    judged: Judged
    """Latest judgement."""
    flagged_at: dict[int, int] = field(default_factory=dict)
    """Look by account."""
    probability: dict[int, float] = field(default_factory=dict)
    """Membership by account."""
    rows: set[int] = field(default_factory=set)
    """Exchanges of the campaign's own."""
    parts: tuple[Part, ...] = ()
    """Its actors, the oldest first; none before it was named."""

    def take(self, judged: Judged, time: int) -> None:
        """Take in a judgement; flags latch, probabilities follow."""
        self.judged = judged
        for account, probability in zip(
            judged.accounts.tolist(), judged.probability.tolist(), strict=True
        ):
            if probability >= 0.5:
                self.flagged_at.setdefault(account, time)
            if account in self.flagged_at:
                self.probability[account] = max(probability, 0.5)
        self.rows.update(judged.rows.tolist())


@dataclass(slots=True)
class Summed:
    """What accounts did, added up; N accounts."""

    rows: int
    """Rows that are in the sums."""
    subject: NDArray[np.float64]
    """(N, DIMENSIONS) sums of projections."""
    form: NDArray[np.float64]
    """(N, FORM) sums of logs of forms."""
    turns: NDArray[np.float64]
    """(N,) turns after the first."""


@dataclass(slots=True)
class Carried:
    """Everything that a look hands on, in the codes of one log; F facets, N accounts.

    Together with the rows before the look it decides all later looks, so a replay that goes on
    from it says what one from the beginning says, to the bit.
    """

    weighed: NDArray[np.int64]
    """(F,) postings of each facet when it was last weighed."""
    summed: Summed
    rows: int = 0
    """Rows before the look."""
    time: int = 0
    """Time of the look, microseconds since 1970."""
    learned: int = 0
    """Rows from which the background was learned, 0 for none yet."""
    learned_at: int = 0
    """Time of the look that learned it."""
    pooled: int = 0
    """Rows when accounts were last compared."""
    looks: int = 0
    """Looks so far."""
    waiting: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32))
    """Facets that new exchanges touched and no look has considered."""
    ever: set[int] = field(default_factory=set)
    """Names of the groups weighed."""
    worded: dict[bytes, int] = field(default_factory=dict)
    """Exchanges of the groups compared by wording, by their accounts (int32), when last met."""
    mannered: dict[bytes, int] = field(default_factory=dict)
    """The same by manner."""
    screened: dict[bytes, int] = field(default_factory=dict)
    """The same of those judged; the accounts are followed by what proposed the group."""
    campaigns: list[Declared] = field(default_factory=list)
    refused: dict[bytes, tuple[Judged, str]] = field(default_factory=dict)
    """Groups that carried weight and fell short, by their members, with the rule."""

    @classmethod
    def nothing(cls, view: View) -> Carried:
        """Return what the first look is handed."""
        accounts, log = view.seen.size, view.log
        return cls(
            np.zeros(len(view.facets), np.int64),
            Summed(
                0,
                np.zeros((accounts, log.projection.shape[1])),
                np.zeros((accounts, log.form.shape[1])),
                np.zeros(accounts),
            ),
        )
