"""World `downtown`: a consumer chat product, its crowds, and the campaigns among them.

python gen.py --out DIR --seed S --regime ordinary|small|people|none --accounts 9000 --exchanges 220000
"""

import argparse
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from cohorts import settle
from foes import invade, sizes
from tables import WORDS
from world import World

STAMP = pa.timestamp("us", tz="UTC")
TYPES = {c: pa.int64() for c in ("input_tokens", "output_tokens", "max_tokens", "asn")}
TYPES |= {"temperature": pa.float64(), "licensed": pa.bool_()}
ACCOUNT = dict(pair.split("=") for pair in WORDS["account"])


def populate(w):
    """Everyone is planned, then lives: innocents in what the campaigns leave of the volume."""
    wide = sizes(w)
    settle(w, w.size - sum(wide))
    drafts, planned = invade(w, wide)
    budget = min(planned, 0.23 * w.target)
    more = (w.target - budget) / sum(a.n for a in w.accounts)
    for a in w.accounts:
        a.live(max(1, round(a.n * more)))
    for campaign, recruits in drafts:
        campaign.run(recruits, budget / planned)


def write(w, out, dropped):
    def save(name, columns):
        path = out / f"{name}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.table({k: v for k, v in columns.items() if k not in dropped}), path)

    def stamps(seconds):
        return pa.array([round((w.epoch + s) * 1e6) for s in seconds], STAMP)

    def column(name, values):
        return pa.array(values, TYPES.get(name, pa.string()))

    w.rows.sort(key=lambda r: (r[0], r[1]))
    columns = list(zip(*w.rows))
    log = {"time": stamps(columns[0])}
    log |= {name: column(name, columns[i]) for i, name in enumerate(WORDS["log"], 1)}
    save("exchanges/part-0", log)
    harvest = pa.array(columns[-1], pa.bool_())
    save("truth_exchanges", {"exchange_id": log["exchange_id"], "harvest": harvest})
    people = sorted(w.accounts, key=lambda a: a.id)
    table = {k: column(k, [getattr(a, f) for a in people]) for k, f in ACCOUNT.items()}
    born = {"created_at": stamps([a.created for a in people])}
    save("accounts", {"account_id": table["account_id"]} | born | table)
    truth = {k: column(k, [getattr(a, k) for a in people]) for k in ("cohort", "campaign", "kind")}
    truth["language"] = column("language", [a.persona.lang for a in people])
    save("truth_accounts", {"account_id": table["account_id"]} | truth)
    events = sorted([*[(t, "release", m) for t, m in w.releases], *w.events], key=lambda e: e[0])
    times, kinds, models = zip(*events)
    events = {
        "time": stamps(times),
        "type": column("type", kinds),
        "model": column("model", models),
    }
    save("provider_events", events)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    regimes = ["ordinary", "small", "people", "none"]
    parser.add_argument("--regime", choices=regimes, default="ordinary")
    parser.add_argument("--accounts", type=int, default=9000)
    parser.add_argument("--exchanges", type=int, default=220000)
    o = parser.parse_args()
    w = World(o.seed, o.regime, o.accounts, o.exchanges)
    populate(w)
    some = w.rng.sample(WORDS["optional"], w.rng.randint(1, 3))
    write(w, o.out, some if o.seed % 2 else [])


if __name__ == "__main__":
    main()
