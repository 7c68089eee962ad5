"""Updates and files into one snapshot of knowledge, from which what was recalled is left out."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.errors import RefusedError
from stillwatch.stop.service.bodies import Indicators, read_indicators, read_recall, read_scan_body
from stillwatch.stop.service.bodies import read_table as _read_table
from stillwatch.stop.serving import Knowledge

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from stillwatch.stop.responses import Measure
    from stillwatch.stop.service.board import Board
    from stillwatch.stop.service.bodies import Recall, Scan

__all__ = ["Recalls", "knowledge_of", "readable"]


@dataclass(frozen=True, slots=True)
class Recalls:
    """What people took back, ready to be looked up."""

    campaigns: frozenset[str]
    """Campaigns that were wrong as a whole."""
    members: frozenset[tuple[str, str]]
    """(account, campaign) that do not belong together."""
    accounts: dict[str, int]
    """Accounts cleared of every campaign flagged up to a time, microseconds since 1970."""
    indicators: frozenset[str]
    """Indicators that matched wrongly."""
    measures: frozenset[tuple[str, str]]
    """(measure, account) that are lifted; the account is empty where a campaign was wrong."""

    @classmethod
    def of(cls, recalls: Iterable[Recall], *, now: int) -> Recalls:
        """Sort recalls that have not ended."""
        alive = [one for one in recalls if one.until > now]
        cleared: dict[str, int] = {}
        for one in alive:
            if one.account and not one.campaign:
                cleared[one.account] = max(cleared.get(one.account, 0), one.at)
        return cls(
            campaigns=frozenset(one.campaign for one in alive if one.campaign and not one.account),
            members=frozenset((one.account, one.campaign) for one in alive if one.account),
            accounts=cleared,
            indicators=frozenset(name for one in alive for name in one.indicators),
            measures=frozenset((name, one.account) for one in alive for name in one.measures),
        )

    def verdicts(self, table: pa.Table) -> pa.Table:
        """Return the rows that still count."""
        if not (self.campaigns or self.members or self.accounts):
            return table
        accounts = table.column("account_id").cast(pa.string())
        campaigns = table.column("campaign_id").cast(pa.string())
        # recalls are few: only rows that one could be about are looked at one by one
        named = pa.array(sorted({name for name, _ in self.members} | set(self.accounts)))
        suspect = pc.or_(
            pc.is_in(accounts, named.cast(pa.string())),
            pc.is_in(campaigns, pa.array(sorted(self.campaigns), pa.string())),
        )
        flagged = table.column("flagged_at").cast(pa.int64())
        gone = [
            row
            for row in pc.indices_nonzero(suspect).to_pylist()
            if campaigns[row].as_py() in self.campaigns
            or (accounts[row].as_py(), campaigns[row].as_py()) in self.members
            or (flagged[row].as_py() or 0) <= self.accounts.get(accounts[row].as_py(), -1)
        ]
        keep = [True] * table.num_rows
        for row in gone:
            keep[row] = False
        return table.filter(pa.array(keep, pa.bool_()))

    def intelligence(self, table: pa.Table) -> pa.Table:
        """Return the rows that still count: an account that was cleared is cleared of peers' too.

        A peer's word about a cleared account counts again when the indicator is a later one.
        """
        names = table.column_names
        indicator = table.column("indicator").to_pylist() if "indicator" in names else []
        times = table.column("time").cast(pa.int64()).to_pylist()
        accounts = table.column("account_id").cast(pa.string()).to_pylist()
        actors = table.column("actor").to_pylist()
        keep = [
            account is None
            or not (
                (account, actor) in self.members
                or times[row] <= self.accounts.get(account, -1)
                or (indicator and indicator[row] in self.indicators)
            )
            for row, (account, actor) in enumerate(zip(accounts, actors, strict=True))
        ]
        return table.filter(pa.array(keep, pa.bool_()))

    def of_peers(self, found: Indicators) -> Indicators:
        """Return the indicators that still count."""
        return Indicators(
            tuple(one for one in found.pieces if one.name not in self.indicators),
            tuple(one for one in found.places if one.name not in self.indicators),
        )

    def in_force(self, measures: Iterable[Measure]) -> list[Measure]:
        """Return the measures that still count.

        One on a campaign outlives the appeal of one account, which is no member of it any more.
        """
        return [
            one
            for one in measures
            if (one.measure_id, "") not in self.measures
            and not (one.account and (one.measure_id, one.account) in self.measures)
        ]


def readable(board: Board, kind: str, broken: list[RefusedError]) -> list[Any]:
    """Return the bodies of a kind, oldest first; those that cannot be read are told and left out.

    Args:
        board: the newest updates.
        kind: of which.
        broken: takes the errors.
    """
    read: dict[str, Any] = {
        "scan": read_scan_body,
        "intelligence": _read_table,
        "indicators": read_indicators,
        "recall": read_recall,
    }
    found = []
    for update in board.of(kind):
        try:
            found.append(read[kind](update.body))
        except RefusedError as error:
            broken.append(error)
    return found


def knowledge_of(
    board: Board,
    *,
    version: int,
    now: int,
    accounts: pa.Table | None = None,
    decoys: Sequence[str] = (),
    secret: bytes = b"",
) -> tuple[Knowledge, list[RefusedError]]:
    """Build a snapshot of what is known; seconds for a million accounts.

    Args:
        board: the newest updates.
        version: of the snapshot.
        now: microseconds since 1970; recalls end.
        accounts: the account table.
        decoys: account ids of decoy keys.
        secret: as the core's.

    Returns:
        The snapshot, and why some updates are not in it.

    Raises:
        InputFormatError: the account table lacks a column.
        ConfigurationError: an indicator is of no kind.
    """
    broken: list[RefusedError] = []
    recalls = Recalls.of(readable(board, "recall", broken), now=now)
    scans: list[Scan] = readable(board, "scan", broken)
    scan = scans[-1] if scans else None
    told = [recalls.intelligence(one) for one in readable(board, "intelligence", broken)]
    peers = [recalls.of_peers(one) for one in readable(board, "indicators", broken)]
    made = Knowledge.of(
        version,
        verdicts=None if scan is None else recalls.verdicts(scan.verdicts),
        campaigns=[]
        if scan is None
        else [one for one in scan.campaigns if one["campaign_id"] not in recalls.campaigns],
        as_of=0 if scan is None else scan.as_of,
        accounts=accounts,
        intelligence=pa.concat_tables(told, promote_options="permissive") if told else None,
        pieces=[one for found in peers for one in found.pieces],
        places=[one for found in peers for one in found.places],
        decoys=decoys,
        secret=secret,
        seed=secrets.randbits(63) | 1,
    )
    return made, broken
