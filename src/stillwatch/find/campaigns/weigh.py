"""One number for a judged group: the log odds that it is a campaign and not a crowd.

Summing nats over detectors treats a class that opens its accounts together like a campaign
that does, and lets weak agreement of many families go unheard.  So the detectors' bounded
statistics and the group's structure are weighed by a logistic model whose signs are fixed by
what each means and whose sizes were fitted on simulated worlds of two generators that share no
code, every campaign and every cohort of every world counting alike (docs/decisions/0008).

A group proposed by what its accounts write and one proposed by the cards, phones and machines
that they share are different questions: what made the group is no evidence for it.  Each has
weights of its own.  What the model cannot excuse are the rules of ``judge``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stillwatch.find.campaigns.judge import Judged
    from stillwatch.find.campaigns.structure import Structure

__all__ = ["THRESHOLD", "VALUES", "WORDS", "inputs", "odds_of", "weigh"]

WORDS: Mapping[str, float] = {
    "intercept": -4.587,
    "identity up to four nats": 0.317,
    "address blocks": 0.475,
    "lock step": 0.655,
    "answer length": 1.266,
    "answer length beyond crowds": 1.477,
    "subjects of one's own": -9.277,
    "fewer subjects of one's own than crowds": 0.502,
    "no follow-up": 0.26,
    "no follow-up beyond crowds": 0.478,
    "log size": -0.745,
    "repeated texts": -34.013,
    "shared values in one place": -9.67,
    "tied covertly": 5.538,
    "further circles": 0.494,
    "release pivot": 1.027,
    "coverage": 1.856,
    "style of others too": -1.243,
    "behaviour in a style of its own": 0.384,
    "exclusive pieces": 1.358,
    "tied accounts of one style": 0.36,
    "ages alike": 1.37,
    "clients alike": 0.31,
}
"""Weights of a group proposed by what its accounts write, in log odds a unit of the input."""
VALUES: Mapping[str, float] = {
    "intercept": -2.374,
    "identity up to four nats": 0.042,
    "identity beyond four nats": 0.017,
    "lock step": 0.032,
    "young burst": 0.43,
    "answer length": 0.703,
    "answer length beyond crowds": 0.168,
    "subjects of one's own": -2.271,
    "fewer subjects of one's own than crowds": 0.144,
    "no follow-up": 2.165,
    "log size": 0.252,
    "repeated texts": -24.369,
    "shared values in one place": -10.313,
    "tied covertly": 3.19,
    "release pivot": 0.114,
    "style of others too": -0.464,
    "style of its own": 1.174,
    "behaviour in a style of its own": 0.752,
    "exclusive pieces": 1.338,
    "tied accounts of one style": 0.79,
    "ages alike": 0.94,
    "clients alike": 0.68,
}
"""Weights of a group proposed by the values that its accounts share."""
THRESHOLD = 3.3
"""Log odds from which on a group is declared at alpha = 0.05."""


def inputs(
    nats: Mapping[str, float],
    effect: Mapping[str, float],
    enough: Mapping[str, bool],
    built: Structure,
    size: int,
) -> dict[str, float]:
    """Return the model's inputs, each bounded.

    Args:
        nats: bounded log e-values by detector.
        effect: effects by detector.
        enough: which detectors had enough data.
        built: how the group is built.
        size: its members.
    """

    def known(slug: str, low: float, high: float, otherwise: float) -> float:
        return min(max(effect[slug], low), high) if enough[slug] else otherwise

    identity = sum(
        max(0.0, nats[slug])
        for slug in ("payment-links", "phone-links", "device-links", "mail-patterns")
    )
    length = known("answer-length", -1.0, 1.5, 0.0)
    subjects = known("exchangeability", -0.02, 0.4, 0.05)
    alone = known("no-follow-up", 0.0, 1.0, 0.8) - 0.5
    own = min(1.0, built.purity / 0.15)
    rounds, ages = _together(built, nats)
    behaviour = min(max(2.0 * alone + length - 4.0 * (subjects - 0.05), 0.0), 2.0)
    return {
        "intercept": 1.0,
        "identity up to four nats": min(identity, 4.0),
        "identity beyond four nats": min(max(0.0, identity - 4.0), 12.0),
        "address blocks": min(8.0, nats["address-blocks"]),
        "lock step": rounds,
        "young burst": min(3.0, nats["young-burst"]),
        "answer length": length,
        "answer length beyond crowds": nats["answer-length"],
        "subjects of one's own": subjects,
        "fewer subjects of one's own than crowds": nats["exchangeability"],
        "no follow-up": alone,
        "no follow-up beyond crowds": nats["no-follow-up"],
        # a small group is no better evidence than one of a dozen
        "log size": max(0.0, float(np.log(max(size, 1))) - 2.5),
        "repeated texts": known("job-queue", 0.0, 0.3, 0.0),
        "shared values in one place": built.placed,
        "tied covertly": built.tied,
        "further circles": float(min(max(built.circles - 1, 0), 6)),
        "release pivot": min(3.0, nats["release-pivot"]),
        "coverage": known("capability-coverage", -3.0, 3.0, 0.0),
        "style of others too": max(0.0, 0.2 - built.purity) / 0.2,
        "style of its own": min(built.purity, 0.8),
        "behaviour in a style of its own": behaviour * min(built.purity, 0.6),
        "exclusive pieces": built.exclusive,
        "tied accounts of one style": own
        * min(float(np.log(max(1.0, size * built.tied / 3.0))), 2.0),
        "ages alike": ages,
        "clients alike": min(max(built.clients, 0.0), 2.0),
    }


def _together(built: Structure, nats: Mapping[str, float]) -> tuple[float, float]:
    """Return what rounds and ages alike count.

    A class opens its accounts together and meets; so both count as far as ties or shared
    blocks stand beside them.
    """
    beside = max(built.tied / 0.3, nats["address-blocks"] / 3.0)
    beside = min(max(beside, 0.0), 1.0)
    ages = min(max(built.ages, -1.0), 2.0)
    rounds = min(6.0, nats["lock-step"]) * max(beside, 1.0 - min(max(ages, 0.0), 1.0))
    return rounds, ages * beside if ages > 0 else ages


def odds_of(
    nats: Mapping[str, float],
    effect: Mapping[str, float],
    enough: Mapping[str, bool],
    built: Structure,
    size: int,
) -> float:
    """Return the log odds that such a group is a campaign; see :func:`inputs`."""
    weights = VALUES if built.pooled else WORDS
    found = inputs(nats, effect, enough, built, size)
    return sum(weight * found[name] for name, weight in weights.items())


def weigh(judged: Judged) -> float:
    """Return the log odds that the group is a campaign."""
    return odds_of(
        judged.log_e, judged.effect, judged.enough, judged.structure, judged.members.size
    )
