"""The few fixed sentences and number formats of the documents."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

__all__ = [
    "MEASURES",
    "amount",
    "amount_range",
    "count",
    "duration",
    "log_value",
    "measure",
    "money",
    "share",
    "spaced",
    "when",
]

MEASURES = {
    "observe": "keep watching; nothing is applied",
    "adaptive limit": "limit what is asked by its expected training value; may be automatic",
    "verification step": "ask the holder to verify; may be automatic",
    "withhold reasoning trace": "answer without the reasoning trace; may be automatic for members",
    "cap output": "cap the length of answers; may be automatic for members",
    "watermark": "mark answers with the campaign's key; may be automatic for members",
    "hold-and-check": "check answers before release; needs two people",
    "honeypot": "send to a decoy model; needs two people, an expiry, a cap and a kill switch",
    "block": "refuse; one analyst decides, two above a bound on accounts",
    "review": "a person looks before anything is applied",
}
"""What each measure means and who must approve it."""


def measure(name: str) -> str:
    """Return what a measure means, empty where it is not one of the ladder.

    >>> measure("adaptive_limit")
    'limit what is asked by its expected training value; may be automatic'
    """
    return MEASURES.get(name.replace("_", " ").strip().lower(), "")


def spaced(name: str) -> str:
    """Return a slug as words.

    >>> spaced("reasoning_traces")
    'reasoning traces'
    """
    return name.replace("_", " ")


def when(time: datetime | None) -> str:
    """Return a time to the minute, UTC.

    >>> when(datetime(2026, 9, 3, 14, tzinfo=UTC))
    '2026-09-03 14:00'
    """
    return "—" if time is None else f"{time.astimezone(UTC):%Y-%m-%d %H:%M}"


def count(value: int) -> str:
    """Return a whole number with separators.

    >>> count(1234567)
    '1,234,567'
    """
    return f"{value:,}"


def share(part: float, whole: float) -> str:
    """Return a share in percent; small shares keep two digits that say something.

    >>> share(1, 3), share(2, 10_000), share(0, 0)
    ('33 %', '0.02 %', '—')
    """
    if not whole:
        return "—"
    percent = 100 * part / whole
    return f"{percent:.0f} %" if percent >= 10 or percent == 0 else f"{percent:.2g} %"


def log_value(value: float | None) -> str:
    """Return a log e-value.

    >>> log_value(12.345), log_value(-0.5), log_value(None)
    ('12.3', '-0.5', 'not enough data')
    """
    if value is None or math.isnan(value):
        return "not enough data"
    return f"{value:,.1f}"


def duration(span: timedelta) -> str:
    """Return a length of time in its two largest useful units.

    >>> duration(timedelta(days=2, hours=5)), duration(timedelta(minutes=30))
    ('2 d 5 h', '30 min')
    """
    minutes = int(span.total_seconds() // 60)
    days, rest = divmod(minutes, 24 * 60)
    hours, minutes = divmod(rest, 60)
    if days:
        return f"{days} d {hours} h" if hours else f"{days} d"
    if hours:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{minutes} min"


def amount(value: float) -> str:
    """Return an amount with two or three digits that say something.

    >>> amount(0), amount(0.034), amount(7.5), amount(48_600), amount(5_576_000)
    ('0', '0.034', '7.5', '48.6 k', '5.58 M')
    """
    for size, unit in ((1e12, " T"), (1e9, " G"), (1e6, " M"), (1e3, " k")):
        if value >= size * 0.9995:
            return f"{value / size:.3g}{unit}"
    return f"{value:.3g}" if value >= 1 else f"{value:.2g}"


def amount_range(values: tuple[float, float, float]) -> str:
    """Return a range of amounts, one figure where there is no doubt.

    >>> amount_range((300.0, 300.0, 300.0)), amount_range((300.0, 800.0, 4_000.0))
    ('300', '300 to 4 k, likely 800')
    """
    low, likely, high = values
    if low == high:
        return amount(likely)
    return f"{amount(low)} to {amount(high)}, likely {amount(likely)}"


def money(value: float, currency: str = "USD") -> str:
    """Return an amount of money.

    >>> money(5_576_000), money(12, "EUR")
    ('$5.58 M', 'EUR 12')
    """
    return f"${amount(value)}" if currency == "USD" else f"{currency} {amount(value)}"
