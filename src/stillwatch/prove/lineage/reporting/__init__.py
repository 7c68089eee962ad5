"""Results as a report: what was found, controls, the innocent route, numbers, methods, limits."""

from stillwatch.prove.lineage.reporting.document import Section, Table, document_of
from stillwatch.prove.lineage.reporting.rendering import as_html, as_markdown, as_text, shown
from stillwatch.prove.lineage.reporting.writing import FORMATS, report_of

__all__ = [
    "FORMATS",
    "Section",
    "Table",
    "as_html",
    "as_markdown",
    "as_text",
    "document_of",
    "report_of",
    "shown",
]
