"""What could not be judged for lack of columns, detector by detector."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from stillwatch.find.detectors import DETECTORS
from stillwatch.find.features.log import IDENTITY

if TYPE_CHECKING:
    from stillwatch.find.features.log import Log

__all__ = ["missing_columns"]

_ALWAYS = frozenset({"time", "prompt", "model"})


def missing_columns(log: Log) -> tuple[str, ...]:
    """Return one sentence for each detector that had nothing to read."""
    have = set(_ALWAYS) | set(log.present)
    for number, name in enumerate(IDENTITY):
        if (log.accounts.identity[:, number] >= 0).any():
            have.add(name)
    if (log.accounts.created >= 0).any():
        have.add("created_at")
    if np.any(log.output_tokens >= 0):
        have.add("output_tokens")
    said = []
    for detector in DETECTORS:
        wanted = sorted(detector.reads - have)
        if wanted and not detector.reads & have:
            names = " or ".join(wanted)
            said.append(f"{detector.slug} ({detector.family}) had no values of {names}")
    return tuple(said)
