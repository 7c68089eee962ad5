"""Builds whole worlds on disk: plan, schedules by account, then exchanges by day."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.errors import ConfigurationError, OutputError
from stillwatch.records import PROVIDER_EVENT
from stillwatch.worlds.simulation.adversaries import ADVERSARIES, ON_REQUEST
from stillwatch.worlds.simulation.cohorts import COHORTS
from stillwatch.worlds.simulation.columns import DAY, SECOND, Ints
from stillwatch.worlds.simulation.context import Context
from stillwatch.worlds.simulation.planning import REGIMES, Plan, chosen, plan, seed_of
from stillwatch.worlds.simulation.readme import readme
from stillwatch.worlds.simulation.register import Register
from stillwatch.worlds.simulation.rendering import EXCHANGE_SCHEMA, Renderer
from stillwatch.worlds.simulation.spill import Spill
from stillwatch.worlds.simulation.text import source

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["Settings", "simulate"]

_ROWS = 65_536  # rows rendered at a time, and rows a row group
_TRUTH = pa.schema([("exchange_id", pa.string()), ("harvest", pa.bool_())])


@dataclass(frozen=True, slots=True)
class Settings:
    """What a simulation is asked for."""

    out: Path
    """Folder to write; must be absent or empty."""
    exchanges: int
    """Exchanges of each provider."""
    seed: int
    """Seed; equal settings give equal bytes."""
    accounts: int | None = None
    """Accounts of each provider; None for one for every 33 exchanges."""
    days: int = 28
    """Days of the world."""
    start: date = date(2026, 3, 2)
    """First day."""
    cohorts: tuple[str, ...] | None = None
    """Slugs of cohorts; None for all."""
    adversaries: tuple[str, ...] | None = None
    """Slugs of adversaries; None for all, empty for none."""
    prevalence: float = 0.03
    """Share of the accounts that attack."""
    regime: str = "ordinary"
    """One of planning.REGIMES."""
    text: Path | None = None
    """Folder of Parquet files of prompts; None for the built-in generator."""
    providers: int = 1
    """Providers side by side."""


@dataclass(frozen=True, slots=True)
class Built:
    """What one provider's world came to."""

    folder: Path
    """Where it lies."""
    exchanges: int
    """Exchanges written."""
    accounts: int
    """Accounts written."""
    harvest: int
    """Harvest exchanges written."""


def simulate(
    settings: Settings,
    progress: Callable[[str, float], None] = lambda _what, _share: None,
) -> tuple[Built, ...]:
    """Write one world a provider.

    Args:
        settings: what is asked for.
        progress: told what is being made and the share that is done.

    Raises:
        ConfigurationError: a setting is out of range or names something unknown.
        OutputError: the folder is in use or cannot be written.
    """
    _check(settings)
    try:
        settings.out.mkdir(parents=True, exist_ok=True)
        if any(settings.out.iterdir()):
            problem = "the folder for the world is not empty"
            raise OutputError(problem, where=str(settings.out), todo="name a new folder")
        if settings.providers == 1:
            return (_provider(settings, 0, settings.out, progress),)
        names = [f"provider-{chr(ord('a') + number)}" for number in range(settings.providers)]
        return tuple(
            _provider(settings, number, settings.out / name, progress)
            for number, name in enumerate(names)
        )
    except OSError as error:
        problem = f"the world cannot be written: {error.strerror}"
        raise OutputError(problem, where=str(error.filename or settings.out)) from error


def _check(settings: Settings) -> None:
    limits = (
        ("--exchanges", settings.exchanges, 1, 2**31 - 1),
        ("--days", settings.days, 1, 366),
        ("--providers", settings.providers, 1, 9),
        ("--seed", settings.seed, 0, 2**63 - 1),
        ("--prevalence", settings.prevalence, 0, 1),
        ("--accounts", settings.accounts or 1, 1, 2**31 - 1),
    )
    for option, value, low, high in limits:
        if not low <= value <= high:
            problem = f"{option} {value} is out of range"
            raise ConfigurationError(problem, todo=f"choose from {low} to {high}")
    if settings.regime not in REGIMES:
        problem = f"there is no regime called {settings.regime!r}"
        raise ConfigurationError(problem, todo=f"choose among: {', '.join(REGIMES)}")


def _provider(
    settings: Settings,
    number: int,
    folder: Path,
    progress: Callable[[str, float], None],
) -> Built:
    """Build the world of one provider."""
    folder.mkdir(parents=True, exist_ok=True)
    cohorts = chosen(COHORTS, settings.cohorts, "cohort")
    every = ADVERSARIES if settings.adversaries is None else (*ADVERSARIES, *ON_REQUEST)
    adversaries = chosen(every, settings.adversaries, "adversary")
    made = plan(
        cohorts,
        adversaries,
        exchanges=settings.exchanges,
        accounts=settings.accounts or max(40, settings.exchanges // 33),
        prevalence=settings.prevalence,
        regime=settings.regime,
        seed=seed_of(settings.seed, number, "plan"),
    )
    key = seed_of(settings.seed, number, "key")
    begin = datetime.combine(settings.start, datetime.min.time(), UTC)
    start = int(begin.timestamp()) * SECOND
    register = Register(key, start + settings.days * DAY, folder / ".rows")
    spill = Spill(folder / ".rows", start, settings.days)
    context = Context(
        seed=settings.seed,
        provider=number,
        providers=settings.providers,
        start=start,
        days=settings.days,
        accounts=made.accounts,
        unit=made.unit,
        harvest_like_people=settings.regime == "people",
        text=source(settings.text, seed_of(settings.seed, 0, "text")),
        register=register,
        spill=spill,
    )
    _populate(context, made, progress)
    register.write(folder)
    _provider_events(context, folder)
    keep = _keep(spill.counts, settings.exchanges, seed_of(settings.seed, number, "keep"))
    written, harvest = _write_days(
        settings,
        folder,
        spill,
        Renderer(context, register, key),
        keep=keep,
        progress=progress,
    )
    shutil.rmtree(folder / ".rows")
    (folder / "README.md").write_text(readme(settings, made, written, harvest), encoding="utf-8")
    return Built(folder, written, made.accounts, harvest)


def _populate(context: Context, made: Plan, progress: Callable[[str, float], None]) -> None:
    """Let every population open its accounts and send its traffic."""
    done = 0
    for population, quota in made.calls:
        population.populate(context.enter(quota.slug, quota.call), quota)
        done += quota.accounts
        progress("schedules", done / made.accounts)


def _keep(
    counts: Ints,
    wanted: int,
    seed: int,
) -> list[int]:
    """Return how many rows of each day are kept, so that ``wanted`` are kept in all."""
    rng = np.random.default_rng(seed)
    surplus = int(counts.sum()) - wanted
    if surplus <= 0:
        return [int(count) for count in counts]
    dropped = rng.multivariate_hypergeometric(counts, surplus, method="marginals")
    return [int(count) for count in counts - dropped]


def _write_days(
    settings: Settings,
    folder: Path,
    spill: Spill,
    renderer: Renderer,
    *,
    keep: list[int],
    progress: Callable[[str, float], None],
) -> tuple[int, int]:
    """Write the exchanges of every day and their truth; return (exchanges, harvest)."""
    rng = np.random.default_rng(seed_of(settings.seed, 0, "thin"))
    written = harvest = 0
    with pq.ParquetWriter(folder / "truth_exchanges.parquet", _TRUTH, compression="zstd") as truth:
        for day, kept in enumerate(keep):
            rows = spill.read(day)
            if len(rows) > kept:
                rows = rows[np.sort(rng.choice(len(rows), kept, replace=False))]
            if not len(rows):
                continue
            name = settings.start + timedelta(days=day)
            part = folder / "exchanges" / f"day={name.isoformat()}" / "part-0.parquet"
            part.parent.mkdir(parents=True)
            with pq.ParquetWriter(
                part,
                EXCHANGE_SCHEMA,
                compression="zstd",
                compression_level=1,
            ) as writer:
                for first in range(0, len(rows), _ROWS):
                    some = rows[first : first + _ROWS]
                    table = renderer.exchanges(some, written)
                    writer.write_table(table, row_group_size=_ROWS)
                    told = [table["exchange_id"], pa.array(some["harvest"])]
                    truth.write_table(pa.Table.from_arrays(told, schema=_TRUTH))
                    written += len(some)
                    harvest += int(some["harvest"].sum())
            progress("exchanges", (day + 1) / len(keep))
    return written, harvest


def _provider_events(context: Context, folder: Path) -> None:
    """Write what the provider itself announced."""
    rng = np.random.default_rng([context.seed, context.provider, 3])
    other = np.sort(rng.integers(context.start, context.end, 2))
    rows = [
        (context.release, "model_release", context.models[2]),
        (int(other[0]), "price", context.models[0]),
        (int(other[1]), "policy", None),
    ]
    columns = [
        pa.array(list(values), field.type)
        for values, field in zip(zip(*sorted(rows), strict=True), PROVIDER_EVENT, strict=True)
    ]
    table = pa.Table.from_arrays(columns, names=[f.name for f in PROVIDER_EVENT])
    pq.write_table(table, folder / "provider_events.parquet", compression="zstd")
