"""What observations are good for, in the words of ``stillwatch scan --check``."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from stillwatch.find.features.files.reading import FORMAT, INPUT
from stillwatch.find.sources import InputCheck, Quarantine
from stillwatch.records import EXCHANGE, utc

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa
    from numpy.typing import NDArray

    from stillwatch.find.features.files.reading import Observations

__all__ = ["check_observations"]

_KEPT: Mapping[str, str] = {"system_prompt": "system"}
"""Names of observations' columns that are not those of the exchanges."""


def check_observations(observations: Observations, location: str) -> InputCheck:
    """Read observations once and say which columns of the exchanges they stand for have values.

    Args:
        observations: what was found.
        location: where, as the user named it.

    Raises:
        InputFormatError: a file is damaged.
    """
    quarantine = Quarantine(None)
    good = 0
    filled: Counter[str] = Counter()
    first, last = np.iinfo(np.int64).max, np.iinfo(np.int64).min
    for batch in observations.batches(quarantine):
        good += batch.num_rows
        time = np.asarray(batch.column("time"))
        first, last = min(first, int(time.min())), max(last, int(time.max()))
        for field in EXCHANGE:
            has = batch.num_rows if field.required else int(_has(batch, field.name).sum())
            filled[field.name] += has
    names = [field.name for field in EXCHANGE]
    present = {name: filled[name] / good for name in names if filled[name]}
    return InputCheck(
        section="exchange",
        location=location,
        files=len(observations.paths),
        formats=(FORMAT,),
        good=good,
        bad=quarantine.rows(INPUT),
        cells={},
        filled=present,
        absent=tuple(name for name in names if name not in present),
        unknown=(),
        account_type=str(observations.account_type),
        first=utc(first) if good else None,
        last=utc(last) if good else None,
    )


def _has(batch: pa.RecordBatch, name: str) -> NDArray[np.bool_]:
    """Return which exchanges had a value."""
    name = _KEPT.get(name, name)
    if name not in batch.schema.names:
        return np.zeros(batch.num_rows, np.bool_)
    values = batch.column(name).to_numpy(zero_copy_only=False)
    if values.dtype == np.uint64:
        return np.asarray(values != 0)
    return np.asarray(values >= 0)
