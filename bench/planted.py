"""A benign world into which one campaign at a time is put, observed once and scanned in process."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import commands
from stillwatch.find.campaigns import Settings, observe_all, scan
from stillwatch.find.features.rows import HOUR
from stillwatch.find.sources import Quarantine, open_exchanges, read_accounts
from stillwatch.records import utc
from stillwatch.worlds.exercise import Exercise, make_exercise

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from stillwatch.records import ScanResult


@dataclass(frozen=True)
class Host:
    """People, teams and products without a campaign."""

    exchanges: pa.Table
    """Columns as in ``records.EXCHANGE``, in time order."""
    accounts: pa.Table
    """Columns as in ``records.ACCOUNT``."""
    observed: list[pa.RecordBatch]
    """What observing the exchanges gave."""
    first: datetime
    """First exchange."""
    last: datetime
    """Last exchange."""
    models: list[str]
    """Most used first."""

    @classmethod
    def make(cls, folder: Path, *, accounts: int, exchanges: int, seed: int) -> Host:
        """Simulate a world without adversaries, once a folder, and observe it."""
        world = folder / f"host-{accounts}-{exchanges}-{seed}"
        if not world.exists():
            size = (f"--accounts={accounts}", f"--exchanges={exchanges}", f"--seed={seed}")
            commands.simulate(world, *size, "--adversaries=none")
        with Quarantine(None) as quarantine:
            source = open_exchanges(str(world / "exchanges"), mapping=None, quarantine=quarantine)
            batches = list(source.batches())
            people = read_accounts(
                str(world / "accounts.parquet"), mapping=None, quarantine=quarantine
            )
        log = pa.Table.from_batches(batches)
        times = np.asarray(log["time"].combine_chunks().cast(pa.int64()))
        used = sorted(
            log["model"].value_counts().to_pylist(), key=lambda one: (-one["counts"], one["values"])
        )
        return cls(
            log,
            people,
            list(observe_all(iter(batches))),
            utc(int(times.min())),
            utc(int(times.max())),
            [one["values"] for one in used],
        )

    def campaign(self, adversary: str, accounts: int, requests: int, seed: int) -> Exercise:
        """Make a campaign for this world; see ``worlds.exercise.make_exercise``."""
        return make_exercise(
            adversary,
            accounts=accounts,
            requests=requests,
            first=self.first,
            last=self.last,
            models=self.models,
            seed=seed,
            account_type=self.exchanges.schema.field("account_id").type,
        )

    def scanned(self, campaign: Exercise, step: int) -> ScanResult:
        """Scan the world with the campaign in it; looks every ``step`` hours."""
        beside = list(observe_all(iter(campaign.exchanges.to_batches(65_536))))
        people = campaign.accounts.select(
            [n for n in campaign.accounts.schema.names if n in self.accounts.schema.names]
        )
        result, _ = scan(
            [*self.observed, *beside],
            pa.concat_tables([self.accounts, people], promote_options="permissive"),
            settings=Settings(step=step * HOUR),
            observed=True,
        )
        return result


def cohorts(world: Path) -> dict[str, str]:
    """Return the cohort of each account of a simulated world."""
    truth = pq.ParquetFile(world / "truth_accounts.parquet").read(["account_id", "cohort"])
    return dict(zip(truth["account_id"].to_pylist(), truth["cohort"].to_pylist(), strict=True))


def commit() -> str:
    """Return the commit that is measured."""
    asked = ["git", "rev-parse", "--short", "HEAD"]
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603
