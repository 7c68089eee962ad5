"""What a ceremony is for: which terms come next, and to which a person's word is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from stillwatch.disk import read_small, write_whole
from stillwatch.errors import OutputError, RefusedError
from stillwatch.share.oprf import ceremony, epochs
from stillwatch.share.oprf.shares import read_secret

if TYPE_CHECKING:
    from pathlib import Path

    from stillwatch.share.oprf.home import Home

__all__ = [
    "expect",
    "expected",
    "is_record",
    "pending",
    "record_of",
    "terms_in",
    "terms_of_new",
    "terms_of_refresh",
    "write_message",
]

_DAY = 86_400
_EXPECTED = "expected.json"


class _Typed(msgspec.Struct, rename="camel"):
    """An envelope's type."""

    payload_type: str


def terms_of_new(home: Home, starts: int, lost: tuple[int, ...] = ()) -> epochs.Terms:
    """Return the terms of the epoch after the last.

    Args:
        home: folder.
        starts: when it begins, seconds since 1970.
        lost: epochs that end with that.
    """
    number = max(home.certificates(), default=0) + 1
    return epochs.Terms(
        exchange=home.settings.exchange,
        epoch=number,
        generation=0,
        starts=starts,
        lost=sorted(lost),
    )


def terms_of_refresh(home: Home, epoch: int) -> epochs.Terms:
    """Return the terms of an epoch's next refresh.

    Raises:
        RefusedError: P-8 the epoch is not known.
    """
    record = record_of(home, epoch)
    return epochs.Terms(
        exchange=record.exchange,
        epoch=epoch,
        generation=record.generation + 1,
        starts=record.starts,
        lost=record.lost,
    )


def expect(home: Home, lost: tuple[int, ...]) -> None:
    """Agree that the service answers a ceremony that ends these epochs (P-8)."""
    write_message(home.path / "ceremony" / _EXPECTED, msgspec.json.encode(sorted(lost)))


def expected(home: Home, terms: epochs.Terms) -> None:
    """Refuse to answer a ceremony that nobody here has agreed to, when no person is asked.

    A refresh, and an epoch on time, are always in order. Otherwise one operator could end epochs,
    or begin new ones with new quotas, as often as it likes.

    Raises:
        RefusedError: P-8 the epoch begins early, or ends others that were not agreed upon.
    """
    known = home.certificates()
    if terms.generation or terms.epoch in known:
        return
    file = home.path / "ceremony" / _EXPECTED
    agreed = (
        msgspec.json.decode(read_small(file, "a list"), type=list[int]) if file.exists() else []
    )
    unknown = set(terms.lost) - set(agreed)
    if unknown:  # P-8
        raise RefusedError(
            "P-8",
            f"nobody here has agreed that epoch {min(unknown)} is lost",
            todo=f"there: stillwatch oprf ceremony expect --lost {min(unknown)}",
        )
    last = known[max(known)].record if known else None
    early = last is not None and last.epoch not in terms.lost and terms.starts < last.turns - _DAY
    if early:  # P-8
        raise RefusedError("P-8", "the next epoch would begin before the last one turns")


def pending(home: Home) -> epochs.Terms | None:
    """Return the terms of the ceremony under way, None where there is none."""
    held = sorted((home.path / "shares").glob("draft-*.json"))
    return msgspec.json.decode(read_secret(held[0]), type=ceremony.Draft).terms if held else None


def terms_in(raw: bytes, home: Home) -> epochs.Terms:
    """Return what a message of the other operator is for.

    Raises:
        RefusedError: P-1 or L-18, it is no message of the other operator.
    """
    if is_record(raw):
        record = epochs.opened(raw, [home.peer], 1).record
        held = {name: getattr(record, name) for name in epochs.Terms.__struct_fields__}
        return epochs.Terms(**held)
    return ceremony.opened_message(raw, home.peer).terms


def is_record(raw: bytes) -> bool:
    """Say whether an envelope says that it holds an epoch's record; who signed it comes later."""
    try:
        return msgspec.json.decode(raw, type=_Typed).payload_type == epochs.RECORD_TYPE
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False


def record_of(home: Home, epoch: int) -> epochs.EpochRecord:
    """Return an epoch's record.

    Raises:
        RefusedError: P-8 the epoch is not known.
    """
    known = home.certificates().get(epoch)
    if known is None:  # P-8
        raise RefusedError("P-8", f"epoch {epoch} is not known here")
    return known.record


def write_message(path: Path, raw: bytes) -> None:
    """Write a message down before it leaves.

    Raises:
        OutputError: it cannot be written.
    """
    try:
        write_whole(path, raw)
    except OSError as error:
        raise OutputError(
            f"a message cannot be written: {error.strerror}",
            where=str(path),
            todo="choose a folder that can be written",
        ) from error
