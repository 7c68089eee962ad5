"""Work shared out over threads gives what one thread gives."""

import time

import numpy as np
import pytest

from stillwatch.find.features.threads import ranges_of, shared_out


def test_results_keep_the_order_of_the_items_whoever_made_them() -> None:
    def work(worker: int, item: int) -> tuple[int, int]:
        time.sleep(0.002 if item % 3 else 0)
        return worker, item * item

    found = shared_out([1, 2, 3], range(60), work)
    assert [value for _, value in found] == [item * item for item in range(60)]
    assert {worker for worker, _ in found} == {1, 2, 3}


def test_no_two_items_use_one_worker_at_a_time() -> None:
    busy = {1: False, 2: False}

    def work(worker: int, _: int) -> bool:
        was, busy[worker] = busy[worker], True
        time.sleep(0.001)
        busy[worker] = False
        return was

    assert not any(shared_out([1, 2], range(40), work))


def test_what_goes_wrong_in_a_thread_is_raised() -> None:
    def work(_: int, item: int) -> int:
        return 1 // (item - 7)

    with pytest.raises(ZeroDivisionError):
        shared_out([1, 2], range(20), work)


@pytest.mark.parametrize("parts", [1, 2, 5])
def test_ranges_cover_every_place_once_and_weigh_about_the_same(parts: int) -> None:
    weight = np.random.default_rng(3).integers(0, 50, 1000)
    ranges = ranges_of(weight, parts)
    assert [a for first, end in ranges for a in range(first, end)] == list(range(1000))
    sums = [int(weight[first:end].sum()) for first, end in ranges]
    assert max(sums) - min(sums) <= 100


def test_nothing_has_empty_ranges() -> None:
    assert ranges_of(np.zeros(0, np.int64), 2) == [(0, 0), (0, 0)]
