"""How far a command has come, on a terminal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["progress"]


class progress:  # noqa: N801 - used as a statement
    """A progress bar on a terminal, and nothing elsewhere."""

    def __enter__(self) -> Callable[[str, float], None] | None:
        self._shown = -1
        return self._tick if sys.stderr.isatty() else None

    def _tick(self, stage: str, share: float) -> None:
        percent = int(100 * share)
        if percent != self._shown:
            self._shown = percent
            filled = percent * 30 // 100
            click.echo(f"\r{stage} [{'#' * filled:30}] {percent:3d}%", nl=False, err=True)

    def __exit__(self, *_: object) -> None:
        if self._shown >= 0:
            click.echo("", err=True)
