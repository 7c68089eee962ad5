"""From transcripts to results: everything that was planned is done, on exactly what was heard."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from stillwatch.disk import read_small
from stillwatch.errors import ConfigurationError, InputFormatError, RefusedError
from stillwatch.prove.lineage.blackbox.interface import Answer
from stillwatch.prove.lineage.folder import file_digest
from stillwatch.prove.lineage.parts import judge_parts
from stillwatch.prove.lineage.querying.questions import PROMPTS
from stillwatch.prove.lineage.querying.transcripts import read_lines
from stillwatch.prove.lineage.results import Results, judge
from stillwatch.prove.watermark import Texts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from stillwatch.prove.lineage.asking import Model
    from stillwatch.prove.lineage.drafts import Draft
    from stillwatch.prove.lineage.folder import Folder, Kept

__all__ = ["Labels", "read_labels", "try_plan"]

Labels = dict[tuple[str, str, str, int], str]
"""(model, test, item, sample) to ``refused`` or ``answered``."""

_BATCH = 4096
_MOST_LABELS = 1 << 28


def try_plan(
    folder: Folder,
    draft: Draft,
    committed: int,
    *,
    labels: Labels | None = None,
    openings: Sequence[bytes] = (),
    looked: int | None = None,
) -> Results:
    """Return what all planned tests say of all suspects and controls.

    Args:
        folder: plan and transcripts.
        draft: names the keys, the baseline and the tokenizer.
        committed: when the plan was, seconds since 1970.
        labels: of answers that the planned classifier or people judged.
        openings: lines that open commitments to canaries.
        looked: stop after this look, with what was answered so far; see `judge`.

    Raises:
        RefusedError: T-3 to T-9; Q-1 to Q-3 of tests without a watermark.
    """
    plan = folder.plan
    if draft.tokenizer != plan.tokenizer:  # T-8
        raise RefusedError("T-8", "the tokenizer is another than planned")
    encode = draft.encoder()
    texts: dict[str, Texts] = {}
    answers: dict[str, dict[str, tuple[Answer, ...]]] = {name: {} for name in plan.parts}
    about: dict[str, dict[str, Any]] = {}
    for model, questions in folder.questions():
        if not questions:
            continue
        kept = folder.kept(model, questions, committed, open_=looked is not None)
        about[model.name] = _about(folder, model, kept)
        for name in plan.parts:
            of = _answers(model.name, name, kept, labels or {})
            if of:
                answers[name][model.name] = of
        if plan.keyed and model.role in {"suspect", "control"} and encode is not None:
            many = plan.tokens if looked is None else plan.tokens_at(looked)
            texts[model.name] = _texts(many, kept, encode)
    roles = {model.name: model.role for model in plan.models}
    tested = judge_parts(
        folder.parts(), plan.suspects, plan.controls, answers, roles, tuple(openings)
    )
    keys = draft.keys()[0] if plan.keyed else {}
    files = [folder.transcript(model) for model in plan.models if model.name in about]
    return judge(
        plan,
        committed,
        min((one["first"] for one in about.values()), default=0),
        draft.baseline(),
        texts,
        {name: key for name, key in keys.items() if name in plan.keys},
        {path.name: file_digest(path) for path in files},
        tested,
        about,
        looked,
    )


def read_labels(path: Path) -> Labels:
    """Return the labels in JSON Lines of ``model``, ``test``, ``item``, ``sample``, ``label``.

    Raises:
        SourceNotFoundError: it cannot be opened.
        InputFormatError: a line is not in its form.
        ConfigurationError: two lines label one answer.
    """
    found: Labels = {}
    for number, line in enumerate(read_small(path, "the labels", _MOST_LABELS).splitlines(), 1):
        try:
            held = json.loads(line)
            place = (held["model"], held["test"], held["item"], held["sample"])
            label = held["label"]
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise InputFormatError(
                f"a line holds no label: {error}",
                where=f"{path}:{number}",
                todo="write model, test, item, sample, label",
            ) from error
        if label not in {"refused", "answered"} or place in found:
            raise ConfigurationError(
                "a label is neither refused nor answered, or of an answer that has one",
                where=f"{path}:{number}",
                todo="label each answer once",
            )
        found[place] = label
    return found


def _texts(left: int, kept: Sequence[Kept], encode: Callable[..., list[list[int]]]) -> Texts:
    """Return a model's first tokens, as many as are tested, an answer a text."""
    ids: list[list[int]] = []
    said = [one for one in kept if one.question.part == PROMPTS]
    for begin in range(0, len(said), _BATCH):
        words = [one.said.text if one.said else "" for one in said[begin : begin + _BATCH]]
        for one in encode(words) if left else ():
            ids.append(one[:left])
            left -= len(ids[-1])
    return Texts.of(*ids)


def _answers(
    model: str, test: str, kept: Sequence[Kept], labels: Mapping[tuple[str, str, str, int], str]
) -> tuple[Answer, ...]:
    found = []
    for one in kept:
        question = one.question
        if question.part != test or one.said is None:
            continue
        found.append(
            Answer(
                item=question.item,
                sample=question.sample,
                text=one.said.text,
                finish_reason=one.said.finish_reason,
                label=labels.get((model, test, question.item, question.sample)),
            )
        )
    return tuple(found)


def _about(folder: Folder, model: Model, kept: Sequence[Kept]) -> dict[str, Any]:
    """Return what a reader of results has to know of who answered, and when."""
    served: Counter[str] = Counter()
    fingerprints: Counter[str] = Counter()
    for one in kept:
        if one.said is not None:
            served[one.line.served or "not said"] += 1
            fingerprints[one.line.fingerprint or "not said"] += 1
    requests, moments = 0, []
    for line in read_lines(folder.transcript(model), folder.plan.digest, model.name):
        requests += 1
        moments.append(line.moment.timestamp())
    return {
        "role": model.role,
        "requests": requests,
        "answered": sum(one.said is not None for one in kept),
        "unanswered": sum(one.said is None for one in kept),
        "first": int(min(moments, default=0)),
        "last": int(max(moments, default=0)),
        "served": dict(served.most_common(20)),
        "fingerprints": dict(fingerprints.most_common(20)),
    }
