"""Where a campaign's id came from, and what became of others, in a few words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stillwatch.records import Campaign

__all__ = ["lineage_of"]


def lineage_of(
    campaign: Campaign, campaigns: Iterable[Campaign]
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return what happened to a campaign and the ids that it happened with.

    Args:
        campaign: any of a scan.
        campaigns: all of that scan.

    Returns:
        Pairs of ``split from``, ``took in`` or ``since split off`` and ids; none where the
        campaign began by itself and stayed as it was.
    """
    own = campaign.campaign_id
    since = tuple(item.campaign_id for item in campaigns if item.split_from == own)
    before = () if campaign.split_from is None else (campaign.split_from,)
    said = (("split from", before), ("took in", campaign.merged), ("since split off", since))
    return tuple((words, ids) for words, ids in said if ids)
