"""Compares verdicts with the truth of a world written by gen.py.

    python bench/apart/score.py WORLD VERDICTS.parquet

An account is flagged when its flagged_at is not null.  Leaked: harvest exchanges before the
account's flag (all of them where it has none).  Merged: flagged accounts in a declared campaign
whose most frequent actor (the innocent count as one) is another.  Grey accounts are counted apart.
"""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow.parquet as pq

NEVER = float("inf")


@dataclass
class Truth:
    """What really happened in a world."""

    cohort: dict[str, str] = field(default_factory=dict)
    campaign: dict[str, str | None] = field(default_factory=dict)
    kind: dict[str, str] = field(default_factory=dict)
    harvest: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))


def read_truth(world: Path) -> Truth:
    """Reads the truth beside a world."""
    truth = Truth()
    table = pq.read_table(world / "truth_accounts.parquet")
    for row in table.to_pylist():
        account = row["account_id"]
        truth.cohort[account], truth.kind[account] = row["cohort"], row["kind"]
        truth.campaign[account] = row["campaign"]
    marks = pq.read_table(world / "truth_exchanges.parquet")
    harvest = set(marks.filter(marks["harvest"])["exchange_id"].to_pylist())
    for part in sorted((world / "exchanges").rglob("*.parquet")):
        table = pq.ParquetFile(part).read(columns=["time", "exchange_id", "account_id"])
        times = table["time"].cast("int64").to_pylist()
        ids, accounts = table["exchange_id"].to_pylist(), table["account_id"].to_pylist()
        for time, one, account in zip(times, ids, accounts, strict=True):
            if one in harvest:
                truth.harvest[account].append(time / 1e6)
    return truth


def read_verdicts(path: Path) -> tuple[dict[str, float], dict[str, str]]:
    """When each flagged account was flagged, and in which declared campaign."""
    table = pq.read_table(path, columns=["account_id", "campaign_id", "flagged_at"])
    flagged, declared = {}, {}
    for row in table.to_pylist():
        if row["flagged_at"] is not None:
            flagged[row["account_id"]] = row["flagged_at"].timestamp()
            if row["campaign_id"] is not None:
                declared[row["account_id"]] = str(row["campaign_id"])
    return flagged, declared


def merged(truth: Truth, declared: dict[str, str]) -> tuple[set[str], int]:
    """Attack accounts declared in somebody else's campaign, and the number of declared ones."""
    actors: dict[str, Counter[str]] = defaultdict(Counter)
    for account, name in declared.items():
        actors[name][truth.campaign.get(account) or "innocent"] += 1
    owner = {name: count.most_common(1)[0][0] for name, count in actors.items()}
    wrong = {
        a for a, n in declared.items() if truth.campaign.get(a) and owner[n] != truth.campaign[a]
    }
    return wrong, len(actors)


def campaign_lines(truth: Truth, flagged: dict[str, float], wrong: set[str]) -> list[dict]:
    """One line for each true campaign."""
    members: dict[str, list[str]] = defaultdict(list)
    for account, campaign in truth.campaign.items():
        if campaign:
            members[campaign].append(account)
    lines = []
    for campaign, accounts in members.items():
        caught = [a for a in accounts if a in flagged]
        moments = [(t, flagged.get(a, NEVER)) for a in accounts for t in truth.harvest.get(a, ())]
        lines.append({
            "campaign": campaign,
            "technique": truth.cohort[accounts[0]],
            "size": len(accounts),
            "recall": len(caught) / len(accounts),
            "harvest": len(moments),
            "leaked": sum(t < f for t, f in moments) / max(1, len(moments)),
            "merged": sum(a in wrong for a in caught) / max(1, len(caught)),
        })  # fmt: skip
    return sorted(lines, key=lambda x: x["recall"])


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("world", type=Path)
    parser.add_argument("verdicts", type=Path)
    args = parser.parse_args()
    truth = read_truth(args.world)
    flagged, declared = read_verdicts(args.verdicts)
    unknown = sum(a not in truth.kind for a in flagged)
    wrong, campaigns = merged(truth, declared)
    lines = campaign_lines(truth, flagged, wrong)
    for x in lines:
        print(
            f"{x['campaign']} {x['technique']:20} size {x['size']:4}  recall {x['recall']:.3f}  "
            f"leaked {x['leaked']:.3f} of {x['harvest']:5}  merged {x['merged']:.3f}"
        )
    kinds = Counter(truth.kind.get(a, "unknown") for a in flagged)
    people = Counter(truth.cohort[a] for a, k in truth.kind.items() if k != "attack")
    false = Counter(truth.cohort[a] for a in flagged if truth.kind.get(a) in {"benign", "grey"})
    for cohort, size in sorted(people.items()):
        print(f"  {cohort:14} flagged {false[cohort]:4} of {size:6}  {false[cohort] / size:.4f}")
    benign = sum(k == "benign" for k in truth.kind.values())
    count = max(1, len(lines))
    judged = kinds["attack"] + kinds["benign"]
    total = sum(x["harvest"] for x in lines)
    leaked = sum(x["leaked"] * x["harvest"] for x in lines) / max(1, total)
    print(
        f"macro recall {sum(x['recall'] for x in lines) / count:.3f}"
        f"  worst {min((x['recall'] for x in lines), default=0):.3f}"
        f"  precision {kinds['attack'] / judged if judged else 1:.3f}"
        f"  benign fp {kinds['benign']} ({10_000 * kinds['benign'] / max(1, benign):.1f}/10k)"
        f"  grey {kinds['grey']}  declared {campaigns} of {len(lines)}"
        f"  merged {len(wrong) / max(1, kinds['attack']):.3f}  leaked {leaked:.3f}"
        f" (macro {sum(x['leaked'] for x in lines) / count:.3f})"
        + (f"  unknown accounts {unknown}" if unknown else "")
    )


if __name__ == "__main__":
    main()
