"""What a baseline reads and says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

__all__ = ["Baseline", "Judgement", "Log"]


@dataclass(frozen=True, slots=True)
class Log:
    """What a baseline may read; never the truth."""

    accounts: pa.Table
    """Account table, account_id as text."""
    exchanges: tuple[Path, ...]
    """Parquet files of the exchanges."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a baseline says, one entry an account of ``Log.accounts``."""

    flagged: NDArray[np.bool_]
    """Whether the account is flagged, (accounts,)."""
    score: NDArray[np.float64]
    """Suspicion in [0, 1]; ranks only, (accounts,)."""


class Baseline(Protocol):
    """One method that looks at accounts one by one, or at what they share."""

    @property
    def slug(self) -> str:
        """Name in tables."""
        ...

    @property
    def source(self) -> str:
        """Where the method comes from."""
        ...

    def judge(self, log: Log) -> Judgement:
        """Judge every account of the log."""
        ...
