"""Benign and grey cohorts, one file each."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stillwatch.worlds.simulation.interface import Population

__all__ = ["COHORTS"]

COHORTS: tuple[Population, ...] = ()
"""Every cohort, in the order of THREATS."""
