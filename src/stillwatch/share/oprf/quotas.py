"""How many evaluations each may ask for, and how long a dictionary takes under that (P-7, P-10)."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from stillwatch.share.oprf.epochs import PERIOD_DAYS

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["DEFAULTS", "PURPOSES", "Quota", "QuotaRow", "days_to_enumerate", "quota_table"]

PURPOSES: Mapping[str, tuple[str, ...]] = {
    "email": ("suspicion",),
    "phone": ("suspicion",),
    "par": ("suspicion", "sign-up", "payment-change"),
}
"""What each type may be evaluated for (P-10): guessable ones for suspicious accounts alone."""


@dataclass(frozen=True, slots=True)
class Quota:
    """Evaluations of one type; days are UTC's, epochs are counted each by itself."""

    member_day: int
    """One member's in a day, all epochs together."""
    member_epoch: int
    """One member's in an epoch."""
    all_day: int
    """All members' in a day, all epochs together."""
    all_epoch: int
    """All members' in an epoch."""

    def __post_init__(self) -> None:
        if any(getattr(self, field.name) < 1 for field in fields(self)):
            raise ValueError("a quota is one evaluation or more")


DEFAULTS: Mapping[str, Quota] = {
    "email": Quota(500, 20_000, 5_000, 200_000),
    "phone": Quota(500, 20_000, 5_000, 200_000),
    "par": Quota(1_000_000, 60_000_000, 10_000_000, 600_000_000),
}
"""Quotas by type: small where values can be guessed; of 29 characters where they cannot."""


def days_to_enumerate(values: int, day: int, epoch: int) -> int:
    """Return the days that evaluating a list of guesses takes under a quota.

    A new epoch begins every 90 days and gives a new quota; guesses of earlier epochs are taken to
    count on, though they match only what was published in theirs, so that this is a lower bound.

    Args:
        values: guesses.
        day: evaluations in a day.
        epoch: evaluations in an epoch.

    >>> days_to_enumerate(1_000_000, day=500, epoch=20_000)
    4450
    """
    each = min(epoch, day * PERIOD_DAYS)
    whole, rest = divmod(values - 1, each)
    return whole * PERIOD_DAYS + -(-(rest + 1) // day)


@dataclass(frozen=True, slots=True)
class QuotaRow:
    """What a default quota means to somebody who guesses."""

    kind: str
    """Type of identifier."""
    of: str
    """Whose quota: one member's, or all members' together."""
    day: int
    """Evaluations in a day."""
    epoch: int
    """Evaluations in an epoch."""
    million: int
    """Days that 10^6 guesses take at least."""
    ten_billion: int
    """Days that 10^10 guesses take at least."""


def quota_table(quotas: Mapping[str, Quota] = DEFAULTS) -> list[QuotaRow]:
    """Return, by type, what one member and all members together could enumerate."""
    rows = []
    for kind, quota in quotas.items():
        for of, day, epoch in (
            ("one member", quota.member_day, quota.member_epoch),
            ("all", quota.all_day, quota.all_epoch),
        ):
            days = (days_to_enumerate(count, day, epoch) for count in (10**6, 10**10))
            rows.append(QuotaRow(kind, of, day, epoch, *days))
    return rows
