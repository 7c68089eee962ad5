"""The small tables beside the log: accounts, events, identifier tokens."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.errors import InputFormatError, SourceNotFoundError
from stillwatch.find.sources.files import is_url, stem_suffix
from stillwatch.find.sources.registry import SUFFIXES, locate
from stillwatch.find.sources.source import Input, TableKind
from stillwatch.find.sources.values import integers_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stillwatch.find.sources.mapping import ColumnMapping
    from stillwatch.find.sources.quarantine import Quarantine

__all__ = [
    "ACCOUNTS",
    "ACCOUNT_EVENTS",
    "IDENTIFIER_TOKENS",
    "INTELLIGENCE",
    "PROVIDER_EVENTS",
    "Events",
    "align_account_ids",
    "event_locations",
    "read_account_events",
    "read_accounts",
    "read_events",
    "read_identifier_tokens",
    "read_intelligence",
    "read_provider_events",
]

ACCOUNTS = TableKind("account", "accounts", unique="account_id")
ACCOUNT_EVENTS = TableKind("account_event", "account_events")
PROVIDER_EVENTS = TableKind("provider_event", "provider_events")
IDENTIFIER_TOKENS = TableKind(
    "identifier_token", "identifier_tokens", vocabulary={"type": ("email", "phone", "par")}
)
INTELLIGENCE = TableKind("intelligence", "intelligence")


@dataclass(frozen=True, slots=True)
class Events:
    """Dated events, where given."""

    account: pa.Table | None
    """Account events in time order, or None."""
    provider: pa.Table | None
    """Provider events in time order, or None."""


def _read(
    location: str, kind: TableKind, mapping: ColumnMapping | None, quarantine: Quarantine
) -> pa.Table:
    source = Input(location, kind, mapping=mapping, quarantine=quarantine)
    return pa.Table.from_batches(source.batches(), source.schema())


def read_accounts(
    location: str, *, mapping: ColumnMapping | None = None, quarantine: Quarantine
) -> pa.Table:
    """Read an account table: the canonical columns that it has, one row an account.

    The first row of an account is kept; repeated ones go to quarantine.

    Args:
        location: file, folder, pattern, or database URL with table.
        mapping: the operator's column names.
        quarantine: takes the bad rows.

    Raises:
        StillwatchError: as :func:`stillwatch.find.sources.open_exchanges` raises.
    """
    return _read(location, ACCOUNTS, mapping, quarantine)


def read_account_events(
    location: str, *, mapping: ColumnMapping | None = None, quarantine: Quarantine
) -> pa.Table:
    """Read account events in time order; arguments and errors as :func:`read_accounts`.

    Types are written small and with underscores; types outside the documented list are kept.
    """
    return _ordered(_read(location, ACCOUNT_EVENTS, mapping, quarantine))


def read_provider_events(
    location: str, *, mapping: ColumnMapping | None = None, quarantine: Quarantine
) -> pa.Table:
    """Read provider events in time order; arguments and errors as :func:`read_accounts`."""
    return _ordered(_read(location, PROVIDER_EVENTS, mapping, quarantine))


def read_identifier_tokens(
    location: str, *, mapping: ColumnMapping | None = None, quarantine: Quarantine
) -> pa.Table:
    """Read the vault's tokens; arguments and errors as :func:`read_accounts`."""
    return _read(location, IDENTIFIER_TOKENS, mapping, quarantine)


def read_intelligence(
    location: str, *, mapping: ColumnMapping | None = None, quarantine: Quarantine
) -> pa.Table:
    """Read what peers' indicators matched; arguments and errors as :func:`read_accounts`."""
    return _read(location, INTELLIGENCE, mapping, quarantine)


def _ordered(events: pa.Table) -> pa.Table:
    kinds = pc.replace_substring_regex(pc.utf8_lower(events["type"]), r"[\s-]+", "_")
    events = events.set_column(events.schema.get_field_index("type"), "type", kinds)
    order = pc.sort_indices(events, sort_keys=[(name, "ascending") for name in ("time", "type")])
    return events.take(order)


def read_events(
    locations: str | Sequence[str],
    *,
    mapping: ColumnMapping | None = None,
    quarantine: Quarantine,
) -> Events:
    """Read events of both kinds from folders and files.

    Args:
        locations: each a folder with ``account_events`` and ``provider_events`` files or folders,
            or one of these; which of the two is told by name, else by an account_id column.
        mapping: the operator's column names.
        quarantine: takes the bad rows.

    Raises:
        SourceNotFoundError: a folder holds neither.
        InputFormatError: the same kind is given twice.
    """
    found = event_locations([locations] if isinstance(locations, str) else locations, mapping)
    account = provider = None
    if "account" in found:
        account = read_account_events(found["account"], mapping=mapping, quarantine=quarantine)
    if "provider" in found:
        provider = read_provider_events(found["provider"], mapping=mapping, quarantine=quarantine)
    return Events(account, provider)


def event_locations(locations: Sequence[str], mapping: ColumnMapping | None) -> dict[str, str]:
    """Return where ``account`` and ``provider`` events lie; errors as :func:`read_events`."""
    found: dict[str, str] = {}
    for location in locations:
        for kind, path in _event_files(location, mapping):
            if kind in found:
                raise InputFormatError(
                    f"{kind} events are given twice",
                    where=f"{found[kind]}, {path}",
                    todo="give each kind once, as one file or one folder",
                )
            found[kind] = path
    return found


def _event_files(location: str, mapping: ColumnMapping | None) -> list[tuple[str, str]]:
    path = Path(location)
    kind = _kind_named(location.partition("#")[2] if is_url(location) else path.name)
    if kind is not None:
        return [(kind, location)]
    if not is_url(location) and path.is_dir():
        named = [
            (kind, str(entry))
            for entry in sorted(path.iterdir())
            if (kind := _kind_named(entry.name))
            and (entry.is_dir() or stem_suffix(entry.name) in SUFFIXES)
        ]
        if not named:
            raise SourceNotFoundError(
                "the folder holds neither account_events nor provider_events",
                where=location,
                todo="name the files so, or give each with --events",
            )
        return named
    file, fmt = locate(location, None)[0]
    renamed = mapping.source_name("account_event", "account_id") if mapping else "account_id"
    columns = fmt.layout(file).columns
    return [("account" if renamed in columns else "provider", location)]


def _kind_named(name: str) -> str | None:
    return next((kind for kind in ("account", "provider") if f"{kind}_events" in name), None)


def align_account_ids(table: pa.Table, account_type: pa.DataType) -> pa.Table:
    """Return a table whose account_id has the log's type, so that the two can be joined.

    Rows whose id cannot be an integer where the log's ids are integers match nothing in the log
    and are left out.

    Args:
        table: any table with account_id.
        account_type: type of account_id in the exchange log.
    """
    at = table.schema.get_field_index("account_id")
    if table.schema.field(at).type == account_type:
        return table
    ids = table["account_id"].combine_chunks()
    ids = ids.cast(pa.string()) if account_type == pa.string() else integers_in(ids)
    aligned = table.set_column(at, "account_id", ids)
    return aligned.filter(pc.is_valid(aligned["account_id"]))
