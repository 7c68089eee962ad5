"""A small log in which campaigns are declared, every text of their accounts hostile."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.worlds.simulation.building import Settings, simulate

EXCHANGES = 30_000
ACCOUNTS = 750
ADVERSARIES = ("residential", "lock-step", "heavy")
OF_EXCHANGES = ("account_id", "exchange_id", "conversation_id", "user_agent", "api_key_id")
OF_ACCOUNTS = (
    "account_id",
    "organization_id",
    "email_domain",
    "payment_fingerprint",
    "phone_hash",
    "device_fingerprint",
    "plan",
    "declared_purpose",
)


@functools.cache
def _world():
    with tempfile.TemporaryDirectory() as folder:
        world = Path(folder) / "world"
        simulate(
            Settings(
                world,
                EXCHANGES,
                2,
                accounts=ACCOUNTS,
                adversaries=ADVERSARIES,
                prevalence=0.12,
            )
        )
        files = sorted(world.glob("exchanges/*/*.parquet"))
        log = pa.concat_tables(pq.ParquetFile(file).read() for file in files)
        truth = pq.ParquetFile(world / "truth_accounts.parquet").read().to_pylist()
        members = sorted(row["account_id"] for row in truth if row["campaign"] is not None)
        return log, pq.ParquetFile(world / "accounts.parquet").read(), members


def attacked_world(values):
    """Return exchanges, accounts, and the ids of the campaigns' accounts.

    Args:
        values: hostile texts; each stands before what a member's column held, so that values which
            were shared still are.
    """
    log, people, members = _world()
    own = {member: values[i % len(values)] for i, member in enumerate(members)}
    exchanges = _spoilt(log, own, values, OF_EXCHANGES, prompts=True)
    accounts = _spoilt(people, own, values, OF_ACCOUNTS, prompts=False)
    return exchanges, accounts, [own[member] + member for member in members]


def _spoilt(table, own, values, names, *, prompts):
    ids = table["account_id"].to_pylist()
    for k, name in enumerate(name for name in names if name in table.column_names):
        held = [
            value
            if value is None or account not in own
            else (own[account] if name == "account_id" else values[k % len(values)]) + value
            for account, value in zip(ids, table[name].to_pylist(), strict=True)
        ]
        at = table.column_names.index(name)
        table = table.set_column(at, name, pa.array(held, pa.string()))
    if prompts:
        held = [
            f"{text}\n{' '.join(values)}" if account in own else text
            for account, text in zip(ids, table["prompt"].to_pylist(), strict=True)
        ]
        at = table.column_names.index("prompt")
        table = table.set_column(at, "prompt", pa.array(held, pa.string()))
    return table
