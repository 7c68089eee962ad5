"""Seconds and bytes of a scan's documents as the number of accounts grows.

Usage: python bench/documents.py [--accounts N]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "report"))

from example_scan import example_scan

from stillwatch.report.documents import read_campaigns, read_verdict, write_scan


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=200_000)
    largest = parser.parse_args().accounts
    print(f"{'accounts':>10} {'write s':>8} {'ask s':>8} {'verdicts MB':>12} {'report MB':>10}")
    for accounts in (largest // 4, largest // 2, largest):
        result, activity = example_scan(accounts=accounts)
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder)
            began = time.perf_counter()
            write_scan(result, out, activity)
            written = time.perf_counter()
            read_verdict(out, read_campaigns(out), "acct_7f3a00000")
            asked = time.perf_counter()
            verdicts, report = (
                (out / name).stat().st_size / 1e6 for name in ("verdicts.parquet", "report.html")
            )
        print(
            f"{accounts:>10,} {written - began:>8.2f} {asked - written:>8.3f} "
            f"{verdicts:>12.2f} {report:>10.2f}"
        )


if __name__ == "__main__":
    main()
