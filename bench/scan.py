"""How long a scan takes and how much memory it needs, against a floor measured in the same run.

The floor is what the engine needs merely to read: DuckDB, on two threads, reads every column and
hashes every prompt.  Beside it stand the sketch kernel in MB of prompt text a second of one core,
observing, and the whole scan with hourly looks; with ``--day``, what a 28th day costs on top of 27;
and a hostile world in which all accounts share one payment value and one system prompt.  Seconds
are those of the processor, since the machine may be shared; ``wall`` is the clock.  Peak memory is
what the process itself holds (``own``) and that with the pages of its working files (``peak``),
which the system takes back when it needs them.  Timings never fail anything.

    python bench/scan.py --sizes 250000,1000000 --folder /tmp/bench-scan --plot growth.svg
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import numpy as np
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

STILLWATCH = [sys.executable, "-c", "from stillwatch.cli import main; main()"]
ACCOUNTS = {1_000_000: 30_303, 4_000_000: 60_000, 16_000_000: 100_000}
"""Accounts of the large worlds; others have one for every 33 exchanges."""


def world(folder: Path, exchanges: int) -> Path:
    """Make a world once."""
    path = folder / f"world-{exchanges}"
    if not path.exists():
        options = ["--out", str(path), "--exchanges", str(exchanges), "--seed", "41"]
        options += ["--accounts", str(ACCOUNTS.get(exchanges, max(exchanges // 33, 60)))]
        subprocess.run([*STILLWATCH, "simulate", *options], check=True)  # noqa: S603 - our own
    return path


def hostile(folder: Path, source: Path) -> Path:
    """Copy a world with one payment value and one system prompt shared by everyone."""
    path = folder / "world-shared"
    if path.exists():
        return path
    (path / "exchanges").mkdir(parents=True)
    accounts = pq.read_table(source / "accounts.parquet")
    place = accounts.schema.get_field_index("payment_fingerprint")
    same = pc.if_else(accounts["account_id"].is_valid(), "one-card", None)
    pq.write_table(
        accounts.set_column(place, "payment_fingerprint", same), path / "accounts.parquet"
    )
    words = "You are the one assistant that everybody uses. Answer as well as you can."
    for number, file in enumerate(sorted((source / "exchanges").rglob("*.parquet"))):
        table = pq.ParquetFile(file).read()
        place = table.schema.get_field_index("system_prompt")
        same = pc.if_else(table["exchange_id"].is_valid(), words, None)
        table = table.set_column(place, "system_prompt", same)
        pq.write_table(table, path / "exchanges" / f"part-{number:03d}.parquet")
    return path


def floor(path: Path) -> float:
    """Read every column and hash every prompt; return seconds of the processor."""
    files = [str(file) for file in sorted((path / "exchanges").rglob("*.parquet"))]
    with duckdb.connect() as db:
        db.execute("set threads = 2")
        names = pq.read_schema(files[0]).names
        sums = [f'bit_xor(hash("{n}"))' if n == "prompt" else f'max("{n}")' for n in names]
        spent = []
        for _ in range(3):
            started = time.process_time()
            db.execute(f"select {', '.join(sums)} from read_parquet(?)", [files]).fetchall()  # noqa: S608 - names of our own files
            spent.append(time.process_time() - started)
    return min(spent)


def kernel(path: Path) -> tuple[float, float]:
    """Return MB of prompt text that one core sketches in a second, and hashes byte by byte."""
    from stillwatch.find.features.hashing import hash_strings  # noqa: PLC0415 - compiled
    from stillwatch.find.features.observe import string_buffers  # noqa: PLC0415 - as above
    from stillwatch.find.features.text import sketch_texts  # noqa: PLC0415 - as above

    files = ds.dataset(path / "exchanges", format="parquet")
    column = files.head(65_536, columns=["prompt"])["prompt"].combine_chunks()
    data, offsets, _ = string_buffers(column)
    rates = []
    for work in (
        lambda: sketch_texts(data, offsets),
        lambda: hash_strings(data, offsets, None, 0),
    ):
        spent = []
        for _ in range(5):
            started = time.thread_time()
            work()
            spent.append(time.thread_time() - started)
        rates.append(float(offsets[-1] - offsets[0]) / 1e6 / min(spent))
    return rates[0], rates[1]


CODE = """
import json, resource, sys, threading, time
from pathlib import Path
own = [0]
def watch():
    while True:
        for line in open("/proc/self/status"):
            if line.startswith("RssAnon"):
                own[0] = max(own[0], int(line.split()[1]))
        time.sleep(0.1)
threading.Thread(target=watch, daemon=True).start()
import stillwatch.find.campaigns.scan
stages = sys.modules["stillwatch.find.campaigns.scan"]
spent = {}
def timed(name):
    work = getattr(stages, name)
    def run(*given, **named):
        started = time.process_time()
        try:
            return work(*given, **named)
        finally:
            spent[name] = time.process_time() - started
    setattr(stages, name, run)
for name in ("build_log", "derive_rows", "index_facets", "replay", "assemble"):
    timed(name)
from stillwatch.cli.scan import command
command.main(sys.argv[1:], standalone_mode=False)
spent["all"] = time.process_time()
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"cpu": spent, "peak": peak / 1024, "own": own[0] / 1024}), file=sys.stderr)
"""


def scan(path: Path, out: Path, *options: str) -> dict[str, object]:
    """Scan a world in a process of its own; return seconds by stage and peak memory in MiB."""
    arguments = [str(path / "exchanges"), "--accounts", str(path / "accounts.parquet")]
    started = time.perf_counter()
    done = subprocess.run(  # noqa: S603 - our own text
        [sys.executable, "-c", CODE, *arguments, "--out", str(out), *options],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    said: dict[str, object] = json.loads(done.stderr.strip().splitlines()[-1])
    return said | {"wall": time.perf_counter() - started}


def row(path: Path, folder: Path, step: int) -> dict[str, float]:
    """Measure one world, say it, and return it."""
    base = floor(path)
    rate, plain = kernel(path)
    said = scan(path, folder / f"out-{path.name}", "--step", str(step))
    cpu = said["cpu"]
    found = {
        "exchanges": sum(
            pq.read_metadata(file).num_rows for file in (path / "exchanges").rglob("*.parquet")
        ),
        "floor": base, "kernel": rate, "plain": plain, "observe": cpu["build_log"],
        "index": cpu["derive_rows"] + cpu["index_facets"], "decide": cpu["replay"],
        "all": cpu["all"], "wall": said["wall"], "own": said["own"], "peak": said["peak"],
    }  # fmt: skip
    shown = [f"{path.name:>16}", *(f"{value:9.1f}" for value in list(found.values())[1:])]
    print(*shown, f"{found['observe'] / base:8.1f} {found['all'] / base:8.1f}", flush=True)
    return found


def day(path: Path, folder: Path, step: int) -> None:
    """Say what the last day costs on top of those before, with a state."""
    log, state = folder / f"days-{path.name}", folder / f"state-{path.name}"
    for old in (log, state):
        shutil.rmtree(old, ignore_errors=True)
    (log / "exchanges").mkdir(parents=True)
    shutil.copy(path / "accounts.parquet", log)
    days = sorted((path / "exchanges").iterdir())
    spent = []
    for part in (days[:-1], days[-1:]):
        for one in part:
            shutil.copytree(one, log / "exchanges" / one.name, copy_function=os.link)
        options = ("--step", str(step), "--state", str(state))
        said = scan(log, folder / f"out-days-{path.name}", *options)
        spent.append(said["cpu"]["all"])
        print(f"{len(part):2} days: {said['cpu']}, {said['wall']:.1f} s on the clock", flush=True)
    print(f"the last day costs 1/{sum(spent) / spent[1]:.1f} of the whole", flush=True)


def plot(found: list[dict[str, float]], file: Path) -> None:
    """Draw seconds and memory against exchanges, both axes logarithmic, as SVG."""
    wide, high, edge = 640, 400, 60
    lines = {"floor": "#666", "observe": "#06c", "all": "#c30", "own": "#080"}
    sizes = np.log10([one["exchanges"] for one in found])
    values = np.log10([[max(one[name], 0.1) for name in lines] for one in found])
    low, top = values.min(), values.max()
    x = edge + (sizes - sizes.min()) / max(np.ptp(sizes), 1e-9) * (wide - 2 * edge)
    y = high - edge - (values - low) / max(top - low, 1e-9) * (high - 2 * edge)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" font-size="12">']
    for k, (name, colour) in enumerate(lines.items()):
        points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y[:, k], strict=True))
        unit = "MiB" if name == "own" else "s"
        out.append(f'<polyline fill="none" stroke="{colour}" points="{points}"/>')
        for a, b, one in zip(x, y[:, k], found, strict=True):
            out.append(f'<text x="{a:.0f}" y="{b - 5:.0f}">{one[name]:.0f} {unit}</text>')
        out.append(f'<text x="{edge + 90 * k}" y="16" fill="{colour}">{name}, {unit}</text>')
    for a, one in zip(x, found, strict=True):
        out.append(f'<text x="{a:.0f}" y="{high - 20}">{one["exchanges"] / 1e6:g} M</text>')
    file.write_text("\n".join([*out, "</svg>", ""]), "utf-8")


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="100000,300000,1000000")
    parser.add_argument("--folder", type=Path, default=Path("bench-scan"))
    parser.add_argument("--step", type=int, default=1, help="hours between looks")
    parser.add_argument("--plot", type=Path, help="file that the growth is drawn to, as SVG")
    parser.add_argument("--day", action="store_true", help="measure the last day, with a state")
    parser.add_argument("--no-hostile", action="store_true", help="leave the hostile world out")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    worlds = [world(options.folder, int(size)) for size in options.sizes.split(",")]
    names = "floor kernel plain observe index decide all wall own peak".split()  # noqa: SIM905 - read more easily
    heads = [f"{'world':>16}", *(f"{name:>9}" for name in names)]
    print(
        f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors; the machine may be shared"
    )
    print(*heads, "obs/floor all/floor")
    found = [row(path, options.folder, options.step) for path in worlds]
    if options.plot:
        plot(found, options.plot)
    if not options.no_hostile:
        row(hostile(options.folder, worlds[0]), options.folder, options.step)
    if options.day:
        day(worlds[-1], options.folder, options.step)


if __name__ == "__main__":
    main()
