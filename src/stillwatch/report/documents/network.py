"""A campaign's accounts and the values that they share, as a picture of dots and lines.

Places follow from a spring layout (Fruchterman and Reingold, Software: Practice and Experience
1991) that starts on a circle, so that the same campaign gives the same picture.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from stillwatch.records import Campaign, Entity

__all__ = ["SIGNS", "Dot", "Line", "Network", "Value", "network"]

SIGNS = {
    "card": "C",
    "phone": "P",
    "device": "D",
    "mail pattern": "M",
    "address block": "A",
    "client": "U",
}
"""Letter of each kind of shared value."""
_VALUES = 16
_DOTS = 60
_ROUNDS = 120
_TOP, _LEFT = 16.0, 3.0


@dataclass(frozen=True, slots=True)
class Value:
    """One shared value."""

    sign: str
    """Letter and number in the picture and in the table."""
    entity: Entity
    """What is shared."""
    x: float
    """Percent."""
    y: float
    """Pixels."""


@dataclass(frozen=True, slots=True)
class Dot:
    """One account."""

    account: str | int
    """As in the input."""
    flagged: bool
    """Whether it was flagged."""
    x: float
    """Percent."""
    y: float
    """Pixels."""


@dataclass(frozen=True, slots=True)
class Line:
    """An account holds a value."""

    x1: float
    y1: float
    x2: float
    y2: float


@dataclass(frozen=True, slots=True)
class Network:
    """The picture and what it leaves out."""

    values: tuple[Value, ...]
    """Those that most members share."""
    dots: tuple[Dot, ...]
    """Accounts that hold one, those that hold most first."""
    lines: tuple[Line, ...]
    """Who holds what."""
    height: int
    """Pixels."""
    hidden_values: int
    """Shared values that are not drawn."""
    hidden_dots: int
    """Accounts that hold a drawn value and are not drawn."""
    alone: int
    """Members that hold none of the drawn values."""


def network(campaign: Campaign, most: int = _DOTS) -> Network | None:
    """Return a campaign's picture, or None where members share nothing that was kept.

    Args:
        campaign: with ``entities``.
        most: accounts that are drawn.
    """
    chosen = campaign.entities[:_VALUES]
    if not chosen:
        return None
    holds = Counter(account for entity in chosen for account in entity.members)
    ranked = sorted(holds, key=lambda account: (-holds[account], str(account)))
    drawn = ranked[:most]
    place = {account: index for index, account in enumerate(drawn)}
    edges = [
        (number, len(chosen) + place[account])
        for number, entity in enumerate(chosen)
        for account in entity.members
        if account in place
    ]
    height = 200 + min(len(drawn), 40) * 4
    x, y = _scaled(_places(len(chosen) + len(drawn), edges), height)
    return Network(
        values=tuple(
            Value(sign, entity, x[i], y[i])
            for i, (sign, entity) in enumerate(zip(_signs(chosen), chosen, strict=True))
        ),
        dots=tuple(
            Dot(account, account in campaign.flagged_at, x[i], y[i])
            for i, account in enumerate(drawn, start=len(chosen))
        ),
        lines=tuple(Line(x[a], y[a], x[b], y[b]) for a, b in edges),
        height=height,
        hidden_values=len(campaign.entities) - len(chosen),
        hidden_dots=len(ranked) - len(drawn),
        alone=len(campaign.members) - len(ranked),
    )


def _signs(entities: tuple[Entity, ...]) -> list[str]:
    seen: Counter[str] = Counter()
    signs = []
    for entity in entities:
        letter = SIGNS.get(entity.kind, "X")
        seen[letter] += 1
        signs.append(f"{letter}{seen[letter]}")
    return signs


def _places(size: int, edges: list[tuple[int, int]]) -> NDArray[np.float64]:
    """Return (size, 2) places; what is linked attracts, everything repels."""
    turn = np.arange(size) * 2.399963  # the golden angle spreads the start evenly
    at = (
        np.stack([np.cos(turn), np.sin(turn)], axis=1)
        * np.sqrt((np.arange(size) + 1.0) / size)[:, None]
    )
    pairs = np.array(edges, np.int64).reshape(-1, 2)
    ideal = 1.1 / np.sqrt(size)
    for step in range(_ROUNDS):
        apart = at[:, None, :] - at[None, :, :]
        far = np.sqrt((apart**2).sum(axis=2)) + 1e-6
        move = (apart / far[:, :, None] * (ideal**2 / far)[:, :, None]).sum(axis=1)
        link = at[pairs[:, 0]] - at[pairs[:, 1]]
        pull = link * (np.sqrt((link**2).sum(axis=1)) / ideal)[:, None]
        np.add.at(move, pairs[:, 0], -pull)
        np.add.at(move, pairs[:, 1], pull)
        move -= 0.6 * at  # keeps the parts together
        length = np.sqrt((move**2).sum(axis=1)) + 1e-9
        most = 0.12 * (1.0 - step / _ROUNDS) + 0.002
        at += move / length[:, None] * np.minimum(length, most)[:, None]
    return at


def _scaled(at: NDArray[np.float64], height: int) -> tuple[list[float], list[float]]:
    low, high = at.min(axis=0), at.max(axis=0)
    share: NDArray[Any] = (at - low) / np.maximum(high - low, 1e-6)
    x = _LEFT + share[:, 0] * (100.0 - 2 * _LEFT)
    y = _TOP + share[:, 1] * (height - 2 * _TOP)
    return x.round(2).tolist(), y.round(1).tolist()
