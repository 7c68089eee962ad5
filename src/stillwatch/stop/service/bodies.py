"""What updates hold, by kind: to bytes and back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import msgspec
import pyarrow as pa
from msgspec import Meta, Struct

from stillwatch.errors import RefusedError
from stillwatch.stop.serving import Pieces, Place

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = [
    "Indicators",
    "Recall",
    "Scan",
    "indicators_body",
    "read_indicators",
    "read_recall",
    "read_scan_body",
    "read_table",
    "recall_body",
    "recall_key",
    "scan_body",
    "table_body",
]

_T = TypeVar("_T")
_VERDICT = ["account_id", "campaign_id", "flagged_at", "score"]
_Name = Annotated[str, Meta(max_length=512)]


class Scan(Struct, frozen=True):
    """What a scan declared."""

    as_of: int
    """Last look, microseconds since 1970."""
    campaigns: Sequence[Mapping[str, Any]]
    """Of ``campaigns.json``: id, review_only, and of the findings family, role and log_e."""
    verdicts: pa.Table
    """Rows of ``verdicts.parquet`` that name a campaign, without their sentences."""


class Indicators(Struct, frozen=True):
    """What peers shared, as the decision core matches it."""

    pieces: tuple[Pieces, ...] = ()
    places: tuple[Place, ...] = ()


class Recall(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A verdict that was wrong: it counts no more, whatever a later scan says again."""

    account: _Name
    """Account that was named wrongly; empty where the campaign as a whole was wrong."""
    campaign: _Name
    """Campaign that it was named a member of; empty for every campaign up to ``at``."""
    measures: tuple[_Name, ...]
    """Ids of measures that are lifted with it."""
    indicators: tuple[_Name, ...]
    """Ids of indicators that matched wrongly."""
    at: int
    """Microseconds since 1970."""
    until: int
    """When it ends, microseconds since 1970."""


class _Scan(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    as_of: int
    campaigns: bytes
    verdicts: bytes


class _Pieces(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    name: _Name
    actor: _Name
    values: list[int]
    weights: list[int]
    licence: _Name
    own: bool
    belief: float = 1.0
    most: float = 60.0


class _Place(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    name: _Name
    actor: _Name
    entity: _Name
    value: _Name
    nats: float
    licence: _Name


class _Indicators(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    pieces: list[_Pieces]
    places: list[_Place]


def scan_body(as_of: int, campaigns: Sequence[Mapping[str, Any]], verdicts: pa.Table) -> bytes:
    """Return the body of a ``scan``: what decides, and neither sentences nor signatures."""
    named = verdicts.filter(verdicts.column("campaign_id").is_valid()).select(_VERDICT)
    slim = [
        {
            "campaign_id": one["campaign_id"],
            "review_only": bool(one.get("review_only")),
            "findings": [
                {name: finding.get(name) for name in ("family", "role", "log_e")}
                for finding in one.get("findings", ())
            ],
        }
        for one in campaigns
    ]
    return msgspec.msgpack.encode(_Scan(as_of, msgspec.json.encode(slim), table_body(named)))


def read_scan_body(body: bytes) -> Scan:
    """Return what a scan declared.

    Raises:
        RefusedError: U-6 the body is another's.
    """
    held = _read(body, _Scan)
    try:
        campaigns = json.loads(held.campaigns)
    except (ValueError, RecursionError) as error:  # U-6
        raise _damaged("campaigns that are no JSON") from error
    if not isinstance(campaigns, list) or not all(isinstance(one, dict) for one in campaigns):
        raise _damaged("campaigns that are no list")  # U-6
    verdicts = read_table(held.verdicts)
    if verdicts.column_names != _VERDICT:  # U-6
        raise _damaged("verdicts without their columns")
    return Scan(held.as_of, campaigns, verdicts)


def table_body(table: pa.Table) -> bytes:
    """Return a table as an Arrow stream: the body of ``intelligence``."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def read_table(body: bytes) -> pa.Table:
    """Return the table that `table_body` wrote.

    Raises:
        RefusedError: U-6 the body is another's.
    """
    try:
        with pa.ipc.open_stream(body) as reader:
            table = reader.read_all()
        table.validate(full=True)
    except (pa.ArrowException, OSError, ValueError) as error:  # U-6
        raise _damaged("a table that cannot be read") from error
    return table


def indicators_body(found: Indicators) -> bytes:
    """Return the body of ``indicators``."""
    return msgspec.msgpack.encode(
        _Indicators(
            [
                _Pieces(
                    one.name,
                    one.actor,
                    list(one.values),
                    list(one.weights),
                    one.licence,
                    one.own,
                    one.belief,
                    one.most,
                )
                for one in found.pieces
            ],
            [
                _Place(one.name, one.actor, one.entity, one.value, one.nats, one.licence)
                for one in found.places
            ],
        )
    )


def read_indicators(body: bytes) -> Indicators:
    """Return what peers shared.

    Raises:
        RefusedError: U-6 the body is another's.
    """
    held = _read(body, _Indicators)
    if any(
        len(one.values) != len(one.weights) or any(not 0 <= v < 1 << 64 for v in one.values)
        for one in held.pieces
    ):  # U-6
        raise _damaged("pieces without their weights, or hashes of more than 64 bits")
    return Indicators(
        tuple(
            Pieces(p.name, p.actor, p.values, p.weights, p.licence, p.own, p.belief, p.most)
            for p in held.pieces
        ),
        tuple(Place(p.name, p.actor, p.entity, p.value, p.nats, p.licence) for p in held.places),
    )


def recall_body(recall: Recall) -> bytes:
    """Return the body of a ``recall``."""
    return msgspec.msgpack.encode(recall)


def read_recall(body: bytes) -> Recall:
    """Return a recall.

    Raises:
        RefusedError: U-6 the body is another's, or says nothing.
    """
    found = _read(body, Recall)
    if not (found.account or found.campaign or found.measures or found.indicators):  # U-6
        raise _damaged("a recall of nothing")
    return found


def recall_key(account: str, campaign: str) -> str:
    """Return the key of the update that recalls a verdict.

    >>> recall_key("7", "c-1")
    '["7","c-1"]'
    """
    return msgspec.json.encode((account, campaign)).decode()


def _read(body: bytes, kind: type[_T]) -> _T:
    try:
        return msgspec.msgpack.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:  # U-6
        raise _damaged("not what its kind holds") from error


def _damaged(what: str) -> RefusedError:
    return RefusedError("U-6", f"an update's body: {what}")
