"""Parts that are installed on request, and what is said where one is missing."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from stillwatch.errors import MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["extra"]


@contextlib.contextmanager
def extra(name: str, need: str) -> Iterator[None]:
    """Say what to install where an import within fails.

    Args:
        name: of the extra, or several with commas between.
        need: who needs it, with its verb: ``a hub needs``.

    Raises:
        MissingExtraError: a package that the extra brings is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "stillwatch":
            raise  # nobody could install that
        raise MissingExtraError(
            f"{need} {error.name}", todo=f"pip install 'stillwatch[{name}]'"
        ) from error
