"""Names of campaigns that last: through growth, when one turns out to be two, and back.

A declared campaign may hold several actors.  At midnight UTC, and for what a scan reports at its
end, its members are told apart by what the parts alone repeat; the part with most of a
name's accounts keeps that name.  What is named when depends on the log alone and not on when
scans were run.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from stillwatch.find.campaigns.actors import CLOSELY, parts_of
from stillwatch.find.campaigns.carried import Declared, Part
from stillwatch.find.campaigns.judge import SMALLEST, confined

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stillwatch.find.features.view import View

__all__ = ["actors_of", "name_parts"]


def name_parts(campaign: Declared, view: View) -> tuple[Part, ...]:
    """Return the actors of a campaign by name, the oldest first.

    Args:
        campaign: with its parts as they were last named.
        view: what is known.
    """
    before = campaign.parts or (_founding(campaign, view),)
    if not campaign.flagged_at:
        return before
    groups = _divided(campaign, view)
    heirs: dict[int, Part] = {}
    gone: dict[int, list[str]] = {}
    for part in before:
        shared = [len(group.intersection(part.accounts)) for group in groups]
        best = max(
            (k for k in range(len(groups)) if k not in heirs and shared[k]),
            key=lambda k: shared[k],
            default=None,
        )
        if best is not None:
            heirs[best] = part
        else:
            most = max(range(len(groups)), key=lambda k: shared[k])
            gone.setdefault(most, []).extend((*part.took, part.name))
    named = [
        replace(
            part,
            accounts=tuple(sorted(groups[k])),
            took=(*part.took, *gone.pop(k, ())),
        )
        for k, part in heirs.items()
    ]
    for k, group in enumerate(groups):
        if k not in heirs:
            parent = max(before, key=lambda part: len(group.intersection(part.accounts)))
            name = _name(_earliest(campaign, group), parent.name, view)
            named.append(Part(name, tuple(sorted(group)), parent.name, tuple(gone.pop(k, ()))))
    return tuple(named)


def actors_of(campaign: Declared, view: View) -> list[Declared]:
    """Return a campaign as one for each of its actors, each with its name.

    Args:
        campaign: any.
        view: what is known.
    """
    parts = name_parts(campaign, view)
    if len(parts) == 1:
        return [replace(campaign, parts=parts)]
    owner = np.full(view.seen.size, -1, np.int64)
    for number, part in enumerate(parts):
        owner[list(part.accounts)] = number
    rows = np.array(sorted(campaign.rows), np.int32)
    out = []
    for number, part in enumerate(parts):
        flagged = {a: t for a, t in campaign.flagged_at.items() if owner[a] == number}
        out.append(
            Declared(
                min(flagged.values()),
                confined(campaign.judged, np.flatnonzero(owner == number), view),
                flagged,
                {a: campaign.probability[a] for a in flagged},
                set(rows[owner[view.log.account[rows]] == number].tolist()),
                (part,),
            )
        )
    return out


def _divided(campaign: Declared, view: View) -> list[set[int]]:
    """Return the members by what the parts alone repeat; small parts stay with the largest."""
    members = np.array(sorted(campaign.flagged_at), np.int32)
    rows = np.array(sorted(campaign.rows), np.int32)
    parts = [set(part.tolist()) for part in parts_of(view, members, rows, CLOSELY)]
    large = [part for part in parts if len(part) >= SMALLEST]
    if len(large) < 2:
        return [set(members.tolist())]
    large[0] = large[0].union(*(part for part in parts if len(part) < SMALLEST))
    return large


def _founding(campaign: Declared, view: View) -> Part:
    """Return the name of a campaign that has none: that of those who were flagged first."""
    first = [a for a, t in campaign.flagged_at.items() if t == campaign.declared_at]
    return Part(_name(first, str(campaign.declared_at), view), tuple(sorted(first)))


def _earliest(campaign: Declared, accounts: set[int]) -> list[int]:
    at = min(campaign.flagged_at[a] for a in accounts)
    return [a for a in accounts if campaign.flagged_at[a] == at]


def _name(accounts: Iterable[int], beside: str, view: View) -> str:
    """Return a name made of account ids, which later scans repeat."""
    ids = view.log.accounts.ids
    text = "\n".join(sorted(str(ids[a].as_py()) for a in accounts)) + f"\n{beside}"
    return "campaign-" + hashlib.blake2b(text.encode(), digest_size=5).hexdigest()
