"""What an operator lets stillwatch do, as one frozen record.

The file it is read from is described in docs/reference/policy.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from stillwatch.stop.interface import FailMode, Mode, Rung
from stillwatch.stop.serving.terms import Terms

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["DEFAULT", "Links", "Lost", "MeasureRule", "Policy", "Shaping"]


class Lost(StrEnum):
    """What a decision needs and cannot have."""

    BUCKETS = "buckets"
    """The buckets that replicas share."""
    KNOWLEDGE = "knowledge"
    """Verdicts and indicators."""
    CORE = "core"
    """The decision core: it is overloaded or has failed."""


_OPEN: Mapping[Lost, FailMode] = MappingProxyType(dict.fromkeys(Lost, FailMode.OPEN))


@dataclass(frozen=True, slots=True)
class MeasureRule:
    """Bounds on one measure."""

    most_of_traffic: float = 0.05
    """Share of the last hour's requests that it may be applied to."""
    most_of_accounts: float = 0.02
    """Share of the last hour's accounts that it may be applied to."""
    longest: int = 30 * 86_400
    """Seconds that a measure of this kind may be in force."""
    fail: Mapping[Lost, FailMode] = field(default_factory=lambda: _OPEN)
    """What happens to a request where the measure cannot be decided."""


@dataclass(frozen=True, slots=True)
class Shaping:
    """What measures that change a request or its answer do."""

    max_tokens: int = 1024
    """Tokens of an answer under CAP."""
    reasoning: str = "summary"
    """What is asked for in place of a reasoning trace: ``summary`` or ``none``."""
    opt_outs: tuple[str, ...] = ()
    """Fields of a request, dots between, by which a client declines a watermark."""
    hold: int = 2048
    """Bytes of text that are held and checked at once under HOLD."""
    hold_phrases: tuple[str, ...] = ()
    """What must not go out under HOLD: literal text, whatever its case."""
    decoy_model: str = ""
    """Model that answers under DECOY; without one, nothing is sent to a decoy."""
    perturbation: bool = False
    """Whether PERTURB is to be had at all."""
    watermark_keys: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Id of the watermark key by campaign; a campaign without one is marked under its own id."""


@dataclass(frozen=True, slots=True)
class Links:
    """Where an account holder is sent; empty where there is no such page."""

    appeal: str = ""
    """Where a decision is contested."""
    terms: str = ""
    """The terms that a measure rests on."""
    reasons: str = ""
    """What each reason means: its fixed word is added as a fragment."""
    verification: str = ""
    """Where an account is verified."""


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy as it was read, and as far as it was signed.

    The mode that counts is that of ``terms``: ENFORCE only where two people have signed.
    """

    digest: str
    """SHA-256 of its canonical JSON, 64 hex digits."""
    asked: Mode
    """Mode that the file asks for."""
    terms: Terms
    """What the decision core needs of it."""
    until: int
    """Microseconds since 1970 when it ends; 0 for no end."""
    links: Links
    rules: Mapping[Rung, MeasureRule]
    """Bounds of every measure above OBSERVE."""
    shaping: Shaping
    two_above: int
    """Accounts of a campaign from which on a refusal needs two people."""
    signed_by: tuple[str, ...] = ()
    """People whose signatures were verified."""
    document: bytes = b""
    """Its canonical JSON, which people sign."""

    def fail(self, lost: Lost, rung: Rung | None = None) -> FailMode:
        """Return what happens to a request when something is away.

        Args:
            lost: what is away.
            rung: the measure that cannot be decided; None where nobody can say which it would
                have been, and then the strictest measure counts.
        """
        if self.terms.mode is Mode.SHADOW or rung is Rung.OBSERVE:
            return FailMode.OPEN
        if rung is not None:
            return self.rules[rung].fail[lost]
        closed = any(rule.fail[lost] is FailMode.CLOSED for rule in self.rules.values())
        return FailMode.CLOSED if closed else FailMode.OPEN


_LIMIT = MeasureRule(most_of_traffic=0.25, most_of_accounts=0.1)
_STRICT = MeasureRule(most_of_traffic=0.01, most_of_accounts=0.005, longest=14 * 86_400)

DEFAULT = Policy(
    digest="",
    asked=Mode.SHADOW,
    terms=Terms(),
    until=0,
    links=Links(),
    rules=MappingProxyType(
        {Rung.LIMIT: _LIMIT}
        | {rung: MeasureRule() for rung in Rung if Rung.VERIFY <= rung < Rung.HOLD}
        | {rung: _STRICT for rung in Rung if rung >= Rung.HOLD}
    ),
    shaping=Shaping(),
    two_above=25,
)
"""The policy of a file that says nothing but its version: shadow mode."""
