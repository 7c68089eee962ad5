"""Who may have an object; numbers of members, None for every reader of the collection."""

from __future__ import annotations

import json
from typing import TypeAlias

__all__ = ["Audience", "left_out", "packed", "sees", "unpacked"]

Audience: TypeAlias = frozenset[int] | None


def packed(audience: Audience) -> str | None:
    """Return an audience as the tables keep it.

    >>> packed(frozenset({3, 1}))
    '[1,3]'
    """
    return None if audience is None else json.dumps(sorted(audience), separators=(",", ":"))


def unpacked(text: str | None) -> Audience:
    """Return an audience that `packed` wrote."""
    return None if text is None else frozenset(json.loads(text))


def sees(member: int, audience: Audience, publisher: int, *, by_hub: bool) -> bool:
    """Say whether a member of the collection may have a version.

    A publisher has its own versions, and no withdrawal that the hub made of them for others.
    """
    if member == publisher:
        return not by_hub
    return audience is None or member in audience


def left_out(before: Audience, after: Audience, readers: frozenset[int]) -> frozenset[int]:
    """Return those who could see a version and cannot see the next.

    >>> sorted(left_out(None, frozenset({1}), frozenset({1, 2, 3})))
    [2, 3]
    """
    if after is None:
        return frozenset()
    return (readers if before is None else before & readers) - after
