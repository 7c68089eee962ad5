"""Evaluation harnesses: few-shot chains of thought over public items, thousands at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from stillwatch.worlds.simulation.columns import DAY, HOUR
from stillwatch.worlds.simulation.kit import move_to_cloud

if TYPE_CHECKING:
    from stillwatch.worlds.simulation.interface import Quota, World

__all__ = ["Harnesses"]

_TASKS = 14  # public benchmarks in use
_ITEMS = 1400  # items of one


class Harnesses:
    """Teams that run public benchmarks: all items of a task in an hour, temperature 0."""

    slug = "harnesses"
    doc = "Public benchmarks, few-shot with reasoning, thousands of items at once."
    kind = "benign"
    share = 0.025
    intensity = 5.0
    group = 1

    def populate(self, world: World, quota: Quota) -> None:
        """Open the accounts and send their traffic."""
        block = world.open(quota)
        n = len(block)
        own = world.rng.random(n) < 0.3
        block.client[:] = world.clients.draw(n, "harness")
        block.client[own] = world.clients.draw(int(own.sum()), "sdk")
        block.purpose[world.rng.random(n) < 0.3] = "evaluation"
        move_to_cloud(world, block, 0.75)
        world.enrol(block, quota)
        wrapper = world.styled("harness")
        runs = world.rng.integers(1, 5, n)
        for run in range(4):
            volume = np.where(run < runs, block.volume // runs + 1, 0)
            begin = world.start + (world.rng.random(n) * (world.end - world.start)).astype(np.int64)
            on_release = world.rng.random(n) < 0.3  # a new model is measured at once
            day_one = world.release + (world.rng.exponential(0.4, n) * DAY).astype(np.int64)
            begin = np.maximum(np.where(on_release, day_one, begin), block.created)
            length = (HOUR * world.rng.lognormal(-0.2, 0.7, n)).astype(np.int64)
            schedule = world.sessions(
                block,
                "burst",
                volume=volume,
                start=begin,
                end=begin + length,
                turns=1.0,
            )
            traffic = world.ordinary(block, schedule, {"eval": 1.0})
            task = world.rng.integers(0, _TASKS, n)
            first = np.flatnonzero(np.diff(traffic.row, prepend=-1))
            item = np.arange(len(traffic)) - np.repeat(first, np.diff([*first, len(traffic)]))
            item += world.rng.integers(0, _ITEMS, n)[traffic.row]
            traffic.seed = task[traffic.row] * 100_000 + item % _ITEMS
            traffic.subject = task[traffic.row]
            traffic.lang[:] = 0
            traffic.wrapper[:] = wrapper
            traffic.wrap_seed = task[traffic.row]
            traffic.temperature[:] = 0.0
            traffic.model = np.where(on_release & (begin >= world.release), 2, block.model)[
                traffic.row
            ].astype(np.int8)
            world.send(block, traffic)
