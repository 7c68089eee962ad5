"""Observations and the log: the same whatever the partition, and a prefix of it is a prefix."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from made_log import account_table, early_log, exchange_table, log_of, made_rows, view_of

from stillwatch.find.features.facets import LEAST_CARRIERS, index_facets
from stillwatch.find.features.observe import observation_schema, observe
from stillwatch.find.features.rows import NEVER, derive_rows


@pytest.fixture(scope="module")
def rows():
    return made_rows()


@pytest.fixture(scope="module")
def log(rows):
    return log_of(exchange_table(rows[0]), account_table(rows[1]))


def arrays(record):
    for name in record.__slots__:
        value = getattr(record, name)
        if isinstance(value, np.ndarray):
            yield name, value


def same(one, other):
    assert dict(arrays(one)).keys() == dict(arrays(other)).keys()
    for name, value in arrays(one):
        assert np.array_equal(value, getattr(other, name)), name


@pytest.mark.parametrize("size", [1, 7, 100])
def test_observations_do_not_depend_on_batches(rows, size):
    table = exchange_table(rows[0]).combine_chunks()
    whole = pa.Table.from_batches([observe(table.to_batches()[0])])
    parts = pa.Table.from_batches([observe(b) for b in table.to_batches(max_chunksize=size)])
    assert parts.combine_chunks().equals(whole.combine_chunks())
    assert whole.schema.equals(observation_schema(pa.string()), check_metadata=True)


@pytest.mark.parametrize("size", [3, 50])
def test_the_log_does_not_depend_on_order_or_batches(rows, log, size):
    exchanges = list(rows[0])
    np.random.default_rng(size).shuffle(exchanges)
    other = log_of(exchange_table(exchanges), account_table(rows[1]), batch=size)
    same(log, other)
    same(log.accounts, other.accounts)
    assert log.exchange_id.to_pylist() == other.exchange_id.to_pylist()
    assert log.models == other.models
    assert log.present == other.present


def test_no_prompt_is_kept(rows, log):
    kept = b"".join(value.tobytes() for _, value in arrays(log))
    kept += str(log.exchange_id.to_pylist() + log.accounts.ids.to_pylist()).encode()
    for row in rows[0][:50]:
        for word in row["prompt"].split():
            assert len(word) < 6 or word.encode() not in kept


@pytest.mark.parametrize(
    "column", ["ip", "asn", "output_tokens", "conversation_id", "system_prompt"]
)
def test_a_missing_column_is_a_missing_value(rows, column):
    without = log_of(exchange_table(rows[0], without={column}), account_table(rows[1]))
    empty = log_of(
        exchange_table([{**row, column: None} for row in rows[0]]), account_table(rows[1])
    )
    same(without, empty)
    assert column not in without.present


def systems(rows, ips, *asns):
    """Return the autonomous systems of exchanges from these addresses; no column without any."""
    given = [{**rows[0][n], "ip": ip} for n, ip in enumerate(ips)]
    for row, asn in zip(given, asns, strict=bool(asns)):
        row["asn"] = asn
    table = exchange_table(given, without=set() if asns else {"asn"})
    return observe(table.combine_chunks().to_batches()[0]).column("asn").to_pylist()


@pytest.mark.parametrize("asns", [[], [None] * 3], ids=["no-column", "null"])
@pytest.mark.parametrize(
    ("one", "near", "far"),
    [
        ("203.0.1.9", "203.0.200.77", "203.1.1.9"),
        ("2001:db8:1:2::3", "2001:db8:fff:8::1", "2001:db9:1:2::3"),
    ],
    ids=["IPv4", "IPv6"],
)
def test_a_wider_block_stands_in_for_a_system_that_is_not_given(rows, one, near, far, asns):
    first, second, third = systems(rows, [one, near, far], *asns)
    assert first == second < -2
    assert first != third < -2


def test_a_system_that_is_given_is_kept_and_nothing_stands_in_for_no_address(rows):
    assert systems(rows, ["203.0.1.9", "203.0.1.9", None], 64500, 0, 64501) == [64500, 0, 64501]
    assert systems(rows, [None, "", "no address"]) == [-1, -1, -1]
    assert systems(rows, [None, "203.0.1.9"], None, 7) == [-1, 7]


def test_accounts_of_one_wider_block_are_of_one_network(rows):
    given = [{**row, "ip": f"203.{n % 3}.{n % 50}.9"} for n, row in enumerate(rows[0])]
    log = log_of(exchange_table(given, without={"asn"}))
    assert "asn" not in log.present
    network = derive_rows(log).network
    order = [int(name[1:4]) * 12 + int(name[5:]) for name in log.exchange_id.to_pylist()]
    wider = np.array(order) % 3
    for part in range(3):
        assert len(set(network[wider == part].tolist())) == 1
    assert len(set(network.tolist())) == 3


def test_integer_ids_are_kept(rows):
    numbers = {row["account_id"]: i for i, row in enumerate(rows[1])}
    table = exchange_table(rows[0])
    ids = pa.array([numbers[a] for a in table["account_id"].to_pylist()], pa.int64())
    log = log_of(table.set_column(table.schema.get_field_index("account_id"), "account_id", ids))
    assert log.accounts.ids.type == pa.int64()
    assert log.accounts.ids.to_pylist() == sorted(set(numbers.values()))


def carriers_by_hand(rows, text):
    """Accounts that sent the text in two exchanges of different prompts."""
    prompts = {}
    for row in rows:
        if text in row["prompt"]:
            prompts.setdefault(row["account_id"], set()).add(row["prompt"])
    return sum(len(found) >= 2 for found in prompts.values())


def test_facets_are_what_accounts_repeat(rows, log):
    index = index_facets(log)
    view = view_of(log)
    habits = {row["prompt"].split("\n")[0] for row in rows[0] if "\n" in row["prompt"]}
    found = set(view.carriers.tolist())
    licensed = rows[1][-1]["account_id"]
    plain = [row for row in rows[0] if row["account_id"] != licensed]
    for habit in habits:
        assert carriers_by_hand(plain, habit) in found
    assert view.carriers[view.carriers > 0].min() >= LEAST_CARRIERS
    code = log.accounts.ids.to_pylist().index(licensed)
    assert code not in log.account[index.posting]


def test_what_is_sent_once_is_carried_by_nobody(rows):
    once = [
        {**row, "prompt": "Tell me how tall the tower of the old harbour is."} for row in rows[0]
    ]
    first = {}
    for row in once:
        first.setdefault(row["account_id"], row)
    assert index_facets(log_of(exchange_table(list(first.values())))).posting.size == 0
    index = index_facets(log_of(exchange_table(once)))  # one text, however often
    assert index.posting.size == 0
    assert index.use.size > 0


@pytest.mark.parametrize("share", [0.2, 0.5, 0.83])
def test_a_prefix_of_the_log_has_a_prefix_of_the_facets(rows, log, share):
    early = early_log(rows, log, share)
    cut = len(early)
    whole, part = index_facets(log), index_facets(early)
    view, alone = view_of(log, cut), view_of(early)
    place = {int(value): i for i, value in enumerate(whole.value)}
    assert set(part.value.tolist()) <= set(place)
    for i, value in enumerate(part.value.tolist()):
        j = place[value]
        known = whole.posting[whole.posting_ptr[j] : view.ends[j]]
        if view.carriers[j] < LEAST_CARRIERS:  # a facet in use, of which nobody may read more
            assert alone.carriers[i] == 0
            continue
        assert np.array_equal(known, part.posting[part.posting_ptr[i] : part.posting_ptr[i + 1]])
        assert view.carriers[j] == alone.carriers[i]
    later = [j for value, j in place.items() if value not in set(part.value.tolist())]
    assert np.all(view.carriers[later] < LEAST_CARRIERS)


def test_derived_columns_keep_to_event_time(rows, log):
    cut = len(log) // 2
    ids = set(log.exchange_id.slice(0, cut).to_pylist())
    early = log_of(
        exchange_table([r for r in rows[0] if r["exchange_id"] in ids]), account_table(rows[1])
    )
    whole, part = derive_rows(log), derive_rows(early)
    assert np.array_equal(whole.turn[:cut], part.turn)
    known = np.where(whole.next_turn[:cut] < cut, whole.next_turn[:cut], NEVER)
    assert np.array_equal(known, part.next_turn)
    assert np.array_equal(
        np.where(whole.home_rows < cut, whole.home_rows, -1),
        np.where(part.home_rows < cut, part.home_rows, -1),
    )
    assert np.array_equal(whole.relations, part.relations)


def test_a_view_advanced_in_steps_is_the_view_at_once(log):
    once, stepped = view_of(log), view_of(log, 40)
    for rows in (41, 200, 555, len(log)):
        stepped.advance(rows, int(log.time[rows - 1]) + 1)
    for name in (
        "carriers",
        "ends",
        "requests",
        "identity_degree",
        "block_degree",
        "client_degree",
    ):
        assert np.array_equal(getattr(once, name), getattr(stepped, name)), name
    assert once.accounts == stepped.accounts == 60
