"""The matrix legal theory x element x evidence, held or missing: a template for counsel.

It concludes nothing.  Operators edit a copy of ``matrix.toml`` and give it to ``collect``.
"""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import TYPE_CHECKING

import msgspec

from stillwatch.disk import read_small
from stillwatch.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["Element", "Row", "filled", "read_matrix", "template"]


class Element(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a theory asks for."""

    theory: str
    """Legal theory, such as breach of terms."""
    element: str
    """What has to be shown."""
    evidence: tuple[str, ...]
    """Names of parts or folders of a bundle that speak to it; without ``parts/``."""


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An element, and what of its evidence the bundle holds."""

    theory: str
    """As `Element`."""
    element: str
    """As `Element`."""
    held: tuple[str, ...]
    """Evidence that is in the bundle."""
    missing: tuple[str, ...]
    """Evidence that is not."""


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    element: tuple[Element, ...]


def template() -> bytes:
    """Return the matrix that ships with the package, TOML."""
    return files("stillwatch.prove.evidence").joinpath("matrix.toml").read_bytes()


def read_matrix(path: Path | None) -> tuple[Element, ...]:
    """Return the elements of a matrix file; of the shipped one without a path.

    Raises:
        SourceNotFoundError: the file cannot be opened.
        ConfigurationError: it is no matrix.
    """
    raw = template() if path is None else read_small(path, "the matrix")
    try:
        return msgspec.convert(tomllib.loads(raw.decode()), _File).element
    except (ValueError, RecursionError) as error:  # msgspec's and tomllib's are ValueErrors
        raise ConfigurationError(
            f"the matrix cannot be read: {error}",
            where=str(path),
            todo="start from `stillwatch evidence matrix`",
        ) from error


def filled(elements: Iterable[Element], parts: Iterable[str]) -> tuple[Row, ...]:
    """Return the matrix over a bundle's parts."""
    names = {part.removeprefix("parts/") for part in parts}
    every = names | {"/".join(n.split("/")[:i]) for n in names for i in range(1, n.count("/") + 1)}
    return tuple(
        Row(
            one.theory,
            one.element,
            tuple(name for name in one.evidence if name in every),
            tuple(name for name in one.evidence if name not in every),
        )
        for one in elements
    )
