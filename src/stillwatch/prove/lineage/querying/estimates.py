"""What asking will take at most, before anything is sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stillwatch.prove.lineage.querying.limits import most_of
from stillwatch.prove.lineage.querying.pace import Spent

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from stillwatch.prove.lineage.asking import Model
    from stillwatch.prove.lineage.querying.questions import Question

__all__ = ["Estimate", "estimate"]


@dataclass(frozen=True, slots=True)
class Estimate:
    """What is left to be asked of a model; without repeats, which failures cause."""

    model: str
    """Its name."""
    role: str
    """What it is to the plan."""
    questions: int
    """That the plan has for it."""
    left: Spent
    """Requests still to be sent, tokens of prompts at three bytes each, answers of full length."""
    cost: float | None
    """Their price; None where no price is planned."""


def estimate(model: Model, questions: Sequence[Question], done: Collection[int] = ()) -> Estimate:
    """Return what asking a model takes at most.

    Args:
        model: whom.
        questions: all that the plan asks of it.
        done: numbers of those that need no more asking.
    """
    left = sum((most_of(one) for one in questions if one.number not in done), Spent())
    priced = bool(model.input_price or model.output_price)
    cost = left.cost(model.input_price, model.output_price) if priced else None
    return Estimate(model.name, model.role, len(questions), left, cost)
