"""Learns the weights of ``find/campaigns/weigh.py``, and says how they carry over.

    python bench/weights.py judge WORLD [WORLD ...] --out DIR [--looks .25,.5,.75,1]
    python bench/weights.py fit DIR [--write FILE]

WORLD is a folder of ``stillwatch simulate`` or of a generator in ``bench/``.  ``judge`` judges
at each look every candidate that the scan's proposers make, and writes one file a world of what
was measured; a candidate is a campaign when seven in ten of its members are of one, and a crowd
when fewer than three in ten are of any.  ``fit`` grows boosted trees on what may raise and what
may lower the odds (``weigh.SIGNS``), and prints what a threshold would find and whom it would
flag, each world judged by trees in which its generator (the letters that its folder's name
begins with) had no part.  The trees of all worlds are written to FILE.

It judges 10,000 accounts and 250,000 exchanges at four looks in about twenty seconds and 1 GiB,
and fits 50,000 judgements of nine generators in about two minutes and 1 GiB.
"""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from sklearn.ensemble import HistGradientBoostingClassifier

from stillwatch.find.campaigns.background import refresh
from stillwatch.find.campaigns.carried import Carried
from stillwatch.find.campaigns.crowds import measure_crowds
from stillwatch.find.campaigns.grow import Grower
from stillwatch.find.campaigns.judge import FLOORS, SMALLEST, Judged, decide, judge, speaking
from stillwatch.find.campaigns.likeness import FITS
from stillwatch.find.campaigns.propose import candidates, most_accounts
from stillwatch.find.campaigns.proposers import Proposers
from stillwatch.find.campaigns.refine import Population
from stillwatch.find.campaigns.scan import observe_all
from stillwatch.find.campaigns.structure import Structure
from stillwatch.find.campaigns.style import Styles
from stillwatch.find.campaigns.weigh import SIGNS, Trees, inputs, total_of
from stillwatch.find.features.facets import index_facets
from stillwatch.find.features.log import build_log
from stillwatch.find.features.rows import derive_rows
from stillwatch.find.features.view import View
from stillwatch.records import EXCHANGE

TREES, LEAVES, RATE = 300, 6, 0.1
"""Trees, the leaves of each, and what each adds of what it would."""
LEAST, RIDGE = 100, 5.0
"""Judgements of a leaf at least, and the penalty on its square."""


@dataclass(frozen=True)
class Judgement:
    """One judged group, with what it really was."""

    world: str
    look: float
    by: str
    size: int
    nats: dict[str, float]
    effect: dict[str, float]
    enough: dict[str, bool]
    built: dict[str, float]
    members: list[int]
    """Those who fit."""
    label: int
    """1 campaign, 0 crowd, -1 neither."""
    whose: str
    """Its campaign, or the commonest cohort."""

    @property
    def generator(self) -> str:
        """Letters that the world's name begins with."""
        return re.match("[a-z]*", self.world).group()

    def found(self) -> dict[str, float]:
        """Return the model's inputs."""
        return inputs(self.nats, self.effect, self.enough, Structure(**self.built), self.size)


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
    proposers = Proposers(view, styles, Carried.nothing(view))
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
        due = touched[view.carriers[touched] >= SMALLEST].astype(np.int32)
        found = candidates(view, due, crowds, grower, population)[0]
        found += proposers.propose(population)[0]
        for candidate in found:
            for whole in (True, False) if candidate.styled else (False,):
                one = judge(
                    view, candidate.groups, 0, candidate.facets, crowds, population, styles,
                    by=candidate.by, whole=whole,
                )  # fmt: skip
                rule = decide(one, 0.05, view.rows)
                fits = (one.fit >= FITS).sum() >= SMALLEST
                refused = (rule or "").startswith(("J-3:", "J-4:", "J-13:"))  # unweighed
                if fits and not refused:
                    out.append(_labelled(folder.name, look, one, world))
        print(f"{folder.name} at {look:.2f}: {len(out)} judgements", flush=True)
    return out


def _labelled(name: str, look: float, one: Judged, world: World) -> Judgement:
    names, counts = np.unique(world.campaign[one.members], return_counts=True)
    attack = counts[names != ""]
    top = int(attack.max(initial=0))
    size = one.members.size
    label = 1 if top >= max(3, 0.7 * size) else 0 if attack.sum() < 0.3 * size else -1
    whose = names[names != ""][attack.argmax()] if top else ""
    if label == 0:
        cohorts, counts = np.unique(world.cohort[one.members], return_counts=True)
        whose = cohorts[counts.argmax()]
    return Judgement(
        name,
        look,
        one.structure.by,
        size,
        dict(one.log_e),
        dict(one.effect),
        dict(one.enough),
        asdict(one.structure),
        one.accounts[one.fit >= FITS].tolist(),
        label,
        str(whose),
    )


def learn(part: list[Judgement]) -> HistGradientBoostingClassifier:
    """Grow trees; every campaign and every cohort of every world counts nearly alike."""
    part = [j for j in part if j.label >= 0]
    keys = [(j.world, j.by, j.whose, j.label) for j in part]
    often = Counter(keys)
    w = np.array([(1.0 if key[-1] else 0.7) / often[key] ** 0.7 for key in keys])
    model = HistGradientBoostingClassifier(
        max_iter=TREES, max_leaf_nodes=LEAVES, learning_rate=RATE, min_samples_leaf=LEAST,
        l2_regularization=RIDGE, monotonic_cst=list(SIGNS.values()), early_stopping=False,
    )  # fmt: skip
    return model.fit(table(part), [j.label for j in part], sample_weight=w / w.mean())


def table(part: list[Judgement]) -> np.ndarray:
    """Return the inputs of each."""
    return np.array([[found[name] for name in SIGNS] for found in (j.found() for j in part)])


def exported(model: HistGradientBoostingClassifier) -> dict[str, list]:
    """Return the nodes of a model's trees, and what it starts from as a tree of one leaf."""
    out: dict[str, list] = {"inputs": list(SIGNS), "root": [0], "feature": [-1], "limit": [0.0]}
    out |= {"left": [0], "right": [0], "value": [float(model._baseline_prediction.item())]}  # noqa: SLF001 - scikit-learn has no export
    for (tree,) in model._predictors:  # noqa: SLF001
        first = len(out["feature"])
        out["root"].append(first)
        for node in tree.nodes:
            leaf = bool(node["is_leaf"])
            out["feature"].append(-1 if leaf else int(node["feature_idx"]))
            out["limit"].append(0.0 if leaf else float(node["num_threshold"]))
            out["left"].append(0 if leaf else first + int(node["left"]))
            out["right"].append(0 if leaf else first + int(node["right"]))
            out["value"].append(float(node["value"]) if leaf else 0.0)
    return out


def check(
    model: HistGradientBoostingClassifier, said: dict[str, list], all_: list[Judgement]
) -> None:
    """Raise where the exported trees say anything else than the model."""
    trees = Trees(*(np.array(said[name]) for name in Trees._fields))
    found = table(all_)
    mine = np.array([total_of(row, trees) for row in found])
    if np.abs(mine - model.decision_function(found)).max() > 1e-9:
        raise ValueError("the trees were not exported as scikit-learn applies them")


def outcome(
    all_: list[Judgement], score: np.ndarray, worlds: dict[str, World], threshold: float
) -> tuple[float, float, float]:
    """Return macro recall, false positives in 10,000 and precision of a threshold."""
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
    return float(np.mean(recall)), 1e4 * wrong / benign, right / max(right + wrong, 1)


def load(folder: Path) -> tuple[list[Judgement], dict[str, World]]:
    """Return what ``judge`` wrote."""
    all_, worlds = [], {}
    for path in sorted(folder.glob("*.json")):
        said = json.loads(path.read_text(encoding="utf-8"))
        worlds[path.stem] = World(*(np.array(column) for column in said["world"]))
        all_ += [Judgement(**j) for j in said["judgements"]]
    return all_, worlds


def judge_worlds(folders: list[Path], out: Path, looks: list[float]) -> None:
    """Write one file a world."""
    out.mkdir(parents=True, exist_ok=True)
    for folder in folders:
        view, world = read(folder)
        found = [asdict(j) for j in judged(folder, view, world, looks)]
        said = {"world": [column.tolist() for column in world], "judgements": found}
        (out / f"{folder.name}.json").write_text(json.dumps(said), encoding="utf-8")


def fit(folder: Path, write: Path | None) -> None:
    """Print what each generator would get from the others' weights; write those of all."""
    all_, worlds = load(folder)
    score = np.full(len(all_), -np.inf)
    generators = sorted({j.generator for j in all_})
    for held in generators if len(generators) > 1 else ():
        model = learn([j for j in all_ if j.generator != held])
        mine = [i for i, j in enumerate(all_) if j.generator == held]
        score[mine] = model.decision_function(table([all_[i] for i in mine]))
    print("held out    threshold  recall  false positives in 10,000  precision")
    for held in (*generators, ""):
        own = {name: world for name, world in worlds.items() if name.startswith(held)}
        for threshold in np.arange(2.0, 6.5, 0.5):
            found = outcome(all_, score, own, threshold)
            print(
                "{:11} {:9.1f} {:7.3f} {:26.1f} {:10.3f}".format(held or "all", threshold, *found)
            )
    if write is not None:
        model = learn(all_)
        said = exported(model)
        check(model, said, all_)
        write.write_text(json.dumps(said, separators=(",", ":")) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("judge")
    one.add_argument("worlds", nargs="+", type=Path)
    one.add_argument("--out", type=Path, required=True)
    one.add_argument("--looks", default=".25,.5,.75,1")
    two = commands.add_parser("fit")
    two.add_argument("judgements", type=Path)
    two.add_argument("--write", type=Path)
    args = parser.parse_args()
    if args.command == "judge":
        judge_worlds(args.worlds, args.out, [float(look) for look in args.looks.split(",")])
    else:
        fit(args.judgements, args.write)


if __name__ == "__main__":
    main()
