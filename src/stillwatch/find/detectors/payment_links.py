"""Payment values recycled over a few accounts each, within one group."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillwatch.find.detectors.linkage import link_accounts
from stillwatch.find.features.log import IDENTITY

if TYPE_CHECKING:
    from stillwatch.find.detectors.interface import Measurement
    from stillwatch.find.features.groups import Groups
    from stillwatch.find.features.view import View

__all__ = ["PaymentLinks"]

_KIND = IDENTITY.index("payment_fingerprint")


class PaymentLinks:
    """Payment values recycled over a few accounts each, within one group."""

    slug = "payment-links"
    family = "identity"
    reads = frozenset({"payment_fingerprint"})
    cheap = True
    sees = "several payment values, each used by a few of the group's accounts"
    innocent = "households and agencies share one value, which counts nothing here"
    source = "Hooi et al., FRAUDAR (KDD 2016): weigh a shared value by its rarity"

    def measure(self, groups: Groups, view: View) -> Measurement:
        """Measure how many accounts share values covertly, the most shared one not counted."""
        return link_accounts(groups, view, _KIND)

    def explain(self, effect: float, support: int) -> str:
        """Return one sentence that a person can check."""
        return (
            f"{effect:.0%} of {support} accounts with a payment value share one with others "
            "of the group without any open tie, the value shared most not counted"
        )
