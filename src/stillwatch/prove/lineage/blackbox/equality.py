"""D: does an endpoint serve our model unchanged?  A two-sample test on answers to the same prompts.

The statistic is the maximum mean discrepancy within each prompt, averaged over prompts.  Under the
null hypothesis both endpoints draw from one distribution for each prompt, so that answers to one
prompt may change sides; among B random changes of sides and the true one, each rank is as likely.
p = (1 + those at least as large) / (B + 1) therefore holds at any number of answers.

Here a small p speaks *against* lineage: the endpoint is something else.  For resale one wants no
difference where a difference would have shown.  So references are judged alongside, and the share
of references that the test tells from ours is its power where it matters.

Source: Gao, Liang and Guestrin (ICLR 2025); Gretton et al., A kernel two-sample test (JMLR 2012).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from stillwatch.prove.lineage.blackbox.interface import (
    CONTROL,
    OURS,
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
from stillwatch.prove.lineage.blackbox.kernels import Kernel, gram
from stillwatch.prove.lineage.blackbox.planning import MOST_QUERIES, checked, sorted_by

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from stillwatch.prove.lineage.blackbox.planning import Sorted

__all__ = ["Equality", "discrepancy", "equality_power"]

_AT_ONCE = 1_000
"""Permutations that are computed together."""
_SLACK = 1e-9
"""Of a statistic, by which a permuted one may be smaller and still counts as equal: rounding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Equality:
    """The planned test.

    Raises:
        RefusedError: Q-1 a field is out of its range.
    """

    name: ClassVar[str] = "equality"
    roles: ClassVar[tuple[str, ...]] = (SUSPECT, OURS, REFERENCE, CONTROL)
    limits: ClassVar[str] = (
        "A small p-value shows that the endpoint does not serve our model unchanged under these "
        "prompts and settings; not why: another model, a system prompt, other sampling, rounding "
        "of weights or an update between the askings do it too, so a wrapped resale may look "
        "like another model. A large one does not show that it is our model; read it beside the "
        "share of references that were told apart; models trained alike, or on our answers, may "
        "need more askings than were made. Answers that did not come are left out: failures that "
        "depend on what would have been said bias it."
    )

    prompts: tuple[str, ...]
    """What is asked."""
    samples: int = 10
    """Askings of each, at a temperature above 0, the same for all."""
    kernel: Kernel = "hamming"
    """How alike answers are."""
    length: int = 200
    """Characters of an answer that are read."""
    permutations: int = 9_999
    """Changes of sides; p is not below 1 over one more."""
    seed: int = 0
    """Of the changes."""
    system: str | None = None
    """System prompt of every asking."""

    def __post_init__(self) -> None:
        checked(
            bool(self.prompts)
            and all(self.prompts)
            and len(set(self.prompts)) == len(self.prompts),
            "prompts are missing, empty or twice",
        )
        checked(2 <= self.samples <= 256, "2 to 256 samples of a prompt")
        checked(len(self.prompts) * self.samples <= MOST_QUERIES, "too many askings")
        checked(1 <= self.length <= 4_000, "1 to 4,000 characters are read")
        checked(99 <= self.permutations <= 10_000_000, "99 to 10 million permutations")
        checked(0 <= self.seed < 2**53, "the seed is out of its range")

    def queries(self) -> tuple[Query, ...]:
        """Return what each model is asked, in order; `Query.item` is the prompt's number."""
        return tuple(
            Query(item=str(at), prompt=prompt, samples=self.samples, system=self.system)
            for at, prompt in enumerate(self.prompts)
        )

    def judge(self, subject: str, heard: Heard) -> tuple[Outcome, ...]:
        """Return one `Exact`, with every reference and control judged alike, or `NotEnough`.

        Raises:
            RefusedError: Q-2 answers to what was not asked.
        """
        ours = self._sorted(heard.ours, "ours")
        found = self._test(ours, self._sorted(heard.suspect, subject))
        if found is None:
            return (
                NotEnough(
                    test=self.name, subject=subject, why="no prompt has two answers of both sides"
                ),
            )
        controls = []
        for name, answers in (*heard.references.items(), *heard.controls.items()):
            theirs = self._test(ours, self._sorted(answers, name))
            if theirs is not None:
                controls.append(
                    Controlled(subject=name, statistic=theirs[0], log10_p=math.log10(theirs[2]))
                )
        statistic, mean, p, used = found
        return (
            Exact(
                test=self.name,
                subject=subject,
                null="both endpoints answer each prompt by one distribution",
                accuses=False,
                decides=True,
                statistic=statistic,
                expected=mean,
                log10_p=math.log10(p),
                least_log10_p=-math.log10(self.permutations + 1),
                used=used,
                unused=len(self.prompts) - used,
                controls=tuple(controls),
                limits=self.limits,
            ),
        )

    def _sorted(self, answers: Sequence[Answer], where: str) -> Sorted:
        return sorted_by(self.queries(), answers, where)

    def _test(self, ours: Sorted, theirs: Sorted) -> tuple[float, float, float, int] | None:
        """Return statistic, its mean over permutations, p and how many prompts counted."""
        pairs = [
            ([one.text for one in ours.by_item[item]], [one.text for one in of])
            for item, of in theirs.by_item.items()
        ]
        pairs = [(left, right) for left, right in pairs if min(len(left), len(right)) > 1]
        if not pairs:
            return None
        return (
            *discrepancy(pairs, self.kernel, self.length, self.permutations, self.seed),
            len(pairs),
        )


def discrepancy(
    pairs: Sequence[tuple[Sequence[str], Sequence[str]]],
    kernel: Kernel,
    length: int,
    permutations: int,
    seed: int,
) -> tuple[float, float, float]:
    """Return the mean squared discrepancy over prompts, its mean over permutations, and p.

    Memory grows with the answers to one prompt and with the permutations, not with the prompts.

    Args:
        pairs: for each prompt, answers of both sides.
        kernel: how alike two are.
        length: characters of each that are read.
        permutations: B.
        seed: of the permutations.
    """
    rng = np.random.default_rng(seed)
    sums = np.zeros(permutations)
    true = 0.0
    for left, right in pairs:
        alike = gram([*left, *right], kernel, length)
        sides = np.repeat([1 / len(left), -1 / len(right)], [len(left), len(right)])
        true += float(sides @ alike @ sides)
        for begin in range(0, permutations, _AT_ONCE):
            many = min(_AT_ONCE, permutations - begin)
            moved = rng.permuted(np.broadcast_to(sides, (many, sides.size)), axis=1)
            sums[begin : begin + many] += _quadratic(moved, alike)
    larger = int((sums >= true - _SLACK * max(abs(true), 1.0)).sum())
    return true / len(pairs), float(sums.mean()) / len(pairs), (1 + larger) / (permutations + 1)


def equality_power(
    pairs: Sequence[tuple[Sequence[str], Sequence[str]]],
    samples: int,
    alpha: float,
    *,
    kernel: Kernel = "hamming",
    length: int = 200,
    permutations: int = 199,
    trials: int = 100,
    seed: int = 0,
) -> float:
    """Return how often the test tells two sides apart with fewer samples, by drawing from many.

    Args:
        pairs: for each prompt, many answers of both sides: ours and a reference.
        samples: answers of each side and prompt that the test would have.
        alpha: p that counts as told apart.
        kernel: as planned.
        length: as planned.
        permutations: of each trial.
        trials: draws.
        seed: of the draws.

    Raises:
        RefusedError: Q-1 a prompt has fewer answers than are to be drawn.
    """
    fewest = min((min(len(left), len(right)) for left, right in pairs), default=0)
    checked(2 <= samples <= fewest, "a prompt has fewer answers than are to be drawn")
    rng = np.random.default_rng(seed)
    told = 0
    for trial in range(trials):
        drawn = [
            (
                [left[at] for at in rng.choice(len(left), samples, replace=False)],
                [right[at] for at in rng.choice(len(right), samples, replace=False)],
            )
            for left, right in pairs
        ]
        told += discrepancy(drawn, kernel, length, permutations, trial)[2] <= alpha
    return told / trials


def _quadratic(rows: NDArray[np.float64], alike: NDArray[np.float64]) -> NDArray[np.float64]:
    found: NDArray[np.float64] = np.einsum("ij,ij->i", rows @ alike, rows)
    return found
