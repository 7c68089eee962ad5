"""Was a model trained on our answers?  Plans, tests, results; `statistics` says why p holds."""

from stillwatch.prove.lineage.counts import Counts, count
from stillwatch.prove.lineage.looks import EProcess
from stillwatch.prove.lineage.plans import LOOKS, Plan, commit_plan, digest_of, verify_plan
from stillwatch.prove.lineage.results import LIMITS, Results, Tested, judge
from stillwatch.prove.lineage.statistics import (
    STATISTICS,
    ClippedResiduals,
    DistinctPairs,
    Finding,
    Residuals,
    Statistic,
    findings,
    rank,
)

__all__ = [
    "LIMITS",
    "LOOKS",
    "STATISTICS",
    "ClippedResiduals",
    "Counts",
    "DistinctPairs",
    "EProcess",
    "Finding",
    "Plan",
    "Residuals",
    "Results",
    "Statistic",
    "Tested",
    "commit_plan",
    "count",
    "digest_of",
    "findings",
    "judge",
    "rank",
    "verify_plan",
]
