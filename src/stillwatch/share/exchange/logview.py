"""One log for all: checkpoints that must continue each other, and records that must be in it.

Rules of the member, M-1 to M-9, are listed in docs/reference/exchange-member.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stillwatch.errors import RefusedError, UnreachableError
from stillwatch.ledger import Checkpoint, VerifyKey, cosignatures, merkle
from stillwatch.ledger.checkpoints import open_checkpoint
from stillwatch.ledger.tiles import tile_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from stillwatch.ledger.merkle import Tile, Tiles

__all__ = ["Anchor", "RemoteTiles", "SplitViewError", "View", "advanced", "in_log"]


class SplitViewError(RefusedError):
    """A log showed two histories, or a record that is not in it; what shows it is kept.

    Args:
        rule: rule of the member.
        what: one sentence.
        evidence: what a stranger needs to see it.
    """

    def __init__(self, rule: str, what: str, evidence: dict[str, object]) -> None:
        super().__init__(
            rule,
            what,
            todo="nothing was taken; show the evidence to the hub's operator and to other members",
        )
        self.evidence = evidence


@dataclass(frozen=True, slots=True)
class Anchor:
    """What a member trusts about a log."""

    origin: str
    """The log's name."""
    key: VerifyKey
    """Its key."""
    witnesses: tuple[VerifyKey, ...] = ()
    """Witnesses that count."""
    threshold: int = 0
    """How many of them must have cosigned."""
    oldest: int | None = None
    """Seconds that a cosignature may be old, so that a frozen log shows; any age where None."""


@dataclass(frozen=True, slots=True)
class View:
    """The newest checkpoint that a member verified."""

    checkpoint: Checkpoint
    note: bytes
    """As received, with its signatures."""


class RemoteTiles:
    """Tiles of a hub's log, fetched once each.

    Args:
        fetch: path below the log's prefix to bytes.
    """

    def __init__(self, fetch: Callable[[str], bytes]) -> None:
        self._fetch = fetch
        self._held: dict[tuple[int, int], bytes] = {}

    def read(self, tile: Tile) -> bytes:
        """Return a tile, see `ledger.merkle.Tiles`; nothing in it is trusted before a proof."""
        wanted = tile.width * 32
        held = self._held.get((tile.level, tile.index), b"")
        if len(held) < wanted:
            if len(self._held) > 4_096:
                self._held.clear()
            held = self._fetch(tile_path(tile))[: 256 * 32]
            self._held[tile.level, tile.index] = held
        return held if len(held) >= wanted else b""


def advanced(view: View | None, raw: bytes, anchor: Anchor, tiles: Tiles, *, now: float) -> View:
    """Return the newer of two views after verifying that the log only grew.

    Args:
        view: the newest so far.
        raw: a checkpoint as received.
        anchor: whom to trust.
        tiles: of the log.
        now: seconds since 1970.

    Raises:
        RefusedError: M-1, with L-n in its words: the note is not the log's, or too few witnesses
            cosigned it.
        SplitViewError: M-2 it does not continue what was seen.
        UnreachableError: tiles are missing.
    """
    try:
        checkpoint, note = open_checkpoint(raw, anchor.origin, [anchor.key])
        if anchor.threshold:
            cosignatures.require_witnesses(
                note, anchor.witnesses, anchor.threshold, now=int(now), oldest=anchor.oldest
            )
    except RefusedError as error:
        raise RefusedError("M-1", str(error), todo="ask the hub's operator") from error  # M-1
    if view is None:
        return View(checkpoint, raw)
    old, new = sorted((view.checkpoint, checkpoint), key=lambda item: item.size)
    try:
        proof = merkle.consistency_proof(old.size, new.size, tiles)
        merkle.verify_consistency(old.size, new.size, old.root, new.root, proof)
    except RefusedError as error:
        if checkpoint.size >= view.checkpoint.size:  # a log that was cut back has lost its tiles
            _unless_missing(error)
        raise SplitViewError(
            "M-2",
            f"the log does not continue what was seen: {error}",
            {"seen": view.note.decode(), "now": raw.decode("utf-8", "replace"), "why": str(error)},
        ) from error  # M-2
    return View(checkpoint, raw) if checkpoint.size >= view.checkpoint.size else view


def in_log(view: View, entries: Iterable[tuple[int, bytes]], tiles: Tiles) -> None:
    """Refuse records that are not in the log where they say.

    Args:
        view: a verified checkpoint that covers the indices.
        entries: each record's place and its entry, 32 bytes.
        tiles: of the log.

    Raises:
        UnreachableError: tiles are missing.
        SplitViewError: M-3.
    """
    checkpoint = view.checkpoint
    reader = merkle.Reader(tiles, checkpoint.size)
    for index, commitment in entries:
        try:
            proof = reader.inclusion_proof(index)
            leaf = merkle.leaf_hash(commitment)
            merkle.verify_inclusion(leaf, index, checkpoint.size, proof, checkpoint.root)
        except RefusedError as error:
            _unless_missing(error)
            raise SplitViewError(
                "M-3",
                f"record {index} is not in the log: {error}",
                {"checkpoint": view.note.decode(), "index": index, "commitment": commitment.hex()},
            ) from error  # M-3


def _unless_missing(error: RefusedError) -> None:
    """Raise what says that a tile did not come, which shows no lie.

    Raises:
        UnreachableError: the tile is missing or short.
        RefusedError: the hub refused to give it.
    """
    if error.rule == "L-8":
        raise UnreachableError(
            "a tile of the log is missing", where=str(error), todo="try again later"
        ) from error
    if not error.rule.startswith("L-"):
        raise error
