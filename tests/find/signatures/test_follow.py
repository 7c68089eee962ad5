"""Accounts followed request by request: nothing later counts, nor what was left behind."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from made_signature import made_log, made_signature

from stillwatch.find.signatures import Arrivals, Traffic, follow, pooled
from stillwatch.find.signatures.follow import kept_or_not


@pytest.fixture(scope="module")
def known():
    return made_signature(0)


@pytest.fixture(scope="module")
def log():
    return made_log(seed=2, few=True)


def followed(log, signature, since=0):
    """Return the rows that were followed and what was known at each."""
    found = follow(Traffic(log, [signature]), signature, since)
    return dict(zip(found.row.tolist(), found.ratio.tolist(), strict=True))


def test_those_who_write_in_the_words_are_told_from_the_others(log, known):
    found = followed(log, known)
    best = {}
    for row, ratio in found.items():
        account = int(log.accounts.ids[int(log.account[row])].as_py()[1:])
        best[account] = max(ratio, best.get(account, -9.0))
    own = [ratio for account, ratio in best.items() if account % 5 == 0]
    rest = [ratio for account, ratio in best.items() if account % 5]
    assert len(own) >= 9
    assert min(own) > max(rest, default=-9.0)


@pytest.mark.parametrize("share", [0.3, 0.7])
def test_nothing_later_counts(log, known, share):
    n = int(share * len(log))
    cut = replace(
        log,
        **{
            name: getattr(log, name)[:n]
            for name in (
                "time", "account", "model", "conversation", "ip", "block", "asn", "client", "tls",
                "system", "body", "end_user", "input_tokens", "output_tokens", "max_tokens",
                "temperature", "projection", "form",
            )
        },
        exchange_id=log.exchange_id[:n],
        facet_ptr=log.facet_ptr[: n + 1],
        facets=log.facets[: log.facet_ptr[n]],
        kinds=log.kinds[: log.facet_ptr[n]],
    )  # fmt: skip
    whole, early = followed(log, known), followed(cut, known)
    assert early
    assert {row: whole[row] for row in early} == pytest.approx(early, abs=1e-6)


def test_a_trait_that_was_left_behind_does_not_speak_against_the_others():
    kept = kept_or_not(np.array([8.0, 8.0, 0.0]), np.array([-20.0, 8.0, 0.0]))
    assert kept == pytest.approx([8.0 - 2 * np.log(2), 16.0 - 2 * np.log(2), 0.0], abs=1e-3)


def test_the_population_before_the_campaign_says_what_is_common(log):
    late = Arrivals(log, int(log.time[-1]) + 1)
    rows = np.flatnonzero(log.client == log.client[0])
    assert late.accounts == np.unique(log.account).size
    assert late.early(rows) == np.unique(log.account[rows]).size
    assert late.ratio(rows, 900, 100).max() < Arrivals(log, 0).ratio(rows, 900, 100).max()
    here, none = np.array([40]), np.array([0])
    assert pooled(np.array([100]), here, 100)[0] > 0.3
    assert pooled(np.array([100]), none, 5_000)[0] == pytest.approx(0.5 / 10_000)
