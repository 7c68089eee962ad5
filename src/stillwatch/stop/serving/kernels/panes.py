"""Time in panes: what is remembered is that of this pane and of the one before.

Sums in aligned panes merge exactly, in any order and grouping, which sums that decay do not once
they are rounded.  "Lately" means between one and two panes.
"""

from __future__ import annotations

__all__ = ["PANE"]
PANE = 4 * 86_400
"""Seconds: between them, two panes hold the last four to eight days."""
