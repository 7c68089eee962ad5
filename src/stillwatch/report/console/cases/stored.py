"""The cases behind the pages: who may ask, then a reading or a transaction."""

from __future__ import annotations

import time as clock
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from stillwatch.errors import StillwatchError
from stillwatch.find.campaigns.rulings import encode_rulings
from stillwatch.report.console.cases import (
    account_page,
    acts,
    campaign_page,
    listing,
    overview,
    peers,
)
from stillwatch.report.console.cases import queue as waiting
from stillwatch.report.console.cases.beside import Beside
from stillwatch.report.console.cases.deciding import decide
from stillwatch.report.console.cases.interface import (
    Approve,
    Decline,
    Request,
    Undo,
    Withdraw,
)
from stillwatch.report.console.cases.overview import NEWS
from stillwatch.report.console.cases.requests import answer, ask
from stillwatch.report.console.cases.roles import Act, may
from stillwatch.report.console.cases.standing import standing_rulings
from stillwatch.report.console.cases.undoing import undo
from stillwatch.store import console_tables as tables

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy import Connection

    from stillwatch.report.console.cases.interface import Cases, Decision, Query, Sources
    from stillwatch.report.console.cases.records import (
        AccountRow,
        AccountView,
        Action,
        Appeal,
        Approval,
        CampaignRow,
        CampaignView,
        Change,
        ExchangeView,
        Graph,
        GroupRow,
        GroupView,
        MeasureRow,
        Member,
        Now,
        Page,
        QueueItem,
        SourceHealth,
    )
    from stillwatch.report.console.cases.roles import Person
    from stillwatch.store import Database

__all__ = ["StoredCases"]

_DAY = 86_400_000_000
_FRESH = 10.0
"""Seconds for which the health of sources is remembered."""


class StoredCases:
    """Cases in a database; see ``interface.Cases``, which this is.

    Args:
        database: the console's own, with its tables made.
        sources: where everything else stands.
        now: microseconds since 1970.
    """

    def __init__(
        self,
        database: Database,
        sources: Sources,
        *,
        now: Callable[[], int] = lambda: clock.time_ns() // 1_000,
    ) -> None:
        self.database = database
        self.beside = Beside(sources)
        self._now = now
        self._health: tuple[float, tuple[SourceHealth, ...]] = (-1e9, ())

    def close(self) -> None:
        """Close the databases of others; the console's own is its opener's."""
        self.beside.close()

    async def version(self) -> str:
        """Return what changes with every import and act."""
        return await self.database.read(overview.version)

    async def now(self, person: Person, since: datetime | None = None) -> Now:
        """Return the first page; changes since a time, a day back where None."""
        may(person, Act.SEE_OVERVIEW)
        health = await self.health()
        at = self._now()
        start = at - _DAY if since is None else int(since.timestamp() * 1e6)

        def work(connection: Connection) -> Now:
            counts = waiting.waiting(connection, self._waiting(), at)
            return overview.now(connection, start, counts, health)

        found = await self.database.read(work)
        return replace(found, changes=_seen(person, found.changes))

    async def health(self) -> tuple[SourceHealth, ...]:
        """Return how sources, hub and gateways stand; asked at most every ten seconds."""
        at, found = self._health
        if clock.monotonic() - at > _FRESH:
            found = await self.database.read(self.beside.health)
            self._health = (clock.monotonic(), found)
        return found

    async def changes(self, person: Person, since: datetime, most: int = 200) -> tuple[Change, ...]:
        """Return what changed since a time, newest first."""
        may(person, Act.SEE_CAMPAIGNS)
        start = int(since.timestamp() * 1e6)
        found = await self.database.read(overview.changes, start, max(1, min(most, 1_000)))
        return _seen(person, found)

    async def campaigns(self, person: Person, query: Query) -> Page[CampaignRow]:
        """Return campaigns."""
        may(person, Act.SEE_CAMPAIGNS)
        return await self.database.read(listing.campaigns, query)

    async def campaign(self, person: Person, campaign_id: str) -> CampaignView:
        """Return one campaign."""
        may(person, Act.SEE_CAMPAIGNS)

        def work(connection: Connection) -> CampaignView:
            measures = self._measures(campaign_id=campaign_id)
            return campaign_page.campaign(connection, campaign_id, measures)

        found = await self.database.read(work)
        return found if person.may(Act.SEE_LOG) else replace(found, decisions=(), requests=())

    async def members(self, person: Person, campaign_id: str, query: Query) -> Page[Member]:
        """Return a campaign's accounts."""
        may(person, Act.SEE_CAMPAIGNS)

        def work(connection: Connection) -> Page[Member]:
            campaign_page.row_of(connection, campaign_id)
            return listing.members(connection, campaign_id, query)

        return await self.database.read(work)

    async def graph(self, person: Person, campaign_id: str, most: int = 2_000) -> Graph:
        """Return a campaign's network: entities first, then members by what they share."""
        may(person, Act.SEE_CAMPAIGNS)
        return await self.database.read(campaign_page.graph, campaign_id, most)

    async def groups(self, person: Person, query: Query) -> Page[GroupRow]:
        """Return groups that the newest scan did not declare."""
        may(person, Act.SEE_CAMPAIGNS)
        return await self.database.read(listing.groups, query)

    async def group(self, person: Person, group: str) -> GroupView:
        """Return one of them with its evidence."""
        may(person, Act.SEE_CAMPAIGNS)
        return await self.database.read(campaign_page.group, group)

    async def accounts(self, person: Person, query: Query) -> Page[AccountRow]:
        """Return accounts; who may see one at a time only gets those whose whole id is given."""
        may(person, Act.SEE_ACCOUNTS)
        exact = not person.may(Act.SEE_CAMPAIGNS)

        def work(connection: Connection) -> Page[AccountRow]:
            return listing.accounts(connection, query, exact=exact)

        return await self.database.read(work)

    async def account(self, person: Person, account_id: str, peers: int = 1) -> AccountView:
        """Return one account, with a page of its peers in the network."""
        may(person, Act.SEE_ACCOUNTS)

        def work(connection: Connection) -> AccountView:
            row = account_page.account_row(connection, account_id)
            own = self._measures(account_id=row.account)
            for name in account_page.campaigns_of(connection, row.account):
                own += self._measures(campaign_id=name)
            appeals = self._appeals(row.account)
            return account_page.account(connection, row.account, peers, own, appeals)

        found = await self.database.read(work)
        if not person.may(Act.SEE_LOG):
            found = replace(found, decisions=())
        if not person.may(Act.SEE_CAMPAIGNS):  # one account at a time
            found = replace(found, peers=replace(found.peers, rows=()))
        return found

    async def queue(self, person: Person, query: Query) -> Page[QueueItem]:
        """Return what waits, each with what this person may do about it."""
        may(person, Act.SEE_CAMPAIGNS)

        def work(connection: Connection) -> Page[QueueItem]:
            return waiting.queue(connection, person, query, self._waiting(), self._now())

        return await self.database.read(work)

    async def approvals(self, person: Person, state: str = "") -> tuple[Approval, ...]:
        """Return requests, newest first; all states where none is named, 200 at most."""
        may(person, Act.SEE_CAMPAIGNS)
        return await self.database.read(acts.approvals, state, self._now())

    async def exchange(self, person: Person, query: Query) -> ExchangeView:
        """Return what arrived and left, and what peers' records are."""
        may(person, Act.SEE_EXCHANGE)
        return await self.database.read(peers.exchange, query)

    async def actions(self, person: Person, query: Query) -> Page[Action]:
        """Return the log."""
        may(person, Act.SEE_LOG)
        return await self.database.read(acts.actions, query)

    async def act(self, person: Person, decision: Decision, why: str) -> Action:
        """Do something, as one transaction and one line of the log; see ``interface.Cases``."""
        policy = self.beside.policy() if isinstance(decision, Request) else None
        at = self._now()

        def work(connection: Connection) -> Action:
            if isinstance(decision, Request):
                assert policy is not None  # noqa: S101 - read above
                number = ask(connection, person, decision, why, policy, at)
            elif isinstance(decision, Approve | Decline | Withdraw):
                number = answer(connection, person, decision, why, at)
            elif isinstance(decision, Undo):
                number = undo(connection, person, decision.number, why, at)
            else:
                number = decide(connection, person, decision, why, at)
            table = tables.actions
            row: Any = connection.execute(table.select().where(table.c.number == number)).one()
            return acts.action_of(row)

        return await self.database.write(work)

    async def decisions(self, person: Person) -> bytes:
        """Return ``decisions.json``, which ``stillwatch scan --decisions`` reads."""
        may(person, Act.EXPORT)
        return encode_rulings(await self.database.read(standing_rulings))

    def _measures(self, *, campaign_id: str = "", account_id: str = "") -> tuple[MeasureRow, ...]:
        try:
            return self.beside.measures(campaign_id=campaign_id, account_id=account_id)
        except StillwatchError:
            return ()  # `health` says what is wrong with it

    def _appeals(self, account_id: str) -> tuple[Appeal, ...]:
        try:
            return self.beside.appeals(account_id=account_id)
        except StillwatchError:
            return ()

    def _waiting(self) -> tuple[Appeal, ...]:
        try:
            return self.beside.appeals(waiting=True)
        except StillwatchError:
            return ()


def _seen(person: Person, changes: tuple[Change, ...]) -> tuple[Change, ...]:
    """Return the changes that somebody may see: acts name those who acted."""
    if not person.may(Act.SEE_CAMPAIGNS):
        return ()
    if person.may(Act.SEE_LOG):
        return changes
    return tuple(one for one in changes if one.kind in NEWS)


if TYPE_CHECKING:

    def _conforms(cases: StoredCases) -> Cases:
        """Let the type checker compare the two."""
        return cases
