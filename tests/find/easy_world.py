"""A simulated world of ordinary accounts with one campaign put in that hides nothing.

Forty accounts, opened in one night, send rounds of jobs within a minute of each other, under one
instruction, from a few rented networks, on cards and telephones that serve three accounts each.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.find.campaigns import Settings, scan
from stillwatch.find.features.rows import HOUR
from stillwatch.worlds.simulation.building import Settings as World
from stillwatch.worlds.simulation.building import simulate

START = datetime(2026, 3, 2, tzinfo=UTC)
DAYS = 14
ASK = "Think aloud and write every intermediate step before you state the final answer."
MEMBERS = tuple(f"zz-{i:02d}" for i in range(40))
SUBJECTS = """
integral matrix polygon prime sequence tangent vector lattice graph cipher sorting parser compiler
thread kernel socket planet enzyme isotope magnet lens orbit acid polymer neuron
""".split()  # noqa: SIM905 - words are read more easily


@dataclass(frozen=True)
class Easy:
    exchanges: pa.Table
    accounts: pa.Table
    benign: frozenset


def _campaign(rng):
    accounts, exchanges = [], []
    night = START - timedelta(days=2)
    for i, account in enumerate(MEMBERS):
        accounts.append(
            {
                "account_id": account,
                "created_at": night + timedelta(minutes=int(rng.integers(0, 240))),
                "payment_fingerprint": f"zzp{i // 3}",
                "phone_hash": f"zzt{(i + 1) // 3}",
                "device_fingerprint": f"zzv{i}",
                "email_domain": "gmail.com",
                "licensed": False,
            }
        )
    for number in range(3 * DAYS):
        at = START + timedelta(hours=8 * number + int(rng.integers(0, 8)), minutes=20)
        for i in rng.permutation(len(MEMBERS))[:30]:
            words = " ".join(rng.choice(SUBJECTS, 9)) + "".join(
                chr(97 + int(c)) for c in rng.integers(0, 26, 7)
            )
            exchanges.append(
                {
                    "time": at + timedelta(seconds=float(rng.uniform(0, 50))),
                    "exchange_id": f"zz-{number}-{i}",
                    "account_id": MEMBERS[i],
                    "conversation_id": f"zzc-{number}-{i}",
                    "prompt": f"{ASK}\n{words}",
                    "output_tokens": int(rng.integers(2500, 4000)),
                    "ip": f"203.0.{113 + i % 5}.{i}",
                    "asn": 64496,
                    "user_agent": "python-requests/2.32",
                }
            )
    return exchanges, accounts


def _joined(table, rows, **fixed):
    columns = {
        field.name: pa.array([row.get(field.name, fixed.get(field.name)) for row in rows])
        if any(field.name in row for row in rows) or field.name in fixed
        else pa.nulls(len(rows), field.type)
        for field in table.schema
    }
    return pa.concat_tables([table, pa.table(columns).cast(table.schema)])


def easy_world(folder):
    """Simulate the ordinary accounts, add the campaign, and return both in time order."""
    simulate(World(folder, 12_000, 5, accounts=500, days=DAYS, adversaries=()))
    log = pa.concat_tables(
        pq.ParquetFile(file).read() for file in sorted(folder.glob("exchanges/*/*.parquet"))
    )
    people = pq.ParquetFile(folder / "accounts.parquet").read()
    benign = frozenset(people["account_id"].to_pylist())
    exchanges, accounts = _campaign(np.random.default_rng(9))
    model = log["model"][0].as_py()
    table = _joined(log, exchanges, model=model).sort_by("time")
    return Easy(table, _joined(people, accounts), benign)


def run(exchanges, accounts, *, batch=4_000, step=6, as_of=None):
    """Scan tables; looks are six hours apart, which is as good here and faster."""
    batches = exchanges.combine_chunks().to_batches(max_chunksize=batch)
    return scan(batches, accounts, settings=Settings(step=step * HOUR, as_of=as_of))


def flags(result, until=None):
    """Return account: (campaign, time) of what was flagged up to a time."""
    return {
        v.account_id: (v.campaign_id, v.flagged_at)
        for v in result.verdicts
        if v.flagged_at is not None and (until is None or v.flagged_at <= until)
    }
