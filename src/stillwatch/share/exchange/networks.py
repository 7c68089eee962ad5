"""Networks and clients that peers named, looked up in observations."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

import numpy as np

from stillwatch.find.features.hashing import hash_strings
from stillwatch.find.signatures import Arrivals, Runs
from stillwatch.share.exchange.believing import dated
from stillwatch.share.objects import Network

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from stillwatch.find.features.log import Log
    from stillwatch.share.exchange.believing import Weighted
    from stillwatch.share.exchange.intelligence import Intelligence

__all__ = ["blocks_of", "match_networks"]

_BLOCK = {4: 24, 6: 48}
"""Length of the blocks that observations hold a hash of."""
_MOST = 4_096
"""Blocks of one prefix that are looked up."""
_NATS = 6.0
"""Nats that one network says of an account at most: others use it too, sooner or later."""


def blocks_of(prefix: str, key: int) -> NDArray[np.uint64]:
    """Return the hashes under which observations hold the blocks of a prefix.

    Args:
        prefix: CIDR, /16 to /24 or /32 to /48.
        key: 64-bit key of the observations.

    >>> blocks_of("45.9.20.0/23", 7).size
    2
    """
    network = ipaddress.ip_network(prefix)
    texts: list[bytes] = []
    for block in network.subnets(new_prefix=_BLOCK[network.version]):
        if len(texts) == _MOST:
            break
        texts.append(str(block).encode())
    return _hash(texts, key)


def match_networks(
    log: Log,
    clients: NDArray[np.uint64],
    indicators: Sequence[Weighted],
    key: int | None = None,
) -> list[Intelligence]:
    """Return the accounts that use a network or a client that peers named.

    A value says as much as it is rarer among one's own accounts than among the campaign's: what a
    widespread tool sends links nobody.

    Args:
        log: observations.
        clients: (n,) its clients under the veil; in vain where there was none.
        indicators: of networks.
        key: 64-bit key of the observations; without it only systems are looked up.
    """
    found: list[Intelligence] = []
    for one in indicators:
        content = one.item.content
        if not isinstance(content, Network):
            continue
        uses = np.flatnonzero(_uses(log, clients, content, key))
        if not uses.size:
            continue
        told = Arrivals(log, one.began).ratio(uses, content.mine, content.others)
        found += _followed(log, one, uses, np.minimum(told, _NATS))
    return found


def _uses(
    log: Log, clients: NDArray[np.uint64], content: Network, key: int | None
) -> NDArray[np.bool_]:
    if content.entity == "asn":
        return np.asarray(log.asn == int(content.value))
    if key is None:
        return np.zeros(len(log), np.bool_)
    if content.entity == "client":
        return np.asarray(clients == np.uint64(int(content.value, 16)))
    if content.entity == "ja4":
        return np.asarray(log.tls == _hash([content.value.encode()], key)[0])
    return np.isin(log.block, blocks_of(content.value, key))


def _followed(
    log: Log, one: Weighted, uses: NDArray[np.int64], told: NDArray[np.float64]
) -> list[Intelligence]:
    """Return what is said of each account; less where it came mostly by other ways."""
    mine = np.isin(log.account, np.unique(log.account[uses]))
    rows = np.flatnonzero(mine)
    rows = rows[np.argsort(log.account[rows], kind="stable")]
    ratio, fits = np.zeros(len(log)), np.zeros(len(log), np.bool_)
    ratio[uses], fits[uses] = told, True
    runs = Runs(log.account[rows])
    used = runs.sums(fits[rows].astype(np.float64)) / runs.sums(np.ones(rows.size))
    best = runs.highest(ratio[rows])
    return dated(log, one, rows, np.log(used * np.exp(best) + 1.0 - used), fits[rows])


def _hash(texts: Sequence[bytes], key: int) -> NDArray[np.uint64]:
    ends = np.cumsum([0, *(len(text) for text in texts)]).astype(np.int64)
    return hash_strings(np.frombuffer(b"".join(texts), np.uint8), ends, None, key)
