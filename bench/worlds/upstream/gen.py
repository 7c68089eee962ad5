"""Simulated logs of a provider that sells mostly to developers. Usage: see --help."""

import argparse
import random
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import rings
from clock import times
from cohorts import people
from scripts import speak

from ledger import DAY, SPAN, World

DATA = Path(__file__).resolve().parents[4] / "shared/data/dev"
STAMP = pa.timestamp("us", tz="UTC")
FIELDS = [("account_id", pa.string()), ("conversation_id", pa.string()), ("model", pa.string()), ("prompt", pa.string()), ("system_prompt", pa.string()), ("input_tokens", pa.int64()), ("output_tokens", pa.int64()), ("max_tokens", pa.int64()), ("temperature", pa.float64()), ("ip", pa.string()), ("asn", pa.int64()), ("user_agent", pa.string()), ("tls_fingerprint", pa.string()), ("end_user_id", pa.string()), ("api_key_id", pa.string()), ("channel", pa.string()), ("finish_reason", pa.string())]  # fmt: skip
HELD = {"organization_id": "org", "email_domain": "mail", "payment_fingerprint": "pay", "phone_hash": "phone", "device_fingerprint": "device", "plan": "plan", "declared_purpose": "purpose", "verification_level": "checked"}  # fmt: skip
LOSABLE = ["system_prompt", "temperature", "max_tokens", "end_user_id", "tls_fingerprint", "user_agent", "asn", "ip", "finish_reason", "channel", "api_key_id", "conversation_id", "output_tokens", "organization_id", "email_domain", "payment_fingerprint", "phone_hash", "device_fingerprint", "declared_purpose", "verification_level"]  # fmt: skip


def perform(w, a):
    """Let one account send everything that it sends."""
    states, tag = {}, w.hexid(40)
    for t, conv in times(w, a):
        st = states.setdefault(conv, {"hist": 0, "turn": 0})
        if a.kind == "attack":
            text, system, out = rings.harvest(w, a, st)
        else:
            text, system, out = (speak(w, a, a.text, st) if a.text != "-" else rings.consented(w, a, st))  # fmt: skip
        st["turn"] += 1
        taken = st.get("h", False) and a.kind == "attack"
        st["hist"] += w.say(a, t, f"{tag}-{conv}", text, system, out, min(st["hist"], 60000), taken, st.get("eu"))  # fmt: skip


def scale(w, exchanges):
    """Fit the innocents' volumes to the size of log asked for; campaigns keep theirs, within bounds."""
    bad = [a for a in w.accounts if a.kind == "attack"]
    good = [a for a in w.accounts if a.kind != "attack"]
    mine = sum(a.n for a in bad)
    shrink = min(1.0, 0.11 * exchanges / mine) if mine else 1.0
    for a in bad:
        a.n = max(4, round(a.n * shrink))
    f = (exchanges - mine * shrink) / sum(a.n for a in good)
    for a in good:
        a.n = max(1, int(a.n * f + w.r.random()))


def log(w, out, drop):
    """Write the exchanges and the truth about them, in the order of time."""
    w.rows.sort(key=lambda row: row[0])
    columns = list(zip(*w.rows))
    stamps = [w.start + timedelta(microseconds=int(t * 1e6)) for t in columns[0]]
    ids = [f"ex_{w.r.getrandbits(64):016x}" for _ in stamps]
    names = {c: f"cv_{w.r.getrandbits(64):016x}" for c in dict.fromkeys(columns[2])}
    data = {"time": pa.array(stamps, STAMP), "exchange_id": ids}
    for (name, kind), values in zip(FIELDS, columns[1:18]):
        values = [names[v] for v in values] if name == "conversation_id" else values
        if name not in drop:
            data[name] = pa.array(values, kind)
    (out / "exchanges").mkdir(parents=True)
    pq.write_table(pa.table(data), out / "exchanges/part-0.parquet", compression="zstd")
    pq.write_table(pa.table({"exchange_id": ids, "harvest": columns[18]}), out / "truth_exchanges.parquet")  # fmt: skip


def holders(w, out, drop):
    """Write the accounts, the provider's events and the truth about accounts."""
    who = sorted(w.accounts, key=lambda a: a.id)
    data = {"account_id": [a.id for a in who]}
    data["created_at"] = pa.array([w.start + timedelta(seconds=int(a.created)) for a in who], STAMP)
    data |= {c: pa.array([getattr(a, f) for a in who], pa.string()) for c, f in HELD.items() if c not in drop}  # fmt: skip
    pq.write_table(pa.table(data | {"licensed": [a.licensed for a in who]}), out / "accounts.parquet")  # fmt: skip
    truth = {f: pa.array([getattr(a, f) for a in who], pa.string()) for f in ("cohort", "campaign", "kind")}  # fmt: skip
    truth = {"account_id": data["account_id"]} | truth | {"language": [a.lang for a in who]}
    pq.write_table(pa.table(truth), out / "truth_accounts.parquet")
    news = [(w.release[0], "release", w.release[1]), (w.second[0], "release", w.second[1])]
    news += [(w.r.uniform(1, 27) * DAY, "price", "aria-3"), (w.r.uniform(1, 27) * DAY, "policy", "aria-3-max")]  # fmt: skip
    news = sorted(e for e in news if e[0] < SPAN)
    events = {"time": pa.array([w.start + timedelta(seconds=int(t)) for t, _, _ in news], STAMP)}
    events |= {"type": [k for _, k, _ in news], "model": [m for _, _, m in news]}
    pq.write_table(pa.table(events), out / "provider_events.parquet")


def main():
    parse = argparse.ArgumentParser(description=__doc__)
    parse.add_argument("--out", type=Path, required=True)
    parse.add_argument("--seed", type=int, required=True)
    parse.add_argument("--regime", choices=["ordinary", "small", "people", "none"], required=True)
    parse.add_argument("--accounts", type=int, default=9000)
    parse.add_argument("--exchanges", type=int, default=220000)
    o = parse.parse_args()
    w = World(o.seed, o.regime, DATA)
    fate = random.Random(f"columns-{o.seed}")
    drop = set(fate.sample(LOSABLE, fate.randint(1, 3))) if o.seed % 2 else set()
    plan = rings.plan(w.r, o.regime, o.accounts)
    people(w, o.accounts - sum(size for _, size in plan))
    for i, (row, size) in enumerate(plan):
        rings.recruit(w, rings.ring(w, i, row, size), size)
    w.r.shuffle(w.accounts)
    scale(w, o.exchanges)
    for a in w.accounts:
        perform(w, a)
    log(w, o.out, drop)
    holders(w, o.out, drop)


if __name__ == "__main__":
    main()
