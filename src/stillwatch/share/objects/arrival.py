"""The rules that depend on who sends an object, when, and what is already there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from stillwatch.share.objects.checks import seconds
from stillwatch.share.objects.content import Network, Pseudonym
from stillwatch.share.objects.record import Identity, Indicator, Sighting
from stillwatch.share.objects.rules import RuleError

if TYPE_CHECKING:
    from stillwatch.share.objects.content import Content
    from stillwatch.share.objects.record import Object

__all__ = ["AHEAD", "check_arrival", "expired"]

AHEAD: Final = 600.0
"""Seconds that a time may lie ahead: twice the five minutes that a clock may be off."""


def expired(item: Indicator, now: float) -> bool:
    """Say whether an indicator's life is over.

    Args:
        item: the indicator.
        now: seconds since 1970.
    """
    return seconds(item.valid_until) <= now


def check_arrival(
    item: Object,
    *,
    now: float,
    sender: str | None = None,
    previous: Object | None = None,
    sighted: Object | None = None,
) -> None:
    """Check an accepted object against the moment.

    Args:
        item: as ``parse`` returned it.
        now: seconds since 1970.
        sender: identity id of the member that sends it, None where the hub itself does.
        previous: the newest version that is held, None where there is none.
        sighted: the indicator that a sighting names, where it is held.

    Raises:
        RuleError: X-44 to X-51.
    """
    if isinstance(item, Identity) and sender is not None:
        raise RuleError("X-51", where="$.type")
    if not isinstance(item, Indicator | Sighting):
        return
    if sender is not None and item.created_by_ref != sender:
        raise RuleError("X-44", where="$.created_by_ref")
    if seconds(item.modified) > now + AHEAD:
        raise RuleError("X-46", where="$.modified")
    # a recall must reach those who still hold the indicator
    if isinstance(item, Indicator) and item.revoked is not True and expired(item, now):
        raise RuleError("X-45", where="$.valid_until")
    if previous is not None:
        _after(item, previous)
    if (
        isinstance(item, Sighting)
        and isinstance(sighted, Indicator)
        and item.fields.outcome == "confirmed"
        and sighted.created_by_ref == item.created_by_ref
    ):
        raise RuleError("X-50", where="$.sighting_of_ref")


def _after(item: Indicator | Sighting, previous: Object) -> None:
    if not isinstance(previous, Indicator | Sighting) or item.type != previous.type:
        raise RuleError("X-49", where="$.type")
    if seconds(item.modified) <= seconds(previous.modified):
        raise RuleError("X-47", where="$.modified")
    if previous.revoked is True and item.revoked is not True:
        raise RuleError("X-48", where="$.revoked")
    if _kept(item) != _kept(previous):
        raise RuleError("X-49", where="$")


def _kept(item: Indicator | Sighting) -> tuple[object, ...]:
    """Return what no version may change."""
    if isinstance(item, Sighting):
        return (item.created_by_ref, item.created, item.sighting_of_ref)
    return (item.created_by_ref, item.created, item.fields.campaign, *_named(item.content))


def _named(content: Content) -> tuple[object, ...]:
    if isinstance(content, Pseudonym):
        return ("pseudonym", content.identifier, content.epoch, content.value)
    if isinstance(content, Network):
        return ("network", content.entity, content.value, content.epoch)
    return (type(content).__name__, content.epoch)
