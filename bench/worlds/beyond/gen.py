"""Write one world: python gen.py --out DIR --seed S --regime ordinary|small|people|none --accounts N --exchanges M."""

import argparse
import random
import shutil
import time
from pathlib import Path

import attack
import benign as b
import groups as g
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import text
from world import DAY, DAYS, US, World

DATA = Path(__file__).resolve().parents[4] / "shared/data/dev"
# cohort: builder, share of accounts, may a seed lack it
COHORTS = {
    "casual": (b.casual, 30),
    "persona_fans": (b.persona_fans, 3),
    "dev_cloud": (b.dev_cloud, 6),
    "app_single": (b.app_single, 1.2),
    "agents": (b.agents, 5),
    "eval_harness": (b.eval_harness, 2),
    "gateway": (b.gateway, 0.3),
    "code_audit": (b.code_audit, 1.2),
    "review_bot": (b.review_bot, 2),
    "overnight": (b.overnight, 2),
    "bulk": (b.bulk, 1),
    "testdata": (b.testdata, 1.2),
    "grey_student": (b.grey_student, 0.3),
    "red_team": (b.red_team, 1),
    "vpn_privacy": (b.vpn_privacy, 2.5),
    "shared_login": (b.shared_login, 1.5),
    "classroom": (g.classroom, 5),
    "hackathon": (g.hackathon, 2.5),
    "launch": (g.launch, 3),
    "release_chasers": (g.release_chasers, 2),
    "agency": (g.agency, 3.5),
    "family": (g.family, 4),
    "cafe": (g.cafe, 2.5),
    "phone_shop": (g.phone_shop, 2),
    "shop": (g.shop, 2),
    "localisation": (g.localisation, 2.5),
    "enterprise": (g.enterprise, 6),
    "franchise": (g.franchise, 2),
    "raters": (g.raters, 1),
    "newsletter": (g.newsletter, 4),
    "cloud_tool": (g.cloud_tool, 3),
    "students": (g.students, 4),
    "licensed": (g.licensed, 0.4),
}
RICH = {
    "classroom": 2.5,
    "eval_harness": 2.5,
    "agency": 2.5,
    "launch": 2.5,
    "hackathon": 2,
    "newsletter": 1.5,
    "cloud_tool": 1.5,
    "casual": 0.7,
}
COLUMNS = [
    ("time", pa.timestamp("us", tz="UTC")),
    ("account_id", pa.string()),
    ("conversation_id", pa.string()),
    ("model", pa.string()),
    ("prompt", pa.string()),
    ("system_prompt", pa.string()),
    ("input_tokens", pa.int64()),
    ("output_tokens", pa.int64()),
    ("max_tokens", pa.int64()),
    ("temperature", pa.float64()),
    ("ip", pa.string()),
    ("asn", pa.int64()),
    ("user_agent", pa.string()),
    ("tls_fingerprint", pa.string()),
    ("end_user_id", pa.string()),
    ("api_key_id", pa.string()),
    ("channel", pa.string()),
    ("finish_reason", pa.string()),
    ("harvest", pa.bool_()),
]
KEEP = {"time", "exchange_id", "account_id", "model", "prompt", "created_at"}


def build(seed, regime, n, m):
    """Make accounts, then traffic whose innocent part is scaled so that the total is about m."""
    r = random.Random(seed * 31 + 5)
    w = World(seed, DATA, text.make(DATA, seed * 13 + 3))
    share = {
        k: v[1] * r.uniform(0.5, 1.7) * (RICH.get(k, 1) if regime == "none" else 1)
        for k, v in COHORTS.items()
    }
    for k in r.sample(
        [k for k in COHORTS if k not in ("casual", *(RICH if regime == "none" else ()))],
        r.randint(0, 4),
    ):
        share[k] = 0
    room = n * (1 if regime == "none" else 0.97)
    total = sum(share.values())
    share["casual"] = max(share["casual"], 0.25 * total)
    total = sum(share.values())
    w.kits = []  # filled by agents
    for k, (make, _) in COHORTS.items():
        if k != "casual" and (want := round(share[k] / total * room)) > 0:
            make(w, want)
    made = attack.campaigns(w, regime, n, m / n) if regime != "none" else []
    wraps = [c.wrap for c in made if c.wrap]
    if wraps and r.random() < 0.6:
        g.framed(w, max(3, n // 250), wraps)
    b.casual(w, max(n - len(w.accounts), n // 10))
    fixed = -sum(a.raw for a in w.accounts if a.raw < 0)
    free = sum(a.raw for a in w.accounts if a.raw > 0)
    scale = max(m - fixed, m * 0.6) / free
    for a in w.accounts:
        k = 1 if a.raw < 0 else int(a.raw * scale + r.random())
        if k > 0:
            a.gen(min(k, m // 25))
    return w, r


def blank(table, r, drop, thin):
    """Leave out whole columns and single values, as operators' logs do."""
    for name in table.column_names:
        if name in KEEP:
            continue
        if r.random() < drop:
            table = table.drop_columns([name])
        elif r.random() < thin:
            p = r.uniform(0.01, 0.2)
            mask = pa.array([r.random() < p for _ in range(len(table))])
            i = table.column_names.index(name)
            table = table.set_column(
                i,
                name,
                pc.if_else(mask, pa.scalar(None, table.schema.field(name).type), table[name]),
            )
    return table


def write(w, r, out):
    """Write the world's files, rows in order of time, account rows in order of id."""
    rows = sorted(w.rows, key=lambda x: (x[0], x[1]))
    cols = list(zip(*rows))
    table = pa.table({n: pa.array(c, t) for (n, t), c in zip(COLUMNS, cols)})
    ids = [w.token(20) for _ in rows]
    harvest = table["harvest"]
    table = table.drop_columns(["harvest"]).add_column(1, "exchange_id", pa.array(ids))
    table = blank(table, r, 0.06, 0.15)
    day = [(x[0] // US - w.epoch) // DAY for x in rows]
    shutil.rmtree(out / "exchanges", ignore_errors=True)
    (out / "exchanges").mkdir(parents=True)
    first = 0
    for d in range(DAYS):
        last = first
        while last < len(day) and day[last] <= d:
            last += 1
        if last > first:
            pq.write_table(
                table.slice(first, last - first), out / "exchanges" / f"day-{d:02d}.parquet"
            )
        first = last
    pq.write_table(
        pa.table({"exchange_id": pa.array(ids), "harvest": harvest}),
        out / "truth_exchanges.parquet",
    )
    acc = sorted(w.accounts, key=lambda a: a.id)
    at = pa.timestamp("us", tz="UTC")
    accounts = pa.table(
        {
            "account_id": [a.id for a in acc],
            "created_at": pa.array([int((w.epoch + a.created) * US) for a in acc], at),
            "organization_id": pa.array([a.org for a in acc], pa.string()),
            "email_domain": [a.mail for a in acc],
            "payment_fingerprint": pa.array([a.card for a in acc], pa.string()),
            "phone_hash": pa.array([a.phone for a in acc], pa.string()),
            "device_fingerprint": pa.array([a.device for a in acc], pa.string()),
            "plan": [a.plan for a in acc],
            "declared_purpose": pa.array(
                [
                    a.purpose
                    or (
                        r.choice(["personal", "work", "study", "development"])
                        if r.random() < 0.3
                        else None
                    )
                    for a in acc
                ],
                pa.string(),
            ),
            "verification_level": [a.level for a in acc],
            "licensed": [a.licensed for a in acc],
        }
    )
    keep = accounts["licensed"]
    accounts = blank(accounts, r, 0.06, 0.25)
    if "licensed" not in accounts.column_names or accounts["licensed"].null_count:
        accounts = (
            accounts.drop_columns(["licensed"]) if "licensed" in accounts.column_names else accounts
        ).append_column("licensed", keep)
    pq.write_table(accounts, out / "accounts.parquet")
    pq.write_table(
        pa.table(
            {
                "account_id": [a.id for a in acc],
                "cohort": [a.cohort for a in acc],
                "campaign": pa.array([a.campaign for a in acc], pa.string()),
                "kind": [a.kind for a in acc],
                "language": [a.lang for a in acc],
            }
        ),
        out / "truth_accounts.parquet",
    )
    for a in acc:
        w.event(a, a.created, "created") if a.created > 0 else None
        if a.card and a.created > 0:
            w.event(a, a.created + r.expovariate(1 / DAY), "payment_added")
        if a.kind != "attack" and r.random() < 0.012:
            w.event(
                a,
                max(0, a.created) + r.uniform(0, 20) * DAY,
                r.choice(["declined", "declined", "chargeback", "plan"]),
            )
        if a.kind != "attack" and r.random() < 0.004:
            t = max(0, a.created) + r.uniform(0, 20) * DAY
            w.event(a, t, "blocked")
            w.event(a, t + r.expovariate(1 / 7200), "unblocked")
        if a.kind != "attack" and 0 < a.end < (DAYS - 1) * DAY and r.random() < 0.02:
            w.event(a, a.end + 7200, "blocked")
    ev = sorted(w.events)
    if r.random() < 0.75:
        pq.write_table(
            pa.table(
                {
                    "time": pa.array([e[0] for e in ev], at),
                    "account_id": pa.array([e[1] for e in ev], pa.string()),
                    "type": pa.array([e[2] for e in ev], pa.string()),
                }
            ),
            out / "account_events.parquet",
        )
    if r.random() < 0.85:
        pq.write_table(
            pa.table(
                {
                    "time": pa.array([int((w.epoch + w.release) * US)], at),
                    "type": ["model_release"],
                    "model": [w.new],
                }
            ),
            out / "provider_events.parquet",
        )


def main():
    """Read the command line."""
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--out", type=Path, required=True)
    p.add_argument("--seed", type=int, required=True)
    p.add_argument("--regime", choices=["ordinary", "small", "people", "none"], default="ordinary")
    p.add_argument("--accounts", type=int, default=10_000)
    p.add_argument("--exchanges", type=int, default=250_000)
    o = p.parse_args()
    begin = time.time()
    w, r = build(o.seed, o.regime, o.accounts, o.exchanges)
    write(w, r, o.out)
    bad = sum(a.kind == "attack" for a in w.accounts)
    print(
        f"{len(w.accounts)} accounts ({bad} attack, {len({a.campaign for a in w.accounts} - {None})} campaigns), {len(w.rows)} exchanges, {sum(x[-1] for x in w.rows)} harvest, {time.time() - begin:.0f} s"
    )


if __name__ == "__main__":
    main()
