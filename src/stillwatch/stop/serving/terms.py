"""What the decision core needs of a policy: tiers, rates, weights, thresholds, rungs.

``stop.responses`` reads the policy file and makes these of it; the defaults are those of a policy
that says nothing.  The numbers are explained in docs/explanation/limits-by-value.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from stillwatch.stop.interface import Mode, Rung

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "DAY",
    "NO_MEASURES",
    "Allowance",
    "InForce",
    "Measures",
    "Terms",
    "Tier",
    "Weights",
    "a_day",
]

DAY = 86_400
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a bucket holds and how fast it is refilled."""

    rate: int
    """Thousandths of a unit a second, at least 1."""
    burst: int
    """Thousandths of a unit, at least 1."""


def a_day(units: float, burst: float) -> Allowance:
    """Return an allowance of so many units a day.

    Args:
        units: units a day.
        burst: units at once.

    >>> a_day(864, 100)
    Allowance(rate=10, burst=100000)
    """
    return Allowance(max(1, round(units * 1000 / DAY)), max(1, round(burst * 1000)))


_GROUP = a_day(300, 150)
_SEGMENT = a_day(600, 150)
_NETWORK = a_day(3_000, 1_000)


@dataclass(frozen=True, slots=True)
class Tier:
    """What an account may ask for, and what happens beyond it."""

    name: str
    """Such as ``verified``."""
    allowance: Allowance
    """Of the account's own bucket."""
    beyond: Rung = Rung.LIMIT
    """LIMIT, or VERIFY where a higher tier can be reached by verification."""


@dataclass(frozen=True, slots=True)
class Weights:
    """What a request is worth to somebody who trains on the answer; all in thousandths.

    A unit is a thousand tokens of a long new answer to a new question that nobody asks in concert.
    """

    usual_output: int = 400
    """Tokens expected of an account without history."""
    history: int = 4
    """Answers that the expectation above counts for, against the account's own."""
    echo: int = 125
    """Least share of the answer that counts as new, however long the prompt was: an answer as
    long as its prompt (a translation) teaches little."""
    length: int = 400
    """New tokens at which a token is worth half of what it is in a long answer (not thousandths):
    short answers hold facts, long ones hold how to get there."""
    reasoning: int = 2000
    """Added where a reasoning trace is asked for."""
    structured: int = 500
    """Added where an answer to a schema is asked for."""
    known: int = 60
    """Worth of a prompt of which nothing is new, against one that is all new."""
    shared: int = 8000
    """Added for each doubling of unrelated holders of the rare segments that a prompt is made
    of, beyond the second."""
    doublings: int = 6
    """Doublings that count at most (not thousandths)."""
    popular: int = 100
    """Share of the holders seen lately from which on a segment is nobody's in particular."""
    least: int = 5
    """Least cost of a request."""
    cleared: int = 100
    """Probability up to which a scan's verdict clears an account: what it shares with others is
    not charged, and does not make it one of a crowd."""


@dataclass(frozen=True, slots=True)
class InForce:
    """A measure that governance permits, as ``stop.responses`` keeps it."""

    measure_id: str
    rung: Rung
    expires: int
    """Microseconds since 1970."""
    lifted_by: str
    """``time``, ``verification``, ``appeal`` or empty."""


class Measures(Protocol):
    """Measures in force: an immutable snapshot, swapped by one assignment."""

    def on(self, account: str, campaign: str, now: int) -> InForce | None:
        """Return the strongest measure on an account or, as its member, on a campaign.

        Args:
            account: id.
            campaign: id, or empty.
            now: microseconds since 1970; what has expired is in force no more.
        """


class _NoMeasures:
    def on(self, account: str, campaign: str, now: int) -> None:
        """Return None: nothing is in force."""


NO_MEASURES: Measures = _NoMeasures()
"""No measure on anybody."""


@dataclass(frozen=True, slots=True)
class Terms:
    """A policy as the core sees it."""

    digest: str = ""
    """Of the policy."""
    mode: Mode = Mode.SHADOW
    tiers: tuple[Tier, ...] = (
        Tier("unverified", a_day(300, 150), Rung.VERIFY),
        Tier("verified", a_day(3_000, 1_000)),
        Tier("organization", a_day(30_000, 10_000)),
        Tier("licensed", a_day(3_000_000, 1_000_000)),
    )
    """Lowest first."""
    levels: Mapping[str, str] = field(
        default_factory=lambda: MappingProxyType(
            {
                "phone": "verified",
                "card": "verified",
                "id": "verified",
                "identity": "verified",
                "business": "organization",
            }
        )
    )
    """Tier by verification level of the account table; other levels get the lowest."""
    licensed: str = "licensed"
    """Tier of licensed accounts."""
    weights: Weights = field(default_factory=Weights)
    campaign: Allowance = _GROUP
    """Of a declared campaign, all of its members together."""
    segment: Allowance = _SEGMENT
    """Of all accounts that share a rare segment of text."""
    network: Allowance = _NETWORK
    """Of a network block (IPv4 /24, IPv6 /48), what is asked for in shared segments alone."""
    unread: int = 1_000
    """Cost of a request whose body cannot be read, thousandths of a unit."""
    member: float = 0.9
    """Probability from which on an account counts as a campaign's member; below it is grey."""
    member_rung: Rung = Rung.LIMIT
    """Of members of a declared campaign, MARK at most."""
    campaign_rungs: Mapping[str, Rung] = field(default_factory=lambda: MappingProxyType({}))
    """The same by campaign id, where the policy names it; REFUSE is permitted here alone."""
    grey_rung: Rung = Rung.OBSERVE
    """Of accounts that a person is to look at first, LIMIT at most."""
    peer_nats: float = 6.0
    """What peers' indicators must say of an account or a request, nats."""
    peer_rung: Rung = Rung.LIMIT
    """Of what peers' indicators say, VERIFY at most."""
    decoy_rung: Rung = Rung.VERIFY
    """Where a decoy key or account is used, VERIFY at most."""
    mark_rung: Rung = Rung.LIMIT
    """Where a prompt holds a provenance mark of ours, VERIFY at most."""
    lasts: int = 7 * DAY
    """Seconds after the scan that an automatic measure ends, unless a later scan says it again."""

    def tier_of(self, verification: str, *, licensed: bool) -> Tier:
        """Return the tier of an account.

        >>> Terms().tier_of("identity", licensed=False).name
        'verified'
        """
        name = self.licensed if licensed else self.levels.get(verification, self.tiers[0].name)
        return next((tier for tier in self.tiers if tier.name == name), self.tiers[0])
