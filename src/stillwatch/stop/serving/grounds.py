"""From what is known and found to the measure that it supports, and no further (DESIGN section 7).

Each ground carries the most that may be done on it alone; the strictest of them counts.  The caps
stand here and not in the policy, so that no policy goes beyond them:

1. A limit of the account's own use leads to LIMIT or VERIFY.
2. Peers' word leads to VERIFY at most, and to no more than the author's licence.
3. A declared campaign's membership leads to MARK at most; to REFUSE where the policy names the
   campaign and evidence of a family other than intelligence was found here.
4. An account below the campaign's threshold, or in a campaign that a person must decide, leads to
   LIMIT at most.
5. HOLD, DECOY and PERTURB come from a measure in force alone; DECOY and PERTURB for members only.
6. A measure in force refuses nobody of whom peers' word is all that is known.
7. What rests on a scan ends when the scan is older than the policy lets measures last.
8. A licensed account is held to its tier's allowance alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stillwatch.stop.interface import Reason, Rung

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from stillwatch.stop.interface import Charged
    from stillwatch.stop.serving.indicators import Heard
    from stillwatch.stop.serving.knowledge import KnownAccount
    from stillwatch.stop.serving.terms import InForce, Terms, Tier

__all__ = ["Ground", "Settled", "is_member", "known_grounds", "settle", "usage_grounds"]


@dataclass(frozen=True, slots=True)
class Ground:
    """A reason, and what may be done on it."""

    reason: Reason
    rung: Rung
    expires: int = 0
    """Microseconds since 1970; 0 where it is about this request alone."""
    lifted_by: str = ""


@dataclass(frozen=True, slots=True)
class Settled:
    """What all grounds together support."""

    rung: Rung
    reasons: tuple[Reason, ...]
    """The strictest ground's first."""
    measure_id: str
    expires: int
    lifted_by: str


def is_member(known: KnownAccount, terms: Terms, *, current: bool) -> bool:
    """Whether an account counts as a campaign's member.

    Args:
        known: the account.
        terms: the policy.
        current: the scan is not older than measures last.
    """
    campaign = known.campaign
    if campaign is None or campaign.review_only or known.licensed or not current:  # 4, 7, 8
        return False
    return known.probability >= terms.member


def known_grounds(
    known: KnownAccount, heard: Iterable[Heard], terms: Terms, expires: int, now: int
) -> list[Ground]:
    """Return the grounds of what is known of an account and heard of it and its request.

    Args:
        known: the account.
        heard: of the request.
        terms: the policy.
        expires: when what the scan says ends, microseconds since 1970.
        now: likewise.
    """
    grounds = []
    current = expires > now
    campaign = known.campaign
    if campaign is not None and current and not known.licensed:
        name, size = campaign.campaign_id, known.probability
        if is_member(known, terms, current=current):
            family = min(campaign.families, default="content")
            reason = Reason("member-of-campaign", family, name, size)
            rung = _member_rung(terms, name, local=bool(campaign.families))
            grounds.append(Ground(reason, rung, expires, "appeal"))
        else:
            reason = Reason("under-review", "content", name, size)
            grounds.append(Ground(reason, min(terms.grey_rung, Rung.LIMIT), expires, "appeal"))  # 4
    if known.decoy:
        reason = Reason("decoy-used", "intelligence", "", 1.0)
        grounds.append(Ground(reason, min(terms.decoy_rung, Rung.VERIFY), 0, "appeal"))
    said = [*heard, known.heard] if known.heard else list(heard)
    if said and not known.licensed:
        grounds += _peer_grounds([one for one in said if not one.own], terms)
        grounds += [
            Ground(
                Reason("provenance-mark", "intelligence", one.name, one.nats),
                min(terms.mark_rung, Rung.VERIFY),
                0,
                "appeal",
            )
            for one in said
            if one.own
        ]
    return grounds


def usage_grounds(
    kinds: Sequence[str], charged: Sequence[Charged], tier: Tier, *, unread: bool
) -> list[Ground]:
    """Return the grounds of what this request asks for.

    Args:
        kinds: of the buckets.
        charged: what each said.
        tier: the account's.
        unread: its body could not be read.
    """
    grounds = []
    for kind, one in zip(kinds, charged, strict=False):
        if one.allowed:
            continue
        wait = one.retry_after / 1e6
        if kind == "account":
            beyond = min(max(tier.beyond, Rung.LIMIT), Rung.VERIFY)  # 1
            lifted = "verification" if beyond is Rung.VERIFY else "time"
            grounds.append(
                Ground(Reason("over-limit", "usage", tier.name, wait), beyond, 0, lifted)
            )
        else:
            reason = Reason("over-shared-limit", "usage", kind, wait)
            grounds.append(Ground(reason, Rung.LIMIT, 0, "time"))
    if unread:
        grounds.append(Ground(Reason("unreadable", "usage", "", 0.0), Rung.OBSERVE))
    return grounds


def settle(grounds: list[Ground], measure: InForce | None, *, member: bool) -> Settled:
    """Return what all grounds and a measure in force come to.

    Args:
        grounds: in any order.
        measure: the strongest on the account, or on the campaign that it is a member of.
        member: see :func:`is_member`.
    """
    grounds = sorted(grounds, key=lambda ground: -ground.rung)
    rung = grounds[0].rung if grounds else Rung.OBSERVE
    expires, lifted = (grounds[0].expires, grounds[0].lifted_by) if grounds else (0, "")
    reasons = tuple(ground.reason for ground in grounds)
    if measure is None:
        return Settled(rung, reasons, "", expires, lifted)
    most = measure.rung
    if most in (Rung.DECOY, Rung.PERTURB) and not member:  # 5
        most = Rung.VERIFY
    codes = {reason.code for reason in reasons}
    if most is Rung.REFUSE and codes and codes <= {"peer-indicator"}:  # 6
        most = Rung.VERIFY
    placed = Reason("approved-measure", "usage", measure.measure_id, float(most))
    if most < measure.rung:
        reasons = (*reasons, Reason("not-permitted", "usage", measure.measure_id, measure.rung))
    if most >= rung:
        return Settled(
            most, (placed, *reasons), measure.measure_id, measure.expires, measure.lifted_by
        )
    return Settled(rung, (*reasons, placed), measure.measure_id, expires, lifted)


def _member_rung(terms: Terms, campaign: str, *, local: bool) -> Rung:
    named = terms.campaign_rungs.get(campaign)
    if named is Rung.REFUSE:
        return Rung.REFUSE if local else Rung.VERIFY  # 3
    return min(terms.member_rung if named is None else named, Rung.MARK)  # 3, 5


def _peer_grounds(heard: Sequence[Heard], terms: Terms) -> list[Ground]:
    """Return a ground for each actor of whom enough was said; a sort of evidence counts once.

    A client and a network that one campaign used are one sort, and its words in several indicators
    another: each alone is what an innocent can share with it.
    """
    by_actor: dict[str, dict[str, Heard]] = {}
    for one in heard:
        held = by_actor.setdefault(one.actor, {})
        if one.sort not in held or held[one.sort].nats < one.nats:
            held[one.sort] = one
    grounds = []
    for said in by_actor.values():
        nats = sum(one.nats for one in said.values())
        if nats < terms.peer_nats:
            continue
        strongest = max(said.values(), key=lambda one: one.nats)
        # as far as the indicators that would be enough by themselves are licensed
        licence = _licensed(list(said.values()), terms.peer_nats)
        reason = Reason("peer-indicator", "intelligence", strongest.name, nats)
        rung = min(terms.peer_rung, licence, Rung.VERIFY)  # 2
        grounds.append(Ground(reason, rung, 0, "appeal"))
    return grounds


def _licensed(said: list[Heard], enough: float) -> Rung:
    """Return the strictest rung that indicators of enough weight are licensed for."""
    for rung in (Rung.VERIFY, Rung.LIMIT):
        if sum(one.nats for one in said if one.most >= rung) >= enough:
            return rung
    return Rung.OBSERVE
