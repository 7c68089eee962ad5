"""What is judged: a world's truth joined with the verdicts of one scan, as parallel arrays."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from stillwatch.worlds.evaluation.reading import Truth, VerdictTable

__all__ = ["KINDS", "NEVER", "Judged", "join", "pool"]

NEVER = np.iinfo(np.int64).max
"""Stands for the time of a flag that never came, µs."""

KINDS = ("benign", "attack", "grey")
"""Kinds of account in a world's truth; ``Judged.kind`` indexes this tuple."""


@dataclass(frozen=True, slots=True)
class Judged:
    """Truth and verdicts of one or several worlds; arrays of one length share account order."""

    account: NDArray[np.object_]
    """Account id as text, (accounts,)."""
    world: NDArray[np.int32]
    """Index of the account's world, (accounts,)."""
    cohort: NDArray[np.object_]
    """Cohort slug, (accounts,)."""
    language: NDArray[np.object_]
    """Language code, (accounts,)."""
    kind: NDArray[np.int8]
    """Index into KINDS, (accounts,)."""
    actor: NDArray[np.int32]
    """Index into actors of the campaign the account belongs to, -1 for none, (accounts,)."""
    actors: tuple[str, ...]
    """Campaign ids of the truth; prefixed by the world where several are pooled."""
    exchanges: NDArray[np.int64]
    """Exchanges sent in the log, (accounts,)."""
    harvest_account: NDArray[np.int32]
    """Account index of each harvest exchange, (harvest,)."""
    harvest_time: NDArray[np.int64]
    """Time of each harvest exchange, µs, (harvest,)."""
    flagged_at: NDArray[np.int64]
    """Time of the flag, µs, or NEVER, (accounts,)."""
    predicted: NDArray[np.int32]
    """Index of the campaign that the scan put the account in, -1 for none, (accounts,)."""
    predictions: int
    """Number of campaigns that the scan declared."""
    score: NDArray[np.float64]
    """Membership probability, (accounts,)."""
    measure: NDArray[np.object_]
    """Recommended measure, (accounts,)."""
    unjudged: int
    """Accounts of the world that have no verdict; they count as not flagged."""
    unknown: int
    """Verdicts on accounts that the truth does not know; they count nowhere."""

    @property
    def flagged(self) -> NDArray[np.bool_]:
        """Whether each account was flagged, (accounts,)."""
        return np.asarray(self.flagged_at != NEVER)

    @property
    def seen(self) -> NDArray[np.bool_]:
        """Accounts that rates are taken over: those that sent something or were flagged."""
        return (self.exchanges > 0) | self.flagged

    def of_kind(self, kind: str) -> NDArray[np.bool_]:
        """Return which accounts are of a kind named in KINDS."""
        return np.asarray(self.kind == KINDS.index(kind))


def _texts(column: pa.ChunkedArray) -> NDArray[np.object_]:
    filled = column.cast(pa.string()).fill_null("unknown")
    return np.asarray(filled.to_numpy(zero_copy_only=False), dtype=object)


def _codes(column: pa.ChunkedArray) -> tuple[NDArray[np.int32], tuple[str, ...]]:
    """Number a column's values in sorted order; nulls become -1."""
    values = sorted(v for v in column.cast(pa.string()).unique().to_pylist() if v is not None)
    number = {value: i for i, value in enumerate(values)}
    codes = [-1 if v is None else number[v] for v in column.cast(pa.string()).to_pylist()]
    return np.array(codes, dtype=np.int32), tuple(values)


def join(truth: Truth, verdicts: VerdictTable) -> Judged:
    """Put the verdicts beside the truth, in the truth's account order.

    Args:
        truth: one world's truth.
        verdicts: verdicts on it; ids are compared as text, so that an integer id in one file
            and its text in the other are the same account.
    """
    account = _texts(truth.accounts["account_id"])
    at = {a: i for i, a in enumerate(account.tolist())}
    n = len(account)
    rows = np.array([at.get(a, -1) for a in verdicts.account.tolist()], dtype=np.int64)
    known = rows >= 0
    rows = rows[known]
    flagged_at = np.full(n, NEVER, dtype=np.int64)
    flagged_at[rows] = verdicts.flagged_at[known]
    codes, names = _codes(pa.chunked_array([pa.array(verdicts.campaign[known], pa.string())]))
    predicted = np.full(n, -1, dtype=np.int32)
    predicted[rows] = codes
    predicted[flagged_at == NEVER] = -1
    score = np.zeros(n)
    score[rows] = verdicts.score[known]
    measure = np.full(n, "", dtype=object)
    measure[rows] = verdicts.measure[known]
    actor, actors = _codes(truth.accounts["campaign"])
    kinds = _texts(truth.accounts["kind"])
    exchanges = np.array([truth.exchanges.get(a, 0) for a in account.tolist()], dtype=np.int64)
    harvest_account = np.array(
        [at.get(a, -1) for a in truth.harvest_account.tolist()], dtype=np.int32
    )
    inside = harvest_account >= 0
    return Judged(
        account=account,
        world=np.zeros(n, dtype=np.int32),
        cohort=_texts(truth.accounts["cohort"]),
        language=_texts(truth.accounts["language"]),
        kind=np.array([KINDS.index(k) for k in kinds.tolist()], dtype=np.int8),
        actor=actor,
        actors=actors,
        exchanges=exchanges,
        harvest_account=harvest_account[inside],
        harvest_time=truth.harvest_time[inside],
        flagged_at=flagged_at,
        predicted=predicted,
        predictions=len(names),
        score=score,
        measure=measure,
        unjudged=n - len(rows),
        unknown=int((~known).sum()),
    )


def pool(parts: Sequence[Judged]) -> Judged:
    """Join several worlds into one; campaigns of different worlds stay different.

    Args:
        parts: one a world, at least one.

    Raises:
        ValueError: parts is empty.
    """
    if not parts:
        msg = "nothing to pool"
        raise ValueError(msg)
    if len(parts) == 1:
        return parts[0]
    size = np.cumsum([0, *(len(p.account) for p in parts)])
    actors = np.cumsum([0, *(len(p.actors) for p in parts)])
    groups = np.cumsum([0, *(p.predictions for p in parts)])

    def shifted(codes: NDArray[np.int32], by: int) -> NDArray[np.int32]:
        return np.where(codes < 0, codes, codes + by).astype(np.int32)

    def glue(name: str) -> NDArray[np.object_]:
        return np.concatenate([getattr(p, name) for p in parts])

    return replace(
        parts[0],
        account=glue("account"),
        world=np.concatenate([np.full_like(p.world, i) for i, p in enumerate(parts)]),
        cohort=glue("cohort"),
        language=glue("language"),
        kind=np.concatenate([p.kind for p in parts]),
        actor=np.concatenate([shifted(p.actor, int(actors[i])) for i, p in enumerate(parts)]),
        actors=tuple(f"{i}:{a}" for i, p in enumerate(parts) for a in p.actors),
        exchanges=np.concatenate([p.exchanges for p in parts]),
        harvest_account=np.concatenate(
            [shifted(p.harvest_account, int(size[i])) for i, p in enumerate(parts)]
        ),
        harvest_time=np.concatenate([p.harvest_time for p in parts]),
        flagged_at=np.concatenate([p.flagged_at for p in parts]),
        predicted=np.concatenate(
            [shifted(p.predicted, int(groups[i])) for i, p in enumerate(parts)]
        ),
        predictions=int(groups[-1]),
        score=np.concatenate([p.score for p in parts]),
        measure=glue("measure"),
        unjudged=sum(p.unjudged for p in parts),
        unknown=sum(p.unknown for p in parts),
    )
