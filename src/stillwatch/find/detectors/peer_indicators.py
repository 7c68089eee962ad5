"""Accounts that peers' indicators recognise as one declared campaign's.

Each account has a log likelihood ratio of being the actor's, from pseudonyms, sketches and network
indicators that matched by now, weighed by the peer's record.  A group is compared as a mixture:
half of the actor's accounts are recognised, the others are half as likely not to be as anyone.
What peers say is bounded, so that a peer that lies or errs cannot make a campaign.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from stillwatch.find.detectors.interface import Measurement
from stillwatch.find.features.peers import RECOGNISED, recognised

if TYPE_CHECKING:
    from stillwatch.find.features.groups import Groups
    from stillwatch.find.features.view import View

__all__ = ["PeerIndicators"]

_LEAST = 2
"""Recognised accounts below which nothing is said: one may have bought a stolen card."""
_UNKNOWN = float(np.log(0.5))
"""Nats of an account of the actor's that no indicator recognises."""


class PeerIndicators:
    """Accounts that peers' indicators recognise as one declared campaign's."""

    slug = "peer-indicators"
    family = "intelligence"
    reads = frozenset({"actor"})
    cheap = False
    sees = "accounts that indicators of one campaign, declared by a peer, recognise"
    innocent = (
        "people who hold a value that a peer shared by mistake, or who use words that an actor "
        "copied from them; few of a crowd do, and the peer's record weighs its word"
    )
    source = "a mixture of recognised and unrecognised members; DESIGN section 4, intelligence"

    def measure(self, groups: Groups, view: View) -> Measurement:
        """Measure the log likelihood ratio of the actor that fits each group best."""
        size = len(groups)
        stat, effect = np.zeros(size), np.zeros(size)
        support, enough = np.zeros(size, np.int64), np.zeros(size, np.bool_)
        known = recognised(view)
        for group in range(size if known.size else 0):
            accounts = groups.accounts_of(group)
            nats = np.zeros((known.shape[0], accounts.size))
            held = accounts < known.shape[1]
            nats[:, held] = known[:, accounts[held]]
            nats[nats == 0.0] = _UNKNOWN
            ratio = np.log1p(np.expm1(nats) / 2.0).sum(axis=1)
            best = int(np.argmax(ratio))
            matched = int((nats[best] >= RECOGNISED).sum())
            if matched < _LEAST:
                continue
            stat[group], support[group] = ratio[best], matched
            effect[group], enough[group] = matched / accounts.size, True
        return Measurement(stat, effect, support, enough)

    def explain(self, effect: float, support: int) -> str:
        """Return one sentence that a person can check."""
        return (
            f"indicators of one campaign that a peer declared recognise {support} of the accounts, "
            f"{effect:.0%} of all"
        )
