"""Measures that people have approved, and a snapshot of those in force.

A measure is a statement in an envelope that analysts sign; a gateway believes the signatures and
not the database that it came from.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
from msgspec import Meta

from stillwatch.errors import RefusedError
from stillwatch.ledger import canonical
from stillwatch.stop.interface import Rung
from stillwatch.stop.responses.canaries import CanarySet
from stillwatch.stop.responses.governance import check_measure, people_needed
from stillwatch.stop.responses.people import opened
from stillwatch.stop.responses.policy import DEFAULT
from stillwatch.stop.serving.terms import InForce

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from stillwatch.stop.responses.people import Analysts
    from stillwatch.stop.responses.policy import Policy

__all__ = ["EVERYTHING", "MEASURE", "NOTHING_IN_FORCE", "Measure", "MeasuresInForce"]

MEASURE = "application/vnd.stillwatch.measure+json"
"""Media type of a measure's statement."""
EVERYTHING = "everything"
"""Scope of the kill switch that stops every measure."""

_Id = Annotated[str, Meta(min_length=1, max_length=256)]
_Time = Annotated[int, Meta(ge=0, lt=1 << 53)]
_Share = Annotated[float, Meta(ge=0, le=1)]
_Family = Literal["content", "rhythm", "infrastructure", "identity", "lifecycle", "intelligence"]
_Word = Literal["limit", "verify", "withhold", "cap", "mark", "hold", "decoy", "perturb", "refuse"]


class _Statement(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    measure_id: Annotated[str, Meta(pattern=r"^m-[0-9a-f]{16}\Z")]
    rung: _Word
    campaign: Annotated[str, Meta(max_length=256)] = ""
    account: Annotated[str, Meta(max_length=1024)] = ""
    proposed: _Time
    expires: _Time
    why: Annotated[str, Meta(min_length=1, max_length=2000)]
    grounds: Annotated[list[_Family], Meta(max_length=6)]
    accounts: Annotated[int, Meta(ge=1, lt=1 << 40)]
    most_of_traffic: _Share
    most_of_accounts: _Share


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure, as proposed."""

    measure_id: str
    """``m-`` and 16 hex digits."""
    rung: Rung
    campaign: str
    """On all members of a campaign; empty where it is on an account."""
    account: str
    """On one account; empty where it is on a campaign."""
    proposed: int
    """Microseconds since 1970; likewise below."""
    expires: int
    why: str
    """In the analyst's words; it is never shown to an account holder."""
    grounds: tuple[str, ...]
    """Families of the findings that it rests on."""
    accounts: int
    """Accounts concerned, when it was proposed."""
    most_of_traffic: float
    """Share of the last hour's requests that it may be applied to."""
    most_of_accounts: float
    """Share of the last hour's accounts that it may be applied to."""
    people: tuple[str, ...] = ()
    """Analysts who have signed it."""

    def statement(self) -> bytes:
        """Return what is signed: canonical JSON."""
        values = {name: getattr(self, name) for name in _Statement.__struct_fields__}
        return canonical(values | {"rung": self.rung.name.lower(), "grounds": list(self.grounds)})

    @classmethod
    def read(cls, envelope: bytes, analysts: Analysts) -> Measure:
        """Return the measure in an envelope, with the analysts whose signatures verify.

        Raises:
            RefusedError: L-18 it is no envelope of a measure; G-13 the statement is not one.
        """
        held = opened(envelope, MEASURE, analysts)
        try:
            said = msgspec.json.decode(held.payload, type=_Statement)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise RefusedError("G-13", f"a measure cannot be read: {error}") from error
        if bool(said.campaign) == bool(said.account):  # G-13
            raise RefusedError(
                "G-13", "a measure is on a campaign or on an account", where=said.measure_id
            )
        values = {name: getattr(said, name) for name in said.__struct_fields__}
        values |= {"rung": Rung[said.rung.upper()], "grounds": tuple(said.grounds)}
        return cls(**values, people=analysts.people(held.signers))


class _Canaries(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    set_id: _Id
    campaign: _Id
    slots: dict[str, list[str]]
    key: Annotated[bytes, Meta(min_length=32, max_length=32)]


class _Snapshot(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: _Time
    killed: list[str]
    measures: list[bytes]
    decoys: list[str] = []
    canaries: list[_Canaries] = []


class MeasuresInForce:
    """An immutable snapshot; see ``stillwatch.stop.serving.Measures``.

    Args:
        measures: that may be in force; those that governance does not permit are left out.
        policy: whose bounds count.
        killed: scopes of kill switches that are pulled: `EVERYTHING`, a rung's name, a measure id.
        version: number of the last action that it reflects.
        decoys: accounts whose use is a finding.
        canaries: sets of equivalent variants, one a campaign.
    """

    def __init__(
        self,
        measures: Iterable[Measure],
        policy: Policy,
        *,
        killed: Iterable[str] = (),
        version: int = 0,
        decoys: Iterable[str] = (),
        canaries: Iterable[CanarySet] = (),
    ) -> None:
        scopes = frozenset(killed)
        self.decoys = frozenset(decoys)
        """Accounts that exist only for their credential to be taken."""
        self.canaries: Mapping[str, CanarySet] = MappingProxyType(
            {one.campaign: one for one in canaries}
        )
        """Sets of equivalent variants by campaign."""
        self.version = version
        """Number of the last action that it reflects."""
        self.killed = frozenset(
            rung for rung in Rung if rung and scopes & {EVERYTHING, rung.name.lower()}
        )
        """Measures that are switched off."""
        self.waiting: dict[str, str] = {}
        """Why a measure is not in force, by its id."""
        held: dict[str, Measure] = {}
        for measure in measures:
            why = check_measure(measure, policy)
            if measure.measure_id in scopes or measure.rung in self.killed:
                why = "the kill switch is pulled"
            if not why and len(measure.people) < people_needed(measure, policy):
                why = f"{len(measure.people)} of {people_needed(measure, policy)} have approved it"
            if why:
                self.waiting[measure.measure_id] = why
            else:
                held[measure.measure_id] = measure
        self.by_id: Mapping[str, Measure] = MappingProxyType(held)
        """Measures in force, unless they have expired."""
        self._on = _by_subject(held.values())

    @classmethod
    def read(cls, raw: bytes, analysts: Analysts, policy: Policy) -> MeasuresInForce:
        """Return what ``snapshot_of`` wrote, believing signatures alone.

        Raises:
            RefusedError: G-13 it is no snapshot. A measure in it that cannot be read is left out.
        """
        try:
            found = msgspec.json.decode(raw, type=_Snapshot)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise RefusedError("G-13", f"a snapshot of measures cannot be read: {error}") from error
        measures: list[Measure] = []
        broken: dict[str, str] = {}
        for envelope in found.measures:
            try:
                measures.append(Measure.read(envelope, analysts))
            except RefusedError as error:
                broken[f"unreadable-{len(broken)}"] = str(error)
        made = cls(
            measures,
            policy,
            killed=found.killed,
            version=found.version,
            decoys=found.decoys,
            canaries=[_made(one) for one in found.canaries if all(one.slots.values())],
        )
        made.waiting |= broken
        return made

    def on(self, account: str, campaign: str, now: int) -> InForce | None:
        """Return the strongest measure on an account or, as its member, on a campaign."""
        found = self._on.get((account, ""), ()) + (
            self._on.get(("", campaign), ()) if campaign else ()
        )
        alive = [measure for measure in found if measure.proposed <= now < measure.expires]
        if not alive:
            return None
        strongest = max(alive, key=lambda measure: (measure.rung, measure.expires))
        return InForce(strongest.measure_id, strongest.rung, strongest.expires, "appeal")


def _made(given: _Canaries) -> CanarySet:
    slots = {name: tuple(variants) for name, variants in given.slots.items()}
    return CanarySet(given.set_id, given.campaign, slots, given.key)


def _by_subject(
    measures: Iterable[Measure],
) -> dict[tuple[str, str], tuple[Measure, ...]]:
    """Return measures by (account, campaign)."""
    found: dict[tuple[str, str], tuple[Measure, ...]] = {}
    for measure in measures:
        key = (measure.account, measure.campaign)
        found[key] = (*found.get(key, ()), measure)
    return found


NOTHING_IN_FORCE = MeasuresInForce((), DEFAULT)
"""No measure."""
