"""How fast an endpoint is asked, and how much may be spent on it: arithmetic, without a clock."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["Budget", "Pace", "Spent", "waited"]

_MILLION = 1_000_000


@dataclass(slots=True)
class Pace:
    """Spaces requests evenly, so that no minute has more of them, or of tokens, than allowed.

    >>> pace = Pace(requests_a_minute=60)
    >>> [pace.slot(100.0, 10), pace.slot(100.0, 10), pace.slot(105.0, 10)]
    [100.0, 101.0, 105.0]
    """

    requests_a_minute: float | None = None
    """None for no limit."""
    tokens_a_minute: float | None = None
    """Of prompts and answers together; None for no limit."""
    _request_at: float = 0.0
    _tokens_at: float = 0.0
    _hold: float = 0.0

    def slot(self, now: float, tokens: int) -> float:
        """Take the next place and return when it is.

        Args:
            now: seconds, of any clock that only goes forward.
            tokens: of the prompt and, at most, of the answer.
        """
        at = max(now, self._request_at, self._tokens_at, self._hold)
        if self.requests_a_minute:
            self._request_at = at + 60 / self.requests_a_minute
        if self.tokens_a_minute:
            self._tokens_at = at + tokens * 60 / self.tokens_a_minute
        return at

    def used(self, reserved: int, tokens: int) -> None:
        """Give back what a place reserved and did not use."""
        if self.tokens_a_minute:
            self._tokens_at -= max(reserved - tokens, 0) * 60 / self.tokens_a_minute

    def hold(self, until: float) -> None:
        """Let nothing begin before a time: the endpoint asked for it."""
        self._hold = max(self._hold, until)

    @property
    def held(self) -> float:
        """Until when nothing begins."""
        return self._hold


@dataclass(frozen=True, slots=True)
class Spent:
    """Tokens that were used, or may be."""

    requests: int = 0
    """How many."""
    input_tokens: int = 0
    """Of prompts."""
    output_tokens: int = 0
    """Of answers."""

    def __add__(self, other: Spent) -> Spent:
        """Return both together."""
        return Spent(
            self.requests + other.requests,
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
        )

    def __sub__(self, other: Spent) -> Spent:
        """Return what is left."""
        return Spent(
            self.requests - other.requests,
            self.input_tokens - other.input_tokens,
            self.output_tokens - other.output_tokens,
        )

    @property
    def tokens(self) -> int:
        """Of both."""
        return self.input_tokens + self.output_tokens

    def cost(self, input_price: float, output_price: float) -> float:
        """Return the price, given those of a million tokens.

        >>> Spent(1, 2_000_000, 500_000).cost(1.0, 4.0)
        4.0
        """
        return (self.input_tokens * input_price + self.output_tokens * output_price) / _MILLION


@dataclass(slots=True)
class Budget:
    """What may be spent: a question that could pass a bound is not asked.

    >>> budget = Budget(most_tokens=100)
    >>> budget.reserve(Spent(1, 10, 60)), budget.reserve(Spent(1, 10, 60))
    (True, False)
    >>> budget.settle(Spent(1, 10, 60), Spent(1, 9, 20))
    >>> budget.reserve(Spent(1, 10, 60))
    True
    """

    most_tokens: int | None = None
    """Of prompts and answers, earlier runs included; None for no bound."""
    most_cost: float | None = None
    """In the prices' currency, earlier runs included; None for no bound."""
    input_price: float = 0.0
    """Of a million tokens."""
    output_price: float = 0.0
    """Of a million tokens."""
    spent: Spent = field(default_factory=Spent)
    """What was used, and what is under way at its largest."""

    def reserve(self, most: Spent) -> bool:
        """Set aside what a question may use at most; False where that could pass a bound."""
        after = self.spent + most
        if self.most_tokens is not None and after.tokens > self.most_tokens:
            return False
        cost = after.cost(self.input_price, self.output_price)
        if self.most_cost is not None and cost > self.most_cost:
            return False
        self.spent = after
        return True

    def settle(self, most: Spent, used: Spent) -> None:
        """Replace what was set aside by what was used."""
        self.spent = self.spent - most + used


def waited(attempt: int, luck: float, asked: float | None) -> float:
    """Return the seconds until a question is asked again: growing, spread, never less than asked.

    Args:
        attempt: how often it has failed, from 1.
        luck: in [0, 1), so that many askers do not come back together.
        asked: seconds that the endpoint's Retry-After asks for.

    >>> waited(1, 0.5, None), waited(9, 0.0, 7.0), waited(3, 0.0, None)
    (0.75, 30.0, 2.0)
    """
    return max(min(2.0 ** (attempt - 1), 60.0) * (0.5 + luck / 2), asked or 0.0)
