"""A scan's result in, its files out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from stillwatch.report.assumptions import read_assumptions
from stillwatch.report.damage import assess
from stillwatch.report.documents.campaigns import CAMPAIGNS, encode
from stillwatch.report.documents.csv_verdicts import verdicts_csv
from stillwatch.report.documents.folder import digest, staged
from stillwatch.report.documents.html import render_report
from stillwatch.report.documents.ocsf import ocsf_lines
from stillwatch.report.documents.tables import findings_table, verdicts_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    import pyarrow as pa

    from stillwatch.records import ScanResult
    from stillwatch.report.assumptions import Assumptions

__all__ = ["FINDINGS", "OCSF", "REPORT", "VERDICTS", "VERDICTS_CSV", "write_scan"]

VERDICTS = "verdicts.parquet"
"""Name of the verdicts in the output folder."""
FINDINGS = "findings.parquet"
"""Name of the findings in the output folder."""
REPORT = "report.html"
"""Name of the report in the output folder."""
VERDICTS_CSV = "verdicts.csv"
"""Name of the verdicts for a spreadsheet in the output folder."""
OCSF = "findings.ocsf.ndjson"
"""Name of the events for a SIEM in the output folder."""

_NAMES = (VERDICTS, FINDINGS, VERDICTS_CSV, OCSF, REPORT, CAMPAIGNS)


def write_scan(
    result: ScanResult,
    out: Path,
    activity: pa.Table | None = None,
    *,
    assumptions: Assumptions | None = None,
    prompts: Mapping[str, str] | None = None,
) -> None:
    """Write the verdicts, the findings, the report and ``campaigns.json``.

    Verdicts are written as Parquet and CSV, findings as Parquet, campaigns and flagged accounts
    also as OCSF events.  Files that are there are replaced, each in one step and
    ``campaigns.json`` last; it holds the digests of the others.  Other files of the folder stay.

    Args:
        result: what the scan found.
        out: folder, made when absent.
        activity: traffic and creation by campaign and bin, columns ``tables.ACTIVITY``; the
            timelines show only flags without it.
        assumptions: what damage is reckoned with; those that ship where None.
        prompts: text of example exchanges by id, shown in the report alone; none unless the
            operator asked for it.

    Raises:
        OutputError: the folder cannot be written, or it or a file in it is a symbolic link.
    """
    assumptions = assumptions or read_assumptions()
    damages = {
        campaign.campaign_id: damage
        for campaign in result.campaigns
        if (damage := assess(campaign, assumptions)) is not None
    }
    with staged(out, _NAMES) as stage:
        pq.write_table(verdicts_table(result), stage / VERDICTS, compression="zstd")
        pq.write_table(findings_table(result), stage / FINDINGS, compression="zstd")
        _write_lines(stage / VERDICTS_CSV, verdicts_csv(result.verdicts))
        _write_lines(stage / OCSF, ocsf_lines(result.campaigns, result.verdicts))
        page = render_report(
            result, activity, damages=damages, assumptions=assumptions, prompts=prompts
        )
        (stage / REPORT).write_text(page, "utf-8")
        digests = {name: digest(stage / name) for name in _NAMES[:-1]}
        (stage / CAMPAIGNS).write_text(
            encode(result, digests, activity, damages, assumptions), "ascii"
        )


def _write_lines(path: Path, lines: Iterable[str]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        file.writelines(lines)
