"""From measures to a log ratio: logistic weights learned by ``bench/attribution.py``.

Every measure may speak one way only, so that none counts for an account what counts against it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Weights", "weights"]


@dataclass(frozen=True, slots=True)
class Weights:
    """An affine function of measures whose value is a log likelihood ratio."""

    intercept: float
    """Nats where every measure is 0."""
    each: tuple[float, ...]
    """Nats for one of each measure."""

    def ratio(self, measures: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the log ratio of each row of measures."""
        return np.asarray(measures @ np.array(self.each) + self.intercept)


@cache
def weights(name: str) -> Weights:
    """Return the weights of ``match`` or of ``attribution``."""
    text = resources.files(__package__).joinpath("weights.json").read_text("utf-8")
    held = json.loads(text)[name]
    return Weights(float(held["intercept"]), tuple(float(x) for x in held["each"].values()))
