"""Sections as Markdown, HTML, text or data for PDF; whatever is in them stays words.

Endpoints choose much of what is printed: names of models, reasons, answers.  Every string is passed
through one of `shown`, `_marked` or `html.escape`.
"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stillwatch.prove.lineage.reporting.document import Section, Table

__all__ = ["as_data", "as_html", "as_markdown", "as_text", "shown"]

_LONGEST = 1_200
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:70em;margin:2em auto;padding:0 1em}"
    "table{border-collapse:collapse;margin:1em 0;font-size:13px;display:block;overflow-x:auto}"
    "td,th{border:1px solid #888;padding:.2em .5em;text-align:left;overflow-wrap:anywhere}"
)


def shown(text: str) -> str:
    r"""Return text on one line, at most 1,200 characters, what cannot be seen spelled out.

    >>> shown("a\nb\u202e\x1b")
    'a b\\u202e\\x1b'
    """
    if len(text) > _LONGEST:
        text = f"{text[:_LONGEST]}…"
    return "".join(
        c
        if c.isprintable()
        else " "
        if c in "\n\r\t"
        else c.encode("unicode_escape", "surrogatepass").decode("ascii")
        for c in text
    )


def as_markdown(title: str, sections: Sequence[Section]) -> str:
    """Return a report as Markdown; no character in it is markup but ours."""
    lines = [f"# {_marked(title)}", ""]
    for section in sections:
        lines += [f"## {_marked(section.title)}", ""]
        for paragraph in section.paragraphs:
            lines += [_marked(paragraph), ""]
        lines += [f"- {_marked(point)}" for point in section.points]
        lines += [""] if section.points else []
        for table in section.tables:
            lines += [*_rows(table), ""]
    return "\n".join(lines)


def as_text(title: str, sections: Sequence[Section]) -> str:
    """Return a report as plain text."""
    lines = [shown(title), ""]
    for section in sections:
        lines += [shown(section.title).upper(), ""]
        for paragraph in section.paragraphs:
            lines += [shown(paragraph), ""]
        lines += [f"* {shown(point)}" for point in section.points]
        lines += [""] if section.points else []
        for table in section.tables:
            cells = [table.head, *table.rows]
            wide = [max(len(shown(row[at])) for row in cells) for at in range(len(table.head))]
            lines += [
                "  ".join(shown(cell).ljust(w) for cell, w in zip(row, wide, strict=True)).rstrip()
                for row in cells
            ]
            lines.append("")
    return "\n".join(lines)


def as_html(title: str, sections: Sequence[Section]) -> str:
    """Return a report as one HTML page that loads nothing and runs nothing."""
    body = [f"<h1>{_escaped(title)}</h1>"]
    for section in sections:
        body.append(f"<h2>{_escaped(section.title)}</h2>")
        body += [f"<p>{_escaped(paragraph)}</p>" for paragraph in section.paragraphs]
        if section.points:
            points = "".join(f"<li>{_escaped(point)}</li>" for point in section.points)
            body.append(f"<ul>{points}</ul>")
        for table in section.tables:
            head = "".join(f'<th scope="col">{_escaped(name)}</th>' for name in table.head)
            rows = "".join(
                f"<tr>{''.join(f'<td>{_escaped(cell)}</td>' for cell in row)}</tr>"
                for row in table.rows
            )
            body.append(f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>")
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        f"<title>{_escaped(title)}</title><style>{_STYLE}</style></head>"
        f"<body>{''.join(body)}</body></html>\n"
    )


def as_data(title: str, sections: Sequence[Section]) -> dict[str, object]:
    """Return a report as JSON for a Typst template, which takes it as text and never as markup."""
    return {
        "title": shown(title),
        "sections": [
            {
                "title": shown(section.title),
                "paragraphs": [shown(one) for one in section.paragraphs],
                "points": [shown(one) for one in section.points],
                "tables": [
                    {
                        "head": [shown(one) for one in table.head],
                        "rows": [[shown(cell) for cell in row] for row in table.rows],
                    }
                    for table in section.tables
                ],
            }
            for section in sections
        ],
    }


def _rows(table: Table) -> list[str]:
    line = [f"| {' | '.join(_marked(cell) for cell in row)} |" for row in (table.head, *table.rows)]
    return [line[0], "|---" * len(table.head) + "|", *line[1:]]


def _marked(text: str) -> str:
    """Return text whose every punctuation is a literal (CommonMark, section 2.4)."""
    return _PUNCTUATION.sub(r"\\\1", shown(text))


def _escaped(text: str) -> str:
    return html.escape(shown(text))
