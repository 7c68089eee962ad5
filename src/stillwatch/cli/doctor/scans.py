"""D-20 to D-22: the state of scans, their results, and the people of the console."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from stillwatch.cli.doctor.interface import Finding, fail, ok, warn
from stillwatch.errors import StillwatchError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stillwatch.cli.doctor.installation import Installation

__all__ = ["people", "results", "state"]


def state(found: Installation) -> Iterator[Finding]:
    """D-20: the scan's state is of this version and whole."""
    from stillwatch.find.state import StateFolder  # noqa: PLC0415 - kernels

    for place in found.named("state"):
        path = Path(place.value)
        if place.command != "scan" or not path.is_dir():
            continue
        if any(path.iterdir()) and not (path / "state.json").exists():
            yield fail("the folder holds no state", "name the folder of scan --state", str(path))
            continue
        try:
            manifest = StateFolder(path).manifest
        except StillwatchError as error:
            yield fail(error.what, error.todo, error.where)
            continue
        lost = [
            one.name for one in manifest.segments if not (path / "observations" / one.name).exists()
        ]
        if lost:
            yield fail(
                f"{len(lost)} of {len(manifest.segments)} parts of the observations are missing",
                "restore the whole folder, or scan the whole log into a new one",
                str(path),
            )
        else:
            rows = sum(one.rows for one in manifest.segments)
            yield ok(f"{rows:,} exchanges in {len(manifest.segments)} parts", str(path))


def results(found: Installation) -> Iterator[Finding]:
    """D-21: the results that gateway and console follow are whole and new."""
    for place in found.results:
        path = Path(place.value)
        try:
            raw = (path / "campaigns.json").read_bytes()
            age = found.now - (path / "campaigns.json").stat().st_mtime
            count = len(json.loads(raw)["campaigns"])
        except FileNotFoundError:
            yield warn(
                "there are no results of a scan yet",
                "scan, see docs/how-to/scan-every-hour.md",
                str(path),
            )
            continue
        except (OSError, ValueError, KeyError, TypeError) as error:
            yield fail(f"cannot be read: {type(error).__name__}", "scan again", str(path))
            continue
        if not (path / "verdicts.parquet").exists():
            yield fail("verdicts.parquet is missing", "scan again", str(path))
        elif age > found.recent:
            yield warn(
                f"the last scan ended {age / 3600:,.0f} hours ago",
                "see why the job does not run (systemctl, kubectl get cronjob)",
                str(path),
            )
        else:
            yield ok(f"{count:,} campaigns, {age / 60:,.0f} minutes old", str(path))


def people(found: Installation) -> Iterator[Finding]:
    """D-22: somebody can sign in to the console."""
    import sqlalchemy as sa  # noqa: PLC0415 - an extra

    from stillwatch.store import Database, migrations  # noqa: PLC0415
    from stillwatch.store.console_people import people as table  # noqa: PLC0415

    url = found.of("console serve").get("database")
    if url is None:
        return
    where = "console"
    try:
        opened = Database(url)
    except StillwatchError:
        return  # D-12 says so
    try:
        if not opened.shared and not Path(opened.engine.url.database or "").is_file():
            return
        if "console_people" not in opened.now_reading(migrations.standing):
            return
        query = sa.select(sa.func.count()).where(table.c.disabled.is_(False))
        count = opened.now_reading(lambda connection: connection.execute(query).scalar()) or 0
    except StillwatchError:
        return
    finally:
        opened.close()
    if count or found.of("console serve").get("openid"):
        yield ok(f"{count:,} people may sign in", where)
    else:
        yield warn(
            "nobody can sign in",
            "start the console: it makes a first account; or people add",
            where,
        )
