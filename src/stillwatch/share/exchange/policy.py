"""When an indicator may leave: one analyst approves, or a policy that two people signed."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
from msgspec import Meta

from stillwatch.disk import read_small
from stillwatch.errors import ConfigurationError
from stillwatch.share.objects import WIDTH, Indicator, kind_of, tlp_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["Policy", "approve", "read_policy"]

_LICENCES = ("observe", "limit", "challenge")
_DAY = 86_400.0


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What may leave without anybody looking."""

    approved_by: Annotated[list[str], Meta(min_length=2, max_length=8)]
    """People who signed it; at least two different ones."""
    until: datetime
    """When it ends, with its zone."""
    kinds: list[str]
    """Kinds of content, such as ``behaviour`` or ``network:asn``."""
    licence: Literal["observe", "limit", "challenge"]
    """The furthest licence."""
    tlp: Literal["clear", "green", "amber", "amber+strict", "red"]
    """The widest marking."""
    most_a_day: Annotated[int, Meta(ge=1, le=100_000)]
    """Objects a day."""
    notes: bool = False
    """Whether notes may leave without anybody having read them."""


def read_policy(path: Path) -> Policy:
    """Return the policy in a TOML file.

    Raises:
        ConfigurationError: it is none, or fewer than two people signed it.
    """
    raw = read_small(path, "the policy", 1 << 16)
    try:
        policy = msgspec.convert(tomllib.loads(raw.decode("utf-8")), Policy)
    except (ValueError, msgspec.ValidationError) as error:
        raise _unusable(f"the policy cannot be read: {error}", path) from error
    if len({name.strip().casefold() for name in policy.approved_by} - {""}) < 2:
        raise _unusable("the policy is signed by fewer than two people", path)
    if policy.until.tzinfo is None:
        raise _unusable("the policy's end has no zone", path)
    return policy


def approve(  # noqa: PLR0911 - one return a reason
    policy: Policy, items: Sequence[Indicator], *, sent_today: int, now: float
) -> str | None:
    """Return why a policy does not let objects leave, None where it does.

    Args:
        policy: as it stands.
        items: what is to leave.
        sent_today: objects that left in the last 24 hours.
        now: seconds since 1970.
    """
    if datetime.fromtimestamp(now, UTC) >= policy.until:
        return "the policy has ended"
    if sent_today + len(items) > policy.most_a_day:
        return f"more than {policy.most_a_day} objects a day"
    for item in items:
        fields = item.fields
        if kind_of(item.content) not in policy.kinds:
            return f"the policy does not cover {kind_of(item.content)}"
        if _LICENCES.index(fields.licence) > _LICENCES.index(policy.licence):
            return f"the licence {fields.licence} goes further than the policy"
        if WIDTH[tlp_of(item.object_marking_refs)] > WIDTH[policy.tlp]:
            return "the marking is wider than the policy's"
        if isinstance(fields.note, str) and not policy.notes:
            return "a note leaves only after somebody has read it"
    return None


def _unusable(what: str, path: Path) -> ConfigurationError:
    return ConfigurationError(what, where=str(path), todo="see docs/how-to/join-an-exchange.md")
