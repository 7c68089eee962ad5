"""From streams to rows, and from rows to the files of a world."""

import datetime as dt
import shutil

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import words as wd
from base import DAY, SPAN

TEXTS = tuple(
    "exchange_id account_id conversation_id model prompt system_prompt ip user_agent tls_fingerprint end_user_id api_key_id channel finish_reason".split()
)
NUMBERS = tuple("input_tokens output_tokens max_tokens asn".split())
OPTIONAL = tuple(
    "conversation_id system_prompt tls_fingerprint end_user_id api_key_id channel finish_reason asn max_tokens temperature ip".split()
)
FIELDS = tuple(
    "organization_id email_domain payment_fingerprint phone_hash device_fingerprint plan declared_purpose verification_level".split()
)
OPTIONAL_ACCOUNT = tuple(f for f in FIELDS if f != "email_domain")


def volumes(w, exchanges):
    """Turn weights into counts, so that the world sends about as many exchanges as asked."""
    fixed = [s for s in w.streams if s.fixed]
    free = [s for s in w.streams if not s.fixed]
    sent = sum(s.volume for s in fixed)
    for s in fixed:
        s.volume = max(2.0, s.volume * min(1.0, 0.22 * exchanges / max(sent, 1)))
    left = exchanges - sum(s.volume for s in fixed)
    for _ in range(3):
        scale = left / sum(s.volume for s in free)
        for s in free:
            s.volume = min(s.volume * scale, 0.012 * exchanges)
    for s in w.streams:
        s.volume = int(max(s.volume, 0.4) + w.py.random())


def _tokens(w, stream, said, sessions):
    """Return tokens in and out and how answers ended; answers follow their prompts."""
    client, n = stream.client, len(said)
    dense = 1.5 if stream.account.lang in wd.DENSE else 4.0
    own = np.array([len(t) for t, _, _ in said]) / dense + 5
    history = np.zeros(n)
    if client.threads:
        for i in range(1, n):
            if sessions[i] == sessions[i - 1]:
                history[i] = history[i - 1] + own[i - 1] + 210
    boost = np.array([b for _, _, b in said])
    taste = w.rng.normal(0, 0.3)
    wanted = np.exp(4.0 + 0.27 * np.log(own) + boost + taste + w.rng.normal(0, 0.6, n)) + 2
    cap = client.max_tokens or 16_384
    ends = np.where(wanted >= cap, "length", "stop")
    into = own + len(client.system or "") / 4 + np.minimum(history, 40_000)
    return into.astype(int).tolist(), np.minimum(wanted, cap).astype(int).tolist(), ends.tolist()


def _speak(w, stream, rows, keys):
    """Add one stream's rows."""
    py, account, client = w.py, stream.account, stream.client
    if stream.volume < 1:
        return
    times, which = stream.clock.draw(stream.volume, w)
    keep = times > account.created
    times, sessions = times[keep].tolist(), which[keep].tolist()
    if not times:
        return
    said = stream.talk(sessions)
    into, out, ends = _tokens(w, stream, said, sessions)
    users = [f"u{w.token(10)}" for _ in range(stream.users)]
    met, spots = {}, {}
    mine = keys.setdefault(
        account.account_id, [f"k{w.token(10)}" for _ in range(py.choice((1, 1, 1, 2)))]
    )
    for i, time in enumerate(times):
        s = sessions[i]
        if s not in met:
            met[s] = f"c{w.token(14)}", users[int(len(users) * py.random() ** 2)] if users else None
            spots[s] = stream.place.at(time, w.net)
        model = w.new if time >= stream.moves and py.random() < stream.share else stream.model
        ip, asn = spots[s]
        rows.append((time, f"x{w.token(18)}", account.account_id, met[s][0] if client.threads else None, model, said[i][0][:4000], client.system, ip, client.user_agent, client.tls, met[s][1], py.choice(mine) if client.channel == "direct" else None, client.channel, ends[i], into[i], out[i], client.max_tokens, asn, client.temperature, said[i][1]))  # fmt: skip


def rows(w):
    """Let every stream speak, in an order that tells nothing."""
    made, keys, streams = [], {}, list(w.streams)
    w.py.shuffle(streams)
    for stream in streams:
        _speak(w, stream, made, keys)
    made.sort(key=lambda r: (r[0], r[1]))
    return made


def _stamp(seconds, origin):
    whole = (np.asarray(seconds, dtype=float) * 1e6).astype(np.int64)
    return pa.array(whole + int(origin.timestamp() * 1e6), pa.timestamp("us", tz="UTC"))


def _thin(w, table, optional, complete):
    """Leave out some columns and some values, as logs do."""
    py = w.gaps
    gone = [] if complete else py.sample(optional, py.choice((1, 1, 2)))
    table = table.drop_columns(gone)
    for name in optional:
        if name not in gone and not complete and py.random() < 0.2:
            mask = pa.array(w.rng.random(len(table)) < py.uniform(0.01, 0.2))
            at = table.column_names.index(name)
            values = pc.if_else(mask, pa.scalar(None, table[name].type), table[name])
            table = table.set_column(at, name, values)
    return table


def _exchanges(w, made, origin, out, complete):
    names = ("time", *TEXTS, *NUMBERS, "temperature", "harvest")
    columns = dict(zip(names, zip(*made)))
    day = np.asarray(columns["time"]) // DAY
    kinds = dict.fromkeys(TEXTS, pa.string()) | dict.fromkeys(NUMBERS, pa.int64())
    kinds["temperature"] = pa.float64()
    table = pa.table(
        {"time": _stamp(columns["time"], origin)}
        | {n: pa.array(columns[n], k) for n, k in kinds.items()}
    )
    truth = pa.table(
        {"exchange_id": table["exchange_id"], "harvest": pa.array(columns["harvest"], pa.bool_())}
    )
    pq.write_table(
        truth.sort_by("exchange_id"), out / "truth_exchanges.parquet", compression="zstd"
    )
    table = _thin(w, table, OPTIONAL, complete)
    shutil.rmtree(out / "exchanges", ignore_errors=True)
    for d in range(int(SPAN // DAY)):
        low, high = np.searchsorted(day, [d, d + 1])
        if high > low:
            folder = out / "exchanges" / (origin + dt.timedelta(days=d)).strftime("day=%Y-%m-%d")
            folder.mkdir(parents=True, exist_ok=True)
            pq.write_table(
                table.slice(low, high - low), folder / "part-0.parquet", compression="zstd"
            )


def write(w, made, out):
    """Write the files of a world."""
    out.mkdir(parents=True, exist_ok=True)
    monday = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)
    origin = monday + dt.timedelta(days=w.weekday + 7 * w.py.randrange(25))
    complete = w.gaps.random() < 0.5
    _exchanges(w, made, origin, out, complete)
    accounts = sorted(w.accounts, key=lambda a: a.account_id)
    born = _stamp([a.created for a in accounts], origin)
    table = pa.table(
        {"account_id": [a.account_id for a in accounts], "created_at": born}
        | {f: pa.array([a.known.get(f) for a in accounts], pa.string()) for f in FIELDS}
        | {"licensed": [a.known.get("licensed", False) for a in accounts]}
    )
    thin = _thin(w, table, OPTIONAL_ACCOUNT, complete or w.gaps.random() < 0.4)
    pq.write_table(thin, out / "accounts.parquet")
    truth = {"account_id": table["account_id"], "language": [a.lang for a in accounts]}
    for f in ("cohort", "campaign", "kind"):
        truth[f] = pa.array([getattr(a, f) for a in accounts], pa.string())
    pq.write_table(pa.table(truth), out / "truth_accounts.parquet")
    event = {"time": _stamp([w.release], origin), "type": ["model_release"], "model": [w.new]}
    pq.write_table(pa.table(event), out / "provider_events.parquet")
