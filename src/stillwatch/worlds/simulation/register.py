"""Accounts, their events, identifiers and truth, kept by column until the world is written."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.records import ACCOUNT, ACCOUNT_EVENT, TIME
from stillwatch.worlds.simulation.columns import DAY, HOUR, Accounts, Bools, Ints, Objects
from stillwatch.worlds.simulation.identifiers import hexadecimal
from stillwatch.worlds.simulation.network import mixed

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from stillwatch.worlds.simulation.interface import Quota

__all__ = ["Register"]

_IDENTIFIER = pa.schema(
    [
        ("account_id", pa.string()),
        ("type", pa.string()),
        ("value", pa.string()),
        ("valid_from", TIME),
    ],
)
_TRUTH = pa.schema(
    [(n, pa.string()) for n in ("account_id", "cohort", "campaign", "kind", "language")],
)
_MISHAPS = (("declined", 0.012), ("chargeback", 0.002), ("blocked", 0.0025))


class Register:
    """What one provider knows of its accounts, and the truth.

    Args:
        key: secret of the world, under which ids are random and phones hashed.
        end: instant after the world's last.
    """

    def __init__(self, key: int, end: int) -> None:
        self._key = key
        self._end = end
        self._accounts: list[pa.RecordBatch] = []
        self._identifiers: list[pa.RecordBatch] = []
        self._truth: list[pa.RecordBatch] = []
        self._events: list[pa.RecordBatch] = []
        self._access: list[tuple[Ints, NDArray[np.uint8]]] = []

    def account_ids(self, index: NDArray[np.generic]) -> pa.Array:
        """Return the ids of accounts."""
        return hexadecimal("acct_", mixed(index, self._key))

    def access(self) -> NDArray[np.uint8]:
        """Return each account's access, by number in the world.

        Bit 0: uses the API, not the provider's pages.  Bit 1: through a cloud marketplace.
        Bit 2: its client keeps conversation ids.
        """
        size = max((int(index.max()) + 1 for index, _ in self._access if len(index)), default=0)
        access = np.zeros(size, np.uint8)
        for index, bits in self._access:
            access[index] = bits
        return access

    def enrol(self, rng: np.random.Generator, block: Accounts, quota: Quota, direct: Bools) -> None:
        """Take a block of accounts."""
        n = len(block)
        ids = self.account_ids(block.index)
        market = direct & (rng.random(n) < 0.06)
        talks = ~direct | (rng.random(n) < 0.45)
        self._access.append((block.index, (direct + 2 * market + 4 * talks).astype(np.uint8)))
        columns = {
            "account_id": ids,
            "created_at": pa.array(block.created, TIME),
            "organization_id": _strings(block.organization),
            "email_domain": _strings(block.mail_domain),
            "payment_fingerprint": _strings(block.payment),
            "phone_hash": _strings(self._hashed(block.phone)),
            "device_fingerprint": _strings(block.device),
            "plan": _strings(block.plan),
            "declared_purpose": _strings(block.purpose),
            "verification_level": _strings(block.verification),
            "licensed": pa.array(list(block.licensed), pa.bool_()),
        }
        fields = [pa.field(f.name, f.type) for f in ACCOUNT]
        ordered = [columns[f.name] for f in ACCOUNT]
        self._accounts.append(pa.RecordBatch.from_arrays(ordered, schema=pa.schema(fields)))
        words = [[quota.slug] * n, [quota.campaign] * n, [quota.kind] * n, list(block.language)]
        truth = [ids, *(pa.array(w, pa.string()) for w in words)]
        self._truth.append(pa.RecordBatch.from_arrays(truth, schema=_TRUTH))
        self._identify(block)
        self._life(rng, block)

    def event(self, index: Ints, time: Ints, what: str) -> None:
        """Take dated events of accounts."""
        columns = [
            pa.array(time, TIME),
            self.account_ids(index),
            pa.array([what] * len(index), pa.string()),
        ]
        schema = pa.schema([(f.name, f.type) for f in ACCOUNT_EVENT])
        self._events.append(pa.RecordBatch.from_arrays(columns, schema=schema))

    def write(self, folder: Path) -> None:
        """Write the account-side tables, each in an order that says nothing."""
        accounts = pa.Table.from_batches(self._accounts)
        truth = pa.Table.from_batches(self._truth)
        people = pa.Table.from_batches(self._identifiers)
        events = pa.Table.from_batches(self._events)
        tables = (
            ("accounts", accounts, ["account_id"]),
            ("truth_accounts", truth, ["account_id"]),
            ("identifiers", people, ["account_id", "type"]),
            ("account_events", events, ["time", "account_id", "type"]),
        )
        for name, table, keys in tables:
            ordered = table.sort_by([(key, "ascending") for key in keys])
            pq.write_table(ordered, folder / f"{name}.parquet", compression="zstd")

    def _hashed(self, phone: Objects) -> Objects:
        key = self._key.to_bytes(8, "little")
        hashed = np.full(len(phone), None, dtype=object)
        for place, number in enumerate(phone):
            if number is not None:
                digest = hashlib.blake2b(number.encode(), key=key, digest_size=8)
                hashed[place] = f"ph_{digest.hexdigest()}"
        return hashed

    def _identify(self, block: Accounts) -> None:
        mails = np.full(len(block), None, dtype=object)
        known = block.mail_domain != None  # noqa: E711 (elementwise)
        parts = zip(block.mail_local[known], block.mail_domain[known], strict=True)
        mails[known] = [f"{local}@{domain}" for local, domain in parts]
        pars = np.full(len(block), None, dtype=object)
        for place, card in enumerate(block.payment):
            if card is not None:
                digest = hashlib.blake2b(card.encode(), digest_size=16).digest()
                pars[place] = f"V{int.from_bytes(digest, 'little') % 10**28:028d}"
        for kind, values in (("email", mails), ("phone", block.phone), ("par", pars)):
            at = np.flatnonzero(values != None)  # noqa: E711 (elementwise)
            columns = [
                self.account_ids(block.index[at]),
                pa.array([kind] * len(at), pa.string()),
                pa.array(list(values[at]), pa.string()),
                pa.array(block.created[at], TIME),
            ]
            self._identifiers.append(pa.RecordBatch.from_arrays(columns, schema=_IDENTIFIER))

    def _life(self, rng: np.random.Generator, block: Accounts) -> None:
        """Record opening, payment, verification and the mishaps that befall anyone."""
        n = len(block)
        self.event(block.index, block.created, "created")
        pays = block.payment != None  # noqa: E711 (elementwise)
        proved = np.isin(block.verification.astype(str), ["phone", "id", "business"])
        for what, at in (("payment_added", pays), ("verified", proved)):
            wait = np.minimum(rng.lognormal(-1.5, 2.0, n), 60) * HOUR
            time = np.minimum(block.created + wait.astype(np.int64), self._end - 1)
            self.event(block.index[at], time[at], what)
        for what, share in _MISHAPS:
            at = rng.random(n) < share
            since = np.maximum(block.created, self._end - 90 * DAY)
            time = since + (rng.random(n) * (self._end - since)).astype(np.int64)
            self.event(block.index[at], time[at], what)
            if what == "blocked":
                back = np.minimum(time + rng.integers(2 * HOUR, 3 * DAY, n), self._end)
                at &= back < self._end
                self.event(block.index[at], back[at], "unblocked")


def _strings(values: Objects) -> pa.Array:
    return pa.array(list(values), pa.string())
