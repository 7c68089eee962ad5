"""RFC 3339 times as microseconds since 1970, and back."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from stillwatch.errors import RefusedError

__all__ = ["DAY", "SECOND", "stamp", "written"]

SECOND = 1_000_000
"""Microseconds."""
DAY = 86_400 * SECOND
"""Microseconds."""

_FORM = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ONE = timedelta(microseconds=1)


def stamp(text: str) -> int:
    """Return the microseconds since 1970 of an RFC 3339 time; finer digits are cut off.

    Raises:
        RefusedError: H-0 it is no such time, or lies before 1970.

    >>> stamp("1970-01-01T00:00:01.5Z")
    1500000
    """
    form = _FORM.fullmatch(text)
    try:
        parts = "" if form is None else _respelled(form)
        found = (datetime.fromisoformat(parts) - _EPOCH) // _ONE
    except (ValueError, OverflowError) as error:
        raise RefusedError("H-0", f"{text[:40]!r} is not an RFC 3339 time") from error
    if found < 0:
        raise RefusedError("H-0", f"{text[:40]!r} lies before 1970")
    return found


def _respelled(form: re.Match[str]) -> str:
    zone = "+00:00" if form[4] in "Zz" else form[4]
    return f"{form[1]}T{form[2]}.{(form[3] or '')[:6]:0<6}{zone}"


def written(microseconds: int) -> str:
    """Return a time with six decimals and ``Z``.

    >>> written(1_500_000)
    '1970-01-01T00:00:01.500000Z'
    """
    seconds, rest = divmod(microseconds, SECOND)
    return f"{datetime.fromtimestamp(seconds, UTC).isoformat()[:19]}.{rest:06d}Z"
