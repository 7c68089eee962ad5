"""Which accounts of a log belong to known actors, with a probability and its alternatives.

Each account belongs to one of the known actors or to none.  The operator says what share of all
accounts may belong to any; it is divided among the signatures, so that asking about more of them
makes none easier to match, and an actor may have several.  The expected number of false matches is
the sum of what is missing to certainty over the accounts matched.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from stillwatch.errors import IncompatibleObservationsError
from stillwatch.find.campaigns.detail import spread
from stillwatch.find.signatures.evidence import Traffic, evidence_for
from stillwatch.find.signatures.model import weights

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from stillwatch.find.features.log import Log
    from stillwatch.find.signatures.evidence import Evidence
    from stillwatch.find.signatures.record import Signature

__all__ = ["SHOWN", "Match", "Matches", "match"]

SHOWN = 0.05
"""Probability below which an account is not reported."""
_SAMPLE = 8
_RANGE = 60.0


@dataclass(frozen=True, slots=True)
class Match:
    """One account and one signature."""

    account_id: str | int
    campaign: str
    """Of the signature."""
    probability: float
    """That the account belongs to that actor and to no other."""
    log_ratio: float
    """Nats: the account is the actor's against it is anybody's."""
    known: float
    """That the account belongs to any of the actors: the sum over all signatures."""
    matched: bool
    """Whether ``known`` reaches the threshold and no other signature is more probable."""
    measures: tuple[float, ...]
    """In the order of ``MEASURES``."""
    exchanges: int
    """Exchanges of the account."""
    styled: int
    """Of these, in the campaign's words."""
    first: int
    """First exchange of the account in the campaign's words, else at all; microseconds."""
    last: int
    """Last likewise."""
    sample: tuple[str, ...]
    """Ids of some exchanges in the campaign's words."""


@dataclass(frozen=True, slots=True)
class Matches:
    """What a log says to some signatures."""

    found: tuple[Match, ...]
    """Most probable first; accounts below ``SHOWN`` are left out."""
    accounts: int
    """Accounts that sent something and hold no licence."""
    exchanges: int
    prior: float
    threshold: float
    expected_false: float
    """Expected number of the accounts matched that belong to none of the actors."""


def match(
    log: Log,
    key: str,
    signatures: Sequence[Signature],
    *,
    prior: float = 0.01,
    threshold: float = 0.9,
) -> Matches:
    """Match the accounts of a log with signatures.

    Args:
        log: observations, with the accounts; licensed accounts are left out.
        key: fingerprint of the key of the observations.
        signatures: at least one, all made with that key.
        prior: share of the accounts that belong to any of the actors, as far as one knows.
        threshold: probability of belonging to any of them from which on an account is matched.

    Raises:
        IncompatibleObservationsError: a signature was made with another key.
    """
    for signature in signatures:
        if signature.key != key:
            raise IncompatibleObservationsError(
                f"the signature of {signature.campaign} was made with key {signature.key}, "
                f"the observations with {key}",
                where=signature.campaign,
                todo="observe the exchanges with the key of the signatures; "
                "hashes under two keys never match",
            )
    traffic = Traffic(log, signatures)
    base = np.log(prior / (max(len(signatures), 1) * (1.0 - prior)))
    weighed = [_weighed(traffic, signature, float(base)) for signature in signatures]
    total = np.ones(len(log.accounts))  # odds of everything against nobody known
    first, best = np.zeros(total.size, np.int64), np.zeros(total.size)
    for number, one in enumerate(weighed):
        accounts = one.evidence.accounts
        total[accounts] += one.odds
        better = one.odds > best[accounts]
        first[accounts[better]], best[accounts[better]] = number, one.odds[better]
    found: list[Match] = []
    for number, one in enumerate(weighed):
        accounts = one.evidence.accounts
        for place in np.flatnonzero(one.odds / total[accounts] >= SHOWN).tolist():
            account = int(accounts[place])
            known = 1.0 - 1.0 / float(total[account])
            matched = known >= threshold and bool(first[account] == number)
            found.append(_match(traffic, one, place, float(total[account]), matched=matched))
    found.sort(key=lambda m: (-m.probability, str(m.account_id), m.campaign))
    unlicensed = (traffic.requests > 0) & ~log.accounts.licensed
    return Matches(
        found=tuple(found),
        accounts=int(unlicensed.sum()),
        exchanges=len(log),
        prior=prior,
        threshold=threshold,
        expected_false=float(sum(1.0 - m.known for m in found if m.matched)),
    )


@dataclass(frozen=True, slots=True)
class _Weighed:
    """The accounts that agree with one signature; C accounts."""

    campaign: str
    evidence: Evidence
    ratio: NDArray[np.float64]
    """(C,) log ratio."""
    odds: NDArray[np.float64]
    """(C,) of this actor against none, the prior among them."""


def _weighed(traffic: Traffic, signature: Signature, base: float) -> _Weighed:
    evidence = evidence_for(traffic, signature)
    ratio = np.clip(weights("match").ratio(evidence.measures), -_RANGE, _RANGE)
    ratio[traffic.log.accounts.licensed[evidence.accounts]] = -_RANGE
    return _Weighed(signature.campaign, evidence, ratio, np.exp(ratio + base))


def _match(traffic: Traffic, one: _Weighed, place: int, total: float, *, matched: bool) -> Match:
    """Return what is said of one account; ``total`` are the odds of all that it may be."""
    log, evidence = traffic.log, one.evidence
    account = int(evidence.accounts[place])
    rows = evidence.rows[log.account[evidence.rows] == account]
    own = rows if rows.size else traffic.rows_of(evidence.accounts[place : place + 1])
    picked = spread(rows, _SAMPLE)
    return Match(
        account_id=log.accounts.ids[account].as_py(),
        campaign=one.campaign,
        probability=float(one.odds[place] / total),
        log_ratio=float(one.ratio[place]),
        known=1.0 - 1.0 / total,
        matched=matched,
        measures=tuple(evidence.measures[place].tolist()),
        exchanges=int(traffic.requests[account]),
        styled=int(evidence.styled[place]),
        first=int(log.time[own].min()),
        last=int(log.time[own].max()),
        sample=tuple(log.exchange_id[int(r)].as_py() for r in picked),
    )
