"""A notice to an account holder: a statement of reasons that reveals no signature.

What it must say follows Article 17(3) of Regulation (EU) 2022/2065: the measure with its scope and
duration, the facts and circumstances, whether the decision or the detection was automatic, the
ground, and the ways to contest it.  The words are those of ``stop.responses.reasons`` alone: no
figure, campaign, indicator, detector or prompt can enter.  What is missing is marked, not made up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stillwatch.errors import ConfigurationError
from stillwatch.stop.interface import Rung
from stillwatch.stop.responses.reasons import DONE, LIFTED, WORDS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from stillwatch.records import Verdict
    from stillwatch.report.documents import PublishedScan
    from stillwatch.report.papers import Templates

__all__ = ["Notice", "codes_of", "notice_facts"]

_BY_A_PERSON = Rung.HOLD
"""From this measure on a person decides, always (docs/reference/policy.md)."""


@dataclass(frozen=True, slots=True)
class Notice:
    """A decision, as far as its account holder is told of it; texts may be empty."""

    account: str | int
    rung: Rung
    """What is done."""
    codes: tuple[str, ...]
    """Why, in fixed words of ``WORDS``."""
    automatic: bool
    """Whether no person decided on this account or its campaign."""
    decided: datetime | None
    expires: datetime | None
    """When it ends; None where it does not say."""
    lifted_by: str = ""
    """``time``, ``verification`` or ``appeal``."""
    service: str = ""
    """What it applies to: the service or API, in the operator's words."""
    territory: str = ""
    """Where it applies."""
    terms: str = ""
    """Link of the terms."""
    clause: str = ""
    """Which of the terms, in the operator's words."""
    appeal: str = ""
    """Link of the appeal."""
    dispute: str = ""
    """Body that settles disputes out of court, with its address."""
    contact: str = ""
    """Of the sender, with name and address."""


def codes_of(scan: PublishedScan, verdict: Verdict) -> tuple[str, ...]:
    """Return the reasons that a scan gives for telling an account holder something.

    Raises:
        ConfigurationError: the account belongs to no declared campaign; there is nothing to tell.
    """
    mine = [item for item in scan.campaigns if verdict.account_id in item.members]
    if not mine and verdict.flagged_at is None:
        raise ConfigurationError(
            "the account belongs to no declared campaign: there is nothing to notify",
            where=ascii(verdict.account_id)[:200],
            todo="stillwatch account show says what is known of it",
        )
    own = [item for item in mine if item.campaign_id == verdict.campaign_id]
    if verdict.flagged_at is None or any(item.review_only for item in own):
        return ("under-review",)
    told = any(
        finding.family == "intelligence" and finding.enough_data and finding.log_e > 0
        for item in own
        for finding in item.findings
    )
    return ("member-of-campaign", "peer-indicator") if told else ("member-of-campaign",)


def notice_facts(notice: Notice, language: str, templates: Templates) -> dict[str, object]:
    """Return what the template ``notice`` reads.

    Args:
        notice: the decision.
        language: of the words; English ones are those of the gateway, others a file
            ``words.LANGUAGE.toml`` of the templates.
        templates: hold the words.

    Raises:
        ConfigurationError: such a measure needs a person, or the words are not there.
    """
    _check(notice)
    words = _words(language, templates)
    parts = {
        "contact": notice.contact,
        "decided": notice.decided,
        "service": notice.service,
        "territory": notice.territory,
        "terms": notice.terms,
        "clause": notice.clause,
        "appeal": notice.appeal,
        "dispute": notice.dispute,
    }
    duration = notice.expires or notice.lifted_by or notice.rung is Rung.OBSERVE
    try:
        said = {
            "done": words["done"][notice.rung.name.lower()],
            "reasons": [words["reasons"][code] for code in dict.fromkeys(notice.codes)],
            "lifted": words["lifted"][notice.lifted_by] if notice.lifted_by else "",
        }
    except (KeyError, TypeError) as error:
        raise ConfigurationError(
            f"there are no words for this: {error}",
            where=templates.where(f"words.{language}.toml"),
            todo="add them; docs/reference/reasons.md lists the codes",
        ) from error
    return {
        **said,
        **parts,
        "account": notice.account,
        "automatic": notice.automatic,
        "expires": notice.expires,
        "restricts": notice.rung is not Rung.OBSERVE,
        "own": "peer-indicator" not in notice.codes,
        "missing": [name for name, part in parts.items() if not part]
        + ([] if duration else ["duration"]),
    }


def _check(notice: Notice) -> None:
    automatic = notice.automatic
    if automatic and notice.rung >= _BY_A_PERSON:
        raise ConfigurationError(
            f"{notice.rung.name.lower()} is never automatic",
            where="--measure",
            todo="have a person approve it, and say so with --approved",
        )
    if automatic and "under-review" in notice.codes and notice.rung is not Rung.OBSERVE:
        raise ConfigurationError(
            "this account waits for a person: nothing automatic applies to it",
            where=ascii(notice.account)[:200],
            todo="say --measure observe, or --approved where a person has decided",
        )
    unknown = [code for code in notice.codes if code not in WORDS]
    if unknown or not notice.codes:
        raise ConfigurationError(
            f"no reason has the name {unknown[0]!a}" if unknown else "no reason is given",
            where="--reason",
            todo="use one of " + ", ".join(WORDS),
        )


def _words(language: str, templates: Templates) -> Mapping[str, Any]:
    name = f"words.{language}.toml"
    if name in templates.names():
        return templates.table(name)
    if language.partition("-")[0] == "en":
        return {
            "reasons": WORDS,
            "done": {rung.name.lower(): text for rung, text in DONE.items()},
            "lifted": LIFTED,
        }
    raise ConfigurationError(
        f"there are no words in {language!a}",
        where="--language",
        todo=f"add {name} to your templates; stillwatch report templates DIR writes out ours",
    )
