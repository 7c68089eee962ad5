"""The contract that every detector keeps; ``check_detector`` runs all of it on one."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from made_log import account_table, exchange_table, log_of, made_rows, view_of

from stillwatch.find.campaigns.background import refresh
from stillwatch.find.detectors import DETECTORS
from stillwatch.find.features.groups import groups_of_facets, groups_of_rows
from stillwatch.find.features.log import IDENTITY
from stillwatch.find.features.peers import peers_of
from stillwatch.find.features.rows import HOUR
from stillwatch.records import ACCOUNT, EXCHANGE, FAMILIES, TIME

COLUMNS = {field.name: field.family for field in (*EXCHANGE, *ACCOUNT)}
COLUMNS |= {"pattern": "identity", "actor": "intelligence"}
ROWS = made_rows(seed=5)
FIELDS = ("statistic", "effect", "support", "enough")


def learned(log, rows=None):
    view = view_of(log, rows)
    refresh(view)
    return view


def facet_groups(view):
    facets = np.arange(len(view.facets), dtype=np.int32)
    return groups_of_facets(view, facets, least=3, most=len(view.log.accounts))[1]


def row_groups(view, groups):
    """Return groups of the given lists of rows."""
    ptr = np.concatenate([[0], np.cumsum([len(rows) for rows in groups])]).astype(np.int64)
    flat = np.concatenate([np.zeros(0, np.int32), *groups]).astype(np.int32)
    return groups_of_rows(view, ptr, flat)


def equal(one, other):
    for name in FIELDS:
        a, b = getattr(one, name), getattr(other, name)
        assert np.allclose(a.astype(float), b.astype(float), rtol=1e-9, atol=1e-9), name


def picked(measured, order):
    return type(measured)(*(getattr(measured, name)[order] for name in FIELDS))


def matched(log, until=np.inf):
    """Every third account is recognised, one after the other."""
    found = np.arange(0, len(log.accounts), 3)
    found = found[log.time[0] + found * HOUR <= until]
    return peers_of(
        log.accounts.ids,
        pa.table(
            {
                "time": pa.array(log.time[0] + found * HOUR, TIME),
                "account_id": log.accounts.ids.take(pa.array(found)),
                "actor": ["m1/c1", "m2/c7"] * (found.size // 2) + ["m1/c1"] * (found.size % 2),
                "log_ratio": 1.0 + found % 5,
            }
        ),
    )


@pytest.fixture(scope="module")
def view():
    log = log_of(exchange_table(ROWS[0]), account_table(ROWS[1]))
    # the vault's patterns reach the account columns as codes
    identity = log.accounts.identity.copy()
    identity[:, IDENTITY.index("pattern")] = np.arange(len(log.accounts)) // 4
    number = np.arange(len(log.accounts))
    blocked = np.where(number % 3 == 1, log.time[0] + number * HOUR, -1)
    accounts = replace(log.accounts, identity=identity, blocked=blocked)
    return learned(replace(log, accounts=accounts, peers=matched(log)))


def declares_itself(detector):
    """Everything that a report and a reader need is there."""
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", detector.slug)
    assert detector.family in FAMILIES
    assert detector.reads
    assert detector.reads <= set(COLUMNS)
    assert {COLUMNS[name] for name in detector.reads} <= {None, detector.family}
    assert isinstance(detector.cheap, bool)
    for words in (detector.sees, detector.innocent, detector.source, type(detector).__doc__):
        assert len(words) > 20
    for effect, support in ((0.0, 0), (0.5, 12), (-1.2, 3000)):
        assert len(detector.explain(effect, support)) > 20


def answers_in_arrays(detector, view):
    groups = facet_groups(view)
    measured = detector.measure(groups, view)
    for name, kind in zip(FIELDS, "ffib", strict=True):
        values = getattr(measured, name)
        assert values.shape == (len(groups),), name
        assert values.dtype.kind == kind, name
    assert np.isfinite(measured.statistic).all()
    assert np.isfinite(measured.effect).all()
    assert np.all(measured.statistic[~measured.enough] == 0)
    assert np.all(measured.support <= groups.sizes)
    assert measured.enough.any(), "the made log has enough for every detector"


def takes_no_groups_and_empty_ones(detector, view):
    assert detector.measure(row_groups(view, []), view).statistic.size == 0
    empty = np.zeros(0, np.int32)
    measured = detector.measure(row_groups(view, [empty, empty]), view)
    assert not measured.enough.any()
    assert not measured.statistic.any()


def does_not_judge_one_account(detector, view):
    alone = [np.flatnonzero(view.log.account == a) for a in range(10)]
    measured = detector.measure(row_groups(view, alone), view)
    assert not measured.enough.any()
    assert not measured.statistic.any()


def answers_alike_for_permuted_groups(detector, view):
    groups = facet_groups(view)
    whole = detector.measure(groups, view)
    order = np.random.default_rng(3).permutation(len(groups))
    shuffled = detector.measure(row_groups(view, [groups.rows_of(g) for g in order]), view)
    equal(shuffled, picked(whole, order))
    for g in order[:5]:
        equal(detector.measure(row_groups(view, [groups.rows_of(g)]), view), picked(whole, [g]))


def does_not_look_ahead(detector, view):
    """What is measured at a look is what the log cut there gives."""
    cut = int(np.searchsorted(view.log.time, view.log.time[2 * len(view.log) // 3]))
    ids = set(view.log.exchange_id.slice(0, cut).to_pylist())
    early = log_of(
        exchange_table([row for row in ROWS[0] if row["exchange_id"] in ids]),
        account_table(ROWS[1]),
    )
    known = view.log.accounts
    blocked = np.where(known.blocked < early.time[-1], known.blocked, -1)
    accounts = replace(early.accounts, identity=known.identity, blocked=blocked)
    early = replace(early, accounts=accounts, peers=matched(early, until=early.time[-1]))
    then, cut_view = learned(view.log, cut), learned(early)
    groups = facet_groups(cut_view)
    rows = [groups.rows_of(g) for g in range(len(groups))]
    equal(
        detector.measure(row_groups(then, rows), then),
        detector.measure(row_groups(cut_view, rows), cut_view),
    )


def abstains_without_its_columns(detector):
    blank = set(detector.reads) - {"time", "model", "prompt"}
    log = log_of(
        exchange_table(ROWS[0], without=blank), account_table(ROWS[1], without=blank)
    )  # patterns come from the vault, which is absent here
    if "prompt" in detector.reads:
        gone = ("body", "projection", "form")
        blanks = {name: np.zeros_like(getattr(log, name)) for name in gone}
        log = replace(log, **blanks)
    if detector.reads <= {"time", "model"}:
        return  # no log lacks these
    bare = learned(log)
    measured = detector.measure(facet_groups(bare), bare)
    assert np.all(measured.statistic <= 1e-9)
    assert not (measured.enough & (measured.statistic > 0)).any()


def check_detector(detector, view):
    """Run the whole contract on one detector."""
    declares_itself(detector)
    answers_in_arrays(detector, view)
    takes_no_groups_and_empty_ones(detector, view)
    does_not_judge_one_account(detector, view)
    answers_alike_for_permuted_groups(detector, view)
    does_not_look_ahead(detector, view)
    abstains_without_its_columns(detector)


@pytest.mark.parametrize("detector", DETECTORS, ids=[d.slug for d in DETECTORS])
def test_contract(detector, view):
    check_detector(detector, view)


def test_slugs_are_unique_and_families_in_order():
    assert len({d.slug for d in DETECTORS}) == len(DETECTORS)
    order = [list(FAMILIES).index(d.family) for d in DETECTORS]
    assert len({d.family for d in DETECTORS}) >= 4
    assert sum(a != b for a, b in itertools.pairwise(order)) == len(set(order)) - 1


def test_a_value_that_everyone_shares_says_nothing(view):
    accounts = view.log.accounts
    one = replace(accounts, identity=np.zeros_like(accounts.identity))
    same = learned(replace(view.log, accounts=one))
    for detector in DETECTORS:
        if detector.family == "identity":
            assert np.all(detector.measure(facet_groups(same), same).statistic < 4.0)
