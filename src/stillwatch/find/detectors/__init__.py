"""Every detector, in a tuple that can be read."""

from stillwatch.find.detectors.address_blocks import AddressBlocks
from stillwatch.find.detectors.answer_length import AnswerLength
from stillwatch.find.detectors.client_rarity import ClientRarity
from stillwatch.find.detectors.common_onset import CommonOnset
from stillwatch.find.detectors.coverage import CapabilityCoverage
from stillwatch.find.detectors.creation_clump import CreationClump
from stillwatch.find.detectors.device_links import DeviceLinks
from stillwatch.find.detectors.exchangeability import Exchangeability
from stillwatch.find.detectors.follow_up import FollowUp
from stillwatch.find.detectors.interface import Detector, Measurement
from stillwatch.find.detectors.job_queue import JobQueue
from stillwatch.find.detectors.lock_step import LockStep
from stillwatch.find.detectors.mail_patterns import MailPatterns
from stillwatch.find.detectors.payment_links import PaymentLinks
from stillwatch.find.detectors.peer_indicators import PeerIndicators
from stillwatch.find.detectors.phone_links import PhoneLinks
from stillwatch.find.detectors.release_pivot import ReleasePivot
from stillwatch.find.detectors.replacement import ReplacementAfterBlock
from stillwatch.find.detectors.shift_hours import ShiftHours
from stillwatch.find.detectors.sub_streams import SubStreams
from stillwatch.find.detectors.technique_probing import TechniqueProbing
from stillwatch.find.detectors.two_sample import TwoSample
from stillwatch.find.detectors.young_burst import YoungBurst

__all__ = ["DETECTORS", "Detector", "Measurement"]

DETECTORS: tuple[Detector, ...] = (
    PaymentLinks(),
    PhoneLinks(),
    DeviceLinks(),
    MailPatterns(),
    AddressBlocks(),
    ClientRarity(),
    CreationClump(),
    YoungBurst(),
    ReleasePivot(),
    CommonOnset(),
    ReplacementAfterBlock(),
    LockStep(),
    ShiftHours(),
    AnswerLength(),
    FollowUp(),
    JobQueue(),
    Exchangeability(),
    CapabilityCoverage(),
    TechniqueProbing(),
    SubStreams(),
    TwoSample(),
    PeerIndicators(),
)
"""In the order of their families: identity, infrastructure, lifecycle, rhythm, content,
intelligence."""
