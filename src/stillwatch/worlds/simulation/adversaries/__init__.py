"""Adversaries, one file a hiding technique; to add one, copy the nearest and list it here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillwatch.worlds.simulation.adversaries.aged_accounts import AgedAccounts
from stillwatch.worlds.simulation.adversaries.cover import Cover
from stillwatch.worlds.simulation.adversaries.framing import Framing
from stillwatch.worlds.simulation.adversaries.heavy import Heavy
from stillwatch.worlds.simulation.adversaries.hydra import Hydra
from stillwatch.worlds.simulation.adversaries.job_queue import JobQueue
from stillwatch.worlds.simulation.adversaries.lock_step import LockStep
from stillwatch.worlds.simulation.adversaries.lookalike import LookAlike
from stillwatch.worlds.simulation.adversaries.low_wide import LowWide
from stillwatch.worlds.simulation.adversaries.mimic import Mimic
from stillwatch.worlds.simulation.adversaries.moving import MOVING
from stillwatch.worlds.simulation.adversaries.people_prompts import PeoplePrompts
from stillwatch.worlds.simulation.adversaries.pivot import Pivot
from stillwatch.worlds.simulation.adversaries.polyglot import Polyglot
from stillwatch.worlds.simulation.adversaries.probing import Probing
from stillwatch.worlds.simulation.adversaries.recycled import Recycled
from stillwatch.worlds.simulation.adversaries.rerouted import Rerouted
from stillwatch.worlds.simulation.adversaries.reseller import Reseller
from stillwatch.worlds.simulation.adversaries.residential import Residential
from stillwatch.worlds.simulation.adversaries.returning import RETURNING
from stillwatch.worlds.simulation.adversaries.reworded import Reworded
from stillwatch.worlds.simulation.adversaries.rotation import Rotation
from stillwatch.worlds.simulation.adversaries.spotless import Spotless
from stillwatch.worlds.simulation.adversaries.spread import Spread

if TYPE_CHECKING:
    from stillwatch.worlds.simulation.interface import Population

__all__ = ["ADVERSARIES", "ON_REQUEST"]

ADVERSARIES: tuple[Population, ...] = (
    Spread(),
    LowWide(),
    Residential(),
    Recycled(),
    Reworded(),
    Cover(),
    Mimic(),
    AgedAccounts(),
    Reseller(),
    Rerouted(),
    Pivot(),
    Rotation(),
    Probing(),
    JobQueue(),
    Heavy(),
    LockStep(),
    Hydra(),
    Polyglot(),
    PeoplePrompts(),
    LookAlike(),
    Framing(),
)
"""Every adversary, in the order of THREATS; 15 leaves no trace in a log."""

ON_REQUEST: tuple[Population, ...] = (Spotless(), *RETURNING, *MOVING)
"""Adversaries that are in no world unless named: they state a limit, come back or move on."""
