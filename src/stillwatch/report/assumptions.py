"""The settings of the damage: prices, wages and costs as ranges, each with its source."""

from __future__ import annotations

import fnmatch
import math
import tomllib
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any, NamedTuple

from stillwatch.errors import ConfigurationError, SourceNotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

__all__ = ["REQUIRED", "Assumption", "Assumptions", "Price", "Range", "Source", "read_assumptions"]

REQUIRED: Mapping[str, str] = {
    "other_input_price": "USD per million tokens",
    "other_output_price": "USD per million tokens",
    "paid_share": "share",
    "input_tokens_unknown": "tokens",
    "output_tokens_unknown": "tokens",
    "usable_share": "share",
    "words_per_token": "words",
    "words_per_minute": "words per minute",
    "wage_general": "USD per hour",
    "wage_expert": "USD per hour",
    "judgement": "USD per example",
    "training_example": "USD per example",
    "examples_needed": "examples",
    "training_without": "USD",
}
"""Every assumption that a settings file must state, with its unit in the file that ships."""
_DIVISORS = frozenset({"words_per_minute", "examples_needed"})
_SHARES = frozenset({"paid_share", "usable_share"})
_LARGEST = 1e15
_LONGEST = 500
_BIGGEST = 1_000_000


class Range(NamedTuple):
    """A figure as low, likely and high, in that order.

    >>> Range(1, 2, 3) * Range(1, 1, 2) + Range.of(1)
    Range(low=2, likely=3, high=7)
    """

    low: float
    likely: float
    high: float

    @classmethod
    def of(cls, value: float) -> Range:
        """Return a figure without doubt."""
        return cls(value, value, value)

    @classmethod
    def sum(cls, parts: Iterable[Range]) -> Range:
        """Return the sum, low with low and high with high."""
        total = cls(0.0, 0.0, 0.0)
        for part in parts:
            total += part
        return total

    def inverse(self) -> Range:
        """Return one over it; low and high change places."""
        return Range(1.0 / self.high, 1.0 / self.likely, 1.0 / self.low)

    def __add__(self, other: object) -> Range:
        if not isinstance(other, Range):
            return NotImplemented
        return Range(self.low + other.low, self.likely + other.likely, self.high + other.high)

    def __mul__(self, other: object) -> Range:
        if isinstance(other, Range):
            return Range(self.low * other.low, self.likely * other.likely, self.high * other.high)
        if isinstance(other, int | float):
            return Range(self.low * other, self.likely * other, self.high * other)
        return NotImplemented


@dataclass(frozen=True, slots=True)
class Source:
    """Where an assumption was read."""

    title: str
    """Of the document."""
    address: str
    """Without the scheme."""
    date: str
    """Of the document, or when it was read."""


@dataclass(frozen=True, slots=True)
class Assumption:
    """One stated range."""

    key: str
    """Name in the settings file."""
    says: str
    """What it is, in words."""
    range: Range
    """Low, likely and high."""
    unit: str
    """Of the three."""
    sources: tuple[str, ...]
    """Keys of its sources; empty for an assumption of this project."""
    note: str = ""
    """How the range follows from the sources."""


@dataclass(frozen=True, slots=True)
class Price:
    """List price of some models."""

    models: tuple[str, ...]
    """Patterns of names, ``*`` for anything."""
    input: float
    """Per million request tokens."""
    output: float
    """Per million answer tokens."""
    sources: tuple[str, ...]
    """Keys of its sources."""


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What damage is reckoned with."""

    currency: str
    """Of all money."""
    prices: tuple[Price, ...]
    """In the order of the file; the first that fits counts."""
    stated: Mapping[str, Assumption]
    """By key."""
    wages: Mapping[str, str]
    """Which assumption holds the wage of a kind of harvest."""
    sources: Mapping[str, Source]
    """By key."""

    def __getitem__(self, key: str) -> Assumption:
        """Return one assumption."""
        return self.stated[key]

    def price(self, model: str) -> Price | None:
        """Return the list price of a model, or None where no pattern fits."""
        name = model.lower()
        for price in self.prices:
            if any(fnmatch.fnmatchcase(name, pattern.lower()) for pattern in price.models):
                return price
        return None

    def wage(self, kind: str) -> str:
        """Return the key of the assumption that holds what making such data costs."""
        return self.wages.get(kind, "wage_general")


def read_assumptions(path: Path | None = None) -> Assumptions:
    """Read the settings of the damage.

    Args:
        path: the operator's file; None is the one that ships.

    Raises:
        SourceNotFoundError: the file cannot be read.
        ConfigurationError: it is not such a file; the message names the entry.
    """
    if path is None:
        text = resources.files("stillwatch.report").joinpath("damage.toml").read_text("utf-8")
        return _read(text, "damage.toml of the package")
    try:
        with path.open("rb") as file:
            data = file.read(_BIGGEST + 1)
    except OSError as error:
        raise SourceNotFoundError(
            f"no settings of the damage: {error.strerror or error}",
            where=str(path),
            todo="name a TOML file with --damage, or leave the option out",
        ) from error
    if len(data) > _BIGGEST:
        raise _bad("file", "larger than a megabyte", str(path))
    try:
        return _read(data.decode("utf-8"), str(path))
    except UnicodeDecodeError as error:
        raise _bad("file", "not UTF-8", str(path)) from error


def _read(text: str, where: str) -> Assumptions:
    try:
        table = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise _bad("file", f"not TOML: {error}", where) from error
    if table.get("version") != 1:
        raise _bad("version", "must be 1", where)
    sources = {
        key: Source(
            title=_text(entry, "title", f"sources.{key}", where),
            address=_text(entry, "address", f"sources.{key}", where),
            date=_text(entry, "date", f"sources.{key}", where),
        )
        for key, entry in _tables(table, "sources", where).items()
    }
    stated = {
        key: _assumption(key, entry, sources, where)
        for key, entry in _tables(table, "assumptions", where).items()
    }
    for key in REQUIRED:
        if key not in stated:
            raise _bad(f"assumptions.{key}", "missing", where)
    wages = table.get("wage", {})
    if not isinstance(wages, dict):
        raise _bad("wage", "not a table", where)
    for kind, key in wages.items():
        if not isinstance(key, str) or key not in stated:
            raise _bad(f"wage.{kind}", "names no assumption", where)
    prices = table.get("price", [])
    if not isinstance(prices, list):
        raise _bad("price", "not an array of tables", where)
    return Assumptions(
        currency=_text(table, "currency", "currency", where),
        prices=tuple(_price(i, entry, sources, where) for i, entry in enumerate(prices, 1)),
        stated=stated,
        wages=wages,
        sources=sources,
    )


def _assumption(
    key: str, entry: Mapping[str, Any], sources: Mapping[str, Source], where: str
) -> Assumption:
    place = f"assumptions.{key}"
    values = Range(*(_number(entry, name, place, where) for name in ("low", "likely", "high")))
    if not values.low <= values.likely <= values.high:
        raise _bad(place, "low, likely and high are not in order", where)
    if key in _DIVISORS and values.low <= 0:
        raise _bad(place, "must be more than 0", where)
    if key in _SHARES and values.high > 1:
        raise _bad(place, "a share is at most 1", where)
    return Assumption(
        key=key,
        says=_text(entry, "says", place, where),
        range=values,
        unit=_text(entry, "unit", place, where),
        sources=_sources(entry, sources, place, where),
        note=_text(entry, "note", place, where) if "note" in entry else "",
    )


def _price(number: int, entry: object, sources: Mapping[str, Source], where: str) -> Price:
    place = f"price {number}"
    if not isinstance(entry, dict):
        raise _bad(place, "not a table", where)
    models = entry.get("models")
    if not isinstance(models, list) or not models or not all(isinstance(m, str) for m in models):
        raise _bad(place, "models must be a list of names", where)
    return Price(
        models=tuple(models),
        input=_number(entry, "input", place, where),
        output=_number(entry, "output", place, where),
        sources=_sources(entry, sources, place, where),
    )


def _tables(table: Mapping[str, Any], name: str, where: str) -> Mapping[str, Mapping[str, Any]]:
    found = table.get(name, {})
    if not isinstance(found, dict) or not all(isinstance(e, dict) for e in found.values()):
        raise _bad(name, "not a table of tables", where)
    return found


def _sources(
    entry: Mapping[str, Any], known: Mapping[str, Source], place: str, where: str
) -> tuple[str, ...]:
    named = entry.get("sources")
    if not isinstance(named, list):
        raise _bad(place, "sources must be a list, empty where there is none", where)
    for key in named:
        if not isinstance(key, str) or key not in known:
            raise _bad(place, f"unknown source {key!r}", where)
    return tuple(named)


def _number(entry: Mapping[str, Any], name: str, place: str, where: str) -> float:
    value = entry.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _bad(place, f"{name} is not a number", where)
    if not math.isfinite(value) or not 0 <= value <= _LARGEST:
        raise _bad(place, f"{name} is not between 0 and {_LARGEST:g}", where)
    return float(value)


def _text(entry: Mapping[str, Any], name: str, place: str, where: str) -> str:
    value = entry.get(name)
    if not isinstance(value, str) or not value.strip() or len(value) > _LONGEST:
        raise _bad(place, f"{name} is not a text of 1 to {_LONGEST} characters", where)
    return value


def _bad(place: str, what: str, where: str) -> ConfigurationError:
    return ConfigurationError(
        f"settings of the damage, {place}: {what}",
        where=where,
        todo="compare with report/damage.toml of the package; docs/how-to/state-the-damage.md",
    )
