"""Accounts, their events, identifiers and truth, kept by column until the world is written."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from stillwatch.records import ACCOUNT, ACCOUNT_EVENT, TIME
from stillwatch.worlds.simulation.columns import DAY, HOUR, Accounts, Bools, Ints, Objects
from stillwatch.worlds.simulation.identifiers import hexadecimal
from stillwatch.worlds.simulation.network import mixed
from stillwatch.worlds.simulation.shards import Shards

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
_ACCOUNT = pa.schema([(f.name, f.type) for f in ACCOUNT])
_EVENT = pa.schema([(f.name, f.type) for f in ACCOUNT_EVENT])
_BUCKETS = 64
_MISHAPS = (("declined", 0.012), ("chargeback", 0.002))
_MISTAKEN = 0.0025  # share of accounts blocked by mistake and let in again


class Register:
    """What one provider knows of its accounts, and the truth.

    Args:
        key: secret of the world, under which ids are random and phones hashed.
        end: instant after the world's last.
        folder: where rows wait to be sorted when there are many.
    """

    def __init__(self, key: int, end: int, folder: Path) -> None:
        self._key = key
        self._end = end
        self._accounts = Shards(folder, "accounts", _ACCOUNT, ("account_id",))
        self._truth = Shards(folder, "truth", _TRUTH, ("account_id",))
        self._people = Shards(folder, "people", _IDENTIFIER, ("account_id", "type"))
        self._events = Shards(folder, "events", _EVENT, ("time", "account_id", "type"))
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

    def enrol(
        self, rng: np.random.Generator, block: Accounts, quota: Quota, direct: Bools
    ) -> dict[int, tuple[int, int]]:
        """Take a block of accounts.

        Returns:
            When some of them were blocked by mistake: (from, until) by number in the world.
        """
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
        shard = self._shard(block.index)
        ordered = [columns[field.name] for field in ACCOUNT]
        self._accounts.take(pa.RecordBatch.from_arrays(ordered, schema=_ACCOUNT), shard)
        words = [[quota.slug] * n, [quota.campaign] * n, [quota.kind] * n, list(block.language)]
        truth = [ids, *(pa.array(w, pa.string()) for w in words)]
        self._truth.take(pa.RecordBatch.from_arrays(truth, schema=_TRUTH), shard)
        self._identify(block)
        return self._life(rng, block)

    def event(self, index: Ints, time: Ints, what: str) -> None:
        """Take dated events of accounts."""
        columns = [
            pa.array(time, TIME),
            self.account_ids(index),
            pa.array([what] * len(index), pa.string()),
        ]
        age = (self._end - time) // (45 * DAY)
        batch = pa.RecordBatch.from_arrays(columns, schema=_EVENT)
        self._events.take(batch, _BUCKETS - np.clip(age, 0, _BUCKETS))

    def write(self, folder: Path) -> None:
        """Write the account-side tables, each in an order that says nothing."""
        self._accounts.write(folder / "accounts.parquet")
        self._truth.write(folder / "truth_accounts.parquet")
        self._people.write(folder / "identifiers.parquet")
        self._events.write(folder / "account_events.parquet")

    def _shard(self, index: Ints) -> Ints:
        """Return shards in the order of the accounts' ids."""
        return (mixed(index, self._key) >> np.uint64(58)).astype(np.int64)

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
            batch = pa.RecordBatch.from_arrays(columns, schema=_IDENTIFIER)
            self._people.take(batch, self._shard(block.index[at]))

    def _life(self, rng: np.random.Generator, block: Accounts) -> dict[int, tuple[int, int]]:
        """Record opening, payment, verification and the mishaps that befall anyone."""
        n = len(block)
        self.event(block.index, block.created, "created")
        pays = block.payment != None  # noqa: E711 (elementwise)
        proved = np.isin(block.verification.astype(str), ["phone", "id", "business"])
        for what, at in (("payment_added", pays), ("verified", proved)):
            wait = np.minimum(rng.lognormal(-1.5, 2.0, n), 60) * HOUR
            time = np.minimum(block.created + wait.astype(np.int64), self._end - 1)
            self.event(block.index[at], time[at], what)
        since = np.maximum(block.created, self._end - 90 * DAY)
        for what, share in _MISHAPS:
            at = rng.random(n) < share
            time = since + (rng.random(n) * (self._end - since)).astype(np.int64)
            self.event(block.index[at], time[at], what)
        at = np.flatnonzero(rng.random(n) < _MISTAKEN)
        time = since[at] + (rng.random(len(at)) * (self._end - since[at])).astype(np.int64)
        back = time + rng.integers(2 * HOUR, 3 * DAY, len(at))
        self.event(block.index[at], time, "blocked")
        lifted = back < self._end
        self.event(block.index[at][lifted], back[lifted], "unblocked")
        spans = zip(block.index[at].tolist(), time.tolist(), back.tolist(), strict=True)
        return {number: (begin, end) for number, begin, end in spans}


def _strings(values: Objects) -> pa.Array:
    return pa.array(list(values), pa.string())
