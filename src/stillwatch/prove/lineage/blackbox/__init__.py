"""Was a model trained on our answers, asked by queries alone: four tests, each with its limits."""

from stillwatch.prove.lineage.blackbox.canaries import (
    Canaries,
    Canary,
    CommittedSet,
    Slot,
    power,
)
from stillwatch.prove.lineage.blackbox.interface import (
    CONTROL,
    OURS,
    REFERENCE,
    SUSPECT,
    Answer,
    Controlled,
    Exact,
    Figure,
    Heard,
    NotEnough,
    Outcome,
    Planned,
    Query,
    Ranked,
    Report,
    joined,
)
from stillwatch.prove.lineage.blackbox.planning import encoded, part_digest
from stillwatch.prove.lineage.blackbox.registry import TESTS, decoded

__all__ = [
    "CONTROL",
    "OURS",
    "REFERENCE",
    "SUSPECT",
    "TESTS",
    "Answer",
    "Canaries",
    "Canary",
    "CommittedSet",
    "Controlled",
    "Exact",
    "Figure",
    "Heard",
    "NotEnough",
    "Outcome",
    "Planned",
    "Query",
    "Ranked",
    "Report",
    "Slot",
    "decoded",
    "encoded",
    "joined",
    "part_digest",
    "power",
]
