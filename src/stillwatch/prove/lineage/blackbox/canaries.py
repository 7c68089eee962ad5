"""A: which of several equivalent variants does a suspect give, and was it the one planted?

For each request of a campaign a committed key drew one of m variants, equally true, and the answer
held it.  One canary is one request and slot, hence one draw, however often it is asked about: its
askings are joined to one score before anything is counted, so that one canary known by heart counts
once.

Why p holds.  Hold everything that the suspect said fixed.  Under the null hypothesis, that it never
learned from these answers, the draws are independent of it, and each is uniform over its m
variants.  The sum of scores at the drawn variants is then a sum of independent draws from known
lists, whatever the suspect prefers by itself; its tail is computed and not bounded.  Canaries of
which it shows nothing have a list of zeros and drop out.

``preferred`` counts canaries whose variant is the one that the suspect shows most often: binomial
for one m, a convolution for several.  ``shares`` scores each variant by how much more often the
suspect shows it than references do, in spreads, clipped; it keeps its power where all models prefer
one variant.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from stillwatch.errors import RefusedError
from stillwatch.prove.lineage.blackbox.interface import (
    CONTROL,
    REFERENCE,
    SUSPECT,
    Answer,
    Controlled,
    Exact,
    Heard,
    NotEnough,
    Outcome,
    Query,
)
from stillwatch.prove.lineage.blackbox.openings import opened
from stillwatch.prove.lineage.blackbox.planning import MOST_QUERIES, checked, sorted_by
from stillwatch.prove.lineage.blackbox.recognising import Rule, folded, place_of, shown
from stillwatch.prove.lineage.blackbox.tails import convolved, log10_upper

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from stillwatch.prove.lineage.blackbox.openings import Opening

__all__ = ["Canaries", "Canary", "CommittedSet", "Slot", "power"]

_NULL = "the suspect never learned from the answers that held these variants"
_STEPS = 6
"""Of a score in one spread."""
_CLIP = 8.0
"""Spreads at which a score is clipped: no single canary carries a verdict."""
_MOST = 5_000
"""Canaries of a plan; the tail's cost grows with their square."""
_REDRAWS = 10_000
_HEX = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class CommittedSet:
    """A set of variants that was registered before it was used."""

    set_id: str
    """Its name."""
    commitment: str
    """As in the action log, 64 hex digits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """How a slot's variants are recognised in an answer; fixed before anybody is asked."""

    set_id: str
    """Set that it is of."""
    slot: str
    """Its name there."""
    signs: tuple[tuple[str, ...], ...]
    """For each variant, in the set's order, texts one of which shows it."""
    rule: Rule = "only"
    """How one is chosen where signs of several are there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Canary:
    """One request whose answer held a variant, and what elicits it."""

    slot: int
    """Place among the plan's slots."""
    request_id: str
    """The request's name at the gateway; the draw is over it."""
    prompts: tuple[str, ...]
    """What models are asked: the request itself, rewordings, questions about the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Canaries:
    """The planned test.

    Canaries are chosen without looking at what was drawn: all of a set, or those of a time.
    Whoever picks those where the draw fits what models say anyhow is betrayed by the controls.

    Raises:
        RefusedError: Q-1 a field is out of its range, two canaries are one, or signs of two
            variants cannot be told apart.
    """

    name: ClassVar[str] = "canaries"
    roles: ClassVar[tuple[str, ...]] = (SUSPECT, REFERENCE, CONTROL)
    limits: ClassVar[str] = (
        "A small p-value shows that the suspect learned from text with these variants, directly, "
        "through another model, or from answers that somebody published; not who took them. A "
        "large one does not show that it learned from none: facts said once are rarely learned. "
        "The p-value rests on the key: it was committed before use, and canaries were chosen "
        "without it; a control that is found too says that they were not."
    )

    sets: tuple[CommittedSet, ...]
    """Where the draws come from."""
    slots: tuple[Slot, ...]
    """How their variants are recognised."""
    canaries: tuple[Canary, ...]
    """What was planted."""
    samples: int = 1
    """Askings of each prompt."""
    statistics: tuple[Literal["shares", "preferred"], ...] = ("shares", "preferred")
    """The first decides."""
    system: str | None = None
    """System prompt of every asking."""

    def __post_init__(self) -> None:
        names = [one.set_id for one in self.sets]
        checked(bool(names) and len(set(names)) == len(names), "sets are missing or named twice")
        for one in self.sets:
            checked(bool(_HEX.fullmatch(one.commitment)), "a commitment is none", one.set_id)
        places = [(slot.set_id, slot.slot) for slot in self.slots]
        checked(bool(places) and len(set(places)) == len(places), "slots are missing or twice")
        for slot in self.slots:
            checked(slot.set_id in names, "a slot is of no set", slot.set_id)
            _check_signs(slot)
        drawn = {(one.slot, one.request_id) for one in self.canaries}
        checked(bool(drawn) and len(drawn) == len(self.canaries), "canaries are missing or twice")
        checked(len(drawn) <= _MOST, f"over {_MOST:,} canaries")
        for canary in self.canaries:
            checked(0 <= canary.slot < len(self.slots), "a canary is of no slot", canary.request_id)
            checked(
                bool(canary.prompts) and all(canary.prompts),
                "a canary has no prompt",
                canary.request_id,
            )
        asked = sum(len(one.prompts) for one in self.canaries) * self.samples
        checked(1 <= self.samples <= 1000 and asked <= MOST_QUERIES, "too many askings, or none")
        checked(
            bool(self.statistics) and len(set(self.statistics)) == len(self.statistics),
            "statistics are missing or named twice",
        )

    def queries(self) -> tuple[Query, ...]:
        """Return what each model is asked, in order; `Query.item` is ``canary.prompt``."""
        return tuple(
            Query(item=f"{at}.{k}", prompt=prompt, samples=self.samples, system=self.system)
            for at, canary in enumerate(self.canaries)
            for k, prompt in enumerate(canary.prompts)
        )

    def judge(self, subject: str, heard: Heard) -> tuple[Outcome, ...]:
        """Return an `Exact` for each statistic, the deciding one first, or `NotEnough`.

        Raises:
            RefusedError: Q-2 answers to what was not asked; Q-3 openings that do not open.
        """
        held = opened(heard.openings, {one.set_id: one.commitment for one in self.sets})
        drawn = self._drawn(held)
        counts = {name: self._counts(of, name) for name, of in heard.references.items()}
        others = counts | {name: self._counts(of, name) for name, of in heard.controls.items()}
        own = self._counts(heard.suspect, subject)
        if not any(one.any() for one in own):
            return (
                NotEnough(test=self.name, subject=subject, why="no answer shows any one variant"),
            )
        return tuple(
            self._tested(statistic, subject, own, others, counts, drawn)
            for statistic in self.statistics
        )

    def _drawn(self, held: Mapping[str, Opening]) -> list[int]:
        for slot in self.slots:
            variants = held[slot.set_id].slots.get(slot.slot, ())
            if len(variants) != len(slot.signs):
                raise RefusedError(
                    "Q-3", "a slot has another number of variants than planned", where=slot.slot
                )
        found = []
        for canary in self.canaries:
            slot = self.slots[canary.slot]
            found.append(held[slot.set_id].choice(canary.request_id, slot.slot))
        return found

    def _counts(self, answers: Sequence[Answer], where: str) -> list[NDArray[np.int64]]:
        """Return for each canary how many answers show each variant, (m,)."""
        by_item = sorted_by(self.queries(), answers, where).by_item
        forms = [
            tuple(tuple(folded(sign) for sign in signs) for signs in slot.signs)
            for slot in self.slots
        ]
        read: dict[tuple[int, str], int | None] = {}
        found = []
        for at, canary in enumerate(self.canaries):
            seen = np.zeros(len(forms[canary.slot]), np.int64)
            for k in range(len(canary.prompts)):
                for one in by_item[f"{at}.{k}"]:
                    said = canary.slot, one.text
                    if said not in read:
                        rule = self.slots[canary.slot].rule
                        read[said] = shown(one.text, forms[canary.slot], rule)
                    form = read[said]
                    if form is not None:
                        seen[form] += 1
            found.append(seen)
        return found

    def _scores(
        self,
        statistic: str,
        own: Sequence[NDArray[np.int64]],
        references: Sequence[Sequence[NDArray[np.int64]]],
    ) -> list[NDArray[np.int64]]:
        """Return each canary's score of each variant, (m,) integers, from answers alone."""
        if statistic == "preferred":
            return [
                (seen == seen.max()).astype(np.int64) * (np.sum(seen == seen.max()) == 1)
                for seen in own
            ]
        found = []
        for at, seen in enumerate(own):
            usual = np.mean([_usual(one[at]) for one in references] or [_usual(seen * 0)], axis=0)
            expected = seen.sum() * usual
            spreads = (seen - expected) / np.sqrt(expected * (1 - usual) + 1)
            found.append(np.rint(_STEPS * np.clip(spreads, -_CLIP, _CLIP)).astype(np.int64))
        return found

    def _tested(
        self,
        statistic: str,
        subject: str,
        own: Sequence[NDArray[np.int64]],
        others: Mapping[str, Sequence[NDArray[np.int64]]],
        references: Mapping[str, Sequence[NDArray[np.int64]]],
        drawn: Sequence[int],
    ) -> Exact:
        scores = self._scores(statistic, own, list(references.values()))
        total = _total(scores, drawn)
        controls = []
        for name, counts in others.items():
            rest = [of for other, of in references.items() if other != name]
            theirs = self._scores(statistic, counts, rest)
            sums = _total(theirs, drawn)
            controls.append(
                Controlled(subject=name, statistic=float(sums), log10_p=log10_upper(theirs, sums))
            )
        telling = [one for one in scores if one.min() < one.max()]
        most = sum(int(one.max()) for one in scores)
        return Exact(
            test=f"{self.name}/{statistic}",
            subject=subject,
            null=_NULL,
            accuses=True,
            decides=statistic == self.statistics[0],
            statistic=float(total),
            expected=float(sum(one.mean() for one in scores)),
            log10_p=log10_upper(scores, total),
            least_log10_p=log10_upper(scores, most),
            used=len(telling),
            unused=len(scores) - len(telling),
            rank_among=(_place(telling, total - _total(scores, drawn, flat=True)), _REDRAWS + 1),
            controls=tuple(controls),
            limits=self.limits,
        )


def power(shown_of: Mapping[int, int], adoption: float, alpha: float) -> float:
    """Return the chance that ``preferred`` finds a suspect.

    Args:
        shown_of: for each m, how many canaries with m variants the suspect shows anything of.
        adoption: share of those where it gives the planted variant because it learned it; the rest
            are as by chance.
        alpha: p that counts as found, after correction.

    Raises:
        RefusedError: Q-1 a number is out of its range.

    >>> round(power({4: 20}, 0.5, 1e-6), 3)
    0.079
    """
    checked(
        0 <= adoption <= 1 and 0 < alpha < 1 and all(m > 1 and n >= 0 for m, n in shown_of.items()),
        "adoption is a share, alpha between 0 and 1, and there are 2 or more variants",
    )
    lists = [np.array([1] + [0] * (m - 1)) for m, n in sorted(shown_of.items()) for _ in range(n)]
    mass = np.ones(1)
    for one in lists:
        rate = 1 / one.size + adoption * (1 - 1 / one.size)
        mass = convolved(mass, np.array([0, 1]), np.array([1 - rate, rate]))
    low, high = 0, len(lists) + 1
    while low < high:  # the least count that is found
        middle = (low + high) // 2
        if log10_upper(lists, middle) <= math.log10(alpha):
            high = middle
        else:
            low = middle + 1
    return float(mass[low:].sum())


def _usual(seen: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return a reference's shares of variants, pulled to even ones as by one answer of each."""
    shares: NDArray[np.float64] = (seen + 1.0) / (seen.sum() + seen.size)
    return shares


def _total(scores: Sequence[NDArray[np.int64]], drawn: Sequence[int], *, flat: bool = False) -> int:
    """Return the sum at the drawn variants; of the canaries alone that tell nothing if `flat`."""
    return sum(
        int(one[at])
        for one, at in zip(scores, drawn, strict=True)
        if not flat or one.min() == one.max()
    )


def _place(scores: Sequence[NDArray[np.int64]], total: int) -> int:
    """Return the true draw's place from 1 among it and draws made anew, ties against it."""
    rng = np.random.default_rng(1)
    sums = np.zeros(_REDRAWS, np.int64)
    for one in scores:
        sums += one[rng.integers(0, one.size, _REDRAWS)]
    return 1 + int((sums >= total).sum())


def _check_signs(slot: Slot) -> None:
    forms = [[folded(sign) for sign in signs] for signs in slot.signs]
    checked(2 <= len(forms) <= 64, "a slot has 2 to 64 variants", slot.slot)
    for at, signs in enumerate(forms):
        checked(bool(signs) and all(signs), "a variant has no sign, or an empty one", slot.slot)
        for other in (*forms[:at], *forms[at + 1 :]):
            for sign in signs:
                inside = any(place_of(sign, longer) >= 0 for longer in other)
                checked(not inside, "a sign is part of another variant's", f"{slot.slot}: {sign}")
