"""From streams to rows, and from rows to the files of a world."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from book import Stream, World
from clock import MONTH

__all__ = ["Rows", "emit", "set_volumes", "write"]

_DENSE = frozenset(("zh", "ja", "ko", "ar", "hi", "ru"))
TEXTS = (
    "exchange_id",
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
OPTIONAL = (
    "conversation_id",
    "system_prompt",
    "tls_fingerprint",
    "end_user_id",
    "api_key_id",
    "channel",
    "finish_reason",
    "asn",
    "max_tokens",
    "temperature",
    "ip",
)
OPTIONAL_ACCOUNT = (
    "organization_id",
    "phone_hash",
    "device_fingerprint",
    "declared_purpose",
    "verification_level",
    "payment_fingerprint",
    "plan",
)


@dataclass(slots=True)
class Rows:
    """Exchanges as columns, in the order in which streams made them."""

    columns: dict[str, list] = field(
        default_factory=lambda: {
            n: [] for n in ("time", "temperature", "harvest", *TEXTS, *NUMBERS)
        }
    )


def set_volumes(world: World, exchanges: int) -> None:
    """Turn weights into counts so that the world sends about as many exchanges as asked."""
    fixed = [s for s in world.streams if s.fixed]
    free = [s for s in world.streams if not s.fixed]
    limit, sent = 0.25 * exchanges, sum(s.volume for s in fixed)
    for stream in fixed:
        stream.volume = max(2.0, stream.volume * min(1.0, limit / max(sent, 1.0)))
    left = exchanges - sum(s.volume for s in fixed)
    cap = max(0.012 * exchanges, 60.0)
    for _ in range(3):
        scale = left / max(sum(s.volume for s in free), 1.0)
        for stream in free:
            stream.volume = min(stream.volume * scale, cap)
    for stream in world.streams:
        stream.volume = int(stream.volume + world.py.random())


def _tokens(world: World, stream: Stream, prompts: list[str], sessions: list[int]) -> tuple:
    """Return tokens in and out and why answers ended, which follow from the prompts."""
    client, rng = stream.client, world.rng
    dense = 1.6 if stream.account.lang in _DENSE else 3.9
    own = np.array([len(p) for p in prompts]) / dense + 4
    base = len(client.system or "") / 3.9
    growth = np.zeros(len(prompts))
    if stream.threads:
        for i in range(1, len(prompts)):
            if sessions[i] == sessions[i - 1]:
                growth[i] = growth[i - 1] + own[i - 1] + 180
    detail = np.array(
        [any(w in p for w in ("step", "reason", "code", "full", "JSON")) for p in prompts]
    )
    mean = 3.6 + 0.32 * np.log(own) + 0.75 * detail + 0.25 * (dense == 1.6)
    wanted = np.exp(mean + rng.normal(0, 0.65, len(prompts))) + 3
    cap = client.max_tokens or 16_384
    ends = np.where(wanted >= cap, "length", "stop")
    return (
        (base + own + np.minimum(growth, 30_000)).astype(int),
        np.minimum(wanted, cap).astype(int),
        ends,
    )


def _emit_stream(world: World, stream: Stream, rows: Rows) -> None:
    """Add one stream's rows."""
    py, net, account, client = world.py, world.net, stream.account, stream.client
    if stream.volume < 1:
        return
    times, which = stream.clock(int(stream.volume))
    blocked = min((t for t, what in account.events if what == "blocked"), default=MONTH)
    keep = times < blocked
    times, sessions = times[keep], [int(s) for s in which[keep]]
    if not sessions:
        return
    said = stream.talk(sessions)
    prompts = [text[:4000] or "?" for text, _ in said]
    tokens_in, tokens_out, ends = _tokens(world, stream, prompts, sessions)
    talks: dict[int, str] = {}
    spots: dict[int, int] = {}
    people: dict[int, str] = {}
    users = [f"u_{net.hex(12)}" for _ in range(stream.users)]
    keys = [f"key_{net.hex(10)}" for _ in range(py.choice((1, 1, 1, 2)))]
    habit, c = stream.habit, rows.columns
    indices = range(len(stream.place.spots))
    for i, time in enumerate(times.tolist()):
        session = sessions[i]
        if session not in spots:
            spots[session] = py.choices(indices, stream.place.weights[: len(indices)])[0]
            talks[session] = f"c_{net.hex(14)}"
            if users:
                people[session] = users[int(len(users) * py.random() ** 2)]
        ip, asn = stream.place.at(time, spots[session])
        moved = habit.moves is not None and time >= habit.moves and py.random() < habit.share
        c["time"].append(time)
        c["harvest"].append(said[i][1])
        c["model"].append(world.new_model if moved else habit.model)
        c["ip"].append(ip)
        c["asn"].append(asn)
        c["conversation_id"].append(talks[session] if stream.threads else None)
        c["end_user_id"].append(people.get(session))
        c["api_key_id"].append(py.choice(keys) if client.channel != "app" else None)
    count = len(prompts)
    for name, value in (
        ("account_id", account.account_id),
        ("system_prompt", client.system),
        ("user_agent", client.user_agent),
        ("tls_fingerprint", client.tls),
        ("channel", client.channel),
        ("max_tokens", client.max_tokens),
        ("temperature", client.temperature),
    ):
        c[name] += [value] * count
    c["exchange_id"] += [f"ex_{net.hex(20)}" for _ in range(count)]
    c["prompt"] += prompts
    c["input_tokens"] += tokens_in.tolist()
    c["output_tokens"] += tokens_out.tolist()
    c["finish_reason"] += ends.tolist()


def emit(world: World) -> Rows:
    """Let every stream speak, in an order that tells nothing."""
    rows = Rows()
    streams = list(world.streams)
    world.py.shuffle(streams)
    for stream in streams:
        _emit_stream(world, stream, rows)
    return rows


def _stamp(seconds: list[float] | np.ndarray, origin: dt.datetime) -> pa.Array:
    base = int(origin.timestamp() * 1_000_000)
    whole = (np.asarray(seconds, dtype=float) * 1e6).astype(np.int64) + base
    return pa.array(whole, pa.timestamp("us", tz="UTC"))


def _thin(world: World, table: pa.Table, optional: tuple[str, ...]) -> pa.Table:
    """Leave out some optional columns, and some values of others, as logs do."""
    py = world.py
    dropped = py.sample(optional, py.choice((0, 0, 1, 1, 2, 3)))
    table = table.drop_columns(dropped)
    for name in optional:
        if name not in dropped and py.random() < 0.25:
            gone = pa.array(world.rng.random(len(table)) < py.uniform(0.01, 0.25))
            at = table.column_names.index(name)
            column = pc.if_else(gone, pa.scalar(None, table[name].type), table[name])
            table = table.set_column(at, name, column)
    return table


def _exchanges(world: World, rows: Rows, origin: dt.datetime, out: Path) -> int:
    c = rows.columns
    order = np.argsort(np.asarray(c["time"]), kind="stable")
    data = {"time": _stamp(c["time"], origin)}
    data |= {name: pa.array(c[name], pa.string()) for name in TEXTS}
    data |= {name: pa.array(c[name], pa.int64()) for name in NUMBERS}
    data["temperature"] = pa.array(c["temperature"], pa.float64())
    table = pa.table(data).take(pa.array(order))
    harvest = pa.array(np.asarray(c["harvest"])[order])
    truth = pa.table({"exchange_id": table["exchange_id"], "harvest": harvest})
    pq.write_table(
        truth.sort_by("exchange_id"), out / "truth_exchanges.parquet", compression="zstd"
    )
    table = _thin(world, table, OPTIONAL)
    days = np.asarray(c["time"])[order] // 86_400
    for day in np.unique(days):
        low, high = np.searchsorted(days, [day, day + 1])
        name = (origin + dt.timedelta(days=int(day))).strftime("day=%Y-%m-%d")
        (out / "exchanges" / name).mkdir(parents=True, exist_ok=True)
        pq.write_table(
            table.slice(low, high - low),
            out / "exchanges" / name / "part-0.parquet",
            compression="zstd",
        )
    return len(table)


def _accounts(world: World, origin: dt.datetime, out: Path) -> None:
    accounts = sorted(world.accounts, key=lambda a: a.account_id)
    table = pa.table(
        {
            "account_id": [a.account_id for a in accounts],
            "created_at": _stamp([a.created for a in accounts], origin),
            **{
                column: pa.array([getattr(a, name) for a in accounts], pa.string())
                for column, name in (
                    ("organization_id", "organization"),
                    ("email_domain", "mail"),
                    ("payment_fingerprint", "payment"),
                    ("phone_hash", "phone"),
                    ("device_fingerprint", "device"),
                    ("plan", "plan"),
                    ("declared_purpose", "purpose"),
                    ("verification_level", "verification"),
                )
            },
            "licensed": [a.licensed for a in accounts],
        }
    )
    pq.write_table(_thin(world, table, OPTIONAL_ACCOUNT), out / "accounts.parquet")
    truth = {"account_id": table["account_id"], "language": [a.lang for a in accounts]}
    for name in ("cohort", "campaign", "kind"):
        truth[name] = pa.array([getattr(a, name) for a in accounts], pa.string())
    pq.write_table(pa.table(truth), out / "truth_accounts.parquet")


def _events(world: World, origin: dt.datetime, out: Path) -> None:
    found = [(t, a.account_id, what) for a in world.accounts for t, what in a.events]
    for a in world.accounts:
        if a.created >= 0:
            found.append((a.created, a.account_id, "created"))
            if a.payment:
                found.append((a.created + 300, a.account_id, "payment_added"))
    found.sort()
    if world.py.random() < 0.7:
        pq.write_table(
            pa.table(
                {
                    "time": _stamp([f[0] for f in found], origin),
                    "account_id": [f[1] for f in found],
                    "type": [f[2] for f in found],
                }
            ),
            out / "account_events.parquet",
        )
    pq.write_table(
        pa.table(
            {
                "time": _stamp([world.release], origin),
                "type": ["model_release"],
                "model": [world.new_model],
            }
        ),
        out / "provider_events.parquet",
    )


def write(world: World, rows: Rows, out: Path) -> int:
    """Write the files of a world and return how many exchanges it has."""
    out.mkdir(parents=True, exist_ok=True)
    monday = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)
    origin = monday + dt.timedelta(days=world.weekday + 7 * world.py.randrange(30))
    count = _exchanges(world, rows, origin, out)
    _accounts(world, origin, out)
    _events(world, origin, out)
    return count
