"""Who approves what, as a table and as code; nothing is applied that this does not permit.

G-1 what is not above observing needs nothing · G-2 a policy that is enforced is signed by two
people · G-3 a policy ends · G-4 a kill switch stops a measure at once · G-5 a limit or a
verification has a ground · G-6 withholding, capping and marking are for members of a declared
campaign · G-7 a refusal is approved by a person, two above the policy's bound, unless the policy
names the campaign · G-8 a refusal never rests on a peer's word alone · G-9 holding, decoys and
perturbation are approved by two people, expire, and are capped · G-10 decoys and perturbation are
for members of a declared campaign alone · G-11 and never where safety-relevant content is asked
for, or nobody can say · G-12 only named analysts sign · G-13 every measure has an end, within the
policy's bound · G-14 no measure reaches more of the traffic or of the accounts than it may · G-15
perturbation is off, and nothing is a decoy without a decoy model, unless the policy says so
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from stillwatch.records import FAMILIES
from stillwatch.stop.interface import Mode, Reason, Rung

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from stillwatch.stop.interface import Decision
    from stillwatch.stop.responses.measures import Measure, MeasuresInForce
    from stillwatch.stop.responses.policy import Policy

__all__ = [
    "TABLE",
    "Automatic",
    "Case",
    "Governance",
    "Permission",
    "Row",
    "case_of",
    "check_measure",
    "lowered",
    "people_needed",
]

_LOCAL = frozenset(FAMILIES) - {"intelligence"}
_TWO = 2


class Automatic(StrEnum):
    """When a measure may be applied without a person."""

    ALWAYS = "always"
    """On a ground."""
    MEMBER = "member"
    """For members of a declared campaign."""
    NAMED = "named"
    """For members of a campaign that the policy names for it."""
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table."""

    automatic: Automatic
    people: int
    """Who have to approve it where it is not automatic."""
    member: bool = False
    """Whether it is for members of a declared campaign alone."""
    not_for_safety: bool = False
    """Whether it is never applied where safety-relevant content is asked for."""
    local: bool = False
    """Whether it needs a finding of our own."""


_SOFT = Row(Automatic.ALWAYS, 1)
_SHAPING = Row(Automatic.MEMBER, _TWO)
_DECEIVING = Row(Automatic.NEVER, _TWO, member=True, not_for_safety=True)

TABLE: Mapping[Rung, Row] = MappingProxyType(
    {
        Rung.OBSERVE: Row(Automatic.ALWAYS, 0),
        Rung.LIMIT: _SOFT,
        Rung.VERIFY: _SOFT,
        Rung.WITHHOLD: _SHAPING,
        Rung.CAP: _SHAPING,
        Rung.MARK: _SHAPING,
        Rung.HOLD: Row(Automatic.NEVER, _TWO),
        Rung.DECOY: _DECEIVING,
        Rung.PERTURB: _DECEIVING,
        Rung.REFUSE: Row(Automatic.NAMED, 1, local=True),
    }
)
"""What may be automatic and who approves."""


@dataclass(frozen=True, slots=True)
class Case:
    """What governance looks at."""

    campaign: str = ""
    """Declared campaign of which the account is a member, at or above the policy's threshold."""
    grounds: frozenset[str] = frozenset()
    """Families of the findings, and ``usage`` for the account's own use."""
    safety: bool | None = None
    """Whether safety-relevant content is asked for; None where nobody can say."""
    accounts: int = 1
    """Accounts concerned."""


@dataclass(frozen=True, slots=True)
class Permission:
    """Whether a measure may be applied."""

    permitted: bool
    automatic: bool = False
    """Whether no person is needed."""
    rule: str = ""
    """Rule that forbids it."""
    why: str = ""
    """In words for an operator."""


class Governance:
    """The table, applied under one policy and the measures in force.

    Args:
        policy: as read and signed.
        measures: in force.
    """

    def __init__(self, policy: Policy, measures: MeasuresInForce) -> None:
        self.policy = policy
        self.measures = measures

    def permit(self, rung: Rung, case: Case, approvals: Collection[str], now: int) -> Permission:
        """Say whether a measure may be applied.

        In shadow mode nothing is applied, and it is said what an enforced policy would permit.

        Args:
            rung: the measure.
            case: account, campaign and findings.
            approvals: people who have approved it, for as long as that holds.
            now: microseconds since 1970.
        """
        if rung is Rung.OBSERVE:  # G-1
            return Permission(permitted=True, automatic=True)
        forbidden = self._stopped(rung, now) or _forbidden(rung, case, self.policy)
        if forbidden:
            return forbidden
        if _automatic(rung, case, self.policy):
            return Permission(permitted=True, automatic=True)
        needed = _needed(rung, case.accounts, self.policy)
        if len(set(approvals)) >= needed:
            return Permission(permitted=True)
        rule = {Automatic.MEMBER: "G-6", Automatic.NAMED: "G-7"}.get(TABLE[rung].automatic, "G-9")
        return _no(rule, f"{len(set(approvals))} of {needed} people have approved it")

    def bound(self, decision: Decision, now: int) -> Decision:
        """Return a decision, with the measure lowered to one that is permitted.

        Args:
            decision: of the core.
            now: microseconds since 1970.
        """
        if decision.would is Rung.OBSERVE:
            return decision
        measure = self.measures.by_id.get(decision.measure_id)
        case = case_of(decision, measure)
        approved = measure is not None and _covers(measure, decision, now)
        people = measure.people if measure is not None and approved else ()
        first = self.permit(decision.would, case, people, now)
        if first.permitted:
            return decision
        terms = self.policy.terms
        milder = {Rung.LIMIT, Rung.OBSERVE} | ({terms.member_rung} if case.campaign else set())
        for rung in sorted(milder, reverse=True):
            if rung < decision.would and self.permit(rung, case, (), now).permitted:
                return lowered(decision, rung, "not-permitted", first.rule)
        return lowered(decision, Rung.OBSERVE, "not-permitted", first.rule)

    def _stopped(self, rung: Rung, now: int) -> Permission | None:
        """Return why nothing of a kind is applied now, None where it may be."""
        policy = self.policy
        if policy.terms.mode is Mode.ENFORCE and len(set(policy.signed_by)) < _TWO:
            return _no("G-2", "two people have to sign the policy")
        if policy.until and now >= policy.until:
            return _no("G-3", "the policy has ended")
        if rung in self.measures.killed:
            return _no("G-4", "its kill switch is pulled")
        return None


def case_of(decision: Decision, measure: Measure | None = None) -> Case:
    """Return what governance looks at in a decision, and in the measure that it rests on."""
    grounds = {reason.ground for reason in decision.reasons}
    if measure is not None:
        grounds |= set(measure.grounds)
    return Case(
        campaign=decision.campaign,
        grounds=frozenset(grounds & {*FAMILIES, "usage"}),
        safety=decision.request.safety,
        accounts=1 if measure is None else measure.accounts,
    )


def lowered(decision: Decision, rung: Rung, code: str, subject: str) -> Decision:
    """Return a decision of a milder measure, with the reason for that."""
    reason = Reason(code, "usage" if code == "cap-reached" else "", subject, float(decision.would))
    return replace(
        decision,
        would=rung,
        rung=min(decision.rung, rung),
        reasons=(*decision.reasons, reason),
        measure_id=decision.measure_id if rung else "",
    )


def people_needed(measure: Measure, policy: Policy) -> int:
    """Return how many analysts have to approve a measure."""
    return _needed(measure.rung, measure.accounts, policy)


def check_measure(measure: Measure, policy: Policy) -> str:
    """Return why nobody may approve a measure, empty where they may.

    What depends on the request that it is applied to is checked then.
    """
    row, rule = TABLE[measure.rung], policy.rules[measure.rung]
    if not measure.proposed < measure.expires <= measure.proposed + rule.longest * 1_000_000:
        return f"G-13: it has to end within {rule.longest // 3600} hours"
    if row.local and not set(measure.grounds) & _LOCAL:
        return "G-8: it needs a finding of our own, of another family than a peer's word"
    if not measure.grounds:
        return "G-5: there is no ground for it"
    if row.member and not measure.campaign:
        return "G-10: it is for members of a declared campaign alone"
    wider = (
        measure.most_of_traffic > rule.most_of_traffic
        or measure.most_of_accounts > rule.most_of_accounts
    )
    if wider:
        return "G-14: it may reach more than the policy allows"
    off = _switched_off(measure.rung, policy)
    return f"G-15: {off}" if off else ""


def _no(rule: str, why: str) -> Permission:
    return Permission(permitted=False, rule=rule, why=why)


def _forbidden(rung: Rung, case: Case, policy: Policy) -> Permission | None:
    """Return why a measure fits no case like this, whoever approved it; None where it may."""
    row = TABLE[rung]
    if not case.grounds:
        return _no("G-5", "there is no ground for it")
    if row.local and not case.grounds & _LOCAL:
        return _no("G-8", "it needs a finding of our own, of another family than a peer's word")
    if row.member and not case.campaign:
        return _no("G-10", "the account is not a member of a declared campaign")
    if row.not_for_safety and case.safety is not False:
        return _no("G-11", "safety-relevant content is asked for, or nobody can say")
    off = _switched_off(rung, policy)
    return _no("G-15", off) if off else None


def _automatic(rung: Rung, case: Case, policy: Policy) -> bool:
    row = TABLE[rung]
    if row.automatic is Automatic.ALWAYS:
        return True
    if row.automatic is Automatic.MEMBER:
        return bool(case.campaign)
    if row.automatic is Automatic.NAMED:
        return policy.terms.campaign_rungs.get(case.campaign) is rung
    return False


def _needed(rung: Rung, accounts: int, policy: Policy) -> int:
    if rung is Rung.REFUSE and accounts > policy.two_above:
        return _TWO
    return TABLE[rung].people


def _switched_off(rung: Rung, policy: Policy) -> str:
    if rung is Rung.DECOY and not policy.shaping.decoy_model:
        return "the policy names no decoy model"
    if rung is Rung.PERTURB and not policy.shaping.perturbation:
        return "the policy does not turn perturbation on"
    return ""


def _covers(measure: Measure, decision: Decision, now: int) -> bool:
    """Say whether a measure is on this account, as strong as decided, and has not expired."""
    on = (
        measure.account == decision.request.account
        if measure.account
        else measure.campaign == decision.campaign
    )
    return on and decision.would <= measure.rung and now < measure.expires
