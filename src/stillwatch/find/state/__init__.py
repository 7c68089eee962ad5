"""What scans leave for the next: observations, tables, and what the last looks carried."""

from stillwatch.find.state.folder import Reading, Saved, Segment, StateFolder
from stillwatch.find.state.planning import Plan, plan_scan
from stillwatch.find.state.revisions import Revision
from stillwatch.find.state.scanning import Continued, conclude, scan_state
from stillwatch.find.state.tables import merge_tables
from stillwatch.find.state.taking_in import TakenIn, known_ids, take_in
from stillwatch.find.state.upkeep import compact, forget, gather

__all__ = [
    "Continued",
    "Plan",
    "Reading",
    "Revision",
    "Saved",
    "Segment",
    "StateFolder",
    "TakenIn",
    "compact",
    "conclude",
    "forget",
    "gather",
    "known_ids",
    "merge_tables",
    "plan_scan",
    "scan_state",
    "take_in",
]
