"""Writes a world of a provider whose customers are mostly firms of every trade without organisation ids."""

import argparse
import datetime as dt
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from campaigns import KINDS, Campaign
from field import DAY
from firms import accelerator, enterprise, trade_firms
from people import COHORTS
from words import TRADES
from world import World

DROP_EXCHANGES = "max_tokens temperature tls_fingerprint asn user_agent end_user_id api_key_id channel finish_reason ip input_tokens system_prompt".split()
DROP_ACCOUNTS = "organization_id payment_fingerprint phone_hash device_fingerprint declared_purpose email_domain verification_level plan".split()
ACCOUNT = dict(
    pair.split("=")
    for pair in "account_id=aid organization_id=org email_domain=domain payment_fingerprint=pay phone_hash=phone device_fingerprint=device plan=plan declared_purpose=purpose verification_level=verified".split()
)


def sizes(w: World) -> list[int]:
    """Accounts of each campaign, by the regime."""
    rnd, scale = w.rnd, w.accounts / 9000
    if w.regime == "none":
        return []
    if w.regime == "small" or (w.regime == "people" and rnd.random() < 0.5):
        drawn = [min(60, 6 * np.exp(rnd.expovariate(1.1))) for _ in range(rnd.randint(8, 14))]
        return [max(6, round(d * min(1, scale**0.5))) for d in drawn]
    count = rnd.randint(5, 9)
    total = rnd.uniform(max(0.035, 46 * count / 9000), 0.078) * 9000
    parts = np.array([rnd.expovariate(1) for _ in range(count)])
    parts = 40 + (total - 40 * count) * parts / parts.sum()
    return [max(6, round(min(p, 400) * scale)) for p in parts]


def populate(w: World) -> None:
    rnd, counts = w.rnd, sizes(w)
    free = w.accounts - sum(counts)
    plan = {name: (0.026 * rnd.uniform(0.5, 1.6), trade_firms(name), False) for name in TRADES}
    plan |= {"enterprise": (0.045, enterprise, True), "accelerator": (0.018, accelerator, True)}
    plan |= COHORTS
    more = {name: rnd.uniform(1.4, 2.6) if w.regime == "none" else 1.0 for name in plan}
    odds = {n: s * rnd.uniform(0.75, 1.3) * (more[n] if a else 1) for n, (s, _, a) in plan.items()}
    for name, share in odds.items():
        if name != "casual":
            plan[name][1](w, max(2, round(free * share / sum(odds.values()))))
    plan["casual"][1](w, max(1, free - len(w.seats)))
    kinds = [k for _ in range(3) for k in rnd.sample(list(KINDS), len(KINDS))]
    budget = 0.15 * w.exchanges / max(1, len(counts))
    for i, (size, kind) in enumerate(zip(counts, kinds)):
        Campaign(w, f"campaign-{i + 1}", kind, size, budget * (0.5 + rnd.random())).build()
    rnd.shuffle(w.seats)
    taken, rest = sum(s.n for s in w.seats if s.fixed), [s for s in w.seats if not s.fixed]
    factor = (w.exchanges / 1.008 - taken) / sum(s.n for s in rest)
    for s in rest:
        s.n = max(1, int(s.n * factor + rnd.random()))
    for s in w.seats:
        w.run(s)


def stamps(zero: dt.datetime, seconds) -> pa.Array:
    base = int(zero.timestamp() * 1e6)
    return pa.array([base + int(t * 1e6) for t in seconds], pa.int64()).cast(
        pa.timestamp("us", "UTC")
    )


def exchanges(w: World, zero: dt.datetime) -> tuple[pa.Table, pa.Table]:
    rows = sorted(w.rows, key=lambda r: (r[0], r[1]))
    time, conv, seat, model, text, say, sent, got, ip, asn, ua, tls, key, why = zip(*rows)
    ids = pa.array([w.token("", 20)[1:] for _ in rows])
    data = {"time": stamps(zero, time), "exchange_id": ids, "account_id": [s.aid for s in seat]}
    data |= {"conversation_id": conv, "model": model, "prompt": text}
    data["system_prompt"] = pa.array([x.system for x in say], pa.string())
    data |= {"input_tokens": sent, "output_tokens": got}
    data["max_tokens"] = pa.array([s.cap for s in seat], pa.int64())
    data["temperature"] = pa.array([s.temp for s in seat], pa.float64())
    data |= {"ip": ip, "asn": asn, "user_agent": ua, "tls_fingerprint": tls}
    data["end_user_id"] = pa.array([x.user for x in say], pa.string())
    data |= {"api_key_id": key, "channel": [s.channel for s in seat], "finish_reason": why}
    return pa.table(data), pa.table({"exchange_id": ids, "harvest": [x.harvest for x in say]})


def accounts(w: World, zero: dt.datetime) -> tuple[pa.Table, pa.Table]:
    seats, text = sorted(w.seats, key=lambda s: s.aid), pa.string()
    data = {name: pa.array([getattr(s, at) for s in seats], text) for name, at in ACCOUNT.items()}
    data = {
        "account_id": data.pop("account_id"),
        "created_at": stamps(zero, [s.born for s in seats]),
        **data,
    }
    data["licensed"] = pa.array([s.licensed for s in seats])
    columns = {"cohort": "cohort", "campaign": "campaign", "kind": "kind", "language": "lang"}
    truth = {c: pa.array([getattr(s, at) for s in seats], text) for c, at in columns.items()}
    return pa.table(data), pa.table({"account_id": data["account_id"], **truth})


def events(w: World, zero: dt.datetime) -> pa.Table:
    rows = [(w.rnd.uniform(2, 26) * DAY, "price", "lumen-2"), (w.release, "release", "lumen-3")]
    rows += [(w.rnd.uniform(2, 26) * DAY, "policy", None), (w.second, "release", "lumen-3-mini")]
    time, kind, model = zip(*sorted(r for r in rows if r[0] < 28 * DAY))
    return pa.table(
        {"time": stamps(zero, time), "type": kind, "model": pa.array(model, pa.string())}
    )


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--out", type=Path, required=True)
    ask.add_argument("--seed", type=int, required=True)
    ask.add_argument(
        "--regime", choices=["ordinary", "small", "people", "none"], default="ordinary"
    )
    ask.add_argument("--accounts", type=int, default=9000)
    ask.add_argument("--exchanges", type=int, default=220000)
    args = ask.parse_args()
    w = World(args.seed, args.regime, args.accounts, args.exchanges)
    zero = dt.datetime(2026, 1, 5, tzinfo=dt.UTC) + dt.timedelta(weeks=args.seed % 40)
    populate(w)
    (log, harvest), (people, truth) = exchanges(w, zero), accounts(w, zero)
    for _ in range(w.rnd.randint(1, 3) if w.rnd.random() < 0.5 else 0):
        name = w.rnd.choice(DROP_EXCHANGES + DROP_ACCOUNTS)
        log = log.drop_columns([name]) if name in log.column_names else log
        people = people.drop_columns([name]) if name in people.column_names else people
    (args.out / "exchanges").mkdir(parents=True)
    pq.write_table(log, args.out / "exchanges/part-0.parquet")
    pq.write_table(people, args.out / "accounts.parquet")
    pq.write_table(events(w, zero), args.out / "provider_events.parquet")
    pq.write_table(truth, args.out / "truth_accounts.parquet")
    pq.write_table(harvest, args.out / "truth_exchanges.parquet")


if __name__ == "__main__":
    main()
