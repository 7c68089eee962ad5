"""Was a model trained on our answers, asked by queries alone: four tests, each with its limits."""

from stillwatch.prove.lineage.blackbox.agreement import Agreement, Item
from stillwatch.prove.lineage.blackbox.canaries import (
    Canaries,
    Canary,
    CommittedSet,
    Slot,
    power,
)
from stillwatch.prove.lineage.blackbox.equality import Equality, equality_power
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
from stillwatch.prove.lineage.blackbox.making import canaries_of
from stillwatch.prove.lineage.blackbox.planning import encoded, part_digest
from stillwatch.prove.lineage.blackbox.refusals import Borderline, Refusals
from stillwatch.prove.lineage.blackbox.registry import TESTS, decoded

__all__ = [
    "CONTROL",
    "OURS",
    "REFERENCE",
    "SUSPECT",
    "TESTS",
    "Agreement",
    "Answer",
    "Borderline",
    "Canaries",
    "Canary",
    "CommittedSet",
    "Controlled",
    "Equality",
    "Exact",
    "Figure",
    "Heard",
    "Item",
    "NotEnough",
    "Outcome",
    "Planned",
    "Query",
    "Ranked",
    "Refusals",
    "Report",
    "Slot",
    "canaries_of",
    "decoded",
    "encoded",
    "equality_power",
    "joined",
    "part_digest",
    "power",
]
