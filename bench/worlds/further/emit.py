"""From streams to rows, and from rows to the files of a world."""

from __future__ import annotations

import datetime as dt
import random
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from base import DAY, SPAN, Stream, World

TEXTS = (
    "account_id",
    "conversation_id",
    "model",
    "prompt",
    "system_prompt",
    "ip",
    "user_agent",
    "tls_fingerprint",
    "end_user_id",
    "api_key_id",
    "channel",
    "finish_reason",
)
NUMBERS = ("input_tokens", "output_tokens", "max_tokens", "asn")
# what a seed may lack: name, columns of exchanges, columns of accounts
GAPS = {
    "organisation": ((), ("organization_id",)),
    "address": (("ip", "asn"), ()),
    "phone and device": ((), ("phone_hash", "device_fingerprint")),
    "answer length": (("output_tokens", "finish_reason"), ()),
    "handshake": (("tls_fingerprint",), ()),
    "end users": (("end_user_id",), ()),
    "conversations": (("conversation_id",), ()),
    "sampling": (("max_tokens", "temperature"), ()),
    "payment": ((), ("payment_fingerprint",)),
    "keys and channel": (("api_key_id", "channel"), ()),
    "purpose and verification": ((), ("declared_purpose", "verification_level")),
}
_DENSE = frozenset(("zh", "ja", "ko", "hi", "ar"))


def gaps(seed: int) -> list[str]:
    """Return what the logs of a seed lack; nothing for about half of all seeds."""
    py = random.Random(f"gaps {seed}")
    if py.random() < 0.5:
        return []
    return sorted(py.sample(list(GAPS), py.choice((1, 1, 2, 2, 3))))


def scale_volumes(w: World, exchanges: int) -> None:
    """Turn weights into counts, so that the world sends about as many exchanges as asked."""
    fixed = [s for s in w.streams if s.fixed]
    free = [s for s in w.streams if not s.fixed]
    sent = sum(s.volume for s in fixed)
    shrink = min(1.0, 0.16 * exchanges / max(sent, 1.0))
    for s in fixed:
        s.volume = max(2.0 if shrink == 1 else 1.5, s.volume * shrink)
    left = max(exchanges - sum(s.volume for s in fixed), 0.5 * exchanges)
    cap = max(60.0, 0.008 * exchanges)
    for _ in range(3):
        factor = left / max(sum(s.volume for s in free), 1.0)
        for s in free:
            s.volume = min(s.volume * factor, cap)
    for s in w.streams:
        s.volume = max(1, int(s.volume + w.py.random()))


def _tokens(w: World, s: Stream, said: list, sessions: list[int]) -> tuple:
    """Return tokens in and out and why answers ended."""
    dense = 1.5 if s.account.lang in _DENSE else 4.0
    own = [len(t) / dense + 3 for t, _, _ in said]
    out = np.array([max(1.0, n) for _, n, _ in said]) * np.exp(w.rng.normal(0, 0.42, len(said)))
    out = np.maximum(out * (1.15 if dense < 2 else 1.0), 1).astype(int)
    cap = s.client.max_tokens or 16_384
    ends = np.where(out >= cap, "length", "stop")
    out = np.minimum(out, cap)
    base, grown, into = len(s.client.system or "") / 4, 0.0, []
    for i, n in enumerate(own):
        same = i > 0 and sessions[i] == sessions[i - 1] and s.client.threads == "session"
        grown = grown + own[i - 1] + float(out[i - 1]) if same else 0.0
        into.append(int(base + n + min(grown, 60_000)))
    return into, out.tolist(), ends.tolist()


def _rows(w: World, s: Stream, rows: dict[str, list]) -> None:
    """Add the rows of one stream."""
    times, which = s.clock(int(s.volume))
    keep = (times < SPAN - 1) & (times > max(s.account.created, 0))
    times, sessions = times[keep], which[keep].tolist()
    if not sessions:
        return
    order = np.argsort(np.asarray(sessions), kind="stable")
    talk_said = s.talk([sessions[i] for i in order])
    said = [None] * len(sessions)
    for i, x in zip(order.tolist(), talk_said):
        said[i] = x
    into, out, ends = _tokens(w, s, said, sessions)
    _columns(w, s, rows, times.tolist(), sessions, said)
    n, c = len(said), s.client
    fixed = {
        "account_id": s.account.account_id,
        "system_prompt": c.system,
        "user_agent": c.agent,
        "tls_fingerprint": c.tls,
        "channel": c.channel,
        "max_tokens": c.max_tokens,
        "temperature": c.temperature,
    }
    for name, value in fixed.items():
        rows[name] += [value] * n
    rows["input_tokens"] += into
    rows["output_tokens"] += out
    rows["finish_reason"] += ends


def _columns(w: World, s: Stream, rows, times, sessions, said) -> None:
    """Add what changes from request to request."""
    py, c, habit = w.py, s.client, s.habit
    keys = [f"sk_{w.hex(8)}" for _ in range(s.keys)]
    users = [f"eu-{w.hex(9)}" for _ in range(s.users)]
    spots, talks, people = {}, {}, {}
    for t, session, (text, _, harvest) in zip(times, sessions, said):
        if session not in spots:
            spots[session] = s.place.at(t)
            talks[session] = f"cv_{w.hex(14)}"
            people[session] = users[int(len(users) * py.random() ** 1.7)] if users else None
        moved = (
            habit.adopts is not None
            and t >= max(habit.adopts, w.release)
            and py.random() < habit.share
        )
        rows["time"].append(t)
        rows["prompt"].append(text[:4000] or "?")
        rows["harvest"].append(harvest)
        rows["ip"].append(spots[session][0])
        rows["asn"].append(spots[session][1])
        rows["model"].append(w.new_model if moved else habit.model)
        single = c.threads == "single"
        thread = talks[session] if c.threads == "session" else None
        rows["conversation_id"].append(f"cv_{w.hex(14)}" if single else thread)
        rows["end_user_id"].append(people[session])
        rows["api_key_id"].append(py.choice(keys) if c.channel != "app" else None)


def rows_of(w: World) -> dict[str, list]:
    """Let every stream speak, in an order that tells nothing."""
    rows = {n: [] for n in ("time", "temperature", "harvest", *TEXTS, *NUMBERS)}
    streams = list(w.streams)
    w.py.shuffle(streams)
    for s in streams:
        _rows(w, s, rows)
    return rows


def _stamp(seconds, origin: dt.datetime) -> pa.Array:
    base = int(origin.timestamp() * 1_000_000)
    whole = (np.asarray(seconds, dtype=float) * 1e6).astype(np.int64) + base
    return pa.array(whole, pa.timestamp("us", tz="UTC"))


def _thin(w: World, table: pa.Table, drop: set[str], able: set[str]) -> pa.Table:
    """Leave out columns, and some values of a few others, as logs do."""
    table = table.drop_columns([n for n in table.column_names if n in drop])
    for name in table.column_names:
        if name in able and w.py.random() < 0.15:
            gone = pa.array(w.rng.random(len(table)) < w.py.uniform(0.005, 0.12))
            column = pc.if_else(gone, pa.scalar(None, table[name].type), table[name])
            table = table.set_column(table.column_names.index(name), name, column)
    return table


def _exchanges(w: World, rows: dict, origin: dt.datetime, out: Path, drop: set[str]) -> None:
    order = np.argsort(np.asarray(rows["time"]), kind="stable")
    at = pa.array(order)
    data = {
        "time": _stamp(rows["time"], origin),
        "exchange_id": pa.array([f"xc{w.hex(20)}" for _ in order]),
    }
    data |= {n: pa.array(rows[n], pa.string()) for n in TEXTS}
    data |= {n: pa.array(rows[n], pa.int64()) for n in NUMBERS}
    data["temperature"] = pa.array(rows["temperature"], pa.float64())
    table = pa.table(data).take(at)
    harvest = pa.array(np.asarray(rows["harvest"])[order])
    truth = pa.table({"exchange_id": table["exchange_id"], "harvest": harvest})
    pq.write_table(
        truth.sort_by("exchange_id"), out / "truth_exchanges.parquet", compression="zstd"
    )
    able = {n for exchanges, _ in GAPS.values() for n in exchanges}
    table = _thin(w, table, drop, able)
    days = np.asarray(rows["time"])[order] // DAY
    for day in np.unique(days):
        low, high = np.searchsorted(days, [day, day + 1])
        folder = out / "exchanges" / (origin + dt.timedelta(days=int(day))).strftime("day=%Y-%m-%d")
        folder.mkdir(parents=True, exist_ok=True)
        pq.write_table(table.slice(low, high - low), folder / "part-0.parquet", compression="zstd")


def _accounts(w: World, origin: dt.datetime, out: Path, drop: set[str]) -> None:
    accounts = sorted(w.accounts, key=lambda a: a.account_id)
    fields = {
        "organization_id": "organization",
        "email_domain": "mail",
        "payment_fingerprint": "payment",
        "phone_hash": "phone",
        "device_fingerprint": "device",
        "plan": "plan",
        "declared_purpose": "purpose",
        "verification_level": "verification",
    }
    table = pa.table(
        {
            "account_id": [a.account_id for a in accounts],
            "created_at": _stamp([a.created for a in accounts], origin),
        }
        | {c: pa.array([getattr(a, n) for a in accounts], pa.string()) for c, n in fields.items()}
        | {"licensed": [a.licensed for a in accounts]}
    )
    able = {n for _, columns in GAPS.values() for n in columns}
    pq.write_table(_thin(w, table, drop, able), out / "accounts.parquet")
    truth = {"account_id": table["account_id"], "language": [a.lang for a in accounts]}
    for name in ("cohort", "campaign", "kind"):
        truth[name] = pa.array([getattr(a, name) for a in accounts], pa.string())
    pq.write_table(pa.table(truth), out / "truth_accounts.parquet")


def write(w: World, rows: dict, out: Path) -> None:
    """Write the files of a world."""
    shutil.rmtree(out / "exchanges", ignore_errors=True)
    out.mkdir(parents=True, exist_ok=True)
    origin = dt.datetime(2026, 3, 2, tzinfo=dt.UTC) + dt.timedelta(days=w.py.randrange(150))
    lacking = gaps(w.seed)
    _exchanges(w, rows, origin, out, {n for g in lacking for n in GAPS[g][0]})
    _accounts(w, origin, out, {n for g in lacking for n in GAPS[g][1]})
    events = {
        "time": _stamp([w.release], origin),
        "type": ["model_release"],
        "model": [w.new_model],
    }
    pq.write_table(pa.table(events), out / "provider_events.parquet")
