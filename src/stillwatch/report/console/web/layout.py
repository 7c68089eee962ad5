"""Places for a campaign's network: shared values by a spring layout, accounts beside theirs.

A spring layout of all nodes costs their square; here only the shared values are laid out so, and
accounts with the same values make a disc at the middle of them, so that 2,000 nodes take
milliseconds and the same network gives the same picture.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from stillwatch.report.documents.network import SIGNS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from stillwatch.report.console.cases.records import Graph, Node

__all__ = ["Drawing", "Placed", "place"]

_TURN = 2.399963
"""The golden angle, radians: spreads points evenly over a disc."""
_ROUNDS = 100
_SPRUNG = 120
"""Shared values that are laid out by springs; more stand on a spiral."""
_PAIRS = 12
"""Values of one account whose pairs attract."""
_WIDTH, _EDGE = 1000.0, 26.0


@dataclass(frozen=True, slots=True)
class Placed:
    """A node with its place."""

    node: Node
    x: float
    y: float
    r: float
    """In units of the picture, which is 1,000 wide."""
    sign: str
    """Letter and number of a shared value; empty for accounts."""
    holds: int
    """Lines that end here."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """A network with its places."""

    accounts: tuple[Placed, ...]
    entities: tuple[Placed, ...]
    lines: tuple[tuple[float, float, float, float], ...]
    height: int


def place(graph: Graph) -> Drawing:
    """Return places of a network's nodes."""
    entities = [node for node in graph.nodes if node.kind != "account"]
    accounts = [node for node in graph.nodes if node.kind == "account"]
    number = {node.node_id: i for i, node in enumerate(entities)}
    held: dict[str, list[int]] = defaultdict(list)
    holders: Counter[str] = Counter()
    for edge in graph.edges:
        if edge.entity in number:
            held[edge.account].append(number[edge.entity])
            holders[edge.entity] += 1
    height = int(min(1000, 320 + 9 * len(graph.nodes) ** 0.5 * 2))
    centres = _centres(len(entities), held, height)
    groups: dict[tuple[int, ...], list[Node]] = defaultdict(list)
    for node in accounts:
        groups[tuple(sorted(held[node.node_id]))].append(node)
    dot = 5.0 if len(accounts) <= 300 else 3.2
    at = _discs(groups, centres, dot, height)
    placed = {
        node.node_id: Placed(node, *at[node.node_id], dot, "", len(held[node.node_id]))
        for node in accounts
    }
    values = [
        Placed(node, x, y, 13.0, sign, holders[node.node_id])
        for node, (x, y), sign in zip(
            entities, centres.round(1).tolist(), _signs(entities), strict=True
        )
    ]
    lines = tuple(
        (placed[edge.account].x, placed[edge.account].y, values[i].x, values[i].y)
        for edge in graph.edges
        if edge.account in placed and (i := number.get(edge.entity, -1)) >= 0
    )
    return Drawing(tuple(placed.values()), tuple(values), lines, height)


def _centres(size: int, held: Mapping[str, list[int]], height: int) -> NDArray[np.float64]:
    turn = np.arange(size) * _TURN
    out = np.sqrt((np.arange(size) + 0.5) / max(size, 1))
    at = np.stack([np.cos(turn), np.sin(turn)], axis=1) * out[:, None]
    if 1 < size <= _SPRUNG:
        ties: Counter[tuple[int, int]] = Counter()
        for values in held.values():
            ties.update(combinations(sorted(values[:_PAIRS]), 2))
        at = _sprung(at, ties)
    low, high = at.min(axis=0, initial=0.0), at.max(axis=0, initial=0.0)
    share = (at - low) / np.maximum(high - low, 1e-6) if size > 1 else at * 0 + 0.5
    room = 3.5 * _EDGE
    return room + share * (np.array([_WIDTH, height]) - 2 * room)


def _sprung(at: NDArray[np.float64], ties: Mapping[tuple[int, int], int]) -> NDArray[np.float64]:
    """Return places after attraction and repulsion (Fruchterman and Reingold, 1991)."""
    pairs = np.array(list(ties), np.int64).reshape(-1, 2)
    strength = np.sqrt(np.array(list(ties.values()), np.float64))
    ideal = 1.2 / np.sqrt(len(at))
    for step in range(_ROUNDS):
        apart = at[:, None, :] - at[None, :, :]
        far = np.sqrt((apart**2).sum(axis=2)) + 1e-6
        move = (apart / far[:, :, None] * (ideal**2 / far)[:, :, None]).sum(axis=1)
        link = at[pairs[:, 0]] - at[pairs[:, 1]]
        pull = link * (np.sqrt((link**2).sum(axis=1)) / ideal * np.minimum(strength, 4))[:, None]
        np.add.at(move, pairs[:, 0], -pull)
        np.add.at(move, pairs[:, 1], pull)
        move -= 0.6 * at  # keeps the parts together
        length = np.sqrt((move**2).sum(axis=1)) + 1e-9
        most = 0.12 * (1.0 - step / _ROUNDS) + 0.002
        at = at + move / length[:, None] * np.minimum(length, most)[:, None]
    return at


def _discs(
    groups: Mapping[tuple[int, ...], list[Node]],
    centres: NDArray[np.float64],
    dot: float,
    height: int,
) -> dict[str, tuple[float, float]]:
    found: dict[str, tuple[float, float]] = {}
    for values, nodes in groups.items():
        middle = (
            centres[list(values)].mean(axis=0) if values else np.array([_WIDTH / 2, height / 2])
        )
        index = np.arange(len(nodes))
        # those of one value stand around it, not under it
        out = dot * 2.1 * np.sqrt(index + (0.3 if len(values) > 1 else 14.0))
        x = np.clip(middle[0] + np.cos(index * _TURN) * out, dot, _WIDTH - dot)
        y = np.clip(middle[1] + np.sin(index * _TURN) * out, dot, height - dot)
        for node, a, b in zip(nodes, x.round(1).tolist(), y.round(1).tolist(), strict=True):
            found[node.node_id] = (a, b)
    return found


def _signs(entities: list[Node]) -> list[str]:
    seen: Counter[str] = Counter()
    signs = []
    for node in entities:
        letter = SIGNS.get(node.kind, "X")
        seen[letter] += 1
        signs.append(f"{letter}{seen[letter]}")
    return signs
