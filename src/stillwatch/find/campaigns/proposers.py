"""What proposes groups beside repeated pieces: shared values, likeness of wording, of manner."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillwatch.find.campaigns.graph import Graph
from stillwatch.find.campaigns.manner import Manners
from stillwatch.find.campaigns.neighbours import alike_in_words
from stillwatch.find.campaigns.pool import pool_circles
from stillwatch.find.campaigns.propose import (
    alike_candidates,
    manner_candidates,
    most_accounts,
    peer_candidates,
    pooled_candidates,
)
from stillwatch.find.campaigns.style import Styles
from stillwatch.find.features.threads import THREADS

if TYPE_CHECKING:
    from stillwatch.find.campaigns.carried import Carried
    from stillwatch.find.campaigns.propose import Candidate
    from stillwatch.find.campaigns.refine import Population
    from stillwatch.find.features.view import View

__all__ = ["Proposers"]


class Proposers:
    """Proposes groups of accounts that are alike, look by look.

    Args:
        view: what is known; it advances.
        styles: of the same view.
        carried: from the look before; updated.
        without: families that are left out.
    """

    def __init__(
        self, view: View, styles: Styles, carried: Carried, without: frozenset[str] = frozenset()
    ) -> None:
        self._view, self._styles, self._without = view, styles, without
        self._more = [Styles(view) for _ in range(THREADS - 1)]
        self._manners = Manners(view, carried.summed)
        self._worded, self._mannered = carried.worded, carried.mannered

    def propose(self, population: Population) -> tuple[list[Candidate], Graph]:
        """Return candidates of this look, and who is alike in words.

        Args:
            population: what everyone looks like.
        """
        view, styles = self._view, self._styles
        most, total = most_accounts(view), view.seen.size
        edges = alike_in_words(view)
        near = Graph(edges, total, most)
        found: list[Candidate] = []
        if "intelligence" not in self._without:
            found += peer_candidates(view, styles)
        if "identity" not in self._without:
            found += pooled_candidates(view, pool_circles(view, most), population)
        found += alike_candidates(view, near.groups(), (styles, *self._more), self._worded)
        manner = Graph(self._manners.nearest(edges), total, most).groups()
        found += manner_candidates(view, manner, styles, population, self._mannered)
        return found, near
