"""How far a peer is believed: its record of precision, and what age leaves of its word.

A publisher's precision is the mean of a Beta posterior over its judged indicators.  The prior,
Beta(4, 1), says that a member starts as one of whose indicators four in five are right; it weighs
as much as five judged ones.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stillwatch.share.objects import belief, kind_of, seconds

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from stillwatch.share.objects import Indicator, Sighting

__all__ = ["PRIOR", "Judged", "Record", "judged", "precision_of", "weight_of"]

PRIOR = (4.0, 1.0)
"""Right and wrong indicators that a member is taken to have before any was judged."""
_DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Judged:
    """What members say of one indicator, each its newest word; the author's does not count."""

    confirmed: int
    false_positive: int
    contested: int

    @property
    def wrong(self) -> bool:
        """Whether more members call it false than confirm it."""
        return self.false_positive > self.confirmed

    @property
    def right(self) -> bool:
        """Whether a member confirms it and no more call it false."""
        return self.confirmed > 0 and not self.wrong


@dataclass(frozen=True, slots=True)
class Record:
    """A publisher's record."""

    right: int
    """Indicators that members confirmed."""
    wrong: int
    """Indicators that more members called false."""

    @property
    def precision(self) -> float:
        """Posterior mean.

        >>> round(Record(0, 0).precision, 2), round(Record(1, 5).precision, 2)
        (0.8, 0.45)
        """
        a, b = PRIOR
        return (a + self.right) / (a + b + self.right + self.wrong)


def judged(sightings: Iterable[Sighting], authors: Mapping[str, str]) -> dict[str, Judged]:
    """Return what members say, by indicator.

    Args:
        sightings: those that stand.
        authors: author by indicator.
    """
    words: dict[str, dict[str, Sighting]] = defaultdict(dict)
    for item in sorted(sightings, key=lambda item: seconds(item.modified)):
        if authors.get(item.sighting_of_ref) != item.created_by_ref:
            words[item.sighting_of_ref][item.created_by_ref] = item
    found = {}
    for number, by_member in words.items():
        said = [item.fields.outcome for item in by_member.values()]
        found[number] = Judged(
            said.count("confirmed"), said.count("false-positive"), said.count("contested")
        )
    return found


def precision_of(judgements: Mapping[str, Judged], authors: Mapping[str, str]) -> dict[str, Record]:
    """Return the record of every author that has one."""
    right: dict[str, int] = defaultdict(int)
    wrong: dict[str, int] = defaultdict(int)
    for number, word in judgements.items():
        author = authors.get(number)
        if author is not None:
            right[author] += word.right
            wrong[author] += word.wrong
    return {author: Record(right[author], wrong[author]) for author in right}


def weight_of(
    item: Indicator, records: Mapping[str, Record], word: Judged | None, *, now: float
) -> float:
    """Return how far an indicator is believed, from 0 to 1.

    The author's confidence, halved by age, times the author's precision; nothing while more members
    call the indicator false than confirm it.

    Args:
        item: the indicator.
        records: by author.
        word: what members say of this one.
        now: seconds since 1970.
    """
    if word is not None and word.wrong:
        return 0.0
    age = (now - seconds(item.fields.last_seen)) / _DAY
    record = records.get(item.created_by_ref, Record(0, 0))
    return belief(item.confidence, kind_of(item.content), age) * record.precision
