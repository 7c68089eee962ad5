"""Actors that move from provider to provider: in turn, keeping what they are said to keep."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise

import pyarrow.parquet as pq
import pytest

from stillwatch.worlds.simulation.adversaries.moving import MOVING
from stillwatch.worlds.simulation.building import Settings, simulate


def seen(folder):
    """Return what a provider sees of the actor: times, cards, address blocks, common wording."""
    truth = pq.read_table(folder / "truth_accounts.parquet").to_pylist()
    hostile = {row["account_id"] for row in truth if row["kind"] == "attack"}
    people = pq.read_table(folder / "identifiers.parquet").to_pylist()
    cards = {r["value"] for r in people if r["type"] == "par" and r["account_id"] in hostile}
    times, blocks, words, usual = [], set(), defaultdict(set), set()
    for row in pq.read_table(folder / "exchanges").to_pylist():
        block = (row["ip"] or "").rpartition(".")[0]
        tokens = f"{row['prompt']} {row['system_prompt'] or ''}".split()
        windows = {tuple(tokens[i : i + 7]) for i in range(len(tokens) - 6)}
        if row["account_id"] in hostile:
            times.append(row["time"])
            blocks.add(block)
            for window in windows:
                words[window].add(row["account_id"])
        else:
            usual |= windows | {block}
    common = {window for window, accounts in words.items() if len(accounts) >= 4}
    return times, cards, blocks - usual - {""}, common - usual


@pytest.fixture(scope="module")
def moved(tmp_path_factory):
    """What the three providers see of each actor, by slug."""
    found = {}
    for actor in MOVING:
        out = tmp_path_factory.mktemp("moving") / "world"
        simulate(
            Settings(
                out, 2500, 11, accounts=120, days=9, cohorts=("casual",), prevalence=0.25,
                adversaries=(actor.slug,), providers=3,
            )
        )  # fmt: skip
        found[actor.slug] = [seen(out / f"provider-{name}") for name in "abc"]
    return found


@pytest.mark.parametrize("actor", MOVING, ids=lambda actor: actor.slug)
def test_it_is_at_one_provider_after_the_other(moved, actor):
    for before, after in pairwise(moved[actor.slug]):
        assert max(before[0]) <= min(after[0])


@pytest.mark.parametrize("actor", MOVING, ids=lambda actor: actor.slug)
@pytest.mark.parametrize(("trait", "number"), [("cards", 1), ("network", 2), ("words", 3)])
def test_it_keeps_what_it_is_said_to_keep(moved, actor, trait, number):
    def kept(slug):
        """Share of what the place with less of it sees that the next or the last sees too."""
        pairs = [(one[number], two[number]) for one, two in pairwise(moved[slug])]
        return sum(len(a & b) for a, b in pairs) / sum(min(len(a), len(b)) for a, b in pairs)

    chance = kept("moving-anew")  # idioms of the idea, and exits that anyone rents
    assert (kept(actor.slug) > chance + 0.1) is (trait in actor.keeps)
