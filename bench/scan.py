"""How long a scan takes and how much memory it needs, at three sizes and in a hostile world.

Prints seconds, peak memory and the ratio to a floor measured in the same run (Arrow reads every
column and hashes every prompt), at 0.1, 0.3 and 1 million exchanges and in a world in which all
accounts share one payment value and one system prompt.  Timings never fail anything.

    python bench/scan.py --sizes 100000,300000,1000000 --folder /tmp/bench-scan
"""

from __future__ import annotations

import argparse
import hashlib
import resource
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

STILLWATCH = [sys.executable, "-c", "from stillwatch.cli import main; main()"]


def world(folder: Path, exchanges: int) -> Path:
    """Make a world once; 33 exchanges an account."""
    path = folder / f"world-{exchanges}"
    if not path.exists():
        options = ["--out", str(path), "--exchanges", str(exchanges), "--seed", "41"]
        subprocess.run([*STILLWATCH, "simulate", *options], check=True)  # noqa: S603 - our own
    return path


def hostile(folder: Path, source: Path) -> Path:
    """Copy a world with one payment value and one system prompt shared by everyone."""
    path = folder / "world-shared"
    if path.exists():
        return path
    (path / "exchanges").mkdir(parents=True)
    accounts = pq.read_table(source / "accounts.parquet")
    column = accounts.schema.get_field_index("payment_fingerprint")
    same = pa.array(["one-card"] * accounts.num_rows)
    pq.write_table(
        accounts.set_column(column, "payment_fingerprint", same), path / "accounts.parquet"
    )
    for number, file in enumerate(sorted((source / "exchanges").rglob("*.parquet"))):
        table = pq.ParquetFile(file).read()
        column = table.schema.get_field_index("system_prompt")
        words = "You are the one assistant that everybody uses. Answer as well as you can."
        table = table.set_column(column, "system_prompt", pa.array([words] * table.num_rows))
        pq.write_table(table, path / "exchanges" / f"part-{number:03d}.parquet")
    return path


def floor(path: Path) -> float:
    """Read every column and hash every prompt; return seconds."""
    started = time.perf_counter()
    for file in sorted((path / "exchanges").rglob("*.parquet")):
        for prompt in pq.ParquetFile(file).read().column("prompt").to_pylist():
            hashlib.blake2b(prompt.encode(), digest_size=8).digest()
    return time.perf_counter() - started


def scan(path: Path, out: Path, step: int) -> tuple[float, float]:
    """Scan a world in a process of its own; return seconds and peak memory in MiB."""
    code = (
        "import resource,sys;from stillwatch.cli.scan import command;"
        "command.main(sys.argv[1:], standalone_mode=False);"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)"
    )
    arguments = [str(path / "exchanges"), "--accounts", str(path / "accounts.parquet")]
    arguments += ["--out", str(out), "--step", str(step)]
    started = time.perf_counter()
    done = subprocess.run(  # noqa: S603 - our own text
        [sys.executable, "-c", code, *arguments], check=True, capture_output=True, text=True
    )
    seconds = time.perf_counter() - started
    return seconds, int(done.stderr.strip().splitlines()[-1]) / 1024


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="100000,300000,1000000")
    parser.add_argument("--folder", type=Path, default=Path("bench-scan"))
    parser.add_argument("--step", type=int, default=1, help="hours between looks")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    worlds = [world(options.folder, int(size)) for size in options.sizes.split(",")]
    worlds.append(hostile(options.folder, worlds[0]))
    print(f"{'world':>16} {'seconds':>8} {'peak MiB':>9} {'floor s':>8} {'ratio':>6}")
    for path in worlds:
        seconds, peak = scan(path, options.folder / f"out-{path.name}", options.step)
        base = floor(path)
        print(f"{path.name:>16} {seconds:8.1f} {peak:9.0f} {base:8.1f} {seconds / base:6.1f}")
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"(this script itself: {own:.0f} MiB)")


if __name__ == "__main__":
    main()
