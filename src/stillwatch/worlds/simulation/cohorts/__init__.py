"""Benign and grey cohorts, one file each; add one by writing its file and naming it here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillwatch.worlds.simulation.cohorts.agencies import Agencies
from stillwatch.worlds.simulation.cohorts.agents import OpenAgents
from stillwatch.worlds.simulation.cohorts.application import Application
from stillwatch.worlds.simulation.cohorts.audits import CodeAudits
from stillwatch.worlds.simulation.cohorts.automation import Automation
from stillwatch.worlds.simulation.cohorts.carriers import CarrierCustomers
from stillwatch.worlds.simulation.cohorts.casual import Casual
from stillwatch.worlds.simulation.cohorts.classrooms import Classrooms
from stillwatch.worlds.simulation.cohorts.developers import Developers
from stillwatch.worlds.simulation.cohorts.enterprises import Enterprises
from stillwatch.worlds.simulation.cohorts.gateways import Gateways
from stillwatch.worlds.simulation.cohorts.hackathons import Hackathons
from stillwatch.worlds.simulation.cohorts.harnesses import Harnesses
from stillwatch.worlds.simulation.cohorts.households import Households
from stillwatch.worlds.simulation.cohorts.launches import Launches
from stillwatch.worlds.simulation.cohorts.licensed import LicensedDistillers
from stillwatch.worlds.simulation.cohorts.localisation import Localisation
from stillwatch.worlds.simulation.cohorts.movers import ReleaseMovers
from stillwatch.worlds.simulation.cohorts.newsletter import Newsletter
from stillwatch.worlds.simulation.cohorts.review_bots import ReviewBots
from stillwatch.worlds.simulation.cohorts.safety import SafetyResearchers
from stillwatch.worlds.simulation.cohorts.students import Students
from stillwatch.worlds.simulation.cohorts.testdata import TestData

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
    Classrooms(),
    Enterprises(),
    Gateways(),
    Hackathons(),
    Launches(),
    ReleaseMovers(),
    CodeAudits(),
    ReviewBots(),
    Automation(),
    TestData(),
    SafetyResearchers(),
    LicensedDistillers(),
    Newsletter(),
    Households(),
    Agencies(),
    CarrierCustomers(),
    Students(),
)
"""Every cohort: the benign in the order of THREATS, then the grey."""
