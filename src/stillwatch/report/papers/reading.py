"""Markdown with marks in it, and the values that the marks stand for → blocks.

Of Markdown there are headings, paragraphs, lists, tables, quotations, emphasis, code and links;
HTML is text.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from stillwatch.errors import ConfigurationError, MissingExtraError
from stillwatch.report.papers.blocks import Heading, Items, Note, Paragraph, Run, Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from markdown_it import MarkdownIt
    from markdown_it.tree import SyntaxTreeNode

    from stillwatch.report.papers.blocks import Block, Runs

__all__ = ["mark_of", "parsed"]

_OPEN, _CLOSE = "\ue000", "\ue001"  # private use: visible() spells them out in every value
_MARK = re.compile(f"{_OPEN}([0-9]{{1,9}}){_CLOSE}")
_SCHEMES = frozenset({"http", "https", "mailto"})
_DEEPEST = 4


def mark_of(number: int) -> str:
    """Return the mark that stands for a value."""
    return f"{_OPEN}{number}{_CLOSE}"


def parsed(text: str, values: Sequence[str], where: str) -> tuple[Block, ...]:
    r"""Return the blocks of a text.

    Args:
        text: Markdown in which ``mark_of(i)`` stands for ``values[i]``.
        values: put in as they are.
        where: name of the template, for errors.

    Raises:
        ConfigurationError: it holds what papers have not, such as a picture.
        MissingExtraError: markdown-it-py is not installed.

    >>> [heading, paragraph] = parsed(f"# To *{mark_of(0)}*\n\nWords", ["**A**"], "x.md")
    >>> heading.runs[1]
    Run(text='**A**', strong=False, emphasis=True, code=False, link='')
    """
    try:
        from markdown_it.tree import SyntaxTreeNode  # noqa: PLC0415 - optional
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            f"reports need {error.name}", todo="pip install 'stillwatch[report]'"
        ) from error
    reader = _Reader(values, where)
    return tuple(reader.block(node) for node in SyntaxTreeNode(_parser().parse(text)).children)


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt  # noqa: PLC0415 - optional

    parser = MarkdownIt("commonmark", {"html": False}).enable("table").disable(["image", "hr"])
    # the address of a link may hold a mark: it is looked at when the value is in its place
    parser.normalizeLink = lambda url: url  # type: ignore[method-assign]
    parser.validateLink = lambda url: True  # type: ignore[method-assign]  # noqa: ARG005
    return parser


class _Reader:
    def __init__(self, values: Sequence[str], where: str) -> None:
        self._values = values
        self._where = where

    def block(self, node: SyntaxTreeNode) -> Block:
        match node.type:
            case "heading" if int(node.tag[1:]) <= _DEEPEST:
                return Heading(int(node.tag[1:]), self._runs(node))
            case "paragraph":
                return Paragraph(self._runs(node))
            case "bullet_list" | "ordered_list":
                return Items(node.type == "ordered_list", tuple(map(self._item, node.children)))
            case "table":
                return self._table(node)
            case "blockquote":
                return Note(tuple(self._paragraph(child) for child in node.children))
            case other:
                raise self._no_such(other)

    def _item(self, node: SyntaxTreeNode) -> Runs:
        found: list[Run] = []
        for child in node.children:
            if found:
                found.append(Run("\n"))
            found += self._paragraph(child)
        return tuple(found)

    def _paragraph(self, node: SyntaxTreeNode) -> Runs:
        if node.type != "paragraph":
            raise self._no_such(f"{node.type} in a list or quotation")
        return self._runs(node)

    def _table(self, node: SyntaxTreeNode) -> Table:
        head, *body = node.children
        cells = head.children[0].children
        rows = [row for part in body for row in part.children]
        return Table(
            head=tuple(self._runs(cell) for cell in cells),
            rows=tuple(tuple(self._runs(cell) for cell in row.children) for row in rows),
            right=tuple("right" in str(cell.attrGet("style") or "") for cell in cells),
        )

    def _runs(self, node: SyntaxTreeNode) -> Runs:
        inner = [child for inline in node.children for child in inline.children]
        return tuple(run for child in inner for run in self._run(child, Run("")))

    def _run(self, node: SyntaxTreeNode, manner: Run) -> Iterator[Run]:
        """Yield runs; what lies inside of others is in their manner too."""
        more = {
            "strong": manner.strong or node.type == "strong",
            "emphasis": manner.emphasis or node.type == "em",
            "code": node.type == "code_inline",
            "link": self._address(node) if node.type == "link" else manner.link,
        }
        match node.type:
            case "text" | "code_inline":
                if node.content:
                    yield Run(self._put(node.content), **more)  # type: ignore[arg-type]
            case "softbreak":
                yield Run(" ", **more)  # type: ignore[arg-type]
            case "hardbreak":
                yield Run("\n", **more)  # type: ignore[arg-type]
            case "strong" | "em" | "link":
                for child in node.children:
                    yield from self._run(child, Run("", **more))  # type: ignore[arg-type]
            case other:
                raise self._no_such(other)

    def _address(self, node: SyntaxTreeNode) -> str:
        """Return where a link leads; nowhere, where it is no plain address."""
        address = self._put(str(node.attrGet("href") or ""))
        try:
            scheme = urlsplit(address).scheme
        except ValueError:
            return ""
        plain = address.isprintable() and not any(c in address for c in " <>\"'\\")
        return address if scheme in _SCHEMES and plain else ""

    def _put(self, text: str) -> str:
        return _MARK.sub(lambda found: self._values[int(found[1])], text)

    def _no_such(self, what: str) -> ConfigurationError:
        return ConfigurationError(
            f"a template holds what papers have not: {what.replace('_', ' ')}",
            where=self._where,
            todo="see docs/reference/reports.md for what a template may hold",
        )
