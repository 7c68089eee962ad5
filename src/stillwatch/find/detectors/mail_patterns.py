"""Mail addresses made from one pattern, within one group."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillwatch.find.detectors.linkage import link_accounts
from stillwatch.find.features.log import IDENTITY

if TYPE_CHECKING:
    from stillwatch.find.detectors.interface import Measurement
    from stillwatch.find.features.groups import Groups
    from stillwatch.find.features.view import View

__all__ = ["MailPatterns"]

_KIND = IDENTITY.index("pattern")


class MailPatterns:
    """Mail addresses made from one pattern, within one group."""

    slug = "mail-patterns"
    family = "identity"
    reads = frozenset({"pattern"})
    cheap = True
    sees = "several patterns of local parts, each used by a few of the group's accounts"
    innocent = "a school numbers its pupils by one pattern, which counts nothing here"
    source = "Hooi et al., FRAUDAR (KDD 2016): weigh a shared value by its rarity"

    def measure(self, groups: Groups, view: View) -> Measurement:
        """Measure how many accounts share values covertly, the most shared one not counted."""
        return link_accounts(groups, view, _KIND)

    def explain(self, effect: float, support: int) -> str:
        """Return one sentence that a person can check."""
        return (
            f"{effect:.0%} of {support} accounts follow a mail pattern that others "
            "of the group follow without any open tie, the pattern met most not counted"
        )
