"""Recognising accounts by signatures, and attributing campaigns: learned, and measured.

    python bench/attribution.py measure WORLD [WORLD ...] --out DIR [--by scan]
    python bench/attribution.py fit DIR --write FILE
    python bench/attribution.py report DIR

WORLD is what ``stillwatch simulate --providers 2`` wrote, where the actors are the same at both
providers, or the folder of one world of any generator in ``bench/worlds``, whose accounts are then
dealt to two providers by a digest of their ids.  ``measure`` makes the signatures of one
provider's campaigns, from the truth or from a scan (``--by scan``), measures all accounts of the
other with them, compares the signatures of both, and writes one file a world.  ``fit`` learns the
weights of ``find/signatures/model.py``; every measure has the sign that it must have.  ``report``
says what the shipped weights make of the measures: recall of the actor's next accounts, false
matches in 10,000 innocents, and whether stated probabilities come true.

Fit and report on different worlds.  The weights that ship were learned on signatures made from the
truth; the figures in docs/explanation/signatures.md are of both kinds, on other worlds.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from scipy.optimize import minimize

from stillwatch.find.campaigns import Settings
from stillwatch.find.campaigns.background import refresh
from stillwatch.find.campaigns.scan import observe_all, scan_log
from stillwatch.find.campaigns.trace import Tracer
from stillwatch.find.features.facets import index_facets
from stillwatch.find.features.log import build_log
from stillwatch.find.features.rows import HOUR, derive_rows
from stillwatch.find.features.view import View
from stillwatch.find.signatures.attribution import LIKENESSES, likeness
from stillwatch.find.signatures.evidence import MEASURES, Traffic, evidence_for
from stillwatch.find.signatures.model import weights
from stillwatch.find.signatures.record import decode
from stillwatch.records import EXCHANGE

SHARED = ("returning", "rotation")
"""Actors of ``stillwatch simulate`` that are the same at every provider."""
RIDGE = 0.02
PRIOR = 0.01
"""That an account is of any known actor, as ``stillwatch match`` takes it by default."""
UNKNOWN = 0.5
ENOUGH = 4
"""Accounts of a campaign that leaves a signature."""
AT = 0.9
"""Probability from which on an account is matched."""
BINS = (0.0, 0.05, 0.2, 0.5, 0.8, 0.95, 0.99, 1.0)


@dataclass(frozen=True)
class Place:
    """One provider: its log and the truth about it."""

    log: object
    campaign: np.ndarray
    """(N,) name, empty where none."""
    benign: np.ndarray
    harvest: np.ndarray
    """(n,) rows."""


def read(folder: Path, half: int | None = None) -> Place:
    """Read one provider; ``half`` takes the accounts whose digest is even or odd."""
    data = ds.dataset(folder / "exchanges")
    names = {field.name for field in EXCHANGE}
    keep = [n for n in data.schema.names if n in names]
    truth = pq.read_table(folder / "truth_accounts.parquet")
    accounts = pq.read_table(folder / "accounts.parquet")
    batches = data.to_batches(columns=keep)
    if half is not None:
        ids = truth["account_id"].to_pylist()
        mine = [a for a in ids if hashlib.blake2b(str(a).encode()).digest()[0] % 2 == half]
        chosen = pa.array(mine, truth["account_id"].type)
        truth = truth.filter(pc.is_in(truth["account_id"], chosen))
        accounts = accounts.filter(pc.is_in(accounts["account_id"], chosen))
        batches = (b.filter(pc.is_in(b.column("account_id"), chosen)) for b in batches)
    log = build_log(observe_all(b for b in batches if b.num_rows), accounts)
    who = {r["account_id"]: r for r in truth.to_pylist()}
    rows = [who[a] for a in log.accounts.ids.to_pylist()]
    said = pq.read_table(folder / "truth_exchanges.parquet")
    harvest = pc.is_in(
        log.exchange_id, said.filter(said["harvest"])["exchange_id"].combine_chunks()
    )
    return Place(
        log,
        np.array([r["campaign"] or "" for r in rows], "U64"),
        np.array([r["kind"] == "benign" for r in rows]),
        np.asarray(harvest.combine_chunks()),
    )


def places(world: Path) -> list[Place]:
    """Return two providers; actors that are not the same at both get different names."""
    folders = sorted(world.glob("provider-*"))[:2]
    if not folders:
        return [read(world, half) for half in range(2)]
    both = [read(folder) for folder in folders]
    for number, place in enumerate(both):
        other = (place.campaign != "") & ~np.array(
            [name.startswith(SHARED) for name in place.campaign]
        )
        place.campaign[other] = np.char.add(place.campaign[other], f"-at-{'ab'[number]}")
    return both


def signatures_of(place: Place, by: str) -> dict[str, object]:
    """Return signatures by the true campaign that each is of."""
    log = place.log
    found = {}
    if by == "scan":
        result, _ = scan_log(log, settings=Settings(step=6 * HOUR))
        code = {a: i for i, a in enumerate(log.accounts.ids.to_pylist())}
        for campaign in result.campaigns:
            whose = place.campaign[[code[a] for a in campaign.flagged_at]]
            names, counts = np.unique(whose, return_counts=True)
            truth = str(names[counts.argmax()]) or f"innocent {campaign.campaign_id}"
            kept = found.get(truth)
            if kept is None or kept.accounts < len(campaign.flagged_at):
                found[truth] = decode(json.loads(json.dumps(campaign.signature)), truth)
        return found
    view = View(log, derive_rows(log), index_facets(log))
    view.advance(len(log), int(log.time[-1]) + 1)
    refresh(view)
    tracer = Tracer(view, "none")
    for number, name in enumerate(np.unique(place.campaign[place.campaign != ""])):
        members = np.flatnonzero(place.campaign == name).astype(np.int32)
        rows = np.flatnonzero(place.harvest & np.isin(log.account, members))
        if np.unique(log.account[rows]).size >= ENOUGH:
            document = tracer.trace(f"campaign-{number}", members, rows, 0)
            found[str(name)] = decode(document, str(name))
    return found


def measure(world: Path, out: Path, by: str) -> None:
    both = places(world)
    made = [signatures_of(place, by) for place in both]
    pairs, accounts, sums = [], [], []
    for here, place in enumerate(both):
        theirs = made[1 - here]
        sent = np.unique(place.log.account)
        harvests = np.zeros(len(place.campaign), bool)
        harvests[place.log.account[place.harvest]] = True
        traffic = Traffic(place.log, list(theirs.values()))
        for name, signature in theirs.items():
            evidence = evidence_for(traffic, signature)
            own = (place.campaign == name) & harvests
            sums.append([name, int(own[sent].sum()), int(place.benign[sent].sum()), int(sent.size)])
            for account, row in zip(evidence.accounts.tolist(), evidence.measures, strict=True):
                kind = 1 if own[account] else 0 if place.benign[account] else -1
                few = int(traffic.requests[account])
                accounts.append([name, here, account, kind, few, *row.tolist()])
    for name, one in made[0].items():
        for other, two in made[1].items():
            pairs.append([name, other, int(name == other), *likeness(one, two).tolist()])
    held = {"world": world.name, "by": by, "accounts": accounts, "sums": sums, "pairs": pairs}
    out.mkdir(parents=True, exist_ok=True)
    (out / f"{world.name}-{by}.json").write_text(json.dumps(held))
    print(world.name, by, [sorted(names) for names in made], flush=True)


def logistic(x: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray]:
    """Return intercept and weights that are at least 0, by penalised maximum likelihood."""
    scale = np.maximum(np.abs(x).std(axis=0), 1e-6)
    z = x / scale

    def loss(w: np.ndarray) -> tuple[float, np.ndarray]:
        t = w[0] + z @ w[1:]
        p = 1 / (1 + np.exp(-np.clip(t, -60, 60)))
        value = np.logaddexp(0, t).sum() - (y * t).sum() + RIDGE * (w[1:] ** 2).sum()
        slope = p - y
        return value, np.append(slope.sum(), z.T @ slope + 2 * RIDGE * w[1:])

    bounds = [(None, None), *([(0, None)] * x.shape[1])]
    found = minimize(loss, np.zeros(x.shape[1] + 1), jac=True, bounds=bounds, method="L-BFGS-B")
    return float(found.x[0]), found.x[1:] / scale


def held(folder: Path) -> list[dict]:
    return [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]


def fit(folder: Path) -> dict:
    worlds = held(folder)
    rows = [row for w in worlds for row in w["accounts"] if row[3] >= 0]
    x, y = np.array([row[5:] for row in rows]), np.array([row[3] for row in rows])
    first, each = logistic(x, y)
    sums = [s for w in worlds for s in w["sums"]]
    base = sum(s[1] for s in sums) / sum(s[2] for s in sums)
    made = {"match": packed(first - np.log(base), each, MEASURES)}
    pairs = [row for w in worlds for row in w["pairs"]]
    x, y = np.array([row[3:] for row in pairs]), np.array([row[2] for row in pairs])
    first, each = logistic(x, y)
    made["attribution"] = packed(first - np.log(y.mean() / (1 - y.mean())), each, LIKENESSES)
    print(
        f"{len(rows):,} accounts with evidence, {len(pairs):,} pairs, {int(y.sum())} of one actor"
    )
    return made


def packed(intercept: float, each: np.ndarray, names: tuple[str, ...]) -> dict:
    return {
        "intercept": round(float(intercept), 4),
        "each": {name: round(float(w), 4) for name, w in zip(names, each, strict=True)},
    }


def reliability(p: np.ndarray, y: np.ndarray) -> None:
    print("| stated | pairs | mean stated | came true |\n|---|--:|--:|--:|")
    for low, high in itertools.pairwise(BINS):
        at = (p >= low) & ((p < high) | (high == 1.0))
        if at.any():
            print(f"| {low}-{high} | {at.sum():,} | {p[at].mean():.3f} | {y[at].mean():.3f} |")


def kind_of(world: dict, name: str) -> str:
    """Return what an actor changes; ``generators`` where its world is none of the simulator's."""
    if not world["world"].startswith("simulate"):
        return "generators"
    if name.startswith("innocent"):
        return "innocents, declared"
    return name.rsplit("-", 1)[0] if name.startswith(SHARED) else "at one provider only"


@dataclass(frozen=True)
class Judged:
    """One account that agrees with some signature in something."""

    p: float
    """That it is of any of the actors."""
    benign: bool
    whose: frozenset[str]
    """The actors that it is of."""
    name: str
    """The most probable one."""
    sent: int


def judged(world: dict, here: int) -> list[Judged]:
    """Return the accounts of one provider with what the shipped weights make of them."""
    rows = [r for r in world["accounts"] if r[1] == here]
    if not rows:
        return []
    base = np.log(PRIOR / len({r[0] for r in rows}) / (1 - PRIOR))
    ratio = weights("match").ratio(np.array([r[5:] for r in rows]))
    odds = np.exp(np.clip(ratio, -60, 60) + base).tolist()
    of: dict[int, list[tuple[float, list]]] = {}
    for row, o in zip(rows, odds, strict=True):
        of.setdefault(row[2], []).append((o, row))
    found = []
    for held_by in of.values():
        total = sum(o for o, _ in held_by)
        best = max(held_by, key=lambda pair: pair[0])[1]
        whose = frozenset(row[0] for _, row in held_by if row[3] == 1)
        benign = not whose and any(row[3] == 0 for _, row in held_by)
        found.append(Judged(total / (1 + total), benign, whose, best[0], best[4]))
    return found


def report(folder: Path) -> None:
    worlds = held(folder)
    every = [(w, one) for w in worlds for here in range(2) for one in judged(w, here)]
    matched = [(w, one) for w, one in every if one.p >= AT]
    right = [(w, one) for w, one in matched if one.name in one.whose]
    benign = sum(one.benign for _, one in matched)
    expected = sum(1 - one.p for _, one in matched)
    innocents = sum(w["sums"][0][2] + w["sums"][-1][2] for w in worlds if w["sums"])
    print(
        f"{innocents:,} innocents, {benign} matched at {AT} "
        f"({1e4 * benign / max(innocents, 1):.1f} in 10,000; {expected:.1f} expected)"
    )
    print(f"accounts of at most three exchanges matched: {sum(o.sent <= 3 for _, o in right)}")
    recall: dict[str, list[int]] = {}
    for world, one in right:
        recall.setdefault(kind_of(world, one.name), [0, 0])[0] += 1
    for world in worlds:
        for name, own, *_ in world["sums"]:
            recall.setdefault(kind_of(world, name), [0, 0])[1] += own
    print("| actor | next accounts | matched |\n|---|--:|--:|")
    for kind, (hit, total) in sorted(recall.items()):
        print(f"| {kind} | {total} | {hit / max(total, 1):.2f} |")
    told = [one for _, one in every if one.benign or one.whose]
    reliability(np.array([one.p for one in told]), np.array([bool(one.whose) for one in told]))
    attributed(worlds)


def attributed(worlds: list[dict]) -> None:
    """Print how often the most probable actor is the right one, and whether confidence holds."""
    confidence, right = [], []
    kinds: dict[str, list[int]] = {}
    for world in worlds:
        for name in {row[0] for row in world["pairs"]}:
            rows = [row for row in world["pairs"] if row[0] == name]
            ratio = weights("attribution").ratio(np.array([row[3:] for row in rows]))
            odds = np.exp(np.clip(ratio, -60, 60)) * (1 - UNKNOWN) / len(rows)
            p = np.append(odds, UNKNOWN) / (odds.sum() + UNKNOWN)
            truth = np.array([row[2] for row in rows] + [not any(row[2] for row in rows)])
            best = int(p.argmax())
            confidence.append(p[best])
            right.append(int(truth[best]))
            kind = kind_of(world, name)
            known = "known" if any(row[2] for row in rows) else "unknown"
            tally = kinds.setdefault(f"{kind}, {known}", [0, 0, 0])
            tally[0] += 1
            tally[1] += int(truth[best])
            tally[2] += int(best < len(rows) and not truth[best])
    print("| campaign of | attributed | right | to a wrong actor |\n|---|--:|--:|--:|")
    for kind, (n, good, wrong) in sorted(kinds.items()):
        print(f"| {kind} | {n} | {good} | {wrong} |")
    reliability(np.array(confidence), np.array(right))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("measure", "fit", "report"))
    parser.add_argument("paths", nargs="+", type=Path)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--by", choices=("truth", "scan"), default="truth")
    parser.add_argument("--write", type=Path)
    args = parser.parse_args()
    if args.what == "measure":
        for world in args.paths:
            measure(world, args.out, args.by)
    elif args.what == "fit":
        made = fit(args.paths[0])
        print(json.dumps(made, indent=1))
        if args.write:
            args.write.write_text(json.dumps(made, indent=1) + "\n")
    else:
        report(args.paths[0])


if __name__ == "__main__":
    main()
