"""Benign and grey cohorts, one file each; add one by writing its file and naming it here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillwatch.worlds.simulation.cohorts.agents import OpenAgents
from stillwatch.worlds.simulation.cohorts.application import Application
from stillwatch.worlds.simulation.cohorts.casual import Casual
from stillwatch.worlds.simulation.cohorts.developers import Developers
from stillwatch.worlds.simulation.cohorts.harnesses import Harnesses
from stillwatch.worlds.simulation.cohorts.localisation import Localisation

if TYPE_CHECKING:
    from stillwatch.worlds.simulation.interface import Population

__all__ = ["COHORTS"]

COHORTS: tuple[Population, ...] = (
    Casual(),
    Developers(),
    Application(),
    OpenAgents(),
    Harnesses(),
    Localisation(),
)
"""Every cohort, in the order of THREATS."""
