"""Where a request comes from, as observations name it."""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from socket import AF_INET, inet_pton

__all__ = ["block_of"]


def block_of(address: str) -> str:
    """Return the network that one subscriber line usually gets: IPv4 /24, IPv6 /48.

    Args:
        address: IPv4 or IPv6; anything else gives an empty text.

    >>> block_of("192.0.2.77"), block_of("2001:db8:1:2::3"), block_of("somewhere")
    ('192.0.2.0/24', '2001:db8:1::/48', '')
    """
    if not address:
        return ""
    try:
        a, b, c, _ = inet_pton(AF_INET, address)
    except (OSError, ValueError):
        return _block_of_v6(address)
    return f"{a}.{b}.{c}.0/24"


@lru_cache(maxsize=8192)
def _block_of_v6(address: str) -> str:
    try:
        parsed = ipaddress.IPv6Address(address)
    except ValueError:
        return ""
    if parsed.ipv4_mapped is not None:  # a listener of both families says it so
        return block_of(str(parsed.ipv4_mapped))
    return str(ipaddress.IPv6Network((int(parsed), 48), strict=False))
