"""The lake: whole files that scan reads, bounded waiting, and nothing of zero retention in it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from asked import answer, decision
from servers import until

from stillwatch.errors import OutputError
from stillwatch.find.receiving import Segments
from stillwatch.stop.service.lake import SCHEMA, Bounds, Lake, row_of

DAY = 86_400_000_000
NOW = 1_790_000_000_000_000


def row(number=0, *, time=NOW, prompt="What is a prime?", keep=False):
    made = decision(f"r-{number}", time=time, prompt=prompt)
    return row_of(made, answer(text="A number."), keep_answers=keep)


def parts(folder):
    return sorted(folder.glob("day=*/part-*.parquet"))


def test_exchanges_become_files_by_day_that_scan_reads(tmp_path):
    lake = Lake(tmp_path / "lake", bounds=Bounds(seconds=3600))
    for number in range(10):
        lake.put(row(number, time=NOW + (number % 2) * DAY, keep=True), zero_retention=False)
    assert lake.waiting == 10
    assert lake.close(20)
    assert [path.parent.name for path in parts(tmp_path / "lake")] == [
        "day=2026-09-21",
        "day=2026-09-22",
    ]
    table = pq.read_table(parts(tmp_path / "lake")[0])
    assert table.schema.equals(SCHEMA)
    assert table.slice(0, 1).to_pylist()[0]["response"] == "A number."
    assert lake.counts.written == 10
    assert list((tmp_path / "lake").rglob(".*")) == []


@pytest.mark.parametrize("zero_retention", [False, True])
def test_rows_that_are_converted_a_few_at_a_time_are_one_file(tmp_path, zero_retention):
    with Segments.opened(tmp_path / "seen", 7) as segments:
        lake = Lake(tmp_path / "lake", segments=segments, key=7, bounds=Bounds(seconds=3600))
        for number in range(300):
            lake.put(row(number, time=NOW + 300 - number), zero_retention=zero_retention)
        assert lake.close(30)
    if zero_retention:
        assert (lake.counts.observed, parts(tmp_path / "lake")) == (300, [])
        return
    (path,) = parts(tmp_path / "lake")
    assert pq.ParquetFile(path).num_row_groups == 1
    kept = pq.read_table(path)["exchange_id"].to_pylist()
    assert kept == [f"r-{number}" for number in reversed(range(300))]


def test_a_file_is_written_when_its_time_or_its_size_has_come(tmp_path):
    lake = Lake(tmp_path, bounds=Bounds(seconds=0.05))
    lake.put(row(), zero_retention=False)
    until(lambda: lake.counts.written == 1)
    lake.close(20)
    large = Lake(tmp_path, bounds=Bounds(seconds=3600, file=5000))
    for number in range(5):
        large.put(row(number, prompt="x" * 2000), zero_retention=False)
    until(lambda: large.counts.written >= 2)
    large.close(20)
    assert large.counts.written == 5


def test_a_full_queue_drops_counts_and_never_waits(tmp_path):
    lake = Lake(tmp_path, bounds=Bounds(exchanges=3, seconds=3600))
    for number in range(10):
        lake.put(row(number), zero_retention=False)
    assert (lake.waiting, lake.counts.dropped) == (3, 7)
    lake.close(20)
    small = Lake(tmp_path, bounds=Bounds(bytes=1000, seconds=3600))
    small.put(row(prompt="x" * 2000), zero_retention=False)
    assert small.counts.dropped == 1
    small.close(20)


def test_zero_retention_is_observed_and_never_written(tmp_path):
    with Segments.opened(tmp_path / "observed", 7) as segments:
        lake = Lake(tmp_path / "lake", segments=segments, key=7, bounds=Bounds(seconds=3600))
        lake.put(row(1, prompt="A secret that nobody keeps"), zero_retention=True)
        lake.put(row(2), zero_retention=False)
        assert lake.close(20)
    assert (lake.counts.observed, lake.counts.written) == (1, 1)
    (table,) = [pq.read_table(path) for path in parts(tmp_path / "lake")]
    assert table.column("exchange_id").to_pylist() == ["r-2"]
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not any(b"nobody keeps" in path.read_bytes() for path in written)
    assert list((tmp_path / "observed").glob("*/day=*/*.parquet"))


def test_without_a_key_zero_retention_is_let_go_and_counted(tmp_path):
    lake = Lake(tmp_path)
    lake.put(row(), zero_retention=True)
    assert (lake.counts.unobserved, lake.waiting) == (1, 0)
    lake.close(20)


def test_what_a_killed_process_left_is_no_file_of_the_lake(tmp_path):
    folder = tmp_path / "day=2026-09-21"
    folder.mkdir()
    left, recent = folder / ".stillwatch-old", folder / ".stillwatch-new"
    for path in (left, recent):
        path.write_bytes(b"PAR1half")
    os.utime(left, (0, 0))
    Lake(tmp_path).close(20)
    assert (left.exists(), recent.exists()) == (False, True)  # the other may still be written


def test_a_folder_that_cannot_be_made_is_a_named_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError) as error:
        Lake(tmp_path / "file" / "lake")
    assert error.value.exit_code == 8


FULL = """
import json, resource, signal, sys, time
sys.path[:0] = {path!r}
from pathlib import Path
from test_lake import Bounds, Lake, row, until
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
lake = Lake(Path(sys.argv[1]), bounds=Bounds(seconds=0.05, exchanges=50))
resource.setrlimit(resource.RLIMIT_FSIZE, (100, resource.RLIM_INFINITY))  # no room for a file
slowest = 0.0
for number in range(200):
    begun = time.perf_counter()
    lake.put(row(number), zero_retention=False)
    slowest = max(slowest, time.perf_counter() - begun)
    time.sleep(0.002)
until(lambda: lake.failing)
dropped, waiting = lake.counts.dropped, lake.waiting
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
lake.close(20)
print(json.dumps([slowest, dropped, waiting, lake.counts.written, lake.failing]))
"""


def test_a_full_disk_holds_nobody_up_and_loses_only_what_is_counted(tmp_path):
    code = FULL.format(path=[str(Path(__file__).parent)])
    done = subprocess.run(  # noqa: S603 - our own text
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True
    )
    slowest, dropped, waiting, written, failing = json.loads(done.stdout)
    assert waiting == 50
    assert dropped + written == 200
    assert written >= 50
    assert not failing
    assert slowest < 1.0  # a full second is a machine that others use, no write
    ids = [i for path in parts(tmp_path) for i in pq.read_table(path)["exchange_id"].to_pylist()]
    assert len(ids) == len(set(ids)) == written
