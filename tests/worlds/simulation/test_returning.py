"""Actors that are at two providers and change something between them."""

from __future__ import annotations

import pyarrow.parquet as pq
import pytest

from stillwatch.worlds.simulation.adversaries import ADVERSARIES
from stillwatch.worlds.simulation.adversaries.returning import RETURNING
from stillwatch.worlds.simulation.building import Settings, simulate

SEEDS = (3, 4, 5)


def sent(folder):
    """Return what the campaign sends for its harvest: windows of words, client and block."""
    truth = pq.read_table(folder / "truth_accounts.parquet").to_pylist()
    hostile = {row["account_id"] for row in truth if row["kind"] == "attack"}
    harvest = pq.read_table(folder / "truth_exchanges.parquet").to_pylist()
    taken = {row["exchange_id"] for row in harvest if row["harvest"]}
    words, clients, blocks, people = set(), set(), set(), set()
    for row in pq.read_table(folder / "exchanges").to_pylist():
        tokens = f"{row['prompt']} {row['system_prompt'] or ''}".split()
        windows = {tuple(tokens[i : i + 7]) for i in range(len(tokens) - 6)}
        block = (row["ip"] or "").rpartition(".")[0]
        if row["account_id"] not in hostile:
            people |= windows | {row["user_agent"], block}
        elif row["exchange_id"] in taken:
            words |= windows
            clients.add(row["user_agent"])
            blocks.add(block)
    return words - people, clients, blocks - people


@pytest.fixture(scope="module")
def common(tmp_path_factory):
    """Share of words, and worlds with blocks, that both providers see of an actor alone."""
    found = {}
    for actor in RETURNING:
        words = blocks = 0
        for seed in SEEDS:
            out = tmp_path_factory.mktemp("worlds") / f"{actor.slug}-{seed}"
            simulate(
                Settings(
                    out, 3000, seed, accounts=150, days=7, cohorts=("casual",), prevalence=0.2,
                    adversaries=(actor.slug,), providers=2,
                )
            )  # fmt: skip
            (a_words, _, a_blocks), (b_words, _, b_blocks) = (
                sent(out / f"provider-{name}") for name in "ab"
            )
            words += len(a_words & b_words) / max(min(len(a_words), len(b_words)), 1)
            blocks += len((a_blocks & b_blocks) - {""}) > 0
        found[actor.changed] = words, blocks
    return found


def test_words_are_the_same_unless_they_are_what_changes(common):
    assert common["nothing"][0] > 0
    assert common["words"][0] < 0.5 * common["nothing"][0]


def test_networks_are_the_same_unless_they_are_what_changes(common):
    assert common["nothing"][1] + common["cards"][1] + common["words"][1] >= 1
    assert common["infrastructure"][1] == 0


def test_they_come_only_when_named():
    assert not {a.slug for a in ADVERSARIES} & {a.slug for a in RETURNING}
