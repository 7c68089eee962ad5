"""What a test without a watermark is planned from, what it hears, and what it may say.

An outcome is of one of four kinds, and they are never mixed: an `Exact` p-value over a draw that
was made and committed before; a `Ranked` place among reference models, which can say no more than
one in k + 1; a `Report` of figures without any inference; and `NotEnough`, which is an answer.
`joined` corrects p-values for their number, and takes nothing but the first kind.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Protocol

import numpy as np

from stillwatch.errors import RefusedError
from stillwatch.prove.watermark.tails import holm

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = [
    "CONTROL",
    "OURS",
    "REFERENCE",
    "SUSPECT",
    "Answer",
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
    "joined",
]

SUSPECT, OURS, REFERENCE, CONTROL = "suspect", "ours", "reference", "control"
"""Roles of models: the suspect, the model it may have learned from, unrelated models of like
strength, and models that are known not to have learned from ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One prompt that every model of the test's roles is asked."""

    item: str
    """Names it within its test."""
    prompt: str
    """User turn."""
    samples: int
    """How often it is asked, each time anew."""
    system: str | None = None
    """System prompt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a model said to one asking."""

    item: str
    """`Query.item`."""
    sample: int
    """Which asking, from 0."""
    text: str
    """All that it said; may be empty."""
    finish_reason: str | None = None
    """As the endpoint gave it."""
    label: str | None = None
    """By the planned classifier or people: ``refused`` or ``answered``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """All answers for one suspect's test; a model that was not asked is left out."""

    suspect: tuple[Answer, ...]
    """The suspect's."""
    ours: tuple[Answer, ...] = ()
    """Of the model that it may have learned from."""
    references: Mapping[str, tuple[Answer, ...]] = field(default_factory=dict)
    """Of unrelated models, by name."""
    controls: Mapping[str, tuple[Answer, ...]] = field(default_factory=dict)
    """Of models known not to have learned from ours, by name."""
    openings: tuple[bytes, ...] = ()
    """Lines that open commitments, as ``stillwatch measures export-canaries`` prints them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Controlled:
    """What an exact test says of a control or a reference, judged as if it were the suspect."""

    subject: str
    """Its name."""
    statistic: float
    """As of the suspect."""
    log10_p: float
    """As of the suspect."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exact:
    """A p-value that holds in finite samples."""

    test: str
    """Name of the test, with its statistic where it has several."""
    subject: str
    """The suspect."""
    null: str
    """The hypothesis that a small p speaks against, in words."""
    accuses: bool
    """Whether a small p speaks for lineage; the equality test's speaks against it."""
    decides: bool
    """Whether the plan named this statistic first; others are reported beside it."""
    statistic: float
    """What was observed."""
    expected: float
    """Its mean under the null hypothesis."""
    log10_p: float
    """log10 of the p-value."""
    least_log10_p: float
    """The smallest that these data could have given."""
    used: int
    """Independent draws that counted."""
    unused: int
    """Planned ones that did not: nothing was shown, or no answer came."""
    rank_among: tuple[int, int] | None = None
    """Place from 1 of the true draw among how many draws, itself included."""
    controls: tuple[Controlled, ...] = ()
    """The same of controls and references."""
    limits: str
    """What it does not show."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """A place among k reference models; it has no p-value that could join exact ones."""

    test: str
    """Name of the test."""
    subject: str
    """The suspect."""
    statistic: float
    """The suspect's."""
    others: dict[str, float]
    """The references', by name."""
    rank: int
    """1 is most like ours; ties count against lineage."""
    among: int
    """k + 1."""
    assumption: str
    """What must hold for the rank to mean anything."""
    unmatched: tuple[str, ...] = ()
    """References that were asked and left out by the planned rule."""
    used: int
    """Items that could tell models apart."""
    notes: tuple[str, ...] = ()
    """What was checked, and what was not."""
    limits: str
    """What it does not show."""

    @property
    def least(self) -> float:
        """How often an exchangeable model would come first: 1 / (k + 1), however clear it is."""
        return 1 / self.among


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A share with its interval."""

    name: str
    """What is counted."""
    subject: str
    """Of which model."""
    count: int
    """How often."""
    of: int
    """Of how many."""
    low: float
    """Lower end of the exact 95 % interval."""
    high: float
    """Upper end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Figures for people; nothing follows from them by itself."""

    test: str
    """Name of the test."""
    subject: str
    """The suspect."""
    figures: tuple[Figure, ...]
    """What was counted."""
    limits: str
    """What it does not show."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotEnough:
    """The test says nothing, and why."""

    test: str
    """Name of the test."""
    subject: str
    """The suspect."""
    why: str
    """What is missing, one sentence."""


Outcome = Exact | Ranked | Report | NotEnough
"""What a test may say."""


class Planned(Protocol):
    """A test as it is fixed before the first query; a frozen dataclass that is its own plan."""

    name: ClassVar[str]
    """Stable name."""
    roles: ClassVar[tuple[str, ...]]
    """Models that are to be asked, besides the suspect those that the test needs or can use."""
    limits: ClassVar[str]
    """What the test cannot show; a part of every outcome."""

    def queries(self) -> tuple[Query, ...]:
        """Return what each model is asked, in order."""
        ...

    def judge(self, subject: str, heard: Heard) -> tuple[Outcome, ...]:
        """Return what the answers say of a suspect.

        Args:
            subject: the suspect's name.
            heard: all answers.

        Raises:
            RefusedError: Q-2 answers to what was not asked, or twice; Q-3 openings that are not of
                what was committed to.
        """
        ...


def joined(outcomes: Iterable[Exact], family: int) -> list[tuple[Exact, float]]:
    """Return accusing, deciding p-values with log10 of Holm's correction over a family.

    Args:
        outcomes: exact ones alone.
        family: hypotheses that were or could have been tested, at least those given.

    Raises:
        RefusedError: Q-4 one is no exact p-value; Q-5 the family is smaller than what is given.
    """
    given: Sequence[Exact] = list(outcomes)
    for one in given:
        if not isinstance(one, Exact):
            raise RefusedError("Q-4", "a rank or report is no p-value and joins none")
    chosen = [one for one in given if one.accuses and one.decides]
    if family < len(chosen):
        raise RefusedError("Q-5", "more tests were done than the family counts")
    # what was not tried counts as p = 1
    p = np.array([one.log10_p for one in chosen] + [0.0] * (family - len(chosen)))
    return list(zip(chosen, holm(p).tolist(), strict=False))
