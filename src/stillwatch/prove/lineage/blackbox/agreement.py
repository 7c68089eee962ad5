"""B: does a suspect share our model's mistakes and short answers more than its peers do?

For each item each model has shares of answers.  Two models agree on it by the chance that one
answer of each is the same; right answers are set aside where the truth is known, since right
answers agree by being right.  An item weighs by how rarely any of the k + 1 models agrees with
ours, so that where everyone does, it carries nothing.  A model's statistic is its weighted
agreement with ours over the weighted chances that it had to agree.

Weights and statistic treat suspect and references alike.  If the suspect were one more model of
the references' kind, each of the k + 1 ranks would be as likely.  No more than that is said: a rank
is not one of the p-values that hold over a committed draw, and has another type.

Source: that models that learned from one another share mistakes, Goel et al., Great models think
alike and this undermines AI oversight (ICML 2025), who adjust agreement for accuracy as well.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from stillwatch.prove.lineage.blackbox.interface import (
    OURS,
    REFERENCE,
    SUSPECT,
    Answer,
    Heard,
    NotEnough,
    Outcome,
    Query,
    Ranked,
)
from stillwatch.prove.lineage.blackbox.planning import MOST_QUERIES, checked, sorted_by
from stillwatch.prove.lineage.blackbox.recognising import folded, shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

__all__ = ["Agreement", "Item", "short_answer"]

_NONE = ""
"""Of an asking that gave no answer in the planned form."""
_LONGEST = 80

Shares = dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A question with a short answer."""

    prompt: str
    """What is asked; best it asks for the answer alone."""
    truth: str | None = None
    """The right answer; None where there is none or nobody knows."""
    choices: tuple[str, ...] = ()
    """Answers to choose from; with none, the first line is the answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """The planned test.

    Raises:
        RefusedError: Q-1 a field is out of its range.
    """

    name: ClassVar[str] = "agreement"
    roles: ClassVar[tuple[str, ...]] = (SUSPECT, OURS, REFERENCE)
    limits: ClassVar[str] = (
        "A first rank shows that the suspect shares our model's mistakes more than the references "
        "do. It does not show training on our answers: common training data, a common ancestor or "
        "a common teacher do it too, and a reference that was itself trained on our answers hides "
        "it. It is worth no more than the likeness of references to what an innocent suspect "
        "would be, in size, training text and time: with references of like accuracy that were "
        "trained on less text, innocent small models came first too often. Among k "
        "references it is never more than 1 in k + 1."
    )

    items: tuple[Item, ...]
    """What is asked."""
    samples: int = 1
    """Askings of each."""
    tolerance: float = 0.05
    """By how much a reference's accuracy may differ from the suspect's."""
    least_references: int = 4
    """References of like accuracy without which the test says nothing."""
    least_items: int = 20
    """Items that tell models apart without which it says nothing."""
    system: str | None = None
    """System prompt of every asking."""

    def __post_init__(self) -> None:
        checked(bool(self.items), "there is no item")
        prompts = [item.prompt for item in self.items]
        checked(all(prompts) and len(set(prompts)) == len(prompts), "a prompt is empty or twice")
        for item in self.items:
            choices = [folded(one) for one in item.choices]
            checked(
                len(choices) != 1 and all(choices) and len(set(choices)) == len(choices),
                "an item's choices are empty or alike",
                item.prompt,
            )
            right = _normal(item, item.truth) if item.truth is not None else None
            checked(right != _NONE, "an item's truth is not an answer to it", item.prompt)
        checked(1 <= self.samples <= 1000, "1 to 1,000 samples of an item")
        checked(len(self.items) * self.samples <= MOST_QUERIES, "too many askings")
        checked(0 <= self.tolerance <= 1, "the tolerance is no share")
        checked(
            self.least_references >= 1 and self.least_items >= 1,
            "one reference and one item at least",
        )

    def queries(self) -> tuple[Query, ...]:
        """Return what each model is asked, in order; `Query.item` is the item's number."""
        return tuple(
            Query(item=str(at), prompt=item.prompt, samples=self.samples, system=self.system)
            for at, item in enumerate(self.items)
        )

    def judge(self, subject: str, heard: Heard) -> tuple[Outcome, ...]:
        """Return one `Ranked`, or `NotEnough`.

        Raises:
            RefusedError: Q-2 answers to what was not asked.
        """
        truths = [None if one.truth is None else _normal(one, one.truth) for one in self.items]
        ours = self._shares(heard.ours, "ours")
        suspect = self._shares(heard.suspect, subject)
        models = {name: self._shares(of, name) for name, of in heard.references.items()}
        matched = self._matched(ours, suspect, models, truths)
        statistics, used = _agreeing(ours, [suspect, *matched.values()], truths)
        used = min(used, _able(ours, suspect, truths))
        if len(matched) < self.least_references:
            why = f"{len(matched)} references of like accuracy where {self.least_references} are"
            return (NotEnough(test=self.name, subject=subject, why=f"{why} planned"),)
        if used < self.least_items:
            why = f"{used} items tell models apart where {self.least_items} are planned"
            return (NotEnough(test=self.name, subject=subject, why=why),)
        own, *others = statistics
        return (
            Ranked(
                test=self.name,
                subject=subject,
                statistic=own,
                others=dict(zip(matched, others, strict=True)),
                rank=1 + sum(one >= own for one in others),
                among=len(others) + 1,
                assumption=(
                    "without training on our answers, the suspect would be one more model of the "
                    "references' kind: each order of the k + 1 would be as likely"
                ),
                unmatched=tuple(name for name in models if name not in matched),
                used=used,
                notes=_notes(suspect, models, truths, self.tolerance),
                limits=self.limits,
            ),
        )

    def _matched(
        self,
        ours: Sequence[Shares],
        suspect: Sequence[Shares],
        models: Mapping[str, Sequence[Shares]],
        truths: Sequence[str | None],
    ) -> dict[str, Sequence[Shares]]:
        """Return the references of the suspect's accuracy that answered enough, by name."""
        strength = _accuracy(suspect, truths)
        matched = {}
        for name, shares in models.items():
            theirs = _accuracy(shares, truths)
            near = strength is None or (
                theirs is not None and abs(theirs - strength) <= self.tolerance + 1e-12
            )
            if near and _able(ours, shares, truths) >= self.least_items:
                matched[name] = shares
        return matched

    def _shares(self, answers: Sequence[Answer], where: str) -> list[Shares]:
        """Return a model's shares of answers for each item, empty where it gave none."""
        by_item = sorted_by(self.queries(), answers, where).by_item
        found = []
        for at, item in enumerate(self.items):
            said = [_normal(item, one.text) for one in by_item[str(at)]]
            given = [one for one in said if one != _NONE]
            shares: Shares = {}
            for one in given:
                shares[one] = shares.get(one, 0.0) + 1 / len(given)
            found.append(shares)
        return found


def short_answer(text: str) -> str:
    r"""Return the first line that says anything, folded, without signs at its ends.

    >>> short_answer("\n **Oslo.**\nIt lies in Norway.")
    'oslo'
    """
    for line in text[:10_000].splitlines():
        said = folded(line)
        inside = [at for at, c in enumerate(said) if unicodedata.category(c)[0] in "LMN"]
        if inside:
            return said[inside[0] : inside[-1] + 1][:_LONGEST]
    return _NONE


def _normal(item: Item, text: str) -> str:
    if not item.choices:
        return short_answer(text)
    signs = [[folded(one)] for one in item.choices]
    only = folded(text)
    for sign in signs:  # "New York" may be a choice beside "York"
        if only == sign[0]:
            return sign[0]
    form = shown(text, signs, "only")
    return _NONE if form is None else signs[form][0]


def _accuracy(shares: Sequence[Shares], truths: Sequence[str | None]) -> float | None:
    """Return the mean share of right answers where the truth is known and an answer came."""
    right = [of.get(truth, 0.0) for of, truth in zip(shares, truths, strict=True) if truth and of]
    return float(np.mean(right)) if right else None


def _able(ours: Sequence[Shares], model: Sequence[Shares], truths: Sequence[str | None]) -> int:
    """Return on how many items both gave an answer that may agree, a wrong one if that is known."""
    return sum(
        bool(own.keys() - {truth}) and bool(theirs.keys() - {truth})
        for own, theirs, truth in zip(ours, model, truths, strict=True)
    )


def _agreeing(
    ours: Sequence[Shares], models: Sequence[Sequence[Shares]], truths: Sequence[str | None]
) -> tuple[list[float], int]:
    """Return each model's statistic, and how many items carried any weight."""
    agreed = np.zeros((len(models), len(ours)))
    chances = np.zeros_like(agreed)
    for at, (own, truth) in enumerate(zip(ours, truths, strict=True)):
        wrong = {said: share for said, share in own.items() if said != truth}
        for row, model in enumerate(models):
            theirs = {said: share for said, share in model[at].items() if said != truth}
            agreed[row, at] = sum(share * theirs.get(said, 0.0) for said, share in wrong.items())
            chances[row, at] = sum(wrong.values()) * sum(theirs.values())
    many, of = agreed.sum(axis=0), chances.sum(axis=0)
    weights = np.where(of > 0, 1 - many / np.where(of > 0, of, 1), 0.0)
    weights[weights < 1e-9] = 0.0
    return _ratios(agreed @ weights, chances @ weights), int((weights > 0).sum())


def _ratios(above: NDArray[np.float64], below: NDArray[np.float64]) -> list[float]:
    ratios: list[float] = np.where(below > 0, above / np.where(below > 0, below, 1), 0.0).tolist()
    return ratios


def _notes(
    suspect: Sequence[Shares],
    models: Mapping[str, Sequence[Shares]],
    truths: Sequence[str | None],
    tolerance: float,
) -> tuple[str, ...]:
    strength = _accuracy(suspect, truths)
    if strength is None:
        return ("No item has a known truth: that references are of like accuracy is not checked.",)
    said = ", ".join(
        f"{name} {'unknown' if (one := _accuracy(of, truths)) is None else f'{one:.3f}'}"
        for name, of in models.items()
    )
    return (f"Accuracy: suspect {strength:.3f}; {said}; tolerance {tolerance:g}.",)
