"""Work shared out over a few threads, with results that do not depend on who did what.

The compiled kernels release the interpreter's lock, so two of them run at once on two cores.
"""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

__all__ = ["THREADS", "ranges_of", "shared_out"]

THREADS = min(2, os.cpu_count() or 1)
"""Threads that work is shared out over."""

_Worker = TypeVar("_Worker")
_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def shared_out(
    workers: Sequence[_Worker], items: Sequence[_Item], work: Callable[[_Worker, _Item], _Result]
) -> list[_Result]:
    """Return what was made of each item, in order; each worker has a thread of its own.

    Args:
        workers: scratch memory that two threads must not write to at once.
        items: taken in order, each by whoever is free.
        work: makes a result of an item; what it returns must not depend on the worker.

    >>> shared_out(["a", "b"], [1, 2, 3], lambda worker, item: item * item)
    [1, 4, 9]
    """
    if len(workers) == 1 or len(items) < 2:
        return [work(workers[0], item) for item in items]
    found: dict[int, _Result] = {}
    waiting = iter(enumerate(items))
    lock = threading.Lock()

    def take(worker: _Worker) -> None:
        while True:
            with lock:
                number, item = next(waiting, (-1, None))
            if number < 0:
                return
            found[number] = work(worker, item)  # type: ignore[arg-type]

    with ThreadPoolExecutor(len(workers)) as pool:
        for done in [pool.submit(take, worker) for worker in workers]:
            done.result()
    return [found[number] for number in range(len(items))]


def ranges_of(weight: NDArray[np.integer], parts: int) -> list[tuple[int, int]]:
    """Return ranges of places, one after the other, of about the same weight each.

    Args:
        weight: of each place.
        parts: number of ranges.

    >>> ranges_of(np.array([5, 1, 1, 1, 1, 1]), 2)
    [(0, 1), (1, 6)]
    """
    sums = np.cumsum(weight)
    total = int(sums[-1]) if sums.size else 0
    cuts = np.searchsorted(sums, [total * k // parts for k in range(1, parts)]) + 1
    ends = [0, *np.minimum(cuts, weight.size).tolist(), weight.size]
    return list(pairwise(ends))
