"""The file that names the identity provider."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta

from stillwatch.disk import read_small
from stillwatch.errors import ConfigurationError
from stillwatch.report.console.cases import Role  # noqa: TC001 - msgspec reads it
from stillwatch.report.console.web.openid import ProviderSettings

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["read_provider"]

_Text = Annotated[str, Meta(min_length=1, max_length=1024)]


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    issuer: _Text
    client_id: _Text
    client_secret_file: _Text = ""
    scopes: _Text = "openid profile email"
    roles_claim: _Text = "groups"
    called: Annotated[str, Meta(min_length=1, max_length=60)] = "your organisation"
    roles: dict[_Text, Role] = {}


def read_provider(path: Path) -> ProviderSettings:
    """Read what the operator says of the identity provider.

    Args:
        path: TOML file; see ``docs/reference/console.md``.

    Raises:
        SourceNotFoundError: it, or the file with the secret, cannot be opened.
        ConfigurationError: it is no such file.
    """
    raw = read_small(path, "the identity provider's settings", 1 << 16)
    try:
        found = msgspec.convert(tomllib.loads(raw.decode("utf-8")), _File)
    except (ValueError, msgspec.ValidationError) as error:
        raise ConfigurationError(
            f"the identity provider's settings cannot be used: {error}",
            where=str(path),
            todo="see docs/reference/console.md",
        ) from error
    secret = ""
    if found.client_secret_file:
        place = path.parent / found.client_secret_file
        secret = read_small(place, "the client's secret", 4096).decode("utf-8", "replace").strip()
    return ProviderSettings(
        found.issuer,
        found.client_id,
        secret,
        scopes=found.scopes,
        roles_claim=found.roles_claim,
        roles=found.roles,
        called=found.called,
    )
