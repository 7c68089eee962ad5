"""What a run may take, what came of it, and what one question may use."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from stillwatch.errors import ConfigurationError
from stillwatch.prove.lineage.querying.pace import Spent

if TYPE_CHECKING:
    from stillwatch.prove.lineage.querying.questions import Question

__all__ = ["Limits", "Tally", "check_key", "most_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How an endpoint is treated."""

    requests_a_minute: float | None = None
    """None for no limit."""
    tokens_a_minute: float | None = None
    """Of prompts and answers; None for no limit."""
    concurrency: int = 4
    """Requests under way at once."""
    attempts: int = 6
    """How often a question is asked in one run."""
    patience: float = 300.0
    """Seconds for one request and its response."""
    most_answer: int = 4 << 20
    """Bytes of a response."""
    longest_wait: float = 600.0
    """Seconds that an endpoint may ask us to wait; beyond, the run ends."""
    give_up: bool = False
    """Whether a question whose attempts are used up counts as unanswered for good."""
    most_tokens: int | None = None
    """Bound on tokens, earlier runs included."""
    most_cost: float | None = None
    """Bound on the price, earlier runs included."""


@dataclass(slots=True)
class Tally:
    """What came of a run."""

    planned: int
    """Questions in all."""
    requests: int = 0
    """Sent in this run."""
    done: int = 0
    """Of them, those that need no more asking, of all runs."""
    spent: Spent = field(default_factory=Spent)
    """Of all runs."""
    stopped: str | None = None
    """Why the run ended early, in words."""
    budget: bool = False
    """Whether a bound of the budget was why."""

    @property
    def open(self) -> int:
        """Questions that are still to be asked."""
        return self.planned - self.done


def check_key(key: str) -> None:
    """Refuse what cannot be an endpoint's key, without showing it.

    Raises:
        ConfigurationError: it is empty, too long, or has spaces or characters beyond ASCII.
    """
    if not key or len(key) > 4096 or not key.isascii() or not key.isprintable() or " " in key:
        raise ConfigurationError(
            "a key is empty, or has spaces or characters that no key has",
            todo="give the key alone, on one line",
        )


def most_of(question: Question) -> Spent:
    """Return what a question may use: a prompt of a token for every three bytes, a full answer."""
    return Spent(1, question.size // 3 + 16, question.max_tokens)
