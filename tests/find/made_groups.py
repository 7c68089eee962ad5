"""Small logs in which a group does one thing, and what measures it."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
from made_log import START, WORDS, exchange_table, log_of, view_of

from stillwatch.find.campaigns.background import refresh
from stillwatch.find.features.groups import group_of_rows

DEFAULTS = {
    "conversation_id": None,
    "model": "m",
    "system_prompt": None,
    "output_tokens": 100,
    "user_agent": "tool/1",
    "end_user_id": None,
}


def words(rng, count=14):
    return " ".join(rng.choice(WORDS, count)) + f" {rng.integers(10**9)}"


def exchange(account, hours, prompt, **columns):
    """Return one exchange, ``hours`` after the start."""
    given = {"account_id": account, "time": START + timedelta(hours=float(hours)), "prompt": prompt}
    return {**DEFAULTS, **given, **columns}


def view_from(rows, accounts=None, *, at_hours=None):
    """Return the view of exchanges, learned, with the time of the look moved on if given."""
    numbered = [{"exchange_id": f"x{n:05d}", **row} for n, row in enumerate(rows)]
    log = log_of(exchange_table(numbered), accounts)
    view = view_of(log)
    if at_hours is not None:
        view.time = int((START + timedelta(hours=at_hours)).timestamp() * 1e6)
    refresh(view)
    return view


def group(view, chosen):
    """Return the group of the rows for which ``chosen(account id, row number)`` holds."""
    ids = view.log.accounts.ids.to_pylist()
    accounts = [ids[a] for a in view.log.account]
    rows = [r for r, account in enumerate(accounts) if chosen(account, r)]
    return group_of_rows(view, np.array(rows, np.int32))


def measured(detector, view, chosen=lambda account, _row: account.startswith("g")):
    """Return statistic, effect, support and enough of one group."""
    found = detector.measure(group(view, chosen), view)
    return (
        float(found.statistic[0]),
        float(found.effect[0]),
        int(found.support[0]),
        bool(found.enough[0]),
    )
