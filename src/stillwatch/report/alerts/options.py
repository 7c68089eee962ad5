"""A table of the receivers file: typed values out, and whatever is left over refused."""

from __future__ import annotations

import os
import re
import stat
from typing import TYPE_CHECKING

from stillwatch.errors import ConfigurationError, SourceNotFoundError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["Options"]

_SECRET_WORDS = frozenset({"secret", "token", "password", "sasl_password", "key"})
_SECRET_BYTES = 4_096


class Options:
    """Named values of one table.

    Args:
        values: the table as TOML gave it.
        where: file and table, for errors.
        base: folder that relative paths start from.
    """

    def __init__(self, values: Mapping[str, object], where: str, base: Path) -> None:
        self.where = where
        self._values = dict(values)
        self._base = base
        for name in sorted(_SECRET_WORDS & self._values.keys()):
            raise ConfigurationError(
                f"the secret `{name}` is written into the receivers file",
                where=where,
                todo=f"put it into a file of mode 600 and name that as {name}_file, or into an "
                f"environment variable and name that as {name}_env",
            )

    def text(self, name: str, default: str | None = None) -> str:
        """Take a text.

        Raises:
            ConfigurationError: it is absent and has no default, or is no text.
        """
        value = self._values.pop(name, default)
        if not isinstance(value, str) or not value or not value.isprintable():
            raise self.wrong(name, "is missing" if value is None else "is no line of text")
        return value

    def maybe(self, name: str) -> str | None:
        """Take a text that may be absent."""
        return self.text(name) if name in self._values else None

    def number(self, name: str, default: float, lowest: float, highest: float) -> float:
        """Take a number within bounds."""
        value = self._values.pop(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.wrong(name, "is no number")
        if not lowest <= value <= highest:
            raise self.wrong(name, f"is not within {lowest:g} to {highest:g}")
        return float(value)

    def flag(self, name: str, *, default: bool) -> bool:
        """Take true or false."""
        value = self._values.pop(name, default)
        if not isinstance(value, bool):
            raise self.wrong(name, "is neither true nor false")
        return value

    def choice(self, name: str, allowed: tuple[str, ...], default: str) -> str:
        """Take one of several words."""
        value = self.text(name, default)
        if value not in allowed:
            raise self.wrong(name, f"is none of {', '.join(allowed)}")
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """Take a list of texts, one at least."""
        value = self._values.pop(name, None)
        if not isinstance(value, list) or not value or not all(isinstance(v, str) for v in value):
            raise self.wrong(name, "is no list of texts")
        return tuple(value)

    def path(self, name: str) -> Path | None:
        """Take a path that may be absent; it must lead to a file."""
        text = self.maybe(name)
        if text is None:
            return None
        path = self._base / text
        if not path.is_file():
            raise SourceNotFoundError(
                f"`{name}` is no file", where=f"{self.where}: {path}", todo="check the path"
            )
        return path

    def secrets(self, name: str) -> tuple[str, ...]:
        """Take secrets from the file or environment variable that the table names.

        Returns:
            The words of it, one at least; several where a secret is being replaced.

        Raises:
            ConfigurationError: neither or both are named, the variable is empty, or others may
                read the file.
            SourceNotFoundError: the file cannot be opened.
        """
        file, variable = self.maybe(f"{name}_file"), self.maybe(f"{name}_env")
        if (file is None) == (variable is None):
            raise self.wrong(f"{name}_file", f"or {name}_env must be given, and not both")
        text = os.environ.get(variable, "") if variable else self._secret_file(name, file or "")
        words = tuple(text.split())
        if not words or not all(re.fullmatch(r"[!-~]+", word) for word in words):
            raise self.wrong(
                f"{name}_env" if variable else f"{name}_file", "leads to no secret of plain ASCII"
            )
        return words

    def _secret_file(self, name: str, text: str) -> str:
        path = self._base / text
        try:
            with path.open("rb") as file:
                mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
                data = file.read(_SECRET_BYTES)
        except OSError as error:
            raise SourceNotFoundError(
                f"the secret cannot be read: {error.strerror}",
                where=f"{self.where}: {path}",
                todo=f"check {name}_file",
            ) from error
        if os.name != "nt" and mode & 0o077:
            raise ConfigurationError(
                f"others may read a secret (mode {mode:04o})",
                where=f"{self.where}: {path}",
                todo=f"chmod 600 {path}",
            )
        return data.decode("utf-8", "replace")

    def finish(self) -> None:
        """Refuse what was not taken: a misspelt option must not be ignored."""
        for name in self._values:
            raise self.wrong(name, "is not known here")

    def wrong(self, name: str, what: str) -> ConfigurationError:
        """Return the error for one value."""
        return ConfigurationError(
            f"`{name}` {what}",
            where=self.where,
            todo="see docs/reference/alerts.md for what a receiver takes",
        )
