"""C: does a suspect refuse what our model refuses, prompt by prompt?

Which of many borderline prompts a model refuses is a habit of its training.  Our refusal rates,
prompt by prompt, are taken as the likelihood of another model's refusals, after a shift for each
category that lets the model be stricter or laxer there as a whole; so only the pattern within a
category counts.  From its logarithm goes that of the same likelihood under the crowd's rates, all
k + 1 models alike, which takes off what makes a prompt delicate for everybody.

The statistic treats suspect and references alike; a rank is all that it gives.  Beside it stands
the safety gap, what the suspect answers and ours refuses, as figures without inference.

Whether an answer refuses is not read from words: lists of them know a few languages and few turns
of phrase.  A label that came with the answer decides; without one, a finish reason by which an
endpoint says so itself.  Everything else is unknown, and too much of it is not enough data; or, if
the plan says so, it is answered, for endpoints that declare every refusal.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from scipy.optimize import brentq
from scipy.special import betaincinv, expit

from stillwatch.errors import RefusedError
from stillwatch.prove.lineage.blackbox.interface import (
    OURS,
    REFERENCE,
    SUSPECT,
    Answer,
    Figure,
    Heard,
    NotEnough,
    Outcome,
    Query,
    Ranked,
    Report,
)
from stillwatch.prove.lineage.blackbox.planning import MOST_QUERIES, checked, sorted_by

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

__all__ = ["FINISHED_BY_REFUSING", "Borderline", "Refusals", "refused"]

FINISHED_BY_REFUSING = frozenset(
    {"refusal", "content_filter", "safety", "prohibited_content", "blocklist", "spii", "recitation"}
)
"""Finish reasons, in small letters, by which an endpoint says that it withheld the answer."""

_ALL = "all categories"
_CATEGORY = re.compile(r"[^\x00-\x1f\x7f]{1,100}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Borderline:
    """A prompt that models differ about."""

    prompt: str
    """What is asked."""
    category: str
    """What kind of prompt it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusals:
    """The planned test.

    Raises:
        RefusedError: Q-1 a field is out of its range.
    """

    name: ClassVar[str] = "refusals"
    roles: ClassVar[tuple[str, ...]] = (SUSPECT, OURS, REFERENCE)
    limits: ClassVar[str] = (
        "A first rank shows that the suspect's refusals follow our model's pattern more than the "
        "references' do. It does not show training on our answers: common safety data or common "
        "guidelines do it too, and whoever trains refusals away leaves no pattern. It is worth no "
        "more than the references' likeness to an innocent suspect and the labels' quality: "
        "answers without a label or a telling finish reason are unknown, refusals in prose among "
        "them. The safety gap shows what a copy lost, and nothing of where it came from."
    )

    prompts: tuple[Borderline, ...]
    """What is asked."""
    classifier: str
    """Who or what labels answers, with its version, or ``finish reasons alone``."""
    samples: int = 5
    """Askings of each."""
    least_references: int = 4
    """References without which the test says nothing."""
    least_known: float = 0.9
    """Share of each model's askings whose refusal must be known."""
    unlabelled: Literal["unknown", "answered"] = "unknown"
    """What an answer is that has no label and no telling finish reason."""
    system: str | None = None
    """System prompt of every asking."""

    def __post_init__(self) -> None:
        said = [one.prompt for one in self.prompts]
        checked(
            bool(said) and all(said) and len(set(said)) == len(said),
            "prompts are missing, empty or twice",
        )
        for one in self.prompts:
            good = bool(_CATEGORY.fullmatch(one.category)) and one.category != _ALL
            checked(good, "a category is no name", one.category)
        checked(bool(self.classifier.strip()), "nobody is named who labels")
        checked(1 <= self.samples <= 1000, "1 to 1,000 samples of a prompt")
        checked(len(said) * self.samples <= MOST_QUERIES, "too many askings")
        checked(self.least_references >= 1, "one reference at least")
        checked(0 < self.least_known <= 1, "the known share is not above 0 and at most 1")

    def queries(self) -> tuple[Query, ...]:
        """Return what each model is asked, in order; `Query.item` is the prompt's number."""
        return tuple(
            Query(item=str(at), prompt=one.prompt, samples=self.samples, system=self.system)
            for at, one in enumerate(self.prompts)
        )

    def judge(self, subject: str, heard: Heard) -> tuple[Outcome, ...]:
        """Return one `Ranked` or `NotEnough`, and the safety gap as a `Report`.

        Raises:
            RefusedError: Q-2 answers to what was not asked, or a label that is none.
        """
        ours, suspect = self._counts(heard.ours, "ours"), self._counts(heard.suspect, subject)
        others = {name: self._counts(of, name) for name, of in heard.references.items()}
        known = {
            name: float(of[1].sum()) / (len(self.prompts) * self.samples)
            for name, of in {"ours": ours, subject: suspect}.items()
        }
        few = [name for name, share in known.items() if share < self.least_known]
        if few:
            why = f"of {few[0]} {known[few[0]]:.0%} of refusals are known"
            return (NotEnough(test=self.name, subject=subject, why=why),)
        floor = self.least_known * len(self.prompts) * self.samples
        unmatched = tuple(name for name, of in others.items() if of[1].sum() < floor)
        kept = {name: of for name, of in others.items() if name not in unmatched}
        gap = self._gap(subject, ours, {subject: suspect} | kept)
        if len(kept) < self.least_references:
            why = f"{len(kept)} references are known where {self.least_references} are planned"
            return NotEnough(test=self.name, subject=subject, why=why), gap
        return self._ranked(subject, ours, suspect, kept, unmatched), gap

    def _ranked(
        self,
        subject: str,
        ours: NDArray[np.int64],
        suspect: NDArray[np.int64],
        others: Mapping[str, NDArray[np.int64]],
        unmatched: tuple[str, ...],
    ) -> Outcome:
        models = [suspect, *others.values()]
        rates = np.mean([_smoothed(one) for one in models], axis=0)
        crowd = np.log(rates / (1 - rates))
        victim = _smoothed(ours)
        groups = self._groups()
        statistics = [
            (_fit(one, np.log(victim / (1 - victim)), groups) - _fit(one, crowd, groups))
            / max(int(one[1].sum()), 1)
            for one in models
        ]
        spread = np.array([one[0] / np.maximum(one[1], 1) for one in models])
        used = int((spread.max(axis=0) > spread.min(axis=0)).sum())
        if not used:
            return NotEnough(
                test=self.name, subject=subject, why="all models refuse each prompt alike"
            )
        own, *rest = statistics
        return Ranked(
            test=self.name,
            subject=subject,
            statistic=own,
            others=dict(zip(others, rest, strict=True)),
            rank=1 + sum(one >= own for one in rest),
            among=len(models),
            assumption=(
                "without training on our answers, the suspect would be one more model of the "
                "references' kind: each order of the k + 1 would be as likely"
            ),
            unmatched=unmatched,
            used=used,
            notes=(f"Labels: {self.classifier}; without one: {self.unlabelled}.",),
            limits=self.limits,
        )

    def _gap(
        self, subject: str, ours: NDArray[np.int64], models: Mapping[str, NDArray[np.int64]]
    ) -> Report:
        refuses = 2 * ours[0] > ours[1]
        groups = {_ALL: np.arange(len(self.prompts))} | self._groups()
        figures = []
        for name, one in models.items():
            answers = 2 * one[0] < one[1]
            for category, places in groups.items():
                of = refuses[places] & (one[1][places] > 0)
                count, many = int((answers[places] & of).sum()), int(of.sum())
                low, high = _interval(count, many)
                figures.append(
                    Figure(
                        name=f"answers mostly what ours mostly refuses, {category}",
                        subject=name,
                        count=count,
                        of=many,
                        low=low,
                        high=high,
                    )
                )
        return Report(
            test=f"{self.name}/safety gap",
            subject=subject,
            figures=tuple(figures),
            limits=self.limits,
        )

    def _groups(self) -> dict[str, NDArray[np.int64]]:
        names = np.array([one.category for one in self.prompts])
        return {str(name): np.flatnonzero(names == name) for name in np.unique(names)}

    def _counts(self, answers: Sequence[Answer], where: str) -> NDArray[np.int64]:
        """Return refusals and askings whose refusal is known, (2, prompts)."""
        by_item = sorted_by(self.queries(), answers, where).by_item
        found = np.zeros((2, len(self.prompts)), np.int64)
        for at in range(len(self.prompts)):
            for one in by_item[str(at)]:
                said = refused(one)
                if said is None and self.unlabelled == "answered":
                    said = False
                if said is not None:
                    found[:, at] += (said, 1)
        return found


def refused(answer: Answer) -> bool | None:
    """Say whether an answer refuses, or None where nothing that is planned says so.

    Raises:
        RefusedError: Q-2 its label is neither ``refused`` nor ``answered``.

    >>> refused(Answer(item="0", sample=0, text="", finish_reason="SAFETY"))
    True
    >>> refused(Answer(item="0", sample=0, text="Je ne peux pas.", finish_reason="stop")) is None
    True
    """
    if answer.label is not None:
        if answer.label not in {"refused", "answered"}:
            raise RefusedError("Q-2", "a label is neither refused nor answered", where=answer.item)
        return answer.label == "refused"
    if (answer.finish_reason or "").casefold() in FINISHED_BY_REFUSING:
        return True
    return None


def _smoothed(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    rates: NDArray[np.float64] = (counts[0] + 0.5) / (counts[1] + 1.0)
    return rates


def _fit(
    counts: NDArray[np.int64],
    logits: NDArray[np.float64],
    groups: Mapping[str, NDArray[np.int64]],
) -> float:
    """Return the log likelihood of refusals at given logits, shifted in each category to fit."""
    total = 0.0
    for places in groups.values():
        yes, many, at = counts[0][places], counts[1][places], logits[places]
        if not 0 < yes.sum() < many.sum():
            continue  # a shift without end fits it wholly, whatever the pattern
        reach = float(np.abs(at).max()) + 30.0

        def surplus(
            shift: float,
            at: NDArray[np.float64] = at,
            many: NDArray[np.int64] = many,
            yes: NDArray[np.int64] = yes,
        ) -> float:
            return float(many @ expit(at + shift) - yes.sum())

        moved = at + float(brentq(surplus, -reach, reach))
        total -= float(yes @ np.logaddexp(0, -moved) + (many - yes) @ np.logaddexp(0, moved))
    return total


def _interval(count: int, of: int) -> tuple[float, float]:
    """Return Clopper and Pearson's exact 95 % interval of a share."""
    low = float(betaincinv(count, of - count + 1, 0.025)) if count else 0.0
    high = float(betaincinv(count + 1, of - count, 0.975)) if count < of else 1.0
    return low, high
