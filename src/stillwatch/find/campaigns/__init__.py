"""Groups of accounts, the evidence for and against them, and the decision."""

from stillwatch.find.campaigns.scan import Settings, observe_all, scan, scan_log

__all__ = ["Settings", "observe_all", "scan", "scan_log"]
