"""From uses to exchanges, and from a world to its files."""

import datetime as dt
import random
import re
import shutil
from zlib import crc32

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from core import DAY, MONTH, times

TEXT, WHOLE, REAL = pa.string(), pa.int64(), pa.float64()
STAMP = pa.timestamp("us", tz="UTC")
COLUMNS = {"time": STAMP, "exchange_id": TEXT, "account_id": TEXT, "conversation_id": TEXT, "model": TEXT, "prompt": TEXT, "system_prompt": TEXT, "input_tokens": WHOLE, "output_tokens": WHOLE, "max_tokens": WHOLE, "temperature": REAL, "ip": TEXT, "asn": WHOLE, "user_agent": TEXT, "tls_fingerprint": TEXT, "end_user_id": TEXT, "api_key_id": TEXT, "channel": TEXT, "finish_reason": TEXT}  # fmt: skip
MAY_MISS = ("conversation_id", "system_prompt", "max_tokens", "temperature", "ip", "asn", "tls_fingerprint", "end_user_id", "api_key_id", "channel", "finish_reason")  # fmt: skip
MAY_MISS_ACCOUNT = ("organization_id", "payment_fingerprint", "phone_hash", "device_fingerprint", "plan", "declared_purpose", "verification_level")  # fmt: skip
ROOMY = re.compile(r"step|explain|detail|function|code|essay|write|story|why|compare", re.IGNORECASE)  # fmt: skip


def missing(seed):
    """Return which optional columns a seed lacks; about half of the seeds lack none."""
    py = random.Random(seed * 17 + 3)
    if py.random() < 0.5:
        return []
    return py.sample(MAY_MISS + MAY_MISS_ACCOUNT, py.randint(1, 4))


def set_volumes(world, exchanges):
    """Scale what is not fixed so that the world sends about as many exchanges as asked."""
    uses = [u for a in world.accounts for u in a.uses]
    cap = max(exchanges * 0.009, 40)
    held = sum(u.volume for u in uses if u.fixed)
    shrink = min(1, 0.3 * exchanges / max(held, 1))
    left = exchanges - held * shrink
    free = [u for u in uses if not u.fixed]
    for u in uses:
        u.volume *= shrink if u.fixed else 1
    for _ in range(3):
        scale = left / sum(u.volume for u in free)
        for u in free:
            u.volume = min(u.volume * scale, cap)
    for u in uses:
        u.volume = int(u.volume + world.py.random())


def tokens(world, use, lang, said, which):
    """Return tokens in, tokens out and why answers ended; all follow from the prompts."""
    dense = 1.5 if lang in ("zh", "ja", "ko") else 2.6 if lang in ("ar", "hi", "ru") else 4.1
    own = np.array([len(s[0]) for s in said]) / dense + 3
    body = np.array([crc32(s[0][:30].lower().encode()) % 1000 / 500 - 1 for s in said]) * 0.55
    roomy = np.array([bool(ROOMY.search(s[0][:300])) for s in said]) * 0.35
    extra = np.array([s[2] for s in said])
    length = 4.3 + 0.2 * np.log(own) + body + roomy + extra
    out = np.exp(length + world.rng.normal(0, 0.55, len(said))) + 2
    cap = use.client.max_tokens or 8192
    into = own + len(use.client.system or "") / 4
    if use.threads:
        past = np.cumsum(own + out) - own - out
        head = np.searchsorted(which, which)
        into = into + past - past[head]
    return into.astype(int), np.minimum(out, cap).astype(int), out >= cap


def speak(world, account, use, rows):
    """Add the exchanges of one use."""
    if use.volume < 1:
        return
    py, client = world.py, use.client
    when, which = times(world.rng, use.clock, use.volume)
    keep = when < min(MONTH, use.clock.end + 7200)
    when, which = when[keep], which[keep]
    if not len(when):
        return
    said, spots, talks, people = [], [], [], []
    users = [f"eu-{world.hex(10)}" for _ in range(use.users)]
    for k, first in zip(*np.unique(which, return_index=True)):
        n = int(np.searchsorted(which, k, "right") - first)
        turns = use.say(n)
        while len(turns) < n:
            turns += use.say(n - len(turns))
        said += turns[:n]
        spots += [use.place(float(when[first]))] * n
        talks += [f"cv_{world.hex(14)}" if use.threads else None] * n
        people += [users[int(len(users) * py.random() ** 1.8)] if users else None] * n
    into, out, cut = tokens(world, use, account.lang, said, which)
    keys = [f"k_{world.hex(10)}" for _ in range(py.choice((1, 1, 1, 2, 3)))]
    for i, t in enumerate(when.tolist()):
        new = use.moves is not None and t >= use.moves and py.random() < use.share
        rows.append((
            int(t * 1e6), "", account.id, talks[i], world.new if new else use.model,
            said[i][0][:4000], client.system, int(into[i]), int(out[i]), client.max_tokens,
            client.temperature, *spots[i], client.agent, client.tls, people[i],
            None if client.channel == "app" else py.choice(keys), client.channel,
            "length" if cut[i] else "stop", said[i][1],
        ))  # fmt: skip


def rows_of(world):
    """Let all uses speak in an order that tells nothing, and sort by time."""
    rows, order = [], [(a, u) for a in world.accounts for u in a.uses]
    world.py.shuffle(order)
    for a, u in order:
        speak(world, a, u, rows)
    rows.sort(key=lambda r: (r[0], r[2]))
    return rows


def thin(world, table, names, gone):
    """Leave out the seed's missing columns, and some values of a few others."""
    table = table.drop_columns([n for n in gone if n in table.column_names])
    for name in names:
        if name in gone or world.py.random() > 0.12:
            continue
        lost = pa.array(world.rng.random(len(table)) < world.py.uniform(0.01, 0.15))
        column = pc.if_else(lost, pa.scalar(None, table[name].type), table[name])
        table = table.set_column(table.column_names.index(name), name, column)
    return table


def exchanges(world, rows, origin, gone, out):
    """Write the exchanges by day, and which of them are harvest."""
    base = int(origin.timestamp() * 1e6)
    ids = [f"x{world.hex(20)}" for _ in rows]
    cols = list(zip(*rows))
    harvest = cols.pop()
    days = np.array(cols[0]) // (DAY * 1_000_000)
    cols[0], cols[1] = [t + base for t in cols[0]], ids
    table = pa.table({n: pa.array(c, t) for (n, t), c in zip(COLUMNS.items(), cols)})
    truth = pa.table({"exchange_id": ids, "harvest": pa.array(harvest, pa.bool_())})
    pq.write_table(truth.sort_by("exchange_id"), out / "truth_exchanges.parquet")
    table = thin(world, table, MAY_MISS, gone)
    shutil.rmtree(out / "exchanges", ignore_errors=True)
    for day in np.unique(days):
        low, high = np.searchsorted(days, [day, day + 1])
        path = out / "exchanges" / f"day={(origin + dt.timedelta(days=int(day))).date()}"
        path.mkdir(parents=True)
        pq.write_table(table.slice(low, high - low), path / "part-0.parquet", compression="zstd")


def accounts(world, origin, gone, out):
    """Write the accounts in the order of their ids, and their truth."""
    base = int(origin.timestamp() * 1e6)
    found = sorted(world.accounts, key=lambda a: a.id)
    data = {"account_id": pa.array([a.id for a in found]), "created_at": pa.array([base + int(a.created * 1e6) for a in found], STAMP)}  # fmt: skip
    names = ("organization_id", "email_domain", "payment_fingerprint", "phone_hash", "device_fingerprint", "plan", "declared_purpose", "verification_level")  # fmt: skip
    fields = ("org", "mail", "card", "phone", "device", "plan", "purpose", "level")
    for name, fld in zip(names, fields):
        data[name] = pa.array([getattr(a, fld) for a in found], TEXT)
    data["licensed"] = pa.array([a.licensed for a in found])
    table = thin(world, pa.table(data), MAY_MISS_ACCOUNT, gone)
    pq.write_table(table, out / "accounts.parquet", compression="zstd")
    truth = {"account_id": data["account_id"], "language": pa.array([a.lang for a in found])}
    for name in ("cohort", "campaign", "kind"):
        truth[name] = pa.array([getattr(a, name) for a in found], TEXT)
    pq.write_table(pa.table(truth), out / "truth_accounts.parquet", compression="zstd")


def write(world, seed, out):
    """Write all files of a world; return how many exchanges and how much harvest it has."""
    out.mkdir(parents=True, exist_ok=True)
    rows, gone = rows_of(world), missing(seed)
    origin = dt.datetime(2026, 2, 2, tzinfo=dt.UTC) + dt.timedelta(days=7 * world.py.randrange(26))
    exchanges(world, rows, origin, gone, out)
    accounts(world, origin, gone, out)
    told = [(world.release, "model_release", world.new)]
    told.append((world.py.uniform(0, 28) * DAY, world.py.choice(("price", "policy")), world.legacy))
    told.sort()
    events = {"time": pa.array([int((origin.timestamp() + t) * 1e6) for t, _, _ in told], STAMP), "type": [x[1] for x in told], "model": [x[2] for x in told]}  # fmt: skip
    pq.write_table(pa.table(events), out / "provider_events.parquet")
    return len(rows), sum(r[-1] for r in rows)
