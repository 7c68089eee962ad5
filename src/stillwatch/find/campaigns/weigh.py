"""One number for a judged group: the log odds that it is a campaign and not a crowd.

Summing nats over detectors treats a class that opens its accounts together like a campaign
that does, and lets weak agreement of many families go unheard.  So the detectors' bounded
statistics and the group's structure are weighed together, by boosted trees (Friedman, Annals of
Statistics 2001) in which no input may speak against what it means: more of what speaks for a
campaign never lowers the odds.  They were learned on worlds of nine generators that share no
code, every campaign and every cohort of every world counting nearly alike
(docs/decisions/0011); ``bench/weights.py`` writes them to ``weights.json`` beside this file.

A group proposed by what its accounts write and one proposed by the cards, phones and machines
that they share are different questions, so what proposed it is an input.  What the weights
cannot excuse are the rules of ``judge``.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, NamedTuple

import numba as nb
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from stillwatch.find.campaigns.judge import Judged
    from stillwatch.find.campaigns.structure import Structure

__all__ = [
    "SIGNS",
    "THRESHOLD",
    "Trees",
    "inputs",
    "kinds_of",
    "learned",
    "odds_of",
    "total_of",
    "weigh",
    "weights_digest",
]

SIGNS: Mapping[str, int] = {
    "proposed by values": 0,
    "proposed by manner": 0,
    "one hand": 1,
    "answer length": 1,
    "answer length of one hand": 1,
    "short answers": -1,
    "subjects of one's own": -1,
    "fewer subjects of one's own than crowds": 1,
    "no follow-up": 1,
    "no follow-up beyond crowds": 1,
    "repeated texts": -1,
    "texts of each other": -1,
    "release pivot": 1,
    "coverage of one hand": 1,
    "behaviour of one hand in a style of its own": 1,
    "identity up to four nats": 1,
    "identity beyond four nats": 1,
    "address blocks": 1,
    "tied covertly": 1,
    "further circles": 1,
    "tied accounts of one style": 1,
    "families and shops": -1,
    "places of their own": -1,
    "one organisation": -1,
    "one mail domain": -1,
    "name an organisation": -1,
    "held by most": 0,
    "lock step": 1,
    "young burst": 1,
    "ages alike": 1,
    "clients alike": 1,
    "kinds of evidence": 1,
    "log size": 0,
    "fewer than twelve": -1,
    "style of others too": -1,
    "style of its own": 1,
    "exclusive pieces": 1,
}
"""The model's inputs: 1 may only raise the odds, -1 only lower them, 0 either."""
THRESHOLD = 3.5
"""Log odds from which on a group is declared at alpha = 0.05."""
_TIED, _BLOCKS, _PIVOT = 0.3, 3.0, 2.0
"""Share of covert ties, and nats of blocks and of the move to a new model, that say their most."""
_OF_BLOCKS, _OF_PIVOT = 0.7, 0.5
"""How much of a hand blocks and a move show at most."""
_ALONE = 0.8
"""Share of conversations of one question from which on that is a kind of evidence."""
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
        "proposed by values": float(built.by == "values"),
        "proposed by manner": float(built.by == "manner"),
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


class Trees(NamedTuple):
    """Binary decision trees whose leaves add up: N nodes of T trees in arrays."""

    root: NDArray[np.int32]
    """(T,) first node of each."""
    feature: NDArray[np.int32]
    """(N,) input that an inner node asks for, -1 at a leaf."""
    limit: NDArray[np.float64]
    """(N,) up to which it goes left."""
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    value: NDArray[np.float64]
    """(N,) of a leaf, in log odds."""


@nb.njit(cache=True, nogil=True)
def _total(found, root, feature, limit, left, right, value):
    total = 0.0
    for node in root:
        at = node
        while feature[at] >= 0:
            at = left[at] if found[feature[at]] <= limit[at] else right[at]
        total += value[at]
    return total


def total_of(found: NDArray[np.float64], trees: Trees) -> float:
    """Return the sum of the leaves that inputs reach.

    Args:
        found: (len(SIGNS),) the inputs.
        trees: of every tree's nodes.

    >>> nodes = ([0], [0, -1, -1], [0.5, 0, 0], [1, 0, 0], [2, 0, 0], [0.0, -1.0, 2.0])
    >>> stump = Trees(*map(np.array, nodes))
    >>> total_of(np.array([0.7]), stump)
    2.0
    """
    return float(_total(found, *trees))


def _weights() -> bytes:
    return (resources.files("stillwatch.find.campaigns") / "weights.json").read_bytes()


@cache
def weights_digest() -> str:
    """Return what tells these weights from any others."""
    return hashlib.blake2b(_weights(), digest_size=8).hexdigest()


@cache
def learned() -> Trees:
    """Return the trees of ``weights.json``."""
    said = json.loads(_weights())
    if said["inputs"] != list(SIGNS):
        raise ValueError("weights.json is of other inputs; write it anew with bench/weights.py")
    root, feature, left, right = (
        np.array(said[name], np.int32) for name in ("root", "feature", "left", "right")
    )
    limit, value = (np.array(said[name], np.float64) for name in ("limit", "value"))
    return Trees(root, feature, limit, left, right, value)


def odds_of(
    nats: Mapping[str, float],
    effect: Mapping[str, float],
    enough: Mapping[str, bool],
    built: Structure,
    size: int,
) -> float:
    """Return the log odds that such a group is a campaign; see :func:`inputs`."""
    found = inputs(nats, effect, enough, built, size)
    return total_of(np.array([found[name] for name in SIGNS]), learned())


def weigh(judged: Judged) -> float:
    """Return the log odds that the group is a campaign."""
    return odds_of(
        judged.log_e, judged.effect, judged.enough, judged.structure, judged.members.size
    )


def kinds_of(judged: Judged) -> int:
    """Return how many kinds of evidence speak for a group."""
    log_e, effect, enough = judged.log_e, judged.effect, judged.enough
    found = inputs(log_e, effect, enough, judged.structure, judged.members.size)
    alone = enough["no-follow-up"] and effect["no-follow-up"] > _ALONE
    return int(found["kinds of evidence"]) + bool(alone)
