"""A Typst template and data in, a PDF out: values reach the page as text and are never markup.

The template runs in a folder of its own that holds itself and ``data.json``, and can read nothing
else of the machine.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Literal

from stillwatch.errors import ConfigurationError, MissingExtraError

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["MissingGlyphsError", "Press", "typeset"]

_UNDRAWN = re.compile(r"the text `\"((?:[^\"\\]|\\.)*)\"` could not be displayed")
_ESCAPED = re.compile(r"\\u\{([0-9a-f]+)\}|\\(.)")


class MissingGlyphsError(ConfigurationError):
    """Some characters have no glyph in the fonts at hand, and the standard asked for forbids that.

    Args:
        texts: the characters, as the typesetter names them.
        where: the template.
    """

    def __init__(self, texts: frozenset[str], where: str) -> None:
        super().__init__(
            f"{len(texts)} characters have no glyph in the fonts at hand",
            where=where,
            todo="name a folder of fonts that have them",
        )
        self.texts = texts


@dataclass(frozen=True, slots=True)
class Press:
    """How a page is set."""

    extra: str
    """Extra of the package that holds the typesetter."""
    system_fonts: bool = True
    """Whether the machine's fonts are used beside those that the typesetter brings."""
    fonts: Path | None = None
    """Folder of further fonts."""
    made: datetime | None = None
    """Time that the file says it was made at; the clock's where None."""
    standard: Literal["ua-1"] | None = None
    """Standard that the file must meet: PDF/UA-1, for readers of screens."""


def typeset(template: bytes, data: object, press: Press, *, where: str) -> bytes:
    """Return a PDF.

    Args:
        template: Typst; it reads ``data.json``.
        data: what ``json.dumps`` takes.
        press: how the page is set.
        where: name of the template, for errors.

    Raises:
        MissingExtraError: typst is not installed.
        MissingGlyphsError: characters have no glyph, and the standard asks for one.
        ConfigurationError: the template does not compile.
    """
    try:
        import typst  # noqa: PLC0415 - optional
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            "reports need typst", todo=f"pip install 'stillwatch[{press.extra}]'"
        ) from error
    folders = [] if press.fonts is None else [str(press.fonts)]
    with TemporaryDirectory() as scratch:
        root = Path(scratch)
        (root / "data.json").write_text(json.dumps(data), "utf-8")
        (root / "report.typ").write_bytes(template)
        try:
            return typst.compile(
                str(root / "report.typ"),
                root=scratch,
                font_paths=typst.Fonts(
                    include_system_fonts=press.system_fonts, font_paths=list(folders)
                ),
                timestamp=None if press.made is None else int(press.made.timestamp()),
                pdf_standards=[] if press.standard is None else [press.standard],
            )
        except RuntimeError as error:
            undrawn = _undrawn(str(getattr(error, "diagnostic", error)))
            if undrawn:
                raise MissingGlyphsError(undrawn, where) from error
            raise ConfigurationError(
                f"the template does not compile: {error}",
                where=where,
                todo="start from the shipped template",
            ) from error


def _undrawn(words: str) -> frozenset[str]:
    r"""Return the texts that a diagnostic says have no glyph.

    >>> sorted(_undrawn(r'the text `"\u{540d}"` could not be displayed with font `"A"`'))
    ['名']
    """
    return frozenset(
        _ESCAPED.sub(lambda found: chr(int(found[1], 16)) if found[1] else found[2], text)
        for text in _UNDRAWN.findall(words)
    )
