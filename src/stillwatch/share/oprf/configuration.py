"""A member's file of the two operators: where they are, and their keys."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import msgspec

from stillwatch.disk import read_small
from stillwatch.errors import ConfigurationError, RefusedError
from stillwatch.ledger import VerifyKey
from stillwatch.share.oprf.client import OperatorAddress
from stillwatch.share.oprf.epochs import Closed, Exchange

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["read_operators"]


class _Address(Closed, frozen=True):
    """One operator."""

    url: str
    key: str


class _File(Closed, frozen=True):
    """The file."""

    exchange: Exchange
    a: _Address
    b: _Address


def read_operators(path: Path) -> tuple[str, tuple[OperatorAddress, OperatorAddress]]:
    """Return the exchange's name and its operators a and b.

    Raises:
        SourceNotFoundError: the file cannot be opened.
        ConfigurationError: it does not name two operators with keys of their own.
    """
    try:
        held = tomllib.loads(read_small(path, "the file of operators").decode())
        file = msgspec.convert(held, _File)
        first, second = (
            OperatorAddress(item.url.rstrip("/"), VerifyKey.decode(item.key))
            for item in (file.a, file.b)
        )
        if first.key.raw == second.key.raw:  # P-1
            raise RefusedError("P-1", "both operators have one key")  # noqa: TRY301
    except (
        tomllib.TOMLDecodeError,
        UnicodeDecodeError,
        msgspec.ValidationError,
        RefusedError,
    ) as error:
        raise ConfigurationError(
            f"the file of operators cannot be read: {error}",
            where=str(path),
            todo="give exchange, and url and key under [a] and [b]",
        ) from error
    return file.exchange, (first, second)
