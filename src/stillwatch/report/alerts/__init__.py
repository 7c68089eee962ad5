"""Alerts: what a scan says anew, kept in an outbox until every receiver has it."""

from stillwatch.report.alerts.configuration import Configuration, read_configuration
from stillwatch.report.alerts.database import connected, exclusive, prepare
from stillwatch.report.alerts.export import (
    ChangedVerdict,
    changed_since,
    changes_csv,
    changes_jsonl,
    changes_table,
)
from stillwatch.report.alerts.memory import VerdictChange, remember, verdict_changes
from stillwatch.report.alerts.outbox import ReceiverState, forget, skip, states
from stillwatch.report.alerts.reading import FoundScan, read_scan
from stillwatch.report.alerts.sending import World, send

__all__ = [
    "ChangedVerdict",
    "Configuration",
    "FoundScan",
    "ReceiverState",
    "VerdictChange",
    "World",
    "changed_since",
    "changes_csv",
    "changes_jsonl",
    "changes_table",
    "connected",
    "exclusive",
    "forget",
    "prepare",
    "read_configuration",
    "read_scan",
    "remember",
    "send",
    "skip",
    "states",
    "verdict_changes",
]
