"""All schemes, and how a file or command names one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stillwatch.errors import ConfigurationError, InputFormatError
from stillwatch.prove.watermark.green_red import GreenRed
from stillwatch.prove.watermark.gumbel import Gumbel

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["SCHEMES", "scheme_of"]

SCHEMES: tuple[type[GreenRed | Gumbel], ...] = (GreenRed, Gumbel)
"""Every scheme; the first is for radioactivity."""


def scheme_of(settings: Mapping[str, Any]) -> GreenRed | Gumbel:
    """Return the scheme that `Scheme.settings` describes.

    Raises:
        InputFormatError: no scheme has this name or these settings.

    >>> scheme_of({"name": "gumbel", "context": 3})
    Gumbel(context=3, name='gumbel')
    """
    for kind in SCHEMES:
        fields = kind.__dataclass_fields__
        if settings.get("name") != fields["name"].default:
            continue
        if set(settings) <= set(fields) and all(
            type(value) is type(fields[name].default)
            or (type(value), fields[name].type) == (int, "float")
            for name, value in settings.items()
        ):
            try:
                return kind(**settings)
            except ConfigurationError as error:
                raise InputFormatError(f"a watermark's settings: {error}") from error
    names = ", ".join(str(kind.__dataclass_fields__["name"].default) for kind in SCHEMES)
    raise InputFormatError(
        "no watermark has these settings",
        where=str(dict(settings))[:200],
        todo=f"name one of {names}, with settings of its own",
    )
