"""One number for a judged group: the log odds that it is a campaign and not a crowd.

Summing nats over detectors treats a class that opens its accounts together like a campaign
that does, and lets weak agreement of many families go unheard.  So the detectors' bounded
statistics are weighed by a logistic model whose signs are fixed by what each means and whose
sizes were fitted on simulated worlds, every campaign and every cohort of every world counting
alike (docs/decisions/0007).  What the model cannot excuse are the rules of ``judge``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stillwatch.find.campaigns.judge import Judged

__all__ = ["INTERCEPT", "THRESHOLD", "WEIGHTS", "inputs", "weigh"]

WEIGHTS: Mapping[str, float] = {
    "identity up to four nats": 0.42,
    "identity beyond four nats": 0.09,
    "address blocks": 0.12,
    "creation clump": 0.12,
    "young burst": 0.18,
    "lock step": 0.21,
    "shift hours": 0.1,
    "answer length": 0.58,
    "subjects of one's own": -8.44,
    "no follow-up": 2.2,
    "common onset": 0.59,
    "named holder": -3.35,
    "log size": -0.17,
}
"""Weight of each input, in log odds a unit of the input."""
INTERCEPT = -1.05
THRESHOLD = 1.6
"""Log odds from which on a group is declared at alpha = 0.05."""


def inputs(judged: Judged) -> dict[str, float]:
    """Return the model's inputs, each bounded, in the order of ``WEIGHTS``."""
    nats, effect, enough = judged.log_e, judged.effect, judged.enough

    def known(slug: str, low: float, high: float, otherwise: float) -> float:
        return min(max(effect[slug], low), high) if enough[slug] else otherwise

    identity = min(
        16.0,
        sum(
            max(0.0, nats[slug])
            for slug in ("payment-links", "phone-links", "device-links", "mail-patterns")
        ),
    )
    return {
        "identity up to four nats": min(identity, 4.0),
        "identity beyond four nats": max(0.0, identity - 4.0),
        "address blocks": min(8.0, nats["address-blocks"]),
        "creation clump": min(6.0, nats["creation-clump"]),
        "young burst": min(3.0, nats["young-burst"]),
        "lock step": min(6.0, nats["lock-step"]),
        "shift hours": min(6.0, nats["shift-hours"]),
        "answer length": known("answer-length", -1.0, 1.5, 0.0),
        "subjects of one's own": known("exchangeability", -0.02, 0.4, 0.04),
        "no follow-up": known("no-follow-up", 0.0, 1.0, 0.8) - 0.5,
        "common onset": known("common-onset", -0.5, 2.0, 0.0),
        "named holder": judged.declared,
        "log size": float(np.log(max(judged.members.size, 1))) - 2.5,
    }


def weigh(judged: Judged) -> float:
    """Return the log odds that the group is a campaign."""
    return INTERCEPT + sum(WEIGHTS[name] * value for name, value in inputs(judged).items())
