"""How long a back-up and a restore of a hub's tables take.

``python bench/backup.py --objects 100000 [--to postgresql://…]`` fills SQLite with objects of 1.4
KB that do not compress, backs up, verifies, and restores into a new file or an empty database.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

import sqlalchemy as sa

from stillwatch.store import Database, migrations
from stillwatch.store.backup import back_up, restore, verify_backup

ROW = sa.text(
    "INSERT INTO hub_objects (leaf, collection, added, id, version, modified, type, publisher, tlp,"
    " by_hub, revoked, remarked, body, salt) VALUES (:n, 1, :n, :id, :n, '2026', 'indicator', 1,"
    " 'amber', 0, 0, 0, :body, :salt)"
)


def fill(connection: sa.Connection, first: int, last: int) -> None:
    """Insert objects."""
    rows = [
        {"n": n, "id": f"indicator--{n}", "body": os.urandom(1400), "salt": os.urandom(32)}
        for n in range(first, last)
    ]
    connection.execute(ROW, rows)


def timed(name: str, work: object, *args: object, **more: object) -> object:
    """Run work and print how long it took."""
    wall, own = time.perf_counter(), time.process_time()
    done = work(*args, **more)  # type: ignore[operator]
    wall, own = time.perf_counter() - wall, time.process_time() - own
    print(f"{name}: {wall:.1f} s, {own:.1f} s of the processor")
    return done


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objects", type=int, default=100_000)
    parser.add_argument("--to", default="")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = Database(f"sqlite:///{folder}/from.sqlite")
        source.now(migrations.upgrade, "hub")
        for first in range(0, given.objects, 10_000):
            source.now(fill, first, min(first + 10_000, given.objects))
        copy = folder / "copy"
        timed("back-up", source.now_reading, back_up, copy, made="", version="")
        manifest = timed("verify", verify_backup, copy)
        target = Database(given.to or f"sqlite:///{folder}/to.sqlite")
        timed("restore", target.now, restore, copy, manifest)
        size = sum(file.stat().st_size for file in copy.iterdir()) / 2**20
        print(f"{given.objects:,} objects, {size:,.0f} MiB of back-up")
        for database in (source, target):
            database.close()


if __name__ == "__main__":
    main()
