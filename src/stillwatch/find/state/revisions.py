"""What a scan changed in what the scan before had said: late data, and names that were divided."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stillwatch.records import ScanResult

__all__ = ["Revision", "flags_of", "revisions_of"]

Change = Literal["withdrawn", "added", "moved", "renamed"]


@dataclass(frozen=True, slots=True)
class Revision:
    """One account whose verdict at an earlier look is another now."""

    account_id: str
    change: Change
    """A flag withdrawn, added at a look that was over, moved to another look, or the campaign
    under another name."""
    was: str
    """When it was flagged, as was said before; empty where it was not."""
    now: str
    campaign_was: str
    campaign_now: str

    def as_dict(self) -> dict[str, str]:
        """Return it as plain text."""
        return asdict(self)


def flags_of(result: ScanResult) -> dict[str, dict[str, Any]]:
    """Return what a scan flagged, by account id as text."""
    return {
        str(v.account_id): {"campaign": v.campaign_id, "at": v.flagged_at.isoformat()}
        for v in result.verdicts
        if v.flagged_at is not None
    }


def revisions_of(
    before: Mapping[str, Mapping[str, Any]], now: Mapping[str, Mapping[str, Any]], until: datetime
) -> list[Revision]:
    """Return what is said otherwise than before, by account id.

    Args:
        before: flags of the scan before, as from :func:`flags_of`.
        now: flags of this scan.
        until: last look of the scan before; what was flagged after it is news and no revision.
    """
    found = []
    for account in sorted(before.keys() | now.keys()):
        old, new = before.get(account), now.get(account)
        if old is None and new is not None:
            if datetime.fromisoformat(new["at"]) > until:
                continue
            change: Change = "added"
        elif new is None:
            change = "withdrawn"
        elif old is not None and old["at"] != new["at"]:
            change = "moved"
        elif old is not None and old["campaign"] != new["campaign"]:
            change = "renamed"
        else:
            continue
        found.append(
            Revision(
                account,
                change,
                old["at"] if old else "",
                new["at"] if new else "",
                (old["campaign"] or "") if old else "",
                (new["campaign"] or "") if new else "",
            )
        )
    return found
