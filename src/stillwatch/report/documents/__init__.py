"""Documents of a scan: verdicts and findings as Parquet, campaigns as JSON, a report as HTML."""

from stillwatch.report.documents.campaigns import (
    CAMPAIGNS,
    PublishedScan,
    campaigns_schema,
    read_campaigns,
)
from stillwatch.report.documents.tables import ACTIVITY, FINDINGS_SCHEMA
from stillwatch.report.documents.verdicts import read_verdict
from stillwatch.report.documents.write import FINDINGS, REPORT, VERDICTS, write_scan

__all__ = [
    "ACTIVITY",
    "CAMPAIGNS",
    "FINDINGS",
    "FINDINGS_SCHEMA",
    "REPORT",
    "VERDICTS",
    "PublishedScan",
    "campaigns_schema",
    "read_campaigns",
    "read_verdict",
    "write_scan",
]
