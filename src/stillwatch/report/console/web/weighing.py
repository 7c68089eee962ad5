"""What a person weighs about a case, gathered from its findings in one place.

A page of a campaign has some twenty findings.  Six questions tell most campaigns from the groups
that look like them; each gets what was measured, what that tells, and the side that it speaks for.
Nothing is judged anew: sides follow the findings' own log e-values and shares.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stillwatch.find.campaigns.weigh import THRESHOLD

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from stillwatch.report.console.cases.records import CampaignView, FindingRow

__all__ = ["Fact", "facts"]

_TIES = {"payment-links": "payment value", "phone-links": "phone", "device-links": "device"}
_ALPHA = 0.05
"""Strictness of a scan that was told nothing else."""
_SPEAKS = 1.0
"""Log e from which on a finding is said to speak."""
_NEAR = 1.0
"""Log odds either side of 0 that are called undecided."""
_BELOW = " So far below 0 it speaks rather for an innocent group than for a campaign."
_OTHERS = 1.5
"""Accounts measured for each member from which on most of what was measured is of others."""
_JOINED = 2
"""Members for each account measured from which on most of the members were not measured."""
_MOST = 0.6
"""Share of the accounts that is called most of them."""
_ASK_ON = 0.5
"""Share of single questions up to which accounts are said to ask on."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One question and what is known."""

    question: str
    here: str
    """What was measured."""
    tells: str
    """What that tells, and of whom it is true too."""
    side: str = ""
    """``against`` the accounts, ``for`` them, or empty: neither."""


def facts(view: CampaignView, alpha: float | None) -> tuple[Fact, ...]:
    """Return what to weigh about a campaign, in the order in which it is read.

    Args:
        view: the campaign.
        alpha: strictness of the scan that found it; None where it is not known.
    """
    rows = [one for one in view.findings if one.role == "evidence" and one.enough_data]
    known = {one.detector: one for one in rows}
    found = [*_whose(view, rows), *_weighed(view, alpha), _tied(view, known)]
    return (*found, *_spoken(known), *_alike(known))


def _whose(view: CampaignView, rows: list[FindingRow]) -> Iterator[Fact]:
    measured = max((one.accounts for one in rows), default=0)
    if measured >= _OTHERS * view.row.members:
        yield Fact(
            "Is the evidence about these accounts?",
            f"measured on {measured:,} accounts; the campaign has {view.row.members:,} members now",
            "The others went to another campaign or were left out: what was measured of all "
            "need not hold for those that are left.",
            "for",
        )
    elif measured and view.row.members >= _JOINED * measured:
        yield Fact(
            "Is the evidence about these accounts?",
            f"measured on {measured:,} accounts; the campaign has {view.row.members:,} members now",
            "The others joined because they are tied to these or came with the same text.",
        )


def _weighed(view: CampaignView, alpha: float | None) -> Iterator[Fact]:
    odds = view.row.log_odds
    if odds is None:
        return
    if odds >= THRESHOLD:
        tells, side = "All evidence together reaches it.", "against"
    else:
        tells = "All evidence together falls short of it."
        if alpha is not None and alpha > _ALPHA:
            tells += f" It is shown because the scan was told to ask for less, alpha {alpha:g}."
        near = " Within a nat of 0 it tells nothing either way: the lines below decide."
        tells += "" if odds > _NEAR else near if odds >= -_NEAR else _BELOW
        side = "for" if odds < -_NEAR else ""
    here = f"log odds {odds:.1f}; a scan declares from {THRESHOLD:g} on where nothing else is set"
    yield Fact("How much is it together?", here, tells, side)


def _tied(view: CampaignView, known: Mapping[str, FindingRow]) -> Fact:
    ties = [(known[slug], word) for slug, word in _TIES.items() if slug in known]
    heard = [f"{one.effect:.0%} share a {word}" for one, word in ties if (one.effect or 0.0) > 0]
    spoken = sum(one.log_e or 0.0 for one, _ in ties)
    held = [one for one in view.entities if one[0] in {"card", "phone", "device"}]
    here = "; ".join(heard) or (
        "nobody shares a payment value, phone or device, but for accounts of one firm"
    )
    if held:
        kind, _, members, others = held[0]
        here += f"; the value held most is a {kind} of {members:,} of {view.row.members:,} members"
        here += f" and {others:,} other accounts"
    alone = sum(1 for _, _, members, others in held if members > 1 and not others)
    if alone > 1:
        here += f"; {alone:,} values are each held by several of them and by nobody else"
    tells = (
        "An actor's accounts share several values, a few accounts each, without a name in common. "
        "Households, firms and agencies share too: there most hold one value, or many others do."
    )
    own = any(others == 0 for _, _, _, others in held)  # values that the accounts left share
    side = "against" if spoken >= _SPEAKS and own else ""
    return Fact("Who pays, and from which machine?", here, tells, side)


def _spoken(known: Mapping[str, FindingRow]) -> Iterator[Fact]:
    single = known.get("no-follow-up")
    if single is not None:
        yield Fact(
            "Do they ask on?",
            single.explanation,
            "People ask on; a list of jobs does not, and neither do tools that review or test.",
            "for" if (single.effect or 0.0) <= _ASK_ON else _side(single),
        )
    for slug, question, tells in (
        (
            "exchangeability",
            "Do they have subjects of their own?",
            "People and teams do, so accounts differ; a queue deals at random, so they do not.",
        ),
        (
            "answer-length",
            "Are the answers longer than such questions usually get?",
            "Training data is asked for at length; so is homework, and a report.",
        ),
    ):
        if slug in known:
            yield Fact(question, known[slug].explanation, tells, _side(known[slug]))


def _side(one: FindingRow) -> str:
    return "against" if (one.log_e or 0.0) >= _SPEAKS else ""


def _alike(known: Mapping[str, FindingRow]) -> Iterator[Fact]:
    """Say what else makes a group of people who have never met a campaign's twin."""
    tied = sum((known[slug].log_e or 0.0) for slug in _TIES if slug in known) >= _SPEAKS
    for slug, question, untied in (
        (
            "creation-clump",
            "Were they opened together?",
            "With no value in common beside it, this is how a class, a workshop or a launch looks.",
        ),
        (
            "client-rarity",
            "Do they use one tool?",
            "With no value in common beside it, this is how the users of one bot or harness look.",
        ),
    ):
        one = known.get(slug)
        if one is None or (one.effect or 0.0) < _MOST:
            continue
        tells = "Beside values in common, it fits accounts that one hand made." if tied else untied
        yield Fact(question, one.explanation, tells, "" if tied else "for")
