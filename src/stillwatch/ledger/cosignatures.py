"""Cosignatures: a witness says that it saw a log only grow (C2SP tlog-cosignature, version 1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stillwatch.errors import RefusedError
from stillwatch.ledger.keys import COSIGNATURE
from stillwatch.ledger.notes import SignatureLine

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stillwatch.ledger.keys import SigningKey, VerifyKey
    from stillwatch.ledger.notes import Note

__all__ = ["Cosignature", "cosign", "require_witnesses", "verify_cosignatures"]

_LONGEST = 8 + 64


@dataclass(frozen=True)
class Cosignature:
    """One witness's word for a checkpoint, verified."""

    witness: VerifyKey
    """Who gave it."""

    time: int
    """When, seconds since 1970 by the witness's clock."""


def cosign(text: str, key: SigningKey, now: int) -> SignatureLine:
    """Return a witness's cosignature of a checkpoint's text.

    Args:
        text: the checkpoint, all of its lines.
        key: the witness's, of kind `COSIGNATURE`.
        now: seconds since 1970, not 0.

    Raises:
        RefusedError: L-14 the key is of another kind, or the time is no time.
    """
    if key.public.kind != COSIGNATURE or not 0 < now < 1 << 63:  # L-14
        raise RefusedError("L-14", "a cosignature needs a witness's key and a time")
    signature = now.to_bytes(8, "big") + key.sign(_message(text, now))
    return SignatureLine(key.name, key.public.note_id, signature)


def verify_cosignatures(
    note: Note, witnesses: Iterable[VerifyKey], *, now: int, ahead: int = 300
) -> tuple[Cosignature, ...]:
    """Return the cosignatures under a checkpoint, the newest of each witness.

    Args:
        note: the checkpoint; its log's signature is verified by `open_checkpoint`.
        witnesses: keys of kind `COSIGNATURE`.
        now: seconds since 1970.
        ahead: seconds that a witness's clock may be before ours.

    Raises:
        RefusedError: L-14 a line names one of the witnesses and does not verify, or is of a time to
            come.
    """
    found = []
    for witness in witnesses:
        times = [
            _time(note.text, line, witness, now + ahead)
            for line in note.signatures
            if witness.kind == COSIGNATURE and line.by(witness)
        ]
        if times:
            found.append(Cosignature(witness, max(times)))
    return tuple(found)


def require_witnesses(
    note: Note,
    witnesses: Iterable[VerifyKey],
    threshold: int,
    *,
    now: int,
    oldest: int | None = None,
) -> tuple[Cosignature, ...]:
    """Return the cosignatures under a checkpoint, and refuse one that too few witnesses saw.

    Args:
        note: the checkpoint.
        witnesses: keys that count, each operator's once.
        threshold: how many of them have to have cosigned.
        now: seconds since 1970.
        oldest: seconds that a cosignature may be old to count; any age where None.

    Raises:
        RefusedError: L-14 as `verify_cosignatures`; L-15 too few.
    """
    by_key = {witness.raw: witness for witness in witnesses}
    found = verify_cosignatures(note, by_key.values(), now=now)
    counted = tuple(seen for seen in found if oldest is None or now - seen.time <= oldest)
    if len(counted) < threshold:  # L-15
        raise RefusedError("L-15", f"{len(counted)} witnesses cosigned and {threshold} are needed")
    return counted


def _time(text: str, line: SignatureLine, witness: VerifyKey, latest: int) -> int:
    time = int.from_bytes(line.signature[:8], "big")
    if (
        len(line.signature) != _LONGEST
        or not 0 < time < 1 << 63
        or not witness.verify(line.signature[8:], _message(text, time))
    ):  # L-14
        raise RefusedError("L-14", "a witness's cosignature does not verify", where=witness.name)
    if time > latest:  # L-14
        raise RefusedError("L-14", "a cosignature is of a time to come", where=witness.name)
    return time


def _message(text: str, time: int) -> bytes:
    return f"cosignature/v1\ntime {time}\n{text}".encode()
