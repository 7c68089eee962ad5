"""Networks and clients that peers named, looked up in observations."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

import numpy as np

from stillwatch.find.features.hashing import hash_strings
from stillwatch.share.objects import Network

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from stillwatch.find.features.log import Log
    from stillwatch.share.exchange.matching import Weighted

__all__ = ["blocks_of", "network_rows"]

_BLOCK = {4: 24, 6: 48}
"""Length of the blocks that observations hold a hash of."""
_MOST = 4_096
"""Blocks of one prefix that are looked up."""


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
    ends = np.cumsum([0, *(len(text) for text in texts)]).astype(np.int64)
    return hash_strings(np.frombuffer(b"".join(texts), np.uint8), ends, None, key)


def network_rows(
    log: Log,
    clients: NDArray[np.uint64],
    indicators: Sequence[Weighted],
    key: int | None = None,
) -> Iterator[tuple[Weighted, int, NDArray[np.int64]]]:
    """Yield an indicator, an account that used its network, and the exchanges that came from it.

    Args:
        log: observations.
        clients: (n,) its clients under the veil; in vain where there was none.
        indicators: of networks.
        key: 64-bit key of the observations; without it prefixes and clients are passed over.
    """
    for one in indicators:
        content = one.item.content
        if not isinstance(content, Network):
            continue
        if content.entity == "asn":
            rows = np.flatnonzero(log.asn == int(content.value))
        elif content.entity == "client" and key is not None:
            rows = np.flatnonzero(clients == np.uint64(int(content.value, 16)))
        elif content.entity == "prefix" and key is not None:
            rows = np.flatnonzero(np.isin(log.block, blocks_of(content.value, key)))
        else:
            continue
        accounts = log.account[rows]
        order = np.argsort(accounts, kind="stable")
        starts = np.flatnonzero(np.diff(accounts[order], prepend=-1))
        for part in np.split(order, starts[1:]) if order.size else []:
            yield one, int(accounts[part[0]]), rows[part]
