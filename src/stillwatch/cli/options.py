"""Options that more than one command takes, and the checks that go with them."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stillwatch.errors import ConfigurationError
from stillwatch.listening import tls_pair

if TYPE_CHECKING:
    from collections.abc import Callable

    from stillwatch.find.sources import ColumnMapping

__all__ = [
    "accounts",
    "alpha",
    "events",
    "format_name",
    "intelligence",
    "key_file",
    "listening",
    "mapping",
    "step",
    "tokens",
]


def _divides_day(_: click.Context, __: click.Parameter, hours: int) -> int:
    if not 1 <= hours <= 24 or 24 % hours:
        raise ConfigurationError(
            f"--step {hours} does not divide a day", todo="use 1, 2, 3, 4, 6, 8, 12 or 24"
        )
    return hours


def _rate(_: click.Context, __: click.Parameter, value: float) -> float:
    if not 0 < value < 1:
        raise ConfigurationError(f"--alpha {value} is no rate", todo="give one between 0 and 1")
    return value


def _loaded(_: click.Context, __: click.Parameter, path: Path | None) -> ColumnMapping | None:
    from stillwatch.find.sources import load_mapping  # noqa: PLC0415 - help imports no kernel

    return None if path is None else load_mapping(path)


def key_file(words: str) -> Callable[[Any], Any]:
    """Return ``--key-file``, the path of an existing file.

    Args:
        words: its help.
    """
    kind = click.Path(exists=True, dir_okay=False, path_type=Path)
    return click.option("--key-file", type=kind, help=words)


accounts = click.option("--accounts", help="Account table: file, folder or database URL.")
"""``--accounts``, a location."""
events = click.option(
    "--events", multiple=True, help="Folder or file of dated events; may be repeated."
)
"""``--events``, any number of locations."""
tokens = click.option("--tokens", help="Tokens written by `stillwatch vault tokenise`.")
"""``--tokens``, a location."""
intelligence = click.option(
    "--intelligence", help="Accounts that peers' indicators match, as `exchange match` writes them."
)
"""``--intelligence``, a location."""
mapping = click.option(
    "--map",
    "map_",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    callback=_loaded,
    help="TOML file that names your columns.",
)
"""``--map``, given to the command as a ``ColumnMapping`` or None."""
format_name = click.option(
    "--format", "format_", help="Format of the exchange files; told when not given."
)
"""``--format``, a name or None."""
step = click.option(
    "--step", default=1, show_default=True, callback=_divides_day, help="Hours between looks."
)
"""``--step``, hours that divide a day."""
alpha = click.option(
    "--alpha",
    default=0.05,
    show_default=True,
    callback=_rate,
    help="Strictness: smaller asks for more evidence.",
)
"""``--alpha``, between 0 and 1."""


def listening(port: int) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return ``--host``, ``--port``, ``--tls-certificate`` and ``--tls-key``.

    The command is given ``host``, ``port`` and ``tls``, both files or None.

    Args:
        port: the default.
    """
    shown = (
        click.option(
            "--host", default="127.0.0.1", show_default=True, help="Address to listen at."
        ),
        click.option(
            "--port",
            default=port,
            show_default=True,
            type=click.IntRange(0, 65535),
            help="Port to listen at; 0 takes a free one.",
        ),
        click.option(
            "--tls-certificate", type=click.Path(path_type=Path), help="Certificate chain, PEM."
        ),
        click.option(
            "--tls-key", type=click.Path(path_type=Path), help="The certificate's key, PEM."
        ),
    )

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(command)
        def call(
            *arguments: Any,  # noqa: ANN401 - as the command takes
            tls_certificate: Path | None,
            tls_key: Path | None,
            **named: Any,  # noqa: ANN401 - as the command takes
        ) -> Any:  # noqa: ANN401 - as the command gives
            return command(*arguments, tls=tls_pair(tls_certificate, tls_key), **named)

        for option in reversed(shown):
            call = option(call)
        return call

    return add
