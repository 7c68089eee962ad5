"""Planned tests as canonical JSON and back, and answers sorted by what was asked."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from stillwatch.errors import RefusedError
from stillwatch.ledger import canonical

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stillwatch.prove.lineage.blackbox.interface import Answer, Planned, Query

__all__ = [
    "MOST_QUERIES",
    "PART_SCHEMA",
    "Sorted",
    "checked",
    "encoded",
    "part_digest",
    "sorted_by",
]

PART_SCHEMA = "stillwatch-lineage-blackbox-1"
"""``schema`` of a planned test."""

MOST_QUERIES = 1_000_000
"""Askings of one model that a plan may hold."""


@dataclass(frozen=True, slots=True)
class Sorted:
    """One model's answers by item, and how many planned ones did not come."""

    by_item: dict[str, tuple[Answer, ...]]
    """Every planned item, some perhaps with no answer, in the order of the plan."""
    missing: int
    """Planned askings without an answer."""


def encoded(part: Planned) -> bytes:
    """Return a planned test as canonical JSON."""
    held: dict[str, Any] = asdict(part)  # type: ignore[call-overload]
    return canonical(msgspec.to_builtins({"schema": PART_SCHEMA, "test": part.name} | held))


def part_digest(part: Planned) -> str:
    """Return SHA-256 of a planned test's bytes, hex: what a plan commits to."""
    return hashlib.sha256(encoded(part)).hexdigest()


def checked(what: bool, why: str, where: str = "") -> None:  # noqa: FBT001 - reads as an assertion
    """Refuse a plan unless something holds.

    Raises:
        RefusedError: Q-1 it does not.
    """
    if not what:
        raise RefusedError("Q-1", why, where=where[:200], todo="change the plan before it is used")


def sorted_by(queries: Sequence[Query], answers: Sequence[Answer], where: str) -> Sorted:
    """Return answers by the items that were asked.

    Raises:
        RefusedError: Q-2 an answer is to something that was not asked, or there are two to one
            asking.
    """
    asked = {query.item: query.samples for query in queries}
    held: dict[str, dict[int, Answer]] = {item: {} for item in asked}
    for one in answers:
        if one.item not in asked or not 0 <= one.sample < asked[one.item]:
            raise RefusedError(
                "Q-2", f"{where} has an answer to what was not planned", where=one.item[:200]
            )
        if one.sample in held[one.item]:
            raise RefusedError("Q-2", f"{where} has two answers to one asking", where=one.item)
        held[one.item][one.sample] = one
    by_item = {item: tuple(of[at] for at in sorted(of)) for item, of in held.items()}
    return Sorted(by_item, sum(asked.values()) - len(answers))
