"""From streams to rows, and from rows to the files of a world."""

import datetime as dt
import shutil

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from clock import DAY

STRINGS = "exchange_id account_id conversation_id model prompt system_prompt ip user_agent tls_fingerprint end_user_id api_key_id channel finish_reason".split()
INTEGERS = "input_tokens output_tokens max_tokens asn".split()
OPTIONAL = "conversation_id system_prompt tls_fingerprint end_user_id api_key_id channel finish_reason asn max_tokens temperature ip user_agent".split()
EACH = "time harvest prompt model ip asn conversation_id end_user_id api_key_id exchange_id".split()
CLIENT = {"user_agent": "agent", "tls_fingerprint": "tls", "system_prompt": "system"}
CLIENT |= {x: x for x in ("channel", "max_tokens", "temperature")}
ACCOUNT = {"organization_id": "org", "email_domain": "mail", "payment_fingerprint": "card"}
ACCOUNT |= {"phone_hash": "phone", "device_fingerprint": "device", "plan": "plan"}
ACCOUNT |= {"declared_purpose": "purpose", "verification_level": "level"}
OPTIONAL_ACCOUNT = list(ACCOUNT)
DETAIL = ("step", "reason", "derivation", "推理", "code")
DENSE = frozenset(("zh", "ja", "ko", "ar", "hi", "ru"))


def scale(world, exchanges):
    """Turn weights into counts, so that the world sends about as many exchanges as asked."""
    fixed = [s for s in world.streams if s.fixed]
    free = [s for s in world.streams if not s.fixed]
    sent = sum(s.volume for s in fixed)
    for s in fixed:
        s.volume = max(2.0, s.volume * min(1.0, 0.16 * exchanges / max(sent, 1)))
    left = exchanges - sum(s.volume for s in fixed)
    for _ in range(3):
        factor = left / sum(s.volume for s in free)
        for s in free:
            s.volume = min(s.volume * factor, 0.008 * exchanges + 40)
    for s in world.streams:
        s.volume = int(s.volume + world.r.random())


def _tokens(world, stream, said, sessions):
    """Return tokens in and out and why answers ended, which follow from the prompts."""
    rng, client = world.rng, stream.client
    rate = 1.5 if stream.account.lang in DENSE else 4.0
    own = np.array([len(t) for t, _, _ in said]) / rate + 3
    asks = [0.5 * any(x in t for x in DETAIL) for t, _, _ in said]
    mean = 3.9 + 0.27 * np.log(own) + np.array(asks) + np.array([e for _, _, e in said])
    wanted = np.exp(mean + rng.normal(0, 0.75, len(said))) + 2
    cap = client.max_tokens or 16_000
    carried = np.zeros(len(said))
    for i in range(1, len(said)):
        if sessions[i] == sessions[i - 1]:
            carried[i] = min(carried[i - 1] + own[i - 1] + min(wanted[i - 1], cap), 60_000)
    base = len(client.system or "") / 4
    ends = np.where(wanted >= cap, "length", "stop")
    return (base + own + carried).astype(int), np.minimum(wanted, cap).astype(int), ends


def _speak(world, stream, c):
    """Add one stream's rows."""
    r = world.r
    if stream.volume < 1:
        return
    times, which = stream.clock(int(stream.volume))
    if not len(times):
        return
    sessions = which.tolist()
    said = [(t[:4000] or "?", h, e) for t, h, e in stream.talk(sessions)]
    into, out, ends = _tokens(world, stream, said, sessions)
    users = [f"u_{world.token(12)}" for _ in range(stream.users)]
    talks, people = {}, {}
    habit, app = stream.habit, stream.client.channel == "app"
    for i, (time, session) in enumerate(zip(times.tolist(), sessions)):
        if session not in talks:
            talks[session] = f"c_{world.token(14)}"
            people[session] = users[int(len(users) * r.random() ** 2)] if users else None
        ip, asn = stream.place(session, time)
        moved = habit.moves is not None and time >= habit.moves and r.random() < habit.share
        model = world.new if moved else r.choice(habit.models)
        if model == world.new and time < world.release:
            model = world.models[0]
        key = None if app else r.choice(stream.keys)
        row = (time, said[i][1], said[i][0], model, ip, asn, talks[session], people[session], key)
        for name, value in zip(EACH, (*row, f"ex_{world.token(20)}")):
            c[name].append(value)
    for name, field in CLIENT.items():
        c[name] += [getattr(stream.client, field)] * len(said)
    c["account_id"] += [stream.account.id] * len(said)
    c["input_tokens"] += into.tolist()
    c["output_tokens"] += out.tolist()
    c["finish_reason"] += ends.tolist()


def _stamp(seconds, origin):
    whole = (np.asarray(seconds, float) * 1e6).astype(np.int64)
    return pa.array(whole + int(origin.timestamp()) * 1_000_000, pa.timestamp("us", tz="UTC"))


def _thin(world, table, dropped, optional, poor):
    """Leave out the columns that this provider lacks, and some values of others."""
    table = table.drop_columns([n for n in dropped if n in table.column_names])
    for name in optional:
        if poor and name in table.column_names and world.r.random() < 0.2:
            gone = pa.array(world.rng.random(len(table)) < world.r.uniform(0.01, 0.2))
            column = pc.if_else(gone, pa.scalar(None, table[name].type), table[name])
            table = table.set_column(table.column_names.index(name), name, column)
    return table


def _exchanges(world, c, origin, out, dropped, poor):
    order = np.argsort(np.asarray(c["time"]), kind="stable")
    data = {"time": _stamp(c["time"], origin)}
    data |= {n: pa.array(c[n], pa.string()) for n in STRINGS}
    data |= {n: pa.array(c[n], pa.int64()) for n in INTEGERS}
    data["temperature"] = pa.array(c["temperature"], pa.float64())
    table = pa.table(data).take(pa.array(order))
    harvest = pa.array(np.asarray(c["harvest"])[order])
    truth = pa.table({"exchange_id": table["exchange_id"], "harvest": harvest})
    pq.write_table(truth.sort_by("exchange_id"), out / "truth_exchanges.parquet")
    table = _thin(world, table, dropped, OPTIONAL, poor)
    shutil.rmtree(out / "exchanges", ignore_errors=True)
    days = (np.asarray(c["time"])[order] // DAY).astype(int)
    for day in np.unique(days):
        low, high = np.searchsorted(days, [day, day + 1])
        path = out / "exchanges" / (origin + dt.timedelta(days=int(day))).strftime("day=%Y-%m-%d")
        path.mkdir(parents=True)
        pq.write_table(table.slice(low, high - low), path / "part-0.parquet", compression="zstd")
    return len(table)


def _accounts(world, origin, out, dropped, poor):
    accounts = sorted(world.accounts, key=lambda a: a.id)
    made = _stamp([a.created for a in accounts], origin)
    table = {"account_id": [a.id for a in accounts], "created_at": made}
    for column, name in ACCOUNT.items():
        table[column] = pa.array([getattr(a, name) for a in accounts], pa.string())
    table = pa.table(table | {"licensed": [a.licensed for a in accounts]})
    table = _thin(world, table, dropped, OPTIONAL_ACCOUNT, poor)
    pq.write_table(table, out / "accounts.parquet")
    truth = {"account_id": [a.id for a in accounts]}
    for column in ("cohort", "campaign", "kind", "lang"):
        truth[column] = pa.array([getattr(a, column) for a in accounts], pa.string())
    pq.write_table(pa.table(truth), out / "truth_accounts.parquet")


def write(world, out, dropped, poor):
    """Write the files of a world and return how many exchanges it has."""
    out.mkdir(parents=True, exist_ok=True)
    origin = dt.datetime(2026, 2, 2, tzinfo=dt.UTC) + dt.timedelta(7 * world.r.randrange(26))
    c = {n: [] for n in ("time", "harvest", "temperature", *STRINGS, *INTEGERS)}
    world.r.shuffle(world.streams)
    for stream in world.streams:
        _speak(world, stream, c)
    count = _exchanges(world, c, origin, out, dropped, poor)
    _accounts(world, origin, out, dropped, poor)
    at, what = _stamp([world.release], origin), ["model_release"]
    event = {"time": at, "type": what, "model": [world.new]}
    pq.write_table(pa.table(event), out / "provider_events.parquet")
    return count
