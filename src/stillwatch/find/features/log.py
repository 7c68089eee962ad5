"""All observations of a scan in columns, in event time, with the accounts beside them.

Row order is (time, exchange_id hash), so that any partitioning of the input gives the same
arrays.  A prefix of the rows is the log cut at that time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.find.features.collecting import Collected
from stillwatch.find.features.hashing import hash_strings
from stillwatch.find.features.observe import string_buffers
from stillwatch.find.features.peers import Peers, peers_of
from stillwatch.find.features.scratch import Scratch

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

__all__ = ["IDENTITY", "AccountColumns", "Log", "build_log", "with_blocks"]

IDENTITY = ("payment_fingerprint", "phone_hash", "device_fingerprint", "pattern")
"""Account attributes that link accounts, in the order of ``AccountColumns.identity``."""
_DECLARED = ("organization_id", "email_domain", "plan", "declared_purpose", "verification_level")


@dataclass(frozen=True, slots=True)
class AccountColumns:
    """One entry an account; codes are -1 where the value is missing."""

    ids: pa.Array
    """Account ids as in the input, (N,), ascending."""
    mark: NDArray[np.uint64]
    """(N,) hash of the id: what is drawn by it does not depend on who else has an account."""
    created: NDArray[np.int64]
    """Microseconds since 1970, or -1."""
    identity: NDArray[np.int32]
    """(N, len(IDENTITY)) codes."""
    organization: NDArray[np.int32]
    domain: NDArray[np.int32]
    plan: NDArray[np.int32]
    purpose: NDArray[np.int32]
    verification: NDArray[np.int32]
    licensed: NDArray[np.bool_]
    """The account table's flag; dated events refine it."""
    blocked: NDArray[np.int64]
    """When the account was first blocked, microseconds since 1970, or -1.

    It may lie after a look, which must leave it out."""

    def __len__(self) -> int:
        """Return the number of accounts."""
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class Log:
    """Observations in columns, sorted by time; n rows, N accounts."""

    time: NDArray[np.int64]
    exchange_id: pa.ChunkedArray
    account: NDArray[np.int32]
    model: NDArray[np.int32]
    models: tuple[str, ...]
    """Model names by code, in order of first use."""
    conversation: NDArray[np.uint64]
    ip: NDArray[np.uint64]
    block: NDArray[np.uint64]
    asn: NDArray[np.int64]
    client: NDArray[np.uint64]
    """Hash of user agent and TLS fingerprint together; 0 where both are missing."""
    tls: NDArray[np.uint64]
    """Hash of the TLS fingerprint alone."""
    system: NDArray[np.uint64]
    body: NDArray[np.uint64]
    end_user: NDArray[np.uint64]
    input_tokens: NDArray[np.int32]
    output_tokens: NDArray[np.int32]
    max_tokens: NDArray[np.int32]
    temperature: NDArray[np.int32]
    projection: NDArray[np.int8]
    """(n, DIMENSIONS)."""
    form: NDArray[np.uint16]
    """(n, FORM)."""
    facet_ptr: NDArray[np.int64]
    """(n + 1,) offsets into facets."""
    facets: NDArray[np.uint64]
    kinds: NDArray[np.uint8]
    accounts: AccountColumns
    peers: Peers
    """What peers' indicators say of the accounts."""
    present: frozenset[str]
    """Input columns present with at least one value."""
    scratch: Scratch
    """Where arrays of the size of the log are made."""

    def __len__(self) -> int:
        """Return the number of rows."""
        return self.time.size


def build_log(
    batches: Iterable[pa.RecordBatch],
    account_table: pa.Table | None,
    tokens: pa.Table | None = None,
    intelligence: pa.Table | None = None,
    scratch: Scratch | None = None,
) -> Log:
    """Collect observations and accounts into a :class:`Log`.

    Args:
        batches: observations as made by ``observe``, in any order and partitioning.
        account_table: columns as in ``records.ACCOUNT``, or None.
        tokens: the vault's tokens as in ``records.IDENTIFIER_TOKEN``, or None.
        intelligence: matches with peers' indicators as in ``records.INTELLIGENCE``, or None.
        scratch: takes what is large; None keeps everything in memory.

    Raises:
        OutputError: the scratch folder has no room.
    """
    scratch = scratch or Scratch()
    columns = Collected(batches, scratch)
    ids = _account_ids(columns.account_ids, account_table)
    code = np.asarray(pc.index_in(columns.account_ids, value_set=ids), dtype=np.int32)
    present = columns.present
    model, models = columns.models()
    ptr, facets, kinds = columns.facets()
    client = columns.column("user_agent")
    client *= np.uint64(0x9E3779B97F4A7C15)
    tls = columns.column("tls_fingerprint")
    client ^= tls
    return Log(
        time=columns.column("time"),
        exchange_id=columns.exchange_ids(),
        account=code[columns.column("account")],
        model=model,
        models=models,
        conversation=columns.column("conversation_id"),
        ip=columns.column("ip"),
        block=columns.column("block"),
        asn=columns.column("asn"),
        client=client,
        tls=tls,
        system=columns.column("system"),
        body=columns.column("body"),
        end_user=columns.column("end_user_id"),
        input_tokens=columns.column("input_tokens"),
        output_tokens=columns.column("output_tokens"),
        max_tokens=columns.column("max_tokens"),
        temperature=columns.column("temperature"),
        projection=columns.column("projection"),
        form=columns.column("form"),
        facet_ptr=ptr,
        facets=facets,
        kinds=kinds,
        accounts=_accounts(ids, account_table, tokens),
        peers=peers_of(ids, intelligence),
        present=present,
        scratch=scratch,
    )


def _account_ids(sent: pa.Array, account_table: pa.Table | None) -> pa.Array:
    """Return all account ids, sorted, so that codes do not depend on order of arrival."""
    chunks = [sent]
    if account_table is not None:
        chunks.append(account_table.column("account_id").cast(sent.type).unique())
    unique = pa.chunked_array(chunks, type=sent.type).unique()
    return unique.take(pc.sort_indices(unique))


def _codes(column: pa.ChunkedArray | pa.Array) -> NDArray[np.int32]:
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if pa.types.is_string(array.type):
        array = pc.if_else(pc.equal(array, ""), pa.scalar(None, array.type), array)
    encoded = array.dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    return np.asarray(pc.fill_null(encoded.indices, -1), dtype=np.int32)


def _accounts(
    ids: pa.Array, account_table: pa.Table | None, tokens: pa.Table | None
) -> AccountColumns:
    n = len(ids)
    empty = np.full(n, -1, np.int32)
    columns: dict[str, NDArray[np.int32]] = dict.fromkeys((*IDENTITY, *_DECLARED), empty)
    created = np.full(n, -1, np.int64)
    blocked = np.full(n, -1, np.int64)
    licensed = np.zeros(n, np.bool_)
    if account_table is not None:
        at = pc.index_in(ids, value_set=account_table.column("account_id").cast(ids.type))
        names = set(account_table.schema.names)
        for name in columns:
            if name in names:
                columns[name] = _codes(account_table.column(name).take(at))
        if "created_at" in names:
            created = _times(account_table.column("created_at").take(at))
        if "blocked_at" in names:
            blocked = _times(account_table.column("blocked_at").take(at))
        if "licensed" in names:
            flags = pc.fill_null(account_table.column("licensed").take(at), False)  # noqa: FBT003
            licensed = np.asarray(flags.combine_chunks(), dtype=np.bool_)
    if tokens is not None:
        columns["pattern"] = _patterns(ids, tokens)
    return AccountColumns(
        ids=ids,
        mark=_marks(ids),
        created=created,
        identity=np.stack([columns[name] for name in IDENTITY], axis=1),
        organization=columns["organization_id"],
        domain=columns["email_domain"],
        plan=columns["plan"],
        purpose=columns["declared_purpose"],
        verification=columns["verification_level"],
        licensed=licensed,
        blocked=blocked,
    )


def _marks(ids: pa.Array) -> NDArray[np.uint64]:
    data, offsets, valid = string_buffers(ids.cast(pa.string()))
    return np.asarray(hash_strings(data, offsets, valid, 0))


def _times(column: pa.ChunkedArray) -> NDArray[np.int64]:
    values = pc.fill_null(column.cast(pa.int64()), -1).combine_chunks()
    return np.asarray(values, dtype=np.int64)


def with_blocks(accounts: pa.Table | None, events: pa.Table | None) -> pa.Table | None:
    """Return the account table with ``blocked_at``: when each account was first blocked.

    Args:
        accounts: columns as in ``records.ACCOUNT``, or None.
        events: columns as in ``records.ACCOUNT_EVENT``, or None.
    """
    blocks = None if events is None else events.filter(pc.equal(events.column("type"), "blocked"))
    if blocks is None or blocks.num_rows == 0:
        return accounts
    if accounts is None:
        accounts = pa.table({"account_id": pc.unique(blocks.column("account_id"))})
    first = blocks.group_by("account_id").aggregate([("time", "min")])
    known = (
        first.column("account_id").combine_chunks().cast(accounts.schema.field("account_id").type)
    )
    at = pc.index_in(accounts.column("account_id"), value_set=known)
    return accounts.append_column("blocked_at", first.column("time_min").take(at))


def _patterns(ids: pa.Array, tokens: pa.Table) -> NDArray[np.int32]:
    if "pattern_token" not in tokens.schema.names:
        return np.full(len(ids), -1, np.int32)
    mail = tokens.filter(pc.equal(tokens.column("type"), "email"))
    at = pc.index_in(ids, value_set=mail.column("account_id").cast(ids.type))
    return _codes(mail.column("pattern_token").take(at))
