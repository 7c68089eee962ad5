"""A report as sections of plain words and tables, before anything is known of Markdown or HTML."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from stillwatch.errors import RefusedError
from stillwatch.prove.lineage.plans import LOOKS
from stillwatch.prove.lineage.reporting import words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from stillwatch.prove.lineage.plans import Plan

__all__ = ["Section", "Table", "document_of"]

_CONTROL_LEVEL = 0.01
"""Chance of calling a sound control marked, over all controls and keys."""
_MOST_ROWS = 500


@dataclass(frozen=True, slots=True)
class Table:
    """A table."""

    head: tuple[str, ...]
    """Names of columns."""
    rows: tuple[tuple[str, ...], ...]
    """Text of cells; anything may be in it."""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the report."""

    title: str
    """Its heading."""
    paragraphs: tuple[str, ...] = ()
    """Text; anything may be in it."""
    points: tuple[str, ...] = ()
    """A list."""
    tables: tuple[Table, ...] = ()
    """Tables."""


def document_of(
    plan: Plan, results: Mapping[str, Any], examples: Sequence[tuple[str, str, str]] = ()
) -> list[Section]:
    """Return the report's sections.

    Args:
        plan: what was planned.
        results: `Results`, decoded.
        examples: model, prompt and answer of a few questions.

    Raises:
        RefusedError: T-10 results lack a field, or have controls that were not tested.
    """
    try:
        rows = list(results["results"])
        tested = {(one["test"], one["subject"]) for one in rows}
        if tested != {(t, s) for t in plan.tests for s in (*plan.suspects, *plan.controls)}:
            raise RefusedError("T-10", "results lack a planned test or a control")  # T-10
        return [
            _summary(plan, rows),
            _route(plan, rows),
            _controls(plan, rows),
            *_numbers(plan, rows),
            _asked(plan, results),
            _methods(plan, results),
            Section("What this does not show", points=(*words.LIMITS, str(results["limits"]))),
            _check(plan, results),
            *_examples(examples),
        ]
    except (KeyError, TypeError, ValueError, AttributeError) as error:  # T-10
        raise RefusedError("T-10", f"results are not in their form: {error!r}") from error


def power(log10: float | None) -> str:
    """Return a chance, given as its log10, in words.

    >>> power(-3.0), power(-32.14), power(None)
    ('0.001', '10^-32.1', '-')
    """
    if log10 is None:
        return "-"
    return f"{10**log10:.2g}" if log10 > -6 else f"10^{log10:.1f}"


def deciding(plan: Plan, rows: Sequence[Mapping[str, Any]], subject: str) -> list[dict[str, Any]]:
    """Return the deciding results of a model: of the first test under a key, and of parts."""
    first = plan.keyed[:1]
    return [
        dict(one)
        for one in rows
        if one["subject"] == subject
        and one["log10_p"] is not None
        and (one["test"] in first or one.get("decides"))
    ]


def _summary(plan: Plan, rows: Sequence[Mapping[str, Any]]) -> Section:
    points = []
    for suspect in plan.suspects:
        found = [one for one in deciding(plan, rows, suspect) if one["found"]]
        for one in found:
            key = f" under the key {one['key']}" if one.get("key") else ""
            points.append(
                f"{suspect}: FOUND by {one['test']}{key}: p = {power(one['log10_p'])}, "
                f"{power(one['log10_adjusted'])} after correction for {plan.family:,} hypotheses."
            )
        if not found:
            points.append(
                f"{suspect}: nothing was found at {plan.alpha:g}. That is not evidence that it "
                "learned from no answer."
            )
        points += _placed(rows, suspect)
    bad = _bad_controls(plan, rows)
    warned = (words.CONTROL_FOUND,) if bad else ()
    return Section("What was found", paragraphs=warned, points=tuple(points))


def _placed(rows: Sequence[Mapping[str, Any]], subject: str) -> Iterator[str]:
    for one in rows:
        if one["subject"] == subject and one.get("rank") is not None:
            yield (
                f"{subject}: rank {one['rank']} of {one['among']} by {one['test']}. A rank is no "
                f"p-value: an unrelated model comes first by chance once in {one['among']}."
            )
        if one["subject"] == subject and one.get("not_enough_data"):
            yield f"{subject}: {one['test']} says nothing, for want of data."


def _route(plan: Plan, rows: Sequence[Mapping[str, Any]]) -> Section:
    title = "The innocent route"
    if not plan.keyed:
        return Section(title, paragraphs=(words.ROUTE,))
    if not plan.public:
        return Section(title, paragraphs=(words.ROUTE, words.ROUTE_NOT_TESTED))
    cells, said = [], []
    for suspect in plan.suspects:
        held = [one for one in deciding(plan, rows, suspect) if one.get("key")]
        public = [one for one in held if one["key"] in plan.public]
        flagged = [one for one in held if one["key"] not in plan.public]
        cells += [
            (
                suspect,
                str(one["key"]),
                "public" if one in public else "flagged",
                power(one["log10_p"]),
                _spread(one),
                "yes" if one["found"] else "no",
            )
            for one in (*flagged, *public)
        ]
        if not any(one["found"] for one in flagged):
            continue
        open_ = any(one["found"] for one in public)
        said.append(f"{suspect}: {words.ROUTE_OPEN if open_ else words.ROUTE_NOT_SEEN}")
    head = ("suspect", "key", "cohort", "p", "deviations, about", "found")
    table = Table(head, tuple(cells[:_MOST_ROWS]))
    return Section(title, paragraphs=(words.ROUTE, *said), tables=(table,))


def _spread(one: Mapping[str, Any]) -> str:
    """Return how many deviations a p-value of a normal sum would be, a scale that adds up."""
    log10 = min(float(one["log10_p"]), math.log10(0.5))
    return f"{math.sqrt(max(-2 * math.log(10) * log10, 0.0)):.1f}"


def _bad_controls(plan: Plan, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    held = [one for name in plan.controls for one in deciding(plan, rows, name)]
    level = math.log10(_CONTROL_LEVEL / max(len(held), 1))
    return [one for one in held if one["log10_p"] <= level]


def _controls(plan: Plan, rows: Sequence[Mapping[str, Any]]) -> Section:
    held = [one for name in plan.controls for one in deciding(plan, rows, name)]
    cells = tuple(
        (
            str(one["subject"]),
            str(one["test"]),
            str(one.get("key") or "-"),
            power(one["log10_p"]),
            _rank(one),
        )
        for one in held
    )
    bad = _bad_controls(plan, rows)
    said = (
        f"{len(bad)} of {len(held)} are at or below {_CONTROL_LEVEL:g} / {len(held)}: "
        + ", ".join(f"{one['subject']} ({one['test']})" for one in bad)
        if bad
        else f"None of {len(held)} is at or below {_CONTROL_LEVEL:g} / {max(len(held), 1)}."
    )
    head = ("control", "test", "key", "p", "rank among keys")
    return Section(
        "Controls",
        paragraphs=(words.CONTROLS, said),
        tables=(Table(head, cells[:_MOST_ROWS]),),
    )


def _rank(one: Mapping[str, Any]) -> str:
    place = one.get("rank_among")
    if place:
        return f"{place[0]:,} of {place[1]:,}"
    return f"{one['rank']} of {one['among']} models" if one.get("rank") else "-"


def _numbers(plan: Plan, rows: Sequence[Mapping[str, Any]]) -> Iterator[Section]:
    keyed = [one for one in rows if one["test"] in plan.keyed]
    if keyed:
        cells = tuple(
            (
                str(one["subject"]),
                str(one["key"]),
                str(one["test"]),
                power(one["log10_p"]),
                power(one["log10_bound"]),
                f"{one['total']:,.1f}",
                f"{one['pairs']:,}",
                _rank(one),
                power(one["log10_adjusted"]),
            )
            for one in keyed
        )
        head = ("model", "key", "test", "p", "bound", "S", "pairs", "rank", "corrected")
        note = (words.LOOKS,) if LOOKS in plan.keyed else ()
        yield Section("Under keys", (words.KEYED, *note), tables=(Table(head, cells[:_MOST_ROWS]),))
    for name in plan.parts:
        own = [one for one in rows if one["test"] == name]
        yield Section(f"Without a watermark: {name}", points=tuple(_outcomes(own)))


def _outcomes(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for row in rows:
        for one in row["outcomes"]:
            who = f"{row['subject']}, {one['test']}"
            if one["kind"] == "exact":
                yield (
                    f"{who}: p = {power(one['log10_p'])} where {one['null']}; {one['used']:,} "
                    f"draws counted, {one['unused']:,} did not. {one['limits']}"
                )
            elif one["kind"] == "ranked":
                notes = " ".join(one["notes"])
                yield (
                    f"{who}: rank {one['rank']} of {one['among']}. It is worth something only "
                    f"where {one['assumption']} {notes} {one['limits']}"
                )
            elif one["kind"] == "report":
                shares = "; ".join(
                    f"{f['name']} of {f['subject']}: {f['count']:,} of {f['of']:,} "
                    f"({f['low']:.3f} to {f['high']:.3f})"
                    for f in one["figures"]
                )
                yield f"{who}: {shares}. {one['limits']}"
            else:
                yield f"{who}: not enough data: {one['why']}"


def _asked(plan: Plan, results: Mapping[str, Any]) -> Section:
    about = results["models"]
    cells = []
    for model in plan.models:
        one = about.get(model.name)
        if one is None:
            continue
        served = ", ".join(f"{name} ({many:,})" for name, many in one["served"].items())
        marks = ", ".join(f"{name} ({many:,})" for name, many in one["fingerprints"].items())
        cells.append(
            (
                model.name,
                model.role,
                model.url,
                served,
                marks,
                f"{one['answered']:,} of {one['answered'] + one['unanswered']:,}",
                f"{moment(one['first'])} to {moment(one['last'])}",
            )
        )
    head = ("model", "role", "endpoint", "served, it says", "fingerprint", "answers", "when")
    several = [name for name, one in about.items() if len(one["served"]) > 1]
    said = (f"{words.SEVERAL} {', '.join(several)}.",) if several else ()
    committed = f"The plan was committed {moment(results['committed'])}; the first request of all "
    first = f"was sent {moment(results['asked'])}, by the asker's clock."
    return Section("Who was asked", (committed + first, *said), tables=(Table(head, tuple(cells)),))


def _methods(plan: Plan, results: Mapping[str, Any]) -> Section:
    said = [words.METHOD_PLAN]
    if results.get("looked") is not None:
        said.append(
            f"It was stopped after look {results['looked']} of {plan.looks}, which looks allow."
        )
    if plan.keyed:
        tokens = plan.tokens_at(results.get("looked") or plan.looks)
        said += [words.METHODS[name] for name in plan.keyed if name in words.METHODS]
        said.append(
            f"Answers were cut to {tokens:,} tokens a model, in the order of the plan. Every "
            f"key was ranked among {plan.wrong_keys:,} random ones. Holm's correction counts "
            f"{plan.family:,} hypotheses: every key that was committed in any epoch, and every "
            f"test without a key, for every suspect. Found means at most {plan.alpha:g} after it."
        )
    return Section("Methods", paragraphs=tuple(said))


def _check(plan: Plan, results: Mapping[str, Any]) -> Section:
    rows = [("plan.json", plan.digest)]
    rows += [(f"transcripts/{name}", d) for name, d in sorted(results["transcripts"].items())]
    rows += [("prompts.jsonl", plan.prompts)] if plan.keyed else []
    rows += [(f"planned/{name}.json", digest) for name, digest in sorted(plan.parts.items())]
    rows += [("baseline's token ids", plan.baseline), ("tokenizer", plan.tokenizer)]
    rows += [(f"token ids of {name}", d) for name, d in sorted(results["answers"].items())]
    kept = tuple(row for row in rows if row[1])
    return Section(
        "To check it", (words.CHECK,), tables=(Table(("what", "SHA-256"), kept[:_MOST_ROWS]),)
    )


def _examples(examples: Sequence[tuple[str, str, str]]) -> Iterator[Section]:
    if examples:
        table = Table(("model", "prompt", "answer"), tuple(examples))
        yield Section("Examples of what was said", (words.EXAMPLES,), tables=(table,))


def moment(seconds: int) -> str:
    """Return a time in seconds since 1970 for a person."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
