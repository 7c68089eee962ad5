"""How an exchange was asked for and answered, in a few coarse cells a habit.

Cells are coarse on purpose: what they hold says how a sender works and nothing of what was asked.
No cell depends on language, script, country or the local hour.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from stillwatch.find.features.log import Log

__all__ = ["HABITS", "UNKNOWN", "habits_of", "shares_of"]

UNKNOWN = -1
"""Cell of an exchange of which the habit is not known; it says nothing."""
_ANSWER = (-1.0, 0.0, 1.0, 2.0)
_LINES = (1, 3, 8)
_CODE = (1, 6)
_CAPS = (0, 513, 1025, 2049, 4097, 8193)
_HEATS = (0, 1, 301, 701, 1001)
_PACE = (1 / 64, 1 / 16, 1 / 4, 1.0, 4.0)

HABITS: Mapping[str, int] = {
    "answer": len(_ANSWER) + 1,
    "turn": 3,
    "lines": len(_LINES) + 1,
    "code": len(_CODE) + 1,
    "cap": len(_CAPS) + 1,
    "heat": len(_HEATS) + 1,
    "pace": len(_PACE) + 1,
}
"""Habits and the cells of each.

answer: length of the answer for such a prompt, robust standard deviations (-1, 0, 1, 2).
turn: alone, opens a conversation, later in one.
lines: line breaks of the prompt (1, 3, 8); code: marks that programs are full of (1, 6).
cap: not given, then max_tokens up to 512, 1024, 2048, 4096, 8192, and more.
heat: not given, then temperature 0, up to 0.3, 0.7, 1, and more.
pace: time since the account's exchange before, in shares of its mean (1/64, 1/16, 1/4, 1, 4)."""


def habits_of(
    log: Log,
    length: NDArray[np.float32],
    turn: NDArray[np.int32],
    next_turn: NDArray[np.int32],
    rows: int,
) -> Mapping[str, NDArray[np.int8]]:
    """Return the cell of every exchange in each of ``HABITS``.

    Args:
        log: the observations; n rows.
        length: (n,) answer lengths relative to what such prompts get, robust deviations.
        turn: (n,) number of the turn within its conversation.
        next_turn: (n,) row of the next turn, at least n where there is none.
        rows: rows that are known; a turn after them has not happened.

    Returns:
        (n,) cells from 0, ``UNKNOWN`` where the log does not say.
    """
    form = log.form
    alone = (turn == 0) & (next_turn >= rows)
    cells = {
        "answer": np.where(log.output_tokens >= 0, np.digitize(length, _ANSWER), UNKNOWN),
        "turn": np.where(log.conversation != 0, np.where(alone, 0, np.where(turn == 0, 1, 2)), -1),
        "lines": np.digitize(form[:, 2], _LINES),
        "code": np.digitize(form[:, 6], _CODE),
        "cap": _given(log.max_tokens, _CAPS),
        "heat": _given(log.temperature, _HEATS),
        "pace": _pace(log, rows),
    }
    return {name: cell.astype(np.int8) for name, cell in cells.items()}


def _given(values: NDArray[np.int32], edges: tuple[int, ...]) -> NDArray[np.int64]:
    """Return cells of a parameter; all unknown where no exchange gives it."""
    if values.size == 0 or values.max() < 0:
        return np.full(values.size, UNKNOWN, np.int64)
    return np.asarray(np.digitize(values, edges), np.int64)


def _pace(log: Log, rows: int) -> NDArray[np.int64]:
    order = np.argsort(log.account[:rows], kind="stable")
    account, time = log.account[order], log.time[order]
    gap = np.append(0, np.diff(time)).astype(np.float64)
    first = np.append(True, np.diff(account) != 0) if account.size else np.zeros(0, np.bool_)
    gap[first] = 0.0
    accounts = len(log.accounts)
    total = np.bincount(account, weights=gap, minlength=accounts)
    count = np.bincount(account[~first], minlength=accounts)
    mean = total / np.maximum(count, 1)
    known = ~first & (count[account] >= 3) & (mean[account] > 0)
    cells = np.full(len(log), UNKNOWN, np.int64)
    cells[order[known]] = np.digitize(gap[known] / mean[account[known]], _PACE)
    return cells


def shares_of(
    cells: NDArray[np.int8], account: NDArray[np.int32], size: int
) -> NDArray[np.float64] | None:
    """Return the share of each cell, every account counting the same; None where none is known.

    Args:
        cells: (n,) of some exchanges.
        account: (n,) their accounts.
        size: number of cells.
    """
    known = cells >= 0
    cells, account = cells[known], account[known]
    if cells.size == 0:
        return None
    _, place, often = np.unique(account, return_inverse=True, return_counts=True)
    held = np.bincount(cells, weights=1.0 / often[place], minlength=size)
    return np.asarray(held / held.sum())
