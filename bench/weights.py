"""Fits the weights of ``find/campaigns/weigh.py``, and says how they carry over to other seeds.

    python bench/weights.py WORLD [WORLD ...] [--looks .35,.65,1]

WORLD is a folder of ``stillwatch simulate`` or of ``bench/apart/gen.py``.  At each look every
candidate that the scan's three proposers make is judged; a candidate is a campaign when seven
in ten of its members are of one, and a crowd when fewer than three in ten are of any.  The fit
is a logistic regression whose signs are bounded by what each input means, apart for groups
proposed by words and by values.  Beside the weights it prints what a threshold would find and
whom it would flag, each world judged by weights in which its seed had no part.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from scipy.optimize import minimize

from stillwatch.find.campaigns.background import refresh
from stillwatch.find.campaigns.crowds import measure_crowds
from stillwatch.find.campaigns.grow import Grower
from stillwatch.find.campaigns.judge import FLOORS, Judged, decide, judge, speaking
from stillwatch.find.campaigns.neighbours import Neighbours
from stillwatch.find.campaigns.pool import pool_circles
from stillwatch.find.campaigns.propose import (
    alike_candidates,
    candidates,
    most_accounts,
    pooled_candidates,
)
from stillwatch.find.campaigns.refine import Population
from stillwatch.find.campaigns.scan import observe_all
from stillwatch.find.campaigns.style import Styles
from stillwatch.find.campaigns.weigh import inputs
from stillwatch.find.features.facets import index_facets
from stillwatch.find.features.log import build_log
from stillwatch.find.features.rows import derive_rows
from stillwatch.find.features.view import View
from stillwatch.records import EXCHANGE

SIGNS = {
    "identity up to four nats": 1,
    "identity beyond four nats": 1,
    "address blocks": 1,
    "lock step": 1,
    "young burst": 1,
    "answer length": 1,
    "answer length beyond crowds": 1,
    "subjects of one's own": -1,
    "fewer subjects of one's own than crowds": 1,
    "no follow-up": 1,
    "no follow-up beyond crowds": 1,
    "log size": 0,
    "repeated texts": -1,
    "shared values in one place": -1,
    "tied covertly": 1,
    "further circles": 1,
    "release pivot": 1,
    "coverage": 1,
    "style of others too": -1,
    "style of its own": 1,
    "behaviour in a style of its own": 1,
    "exclusive pieces": 1,
    "tied accounts of one style": 1,
    "ages alike": 1,
    "clients alike": 1,
}
RIDGE = 0.02


class Judgement(NamedTuple):
    """One judged group, with what it really was."""

    world: Path
    pooled: bool
    found: dict[str, float]
    members: np.ndarray
    label: int
    """1 campaign, 0 crowd, -1 neither."""
    whose: str


class World(NamedTuple):
    """The truth, by account."""

    campaign: np.ndarray
    benign: np.ndarray
    seen: np.ndarray
    cohort: np.ndarray


def read(folder: Path) -> tuple[View, World]:
    data = ds.dataset(folder / "exchanges")
    names = {field.name for field in EXCHANGE}
    batches = data.to_batches(columns=[n for n in data.schema.names if n in names])
    log = build_log(observe_all(batches), pq.read_table(folder / "accounts.parquet"), None)
    truth = {
        r["account_id"]: r for r in pq.read_table(folder / "truth_accounts.parquet").to_pylist()
    }
    rows = [truth[a] for a in log.accounts.ids.to_pylist()]
    seen = np.bincount(log.account, minlength=len(rows)) > 0
    world = World(
        np.array([r["campaign"] or "" for r in rows]),
        np.array([r["kind"] == "benign" for r in rows]),
        seen,
        np.array([r["cohort"] for r in rows]),
    )
    return View(log, derive_rows(log), index_facets(log)), world


def judged(folder: Path, view: View, world: World, looks: list[float]) -> list[Judgement]:
    log, out = view.log, []
    styles, grower = Styles(view), Grower(view)
    first, last = int(log.time[0]), int(log.time[-1]) + 1
    touched = np.zeros(0, np.int32)
    for look in looks:
        time = int(first + (last - first) * look)
        touched = np.union1d(touched, view.advance(int(np.searchsorted(log.time, time)), time))
        refresh(view)
        most, population = most_accounts(view), Population(view)
        detectors = speaking()
        crowds = measure_crowds(
            view, detectors, {d.slug: FLOORS.get(d.slug, 1.0) for d in detectors}, most
        )
        due = touched[view.carriers[touched] >= 4].astype(np.int32)
        found = candidates(view, due, crowds, grower, population)[0]
        found += pooled_candidates(view, pool_circles(view, most), population)
        found += alike_candidates(view, Neighbours(view, most).groups(), styles, {})
        for candidate in found:
            for whole in (True, False) if candidate.styled else (False,):
                one = judge(
                    view, candidate.groups, 0, candidate.facets, crowds, population, styles,
                    pooled=candidate.pooled, whole=whole,
                )  # fmt: skip
                rule = decide(one, 0.05, view.rows)
                if rule is None or rule[:3] in {"J-9", "J-6", "J-7"}:  # weighed, and not refused
                    out.append(_labelled(folder, one, world))
        print(f"{folder.name} at {look:.2f}: {len(out)} judgements", flush=True)
    return out


def _labelled(folder: Path, one: Judged, world: World) -> Judgement:
    names, counts = np.unique(world.campaign[one.members], return_counts=True)
    attack = counts[names != ""]
    top = int(attack.max(initial=0))
    size = one.members.size
    label = 1 if top >= max(3, 0.7 * size) else 0 if attack.sum() < 0.3 * size else -1
    whose = names[names != ""][attack.argmax()] if top else ""
    if label == 0:
        cohorts, counts = np.unique(world.cohort[one.members], return_counts=True)
        whose = cohorts[counts.argmax()]
    found = inputs(one.log_e, one.effect, one.enough, one.structure, size)
    return Judgement(folder, one.structure.pooled, found, one.members, label, str(whose))


def weights(part: list[Judgement]) -> dict[str, float]:
    """Fit one table; every campaign and every cohort of every world counts nearly alike."""
    part = [j for j in part if j.label >= 0]
    x = np.array([[j.found[name] for name in SIGNS] for j in part])
    y = np.array([j.label for j in part], float)
    keys = [(j.world, j.whose, j.label) for j in part]
    often = {key: keys.count(key) for key in set(keys)}
    w = np.array([(1.0 if key[2] else 0.7) / often[key] ** 0.7 for key in keys])
    mean, spread, w = x.mean(axis=0), x.std(axis=0) + 1e-6, w / w.sum()
    z = (x - mean) / spread

    def loss(b: np.ndarray) -> tuple[float, np.ndarray]:
        p = 1 / (1 + np.exp(-(z @ b[1:] + b[0])))
        value = -(w * (y * np.log(p + 1e-12) + (1 - y) * np.log(1 - p + 1e-12))).sum()
        slope = np.concatenate([[(w * (p - y)).sum()], z.T @ (w * (p - y)) + RIDGE * b[1:]])
        return value + RIDGE * (b[1:] ** 2).sum() / 2, slope

    bounds = [
        (None, None),
        *((0, None) if s > 0 else (None, 0 if s else None) for s in SIGNS.values()),
    ]
    fitted = minimize(loss, np.zeros(x.shape[1] + 1), jac=True, bounds=bounds, method="L-BFGS-B").x
    size = fitted[1:] / spread
    return {
        "intercept": float(fitted[0] - size @ mean),
        **dict(zip(SIGNS, map(float, size), strict=True)),
    }


def odds(all_: list[Judgement], training: list[Judgement]) -> np.ndarray:
    out = np.full(len(all_), -np.inf)
    for pooled in (False, True):
        part = [j for j in training if j.pooled == pooled]
        if {j.label for j in part} >= {0, 1}:
            table = weights(part)
            for i, j in enumerate(all_):
                if j.pooled == pooled:
                    out[i] = sum(table[name] * value for name, value in j.found.items())
    return out


def outcome(
    all_: list[Judgement], score: np.ndarray, worlds: dict[Path, World], threshold: float
) -> tuple[float, float, float]:
    recall, wrong, right, benign = [], 0, 0, 0
    for folder, world in worlds.items():
        flagged = np.zeros(world.seen.size, bool)
        for j, value in zip(all_, score, strict=True):
            if j.world == folder and value >= threshold:
                flagged[j.members] = True
        names = set(world.campaign[world.seen]) - {""}
        recall += [flagged[world.seen & (world.campaign == name)].mean() for name in names]
        wrong += int((flagged & world.benign).sum())
        right += int((flagged & (world.campaign != "")).sum())
        benign += int((world.benign & world.seen).sum())
    return np.mean(recall), 1e4 * wrong / benign, right / max(right + wrong, 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("worlds", nargs="+", type=Path)
    parser.add_argument("--looks", default=".35,.65,1")
    args = parser.parse_args()
    looks = [float(look) for look in args.looks.split(",")]
    all_: list[Judgement] = []
    worlds: dict[Path, World] = {}
    for folder in args.worlds:
        view, world = read(folder)
        worlds[folder] = world
        all_ += judged(folder, view, world, looks)
    # worlds of one seed have the same campaigns in every regime: leave them out together
    seed = [re.sub(r"ordinary|small|people", "", str(j.world)) for j in all_]
    score = np.full(len(all_), -np.inf)
    for held in set(seed):
        rest = [j for j, s in zip(all_, seed, strict=True) if s != held]
        mine = [i for i, s in enumerate(seed) if s == held]
        score[mine] = odds([all_[i] for i in mine], rest)
    for pooled, name in ((False, "WORDS"), (True, "VALUES")):
        part = [j for j in all_ if j.pooled == pooled]
        print(name, {key: round(value, 3) for key, value in weights(part).items()})
    print("threshold  recall  false positives in 10,000  precision (each seed by the others)")
    for threshold in np.arange(1.5, 7.0, 0.5):
        print(
            "{:9.1f} {:7.3f} {:26.1f} {:10.3f}".format(
                threshold, *outcome(all_, score, worlds, threshold)
            )
        )


if __name__ == "__main__":
    main()
