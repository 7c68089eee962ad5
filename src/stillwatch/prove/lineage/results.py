"""The planned tests, done as planned or refused, and what came of them."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from stillwatch.errors import RefusedError
from stillwatch.ledger import canonical
from stillwatch.prove.lineage.counts import count
from stillwatch.prove.lineage.looks import EProcess
from stillwatch.prove.lineage.parts import PartTested
from stillwatch.prove.lineage.plans import LOOKS, Plan, digest_of
from stillwatch.prove.lineage.statistics import STATISTICS, findings, sums
from stillwatch.prove.watermark import Texts, WatermarkKey
from stillwatch.prove.watermark.tails import holm

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["LIMITS", "RESULTS_SCHEMA", "Results", "Tested", "judge"]

RESULTS_SCHEMA = "stillwatch-lineage-results-1"
"""``schema`` of results."""

LIMITS = (
    "A small p-value shows that the model learned from text under the key, directly or through "
    "another model. It does not show who took the text or how: marked answers that were published "
    "by somebody are learned too. A large one does not show that the model learned from no answer "
    "of ours: small shares, rewriting and translation hide it. A control that is found, or a "
    "baseline or prompts with marked text, make the results worthless."
)
"""What results do not show; part of every one."""

_SMALLEST = 5e-324


@dataclass(frozen=True, slots=True, kw_only=True)
class Tested:
    """One test of one model under one key."""

    test: str
    """Name of the statistic, or `LOOKS`."""
    subject: str
    """Suspect or control."""
    key: str
    """Name of the key."""
    p: float
    """The p-value; the smallest float where it is below that."""
    log10_p: float
    """Its log10."""
    log10_bound: float
    """log10 of a bound on it that is checked in a line."""
    total: float
    """The statistic; log10 of the e-value for `LOOKS`."""
    pairs: int
    """Distinct pairs with a weight."""
    rank_among: tuple[int, int] | None
    """The true key's rank from 1, and among how many keys; null for `LOOKS`."""
    log10_adjusted: float | None = None
    """After Holm over the family; of the deciding test of suspects alone."""
    found: bool = False
    """Whether that is at most alpha."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """What came of a plan."""

    plan: str
    """SHA-256 of the plan's bytes, hex."""
    committed: int
    """When the plan was, seconds since 1970."""
    asked: int
    """When the first query was sent, seconds since 1970."""
    transcripts: dict[str, str]
    """File names of transcripts with their SHA-256, hex."""
    answers: dict[str, str]
    """`digest_of` each subject's token ids."""
    results: tuple[Tested | PartTested, ...]
    """Every test of every subject under every key, and every test without a key."""
    models: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Of each model that was asked: requests, answers, times, what the endpoint says it served."""
    looked: int | None = None
    """The look after which it was stopped; null where all that was planned was done."""
    limits: str = LIMITS
    """What they do not show."""
    schema: str = RESULTS_SCHEMA

    def encode(self) -> bytes:
        """Return the results as canonical JSON."""
        return canonical(msgspec.to_builtins(asdict(self)))


def judge(
    plan: Plan,
    committed: int,
    asked: int,
    baseline: Texts,
    answers: Mapping[str, Texts],
    keys: Mapping[str, WatermarkKey],
    transcripts: Mapping[str, str] | None = None,
    parts: Sequence[PartTested] = (),
    models: Mapping[str, dict[str, Any]] | None = None,
    looked: int | None = None,
) -> Results:
    """Return what the planned tests say, after checking that they are those planned.

    Where the plan has no test under a key, baseline, answers and keys are not looked at.

    Args:
        plan: as it was committed.
        committed: when, as `verify_plan` returns it.
        asked: when the first query was sent, seconds since 1970.
        baseline: its texts.
        answers: of every suspect and control, without prompts.
        keys: by name.
        transcripts: file names with SHA-256, hex.
        parts: what the tests without a watermark say of every suspect and control.
        models: what is known of who answered.
        looked: the look after which it is stopped, of a plan that has no other test than `LOOKS`;
            then answers are the first part of the tokens, as many as there were looks.

    Raises:
        RefusedError: T-3 queries came before the plan; T-4 subjects, keys or the number of tokens
            are others than planned; T-5 the baseline is another.
    """
    if asked <= committed:  # T-3
        raise RefusedError("T-3", "a suspect was asked before the plan was committed")
    subjects = (*plan.suspects, *plan.controls)
    wanted = sorted((part, subject) for part in plan.parts for subject in subjects)
    if sorted((one.test, one.subject) for one in parts) != wanted:  # T-4
        raise RefusedError("T-4", "tests without a watermark are others than planned")
    if looked is not None and (plan.tests != (LOOKS,) or not 1 <= looked <= plan.looks):  # T-4
        raise RefusedError(
            "T-4", f"only a plan of {LOOKS} and of nothing else can be stopped early"
        )
    if plan.keyed:
        _check(plan, baseline, answers, keys, looked)
    tested: list[Tested | PartTested] = [*parts]
    for subject in subjects if plan.keyed else ():
        tested += _subject(plan, subject, baseline, answers[subject], keys, looked)
    return Results(
        plan=plan.digest,
        committed=committed,
        asked=asked,
        transcripts=dict(transcripts or {}),
        answers={name: digest_of(texts) for name, texts in answers.items() if plan.keyed},
        results=tuple(_decided(plan, tested)),
        models=dict(models or {}),
        looked=looked,
    )


def _check(
    plan: Plan,
    baseline: Texts,
    answers: Mapping[str, Texts],
    keys: Mapping[str, WatermarkKey],
    looked: int | None,
) -> None:
    """Refuse what is not as planned."""
    many = plan.tokens if looked is None else plan.tokens_at(looked)
    if set(answers) != {*plan.suspects, *plan.controls}:  # T-4
        raise RefusedError("T-4", "answers are of other models than planned")
    if {name: key.id for name, key in keys.items()} != dict(
        zip(plan.keys, plan.key_ids, strict=True)
    ):  # T-4
        raise RefusedError("T-4", "the keys are others than planned")
    for name, texts in answers.items():
        if texts.tokens.size != many:  # T-4
            raise RefusedError(
                "T-4",
                f"{texts.tokens.size:,} tokens of answers where {many:,} are planned",
                where=name,
                todo="ask for more, or cut the last answer",
            )
    if digest_of(baseline) != plan.baseline:  # T-5
        raise RefusedError("T-5", "the baseline is another than planned")


def _subject(
    plan: Plan,
    subject: str,
    baseline: Texts,
    texts: Texts,
    keys: Mapping[str, WatermarkKey],
    looked: int | None,
) -> list[Tested]:
    scheme = plan.marking()
    chosen = [statistic for statistic in STATISTICS if statistic.name in plan.tests]
    wrong = (WatermarkKey.random(number) for number in range(plan.wrong_keys))
    counts = count(texts, baseline, scheme.context, prior=plan.prior)
    others = sums(counts, scheme, wrong, chosen) if chosen else np.zeros((0, 0))
    parts = [
        count(part, baseline, scheme.context, prior=plan.prior)
        for part in (_parts(plan, texts, looked or plan.looks) if LOOKS in plan.tests else ())
    ]
    tested = []
    for name in plan.keys:
        key = keys[name]
        for at, found in enumerate(findings(counts, scheme, key, chosen)):
            # ties count against the key
            place = 1 + int(np.count_nonzero(others[:, at] >= found.total - 1e-9))
            tested.append(
                Tested(
                    test=found.statistic,
                    subject=subject,
                    key=name,
                    p=max(10**found.log10_p, _SMALLEST),
                    log10_p=found.log10_p,
                    log10_bound=found.log10_bound,
                    total=found.total,
                    pairs=found.pairs,
                    rank_among=(place, plan.wrong_keys + 1),
                )
            )
        if parts:
            process = EProcess(scheme, key, plan.looks)
            log10_p = min(-max(process.look(part) for part in parts), 0.0)
            tested.append(
                Tested(
                    test=LOOKS,
                    subject=subject,
                    key=name,
                    p=max(10**log10_p, _SMALLEST),
                    log10_p=log10_p,
                    log10_bound=log10_p,
                    total=process.log10_e,
                    pairs=counts.many,
                    rank_among=None,
                )
            )
    return tested


def _parts(plan: Plan, texts: Texts, looks: int) -> list[Texts]:
    """Return the first part of the tokens, the first two, … as many as there were looks."""
    ends = [plan.tokens_at(look) for look in range(1, looks + 1)]
    return [
        Texts(texts.tokens[:end], np.append(texts.offsets[texts.offsets < end], end))
        for end in ends
    ]


def _decided(plan: Plan, tested: Sequence[Tested | PartTested]) -> list[Tested | PartTested]:
    """Return tests with Holm's correction of those that decide; what was not tried has p = 1."""
    chosen = {
        at: one.log10_p
        for at, one in enumerate(tested)
        if one.subject in plan.suspects
        and one.log10_p is not None
        and (one.decides if isinstance(one, PartTested) else one.test == plan.keyed[0])
    }
    p = np.zeros(plan.family)
    p[: len(chosen)] = list(chosen.values())
    adjusted = np.minimum(holm(p), 0.0)
    found = list(tested)
    for at, log10_p in zip(chosen, adjusted[: len(chosen)].tolist(), strict=True):
        found[at] = replace(
            found[at], log10_adjusted=log10_p, found=log10_p <= np.log10(plan.alpha).item()
        )
    return found
