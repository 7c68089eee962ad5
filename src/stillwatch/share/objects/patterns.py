"""The content of an indicator in one line, as STIX wants a pattern; derived, never free."""

from __future__ import annotations

import hashlib

import msgspec

from stillwatch.share.objects.content import Content, Network, Pseudonym

__all__ = ["pattern_of"]

_ENCODER = msgspec.json.Encoder(order="sorted")


def pattern_of(content: Content) -> str:
    """Return the pattern of a content: what to compare, or the digest of what is too long.

    >>> pattern_of(Network(entity="asn", value="64500", mine=300, others=10))
    'network:asn:64500'
    """
    if isinstance(content, Pseudonym):
        return f"pseudonym:{content.identifier}:{content.epoch}:{content.value}"
    if isinstance(content, Network):
        if content.entity == "client":
            return f"network:client:{content.epoch}:{content.value}"
        return f"network:{content.entity}:{content.value}"
    kind = type(content).__name__.lower()
    digest = hashlib.sha256(_ENCODER.encode(content)).hexdigest()
    return f"{kind}:{content.epoch}:sha256:{digest}"
