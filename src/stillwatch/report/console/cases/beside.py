"""What stands in databases of others: measures and appeals; and how everything is doing."""

from __future__ import annotations

import time as clock
from contextlib import contextmanager
from typing import TYPE_CHECKING

import sqlalchemy as sa

from stillwatch.errors import StillwatchError
from stillwatch.records import utc
from stillwatch.report.console.cases.records import Appeal, MeasureRow, SourceHealth
from stillwatch.store import Database, appeal_tables, console_tables

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sqlalchemy import Connection

    from stillwatch.report.console.cases.interface import Sources
    from stillwatch.stop.responses import Policy

__all__ = ["Beside"]

_MOST = 500
_PATIENCE = 2.0
"""Seconds that a gateway has to answer."""
_FRESH = 5.0
"""Seconds for which measures and appeals are remembered."""


class Beside:
    """Reads what others keep; nothing here writes.

    Args:
        sources: where it stands; what is None is not shown.
    """

    def __init__(self, sources: Sources) -> None:
        self.sources = sources
        self._opened: dict[str, Database] = {}
        self._measures: tuple[float, tuple[MeasureRow, ...]] = (-1e9, ())

    def close(self) -> None:
        """Close the databases."""
        for database in self._opened.values():
            database.close()

    def policy(self) -> Policy:
        """Return the policy, the one that ships where none is named.

        Raises:
            ConfigurationError: the file is no policy.
        """
        from stillwatch.stop.responses import DEFAULT, read_policy  # noqa: PLC0415 - extra `serve`

        return DEFAULT if self.sources.policy is None else read_policy(self.sources.policy)

    def measures(self, *, campaign_id: str = "", account_id: str = "") -> tuple[MeasureRow, ...]:
        """Return the measures on a campaign or an account; none where that is not shown.

        Raises:
            StillwatchError: the database is away, or the list of analysts cannot be read.
        """
        wanted = {("campaign_id", campaign_id), ("account_id", account_id)}
        return tuple(
            row
            for row in self._all_measures()
            if any(value and getattr(row, name) == value for name, value in wanted)
        )

    def _all_measures(self) -> tuple[MeasureRow, ...]:
        sources = self.sources
        if sources.measures is None or sources.analysts is None:
            return ()
        at, found = self._measures
        if clock.monotonic() - at < _FRESH:
            return found
        from stillwatch.stop.responses import read_analysts  # noqa: PLC0415 - extra `serve`
        from stillwatch.stop.responses.registry import listed  # noqa: PLC0415

        analysts, policy = read_analysts(sources.analysts), self.policy()
        now = clock.time_ns() // 1_000

        def work(connection: Connection) -> tuple[MeasureRow, ...]:
            return tuple(
                MeasureRow(
                    measure_id=one.measure.measure_id,
                    rung=one.measure.rung.name.lower(),
                    campaign_id=one.measure.campaign,
                    account_id=one.measure.account,
                    state=one.state,
                    why=one.measure.why,
                    waits_for=one.why,
                    proposed=utc(one.measure.proposed),
                    expires=utc(one.measure.expires),
                    people=one.measure.people,
                )
                for one in listed(connection, analysts, policy, now)
            )

        found = self._database(sources.measures).now_reading(work)
        self._measures = (clock.monotonic(), found)
        return found

    def appeals(self, *, account_id: str = "", waiting: bool = False) -> tuple[Appeal, ...]:
        """Return appeals of an account, or those that wait; oldest first.

        Raises:
            StillwatchError: the database is away.
        """
        if self.sources.appeals is None:
            return ()
        from stillwatch.stop.appeals.desk import find  # noqa: PLC0415 - extra `serve`

        table = appeal_tables.appeals

        def work(connection: Connection) -> tuple[Appeal, ...]:
            query = sa.select(table.c.appeal_id).order_by(table.c.filed).limit(_MOST)
            if account_id:
                query = query.where(table.c.account == account_id)
            if waiting:
                query = query.where(table.c.state == "waiting")
            names = connection.execute(query).scalars().all()
            found = (find(connection, appeal_id=name) for name in names)
            return tuple(
                Appeal(
                    appeal_id=one.appeal_id,
                    account_id=one.contested.account,
                    campaign_id=one.contested.campaign,
                    state=one.state,
                    filed=utc(one.filed),
                    words=one.words,
                    told=one.told,
                    decided_by=one.decided_by,
                    decided=utc(one.decided) if one.decided else None,
                )
                for one in found
                if one is not None
            )

        return self._database(self.sources.appeals).now_reading(work)

    def health(self, connection: Connection) -> tuple[SourceHealth, ...]:
        """Return how scan, state, measures, appeals, exchange and gateways stand.

        Args:
            connection: to the console's tables.
        """
        found = [self._scan(connection)]
        sources = self.sources
        if sources.state is not None:
            try:
                at = utc(int((sources.state / "state.json").stat().st_mtime * 1e6))
                found.append(self._by_age("state", str(sources.state), at, "last written"))
            except OSError as error:
                found.append(_down("state", str(sources.state), error.strerror or "away"))
        if sources.measures is not None:
            with _asked(found, "measures"):
                rows = self._all_measures()
                force = sum(row.state == "in force" for row in rows)
                words = f"{force} in force, {sum(row.state == 'waiting' for row in rows)} waiting"
                found.append(SourceHealth("measures", "measures", "ok", None, words))
        if sources.appeals is not None:
            with _asked(found, "appeals"):
                waits = self.appeals(waiting=True)
                since = waits[0].filed if waits else None
                words = f"{len(waits)} wait"
                found.append(SourceHealth("appeals", "appeals", "ok", since, words))
        if sources.exchange is not None:
            with _asked(found, "exchange"):
                found.append(self._exchange())
        found += [_gateway(name, address) for name, address in sorted(sources.gateways.items())]
        return tuple(found)

    def _scan(self, connection: Connection) -> SourceHealth:
        runs = console_tables.runs
        row = connection.execute(sa.select(runs).order_by(runs.c.number.desc()).limit(1)).first()
        if row is None:
            return SourceHealth("scan", "scan", "unknown", None, "no scan was imported yet")
        return self._by_age("scan", "scan", utc(row.as_of), "last look")

    def _exchange(self) -> SourceHealth:
        from stillwatch.share.exchange.membership import Home  # noqa: PLC0415 - extra `share`
        from stillwatch.share.exchange.store import Store  # noqa: PLC0415

        assert self.sources.exchange is not None  # noqa: S101 - asked where it is named
        home = Home(self.sources.exchange)
        hub = home.membership().hub
        store = Store(home.database)
        try:
            pulled, owed = store.meta("pulled"), len(store.recalls())
        finally:
            store.close()
        if not pulled:
            return SourceHealth("exchange", hub, "unknown", None, "nothing was pulled yet")
        at = utc(int(float(pulled) * 1e6))
        return self._by_age("exchange", hub, at, f"{owed} recalls owed; last pulled")

    def _by_age(self, kind: str, name: str, at: datetime, words: str) -> SourceHealth:
        age = clock.time() - at.timestamp()
        state = "late" if age > self.sources.late_after else "ok"
        return SourceHealth(kind, name, state, at, f"{words} {at:%Y-%m-%d %H:%M} UTC")

    def _database(self, url: str) -> Database:
        if url not in self._opened:
            self._opened[url] = Database(url)
        return self._opened[url]


@contextmanager
def _asked(found: list[SourceHealth], kind: str) -> Iterator[None]:
    try:
        yield
    except StillwatchError as error:
        found.append(_down(kind, kind, error.what))


def _gateway(name: str, address: str) -> SourceHealth:
    import httpx  # noqa: PLC0415 - extra `console`

    try:
        answer = httpx.get(address, timeout=_PATIENCE, follow_redirects=False, trust_env=False)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        return _down("gateway", name, f"does not answer: {type(error).__name__}")
    at = utc(clock.time_ns() // 1_000)
    if answer.status_code != httpx.codes.OK:
        return _down("gateway", name, f"is not ready: {answer.status_code}")
    return SourceHealth("gateway", name, "ok", at, "is ready")


def _down(kind: str, name: str, words: str) -> SourceHealth:
    return SourceHealth(kind, name, "down", None, words)
