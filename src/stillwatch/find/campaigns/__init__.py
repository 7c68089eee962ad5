"""Groups of accounts, the evidence for and against them, and the decision."""

from stillwatch.find.campaigns.rulings import read_rulings
from stillwatch.find.campaigns.scan import Memory, Settings, observe_all, scan, scan_log
from stillwatch.find.campaigns.weigh import weights_digest

__all__ = [
    "Memory",
    "Settings",
    "observe_all",
    "read_rulings",
    "scan",
    "scan_log",
    "weights_digest",
]
