"""Shared identity: a payment value, phone or device that at least three accounts use."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from stillwatch.worlds.evaluation.baselines.interface import Judgement

if TYPE_CHECKING:
    from stillwatch.worlds.evaluation.baselines.interface import Log

__all__ = ["SharedIdentity"]

COLUMNS = ("payment_fingerprint", "phone_hash", "device_fingerprint")
"""Columns of the account table that identify a holder."""


@dataclass(frozen=True, slots=True)
class SharedIdentity:
    """Flags accounts by the number of accounts that share one of their identity values.

    What it sees: recycled cards and phones.  Who looks alike: enterprises, agencies, schools
    and large households.  What it misses: one card and one phone an account.
    """

    slug: str = "shared identity"
    """Name in tables."""
    source: str = "payment fraud rules"
    """Where the method comes from."""
    least: int = 3
    """Accounts on one value from which all of them are flagged."""

    def judge(self, log: Log) -> Judgement:
        """Judge every account of the log; columns that are missing count for nothing."""
        most = np.ones(len(log.accounts))
        for column in COLUMNS:
            if column not in log.accounts.column_names:
                continue
            values = log.accounts[column].to_pylist()
            users = Counter(v for v in values if v is not None and v != "")
            most = np.maximum(most, [users.get(v, 1) for v in values])
        return Judgement(flagged=most >= self.least, score=1 - 1 / most)
