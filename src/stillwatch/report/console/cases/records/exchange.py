"""What pages show of the exchange."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from stillwatch.report.console.cases.records.overview import Page

__all__ = ["ExchangeItem", "ExchangeView", "Publisher"]


@dataclass(frozen=True, slots=True)
class Publisher:
    """A peer and the record of its indicators."""

    publisher: str
    name: str
    state: str
    right: int
    wrong: int
    precision: float
    """Posterior mean in [0, 1]."""
    own: bool
    """Whether this is ourselves."""


@dataclass(frozen=True, slots=True)
class ExchangeItem:
    """An object of the exchange."""

    object_id: str
    direction: str
    """in or out."""
    type: str
    slot: str
    """What it is about: a kind of pseudonym, sketch, profile and so on."""
    publisher: str
    name: str
    """Of the publisher."""
    campaign_id: str
    """Ours, of what we published; else the publisher's name of it, or empty."""
    modified: datetime
    ends: datetime | None
    state: str
    """live, expired, revoked, refused, recalled, held back, waiting or sent."""
    confirmed: int
    false_positive: int
    contested: int
    words: str
    """Rule of a refusal, or what the hub said."""


@dataclass(frozen=True, slots=True)
class ExchangeView:
    """The exchange page."""

    items: Page[ExchangeItem]
    counts: Mapping[str, int]
    """Items by state."""
    publishers: tuple[Publisher, ...]
    """Own record first."""
