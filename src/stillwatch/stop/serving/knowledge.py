"""What is known of accounts, campaigns and indicators: an immutable snapshot."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.errors import InputFormatError
from stillwatch.records import FAMILIES
from stillwatch.stop.serving.indicators import LICENCES, Heard, Indicators, Pieces, Place
from stillwatch.stop.serving.kernels.addresses import addresses_of
from stillwatch.stop.serving.kernels.known import fill_slots
from stillwatch.stop.serving.kernels.tables import KnownTables, PieceTables
from stillwatch.stop.serving.kernels.weighing import LICENSED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

__all__ = ["Keys", "Knowledge", "KnownAccount", "KnownCampaign"]

_POOLED = ("payment_fingerprint", "phone_hash", "device_fingerprint")
"""Values by which accounts are one holder's, after the organisation."""
_FEW = 64
"""Accounts at most whose value still names one holder."""
_CAMPAIGN, _SCORE, _FLAGGED, _FLAGS, _LEVEL, _HEARD = range(6)
_DECOY = 2
_SEED = 0x9E3779B97F4A7C15


class Keys:
    """Keyed hashes of names: 16 bytes for a bucket, their first 8 for state.

    Args:
        secret: that replicas share; empty for none.

    >>> Keys(b"").of(b"account", "a") == Keys(b"").of(b"account", "a")
    True
    """

    def __init__(self, secret: bytes) -> None:
        key = hashlib.blake2b(secret, digest_size=32).digest() if secret else b""
        self.check = hashlib.blake2b(secret, digest_size=16, person=b"stillwatch check").digest()
        """Tells secrets apart and tells nothing of them."""
        self._begun = hashlib.blake2b(digest_size=16, key=key, person=b"stillwatch serve")

    def of(self, kind: bytes, name: str) -> bytes:
        """Return the key of a name.

        Args:
            kind: what it names, 8 bytes at most.
            name: any text.
        """
        begun = self._begun.copy()
        begun.update(kind.ljust(8, b"\0") + name.encode("utf-8", "surrogatepass"))
        return begun.digest()

    @staticmethod
    def number(key: bytes) -> int:
        """Return the state's key: 64 bits, never 0."""
        return int.from_bytes(key[:8], "little") or 1


@dataclass(frozen=True, slots=True)
class KnownCampaign:
    """A declared campaign."""

    campaign_id: str
    """As in ``campaigns.json``."""
    review_only: bool
    """A person must decide."""
    families: frozenset[str]
    """Families of evidence found here, which peers' word is none of."""


@dataclass(frozen=True, slots=True)
class KnownAccount:
    """What is known of one account."""

    campaign: KnownCampaign | None
    probability: float
    """That it is a member; -1 where no scan judged it."""
    flagged_at: int
    """Seconds since 1970; 0 where it is not flagged."""
    licensed: bool
    decoy: bool
    """It exists only for its credential to be taken."""
    verification: str
    """Level of the account table; empty where unknown."""
    heard: Heard | None
    """The strongest of what peers' indicators say of it."""


@dataclass(frozen=True, slots=True)
class Knowledge:
    """Verdicts, campaigns, indicators and accounts; made by :meth:`of`, never changed.

    Of its tables, one row an account: what :meth:`account` reads.
    """

    version: int
    """Greater for later ones."""
    as_of: int
    """Last look of the scan, microseconds since 1970; 0 where there was none."""
    campaigns: Mapping[str, KnownCampaign]
    indicators: Indicators
    tables: KnownTables
    """Keyed hashes of accounts by open addressing; who holds each beside other accounts, 0 where
    nobody is known to; and six figures a row: campaign, score in ten-thousandths, flagged at,
    flags, level, indicator."""
    pieces: PieceTables
    """Of ``indicators``."""
    addresses: tuple[NDArray[np.int64], NDArray[np.int64]]
    """Of ``tables`` and ``pieces``."""
    secret: bytes
    """Hash of the secret under which accounts are looked up."""
    _campaigns: tuple[KnownCampaign, ...]
    _levels: tuple[str, ...]
    _heard: tuple[Heard, ...]

    def __len__(self) -> int:
        """Return the number of accounts."""
        return self.tables.holders.size

    def account(self, row: int) -> KnownAccount:
        """Return what is known of an account.

        Args:
            row: from 0.
        """
        values = self.tables.rows[row].tolist()
        campaign, flags, heard = values[_CAMPAIGN], values[_FLAGS], values[_HEARD]
        return KnownAccount(
            campaign=self._campaigns[campaign] if campaign >= 0 else None,
            probability=values[_SCORE] / 10_000 if values[_SCORE] >= 0 else -1.0,
            flagged_at=values[_FLAGGED],
            licensed=bool(flags & LICENSED),
            decoy=bool(flags & _DECOY),
            verification=self._levels[values[_LEVEL]],
            heard=self._heard[heard] if heard >= 0 else None,
        )

    @classmethod
    def of(
        cls,
        version: int = 0,
        *,
        verdicts: pa.Table | None = None,
        campaigns: Sequence[Mapping[str, Any]] = (),
        as_of: int = 0,
        accounts: pa.Table | None = None,
        intelligence: pa.Table | None = None,
        pieces: Iterable[Pieces] = (),
        places: Iterable[Place] = (),
        decoys: Iterable[str] = (),
        secret: bytes = b"",
        seed: int = _SEED,
    ) -> Knowledge:
        """Build a snapshot; a few seconds for a million accounts.

        Args:
            version: number of it.
            verdicts: ``verdicts.parquet``.
            campaigns: the list ``campaigns`` of ``campaigns.json``.
            as_of: ``as_of`` of ``campaigns.json``, microseconds since 1970.
            accounts: columns as in ``records.ACCOUNT``.
            intelligence: what ``stillwatch exchange match`` wrote.
            pieces: sketches that peers shared, and provenance marks.
            places: networks and clients that peers named.
            decoys: account ids of decoy keys, whose use is a finding.
            secret: as the core's.
            seed: odd 64-bit number, drawn anew for each snapshot, see :class:`.SharedPieces`.

        Raises:
            InputFormatError: a table lacks a column.
            ConfigurationError: an indicator is of no kind.
        """
        known = _known(campaigns)
        given = (verdicts, accounts, intelligence, _told(decoys))
        tables = [_with_ids(table) for table in given]
        ids = pa.concat_tables([table.select(["account_id"]) for table in tables])[0].unique()
        rows, levels, heard = _rows(tables, ids, known)
        keys = Keys(secret)
        slots, of_slot = _slots(ids, keys)
        indicators = Indicators(pieces, places, seed)
        held = KnownTables(slots, of_slot, _holders(tables[1], ids, keys), rows)
        looked_up = _looked_up(indicators)
        return cls(
            version=version,
            as_of=as_of,
            campaigns=known,
            indicators=indicators,
            tables=held,
            pieces=looked_up,
            addresses=(addresses_of(held), addresses_of(looked_up)),
            secret=keys.check,
            _campaigns=tuple(known.values()),
            _levels=levels,
            _heard=heard,
        )


def _rows(
    tables: Sequence[pa.Table], ids: pa.Array, known: dict[str, KnownCampaign]
) -> tuple[NDArray[np.int32], tuple[str, ...], tuple[Heard, ...]]:
    """Return what is known of each account; and the levels and matches that rows name."""
    verdicts, accounts, intelligence, decoys = tables
    rows = np.zeros((len(ids), 6), np.int32)
    rows[:, [_CAMPAIGN, _SCORE, _HEARD]] = -1
    _take_verdicts(verdicts, ids, rows, known)
    levels = _take_accounts(accounts, ids, rows)
    heard = _take_intelligence(intelligence, ids, rows)
    rows[_at(decoys, ids), _FLAGS] |= _DECOY
    return rows, levels, heard


def _told(decoys: Iterable[str]) -> pa.Table:
    return pa.table({"account_id": pa.array(list(decoys), pa.string())})


def _looked_up(indicators: Indicators) -> PieceTables:
    pool = indicators.table
    return PieceTables(pool.known, pool.slots, pool.bitmap, pool.seed)


def _known(campaigns: Sequence[Mapping[str, Any]]) -> dict[str, KnownCampaign]:
    """Return campaigns by id, in their order."""
    ids = [str(one["campaign_id"]) for one in campaigns]
    return {
        name: KnownCampaign(name, bool(one.get("review_only")), _local(one))
        for name, one in zip(ids, campaigns, strict=True)
    }


def _slots(ids: pa.Array, keys: Keys) -> tuple[NDArray[np.uint64], NDArray[np.int32]]:
    """Return keyed hashes of accounts by open addressing, and the row of each."""
    numbers = np.fromiter(
        (keys.number(keys.of(b"account", name)) for name in ids.to_pylist()), np.uint64, len(ids)
    )
    size = 1 << max(4, (2 * len(ids)).bit_length())
    slots, of_slot = np.zeros(size, np.uint64), np.full(size, -1, np.int32)
    fill_slots(numbers, slots, of_slot)
    return slots, of_slot


def _local(campaign: Mapping[str, Any]) -> frozenset[str]:
    """Return the families of a campaign's own evidence."""
    return frozenset(
        finding["family"]
        for finding in campaign.get("findings", ())
        if finding.get("role") == "evidence"
        and (finding.get("log_e") or 0) > 0
        and finding.get("family") in FAMILIES
        and finding.get("family") != "intelligence"
    )


def _with_ids(table: pa.Table | None) -> pa.Table:
    if table is None:
        return pa.table({"account_id": pa.array([], pa.string())})
    if "account_id" not in table.schema.names:
        raise InputFormatError("a table of accounts without account_id", todo="name the right file")
    place = table.schema.get_field_index("account_id")
    table = table.set_column(place, "account_id", table.column(place).cast(pa.string()))
    return table.filter(pc.is_valid(table.column(place)))


def _at(table: pa.Table, ids: pa.Array) -> NDArray[np.int64]:
    """Return the row of each account of a table."""
    found = pc.index_in(table.column("account_id"), value_set=ids)
    return np.asarray(found.combine_chunks(), np.int64)


def _column(table: pa.Table, name: str, kind: pa.DataType, missing: object) -> NDArray[Any]:
    if name not in table.schema.names:
        raise InputFormatError(f"a table without {name}", todo="name the file that scan wrote")
    column = pc.fill_null(table.column(name).cast(kind), missing)
    return np.asarray(column.combine_chunks().to_numpy(zero_copy_only=False))


def _take_verdicts(
    table: pa.Table, ids: pa.Array, rows: NDArray[np.int32], known: dict[str, KnownCampaign]
) -> None:
    if table.num_rows == 0:
        return
    at = _at(table, ids)
    score = np.nan_to_num(_column(table, "score", pa.float64(), 0.0))
    rows[at, _SCORE] = np.rint(np.clip(score, 0, 1) * 10_000)
    flagged = _column(table, "flagged_at", pa.int64(), 0)
    rows[at, _FLAGGED] = np.clip(flagged // 1_000_000, 0, 2**31 - 1)
    names = table.column("campaign_id").cast(pa.string())
    for name in pc.unique(names).to_pylist():
        if name is not None and name not in known:  # a verdict without its campaign: to a person
            known[name] = KnownCampaign(name, review_only=True, families=frozenset())
    order = pa.array(list(known), pa.string())
    place = pc.fill_null(pc.index_in(names, value_set=order, skip_nulls=True), -1)
    rows[at, _CAMPAIGN] = np.asarray(place.combine_chunks(), np.int32)


def _take_accounts(table: pa.Table, ids: pa.Array, rows: NDArray[np.int32]) -> tuple[str, ...]:
    at = _at(table, ids)
    if "licensed" in table.schema.names:
        rows[at[_column(table, "licensed", pa.bool_(), missing=False)], _FLAGS] |= LICENSED
    if "verification_level" not in table.schema.names:
        return ("",)
    column = pc.fill_null(table.column("verification_level").cast(pa.string()), "")
    levels = pa.array(["", *(name for name in pc.unique(column).to_pylist() if name)])
    place = pc.index_in(column, value_set=levels).combine_chunks()
    rows[at, _LEVEL] = np.asarray(place, np.int32)
    return tuple(levels.to_pylist())


def _take_intelligence(
    table: pa.Table, ids: pa.Array, rows: NDArray[np.int32]
) -> tuple[Heard, ...]:
    if table.num_rows == 0:
        return ()
    at = _at(table, ids)
    nats = np.nan_to_num(_column(table, "log_ratio", pa.float64(), 0.0))
    order = np.lexsort((-nats, at))
    best = order[np.append(True, np.diff(at[order]) != 0)]
    chosen = table.take(pa.array(best))
    actors = _column(chosen, "actor", pa.string(), "")
    blank = [""] * best.size
    licences, names = (
        _column(chosen, name, pa.string(), "") if name in chosen.schema.names else blank
        for name in ("licence", "indicator")
    )
    rows[at[best], _HEARD] = np.arange(best.size)
    return tuple(
        Heard(str(name), str(actor), float(weight), LICENCES.get(licence, LICENCES["observe"]))
        for name, actor, weight, licence in zip(names, actors, nats[best], licences, strict=True)
    )


def _holders(table: pa.Table, ids: pa.Array, keys: Keys) -> NDArray[np.uint64]:
    """Return who holds each account beside others: an organisation, or whoever one value names."""
    holders = np.zeros(len(ids), np.uint64)
    at = _at(table, ids)
    for name in ("organization_id", *_POOLED):
        if name not in table.schema.names:
            continue
        encoded = table.column(name).cast(pa.string()).combine_chunks().dictionary_encode()
        code = np.asarray(pc.fill_null(encoded.indices, -1), np.int64)
        values = encoded.dictionary.to_pylist()
        many = np.bincount(code[code >= 0], minlength=len(values))
        most = len(ids) if name == "organization_id" else _FEW
        named = np.array([value != "" for value in values], np.bool_)
        useful = np.flatnonzero((many >= 2) & (many <= most) & named)
        numbers = np.zeros(len(values) + 1, np.uint64)
        for place in useful.tolist():
            numbers[place] = keys.number(keys.of(b"holder", f"{name}={values[place]}"))
        fresh = (holders[at] == 0) & (numbers[code] != 0)
        holders[at[fresh]] = numbers[code][fresh]
    return holders
