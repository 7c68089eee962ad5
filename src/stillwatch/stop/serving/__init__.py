"""The decision core: request, state, verdicts, indicators and policy to a decision."""

from stillwatch.stop.serving.buckets import LocalBuckets
from stillwatch.stop.serving.core import Core, Weighed
from stillwatch.stop.serving.knowledge import Knowledge, Pieces, Place
from stillwatch.stop.serving.terms import (
    NO_MEASURES,
    Allowance,
    InForce,
    Measures,
    Terms,
    Tier,
    Weights,
)

__all__ = [
    "NO_MEASURES",
    "Allowance",
    "Core",
    "InForce",
    "Knowledge",
    "LocalBuckets",
    "Measures",
    "Pieces",
    "Place",
    "Terms",
    "Tier",
    "Weighed",
    "Weights",
]
