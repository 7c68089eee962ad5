"""An indicator and how far it is believed, and what it then says of an account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from stillwatch.find.campaigns.detail import spread
from stillwatch.share.exchange.intelligence import Intelligence
from stillwatch.share.objects import Indicator, kind_of, seconds

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from stillwatch.find.features.log import Log

__all__ = ["Weighted", "believed", "dated", "said"]

_SAMPLE = 8
_STEP = 1.0
"""Nats by which what is known of an account must rise before it is told again."""
_MOST = 60.0


@dataclass(frozen=True, slots=True)
class Weighted:
    """An indicator and how far it is believed."""

    item: Indicator
    weight: float
    """From 0 to 1."""

    @property
    def began(self) -> int:
        """When its author first saw the campaign, microseconds since 1970.

        Who was here before is anybody, and shows what is common.
        """
        return round(seconds(self.item.fields.first_seen) * 1e6)


def believed(one: Weighted, ratio: float) -> float:
    """Return the nats that an indicator says: with the rest of the belief it says nothing."""
    return float(np.log1p(one.weight * np.expm1(min(ratio, _MOST))))


def said(
    one: Weighted,
    account: str | int,
    ratio: float,
    *,
    time: int = 0,
    exchanges: int = 0,
    first: int = 0,
    last: int = 0,
    sample: tuple[str, ...] = (),
) -> Intelligence:
    """Return what an indicator says of an account.

    Args:
        one: the indicator.
        account: id.
        ratio: nats, as if it were believed wholly.
        time: when it could be known, microseconds since 1970; at the earliest that of the version.
        exchanges: that fit.
        first: time of the first of them.
        last: time of the last.
        sample: ids of some.
    """
    item = one.item
    return Intelligence(
        time=max(round(seconds(item.modified) * 1e6), time),
        account_id=account,
        indicator=item.id,
        kind=kind_of(item.content),
        actor=item.fields.campaign,
        author=item.created_by_ref,
        weight=round(one.weight, 6),
        log_ratio=round(believed(one, ratio), 6),
        licence=item.fields.licence,
        exchanges=exchanges,
        first=first,
        last=last,
        sample=sample,
    )


def dated(
    log: Log,
    one: Weighted,
    rows: NDArray[np.int64],
    ratio: NDArray[np.float64],
    fits: NDArray[np.bool_],
) -> list[Intelligence]:
    """Return what an indicator says of accounts at each request after which it says more.

    What was asked before the indicator came is known with it.

    Args:
        log: observations.
        one: the indicator.
        rows: (R,) requests, by account and then by time.
        ratio: (R,) nats, as known at each.
        fits: (R,) whether the request itself is what is recognised.
    """
    found: list[Intelligence] = []
    account = log.account[rows]
    starts = np.flatnonzero(np.diff(account, prepend=-1))
    before = int(np.searchsorted(log.time, round(seconds(one.item.created) * 1e6)))
    high = np.maximum.reduceat(ratio, starts) if starts.size else ratio
    ends = np.append(starts[1:], rows.size)
    for place in np.flatnonzero(high >= _STEP).tolist():
        start, end = int(starts[place]), int(ends[place])
        early = int(np.searchsorted(rows[start:end], before))
        told = 0.0
        for at in range(start + max(early - 1, 0), end):
            if ratio[at] < told + _STEP:
                continue
            told = float(ratio[at])
            own = rows[start : at + 1][fits[start : at + 1]]
            own = own if own.size else rows[at : at + 1]
            found.append(
                said(
                    one,
                    log.accounts.ids[int(account[start])].as_py(),
                    told,
                    time=int(log.time[rows[at]]),
                    exchanges=int(own.size),
                    first=int(log.time[own[0]]),
                    last=int(log.time[own[-1]]),
                    sample=tuple(log.exchange_id[int(r)].as_py() for r in spread(own, _SAMPLE)),
                )
            )
    return found
