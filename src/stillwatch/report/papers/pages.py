"""A paper as a file: HTML, PDF or Markdown."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from stillwatch.errors import ConfigurationError
from stillwatch.report.papers.blocks import Heading, Items, Note, Paragraph, Table
from stillwatch.report.papers.templates_folder import FAULTS, environment
from stillwatch.typesetting import MissingGlyphsError, Press, typeset

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from stillwatch.report.papers.blocks import Block, Paper, Run, Runs
    from stillwatch.report.papers.templates_folder import Templates

__all__ = ["FORMATS", "printed"]

FORMATS = ("html", "pdf", "md")
"""What ``printed`` makes."""
_MARKUP = re.compile(r"([\\`*_\[\]<>|~#&]|:(?=//))")
_AT_THE_START = re.compile(r"^(\s*)([-+=]|[0-9]{1,9}[.)])(?=\s|$|[-=])", re.MULTILINE)
_TRIES = 4
_LONGEST_WORD = 24
"""Characters of a word between which a line of a PDF may be broken."""


def printed(
    paper: Paper, form: str, templates: Templates, *, fonts: Path | None = None
) -> tuple[bytes, int]:
    """Return a paper as the bytes of a file.

    Args:
        paper: what it says.
        form: one of ``FORMATS``.
        templates: hold the page.
        fonts: folder of further fonts, for PDF.

    Returns:
        The bytes, and how many characters a PDF spells as code points for want of a glyph.

    Raises:
        ConfigurationError: the page's template is faulty.
        MissingExtraError: typst is not installed.
    """
    if form == "html":
        return _html(paper, templates).encode("utf-8"), 0
    if form == "md":
        return "".join(_markdown(paper)).encode("utf-8"), 0
    if form == "pdf":
        return _pdf(paper, templates, fonts)
    raise ValueError(form)


def _html(paper: Paper, templates: Templates) -> str:
    name = "page.html"
    try:
        page: str = environment(templates).get_template(name).render(paper=paper)
    except FAULTS as error:
        raise ConfigurationError(
            f"a template is faulty: {type(error).__name__}: {error}",
            where=templates.where(name),
            todo="correct it, or start from the shipped one: stillwatch report templates DIR",
        ) from error
    return page


def _markdown(paper: Paper) -> Iterator[str]:
    yield f"# {_escaped(paper.title)}\n"
    for block in paper.blocks:
        yield "\n"
        match block:
            case Heading():
                yield f"{'#' * block.level} {_line(block.runs)}\n"
            case Paragraph():
                yield f"{_line(block.runs)}\n"
            case Items():
                for number, item in enumerate(block.items, start=1):
                    yield f"{f'{number}.' if block.ordered else '-'} {_line(item)}\n"
            case Table():
                yield _row(block.head)
                yield "|" + "|".join("--:" if right else "---" for right in block.right) + "|\n"
                yield from map(_row, block.rows)
            case Note():
                yield "> \n".join(f"> {_line(runs)}\n" for runs in block.paragraphs)


def _row(cells: tuple[Runs, ...]) -> str:
    return "| " + " | ".join(_line(cell) or " " for cell in cells) + " |\n"


def _line(runs: Runs) -> str:
    return "".join(map(_run, runs)).strip()


def _run(run: Run) -> str:
    text = _escaped(run.text)
    if run.link:
        text = f"[{text}](<{run.link}>)"
    for mark, wanted in (("*", run.emphasis), ("**", run.strong)):
        if wanted and text.strip():
            text = f"{mark}{text}{mark}"
    return text


def _escaped(text: str) -> str:
    r"""Return a text that Markdown shows as it is.

    >>> _escaped("*a* <b>")
    '\\*a\\* \\<b\\>'
    >>> _escaped("1. a")
    '1\\. a'
    """
    lines = _AT_THE_START.sub(_guarded, _MARKUP.sub(r"\\\1", text))
    return lines.replace("\n", "<br>")


def _guarded(found: re.Match[str]) -> str:
    return f"{found[1]}{found[2][:-1]}\\{found[2][-1]}"


def _pdf(paper: Paper, templates: Templates, fonts: Path | None) -> tuple[bytes, int]:
    """Return the PDF; a character without a glyph is spelled as its code point.

    PDF/UA asks for a glyph for every character.  What lacks one is known only to the typesetter,
    which names all of them at once.
    """
    template = templates.read("page.typ")
    press = Press("report", system_fonts=False, fonts=fonts, made=paper.made, standard="ua-1")
    where = templates.where("page.typ")
    spelled: set[str] = set()
    for _ in range(_TRIES):
        data = {
            "title": _drawn(paper.title, spelled),
            "language": paper.language.partition("-")[0],
            "blocks": [_plain(block, spelled) for block in paper.blocks],
            "spelled": len({character for text in spelled for character in text}),
            "longest": _LONGEST_WORD,
        }
        try:
            return typeset(template, data, press, where=where), int(str(data["spelled"]))
        except MissingGlyphsError as error:
            if error.texts <= spelled:
                raise
            spelled |= error.texts
    raise ConfigurationError(
        "some characters have no glyph in the fonts at hand", where=where, todo="give --fonts"
    )


def _plain(block: Block, spelled: set[str]) -> dict[str, Any]:
    """Return a block as JSON."""

    def put(value: Any) -> Any:  # noqa: ANN401 - JSON
        match value:
            case str():
                return _drawn(value, spelled)
            case dict():
                return {k: item if k == "link" else put(item) for k, item in value.items()}
            case list() | tuple():
                return [put(item) for item in value]
            case _:
                return value

    made: dict[str, Any] = put(asdict(block))
    return made


def _drawn(text: str, spelled: set[str]) -> str:
    """Return a text with what has no glyph as code points.

    >>> _drawn("a名", {"名"})
    'a[U+540D]'
    """
    if text.isascii():
        return text
    for missing in sorted(spelled, key=len, reverse=True):
        if missing in text:
            text = text.replace(missing, "".join(f"[U+{ord(one):04X}]" for one in missing))
    return text
