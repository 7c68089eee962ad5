"""From streams to rows, and from rows to the files of a world."""

import datetime as dt
import math
import random
import shutil

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import world as W

STAMP = pa.timestamp("us", tz="UTC")
COLUMNS = [("time", pa.float64()), ("account_id", pa.string()), ("conversation_id", pa.string()), ("model", pa.string()), ("prompt", pa.string()), ("system_prompt", pa.string()), ("input_tokens", pa.int64()), ("output_tokens", pa.int64()), ("max_tokens", pa.int64()), ("temperature", pa.float64()), ("ip", pa.string()), ("asn", pa.int64()), ("user_agent", pa.string()), ("tls_fingerprint", pa.string()), ("end_user_id", pa.string()), ("api_key_id", pa.string()), ("channel", pa.string()), ("finish_reason", pa.string()), ("harvest", pa.bool_())]  # fmt: skip
LOOSE = "conversation_id system_prompt max_tokens temperature ip asn tls_fingerprint end_user_id api_key_id channel finish_reason".split()
LOOSE_ACCOUNT = "organization_id email_domain payment_fingerprint phone_hash device_fingerprint plan declared_purpose verification_level".split()
CUES = ("step", "reason", "explain", "detail", "complete", "test", "code", "example", "推理", "详细", "paso", "ausführlich", "étape", "шаг", "説明", "단계", "passo")  # fmt: skip
SHORT = ("shorter", "one word", "yes or no", "classify", "label", "brief", "简短", "corto", "покороче")  # fmt: skip


def missing(seed):
    """Which columns this seed's operator does not keep: none in about half the seeds."""
    r = random.Random(f"outside-{seed}")
    return sorted(r.sample([*LOOSE, *LOOSE_ACCOUNT], r.choice((0, 0, 0, 0, 1, 2, 2, 3))))


def weigh(w, m):
    """Scale innocent volumes so that the world has about m exchanges."""
    for s in w.streams:
        s.volume *= 0.3 + 0.7 * (W.SPAN - s.start) / W.SPAN if not s.fixed else 1
    fixed = sum(s.volume for s in w.streams if s.fixed)
    free = [s for s in w.streams if not s.fixed]
    for _ in range(3):
        scale = max(m - fixed, 0.5 * m) / sum(s.volume for s in free)
        for s in free:
            s.volume = min(s.volume * scale, m * 0.012)
    for s in w.streams:
        s.volume = max(1, int(s.volume + w.r.random()))


def spoken(w, s):
    """The texts of one stream with their times and sessions."""
    out, turn, last = [], 0, None
    for t, k in sorted(s.clock(s.volume, s)):
        turn = turn + 1 if k == last else 0
        last = k
        out.append((t, k, s.say(turn if s.threads else 0)[:4000] or "?"))
    return out


def length(w, s, text):
    """How long the answer wants to be: after the prompt, the cues in it and the user's aims."""
    low = text[-600:].lower()
    cues = sum(c in low for c in CUES)
    mean = 4.1 + 0.22 * math.log(len(text) + 5) + 0.22 * min(cues, 4) + s.long * 0.8
    mean -= 1.2 * any(c in low for c in SHORT)
    return int(math.exp(w.r.gauss(mean, 0.6))) + 2


def stream_rows(w, s, rows):
    """Add the rows of one stream."""
    r, c = w.r, s.client
    users = [w.token(10) for _ in range(s.users)]
    keys = [f"k_{w.token(8)}" for _ in range(r.choice((1, 1, 1, 2)))] if c.channel != "app" else [None]  # fmt: skip
    system = len(c.system or "") / 4
    last, spot, talk, user, past = None, None, None, None, 0
    for t, k, text in spoken(w, s):
        if k != last:
            spot, talk, past, last = s.net.at(r), w.token(12), 0, k
            user = users[int(len(users) * r.random() ** 2)] if users else None
        dense = 1.7 if text[:1] > "\u0370" else 4
        own = len(text) / dense + 3
        out, cap = length(w, s, text), c.limit or 16_384
        model = w.new if s.moves is not None and t >= max(s.moves, w.release) and r.random() < s.share else s.model  # fmt: skip
        thread = talk if s.threads or c.channel == "app" else None
        rows.append((t, s.account.id, thread, model, text, c.system, int(system + own + min(past, 60_000)), min(out, cap), c.limit, c.temperature, spot[0], spot[1], c.agent, c.tls, user, r.choice(keys), c.channel, "length" if out >= cap else "stop", s.harvest))  # fmt: skip
        past += (own + out) if s.threads else 0


def thin(w, table, gone, loose):
    """Drop missing columns and blank some values of others, as logs do."""
    table = table.drop_columns([c for c in gone if c in table.column_names])
    for name in loose:
        if name in table.column_names and w.r.random() < 0.2:
            hole = pa.array(w.np.random(len(table)) < w.r.uniform(0.01, 0.15))
            at = table.column_names.index(name)
            column = pc.if_else(hole, pa.scalar(None, table[name].type), table[name])
            table = table.set_column(at, name, column)
    return table


def stamp(w, seconds):
    whole = np.round(np.asarray(seconds, float) * 1e6).astype(np.int64)
    return pa.array(whole + int(w.epoch.timestamp()) * 1_000_000, STAMP)


def write(w, seed, out):
    """Write all files of a world and return how many exchanges it has."""
    w.np = np.random.default_rng(seed + 101)
    monday = dt.datetime(2026, 2, 2, tzinfo=dt.UTC)
    w.epoch = monday + dt.timedelta(days=w.weekday + 7 * w.r.randrange(20))
    rows = []
    streams = list(w.streams)
    w.r.shuffle(streams)
    for s in streams:
        stream_rows(w, s, rows)
    rows.sort(key=lambda x: (x[0], x[1]))
    gone = missing(seed)
    columns = list(zip(*rows))
    table = pa.table({n: pa.array(c, t) for (n, t), c in zip(COLUMNS, columns)})
    days = np.asarray(columns[0]) // W.DAY
    table = table.set_column(0, "time", stamp(w, columns[0]))
    ids = pa.array([f"e{w.token(18)}" for _ in rows])
    shutil.rmtree(out / "exchanges", ignore_errors=True)
    (out / "exchanges").mkdir(parents=True)
    truth = pa.table({"exchange_id": ids, "harvest": table["harvest"]}).sort_by("exchange_id")
    pq.write_table(truth, out / "truth_exchanges.parquet")
    table = thin(w, table.drop_columns(["harvest"]).add_column(1, "exchange_id", ids), gone, LOOSE)
    for d in np.unique(days):
        low, high = np.searchsorted(days, [d, d + 1])
        folder = out / "exchanges" / f"day={w.epoch + dt.timedelta(days=int(d)):%Y-%m-%d}"
        folder.mkdir()
        pq.write_table(table.slice(low, high - low), folder / "part-0.parquet")
    accounts(w, gone, out)
    event = pa.table({"time": stamp(w, [w.release]), "type": ["model_release"], "model": [w.new]})
    pq.write_table(event, out / "provider_events.parquet")
    return len(rows)


def accounts(w, gone, out):
    """Write the account table and its truth, in order of id."""
    acc = sorted(w.accounts, key=lambda a: a.id)

    def text(name):
        return pa.array([getattr(a, name) for a in acc], pa.string())

    table = pa.table(
        {
            "account_id": text("id"),
            "created_at": stamp(w, [a.created for a in acc]),
            "organization_id": text("org"),
            "email_domain": text("mail"),
            "payment_fingerprint": text("card"),
            "phone_hash": text("phone"),
            "device_fingerprint": text("device"),
            "plan": text("plan"),
            "declared_purpose": text("purpose"),
            "verification_level": text("level"),
            "licensed": [a.licensed for a in acc],
        }
    )
    pq.write_table(thin(w, table, gone, LOOSE_ACCOUNT), out / "accounts.parquet")
    truth = {"account_id": text("id"), "language": text("lang")}
    truth |= {n: text(n) for n in ("cohort", "campaign", "kind")}
    pq.write_table(pa.table(truth), out / "truth_accounts.parquet")
