"""The data behind the console: imports of scans, queries of pages, decisions of people."""

from stillwatch.report.console.cases.interface import Cases, Query, Sources
from stillwatch.report.console.cases.roles import Act, ForbiddenError, Person, Role

__all__ = ["Act", "Cases", "ForbiddenError", "Person", "Query", "Role", "Sources"]
