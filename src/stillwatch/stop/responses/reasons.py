"""Statements of reasons: what an account holder is told, in words that reveal no signature.

A statement says what was done, on what ground, for how long, whether a program alone did it, what
lifts it and how to contest it. It holds no figure, no name of an indicator and no part of a
prompt; and what it says is so: where the signature must not be told, it is left out, and no other
reason is put in its place. docs/reference/reasons.md lists the words.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING

from stillwatch.records import utc
from stillwatch.stop.interface import Rung

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stillwatch.stop.interface import Decision
    from stillwatch.stop.responses.policy import Policy

__all__ = ["DONE", "LIFTED", "WORDS", "Statement", "statement_of"]

WORDS: Mapping[str, str] = MappingProxyType(
    {
        "over-limit": "This account has used up the allowance of its tier. The allowance follows "
        "what answers are worth as training data, not the number of requests.",
        "over-shared-limit": "Requests that this account has in common with others have used up "
        "an allowance that they share.",
        "unreadable": "The request could not be read as one of the API that it speaks.",
        "member-of-campaign": "We have found that this account takes part in a coordinated "
        "collection of answers for training another model. Several independent kinds of "
        "observation of how accounts are used led to this.",
        "under-review": "A person is looking at how this account is used. Nothing is decided.",
        "peer-indicator": "Another provider has reported use that looks like that of this "
        "account. This alone never leads to a refusal.",
        "decoy-used": "A credential was used that was never given to anybody.",
        "provenance-mark": "The request holds text that was made by one of our models for "
        "somebody else.",
        "approved-measure": "A person has approved a measure on this account or on a group of "
        "accounts that it belongs to.",
        "cap-reached": "A milder measure is applied, since the stronger one is in use as widely "
        "as it may be.",
        "not-permitted": "A milder measure is applied, since the stronger one is not permitted.",
    }
)
"""What each reason's code means, in words for an account holder."""

_OTHER = "The use of this account differs from what the terms allow."

DONE: Mapping[Rung, str] = MappingProxyType(
    {
        Rung.OBSERVE: "Nothing was changed.",
        Rung.LIMIT: "The request was not answered; it can be sent again later.",
        Rung.VERIFY: "The request was not answered; the account has to be verified first.",
        Rung.WITHHOLD: "The model's reasoning is left out of the answer.",
        Rung.CAP: "The model's reasoning is left out of the answer, and its length is bounded.",
        Rung.MARK: "The model's reasoning is left out of the answer, and its length is bounded.",
        Rung.HOLD: "The model's reasoning is left out of the answer, its length is bounded, and "
        "it is checked before it is sent.",
        Rung.DECOY: "A measure approved by two people is applied.",
        Rung.PERTURB: "A measure approved by two people is applied.",
        Rung.REFUSE: "The request was refused.",
    }
)
"""What each measure does."""

LIFTED: Mapping[str, str] = MappingProxyType(
    {
        "time": "It ends by itself.",
        "verification": "Verifying the account lifts it.",
        "appeal": "An appeal lifts it, if a person agrees with you.",
        "": "",
    }
)
"""What lifts a measure, by ``Decision.lifted_by``."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement of reasons, as its parts; each is a sentence or more, or empty."""

    done: str
    """What was done."""
    facts: tuple[str, ...]
    """Why, one for each reason."""
    ground: str
    """What it rests on."""
    automatic: bool
    """Whether no person decided on this account or its campaign."""
    until: str
    """When it ends, in words."""
    lifted: str
    """What lifts it."""
    contest: str
    """How to contest it."""

    def text(self) -> str:
        """Return the statement as one paragraph."""
        how = (
            "This was decided by a program." if self.automatic else "This was approved by a person."
        )
        parts = (self.done, *self.facts, self.ground, how, self.until, self.lifted, self.contest)
        return " ".join(part for part in parts if part)


def statement_of(decision: Decision, policy: Policy, *, appeal: str = "") -> Statement:
    """Return what the holder of an account is told about a decision.

    In shadow mode it is what would be told.

    Args:
        decision: any.
        policy: that decided.
        appeal: link of this very decision; that of the policy where empty.
    """
    links = policy.links
    contest = appeal or links.appeal
    codes = dict.fromkeys(reason.code for reason in decision.reasons)
    terms = f" ({links.terms})" if links.terms else ""
    ground = f"It rests on the terms that you agreed to{terms}." if decision.would else ""
    return Statement(
        done=DONE[decision.would],
        facts=tuple(dict.fromkeys(WORDS.get(code, _OTHER) for code in codes)),
        ground=ground,
        automatic=[reason.code for reason in decision.reasons[:1]] != ["approved-measure"],
        until=f"It ends at {_minute(decision.expires)}." if decision.expires else "",
        lifted=LIFTED.get(decision.lifted_by, ""),
        contest=f"To contest it, go to {contest}: a person decides." if contest else "",
    )


def _minute(time: int) -> str:
    """Return the first whole minute after a time."""
    return (utc(time - 1) + timedelta(minutes=1)).strftime("%Y-%m-%d %H:%M UTC")
