"""Tests without a watermark as parts of a plan: run on suspects and controls alike, and recorded.

A control is tested as if it were the suspect, with the same references and openings, so that what
a test says of a suspect is never without what it says of a model that did not learn from answers.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from stillwatch.prove.lineage.blackbox.interface import Exact, Heard, NotEnough, Ranked, Report

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stillwatch.prove.lineage.blackbox.interface import Answer, Outcome, Planned

__all__ = ["PartTested", "judge_parts"]

_KINDS = {Exact: "exact", Ranked: "ranked", Report: "report", NotEnough: "not enough data"}
_SMALLEST = 5e-324
_LEAST = -1e9
"""log10 of a chance that is none, so that it can be written as a number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartTested:
    """What one test without a watermark says of one model."""

    test: str
    """Name of the part."""
    subject: str
    """Suspect or control."""
    p: float | None = None
    """The deciding exact p-value; null where the test gives none."""
    log10_p: float | None = None
    """Its log10."""
    decides: bool = False
    """Whether a small p speaks for lineage, so that Holm's correction counts it."""
    rank: int | None = None
    """Place from 1 among reference models, 1 being most like ours; never a p-value."""
    among: int | None = None
    """How many places there are."""
    not_enough_data: bool = False
    """Whether the test says nothing."""
    outcomes: list[dict[str, Any]] = field(default_factory=list)
    """All that it says, each with its kind, its assumption and its limits."""
    log10_adjusted: float | None = None
    """After Holm over the family; of suspects where `decides`."""
    found: bool = False
    """Whether that is at most alpha."""


def judge_parts(
    parts: Mapping[str, Planned],
    suspects: Sequence[str],
    controls: Sequence[str],
    answers: Mapping[str, Mapping[str, tuple[Answer, ...]]],
    roles: Mapping[str, str],
    openings: Sequence[bytes] = (),
) -> list[PartTested]:
    """Return what each part says of each suspect and control.

    Args:
        parts: planned tests by name.
        suspects: names of models.
        controls: likewise.
        answers: by part, then by model.
        roles: of each model.
        openings: lines that open commitments to canaries.

    Raises:
        RefusedError: Q-2, Q-3 as the tests say.
    """
    found = []
    for name, part in parts.items():
        heard = answers.get(name, {})
        ours = next((heard[one] for one in heard if roles[one] == "ours"), ())
        references = {one: heard[one] for one in heard if roles[one] == "reference"}
        for subject in (*suspects, *controls):
            others = {one: heard[one] for one in controls if one != subject and one in heard}
            said = part.judge(
                subject,
                Heard(
                    suspect=heard.get(subject, ()),
                    ours=ours,
                    references=references,
                    controls=others,
                    openings=tuple(openings),
                ),
            )
            found.append(_tested(name, subject, said))
    return found


def _tested(name: str, subject: str, said: Sequence[Outcome]) -> PartTested:
    exact = next((one for one in said if isinstance(one, Exact) and one.decides), None)
    ranked = next((one for one in said if isinstance(one, Ranked)), None)
    log10_p = None if exact is None else max(exact.log10_p, _LEAST)
    return PartTested(
        test=name,
        subject=subject,
        p=None if log10_p is None else max(10**log10_p, _SMALLEST),
        log10_p=log10_p,
        decides=exact is not None and exact.accuses,
        rank=None if ranked is None else ranked.rank,
        among=None if ranked is None else ranked.among,
        not_enough_data=all(isinstance(one, NotEnough) for one in said),
        outcomes=[{"kind": _KINDS[type(one)], **_plain(asdict(one))} for one in said],
    )


def _plain(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a value that canonical JSON can hold."""
    if isinstance(value, float) and not math.isfinite(value):
        return _LEAST if value < 0 else None
    if isinstance(value, dict):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return msgspec.to_builtins(value)
