"""Simulated worlds replayed through the core: who is charged what.

The worlds are drawn by cohorts' and adversaries' own rules; nothing here was fitted to them.
"""

import collections

import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from asking import Gate, passed, request

from stillwatch.stop.serving import Knowledge
from stillwatch.worlds.simulation.building import Settings, simulate


def replayed(folder, settings):
    """Return cost, whether it passed, and kind of each exchange, by cohort."""
    simulate(settings)
    truth = {
        row["account_id"]: row
        for row in pq.read_table(folder / "truth_accounts.parquet").to_pylist()
    }
    taken = pq.read_table(folder / "truth_exchanges.parquet").filter(ds.field("harvest"))
    harvest = set(taken.column("exchange_id").to_pylist())
    accounts = pq.read_table(folder / "accounts.parquet")
    gate = Gate(knowledge=Knowledge.of(accounts=accounts), accounts=8192, segments=1 << 18)
    table = ds.dataset(folder / "exchanges").to_table().sort_by("time")
    found = collections.defaultdict(list)
    for row in table.set_column(0, "time", table.column("time").cast(pa.int64())).to_pylist():
        body = {} if row["max_tokens"] is None else {"max_tokens": row["max_tokens"]}
        asked = request(
            row["prompt"], row["account_id"], row["time"], row["exchange_id"], body=body
        )
        decision = gate.decide(asked, row["output_tokens"] or 0)
        account = truth[row["account_id"]]
        if account["kind"] != "attack" or row["exchange_id"] in harvest:
            found[account["cohort"]].append((decision.cost, passed(decision), row["account_id"]))
    return found


@pytest.mark.parametrize("seed", [31, 32])
def test_translators_and_the_licensed_pass_and_harvests_are_dear(tmp_path, seed):
    """The more members a harvest has sent from, the dearer its next request."""
    cohorts = ("localisation", "licensed_distillers", "casual", "developers")
    found = replayed(
        tmp_path / "w",
        Settings(
            tmp_path / "w",
            exchanges=10_000,
            accounts=500,
            seed=seed,
            days=3,
            cohorts=cohorts,
            adversaries=("lock-step",),
            prevalence=0.08,
        ),
    )
    cost = {name: np.array([cost for cost, _, _ in rows]) for name, rows in found.items()}
    for name in ("localisation", "licensed_distillers"):
        assert all(ok for _, ok, _ in found[name]), name
    translators, harvest = cost["localisation"], cost["lock-step"]
    # ten thousand calls a day at the translators' median stay within the lowest tier's day
    assert np.median(translators) * 10_000 < 300_000
    late = harvest[harvest.size // 2 :]
    assert late.mean() > 20 * translators.mean()
    assert late.mean() > 5 * cost["casual"].mean()
    benign = [(ok, who) for name in cohorts for _, ok, who in found[name]]
    limited = {who for ok, who in benign if not ok}
    assert len(limited) <= 0.01 * len({who for _, who in benign})
