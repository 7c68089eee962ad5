"""Templates: those that ship, an operator's in their place, and what is made of them.

Names: ``campaign.en.md`` is the paper ``campaign`` in English, in Jinja over Markdown;
``page.html`` and ``page.typ`` set any paper as HTML and PDF.
"""

from __future__ import annotations

import re
import tomllib
from importlib import resources
from typing import TYPE_CHECKING, Any

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment

from stillwatch.disk import read_small, write_whole
from stillwatch.errors import ConfigurationError, OutputError
from stillwatch.report.documents import templating
from stillwatch.report.documents.visible import visible
from stillwatch.report.papers.blocks import Heading, Paper
from stillwatch.report.papers.reading import mark_of, parsed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from pathlib import Path

__all__ = ["FAULTS", "Templates", "environment"]

_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")
_LONGEST = 20_000
FAULTS = (
    jinja2.TemplateError,
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What a template may raise."""


class Templates:
    """The templates in use.

    Args:
        folder: files here take the place of those that ship; None for none.

    Raises:
        ConfigurationError: the folder is none.
    """

    def __init__(self, folder: Path | None = None) -> None:
        if folder is not None and not folder.is_dir():
            raise ConfigurationError(
                "there is no such folder of templates",
                where=str(folder),
                todo="stillwatch report templates DIR makes one",
            )
        self._folder = folder
        self._shipped = resources.files("stillwatch.report.papers").joinpath("templates")

    def names(self) -> tuple[str, ...]:
        """Return the names of all, those that ship first."""
        shipped = sorted(item.name for item in self._shipped.iterdir() if item.is_file())
        own = [] if self._folder is None else sorted(p.name for p in self._folder.iterdir())
        return tuple(dict.fromkeys([*shipped, *own]))

    def read(self, name: str) -> bytes:
        """Return a template.

        Raises:
            ConfigurationError: there is none, or it is too large.
        """
        if self._folder is not None and (self._folder / name).is_file():
            return read_small(self._folder / name, "a template")
        if name not in self.names():
            raise ConfigurationError(
                "there is no such template",
                where=ascii(name),
                todo="name one of these: " + ", ".join(self.names()),
            )
        return self._shipped.joinpath(name).read_bytes()

    def table(self, name: str) -> dict[str, Any]:
        """Return what a TOML file of the templates says.

        Raises:
            ConfigurationError: it is none.
        """
        try:
            return tomllib.loads(self.read(name).decode("utf-8"))
        except ValueError as error:
            raise ConfigurationError(
                f"not a TOML file: {error}", where=self.where(name), todo="start from ours"
            ) from error

    def where(self, name: str) -> str:
        """Return where a template lies, for errors."""
        if self._folder is not None and (self._folder / name).is_file():
            return str(self._folder / name)
        return f"{name} of the package"

    def write_out(self, folder: Path) -> list[str]:
        """Write the templates that ship into a folder; files that are there stay.

        Args:
            folder: made when absent.

        Returns:
            Names of the files that were written.

        Raises:
            OutputError: the folder cannot be written.
        """
        written = []
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for item in sorted(self._shipped.iterdir(), key=lambda item: item.name):
                if item.is_file() and not (folder / item.name).exists():
                    write_whole(folder / item.name, item.read_bytes())
                    written.append(item.name)
        except OSError as error:
            raise OutputError(
                f"the templates cannot be written: {error.strerror}",
                where=str(folder),
                todo="name a folder that you can write to",
            ) from error
        return written

    def paper(
        self, document: str, language: str, facts: Mapping[str, object], made: datetime
    ) -> Paper:
        """Return a paper.

        Args:
            document: name of the paper, such as ``campaign``.
            language: tag of its language.
            facts: what the template says something of.
            made: time that files say they were made at.

        Raises:
            ConfigurationError: there is no such template, or it is faulty.
        """
        name = f"{document}.{language}.md"
        if not _LANGUAGE.fullmatch(language) or name not in self.names():
            prefix = f"{document}."
            known = [n[len(prefix) : -3] for n in self.names() if n.startswith(prefix)]
            raise ConfigurationError(
                f"there is no template of this paper in {language!a}",
                todo=f"--language may be {', '.join(known)}; or add the file {document}.LANGUAGE.md"
                " to a folder of your own, and name it with --templates",
            )
        values: list[str] = []

        def kept(value: object) -> object:
            if hasattr(value, "__html__"):  # what a macro of the template made, marks and all
                return value
            lines = ("—" if value is None else str(value)).split("\n")
            values.append("\n".join(visible(line, _LONGEST) for line in lines))
            return mark_of(len(values) - 1)

        try:
            source = self.read(name).decode("utf-8")
            text = environment(self, kept).from_string(source).render(facts)
        except FAULTS as error:
            raise self._faulty(name, error) from error
        blocks = parsed(text, values, self.where(name))
        if not blocks or not isinstance(blocks[0], Heading) or blocks[0].level != 1:
            raise ConfigurationError(
                "a template does not begin with its title",
                where=self.where(name),
                todo="begin it with a line such as: # Report",
            )
        title = "".join(run.text for run in blocks[0].runs).replace("\n", " ")
        return Paper(title, language, blocks[1:], made)

    def _faulty(self, name: str, error: Exception) -> ConfigurationError:
        line = getattr(error, "lineno", None)
        return ConfigurationError(
            f"a template is faulty: {type(error).__name__}: {error}",
            where=self.where(name) + (f", line {line}" if line else ""),
            todo="correct it, or start from the shipped one: stillwatch report templates DIR",
        )


def environment(
    templates: Templates, finalize: Callable[[object], object] | None = None
) -> jinja2.Environment:
    """Return where templates run: they reach no attribute that begins with _, and no file."""
    loader = jinja2.FunctionLoader(lambda name: templates.read(name).decode("utf-8"))
    return templating.environment(loader, finalize, ImmutableSandboxedEnvironment)
