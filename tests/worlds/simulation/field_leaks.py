"""How far one raw value or one threshold on a raw column tells attackers from the rest.

Each account counts once, so that a few busy accounts decide nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["Leak", "numeric_views", "threshold_leak", "value_leak"]

_DAY = 86_400_000_000


@dataclass(frozen=True)
class Leak:
    """The best classifier of one kind."""

    youden: float
    """Largest |true positive rate - false positive rate|."""
    precision: float
    """Largest precision of a rule that catches at least the recall asked for."""
    rule: str
    """The rule of the largest Youden index."""


def threshold_leak(values: np.ndarray, attack: np.ndarray, recall: float) -> Leak:
    """Return the best threshold in either direction; what is missing counts as smallest."""
    values = np.where(np.isnan(values), -np.inf, values)
    order = np.argsort(values, kind="stable")
    ranked, hostile = values[order], attack[order]
    ends = np.append(ranked[1:] != ranked[:-1], True)
    caught = np.cumsum(hostile)[ends]
    taken = np.flatnonzero(ends) + 1
    true, false = caught / hostile.sum(), (taken - caught) / (~hostile).sum()
    rest, left = hostile.sum() - caught, len(hostile) - taken
    precision = max(
        np.where(true >= recall, caught / taken, 0).max(),
        np.where(1 - true >= recall, rest / np.maximum(left, 1), 0).max(),
    )
    best = int(np.abs(true - false).argmax())
    return Leak(float(abs(true[best] - false[best])), float(precision), f"{ranked[ends][best]}")


def value_leak(values: pa.Array, attack: np.ndarray, recall: float) -> Leak:
    """Return the best single value."""
    codes = values.dictionary_encode(null_encoding="encode")
    index = codes.indices.to_numpy(zero_copy_only=False)
    size = len(codes.dictionary)
    hostile = np.bincount(index[attack], minlength=size)
    others = np.bincount(index[~attack], minlength=size)
    gap = np.abs(hostile / attack.sum() - others / (~attack).sum())
    often = hostile >= max(2, recall * attack.sum())
    precision = np.where(often, hostile / np.maximum(hostile + others, 1), 0).max(initial=0)
    worst = int(gap.argmax())
    return Leak(float(gap[worst]), float(precision), str(codes.dictionary[worst].as_py())[:60])


def numeric_views(name: str, column: pa.Array) -> dict[str, np.ndarray]:
    """Return the numbers on which a threshold could be set for a raw column."""
    views = {}
    if pa.types.is_timestamp(column.type):
        micros = column.cast(pa.int64()).to_numpy()
        views = {
            name: micros,
            f"{name}: time of day": micros % _DAY,
            f"{name}: second": micros % 60_000_000,
            f"{name}: microsecond": micros % 1_000_000,
        }
    elif pa.types.is_string(column.type):
        last = [
            float("nan") if v is None else int.from_bytes(v.encode()[-6:], "big")
            for v in column.to_pylist()
        ]
        views = {
            f"{name}: length": pc.utf8_length(column),
            f"{name}: lines": pc.count_substring(column, "\n"),
            f"{name}: upper case": pc.count_substring_regex(column, "[A-Z]"),
            f"{name}: digits": pc.count_substring_regex(column, "[0-9]"),
            f"{name}: edge blanks": pc.match_substring_regex(column, r"^\s|\s$"),
            f"{name}: last characters": np.array(last),
        }
    else:
        views = {name: column}
    return {
        view: values.astype(float)
        if isinstance(values, np.ndarray)
        else pc.cast(values, pa.float64()).to_numpy(zero_copy_only=False)
        for view, values in views.items()
    }
