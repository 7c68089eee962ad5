"""An operator's way to the hub's log: a ceremony's record, which needs no other signature."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import msgspec

from stillwatch.errors import RefusedError, UnreachableError

if TYPE_CHECKING:
    from stillwatch.share.oprf.epochs import Certificate

__all__ = ["publish"]

_PATH = "/exchange/v1/oprf/epochs"
_AWAY = frozenset({429, 500, 502, 503, 504})


class _Taken(msgspec.Struct, frozen=True):
    index: int


class _Refused(msgspec.Struct, frozen=True):
    error_code: str = "H-0"
    description: str = "the hub refuses, and does not say why"


def publish(hub: str, certificate: Certificate) -> int:
    """Put a record into the hub's log, or find it there; return its index.

    Args:
        hub: scheme and authority.
        certificate: the record that both operators signed.

    Raises:
        UnreachableError: the hub is away; the record is kept, and can be published later.
        RefusedError: the hub refuses, with its rule.
    """
    url = hub.rstrip("/") + _PATH
    headers = {"Content-Type": "application/json"}
    try:
        answer = httpx.post(url, content=certificate.envelope, headers=headers, timeout=30.0)
        if answer.status_code not in _AWAY and not answer.is_success:
            said = msgspec.json.decode(answer.content, type=_Refused)
            raise RefusedError(said.error_code, said.description, where=url)
        return msgspec.json.decode(answer.raise_for_status().content, type=_Taken).index
    except (httpx.HTTPError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UnreachableError(
            f"the hub did not take the record: {type(error).__name__}",
            where=url,
            todo="run `stillwatch oprf ceremony publish` later; the ceremony itself is done",
        ) from error
