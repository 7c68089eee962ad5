"""Accounts alike in all that they do, with no word and no value in common."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from made_groups import exchange
from made_log import START, account_table, early_log, exchange_table, log_of, made_rows
from worded import body, names_of, wording

from stillwatch.find.campaigns.background import refresh
from stillwatch.find.campaigns.carried import Carried
from stillwatch.find.campaigns.graph import Graph
from stillwatch.find.campaigns.manner import Manners
from stillwatch.find.campaigns.neighbours import alike_in_words
from stillwatch.find.features.facets import index_facets
from stillwatch.find.features.rows import derive_rows
from stillwatch.find.features.view import View

G = {f"g{n:02d}" for n in range(9)}
HEADS = ("Summarise", "Why is", "Fix this:", "Translate", "I think", "-", "{", "Dear all,")
TAILS = (".", "?", "!", ");", ":\n- one\n- two", "", "...", " = 12 + 7")


def made(*, alike=True, others=70, each=6, seed=4):
    """Return exchanges and accounts; those of G were opened on one day by one client.

    No two prompts have a word in common but for a few heads of everyone else's, and no two
    accounts an address, a card or a network.
    """
    rng = np.random.default_rng(seed)
    names = sorted(G) + [f"o{n:02d}" for n in range(others)]
    rows, table = [], []
    for n, name in enumerate(names):
        one = alike and name in G
        opened = 20.0 + float(rng.uniform(0.1, 0.9)) if one else float(rng.uniform(0, 400))
        table.append(
            {
                "account_id": name,
                "created_at": START - timedelta(days=opened),
                "licensed": False,
                "payment_fingerprint": f"card{n}",
            }
        )
        client = "g-tool/1" if one else f"tool/{rng.integers(12)}"
        style = (HEADS[rng.integers(8)], TAILS[rng.integers(8)], int(rng.integers(4, 60)))
        first = float(rng.uniform(0, 48 if one else 500))
        for k in range(each):
            head, tail, count = ("", ".", 20) if one else style
            prompt = f"{head} {body(rng, count)}{tail}"
            rows.append(
                exchange(
                    name,
                    first + 30 * k,
                    prompt.strip(),
                    exchange_id=f"x{n:03d}-{k}",
                    user_agent=client,
                    ip=f"{n + 11}.7.{n}.9",
                    output_tokens=int(rng.integers(800, 1000) if one else rng.integers(20, 2000)),
                )
            )
    return rows, table


@pytest.fixture(scope="module")
def world():
    return made()


def learned(log, *looks):
    """Return a view that looked at these numbers of rows, and its edges at the last look."""
    view = View(log, derive_rows(log), index_facets(log))
    manners, edges = Manners(view, Carried.nothing(view).summed), None
    for rows in looks or (len(log),):
        view.advance(rows, int(log.time[rows - 1]) + 1)
        refresh(view)
        edges = manners.nearest(alike_in_words(view))
    return view, edges


def log_of_world(world, without=frozenset(), **options):
    rows, table = world
    exchanges = exchange_table(rows, without=without)
    return log_of(exchanges, account_table(table, without=without), **options)


def neighbours(view, edges):
    """Return each account's nearest neighbours, by name."""
    ids, found = view.log.accounts.ids.to_pylist(), {}
    for left, right in zip(edges.left.tolist(), edges.right.tolist(), strict=True):
        found.setdefault(ids[left], set()).add(ids[right])
    return found


def same(one, other):
    for name in ("left", "right", "value"):
        assert np.array_equal(getattr(one, name), getattr(other, name)), name


EACH_OTHER = {name: G - {name} for name in G}


def test_accounts_of_one_hand_are_each_others_nearest_and_nobody_else_is(world):
    view, edges = learned(log_of_world(world))
    assert alike_in_words(view).left.size == 0
    assert neighbours(view, edges) == EACH_OTHER
    assert edges.value.min() > 0
    groups = Graph(edges, view.seen.size, 50).groups()
    assert [names_of(view.log, group) for group in groups] == [G]


def test_where_nobody_is_of_one_hand_nobody_has_neighbours():
    assert neighbours(*learned(log_of_world(made(alike=False)))) == {}


def test_licensed_accounts_are_left_out(world):
    rows, table = world
    licensed = set(sorted(G)[:4])
    people = [{**own, "licensed": own["account_id"] in licensed} for own in table]
    rest = G - licensed
    assert neighbours(*learned(log_of_world((rows, people)))) == {n: rest - {n} for n in rest}


def test_text_in_common_makes_neighbours_of_those_who_differ_in_manner():
    rows, table = made(alike=False)
    sentences = wording(0)
    for n, row in enumerate(rows):
        if row["account_id"] in G:
            row["prompt"] = f"{sentences[n % 8]} {sentences[n % 7]}\n{row['prompt']}"
    found = neighbours(*learned(log_of_world((rows, table))))
    assert len(found) > len(G) / 2
    assert all({name} | others <= G for name, others in found.items())


@pytest.mark.parametrize(
    ("without", "left"),
    [
        ({"ip"}, G),
        ({"output_tokens"}, G),
        ({"user_agent"}, G),
        ({"created_at"}, set()),
        ({"ip", "user_agent", "created_at"}, set()),
    ],
    ids=lambda names: "-".join(sorted(names)) if len(names) < len(G) else "",
)
def test_a_missing_column_is_one_of_missing_values(world, without, left):
    view, edges = learned(log_of_world(world, without))
    found = neighbours(view, edges)
    assert set(found) == left
    assert all(others <= G for others in found.values())
    nulls = [[row | dict.fromkeys(without & set(row)) for row in part] for part in world]
    same(edges, learned(log_of_world(nulls))[1])


@pytest.mark.parametrize("batch", [1, 37])
def test_partitions_and_order_of_rows_change_nothing(world, batch):
    rng = np.random.default_rng(batch)
    rows, table = ([part[i] for i in rng.permutation(len(part))] for part in world)
    _, edges = learned(log_of_world(world))
    same(edges, learned(log_of_world((rows, table), batch=batch))[1])


@pytest.mark.parametrize("made_by", [made, made_rows])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_log_cut_gives_the_edges_of_the_look(made_by, share):
    rows = made_by(seed=3)
    log = log_of_world(rows)
    early = early_log(rows, log, share)
    _, edges = learned(early)
    assert edges.left.size
    same(learned(log, len(early))[1], edges)
    steps = (len(early) // 3, len(early) // 2, len(early))
    same(learned(log, *steps)[1], learned(early, *steps)[1])


def test_a_view_advanced_in_steps_gives_the_edges_of_the_view_at_once(world):
    log = log_of_world(world)
    _, once = learned(log)
    _, stepped = learned(log, 40, 200, len(log))
    assert np.array_equal(once.left, stepped.left)
    assert np.array_equal(once.right, stepped.right)
    assert np.allclose(once.value, stepped.value, rtol=1e-4, atol=1e-4)


def test_one_account_has_no_neighbours(world):
    rows = [row for row in world[0] if row["account_id"] == "g00"]
    _, edges = learned(log_of_world((rows, world[1][:1])))
    assert edges.left.size == 0
