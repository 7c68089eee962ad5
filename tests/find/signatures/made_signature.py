"""Signatures of made accounts: those of one habit stand for a campaign."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))
from made_log import account_table, exchange_table, log_of, made_rows, view_of

from stillwatch.find.campaigns.background import refresh
from stillwatch.find.campaigns.trace import Tracer
from stillwatch.find.signatures import decode


def made_log(seed=1, *, order=None, batch=10_000, few=False):
    """Return a log; ``few`` keeps ten accounts of the first habit among 170, no crowd."""
    exchanges, accounts = made_rows(seed=seed, accounts=200 if few else 60)
    if few:
        gone = {f"a{a:03d}" for a in range(50, 200, 5)}
        exchanges = [row for row in exchanges if row["account_id"] not in gone]
    if order is not None:
        exchanges = [exchanges[i] for i in np.random.default_rng(order).permutation(len(exchanges))]
    return log_of(exchange_table(exchanges), account_table(accounts), batch=batch)


def made_view(seed=1):
    view = view_of(made_log(seed))
    refresh(view)
    return view


def traced(view, habit=0, name="campaign-0a1b2c3d4e", key="none"):
    """Return the document of the accounts that use a habit; accounts are dealt habits in turn."""
    members = np.arange(habit, len(view.log.accounts) - 1, 5).astype(np.int32)
    rows = np.flatnonzero(np.isin(view.log.account, members))
    return Tracer(view, key).trace(name, members, rows, 1_772_409_600_000_000)


def made_signature(habit=0, seed=1, **more):
    return decode(json.loads(json.dumps(traced(made_view(seed=seed), habit, **more))), "made")
