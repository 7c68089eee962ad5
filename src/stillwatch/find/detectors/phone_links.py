"""Phone numbers recycled over a few accounts each, within one group."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillwatch.find.detectors.linkage import link_accounts
from stillwatch.find.features.log import IDENTITY

if TYPE_CHECKING:
    from stillwatch.find.detectors.interface import Measurement
    from stillwatch.find.features.groups import Groups
    from stillwatch.find.features.view import View

__all__ = ["PhoneLinks"]

_KIND = IDENTITY.index("phone_hash")


class PhoneLinks:
    """Phone numbers recycled over a few accounts each, within one group."""

    slug = "phone-links"
    family = "identity"
    reads = frozenset({"phone_hash"})
    cheap = True
    sees = "several phone numbers, each used by a few of the group's accounts"
    innocent = "a family or agency shares one number, which counts nothing here"
    source = "Hooi et al., FRAUDAR (KDD 2016): weigh a shared value by its rarity"

    def measure(self, groups: Groups, view: View) -> Measurement:
        """Measure how many accounts share values covertly, the most shared one not counted."""
        return link_accounts(groups, view, _KIND)

    def explain(self, effect: float, support: int) -> str:
        """Return one sentence that a person can check."""
        return (
            f"{effect:.0%} of {support} accounts with a phone share one with others "
            "of the group without any open tie, the number shared most not counted"
        )
