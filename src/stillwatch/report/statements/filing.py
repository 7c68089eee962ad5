"""A filing for an authority: every field says what is measured, stated, unknown or to fill in.

The form is ``filing.toml`` of the templates.  Nothing is inferred to fill a field: a field that the
scan has nothing on says so, and one that only the operator can answer is marked.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from stillwatch.disk import read_small
from stillwatch.errors import ConfigurationError
from stillwatch.report.statements.campaign import ranked_members
from stillwatch.report.statements.held import HELD, Held

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from stillwatch.records import Campaign, Finding
    from stillwatch.report.documents import PublishedScan
    from stillwatch.report.papers import Templates
    from stillwatch.report.statements.measures import Applied

__all__ = ["FORMS", "STAGES", "Answer", "Filing", "Indicated", "filing_facts", "read_answers"]

STAGES = ("early-warning", "notification", "final")
"""Reports on one incident, in order; each asks for what the earlier ones did, and more."""
FORMS = ("incident", "export-control")
"""Kinds of authority."""
_FORM = "filing.toml"
_LONGEST = 20_000
_STRONG = 3.0
"""Log e-value that at most one of twenty ordinary groups reaches (Markov's inequality)."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A field and what is said in it."""

    key: str
    asks: str
    status: str
    """``measured`` by the scan, ``stated`` by the operator, ``unknown``, or ``to fill in``."""
    says: str
    """The answer; where it is unknown, why; empty where it is to be filled in."""
    sources: tuple[str, ...]
    """Keys of where the field was read."""


@dataclass(frozen=True, slots=True)
class Section:
    """Fields that belong together."""

    key: str
    title: str
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class Indicated:
    """A published indicator and what the scan says of it."""

    key: str
    says: str
    status: str
    """``held``, ``weak``, ``looked for and not found``, ``not enough data`` or
    ``nothing recorded``."""
    findings: tuple[Finding, ...]
    """Of this campaign, strongest first."""
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Filing:
    """What a filing consists of beside the campaign."""

    stage: str
    forms: tuple[str, ...]
    with_accounts: bool = False
    """Whether account ids, which are personal data, are in it."""
    answers: Mapping[str, str] = field(default_factory=dict)
    """The operator's, by field."""
    applied: Sequence[Applied] | None = None
    """Measures on this campaign; None where no record of measures was given."""


def read_answers(path: Path) -> dict[str, str]:
    """Return the operator's answers: a TOML file of field names and texts.

    Raises:
        SourceNotFoundError: it cannot be opened.
        ConfigurationError: it is no such file.
    """
    try:
        found = tomllib.loads(read_small(path, "the file of answers").decode("utf-8"))
    except ValueError as error:
        raise ConfigurationError(
            f"not a TOML file: {error}", where=str(path), todo='write lines such as contact = "…"'
        ) from error
    for name, value in found.items():
        if not isinstance(value, str) or len(value) > _LONGEST:
            raise ConfigurationError(
                f"the answer to {ascii(name)[:80]} is no text of at most {_LONGEST:,} characters",
                where=str(path),
                todo='write it in quotes: contact = "…"',
            )
    return found


def filing_facts(
    scan: PublishedScan, campaign: Campaign, filing: Filing, templates: Templates
) -> dict[str, object]:
    """Return what the template ``filing`` reads.

    Args:
        scan: that declared the campaign.
        campaign: what is reported.
        filing: which reports are wanted, and what the operator says.
        templates: hold the form.

    Raises:
        ConfigurationError: the form is faulty, or an answer is to no field of it.
    """
    form = templates.table(_FORM)
    held = Held(scan, campaign, filing.applied)
    where = templates.where(_FORM)
    try:
        _check(form, filing.answers, where)
        sections = tuple(
            Section(part["key"], part["title"], answers)
            for part in form["section"]
            if (answers := tuple(_answers(part["field"], filing, held, list(form["sources"]))))
        )
        indicated = tuple(_indicated(item, campaign) for item in form["indicator"])
        cited = _cited(sections, indicated)
        sources = {key: form["sources"][key] for key in form["sources"] if key in cited}
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ConfigurationError(
            f"the form of the filing is faulty: {type(error).__name__}: {error}",
            where=where,
            todo="start from ours: stillwatch report templates DIR",
        ) from error
    said = [answer for section in sections for answer in section.answers]
    return {
        "scan": scan,
        "campaign": campaign,
        "stage": filing.stage,
        "forms": filing.forms,
        "sections": sections,
        "indicators": indicated,
        "sources": sources,
        "open": [answer for answer in said if answer.status == "to fill in"],
        "unknown": [answer for answer in said if answer.status == "unknown"],
        "members": ranked_members(campaign, len(campaign.members)) if filing.with_accounts else (),
    }


def _check(form: Mapping[str, Any], answers: Mapping[str, str], where: str) -> None:
    asked = [item for part in form["section"] for item in part["field"]]
    keys = {item["key"] for item in asked}
    for item in asked:
        wrong = set(item["forms"]) - set(FORMS)
        if wrong or item["stage"] not in STAGES or item.get("from", "type") not in HELD:
            raise ConfigurationError(
                "a field of the form names no form, stage or fact that there is",
                where=f"{where}, field {item['key']!a}",
                todo="see docs/reference/reports.md for those that there are",
            )
    if set(answers) - keys:
        raise ConfigurationError(
            f"an answer is to no field of the form: {min(set(answers) - keys)!a}",
            todo="fields are " + ", ".join(sorted(keys)),
        )


def _answers(
    fields: Sequence[Mapping[str, Any]], filing: Filing, held: Held, sources: Sequence[str]
) -> list[Answer]:
    reached = STAGES[: STAGES.index(filing.stage) + 1]
    return [
        _answer(item, filing.answers.get(item["key"], ""), held, sources)
        for item in fields
        if item["stage"] in reached and set(item["forms"]) & set(filing.forms)
    ]


def _answer(item: Mapping[str, Any], stated: str, held: Held, known: Sequence[str]) -> Answer:
    key, asks = item["key"], item["asks"]
    sources = tuple(sorted(item.get("sources", ()), key=known.index))
    if "from" not in item:
        status = "stated" if stated.strip() else "to fill in"
        return Answer(key, asks, status, stated.strip(), sources)
    found = HELD[item["from"]](held)
    if stated.strip():
        # what was measured is not replaced by what is said of it
        both = f"{found.says}\n{stated.strip()}" if found.known else stated.strip()
        return Answer(key, asks, "measured, and stated" if found.known else "stated", both, sources)
    return Answer(key, asks, "measured" if found.known else "unknown", found.says, sources)


def _indicated(item: Mapping[str, Any], campaign: Campaign) -> Indicated:
    names = set(item["detectors"])
    mine = [f for f in campaign.findings if f.role == "evidence" and f.detector in names]
    mine.sort(key=lambda finding: -finding.log_e)
    judged = [finding for finding in mine if finding.enough_data]
    spoke = [finding for finding in judged if finding.log_e > 0]
    if spoke:
        status = "held" if spoke[0].log_e >= _STRONG else "weak"
    elif judged:
        status = "looked for and not found"
    else:
        status = "not enough data" if mine else "nothing recorded"
    chosen = spoke or judged or mine
    sources = tuple(item.get("sources", ()))
    return Indicated(item["key"], item["says"], status, tuple(chosen), sources)


def _cited(sections: Sequence[Section], indicated: Sequence[Indicated]) -> Collection[str]:
    said = {key for section in sections for answer in section.answers for key in answer.sources}
    return said | {key for item in indicated for key in item.sources}
