"""Simulated worlds through the gateway's decisions: what still leaks, and whom it touches.

    python bench/replay.py --folder /tmp/replay --seeds 5301,5302 --generators downtown,later

Every exchange of a world is decided in event time by the core, the gate and the effects that
``stillwatch serve`` uses.  The verdicts are those of a scan of the recording, each from the look
that flagged the account; who is not flagged yet counts as looked at and cleared, which favours the
actor.  The first day is observed alone: what is shared is not enforced before a first scan.

An actor that is answered with an error does one of four things: it ``leaves``, dropping what was
refused; it ``retries`` five times, when it is told to or after an hour; it opens ``new accounts``
after three errors, each flagged as long after its first request as the campaign's accounts were in
the median; or they are ``never found`` again.  A request counts as leaked where it is answered
whole.  Benign users do nothing about an error, so that each counts once.

Two shops are put in: one localisation account and one licensed one, each with 50 times the median
volume of its world, made of the requests of their cohorts; no scan has looked at them.
"""

from __future__ import annotations

import argparse
import heapq
import itertools
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
from scipy.stats import beta

import commands
from planted import commit
from stillwatch.find.campaigns import Settings, observe_all, scan
from stillwatch.find.features.rows import HOUR
from stillwatch.find.sources import Quarantine, open_exchanges, read_accounts
from stillwatch.ledger import SigningKey
from stillwatch.stop.interface import Answer, Request, Rung, Shape
from stillwatch.stop.responses import (
    Gate,
    MeasuresInForce,
    Policy,
    effect_of,
    read_analysts,
    read_policy,
    sign_policy,
)
from stillwatch.stop.responses.trial import OUTCOMES, outcome_of
from stillwatch.stop.serving import Core, Knowledge, LocalBuckets

DAY = 24 * HOUR
MOVES = ("leaves", "retries", "new accounts", "never found")
STEPS = {"hourly": HOUR, "daily": DAY}
TRIES, ERRORS, TIMES = 5, 3, 50
SHOPS = {"localisation": "shop", "licensed_distillers": "distiller"}
POLICY = """
version = 1
mode = "enforce"
[links]
appeal = "https://lab.example/appeal"
[rungs]
member = "verify"
[measures.verify]
most_of_traffic = 0.25
most_of_accounts = 0.1
"""
"""As shipped, but that members of a campaign are asked to verify, and that a world in which
attackers are one account in thirty is not what the bounds are for."""


@dataclass(frozen=True)
class Row:
    """One request of a recording."""

    time: int
    account: str
    request: Request
    output: int


@dataclass(frozen=True)
class World:
    """A recording and the truth about it."""

    name: str
    rows: list[Row]
    """In order of time."""
    accounts: pa.Table
    truth: dict[str, tuple[str, str, str, str]]
    """Kind, cohort, campaign and language of each account."""
    harvest: set[str]
    """Ids of the exchanges that were taken for training."""
    flagged: dict[str, dict[str, tuple[int, str]]]
    """By step: when each account was flagged, and the campaign."""
    campaigns: dict[str, list[dict[str, object]]]
    """By step: as in ``campaigns.json``."""
    scores: dict[str, dict[str, float]]
    """By step: of accounts that were never flagged."""


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True, help="where worlds are made")
    parser.add_argument("--accounts", type=int, default=2_500)
    parser.add_argument("--exchanges", type=int, default=50_000)
    parser.add_argument("--days", type=int, default=10, help="of simulated worlds")
    parser.add_argument("--seeds", default="5301,5302", help="of stillwatch simulate")
    parser.add_argument("--generators", default="", help="of bench/worlds, by name")
    parser.add_argument("--seed", type=int, default=91, help="of these")
    parser.add_argument("--json", type=Path, help="file for every figure")
    return parser.parse_args()


def made(args: argparse.Namespace) -> list[Path]:
    """Return the folders of the worlds, made where they are not there."""
    found = []
    size = f"--accounts={args.accounts}", f"--exchanges={args.exchanges}"
    for seed in filter(None, args.seeds.split(",")):
        found.append(args.folder / f"sim-{seed}")
        if not found[-1].exists():
            commands.simulate(found[-1], *size, f"--days={args.days}", f"--seed={seed}")
    for name in filter(None, args.generators.split(",")):
        found.append(args.folder / f"{name}-{args.seed}")
        if not found[-1].exists():
            home = Path(__file__).parent / "worlds" / name
            given = f"--out={found[-1].absolute()}", f"--seed={args.seed}"
            subprocess.run([sys.executable, "gen.py", *given, *size], cwd=home, check=True)  # noqa: S603
    return found


def read(folder: Path, steps: dict[str, int] = STEPS) -> World:
    """Read a world and scan it at each step."""
    with Quarantine(None) as quarantine:
        source = open_exchanges(str(folder / "exchanges"), mapping=None, quarantine=quarantine)
        batches = list(source.batches())
        people = read_accounts(str(folder / "accounts.parquet"), quarantine=quarantine)
    observed = list(observe_all(iter(batches)))
    flagged, campaigns, scores = {}, {}, {}
    for name, step in steps.items():
        result, _ = scan(observed, people, settings=Settings(step=step), observed=True)
        flagged[name] = {
            str(v.account_id): (round(v.flagged_at.timestamp() * 1e6), v.campaign_id or "")
            for v in result.verdicts
            if v.flagged_at is not None
        }
        scores[name] = {str(v.account_id): v.score for v in result.verdicts if not v.flagged_at}
        campaigns[name] = [
            {
                "campaign_id": one.campaign_id,
                "review_only": one.review_only,
                "findings": [
                    {"family": f.family, "role": f.role, "log_e": f.log_e} for f in one.findings
                ],
            }
            for one in result.campaigns
        ]
    log = pa.Table.from_batches(batches)
    log = log.set_column(
        log.schema.get_field_index("time"), "time", log["time"].cast(pa.int64())
    ).sort_by("time")
    truth = pq.ParquetFile(folder / "truth_accounts.parquet").read().to_pylist()
    taken = pq.ParquetFile(folder / "truth_exchanges.parquet").read().to_pylist()
    rows = [made_row(row) for row in log.to_pylist()]
    world = World(
        folder.name,
        rows,
        people,
        {
            str(one["account_id"]): (
                one["kind"],
                one["cohort"] or "",
                str(one["campaign"] or ""),
                one.get("language") or "",
            )
            for one in truth
        },
        {one["exchange_id"] for one in taken if one["harvest"]},
        flagged,
        campaigns,
        scores,
    )  # fmt: skip
    return with_shops(world)


def made_row(row: dict[str, object]) -> Row:
    """Return an exchange as the request that it was."""
    system = row.get("system_prompt")
    messages = [{"role": "system", "content": system}] if system else []
    messages.append({"role": "user", "content": row.get("prompt") or ""})
    body = {"model": row["model"], "messages": messages}
    if row.get("max_tokens") is not None:
        body["max_tokens"] = row["max_tokens"]
    request = Request(
        time=row["time"],
        request_id=str(row["exchange_id"]),
        account=str(row["account_id"]),
        shape=Shape.OPENAI_CHAT,
        body=msgspec.json.encode(body),
        ip=row.get("ip") or "",
        asn=-1 if row.get("asn") is None else row["asn"],
        user_agent=row.get("user_agent") or "",
        tls_fingerprint=row.get("tls_fingerprint") or "",
        end_user=row.get("end_user_id") or "",
    )
    output = row.get("output_tokens")
    return Row(row["time"], request.account, request, 0 if output is None else output)


def with_shops(world: World) -> World:
    """Put in a localisation shop and a licensed distiller with 50 times the median volume."""
    volumes = Counter(row.account for row in world.rows)
    wanted = int(TIMES * median(volumes.values()))
    rows, people, truth = list(world.rows), world.accounts.to_pylist(), dict(world.truth)
    by_id = {str(one["account_id"]): one for one in people}
    for cohort, name in SHOPS.items():
        own = [row for row in world.rows if world.truth[row.account][1] == cohort]
        if not own:
            continue
        busiest = max({row.account for row in own}, key=lambda account: volumes[account])
        added = {**by_id[busiest], "account_id": name}
        for shared in ("payment_fingerprint", "phone_hash", "device_fingerprint"):
            added[shared] = None
        people.append(added)
        truth[name] = ("shop", f"{cohort} x{TIMES}", "", "")
        for number, row in zip(range(wanted), itertools.cycle(own), strict=False):
            # what must be sent more than once is sent again a minute later
            at = row.time + number // len(own) * 60_000_000
            request = replace(
                row.request, account=name, time=at, request_id=f"{name}-{number}", ip=""
            )
            rows.append(Row(at, name, request, row.output))
    ids = pa.array([str(one.pop("account_id")) for one in people], pa.string())
    kept = [n for n in world.accounts.schema.names if n != "account_id"]
    fields = [world.accounts.schema.field(n) for n in kept]
    table = pa.Table.from_pylist(people, schema=pa.schema(fields)).append_column("account_id", ids)
    return replace(world, rows=sorted(rows, key=lambda row: row.time), accounts=table, truth=truth)


class Replay:
    """One world past the gateway; every account's outcomes and what was answered whole."""

    def __init__(self, world: World, policy: Policy, step: str, moves: str) -> None:
        self.world, self.step, self.moves = world, step, moves
        self.flagged = dict(world.flagged[step])
        self.met: dict[str, Counter[str]] = defaultdict(Counter)
        self.requests: Counter[str] = Counter()
        self.leaked: Counter[str] = Counter()
        self.harvested: Counter[str] = Counter()
        self.why: Counter[str] = Counter()
        self.policy = policy
        self.begun: dict[str, int] = {}
        self.core = Core(policy.terms, Knowledge.of(), accounts=1 << 14, segments=1 << 18)
        self.buckets = LocalBuckets(1 << 16)
        self.gate = Gate(policy, MeasuresInForce((), policy))
        self._look = self._version = 0
        self._errors: Counter[str] = Counter()
        self._account_of: dict[str, str] = {}
        self._delays = self._found_after()

    def run(self) -> Replay:
        """Decide every request, and those that the actors send again."""
        world = self.world
        self._first = world.rows[0].time + DAY
        again: list[tuple[int, int, Row, int]] = []
        number = itertools.count()
        queue = heapq.merge(
            ((row.time, next(number), row, 0) for row in world.rows), key=lambda one: one[0]
        )
        upcoming = next(queue, None)
        while upcoming or again:
            if again and (not upcoming or again[0][0] < upcoming[0]):
                at, _, row, tries = heapq.heappop(again)
            else:
                at, _, row, tries = upcoming
                upcoming = next(queue, None)
            wait = self._one(at, row, tries)
            if wait:
                heapq.heappush(again, (at + wait, next(number), row, tries + 1))
        return self

    def _one(self, at: int, row: Row, tries: int) -> int:
        """Decide one request; return after how many microseconds it is sent again, 0 for never."""
        kind, _, campaign, _ = self.world.truth.get(row.account, ("", "", "", ""))
        hostile = kind == "attack" and row.request.request_id in self.world.harvest
        name = self._account_of.get(row.account, row.account) if hostile else row.account
        self.begun.setdefault(name, at)
        self._learn(at)
        request = replace(row.request, time=at, account=name)
        weighed = self.core.weigh(request)
        decision = self.core.conclude(weighed, self.buckets.charge(weighed.charges, at))
        enforced = at >= self._first
        if enforced:
            decision = self.gate.settle(decision, at)
        whole, outcome = True, ""
        if enforced and decision.rung:
            effect = effect_of(decision, self.policy)
            whole = not (effect.status or effect.withhold or effect.forward)
            outcome = outcome_of(decision)
        if not outcome or decision.rung not in {Rung.LIMIT, Rung.VERIFY, Rung.REFUSE}:
            self.core.answered(decision, Answer(at, 200, -1, row.output, -1, "", ""))
        if hostile:
            self.harvested[campaign] += not tries
            self.leaked[campaign] += whole
            return 0 if whole else self._moved(row, name, decision.limiting, tries)
        self.requests[row.account] += 1
        self.met[row.account][outcome] += 1
        if outcome:
            _, cohort, _, _ = self.world.truth[row.account]
            self.why[f"{cohort}: {outcome}, {decision.reasons[0].code}, {decision.tier}"] += 1
        return 0

    def _moved(self, row: Row, name: str, limiting: tuple[object, ...], tries: int) -> int:
        """Return when an actor asks again what was not answered."""
        if self.moves == "leaves" or tries >= TRIES:
            return 0
        self._errors[name] += 1
        if self.moves == "retries":
            waits = [charged.retry_after for _, _, charged in limiting]
            return max([HOUR, *waits])
        if self._errors[name] >= ERRORS:
            self._account_of[row.account] = f"{row.account}~{self._errors.total()}"
        return 60_000_000

    def _found_after(self) -> dict[str, tuple[int, str]]:
        """Return how long after its first request an account of each campaign was flagged."""
        first: dict[str, int] = {}
        for row in self.world.rows:
            first.setdefault(row.account, row.time)
        delays: dict[str, list[tuple[int, str]]] = defaultdict(list)
        for account, (at, name) in self.flagged.items():
            kind, _, campaign, _ = self.world.truth.get(account, ("", "", "", ""))
            if kind == "attack":
                delays[campaign].append((at - first.get(account, at), name))
        return {name: sorted(found)[len(found) // 2] for name, found in delays.items()}

    def _learn(self, at: int) -> None:
        """Take in what the look before this time said."""
        look = at // HOUR
        if look <= self._look:
            return
        self._look, now = look, look * HOUR
        if self.moves == "new accounts":
            for name, begun in self.begun.items():
                own, mark, _ = name.partition("~")
                found = self._delays.get(self.world.truth[own][2]) if mark else None
                if found and now - begun >= max(found[0], HOUR):
                    self.flagged.setdefault(name, (now, found[1]))
        scores, rows = self.world.scores[self.step], []
        for name, begun in self.begun.items():
            if begun >= now or name in SHOPS.values():
                continue
            flag = self.flagged.get(name)
            if flag is not None and flag[0] <= now:
                rows.append((name, flag[1] or None, flag[0], 0.95))
            elif flag is not None or name in scores:
                rows.append((name, None, None, scores.get(name, 0.0)))
        self._version += 1
        verdicts = pa.table(
            {
                "account_id": pa.array([row[0] for row in rows], pa.string()),
                "campaign_id": pa.array([row[1] for row in rows], pa.string()),
                "flagged_at": pa.array([row[2] for row in rows], pa.timestamp("us", "UTC")),
                "score": pa.array([row[3] for row in rows], pa.float64()),
            }
        )
        self.core.knowledge = Knowledge.of(
            self._version,
            verdicts=verdicts,
            campaigns=self.world.campaigns[self.step],
            as_of=now,
            accounts=self.world.accounts,
        )


def signed_policy(text: str = POLICY) -> Policy:
    """Return the policy, signed by two people."""
    with tempfile.TemporaryDirectory() as made_in:
        folder = Path(made_in)
        keys = [SigningKey.generate(f"lab.example/{name}") for name in ("ada", "bo")]
        lines = [f'[[analysts]]\nname = "{k.name}"\nkey = "{k.public.encode()}"\n' for k in keys]
        (folder / "analysts.toml").write_text("".join(lines))
        (folder / "policy.toml").write_text(text)
        people = read_analysts(folder / "analysts.toml")
        for key in keys:
            sign_policy(folder / "policy.toml", key, people)
        return read_policy(folder / "policy.toml", people)


def alone(world: World, step: str) -> tuple[Counter[str], Counter[str]]:
    """Return harvest, and what of it was taken before its account was flagged, by campaign."""
    flagged, total, taken = world.flagged[step], Counter(), Counter()
    for row in world.rows:
        if row.request.request_id in world.harvest:
            campaign = world.truth[row.account][2]
            total[campaign] += 1
            taken[campaign] += row.account not in flagged or row.time < flagged[row.account][0]
    return total, taken


def upper(hit: int, of: int) -> float:
    """Return the upper end of a one-sided 95 % interval of a share (Clopper and Pearson)."""
    return 1.0 if hit >= of else float(beta.ppf(0.95, hit + 1, of - hit))


def measured(world: World, policy: Policy) -> dict[str, object]:
    """Return every figure of one world."""
    report: dict[str, object] = {"world": world.name, "leaked": {}, "people": []}
    total, _ = alone(world, "hourly")
    for step in STEPS:
        report["leaked"][f"scan {step}"] = dict(alone(world, step)[1])
    for step, moves in [*((("hourly"), m) for m in MOVES), ("daily", "leaves")]:
        ran = Replay(world, policy, step, moves).run()
        report["leaked"][f"gateway {step}, {moves}"] = dict(ran.leaked)
        if (step, moves) == ("hourly", "leaves"):
            report["people"] = [
                [kind, cohort, language, ran.requests[account], dict(ran.met[account])]
                for account, (kind, cohort, _, language) in world.truth.items()
                if kind != "attack" and ran.requests[account]
            ]
            report["why"] = dict(ran.why)
    report["harvest"] = dict(total)
    report["cohorts"] = {
        campaign: cohort for _, cohort, campaign, _ in world.truth.values() if campaign
    }
    return report


def told(reports: list[dict[str, object]]) -> None:
    """Print the tables of the documentation."""
    columns = list(reports[0]["leaked"])
    print("| world, harvest | " + " | ".join(columns) + " |\n" + "|---" * (len(columns) + 1) + "|")
    for report in reports:
        harvest = report["harvest"]
        by_kind: dict[str, list[str]] = defaultdict(list)
        for campaign in harvest:
            by_kind[report["cohorts"].get(campaign, "?")].append(campaign)
        groups = [*((kind, names) for kind, names in sorted(by_kind.items())), ("all", [*harvest])]
        for kind, names in groups:
            of = sum(harvest[name] for name in names)
            shares = [
                sum(report["leaked"][column].get(name, 0) for name in names) / max(of, 1)
                for column in columns
            ]
            shown = " | ".join(f"{share:.2f}" for share in shares)
            print(f"| {report['world']}: {kind}, {of:,} | {shown} |")
    people = [one for report in reports for one in report["people"]]
    columns = "accounts | requests | delayed | challenged | refused | accounts touched | refused"
    print(f"\n| who | {columns} |")
    print("|---" * 8 + "|")
    for place, label in ((1, "cohort"), (2, "language")):
        groups: dict[str, list[list[object]]] = defaultdict(list)
        for one in people:
            if one[place] and (place == 1 or one[0] == "benign"):
                groups[one[place]].append(one)
        for name, own in sorted(groups.items()):
            line(f"{label} {name}", own)
    line("all benign", [one for one in people if one[0] == "benign"])
    print()
    for report in reports:
        for reason, many in sorted(report["why"].items()):
            print(f"{report['world']}: {reason}: {many} requests")


def line(name: str, own: list[list[object]]) -> None:
    """Print what a group of accounts met."""
    asked = sum(one[3] for one in own)
    by = Counter()
    for one in own:
        by.update(one[4])
    touched = sum(any(one[4].get(name, 0) for name in OUTCOMES) for one in own)
    refused = sum(bool(one[4].get("refuse")) for one in own)
    shares = " | ".join(f"{by[what] / asked:.4%}" for what in ("limit", "verify", "refuse"))
    print(
        f"| {name} | {len(own):,} | {asked:,} | {shares} | {touched} (at most "
        f"{upper(touched, len(own)):.2%}) | {refused} (at most {upper(refused, len(own)):.2%}) |"
    )


def main() -> None:
    args = arguments()
    args.folder.mkdir(parents=True, exist_ok=True)
    policy, reports = signed_policy(), []
    for folder in made(args):
        began = time.perf_counter()
        reports.append(measured(read(folder), policy))
        seconds = time.perf_counter() - began
        print(f"{folder.name}: {seconds:.0f} s", file=sys.stderr, flush=True)
        if args.json:
            args.json.write_text(json.dumps(reports), encoding="utf-8")
    print(
        f"worlds of {args.accounts:,} accounts and {args.exchanges:,} exchanges, commit {commit()};"
        " the machine was shared\n"
    )
    told(reports)


if __name__ == "__main__":
    main()
