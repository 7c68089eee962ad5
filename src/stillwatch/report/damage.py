"""What a campaign took, in money: ranges reckoned from its tokens and from stated assumptions.

Nothing here is measured but exchanges and tokens.  Every figure is a range, low, likely and high,
and names the assumptions that it rests on; the assumptions, each with its source, are read by
``assumptions``.  Low goes with low and high with high, so that the ranges are wide on purpose.

    fees           sum over models of tokens x price x share paid
    made by people usable answers written at a wage, or judged at a price each
    training with  usable examples x computing for one
    without        what training the capability costs without anyone's answers
    avoided        what the harvest saves of it, where it reaches the size of a sufficient set
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stillwatch.report.assumptions import Range

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from stillwatch.records import Campaign, ModelUse
    from stillwatch.report.assumptions import Assumptions

__all__ = ["NAMES", "Damage", "Figure", "assess", "together"]

NAMES: Mapping[str, str] = {
    "fees": "what the actor paid in fees",
    "made_by_people": "what the data would have cost to make",
    "training_with": "training a model with the data",
    "training_without": "training the capability without it",
    "avoided": "training cost that the data saved",
}
"""Every figure of money, with what it means."""
_MILLION = 1e6
_MINUTES = 60.0


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of money."""

    name: str
    """One of NAMES."""
    whole: Range
    """For all exchanges, in the assumptions' currency."""
    leaked: Range
    """For those before the declaration."""
    rests_on: tuple[str, ...]
    """Keys of the assumptions, and `price of MODEL` for listed prices."""


@dataclass(frozen=True, slots=True)
class Damage:
    """What a campaign took."""

    exchanges: int
    """Exchanges of the campaign."""
    leaked: int
    """Of these, before the declaration."""
    input_tokens: Range
    """Tokens of all requests; a range where the log does not state some."""
    output_tokens: Range
    """Tokens of all answers."""
    leaked_output_tokens: Range
    """Tokens of the answers before the declaration."""
    figures: tuple[Figure, ...]
    """In the order of NAMES."""
    currency: str
    """Of the figures."""


@dataclass(frozen=True, slots=True)
class _Take:
    """Tokens of one model, all or leaked."""

    use: ModelUse
    exchanges: int
    asked: Range
    given: Range


def assess(campaign: Campaign, assumptions: Assumptions) -> Damage | None:
    """Return the damage of a campaign, or None where its use of models was not kept.

    Args:
        campaign: with ``usage``; what was harvested chooses the wage.
        assumptions: what to reckon with.
    """
    if not campaign.usage:
        return None
    whole = tuple(_take(use, assumptions, leaked=False) for use in campaign.usage)
    leaked = tuple(_take(use, assumptions, leaked=True) for use in campaign.usage)
    kind = next(iter(campaign.harvested), "unknown")
    unknown = tuple(
        key
        for key, counted in (
            ("input_tokens_unknown", sum(use.counted_input for use in campaign.usage)),
            ("output_tokens_unknown", sum(use.counted_output for use in campaign.usage)),
        )
        if counted == 0
    )
    rows = [
        ("fees", _fees, _priced(campaign.usage, assumptions)),
        ("made_by_people", _made, _making(kind, assumptions)),
        ("training_with", _with, ("usable_share", "training_example")),
        ("training_without", _without, ("training_without",)),
        (
            "avoided",
            _avoided,
            ("usable_share", "examples_needed", "training_without", "training_example"),
        ),
    ]
    asks = {"fees", "made_by_people"}
    return Damage(
        exchanges=sum(take.exchanges for take in whole),
        leaked=sum(take.exchanges for take in leaked),
        input_tokens=Range.sum(take.asked for take in whole),
        output_tokens=Range.sum(take.given for take in whole),
        leaked_output_tokens=Range.sum(take.given for take in leaked),
        figures=tuple(
            Figure(
                name,
                reckon(whole, kind, assumptions),
                reckon(leaked, kind, assumptions),
                rests_on + (unknown if name in asks else ()),
            )
            for name, reckon, rests_on in rows
        ),
        currency=assumptions.currency,
    )


def together(damages: Iterable[Damage]) -> dict[str, Range]:
    """Return the sum over campaigns of the figures that add up, by name.

    What it costs to train a capability without anyone's answers is spent once however many
    campaigns harvest, so neither it nor what it saves is summed.

    Args:
        damages: one a campaign, in one currency.
    """
    parts: dict[str, list[Range]] = {}
    for damage in damages:
        for figure in damage.figures:
            if figure.name in {"fees", "made_by_people", "training_with"}:
                parts.setdefault(figure.name, []).append(figure.whole)
                parts.setdefault(f"{figure.name}, leaked", []).append(figure.leaked)
    return {name: Range.sum(values) for name, values in parts.items()}


def _take(use: ModelUse, assumptions: Assumptions, *, leaked: bool) -> _Take:
    """Return a model's tokens; exchanges that state none count as the campaign's others do."""
    exchanges = use.leaked if leaked else use.exchanges
    asked = use.leaked_input_tokens if leaked else use.input_tokens
    given = use.leaked_output_tokens if leaked else use.output_tokens
    return _Take(
        use,
        exchanges,
        _tokens(asked, exchanges, use.input_tokens, use.counted_input, use.exchanges,
                assumptions["input_tokens_unknown"].range),
        _tokens(given, exchanges, use.output_tokens, use.counted_output, use.exchanges,
                assumptions["output_tokens_unknown"].range),
    )  # fmt: skip


def _tokens(
    stated: int, exchanges: int, all_stated: int, counted: int, of: int, usual: Range
) -> Range:
    if counted >= of:
        return Range(stated, stated, stated)
    if counted == 0:
        return usual * exchanges
    mean = all_stated / counted  # some are stated: the others are taken to be like them
    likely = mean * exchanges
    return Range(min(stated, likely), likely, max(stated, 2.0 * likely - min(stated, likely)))


def _priced(usage: Sequence[ModelUse], assumptions: Assumptions) -> tuple[str, ...]:
    listed = sorted({use.model for use in usage if assumptions.price(use.model) is not None})
    rests_on = [f"price of {model}" for model in listed]
    if len(listed) < len({use.model for use in usage}):
        rests_on += ["other_input_price", "other_output_price"]
    return (*rests_on, "paid_share")


def _fees(takes: Sequence[_Take], _kind: str, assumptions: Assumptions) -> Range:
    parts = []
    for take in takes:
        price = assumptions.price(take.use.model)
        if price is None:
            asked = assumptions["other_input_price"].range
            given = assumptions["other_output_price"].range
        else:
            asked, given = Range.of(price.input), Range.of(price.output)
        parts.append((take.asked * asked + take.given * given) * (1.0 / _MILLION))
    return Range.sum(parts) * assumptions["paid_share"].range


def _making(kind: str, assumptions: Assumptions) -> tuple[str, ...]:
    wage = assumptions.wage(kind)
    if wage == "judgement":
        return ("usable_share", wage)
    return ("usable_share", "words_per_token", "words_per_minute", wage)


def _made(takes: Sequence[_Take], kind: str, assumptions: Assumptions) -> Range:
    usable = assumptions["usable_share"].range
    wage = assumptions.wage(kind)
    if wage == "judgement":
        return usable * sum(take.exchanges for take in takes) * assumptions[wage].range
    words = Range.sum(take.given for take in takes) * assumptions["words_per_token"].range
    hours = words * assumptions["words_per_minute"].range.inverse() * (1.0 / _MINUTES)
    return usable * hours * assumptions[wage].range


def _usable(takes: Sequence[_Take], assumptions: Assumptions) -> Range:
    return assumptions["usable_share"].range * sum(take.exchanges for take in takes)


def _with(takes: Sequence[_Take], _kind: str, assumptions: Assumptions) -> Range:
    return _usable(takes, assumptions) * assumptions["training_example"].range


def _without(takes: Sequence[_Take], _kind: str, assumptions: Assumptions) -> Range:
    taken = any(take.exchanges for take in takes)
    return assumptions["training_without"].range * (1.0 if taken else 0.0)


def _avoided(takes: Sequence[_Take], kind: str, assumptions: Assumptions) -> Range:
    """Nothing while fewer examples were taken than a distillation was ever shown to need.

    Low asks for the most that are needed of the fewest usable ones, high the other way round.
    """
    needed = assumptions["examples_needed"].range
    without = assumptions["training_without"].range
    spent = _with(takes, kind, assumptions)
    usable = _usable(takes, assumptions)
    return Range(
        max(0.0, without.low - spent.high) if usable.low >= needed.high else 0.0,
        max(0.0, without.likely - spent.likely) if usable.likely >= needed.likely else 0.0,
        max(0.0, without.high - spent.low) if usable.high >= needed.low else 0.0,
    )
