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
OPTIONAL_ACCOUNT = "organization_id phone_hash device_fingerprint declared_purpose verification_level payment_fingerprint plan email_domain".split()
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
    asks = np.array(
        [
            0.5 * any(x in t for x in ("step", "reason", "derivation", "推理", "code"))
            for t, _, _ in said
        ]
    )
    mean = 3.9 + 0.27 * np.log(own) + asks + np.array([e for _, _, e in said])
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
        c["time"].append(time)
        c["harvest"].append(said[i][1])
        c["prompt"].append(said[i][0])
        c["model"].append(model)
        c["ip"].append(ip)
        c["asn"].append(asn)
        c["conversation_id"].append(talks[session])
        c["end_user_id"].append(people[session])
        c["api_key_id"].append(None if app else r.choice(stream.keys))
        c["exchange_id"].append(f"ex_{world.token(20)}")
    one = stream.client
    for name, value in (
        ("account_id", stream.account.id),
        ("system_prompt", one.system),
        ("user_agent", one.agent),
        ("tls_fingerprint", one.tls),
        ("channel", one.channel),
        ("max_tokens", one.max_tokens),
        ("temperature", one.temperature),
    ):
        c[name] += [value] * len(said)
    c["input_tokens"] += into.tolist()
    c["output_tokens"] += out.tolist()
    c["finish_reason"] += ends.tolist()


def rows(world):
    """Let every stream speak, in an order that tells nothing."""
    c = {n: [] for n in ("time", "harvest", "temperature", *STRINGS, *INTEGERS)}
    streams = list(world.streams)
    world.r.shuffle(streams)
    for stream in streams:
        _speak(world, stream, c)
    return c


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
    truth = pa.table(
        {"exchange_id": table["exchange_id"], "harvest": pa.array(np.asarray(c["harvest"])[order])}
    )
    pq.write_table(
        truth.sort_by("exchange_id"), out / "truth_exchanges.parquet", compression="zstd"
    )
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
    table = {
        "account_id": [a.id for a in accounts],
        "created_at": _stamp([a.created for a in accounts], origin),
    }
    for column, name in (
        ("organization_id", "org"),
        ("email_domain", "mail"),
        ("payment_fingerprint", "card"),
        ("phone_hash", "phone"),
        ("device_fingerprint", "device"),
        ("plan", "plan"),
        ("declared_purpose", "purpose"),
        ("verification_level", "level"),
    ):
        table[column] = pa.array([getattr(a, name) for a in accounts], pa.string())
    table = pa.table(table | {"licensed": [a.licensed for a in accounts]})
    table = _thin(world, table, dropped, OPTIONAL_ACCOUNT, poor)
    pq.write_table(table, out / "accounts.parquet")
    truth = {"account_id": [a.id for a in accounts]}
    for column, name in (
        ("language", "lang"),
        ("cohort", "cohort"),
        ("campaign", "campaign"),
        ("kind", "kind"),
    ):
        truth[column] = pa.array([getattr(a, name) for a in accounts], pa.string())
    pq.write_table(pa.table(truth), out / "truth_accounts.parquet")


def write(world, c, out, dropped, poor):
    """Write the files of a world and return how many exchanges it has."""
    out.mkdir(parents=True, exist_ok=True)
    origin = dt.datetime(2026, 2, 2, tzinfo=dt.UTC) + dt.timedelta(days=7 * world.r.randrange(26))
    count = _exchanges(world, c, origin, out, dropped, poor)
    _accounts(world, origin, out, dropped, poor)
    event = {
        "time": _stamp([world.release], origin),
        "type": ["model_release"],
        "model": [world.new],
    }
    pq.write_table(pa.table(event), out / "provider_events.parquet")
    return count
