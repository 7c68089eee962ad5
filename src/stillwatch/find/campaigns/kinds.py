"""What kind of campaign a judged group is: a few rules over what was measured.

Rules stand in tiers: what the accounts are comes before how they send, and that before what
they merely have in common.  A rule is the least of its conditions, each of which goes from 0
to 1 between two stated values; the first tier with a rule that holds well enough names the
kind.  The confidence is that of the rule, less the more a second rule of the tier holds too:
campaigns combine techniques, and one name then says less.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from stillwatch.find.campaigns.judge import Judged
    from stillwatch.find.features.view import View

__all__ = ["KINDS", "kind_of"]

KINDS: Mapping[str, str] = {
    "hydra": "blocked accounts are replaced within hours",
    "reseller": "the exchanges come from some of many end users that an account serves",
    "few-but-heavy": "few accounts, each busier than nearly all others",
    "low-and-wide": "many accounts that send a handful of exchanges each",
    "cover": "the exchanges are a small part of what each account sends",
    "probing": "many wordings are tried before one is used by all",
    "lock-step": "accounts send in rounds, within the same minutes",
    "release-pivot": "traffic moves to a new model as soon as it appears",
    "people-like": "conversations with follow-ups: real users rerouted, or people imitated",
    "job-queue": "single questions dealt to accounts at random, no text sent twice",
    "recycled-identities": "accounts share cards, telephones or machines covertly",
    "elicitation-reuse": "one instruction, word for word, is what the accounts have in common",
    "unknown": "no rule holds well enough",
}
"""Every kind, with what it means in one sentence."""

_LEAST = 0.5
"""Confidence below which a kind is unknown."""
_TRUST = (0.95, 0.85, 0.75, 0.7)
"""Most that a rule of each tier can be believed; measured on simulated worlds."""
_SECOND = 0.35
"""What a second rule of the same tier takes from the first, where both hold fully."""
_SAMPLE = 64
"""Members, and exchanges of each, that are looked at."""
_CELLS = 50
"""Looks of an exchange."""


@dataclass(frozen=True, slots=True)
class _Shape:
    """What the rules read, from the group's own rows and its members' traffic."""

    members: int
    """Members with exchanges of the group's own."""
    own: float
    """Median of their exchanges that are the group's or like them."""
    share: float
    """The same as a share of what the member sends."""
    busy: float
    """Share of all accounts that send less than the median member."""
    end_users: float
    """Median number of end users of a member."""
    replaced: int
    """Members that were blocked before the look."""
    verbatim: float
    """Share of the group's exchanges that carry its most used facet."""


def _shape(judged: Judged, view: View) -> _Shape:
    log = view.log
    ptr, by_account = view.account_rows
    own = np.bincount(log.account[judged.rows], minlength=view.requests.size)
    members = judged.members[own[judged.members] > 0]
    own = own[members]
    sent = view.requests[members]
    users, rest = [], []
    for account in members[:: max(1, members.size // _SAMPLE)].tolist():
        rows = by_account[int(ptr[account]) : int(ptr[account]) + int(view.requests[account])]
        users.append(np.unique(log.end_user[rows]).size)
        rest.append(rows[~np.isin(rows, judged.rows)][-_SAMPLE:])
    alike = _alike(judged.rows, np.concatenate(rest), members, view)
    own = own + alike * (sent - own)
    blocked = log.accounts.blocked[judged.members]
    return _Shape(
        members=members.size,
        own=float(np.median(own)),
        share=float(np.median(own / sent)),
        busy=float((view.requests[view.seen] < np.median(sent)).mean()),
        end_users=float(np.median(users)),
        replaced=int(((blocked >= 0) & (blocked < view.time)).sum()),
        verbatim=_verbatim(judged.rows, judged.facets, view),
    )


def _alike(
    own: NDArray[np.int32], rest: NDArray[np.int32], members: NDArray[np.int32], view: View
) -> float:
    """Return which share of the members' other exchanges looks like the group's own.

    Text finds a part of a campaign's exchanges, so that what it does not find may be harvest or
    cover.  The share is that of a mixture of the group's exchanges and everyone's, over answer
    length, prompt length and whether the conversation goes on.
    """
    if rest.size == 0:
        return 0.0
    log = view.log
    sample = np.arange(0, view.rows, max(1, view.rows // 20_000))
    sample = sample[~np.isin(log.account[sample], members)]
    usual = np.bincount(_looks(sample, view), minlength=_CELLS) + 0.5
    usual /= usual.sum()
    group = np.bincount(_looks(own, view), minlength=_CELLS) + 5.0 * usual
    group /= group.sum()
    seen = _looks(rest, view)
    share = 0.5
    for _ in range(50):
        odds = share * group[seen]
        share = float((odds / (odds + (1.0 - share) * usual[seen])).mean())
    return share


def _looks(rows: NDArray[np.int32] | NDArray[np.int64], view: View) -> NDArray[np.int64]:
    """Return the cell of each exchange: answer length, prompt length, alone or not."""
    length = np.digitize(view.length[rows], (-1.0, 0.0, 1.0, 2.0))
    size = np.digitize(view.log.form[rows, 0], (16, 48, 144, 432))
    alone = (view.derived.turn[rows] == 0) & (view.derived.next_turn[rows] >= view.rows)
    cells: NDArray[np.int64] = (length * 5 + size) * 2 + alone
    return cells


def _verbatim(rows: NDArray[np.int32], facets: NDArray[np.int32], view: View) -> float:
    index = view.facets
    most = 0
    for facet in facets[:_SAMPLE].tolist():
        carrying = index.posting[index.posting_ptr[facet] : view.ends[facet]]
        most = max(most, int(np.isin(rows, carrying).sum()))
    return most / max(rows.size, 1)


def _ramp(value: float, none: float, full: float) -> float:
    """Return 0 at ``none``, 1 at ``full``, and in between what lies between; either may be more.

    >>> _ramp(3.0, 2.0, 4.0), _ramp(0.3, 0.4, 0.2)
    (0.5, 0.5)
    """
    return min(1.0, max(0.0, round((value - none) / (full - none), 9)))


def _accounts(shape: _Shape, judged: Judged) -> dict[str, float]:
    """Rules about what the accounts are."""
    replacement = judged.effect.get("replacement-after-block", 0.0)
    return {
        "hydra": min(_ramp(replacement, 0.2, 0.5), _ramp(shape.replaced, 2, 5)),
        "reseller": min(_ramp(shape.end_users, 3, 8), _ramp(shape.share, 0.98, 0.8)),
        "few-but-heavy": min(
            _ramp(shape.busy, 0.8, 0.93),
            _ramp(shape.members, 80, 30),
            _ramp(shape.share, 0.25, 0.4),
        ),
        "low-and-wide": min(
            _ramp(shape.own, 6, 3), _ramp(shape.members, 10, 30), _ramp(shape.share, 0.3, 0.6)
        ),
        "cover": min(_ramp(shape.share, 0.3, 0.15), _ramp(shape.busy, 0.1, 0.4)),
    }


def _manners(judged: Judged) -> dict[str, float]:
    """Rules about how the accounts send."""

    def known(slug: str) -> float | None:
        return judged.effect[slug] if judged.enough.get(slug) else None

    settles, single, own = (
        known(slug) for slug in ("technique-probing", "no-follow-up", "exchangeability")
    )
    nats = judged.log_e
    rounds = _ramp(nats.get("lock-step", 0.0), 1.0, 4.0)
    queue = min(
        1.0 - rounds,
        _ramp(nats.get("job-queue", 0.0), 0.0, 1.5),
        _ramp(own, 0.08, 0.02) if own is not None else 0.0,
        _ramp(single, 0.8, 0.95) if single is not None else 0.0,
    )
    return {
        "probing": _ramp(settles, 0.5, 1.1) if settles is not None else 0.0,
        "lock-step": rounds,
        "release-pivot": _ramp(nats.get("release-pivot", 0.0), 0.3, 1.8),
        "people-like": _ramp(single, 0.6, 0.35) if single is not None else 0.0,
        "job-queue": queue,
    }


def kind_of(judged: Judged, view: View) -> tuple[str, float]:
    """Return a campaign's kind, one of ``KINDS``, and the confidence in it.

    Args:
        judged: the declared group.
        view: what is known.
    """
    if not np.isin(view.log.account[judged.rows], judged.members).any():
        return "unknown", 0.0
    shape = _shape(judged, view)
    tiers = (
        _accounts(shape, judged),
        _manners(judged),
        {"recycled-identities": _ramp(judged.families.get("identity", 0.0), 2.0, 8.0)},
        {"elicitation-reuse": _ramp(shape.verbatim, 0.3, 0.9)},
    )
    for trust, rules in zip(_TRUST, tiers, strict=True):
        best, second, *_ = sorted((*rules.values(), 0.0), reverse=True)
        confidence = trust * best * (1.0 - _SECOND * second)
        if confidence >= _LEAST:
            return max(rules, key=lambda kind: rules[kind]), confidence
    return "unknown", 0.0
