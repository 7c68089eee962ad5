"""Pulling: pages of records, each verified against the log, taken with the place reached.

Nothing is believed because a hub says it: checkpoints are signed and continue each other, records
are in the log that the checkpoint stands for, and objects pass all rules again.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from stillwatch.errors import RefusedError
from stillwatch.ledger import VerifyKey
from stillwatch.share.exchange.logview import (
    Anchor,
    RemoteTiles,
    SplitViewError,
    advanced,
    in_log,
)
from stillwatch.share.exchange.membership import trusted
from stillwatch.share.exchange.records import Record, commitment_of, read_page, taken

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stillwatch.share.exchange.client import HubClient
    from stillwatch.share.exchange.membership import Home, Membership
    from stillwatch.share.exchange.records import Taken
    from stillwatch.share.exchange.store import Store
    from stillwatch.share.objects import Object

__all__ = ["Pulled", "Puller", "anchor_of"]

_PAGE = 500
_LOG = "/exchange/v1/log/"
_RECORDS = "/exchange/v1/records"


@dataclass(frozen=True, slots=True)
class Pulled:
    """What a pull brought."""

    objects: int
    """Versions of objects that were taken."""
    members: int
    """Changes of membership."""
    recalls: int
    """Objects that were taken back."""
    refused: int
    """Objects kept aside, since they break a rule."""
    repeated: int
    """Records that were held already."""


def anchor_of(membership: Membership) -> Anchor:
    """Return whom a membership trusts about the log."""
    return Anchor(
        origin=membership.origin,
        key=VerifyKey.decode(membership.log_key),
        witnesses=trusted(membership.witnesses),
        threshold=membership.threshold,
    )


class Puller:
    """Takes what a hub holds for this member.

    Args:
        client: asks the hub.
        store: keeps what is taken.
        home: keeps the evidence of a lie.
        membership: whom to trust.
    """

    def __init__(self, client: HubClient, store: Store, home: Home, membership: Membership) -> None:
        self._client = client
        self._store = store
        self._home = home
        self._anchor = anchor_of(membership)
        self._tiles = RemoteTiles(lambda path: client.get_bytes(_LOG + path))
        self._view = store.view()

    def pull(self) -> Pulled:
        """Take all that there is.

        Raises:
            UnreachableError: the hub is away; what came before is kept.
            RefusedError: the hub refuses, or lies; evidence is kept where there is some.
        """
        total = [0, 0, 0, 0, 0]
        while True:
            before = self._store.cursor
            page = read_page(self._client.get_bytes(_RECORDS, after=before, limit=_PAGE))
            part = self.take(page.records, page.checkpoint.encode(), last=page.last)
            for place, many in enumerate(
                (part.objects, part.members, part.recalls, part.refused, part.repeated)
            ):
                total[place] += many
            if not page.more or self._store.cursor <= before:  # M-9: a page that leads nowhere
                return Pulled(*total)

    def take(self, records: Sequence[Record], note: bytes, *, last: int | None = None) -> Pulled:
        """Verify records against the log and keep them.

        Args:
            records: in order of index.
            note: a checkpoint that the hub sent with them; empty to fetch the newest.
            last: where the hub says to go on.

        Raises:
            SplitViewError: the hub lied; evidence is kept, nothing is taken.
        """
        cursor = self._store.cursor
        fresh = [record for record in records if record.index > cursor]
        repeated = len(records) - len(fresh)
        if any(a.index >= b.index for a, b in pairwise(fresh)):
            raise RefusedError("M-9", "records are not in the order of the log")  # M-9
        try:
            self._see(note, need=fresh[-1].index if fresh else -1)
            fresh = self._covered(fresh)
            self._prove(fresh)
        except SplitViewError as error:
            name = f"{error.rule}-{int(self._client.clock())}"
            self._home.keep_evidence(name, {**error.evidence, "hub": self._client.hub})
            raise
        return self._keep(fresh, repeated, last)

    def _see(self, note: bytes, *, need: int) -> None:
        """Move to a newer view, one that covers an index where the hub has one."""
        size = self._view.checkpoint.size if self._view else 0
        if self._anchor.threshold or not note:
            # only a checkpoint with its cosignatures will do
            if need < size and note:
                return
            note = self._client.get_bytes(_LOG + "checkpoint")
        now = self._client.clock()
        view = advanced(self._view, note, self._anchor, self._tiles, now=now)
        if view is not self._view:
            self._view = view
            self._store.see(view)

    def _covered(self, records: list[Record]) -> list[Record]:
        """Return the records that the view covers; later ones wait for their cosignatures."""
        size = self._view.checkpoint.size if self._view else 0
        found = [record for record in records if record.index < size]
        if len(found) < len(records) and not self._anchor.threshold:
            raise SplitViewError(
                "M-3",
                f"record {records[len(found)].index} is beyond the log's {size} entries",
                {"checkpoint": self._view.note.decode() if self._view else "", "size": size},
            )  # M-3
        return found

    def _prove(self, records: Sequence[Record]) -> None:
        if self._view is None:
            raise RefusedError("M-1", "there is no checkpoint")  # M-1
        in_log(self._view, ((one.index, commitment_of(one)) for one in records), self._tiles)

    def _keep(self, records: Sequence[Record], repeated: int, last: int | None) -> Pulled:
        now = self._client.clock()
        kept: list[Taken] = []
        newer: dict[str, Object] = {}
        keyring = self._store.keyring()

        def previous(number: str) -> Object | None:
            return newer.get(number) or self._store.newest(number)

        for record in records:
            one = taken(record, previous, keyring, now=now)
            kept.append(one)
            if one.item is not None:
                newer[one.item.id] = one.item
        cursor = max(self._store.cursor, records[-1].index if records else -1)
        size = self._view.checkpoint.size if self._view else 0
        if last is not None and not self._anchor.threshold:
            cursor = max(cursor, min(last, size - 1))
        self._store.take(kept, cursor=cursor)
        return Pulled(
            objects=sum(one.item is not None for one in kept),
            members=sum(one.type == "member" and not one.rule for one in kept),
            recalls=sum(getattr(one.item, "revoked", None) is True for one in kept),
            refused=sum(bool(one.rule) for one in kept),
            repeated=repeated,
        )
