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
    from stillwatch.find.campaigns.structure import Proposer, Structure

__all__ = ["TABLES", "THRESHOLD", "inputs", "odds_of", "weigh"]

WORDS: Mapping[str, float] = {
    "intercept": -1.801,
    "one hand": 1.525,
    "answer length": 4.428,
    "short answers": -0.85,
    "subjects of one's own": -11.966,
    "fewer subjects of one's own than crowds": 0.271,
    "no follow-up": 0.339,
    "repeated texts": -31.851,
    "texts of each other": -6.488,
    "release pivot": 1.153,
    "coverage of one hand": 0.691,
    "identity up to four nats": 0.605,
    "tied covertly": 2.076,
    "further circles": 0.161,
    "tied accounts of one style": 0.725,
    "families and shops": -0.571,
    "places of their own": -1.232,
    "one organisation": -8.52,
    "name an organisation": -3.103,
    "held by most": -0.755,
    "lock step": 0.099,
    "ages alike": 1.251,
    "kinds of evidence": 0.199,
    "log size": -1.685,
    "style of others too": -0.717,
    "exclusive pieces": 1.637,
}
"""Weights of a group proposed by what its accounts write, in log odds a unit of the input."""
VALUES: Mapping[str, float] = {
    "intercept": -0.104,
    "answer length": 3.232,
    "short answers": -2.346,
    "subjects of one's own": -0.471,
    "fewer subjects of one's own than crowds": 0.264,
    "no follow-up": 1.706,
    "repeated texts": -65.817,
    "texts of each other": -3.716,
    "release pivot": 0.216,
    "behaviour of one hand in a style of its own": 1.366,
    "identity beyond four nats": 0.033,
    "address blocks": 0.161,
    "tied accounts of one style": 0.688,
    "families and shops": -0.856,
    "places of their own": -1.692,
    "one organisation": -20.085,
    "one mail domain": -1.984,
    "name an organisation": -20.085,
    "held by most": -2.506,
    "lock step": 0.55,
    "young burst": 0.926,
    "ages alike": 1.129,
    "clients alike": 0.5,
    "kinds of evidence": 0.018,
    "log size": 0.271,
    "fewer than twelve": -0.268,
    "style of others too": -0.151,
    "exclusive pieces": 7.082,
}
"""Weights of a group proposed by the values that its accounts share."""
MANNER: Mapping[str, float] = {
    "intercept": -1.328,
    "one hand": 0.389,
    "answer length": 4.446,
    "short answers": -1.566,
    "subjects of one's own": -11.21,
    "fewer subjects of one's own than crowds": 0.307,
    "no follow-up": 0.779,
    "repeated texts": -21.392,
    "texts of each other": -9.75,
    "coverage of one hand": 2.775,
    "identity up to four nats": 0.671,
    "tied covertly": 5.379,
    "further circles": 0.297,
    "tied accounts of one style": 0.004,
    "families and shops": -1.187,
    "places of their own": -1.917,
    "one organisation": -6.493,
    "name an organisation": -4.803,
    "held by most": -0.896,
    "lock step": 2.816,
    "young burst": 0.108,
    "ages alike": 1.896,
    "kinds of evidence": 0.267,
    "log size": -2.381,
    "style of others too": -0.817,
    "exclusive pieces": 2.709,
}
"""Weights of a group proposed by all that its accounts do."""
TABLES: Mapping[Proposer, Mapping[str, float]] = {
    "words": WORDS,
    "values": VALUES,
    "manner": MANNER,
}
THRESHOLD = 4.0
"""Log odds from which on a group is declared at alpha = 0.05."""
_TIED, _BLOCKS, _PIVOT = 0.3, 3.0, 2.0
"""Share of covert ties, and nats of blocks and of the move to a new model, that say their most."""
_OF_BLOCKS, _OF_PIVOT = 0.7, 0.5
"""How much of a hand blocks and a move show at most."""
_SPREAD = 3.0
"""Networks beyond the first from which on a group is spread over several."""


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
    spread = min(max((built.networks - 1.0) / _SPREAD, 0.0), 1.0)
    length = _known(effect, enough, "answer-length", -1.0, 1.5, 0.0)
    return {
        "intercept": 1.0,
        **_behaviour(nats, effect, enough, built, _hand(nats, built, spread), length),
        **_links(nats, built, size, spread),
        **_make_up(nats, built, size, length),
    }


def _known(
    effect: Mapping[str, float],
    enough: Mapping[str, bool],
    slug: str,
    low: float,
    high: float,
    otherwise: float,
) -> float:
    return min(max(effect[slug], low), high) if enough[slug] else otherwise


def _hand(nats: Mapping[str, float], built: Structure, spread: float) -> float:
    """Return how far something beside the prompts says that one hand holds the accounts, 0 to 1.

    One tool writes for all who use it, from one cloud; a class opens its accounts together and
    meets.  Neither shares cards covertly, or blocks in several networks, or moves to a new model
    at once.
    """
    tied = min(built.tied / _TIED, 1.0)
    blocks = _OF_BLOCKS * min(nats["address-blocks"] / _BLOCKS, 1.0) * spread
    pivot = _OF_PIVOT * min(max(nats["release-pivot"], 0.0) / _PIVOT, 1.0)
    return 1.0 - (1.0 - tied) * (1.0 - blocks) * (1.0 - pivot)


def _behaviour(
    nats: Mapping[str, float],
    effect: Mapping[str, float],
    enough: Mapping[str, bool],
    built: Structure,
    hand: float,
    length: float,
) -> dict[str, float]:
    """Return what the accounts ask and get: much of it a tool would do too, so beside a hand."""
    subjects = _known(effect, enough, "exchangeability", -0.02, 0.4, 0.05)
    alone = _known(effect, enough, "no-follow-up", 0.0, 1.0, 0.8) - 0.5
    behaviour = min(max(2.0 * alone + length - 4.0 * (subjects - 0.05), 0.0), 2.0)
    return {
        "one hand": hand,
        "answer length": min(max(length, 0.0), 0.4),
        "answer length of one hand": max(length, 0.0) * hand,
        "short answers": max(0.0, -length - 0.1),
        "subjects of one's own": subjects,
        "fewer subjects of one's own than crowds": nats["exchangeability"],
        "no follow-up": alone,
        "no follow-up beyond crowds": nats["no-follow-up"],
        "repeated texts": _known(effect, enough, "job-queue", 0.0, 0.3, 0.0),
        "texts of each other": min(built.repeated, 0.5),
        "release pivot": min(1.5, nats["release-pivot"]),
        "coverage of one hand": _known(effect, enough, "capability-coverage", -3.0, 3.0, 0.0)
        * hand,
        "behaviour of one hand in a style of its own": behaviour * min(built.purity, 0.6) * hand,
    }


def _links(
    nats: Mapping[str, float], built: Structure, size: int, spread: float
) -> dict[str, float]:
    """Return what ties the accounts, covertly or as customers, families and firms are tied."""
    identity = _identity(nats)
    own = min(1.0, built.purity / 0.15)
    return {
        "identity up to four nats": min(identity, 4.0),
        "identity beyond four nats": min(max(0.0, identity - 4.0), 12.0),
        # the blocks of one network are those of one cloud or town
        "address blocks": min(8.0, nats["address-blocks"]) * spread,
        "tied covertly": built.tied,
        "further circles": float(min(max(built.circles - 1, 0), 6)),
        "tied accounts of one style": own
        * min(float(np.log(max(1.0, size * built.tied / 3.0))), 2.0),
        "families and shops": built.family,
        "places of their own": built.private,
        "one organisation": built.organised,
        "one mail domain": built.domain,
        "name an organisation": built.names,
        "held by most": built.seats if size >= 8 else 0.0,
    }


def _make_up(
    nats: Mapping[str, float], built: Structure, size: int, length: float
) -> dict[str, float]:
    """Return how alike the accounts are, how many, and how many kinds of evidence speak."""
    rounds, ages = _together(built, nats)
    clients = min(max(built.clients, 0.0), 2.0)
    kinds = (
        _identity(nats) > 1.0,
        nats["address-blocks"] > 1.0,
        rounds > 1.0,
        length > 0.4,
        max(nats["young-burst"], nats["release-pivot"]) > 1.0,
        ages > 0.6,
        clients > 0.6,
    )
    return {
        "lock step": rounds,
        "young burst": min(3.0, nats["young-burst"]),
        "ages alike": ages,
        "clients alike": clients,
        "kinds of evidence": float(sum(kinds)),
        # a small group is no better evidence than one of a dozen
        "log size": max(0.0, float(np.log(max(size, 1))) - 2.5),
        "fewer than twelve": max(0.0, float(np.log(12.0 / max(size, 1)))),
        "style of others too": max(0.0, 0.2 - built.purity) / 0.2,
        "style of its own": min(built.purity, 0.8),
        "exclusive pieces": built.exclusive,
    }


def _identity(nats: Mapping[str, float]) -> float:
    return sum(
        max(0.0, nats[slug])
        for slug in ("payment-links", "phone-links", "device-links", "mail-patterns")
    )


def _together(built: Structure, nats: Mapping[str, float]) -> tuple[float, float]:
    """Return what rounds and ages alike count.

    A class opens its accounts together and meets; so both count as far as ties or shared
    blocks stand beside them.
    """
    beside = max(built.tied / _TIED, nats["address-blocks"] / _BLOCKS)
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
    weights = TABLES[built.by]
    found = inputs(nats, effect, enough, built, size)
    return sum(weight * found[name] for name, weight in weights.items())


def weigh(judged: Judged) -> float:
    """Return the log odds that the group is a campaign."""
    return odds_of(
        judged.log_e, judged.effect, judged.enough, judged.structure, judged.members.size
    )
