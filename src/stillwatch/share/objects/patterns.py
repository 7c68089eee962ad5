"""The content of an indicator as a STIX pattern (STIX 2.1, section 9); derived, never free.

Networks are in STIX's own terms, so that any tool can look for them.  The rest is in objects of
ours, and stands for itself: who has no key of the epoch cannot look for it anyway.
"""

from __future__ import annotations

import hashlib

import msgspec

from stillwatch.share.objects.content import Content, Network, Pseudonym

__all__ = ["pattern_of"]

_ENCODER = msgspec.json.Encoder(order="sorted")


def pattern_of(content: Content) -> str:
    """Return the pattern of a content: what to compare, or the digest of what is too long.

    >>> pattern_of(Network(entity="asn", value="64500", mine=300, others=10))
    '[autonomous-system:number = 64500]'
    """
    if isinstance(content, Pseudonym):
        return (
            f"[x-stillwatch-pseudonym:identifier = '{content.identifier}'"
            f" AND x-stillwatch-pseudonym:epoch = {content.epoch}"
            f" AND x-stillwatch-pseudonym:value = '{content.value}']"
        )
    if isinstance(content, Network):
        return _network(content)
    name = f"x-stillwatch-{type(content).__name__.lower()}"
    digest = hashlib.sha256(_ENCODER.encode(content)).hexdigest()
    return f"[{name}:epoch = {content.epoch} AND {name}:sha256 = '{digest}']"


def _network(content: Network) -> str:
    value = content.value
    if content.entity == "asn":
        return f"[autonomous-system:number = {value}]"
    if content.entity == "prefix":
        return f"[ipv{6 if ':' in value else 4}-addr:value ISSUBSET '{value}']"
    if content.entity == "ja4":
        return f"[x-stillwatch-client:ja4 = '{value}']"
    return f"[x-stillwatch-client:epoch = {content.epoch} AND x-stillwatch-client:hash = '{value}']"
