"""One actor goes from lab A to B to C: what sharing A's finding costs it, and whom it harms.

    python bench/rotation.py --folder /tmp/rotation --seeds 2 --json rotation.json
    python bench/rotation.py --folder /tmp/rotation --live

``stillwatch simulate --providers 3`` puts one actor into three worlds, a third of the time each,
with new accounts at every provider.  What it keeps is named by the adversary: its words, its
cards, its network, all of them, or nothing.  A, and then B, scans until the actor has left and
publishes what it declared: signatures under the epoch's sketch key, pseudonyms of payment account
references by the oblivious function with its two shares, and address blocks.  B matches what A said
at each request before it is answered, with nothing after it, and C what A and B said; both give
what matches to their own scans.  An account is decided on when the matches put the probability that
it is a known actor's above .9 at a prior of .01, or when the scan declares it; the request that
shows it is not answered.  Sign-ups that are evaluated are counted against the default quota.

``--live`` runs processes in place of an experiment: a hub, a gateway at A and at B, A's publisher
under a standing policy and B's watch.  A declares a campaign; the actor's requests from accounts
that are new to B are sent until B's gateway challenges one; then A recalls it.  That is repeated.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import time
from collections import Counter, defaultdict
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

import commands
import live_loop
from planted import commit
from stillwatch.find.campaigns import Settings, observe_all, scan
from stillwatch.find.features.files import key_fingerprint
from stillwatch.find.features.hashing import key_from_secret
from stillwatch.find.features.log import build_log
from stillwatch.find.features.rows import HOUR
from stillwatch.find.features.veil import Veil
from stillwatch.find.signatures import decode
from stillwatch.find.sources import Quarantine, open_exchanges, read_accounts
from stillwatch.records import utc
from stillwatch.share.exchange.intelligence import intelligence_schema, together
from stillwatch.share.exchange.matching import OwnPseudonyms, Weighted, match_log, match_pseudonyms
from stillwatch.share.exchange.trust import weight_of
from stillwatch.share.objects import (
    Network,
    Pseudonym,
    campaign_ref,
    kind_of,
    new_indicator,
)
from stillwatch.share.objects.fields import on_grid
from stillwatch.share.objects.signatures import behaviour_of
from stillwatch.share.oprf import group
from stillwatch.share.oprf.identifiers import encode, normalise
from stillwatch.share.oprf.protocol import LARGEST_BATCH, blind, finalise
from stillwatch.share.oprf.quotas import DEFAULTS
from stillwatch.share.oprf.shares import Scalar

if TYPE_CHECKING:
    from stillwatch.records import ScanResult
    from stillwatch.share.exchange.intelligence import Intelligence
    from stillwatch.share.objects import Content, Indicator

SECRET = b"the sketch key of an epoch of a bench"
EPOCH = 1
TRAITS = ("moving-words", "moving-cards", "moving-network", "moving", "moving-anew")
AUTHORS = {
    "a": "identity--0b5c3c0e-9f6f-4d3c-8f0e-5d0c9a1b2c3d",
    "b": "identity--1b5c3c0e-9f6f-4d3c-8f0e-5d0c9a1b2c3d",
}
LEVELS = (0.9, 0.5)
"""Probabilities, at a prior of .01, from which on an account is challenged."""
RARE = 20.0
"""How much oftener than others a campaign's accounts must use a block for it to be published."""
MICRO, NEVER = 1e6, 2**62
WEEK = 7 * 24 * HOUR


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True, help="where worlds are made")
    parser.add_argument("--accounts", type=int, default=1_500)
    parser.add_argument("--exchanges", type=int, default=36_000)
    parser.add_argument("--prevalence", type=float, default=0.03)
    parser.add_argument("--days", type=int, default=27)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--first", type=int, default=9_001)
    parser.add_argument("--step", type=int, default=6, help="hours between looks")
    parser.add_argument("--traits", default=",".join(TRAITS))
    parser.add_argument("--json", type=Path, help="file for every figure")
    parser.add_argument("--live", action="store_true", help="two gateways and a hub, in processes")
    parser.add_argument("--repeats", type=int, default=20, help="declarations of --live")
    return parser.parse_args()


@dataclass(frozen=True)
class Lab:
    """One provider."""

    observed: pa.Table
    accounts: pa.Table
    addresses: dict[tuple[object, str], int]
    """Account and block, with the first time at which the one used the other."""
    par: dict[object, str]
    """Payment account reference of each account that pays."""
    opened: dict[object, int]
    attackers: set[object]
    innocents: set[object]
    harvest: list[tuple[object, int]]
    """Account and time of each exchange that was taken for training."""


def read(folder: Path, key: int) -> Lab:
    """Read what ``stillwatch simulate`` wrote for one provider."""
    with Quarantine(None) as quarantine:
        source = open_exchanges(str(folder / "exchanges"), mapping=None, quarantine=quarantine)
        batches = list(source.batches())
        people = read_accounts(str(folder / "accounts.parquet"), quarantine=quarantine)
    log = pa.Table.from_batches(batches)
    taken = pq.ParquetFile(folder / "truth_exchanges.parquet").read()
    taken = set(taken.filter(taken["harvest"])["exchange_id"].to_pylist())
    blocks: dict[tuple[object, str], int] = {}
    harvest = []
    at = log["time"].cast(pa.int64()).to_pylist()
    rows = zip(
        log["account_id"].to_pylist(), log["ip"].to_pylist(), log["exchange_id"].to_pylist(), at,
        strict=True,
    )  # fmt: skip
    for account, ip, exchange, when in rows:
        if ip and ":" not in ip:
            place = account, ip.rpartition(".")[0] + ".0/24"
            blocks[place] = min(when, blocks.get(place, NEVER))
        if exchange in taken:
            harvest.append((account, when))
    ids = pq.ParquetFile(folder / "identifiers.parquet").read().to_pylist()
    truth = pq.ParquetFile(folder / "truth_accounts.parquet").read().to_pylist()
    opened = people["created_at"].cast(pa.int64()).to_pylist()
    return Lab(
        observed=pa.Table.from_batches(list(observe_all(iter(batches), key=key))),
        accounts=people,
        addresses=blocks,
        par={row["account_id"]: row["value"] for row in ids if row["type"] == "par"},
        opened=dict(zip(people["account_id"].to_pylist(), opened, strict=True)),
        attackers={row["account_id"] for row in truth if row["kind"] == "attack"},
        innocents={row["account_id"] for row in truth if row["kind"] == "benign"},
        harvest=harvest,
    )


class Operators:
    """Both key operators, in this process; counts what they evaluate."""

    def __init__(self) -> None:
        self._shares = [Scalar(group.random_scalar()) for _ in range(2)]
        self.evaluated = 0

    def pseudonyms(self, values: list[str]) -> dict[str, bytes]:
        """Return the pseudonyms of payment account references."""
        found: dict[str, bytes] = {}
        clear = sorted({value for v in values if (value := normalise("par", v)) is not None})
        for first in range(0, len(clear), LARGEST_BATCH):
            part = clear[first : first + LARGEST_BATCH]
            batch = blind([encode("par", value) for value in part])
            answers = [share.answer(batch.elements) for share in self._shares]
            public = group.add(*(answer.public for answer in answers))
            found |= dict(zip(part, finalise(batch, answers, public), strict=True))
        self.evaluated += len(clear)
        return found


def published(
    name: str, lab: Lab, result: ScanResult, operators: Operators, now: float
) -> list[Indicator]:
    """Return what a lab says of the campaigns it declared."""
    numbers = iter(range(1, 1_000_000))

    def said(content: Content, campaign: str) -> Indicator:
        return new_indicator(
            content,
            author=AUTHORS[name],
            campaign=campaign_ref(name.encode(), campaign),
            now=now,
            number=hashlib.sha256(f"{name} {next(numbers)}".encode()).digest()[:16],
            first_seen=now,
            last_seen=now,
            licence="challenge",
        )

    made, veil = [], Veil.of(SECRET)
    for campaign in result.campaigns:
        own, members = campaign.campaign_id, set(campaign.members)
        signature = decode(json.loads(json.dumps(campaign.signature)), own)
        if signature.pieces:
            made.append(said(behaviour_of(signature, EPOCH, veil), own))
        pars = [lab.par[account] for account in members if account in lab.par]
        made += [
            said(Pseudonym(identifier="par", epoch=EPOCH, value=value.hex()), own)
            for value in operators.pseudonyms(pars).values()
        ]
        made += [said(content, own) for content in networks(lab, members, round(now * MICRO))]
    return made


def networks(lab: Lab, members: set[object], until: int) -> list[Network]:
    """Return the address blocks that several members and hardly anybody else used until then."""
    mine, others, everybody = defaultdict(int), defaultdict(int), set()
    for (account, block), when in lab.addresses.items():
        if when < until:
            (mine if account in members else others)[block] += 1
            everybody.add(account)
    everyone = max(len(everybody - members), 1)
    found = []
    for block, many in sorted(mine.items()):
        share, usual = many / len(members), (others[block] + 0.5) / everyone
        if many >= 2 and share >= RARE * usual:
            found.append(
                Network(
                    entity="prefix",
                    value=block,
                    mine=min(1000, round(1000 * share)),
                    others=on_grid(round(1e6 * usual)),
                )
            )
    return found[:64]


def probable(ratio: float) -> float:
    """Return the probability of a log ratio at a prior of .01."""
    return float(1.0 / (1.0 + np.exp(-ratio) * 99.0))


def matched(
    lab: Lab, shared: list[Indicator], operators: Operators, key: int, begins: int
) -> tuple[dict[float, dict[object, int]], pa.Table]:
    """Return when each account was recognised, and the dated matches for the lab's own scan.

    Indicators are believed less with age: each week's matches as far as at its end.
    """
    own = operators.pseudonyms(list(lab.par.values()))
    paid = [(a, own[n]) for a, v in lab.par.items() if (n := normalise("par", v)) in own]
    digests = np.frombuffer(b"".join(v for _, v in paid), np.uint8).reshape(-1, 64)
    held = [OwnPseudonyms("par", EPOCH, [a for a, _ in paid], digests)]
    log = build_log(lab.observed.to_batches(), lab.accounts)
    ends = int(log.time[-1]) + 1
    rows: list[Intelligence] = []
    for start in range(begins, ends, WEEK):
        now = min(start + WEEK, ends)
        weighted = [Weighted(i, weight_of(i, {}, None, now=now / MICRO)) for i in shared]
        found = match_log(log, key_fingerprint(key), weighted, seed=1, secret=SECRET)
        # a payment value is evaluated when the account is opened, and so matched then (P-10)
        found += [
            replace(row, time=max(row.time, lab.opened[row.account_id]))
            for row in match_pseudonyms(weighted, held)
        ]
        found += together(found)
        rows += [row for row in found if start <= row.time < now]
    decided: dict[float, dict[object, int]] = {level: {} for level in LEVELS}
    for row in sorted(rows, key=lambda row: row.time):
        for level in LEVELS:
            if probable(row.log_ratio) >= level:
                decided[level].setdefault(row.account_id, row.time)
    schema = intelligence_schema(lab.accounts.schema.field("account_id").type)
    return decided, pa.Table.from_pylist([asdict(row) for row in rows], schema=schema)


def flagged(result: ScanResult) -> dict[object, int]:
    """Return when each account was flagged, microseconds."""
    return {
        v.account_id: round(v.flagged_at.timestamp() * MICRO)
        for v in result.verdicts
        if v.flagged_at is not None
    }


def got(lab: Lab, decided: dict[object, int]) -> int:
    """Return how many exchanges the actor took before its accounts were decided on."""
    return sum(account not in decided or when < decided[account] for account, when in lab.harvest)


def experiment(folder: Path, args: argparse.Namespace, key: int) -> dict[str, object]:
    """Run one actor through three labs."""
    labs = [read(folder / f"provider-{name}", key) for name in "abc"]
    step = args.step * HOUR

    def scanned(
        lab: Lab, until: int | None = None, intelligence: pa.Table | None = None
    ) -> ScanResult:
        return scan(
            lab.observed.to_batches(),
            lab.accounts,
            intelligence=intelligence,
            settings=Settings(step=step, key=key, as_of=None if until is None else utc(until)),
            observed=True,
        )[0]

    start = min(int(pc.min(lab.observed["time"]).cast(pa.int64()).as_py()) for lab in labs)
    day = 24 * HOUR
    third = args.days * day // 3
    begins = start // day * day + third
    first = scanned(labs[0], begins)
    operators = Operators()
    shared = published("a", labs[0], first, operators, begins / MICRO)
    row: dict[str, object] = {
        "declared_at_a": len(first.campaigns),
        "actor_found_at_a": len(set(flagged(first)) & labs[0].attackers) / len(labs[0].attackers),
    }
    for name, lab in zip("bc", labs[1:], strict=True):
        alone = with_peers = flagged(scanned(lab))
        by_match: dict[float, dict[object, int]] = {level: {} for level in LEVELS}
        dated = None
        if shared:
            by_match, dated = matched(lab, shared, operators, key, begins)
            with_peers = flagged(scanned(lab, intelligence=dated))
        row[name] = {
            "indicators": dict(Counter(kind_of(item.content) for item in shared)),
            "harvest": len(lab.harvest),
            "innocents": len(lab.innocents),
            "alone": got(lab, alone),
            "innocents_alone": len(set(alone) & lab.innocents),
            "scan": got(lab, with_peers),
            "innocents_scan": len(set(with_peers) & lab.innocents),
        }
        for level, found in by_match.items():
            both = {a: min(found.get(a, NEVER), with_peers.get(a, NEVER)) for a in lab.opened}
            both = {account: at for account, at in both.items() if at < NEVER}
            actor = [at for account, at in both.items() if account in lab.attackers]
            row[name][str(level)] = {
                "shared": got(lab, both),
                "innocents": len(set(both) & lab.innocents),
                "first_decision_hours": (min(actor) - begins) / HOUR if actor else None,
            }
        begins += third
        if name == "b":
            told = scanned(lab, begins, dated)
            shared = [*shared, *published(name, lab, told, operators, begins / MICRO)]
    row["evaluations"] = operators.evaluated
    row["quota_a_member_and_day"] = DEFAULTS["par"].member_day
    return row


def main() -> None:
    args = arguments()
    args.folder.mkdir(parents=True, exist_ok=True)
    if args.live:
        found = live_loop.live(args.folder, repeats=args.repeats, seed=args.first)
        if args.json:
            args.json.write_text(json.dumps(found), encoding="utf-8")
        live_loop.told(found)
        return
    key = key_from_secret(SECRET)
    rows = []
    for trait in args.traits.split(","):
        for seed in range(args.first, args.first + args.seeds):
            world = args.folder / f"{trait}-{args.accounts}-{seed}"
            if not world.exists():
                commands.simulate(
                    world, f"--accounts={args.accounts}", f"--exchanges={args.exchanges}",
                    f"--prevalence={args.prevalence}", f"--days={args.days}", f"--seed={seed}",
                    f"--adversaries={trait}", "--providers=3",
                )  # fmt: skip
            began = time.perf_counter()
            row = {"keeps": trait, "seed": seed, **experiment(world, args, key)}
            rows.append({**row, "seconds": time.perf_counter() - began})
            print(rows[-1], flush=True)
            if args.json:
                args.json.write_text(json.dumps(rows), encoding="utf-8")
    told(rows, args)


def told(rows: list[dict[str, object]], args: argparse.Namespace) -> None:
    """Print the table of the documentation."""
    print(
        f"\nthree labs of {args.accounts:,} accounts, {args.seeds} worlds each, scans every "
        f"{args.step} h, matches at each request, commit {commit()}\n"
    )
    print(
        "| the actor keeps | found at A | taken at B and C alone | with peers | with challenges "
        "at .9 | at .5 | lost at .9 | at .5 | innocents: alone, scan, .9, .5 |\n" + "|---" * 9 + "|"
    )
    for trait in dict.fromkeys(row["keeps"] for row in rows):
        own = [row for row in rows if row["keeps"] == trait]
        places = [row[name] for row in own for name in "bc"]
        total = sum(p["harvest"] for p in places)
        taken = [sum(p[k] for p in places) for k in ("alone", "scan")]
        taken += [sum(p[str(level)]["shared"] for p in places) for level in LEVELS]
        hurt = [sum(p[k] for p in places) for k in ("innocents_alone", "innocents_scan")]
        hurt += [sum(p[str(level)]["innocents"] for p in places) for level in LEVELS]
        lost = [f"{1.0 - n / taken[0]:.0%}" if taken[0] else "" for n in taken[2:]]
        print(
            f"| {trait} | {np.mean([row['actor_found_at_a'] for row in own]):.2f} | "
            + " | ".join(f"{n / total:.2f}" for n in taken)
            + f" | {' | '.join(lost)} | {', '.join(str(n) for n in hurt)} of "
            f"{sum(p['innocents'] for p in places):,} |"
        )


if __name__ == "__main__":
    main()
