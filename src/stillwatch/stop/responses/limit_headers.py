"""RateLimit header fields (draft-ietf-httpapi-ratelimit-headers-11) and Retry-After (RFC 9110).

Only the account's own bucket is told: that there are others, and what fills them, would tell a
campaign what it is recognised by.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stillwatch.stop.interface import Decision

__all__ = ["denied", "limit_headers", "retry_after"]

_SECOND = 1_000_000
_LONGEST = 7 * 86_400


def limit_headers(decision: Decision) -> tuple[tuple[str, str], ...]:
    """Return the fields that say how much of an account's allowance is left.

    The quota is the bucket's size in units of training value, its window the seconds in which an
    empty one is full again; ``t`` is when it will be full, or where it did not allow the request,
    when it would.
    """
    for kind, charge, charged in decision.limiting[:1]:
        if kind != "account":
            break
        quota = f'"{decision.tier}";q={charge.burst // 1000};w={-(-charge.burst // charge.rate)}'
        left = charged.remaining // 1000 if charged.allowed else 0
        wait = charged.reset_after if charged.allowed else charged.retry_after
        return (
            ("ratelimit-policy", f'{quota};qu="training-value"'),
            ("ratelimit", f'"{decision.tier}";r={left};t={_seconds(wait)}'),
        )
    return ()


def denied(decision: Decision) -> tuple[str, ...]:
    """Return the kinds of buckets that did not allow a request."""
    return tuple(kind for kind, _, charged in decision.limiting if not charged.allowed)


def retry_after(decision: Decision) -> int:
    """Return the seconds after which all buckets would allow the request, from 1 to a week."""
    waits = [charged.retry_after for _, _, charged in decision.limiting if not charged.allowed]
    return min(_LONGEST, max(1, _seconds(max(waits, default=0))))


def _seconds(microseconds: int) -> int:
    return -(-microseconds // _SECOND)
