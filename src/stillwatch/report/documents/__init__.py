"""Documents of a scan: verdicts and findings as Parquet, campaigns as JSON, a report as HTML."""

from stillwatch.report.documents.campaigns import (
    CAMPAIGNS,
    PublishedScan,
    campaigns_schema,
    read_campaigns,
)
from stillwatch.report.documents.history import HISTORY, write_history
from stillwatch.report.documents.tables import ACTIVITY, FINDINGS_SCHEMA
from stillwatch.report.documents.verdicts import read_verdict
from stillwatch.report.documents.write import FINDINGS, REPORT, VERDICTS, write_scan

__all__ = [
    "ACTIVITY",
    "CAMPAIGNS",
    "FINDINGS",
    "FINDINGS_SCHEMA",
    "HISTORY",
    "REPORT",
    "VERDICTS",
    "PublishedScan",
    "campaigns_schema",
    "read_campaigns",
    "read_verdict",
    "write_history",
    "write_scan",
]
