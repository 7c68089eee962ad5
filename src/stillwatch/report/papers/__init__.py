"""Papers: a template in Markdown and facts in, HTML, PDF or Markdown out.

Values never meet the parser of the template: each is a mark in the text that is parsed, and takes
its place as text afterwards.  What a log, a peer or an account holder wrote is thus never markup,
in none of the formats.
"""

from stillwatch.report.papers.blocks import (
    Heading,
    Items,
    Note,
    Paper,
    Paragraph,
    Run,
    Table,
)
from stillwatch.report.papers.pages import FORMATS, printed
from stillwatch.report.papers.templates_folder import Templates

__all__ = [
    "FORMATS",
    "Heading",
    "Items",
    "Note",
    "Paper",
    "Paragraph",
    "Run",
    "Table",
    "Templates",
    "printed",
]
