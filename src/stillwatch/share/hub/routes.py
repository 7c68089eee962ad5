"""All endpoints in one table: where they are, who may call them, what they take."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from stillwatch.share.hub import (
    audits,
    ceremonies,
    credentials,
    epochs,
    lives,
    logs,
    members,
    streams,
    taxii,
)
from stillwatch.share.hub.calls import JSON, TAXII, Answer, Call

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import msgspec

    from stillwatch.share.hub.hub import Hub

__all__ = ["ROUTES", "Endpoint", "Found", "Route", "find"]

Endpoint: TypeAlias = "Callable[[Hub, Call], Awaitable[Answer]]"

ANY = frozenset({"publish", "read", "observe", "counsel"})
READS = frozenset({"publish", "read"})
SEES_LOG = ANY


@dataclass(frozen=True, slots=True)
class Route:
    """One endpoint."""

    method: str
    """In capitals."""

    path: str
    """With places in braces; ``{tile:path}`` takes slashes too."""

    endpoint: Endpoint
    """Answers."""

    roles: frozenset[str] = ANY
    """A member needs one of them."""

    query: tuple[tuple[str, str], ...] = ()
    """Parameters: name, and what it is: integer, string, or integers for a repeated one."""

    body: type[msgspec.Struct] | None = None
    """Record of the body, where it has one."""

    joins: bool = False
    """Signed by a key that is nobody's yet."""

    signed: bool = False
    """A certificate in place of a signature is not enough: it changes what counts."""

    vouched: bool = False
    """What is posted is signed itself, and not by a member."""

    open_log: bool = False
    """For everybody, where the operator chose so."""

    @property
    def taxii(self) -> bool:
        """Belongs to TAXII."""
        return self.path.startswith("/taxii2")

    @property
    def media_type(self) -> str:
        """Media type of its bodies."""
        return TAXII if self.taxii else JSON


@dataclass(frozen=True, slots=True)
class Found:
    """A route that a request means."""

    route: Route
    """The route."""

    places: dict[str, str]
    """What stands in the path's places."""


_ROOT = "/taxii2/api"
_ONE = f"{_ROOT}/collections/{{collection}}"
_OBJECT = f"{_ONE}/objects/{{object}}"
_V1 = "/exchange/v1"
_LIMITS = (("after", "integer"), ("limit", "integer"))

ROUTES: tuple[Route, ...] = (
    Route("POST", f"{_ONE}/objects", taxii.post_objects),
    Route("GET", f"{_ONE}/objects", taxii.objects),
    Route("GET", "/taxii2", taxii.discovery),
    Route("GET", _ROOT, taxii.api_root),
    Route("GET", f"{_ROOT}/status/{{status}}", taxii.status),
    Route("GET", f"{_ROOT}/collections", taxii.collections),
    Route("GET", _ONE, taxii.collection),
    Route("GET", f"{_ONE}/manifest", taxii.manifest),
    Route("GET", _OBJECT, taxii.object_by_id),
    Route("DELETE", _OBJECT, taxii.refuse_delete),
    Route("GET", f"{_OBJECT}/versions", taxii.versions),
    Route("POST", f"{_V1}/join", members.join_hub, body=members.JoinBody, joins=True),
    Route("GET", f"{_V1}/me", members.me),
    Route("GET", f"{_V1}/members", members.directory),
    Route("POST", f"{_V1}/keys", members.change_key, body=members.KeyBody, signed=True),
    Route("POST", f"{_V1}/keys/retire", members.retire, body=members.RetireBody, signed=True),
    Route(
        "POST", f"{_V1}/credentials", credentials.enrol_credential,
        body=credentials.CredentialBody, signed=True,
    ),
    Route(
        "POST", f"{_V1}/credentials/retire", credentials.retire_credential,
        body=credentials.EndBody, signed=True,
    ),
    Route("POST", f"{_V1}/leave", members.leave, signed=True),
    Route("GET", f"{_V1}/records", streams.records, query=_LIMITS),
    Route("GET", f"{_V1}/stream", streams.stream, query=(("after", "integer"),)),
    Route("GET", f"{_V1}/log/checkpoint", logs.checkpoint, open_log=True),
    Route("GET", f"{_V1}/log/checkpoint/newest", logs.newest_checkpoint, open_log=True),
    Route("GET", f"{_V1}/log/tile/{{tile:path}}", logs.tile, open_log=True),
    Route(
        "GET", f"{_V1}/log/proof/inclusion", logs.inclusion,
        query=(("index", "integer"), ("size", "integer")),
    ),
    Route(
        "GET", f"{_V1}/log/proof/consistency", logs.consistency,
        query=(("first", "integer"), ("second", "integer")),
    ),
    Route("GET", f"{_V1}/log/salts", logs.salts, query=(("index", "integers"),)),
    Route("GET", f"{_V1}/recalls", lives.recalls, READS),
    Route(
        "POST", f"{_V1}/acknowledgements", lives.acknowledge, READS, body=lives.AcknowledgementBody
    ),
    Route("GET", f"{_V1}/precision", lives.precision, READS),
    Route("GET", f"{_V1}/epochs", epochs.epochs, READS),
    Route("POST", f"{_V1}/epochs", epochs.draw, frozenset({"publish"}), body=epochs.EpochBody),
    Route("POST", f"{_V1}/epochs/{{epoch}}/boxes", epochs.add_boxes, READS, body=epochs.BoxesBody),
    Route("POST", f"{_V1}/oprf/epochs", ceremonies.append_ceremony, vouched=True),
    Route("GET", f"{_V1}/audit", audits.audit, frozenset({"counsel"}), query=_LIMITS),
)  # fmt: skip


def find(method: str, path: str) -> Found | frozenset[str]:
    """Return what a request means; else the methods that its path has, none where it is unknown.

    >>> find("PUT", "/taxii2/")
    frozenset({'GET'})
    """
    path = path.rstrip("/")
    known = set()
    for pattern, routes in _PATTERNS:
        matched = pattern.fullmatch(path)
        if matched is None:
            continue
        for route in routes:
            if route.method == method:
                return Found(route, matched.groupdict())
            known.add(route.method)
    return frozenset(known)


def _pattern(path: str) -> re.Pattern[str]:
    spelled = re.sub(r"{(\w+):path}", r"(?P<\1>.+)", path)
    return re.compile(re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", spelled))


def _grouped() -> list[tuple[re.Pattern[str], list[Route]]]:
    paths: dict[str, list[Route]] = {}
    for route in ROUTES:
        paths.setdefault(route.path, []).append(route)
    return [(_pattern(path), routes) for path, routes in paths.items()]


_PATTERNS: list[tuple[re.Pattern[str], list[Any]]] = _grouped()
