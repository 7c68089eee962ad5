"""The decision core: request, state, verdicts, indicators and policy to a decision."""

from stillwatch.stop.serving.buckets import LocalBuckets
from stillwatch.stop.serving.core import Core, Weighed
from stillwatch.stop.serving.indicators import Heard, Indicators, Pieces, Place
from stillwatch.stop.serving.knowledge import Knowledge, KnownAccount, KnownCampaign
from stillwatch.stop.serving.state import Snapshot, State
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
    "Heard",
    "InForce",
    "Indicators",
    "Knowledge",
    "KnownAccount",
    "KnownCampaign",
    "LocalBuckets",
    "Measures",
    "Pieces",
    "Place",
    "Snapshot",
    "State",
    "Terms",
    "Tier",
    "Weighed",
    "Weights",
]
