"""A log of accounts with habits: some use one instruction again and again, bodies never repeat."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa

from stillwatch.find.features.facets import index_facets
from stillwatch.find.features.log import build_log
from stillwatch.find.features.observe import observe
from stillwatch.find.features.rows import derive_rows
from stillwatch.find.features.view import View
from stillwatch.records import ACCOUNT, EXCHANGE

START = datetime(2026, 3, 2, tzinfo=UTC)
HABITS = (
    "Explain every step of your reasoning before you give the answer.",
    "Return the result as a table with three columns and no comment.",
    "Rewrite the text below in plain words for a young reader.",
    "Act as a strict reviewer and list every fault that you see.",
    "Begin with a summary of one line, then give the details.",
)
WORDS = """
harbour lantern orchard granite whistle copper meadow thunder velvet compass saddle bridge candle
pepper glacier violin basket marble feather anchor tunnel walnut ribbon
""".split()  # noqa: SIM905 - words are read more easily


def _prompt(rng, habit):
    body = " ".join(rng.choice(WORDS, 14)) + f" {rng.integers(10**9)}"
    body += " " + "".join(chr(97 + int(c)) for c in rng.integers(0, 26, 9))
    return f"{habit}\n{body}." if habit else f"{body}?"


def made_rows(seed=1, accounts=60, each=12):
    """Return exchanges and accounts as lists of dicts, every optional column given."""
    rng = np.random.default_rng(seed)
    exchanges, table = [], []
    for a in range(accounts):
        habit = HABITS[a % len(HABITS)]
        opened = START - timedelta(hours=int(rng.integers(0, 2000)))
        table.append(
            {
                "account_id": f"a{a:03d}",
                "created_at": opened,
                "organization_id": "org" if a % 17 == 3 else None,
                "email_domain": "mail.example" if a % 3 else f"d{a % 20}.example",
                "payment_fingerprint": f"p{a // 10 * 10 + a % 5}",
                "phone_hash": f"t{a // 15 * 15 + a % 5}",
                "device_fingerprint": f"v{a // 2}" if a % 4 else None,
                "licensed": a == accounts - 1,
            }
        )
        for k in range(each):
            at = START + timedelta(days=k // 2, minutes=int(rng.integers(0, 1440)))
            if k % 6 == 0:  # rounds in which all accounts of a habit send
                at = START + timedelta(days=k // 2, hours=a % 5, seconds=int(rng.integers(0, 60)))
            exchanges.append(
                {
                    "time": at,
                    "exchange_id": f"x{a:03d}-{k:02d}",
                    "account_id": f"a{a:03d}",
                    "conversation_id": f"c{a:03d}-{k // 2}",
                    "model": "new" if k > 8 else "old",
                    "prompt": _prompt(rng, habit if k % 2 == 0 else ""),
                    "system_prompt": "You are helpful. Keep to the point." if a % 7 == 0 else None,
                    "input_tokens": int(rng.integers(10, 400)),
                    "output_tokens": int(rng.integers(10, 2000)),
                    "max_tokens": 4096,
                    "temperature": 0.7,
                    "ip": f"10.{a % 9}.{k % 3}.{a}",
                    "asn": 64500 + a % 3,
                    "user_agent": f"tool/{a % 6}",
                    "tls_fingerprint": f"t{a % 4}",
                    "end_user_id": None,
                }
            )
    return exchanges, table


def _columns(rows, fields, *, without=()):
    types = {field.name: field.type for field in fields}
    names = [name for name in rows[0] if name not in without]
    return pa.table({n: pa.array([row.get(n) for row in rows], types[n]) for n in names})


def exchange_table(rows, *, without=()):
    return _columns(rows, EXCHANGE, without=without)


def account_table(rows, *, without=()):
    return _columns(rows, ACCOUNT, without=without)


def log_of(table, accounts=None, *, batch=10_000, tokens=None):
    batches = table.combine_chunks().to_batches(max_chunksize=batch)
    return build_log([observe(b) for b in batches], accounts, tokens)


def view_of(log, rows=None):
    """Return the view of a log's first ``rows`` rows, learned as a scan would."""
    view = View(log, derive_rows(log), index_facets(log))
    known = len(log) if rows is None else rows
    view.advance(known, int(log.time[known - 1]) + 1 if known else 0)
    return view


def early_log(rows, log, share):
    """Return the log of a share of the rows that ``made_rows`` gave, cut between two times."""
    cut = int(np.searchsorted(log.time, log.time[int(share * len(log))]))
    ids = set(log.exchange_id.slice(0, cut).to_pylist())
    kept = [row for row in rows[0] if row["exchange_id"] in ids]
    return log_of(exchange_table(kept), account_table(rows[1]))
