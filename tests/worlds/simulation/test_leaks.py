"""Truth cannot be read off ids, order, formatting, client strings or any single raw field."""

from __future__ import annotations

import field_leaks
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stillwatch.worlds.simulation.building import Settings, simulate

PREVALENCE = 0.06
YOUDEN = 0.5
"""No threshold and no value on one raw field has TPR - FPR above this."""
PRECISION = 0.5
"""No threshold or value that catches a tenth of the attackers is right more often than this
at six attackers in a hundred accounts."""
IDENTIFIERS = ("account_id", "exchange_id", "conversation_id", "api_key_id", "end_user_id")
LINKS = ("ip", "asn", "payment_fingerprint", "phone_hash", "device_fingerprint")
"""Attackers may share these among themselves: that is what a detector links by."""


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("leaks") / "world"
    settings = Settings(folder, 90_000, 31, accounts=4_500, prevalence=PREVALENCE)
    simulate(settings)
    return folder


@pytest.fixture(scope="module")
def accounts(world):
    table = pq.read_table(world / "accounts.parquet")
    truth = pq.read_table(world / "truth_accounts.parquet")
    assert table["account_id"].equals(truth["account_id"])
    return table, np.asarray(truth["kind"].to_pylist()) == "attack"


@pytest.fixture(scope="module")
def exchanges(world):
    files = sorted(world.glob("exchanges/*/*.parquet"))
    return pa.concat_tables([pq.ParquetFile(file).read() for file in files])


def _hostile(exchanges, accounts):
    table, attack = accounts
    ids = np.asarray(table["account_id"].to_pylist())
    return np.isin(np.asarray(exchanges["account_id"].to_pylist()), ids[attack])


def _one_each(exchanges, keep):
    """Return one random exchange of each account, so that busy accounts decide nothing."""
    rows = np.random.default_rng(5).permutation(np.flatnonzero(keep))
    ids = np.asarray(exchanges["account_id"].to_pylist())[rows]
    return np.sort(rows[np.unique(ids, return_index=True)[1]])


def _worst(table, attack, skip=()):
    """Return (Youden, precision, name, rule) of every view of every column, worst first."""
    found = []
    for name in table.column_names:
        column = table[name].combine_chunks()
        for view, values in field_leaks.numeric_views(name, column).items():
            leak = field_leaks.threshold_leak(values, attack, 0.1)
            found.append((leak.youden, leak.precision, view, leak.rule))
        if name not in skip:
            leak = field_leaks.value_leak(column, attack, 0.1)
            found.append((leak.youden, leak.precision, name, leak.rule))
    return sorted(found, reverse=True)


def test_no_account_field_tells_attackers(accounts):
    table, attack = accounts
    worst = _worst(table, attack, LINKS)
    assert worst[0][0] <= YOUDEN, worst[:3]
    assert max(w[1] for w in worst) <= PRECISION, sorted(worst, key=lambda w: -w[1])[:3]


@pytest.mark.parametrize("which", ["any", "harvest"])
def test_no_exchange_field_tells_attackers(world, exchanges, accounts, which):
    attack = _hostile(exchanges, accounts)
    keep = np.ones(len(attack), dtype=bool)
    if which == "harvest":
        truth = pq.read_table(world / "truth_exchanges.parquet")
        assert truth["exchange_id"].equals(exchanges["exchange_id"])
        keep = truth["harvest"].to_numpy() | ~attack
    rows = _one_each(exchanges, keep)
    worst = _worst(exchanges.take(pa.array(rows)), attack[rows], LINKS)
    assert worst[0][0] <= YOUDEN, worst[:3]
    assert max(w[1] for w in worst) <= PRECISION, sorted(worst, key=lambda w: -w[1])[:3]


@pytest.mark.parametrize("name", ["account_id", "exchange_id"])
def test_ids_and_row_order_are_random(exchanges, accounts, name):
    if name == "account_id":
        table, attack = accounts
    else:
        table, attack = exchanges, _hostile(exchanges, accounts)
    digits = [int(v.rsplit("_", 1)[1], 16) / 2**64 for v in table[name].to_pylist()]
    assert len(set(digits)) == len(digits)
    slack = 2.2 / np.sqrt(attack.sum())  # Kolmogorov-Smirnov, about one in ten thousand
    assert field_leaks.threshold_leak(np.asarray(digits), attack, 0.1).youden < slack
    order = np.argsort(digits)
    if name == "account_id":
        assert (order == np.arange(len(order))).all()


def test_ids_are_formatted_alike(exchanges, accounts):
    attack = pa.array(_hostile(exchanges, accounts))
    for name in IDENTIFIERS:
        lengths = {len(v) for v in exchanges[name].drop_null().to_pylist()}
        assert len(lengths) == 1, name
        assert exchanges.filter(attack)[name].type == pa.string()


def test_rows_are_in_time_order(exchanges):
    times = exchanges["time"].cast(pa.int64()).to_numpy()
    assert (np.diff(times) >= 0).all()


def test_times_are_not_rounded_or_clamped(exchanges, accounts):
    opened = accounts[0]["created_at"].cast(pa.int64()).to_numpy()
    assert np.unique(opened, return_counts=True)[1].max() <= 2
    for times in (opened, exchanges["time"].cast(pa.int64()).to_numpy()):
        assert (times % 1_000_000 == 0).mean() < 0.001


def test_no_exchange_precedes_its_account(exchanges, accounts):
    table, _ = accounts
    ids = table["account_id"].to_pylist()
    opened = dict(zip(ids, table["created_at"].cast(pa.int64()).to_pylist(), strict=True))
    senders = exchanges["account_id"].to_pylist()
    times = exchanges["time"].cast(pa.int64()).to_pylist()
    assert all(time >= opened[sender] for time, sender in zip(times, senders, strict=True))


@pytest.mark.parametrize("name", ["user_agent", "tls_fingerprint", "model", "channel"])
def test_attackers_have_no_client_of_their_own(exchanges, accounts, name):
    attack = _hostile(exchanges, accounts)
    rows = _one_each(exchanges, np.ones(len(attack), dtype=bool))
    values = np.asarray(exchanges[name].to_pylist(), dtype=object)[rows].astype(str)
    hostile = attack[rows]
    for value in np.unique(values[hostile]):
        at = values == value
        if (at & hostile).sum() >= 20:
            assert hostile[at].mean() <= 0.5, value
