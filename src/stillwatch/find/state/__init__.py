"""What scans leave for the next: observations, tables, and what the last looks carried."""

from stillwatch.find.state.folder import Saved, Segment, StateFolder
from stillwatch.find.state.revisions import Revision
from stillwatch.find.state.scanning import Continued, conclude, scan_state
from stillwatch.find.state.taking_in import TakenIn, take_in
from stillwatch.find.state.upkeep import compact, forget

__all__ = [
    "Continued",
    "Revision",
    "Saved",
    "Segment",
    "StateFolder",
    "TakenIn",
    "compact",
    "conclude",
    "forget",
    "scan_state",
    "take_in",
]
