"""What a member holds: objects, sightings, its place in the log, what waits to leave.

SQLite in one file, written in transactions: what was taken and how far the member read are one
write, so that a killed process neither loses nor doubles a record.
"""

from __future__ import annotations

import contextlib
import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from stillwatch.errors import ConfigurationError
from stillwatch.ledger.checkpoints import parse_checkpoint
from stillwatch.share.exchange.keyring import HeldKey, Keyring, MemberChange
from stillwatch.share.exchange.layout import TABLES, VERSION
from stillwatch.share.exchange.logview import View
from stillwatch.share.exchange.records import Ceremony
from stillwatch.share.objects import (
    Indicator,
    Object,
    Pseudonym,
    Sighting,
    kind_of,
    pattern_of,
    seconds,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from stillwatch.share.exchange.records import Taken
    from stillwatch.share.objects import Content

__all__ = ["Held", "Outgoing", "Store", "slot_of"]

_DECODER: msgspec.json.Decoder[Object] = msgspec.json.Decoder(Object)
_KEYS = msgspec.json.Decoder(tuple[HeldKey, ...])


@dataclass(frozen=True, slots=True)
class Held:
    """An object as it is held."""

    item: Object
    index: int
    """Place in the log; -1 for what came otherwise."""
    source: str
    """``hub``, a bundle's signer or a TAXII server."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """An object that is to leave, or has left."""

    id: str
    version: str
    body: bytes
    approved_by: str
    state: str
    """``waiting``, ``sent`` or ``refused``."""
    words: str
    """What the hub said of it."""


class Store:
    """A member's store.

    Args:
        path: SQLite file, made where there is none.

    Raises:
        ConfigurationError: it is no store of this version.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._db = sqlite3.connect(path, isolation_level=None, timeout=30.0)
            path.chmod(0o600)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=FULL")
            with self._writing():
                (found,) = self._db.execute("PRAGMA user_version").fetchone()
                if found == 0:
                    for statement in TABLES.split(";")[:-1]:
                        self._db.execute(statement)
                    self._db.execute(f"PRAGMA user_version={VERSION}")
        except (sqlite3.Error, OSError) as error:
            raise ConfigurationError(
                f"the store cannot be opened: {error}",
                where=str(path),
                todo="check the file; what was pulled can be pulled again into a new one",
            ) from error
        if found not in {0, VERSION}:
            raise ConfigurationError(
                f"the store is of version {found}, this program's is {VERSION}",
                where=str(path),
                todo="use the program that wrote it, or pull again into a new folder",
            )

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def meta(self, name: str, default: str = "") -> str:
        """Return a remembered text."""
        row = self._db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return default if row is None else str(row[0])

    def remember(self, name: str, value: str) -> None:
        """Remember a text."""
        with self._writing():
            self._remember(name, value)

    def _remember(self, name: str, value: str) -> None:
        self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))

    @property
    def cursor(self) -> int:
        """Index of the last record that was taken; -1 before the first."""
        return int(self.meta("cursor", "-1"))

    def view(self) -> View | None:
        """Return the newest checkpoint that was verified."""
        note = self.meta("checkpoint").encode()
        return View(parse_checkpoint(note)[0], note) if note else None

    def see(self, view: View) -> None:
        """Remember a checkpoint that was verified."""
        self.remember("checkpoint", view.note.decode())

    def take(self, items: Sequence[Taken], *, cursor: int, source: str = "hub") -> None:
        """Keep records and the place that was reached, in one write."""
        with self._writing():
            for item in items:
                self._take(item, source)
            if source == "hub":
                self._remember("cursor", str(cursor))

    def _take(self, taken: Taken, source: str) -> None:
        item = taken.item
        if taken.rule:
            row = (taken.index, source, taken.rule, taken.publisher, taken.body)
            self._db.execute("INSERT OR IGNORE INTO refused VALUES (?, ?, ?, ?, ?)", row)
            return
        if taken.type == "epoch":
            self._db.execute(
                "INSERT OR IGNORE INTO ceremony VALUES (?, ?)", (taken.index, taken.body)
            )
            return
        if item is None:
            self._change(taken)
            return
        indicator = item if isinstance(item, Indicator) else None
        revoked = getattr(item, "revoked", None) is True
        self._db.execute(
            "INSERT OR REPLACE INTO object VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                item.id,
                item.type,
                item.modified,
                taken.index,
                getattr(item, "created_by_ref", None) or "",
                item.sighting_of_ref if isinstance(item, Sighting) else "",
                source,
                taken.made_by,
                revoked,
                seconds(indicator.valid_until) if indicator else 1e12,
                taken.body,
            ),
        )
        if revoked and indicator is not None:
            recall = indicator.fields.recall
            deadline = recall.deadline if recall else ""
            self._db.execute(
                "INSERT OR IGNORE INTO recall VALUES (?, ?, ?, 0)",
                (item.id, item.modified, deadline),
            )
            self._db.execute("DELETE FROM held_back WHERE id = ?", (item.id,))

    def _change(self, taken: Taken) -> None:
        change = msgspec.json.decode(taken.body, type=MemberChange)
        rows = self._db.execute("SELECT * FROM member WHERE id = ?", (taken.id,)).fetchall()
        keyring = _keyring(rows)
        keyring.change(change)
        state, keys = keyring.held(taken.id)
        name = change.name or (rows[0][1] if rows else "")
        row = (taken.id, name, state, msgspec.json.encode(keys).decode())
        self._db.execute("INSERT OR REPLACE INTO member VALUES (?, ?, ?, ?)", row)

    def ceremonies(self) -> list[bytes]:
        """Return the envelopes of the key operators' ceremonies that the log holds, in order."""
        rows = self._db.execute("SELECT body FROM ceremony ORDER BY idx")
        return [bytes(msgspec.json.decode(body, type=Ceremony).envelope) for (body,) in rows]

    def newest(self, number: str) -> Object | None:
        """Return the newest version held of an object."""
        row = self._db.execute("SELECT body FROM object WHERE id = ?", (number,)).fetchone()
        return None if row is None else _DECODER.decode(row[0])

    def objects(self) -> Iterator[Held]:
        """Yield all that is held, recalled and expired too, by id."""
        for body, index, source in self._db.execute(
            "SELECT body, idx, source FROM object ORDER BY id"
        ):
            yield Held(_DECODER.decode(body), index, source)

    def live(self, now: float) -> Iterator[Held]:
        """Yield the indicators that may be matched: not recalled, expired or held back."""
        for body, index, source in self._db.execute(
            "SELECT body, idx, source FROM object WHERE type = 'indicator' AND NOT revoked"
            " AND ends > ? AND id NOT IN (SELECT id FROM held_back) ORDER BY id",
            (now,),
        ):
            yield Held(_DECODER.decode(body), index, source)

    def sightings(self) -> Iterator[Sighting]:
        """Yield the sightings that stand."""
        for (body,) in self._db.execute(
            "SELECT body FROM object WHERE type = 'sighting' AND NOT revoked ORDER BY version"
        ):
            item = _DECODER.decode(body)
            if isinstance(item, Sighting):
                yield item

    def authors(self) -> dict[str, str]:
        """Return the author of every indicator held, recalled ones too."""
        rows = self._db.execute("SELECT id, author FROM object WHERE type = 'indicator'")
        return dict(rows.fetchall())

    def members(self) -> list[tuple[str, str, str]]:
        """Return id, name and state of all members that the log names."""
        rows = self._db.execute("SELECT id, name, state FROM member ORDER BY id")
        return [tuple(row) for row in rows]

    def keyring(self) -> Keyring:
        """Return the keys of all members, as far as the log was read."""
        return _keyring(self._db.execute("SELECT * FROM member").fetchall())

    def counts(self, now: float) -> dict[str, int]:
        """Return how many objects are in which state."""
        ask = {
            "indicators": "type = 'indicator' AND NOT revoked AND ends > ?",
            "recalled": "type = 'indicator' AND revoked AND ends < ?",
            "expired": "type = 'indicator' AND NOT revoked AND ends <= ?",
            "sightings": "type = 'sighting' AND ends > ?",
        }
        ends = {"recalled": 2e12}
        found = {
            name: int(
                self._db.execute(
                    f"SELECT count(*) FROM object WHERE {where}",  # noqa: S608 - our own text
                    (ends.get(name, now),),
                ).fetchone()[0]
            )
            for name, where in ask.items()
        }
        for table in ("refused", "held_back"):
            row = self._db.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608
            found[table] = int(row[0])
        return found

    def refusals(self) -> list[tuple[int, str, str, str]]:
        """Return index, source, rule and publisher of what was kept aside."""
        rows = self._db.execute("SELECT idx, source, rule, publisher FROM refused ORDER BY idx")
        return [tuple(row) for row in rows]

    def hold_back(self, number: str, *, share: float, hit: int, now: float) -> None:
        """Keep an indicator from being matched, since it hits too many who are known good."""
        with self._writing():
            self._db.execute(
                "INSERT OR REPLACE INTO held_back VALUES (?, ?, ?, ?)", (number, share, hit, now)
            )

    def release(self, number: str) -> bool:
        """Let an indicator that was held back be matched again; say whether it was."""
        with self._writing():
            done = self._db.execute("DELETE FROM held_back WHERE id = ?", (number,))
        return done.rowcount > 0

    def held_back(self) -> list[tuple[str, float, int, float]]:
        """Return id, share, accounts hit and since when, of what is held back."""
        rows = self._db.execute("SELECT id, share, hit, since FROM held_back ORDER BY id")
        return [tuple(row) for row in rows]

    def queue(self, items: Sequence[tuple[Object, bytes]], *, approved_by: str, now: float) -> None:
        """Put objects out to leave, with who approved of it."""
        with self._writing():
            for item, body in items:
                self._db.execute(
                    "INSERT OR IGNORE INTO outgoing VALUES (?, ?, ?, ?, ?, 'waiting', '')",
                    (item.id, item.modified, body, approved_by, now),
                )
                if isinstance(item, Indicator):
                    slot = (item.fields.campaign, slot_of(item.content), item.id)
                    self._db.execute("INSERT OR REPLACE INTO own VALUES (?, ?, ?)", slot)

    def waiting(self) -> list[Outgoing]:
        """Return what has not left, in the order of approval."""
        rows = self._db.execute(
            "SELECT id, version, body, approved_by, state, words FROM outgoing"
            " WHERE state = 'waiting' ORDER BY made, version, id"
        )
        return [Outgoing(*row) for row in rows]

    def sign_again(self, number: str, version: str, body: bytes) -> None:
        """Put an object that waits to leave under a newer signature."""
        with self._writing():
            self._db.execute(
                "UPDATE outgoing SET body = ? WHERE id = ? AND version = ?", (body, number, version)
            )

    def left(self, number: str, version: str, *, state: str, words: str = "") -> None:
        """Note what became of an object that was to leave."""
        with self._writing():
            self._db.execute(
                "UPDATE outgoing SET state = ?, words = ? WHERE id = ? AND version = ?",
                (state, words, number, version),
            )

    def sent_since(self, since: float) -> int:
        """Return how many objects were approved since a time."""
        row = self._db.execute("SELECT count(*) FROM outgoing WHERE made >= ?", (since,)).fetchone()
        return int(row[0])

    def own(self, campaign: str, kind: str) -> str | None:
        """Return the id of the indicator of a kind that was published of a campaign."""
        row = self._db.execute(
            "SELECT id FROM own WHERE campaign = ? AND kind = ?", (campaign, kind)
        ).fetchone()
        return None if row is None else str(row[0])

    def published(self) -> list[Object]:
        """Return the newest versions of own objects that left or wait to."""
        rows = self._db.execute(
            "SELECT body, max(version) FROM outgoing WHERE state <> 'refused' GROUP BY id"
        )
        return [_DECODER.decode(body) for body, _ in rows]

    def last_sent(self, number: str) -> Object | None:
        """Return the newest version of an own object that was put out to leave."""
        row = self._db.execute(
            "SELECT body FROM outgoing WHERE id = ? AND state <> 'refused'"
            " ORDER BY version DESC LIMIT 1",
            (number,),
        ).fetchone()
        return None if row is None else _DECODER.decode(row[0])

    def recalls(self) -> list[tuple[str, str, str]]:
        """Return id, version and deadline of recalls that were not acknowledged."""
        rows = self._db.execute(
            "SELECT id, version, deadline FROM recall WHERE NOT acknowledged ORDER BY deadline, id"
        )
        return [tuple(row) for row in rows]

    def acknowledged(self, number: str, version: str) -> None:
        """Note that the hub has this member's word on a recall."""
        with self._writing():
            self._db.execute(
                "UPDATE recall SET acknowledged = 1 WHERE id = ? AND version = ?", (number, version)
            )


def _keyring(rows: Sequence[tuple[str, str, str, str]]) -> Keyring:
    return Keyring({number: (state, _KEYS.decode(keys)) for number, _, state, keys in rows})


def slot_of(content: Content) -> str:
    """Return what of a campaign a content is: one slot has one indicator, in versions."""
    kind = kind_of(content)
    if isinstance(content, Pseudonym) or kind.startswith("network:"):
        return pattern_of(content)
    return f"{kind}:{getattr(content, 'epoch', '')}"
