"""Two small simulated providers with one actor that hides nothing, put in at both."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.worlds.simulation.building import Settings as World
from stillwatch.worlds.simulation.building import simulate

START = datetime(2026, 3, 2, tzinfo=UTC)
DAYS = 10
ASK = "Think aloud and write every intermediate step before you state the final answer."
NEWSLETTER = "Explain this to me as if I were a curious gardener with ten minutes to spare."
SUBJECTS = """
integral matrix polygon prime sequence tangent vector lattice graph cipher sorting parser compiler
thread kernel socket planet enzyme isotope magnet lens orbit acid polymer neuron
""".split()  # noqa: SIM905 - words are read more easily


def words(rng):
    return " ".join(rng.choice(SUBJECTS, 8)) + "".join(
        chr(97 + int(c)) for c in rng.integers(0, 26, 7)
    )


def campaign(rng, name, accounts, rounds):
    """Rounds of jobs within a minute, one instruction, rented networks, shared cards."""
    people = [
        {
            "account_id": f"{name}-{i:02d}",
            "created_at": START - timedelta(minutes=int(rng.integers(0, 240))),
            "payment_fingerprint": f"{name}p{i // 3}",
            "phone_hash": f"{name}t{(i + 1) // 3}",
            "email_domain": "gmail.com",
            "licensed": False,
        }
        for i in range(accounts)
    ]
    sent = []
    for number in range(rounds):
        at = START + timedelta(hours=8 * number + int(rng.integers(0, 8)), minutes=20)
        sent += [
            {
                "time": at + timedelta(seconds=float(rng.uniform(0, 50))),
                "exchange_id": f"{name}-{number}-{i}",
                "account_id": f"{name}-{i:02d}",
                "prompt": f"{ASK}\n{words(rng)}",
                "output_tokens": int(rng.integers(2500, 4000)),
                "ip": f"203.0.{113 + i % 5}.{i}",
                "asn": 64496,
                "user_agent": "python-requests/2.32",
            }
            for i in rng.permutation(accounts)[: max(1, accounts * 3 // 4)].tolist()
        ]
    return people, sent


def once(rng, name, text, times=2, **more):
    """An account that sends a text a few times and nothing else."""
    sent = [
        {
            "time": START + timedelta(days=1 + k, hours=int(rng.integers(0, 20))),
            "exchange_id": f"{name}-{k}",
            "account_id": name,
            "prompt": f"{text}\n{words(rng)}",
            "output_tokens": 900,
            **more,
        }
        for k in range(times)
    ]
    return {"account_id": name, "created_at": START, "licensed": False}, sent


def joined(table, rows, **fixed):
    columns = {
        field.name: pa.array([row.get(field.name, fixed.get(field.name)) for row in rows])
        if any(field.name in row for row in rows) or field.name in fixed
        else pa.nulls(len(rows), field.type)
        for field in table.schema
    }
    return pa.concat_tables([table, pa.table(columns).cast(table.schema)])


def provider(folder, number, people, sent):
    """Simulate a provider's ordinary accounts, add some, and write the log and the table."""
    simulate(World(folder / "benign", 6_000, 40 + number, accounts=300, days=DAYS, adversaries=()))
    log = pa.concat_tables(
        pq.ParquetFile(file).read()
        for file in sorted((folder / "benign").glob("exchanges/*/*.parquet"))
    )
    accounts = pq.ParquetFile(folder / "benign" / "accounts.parquet").read()
    table = joined(log, sent, model=log["model"][0].as_py()).sort_by("time")
    pq.write_table(table, folder / "exchanges.parquet")
    pq.write_table(joined(accounts, people), folder / "accounts.parquet")
    return table


def both(folder):
    """Write two providers; at the second the actor has ten accounts and a newsletter readers."""
    rng = np.random.default_rng(9)
    (folder / "a").mkdir()
    (folder / "b").mkdir()
    readers = [once(rng, f"rd-{i:02d}", NEWSLETTER) for i in range(20)]
    provider(
        folder / "a",
        0,
        *_with(campaign(rng, "za", 30, 3 * DAYS), readers),
    )
    few = [once(rng, f"zf-{i}", ASK, user_agent="python-requests/2.32") for i in range(4)]
    more = [once(rng, f"rb-{i:02d}", NEWSLETTER) for i in range(20)]
    people, sent = _with(campaign(rng, "zb", 8, DAYS), few)
    provider(folder / "b", 1, *_with((people, sent), more))


def _with(campaign_, extras):
    people, sent = campaign_
    return (
        [*people, *(account for account, _ in extras)],
        [*sent, *(row for _, rows in extras for row in rows)],
    )
