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
    "intercept": -2.312,
    "one hand": 1.583,
    "answer length": 5.606,
    "short answers": -0.587,
    "subjects of one's own": -12.847,
    "fewer subjects of one's own than crowds": 0.345,
    "no follow-up": 0.27,
    "repeated texts": -31.025,
    "texts of each other": -6.129,
    "release pivot": 1.201,
    "identity up to four nats": 0.272,
    "identity beyond four nats": 0.005,
    "address blocks": 0.036,
    "tied covertly": 1.901,
    "further circles": 0.35,
    "tied accounts of one style": 0.618,
    "families and shops": -0.785,
    "places of their own": -1.778,
    "one organisation": -7.212,
    "name an organisation": -2.748,
    "held by most": 0.189,
    "lock step": 0.312,
    "ages alike": 1.166,
    "kinds of evidence": 0.136,
    "log size": -1.457,
    "style of others too": -1.048,
    "exclusive pieces": 1.541,
}
"""Weights of a group proposed by what its accounts write, in log odds a unit of the input."""
VALUES: Mapping[str, float] = {
    "intercept": -2.737,
    "answer length": 0.131,
    "answer length of one hand": 2.012,
    "short answers": -2.106,
    "subjects of one's own": -1.573,
    "fewer subjects of one's own than crowds": 0.284,
    "no follow-up": 1.587,
    "repeated texts": -60.256,
    "texts of each other": -6.012,
    "release pivot": 0.123,
    "coverage of one hand": 1.006,
    "behaviour of one hand in a style of its own": 2.7,
    "identity beyond four nats": 0.001,
    "address blocks": 0.186,
    "tied covertly": 1.444,
    "tied accounts of one style": 0.653,
    "families and shops": -1.168,
    "places of their own": -2.502,
    "one organisation": -21.325,
    "one mail domain": -1.101,
    "name an organisation": -21.325,
    "held by most": 0.256,
    "lock step": 0.72,
    "young burst": 0.992,
    "ages alike": 0.926,
    "clients alike": 0.34,
    "kinds of evidence": 0.039,
    "log size": 0.517,
    "exclusive pieces": 6.687,
}
"""Weights of a group proposed by the values that its accounts share."""
MANNER: Mapping[str, float] = {
    "intercept": -1.822,
    "one hand": 1.442,
    "answer length": 5.8,
    "short answers": -1.099,
    "subjects of one's own": -12.594,
    "fewer subjects of one's own than crowds": 0.321,
    "no follow-up": 0.878,
    "repeated texts": -15.909,
    "texts of each other": -6.97,
    "release pivot": 0.025,
    "coverage of one hand": 1.349,
    "behaviour of one hand in a style of its own": 0.202,
    "identity up to four nats": 0.342,
    "tied covertly": 1.954,
    "further circles": 0.533,
    "tied accounts of one style": 0.222,
    "families and shops": -1.109,
    "places of their own": -1.93,
    "one organisation": -6.295,
    "name an organisation": -4.673,
    "held by most": -0.144,
    "lock step": 1.345,
    "young burst": 0.119,
    "ages alike": 1.394,
    "kinds of evidence": 0.115,
    "log size": -2.126,
    "style of others too": -0.566,
    "exclusive pieces": 2.653,
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
    return {
        "intercept": 1.0,
        **_behaviour(nats, effect, enough, built, _hand(nats, built, spread)),
        **_links(nats, built, size, spread),
        **_make_up(nats, effect, enough, built, size),
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
) -> dict[str, float]:
    """Return what the accounts ask and get: much of it a tool would do too, so beside a hand."""
    length = _known(effect, enough, "answer-length", -1.0, 1.5, 0.0)
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
    nats: Mapping[str, float],
    effect: Mapping[str, float],
    enough: Mapping[str, bool],
    built: Structure,
    size: int,
) -> dict[str, float]:
    """Return how alike the accounts are, how many, and how many kinds of evidence speak."""
    rounds, ages = _together(built, nats)
    clients = min(max(built.clients, 0.0), 2.0)
    kinds = (
        _identity(nats) > 1.0,
        nats["address-blocks"] > 1.0,
        rounds > 1.0,
        _known(effect, enough, "answer-length", -1.0, 1.5, 0.0) > 0.4,
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
    weights = TABLES[built.by]
    found = inputs(nats, effect, enough, built, size)
    return sum(weight * found[name] for name, weight in weights.items())


def weigh(judged: Judged) -> float:
    """Return the log odds that the group is a campaign."""
    return odds_of(
        judged.log_e, judged.effect, judged.enough, judged.structure, judged.members.size
    )
