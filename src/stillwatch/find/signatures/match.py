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
from stillwatch.find.signatures.evidence import Traffic, evidence_for
from stillwatch.find.signatures.model import weights

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stillwatch.find.features.log import Log
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
    found = []
    total = np.ones(len(log.accounts))  # odds of everything against nobody known
    for signature in signatures:
        evidence = evidence_for(traffic, signature)
        ratio = np.clip(weights("match").ratio(evidence.measures), -_RANGE, _RANGE)
        ratio[log.accounts.licensed[evidence.accounts]] = -_RANGE
        total[evidence.accounts] += np.exp(ratio + base)
        found.append((signature, evidence, ratio))
    known = 1.0 - 1.0 / total
    first, best = np.zeros(total.size, np.int64), np.full(total.size, -np.inf)
    for number, (_, evidence, ratio) in enumerate(found):
        better = ratio > best[evidence.accounts]
        first[evidence.accounts[better]] = number
        best[evidence.accounts[better]] = ratio[better]
    matches: list[Match] = []
    for number, (signature, evidence, ratio) in enumerate(found):
        probability = np.exp(ratio + base) / total[evidence.accounts]
        for place in np.flatnonzero(probability >= SHOWN).tolist():
            account = int(evidence.accounts[place])
            rows = evidence.rows[log.account[evidence.rows] == account]
            own = rows if rows.size else traffic.rows_of(evidence.accounts[place : place + 1])
            picked = rows[np.linspace(0, rows.size - 1, min(_SAMPLE, rows.size)).astype(np.int64)]
            matches.append(
                Match(
                    account_id=log.accounts.ids[account].as_py(),
                    campaign=signature.campaign,
                    probability=float(probability[place]),
                    log_ratio=float(ratio[place]),
                    known=float(known[account]),
                    matched=bool(known[account] >= threshold and first[account] == number),
                    measures=tuple(evidence.measures[place].tolist()),
                    exchanges=int(traffic.requests[account]),
                    styled=int(evidence.styled[place]),
                    first=int(log.time[own].min()),
                    last=int(log.time[own].max()),
                    sample=tuple(log.exchange_id[int(r)].as_py() for r in picked),
                )
            )
    matches.sort(key=lambda m: (-m.probability, str(m.account_id), m.campaign))
    unlicensed = (traffic.requests > 0) & ~log.accounts.licensed
    return Matches(
        found=tuple(matches),
        accounts=int(unlicensed.sum()),
        exchanges=len(log),
        prior=prior,
        threshold=threshold,
        expected_false=float(sum(1.0 - m.known for m in matches if m.matched)),
    )
