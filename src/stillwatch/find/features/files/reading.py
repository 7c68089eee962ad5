"""Observations from Parquet, told from exchanges by the files themselves.

A folder is read through its mark, so that a run that was killed, or that still writes, is not
half read.  Files named one by one, or by a pattern, are read as they are.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stillwatch.errors import IncompatibleObservationsError, InputFormatError, MissingColumnError
from stillwatch.find.features.files.mark import (
    KEY,
    MARK,
    UNKEYED,
    UNKNOWN,
    VERSION,
    Mark,
    key_fingerprint,
    read_mark,
)
from stillwatch.find.features.observe import OBSERVATION_VERSION, observation_schema
from stillwatch.find.sources.duplicates import SeenIds
from stillwatch.find.sources.files import expand, is_url, stem_suffix
from stillwatch.find.sources.interface import Rejected
from stillwatch.find.sources.parquet import Parquet
from stillwatch.find.sources.registry import SUFFIXES
from stillwatch.find.sources.rules import DUPLICATE, ID
from stillwatch.find.sources.standard_input import STANDARD_INPUT
from stillwatch.find.sources.values import integers_in, plain_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from stillwatch.find.sources import Quarantine
    from stillwatch.find.sources.rules import Rule

__all__ = ["FORMAT", "Observations", "find_observations"]

FORMAT = "observations"
"""Name for ``--format``."""
INPUT = "exchanges"
"""Name of the quarantine file: the rows stand for exchanges."""
BATCH_ROWS = 65_536
"""Rows in a batch, at most."""
_AGAIN = "run `stillwatch observe` again"


class Observations:
    """Files of observations that can be read together; made by :func:`find_observations`.

    Args:
        paths: Parquet files, at least one.
        account_type: type that account ids are to have; None keeps it, and takes text where the
            files differ.

    Raises:
        StillwatchError: see :func:`find_observations`.
    """

    def __init__(self, paths: list[Path], *, account_type: pa.DataType | None = None) -> None:
        self.paths = tuple(paths)
        """Files in the order of reading."""
        heads = [_head(path) for path in paths]
        keys: dict[str, Path] = {}
        for head, path in zip(heads, paths, strict=True):
            keys.setdefault(head.key, path)
        if len(keys) > 1:
            (one, at), (other, there) = list(keys.items())[:2]
            raise IncompatibleObservationsError(
                f"the observations were made with different keys ({one} and {other})",
                where=f"{at}, {there}",
                todo="observe all of the log with one key; hashes under two keys never match",
            )
        self.key = next(iter(keys))
        """Fingerprint of the key."""
        self.rows = sum(head.rows for head in heads)
        """Rows in all files, repeated ones included."""
        whole = all(pa.types.is_integer(head.account_type) for head in heads)
        self.account_type = account_type or (pa.int64() if whole else pa.string())
        """Arrow type of account_id: int64 or string."""

    def check_key(self, key: int) -> None:
        """Refuse a key that is not the one of the observations.

        Raises:
            IncompatibleObservationsError: it is another.
        """
        if key_fingerprint(key) != self.key:
            made = "without a key" if self.key == UNKEYED else "with another key than the one given"
            raise IncompatibleObservationsError(
                f"the observations were made {made}",
                where=str(self.paths[0]),
                todo="leave the key out: scanning observations needs none",
            )

    def batches(self, quarantine: Quarantine) -> Iterator[pa.RecordBatch]:
        """Yield the observations; repeated exchanges go to quarantine, as in a log.

        Args:
            quarantine: takes the repeated rows.

        Raises:
            InputFormatError: a file is damaged, or was replaced meanwhile.
        """
        quarantine.expect(INPUT)
        seen = SeenIds()
        for path in self.paths:
            first = 0
            for raw in _read(path):
                batch = _sound(raw, path)
                ids = _account_ids(batch.column("account_id"), self.account_type)
                usable = np.asarray(ids.is_valid())
                repeated = seen.repeated(batch.column("exchange_id"), usable)
                rejected = [
                    *_rejected(batch, ~usable, first, ID, "account_id"),
                    *_rejected(batch, repeated, first, DUPLICATE, "exchange_id"),
                ]
                quarantine.reject(INPUT, str(path), rejected)
                first += raw.num_rows
                place = batch.schema.get_field_index("account_id")
                batch = batch.set_column(place, "account_id", ids)
                good = usable & ~repeated
                if good.any():
                    yield batch if good.all() else batch.filter(pa.array(good))


def find_observations(
    location: str, *, chosen: str | None = None, account_type: pa.DataType | None = None
) -> Observations | None:
    """Return the observations at a location, or None where it holds something else.

    Args:
        location: folder that ``stillwatch observe`` wrote, or one with several of these in it, a
            file, or a pattern.
        chosen: format that the user named; :data:`FORMAT` refuses anything else, and another
            format is never read as observations.
        account_type: type that account ids are to have; None keeps it.

    Raises:
        SourceNotFoundError: nothing is there.
        InputFormatError: a file is damaged, the run that wrote a folder did not end, or
            observations lie mixed with other files.
        MissingColumnError: a file lacks a column.
        IncompatibleObservationsError: the observations are of another version, or were made
            with different keys.
    """
    if chosen not in (None, FORMAT):
        return None
    paths = [] if is_url(location) or location == STANDARD_INPUT else _locate(location)
    if paths:
        return Observations(paths, account_type=account_type)
    if chosen == FORMAT:
        raise InputFormatError(
            "there are no observations here",
            where=location,
            todo="name a folder that `stillwatch observe` wrote",
        )
    return None


def _locate(location: str) -> list[Path]:
    """Return the files of observations; none where the location holds something else."""
    files = [Path(file.path) for file in expand(location, SUFFIXES)]
    marks = {path.parent: mark for path in files if path.name == MARK and (mark := read_mark(path))}
    loose = [path for path in files if not marks.keys() & set(path.parents)]
    if marks and not loose:
        return sorted({path for folder, mark in marks.items() for path in _marked(folder, mark)})
    parquet = next((path for path in loose if stem_suffix(str(path)) in Parquet.suffixes), None)
    if not marks and (parquet is None or not _is_observed(parquet)):
        return []
    observed = [path for path in loose if _is_observed(path)]
    if marks or len(observed) < len(loose):
        other = next(path for path in loose if marks or path not in observed)
        raise InputFormatError(
            "observations lie together with files that no run of observe wrote",
            where=str(other),
            todo="give each a folder of its own",
        )
    if Path(location).is_dir():
        raise InputFormatError(
            f"the observations have no {MARK}: the run that wrote them did not end",
            where=location,
            todo=f"{_AGAIN} into this folder, or name the files by a pattern",
        )
    return sorted(observed)


def _marked(folder: Path, mark: Mark) -> list[Path]:
    if mark.version != OBSERVATION_VERSION:
        raise _other_version(mark.version, folder / MARK)
    for part in mark.parts:
        rows = _head(folder / part.path).rows
        if rows != part.rows:
            raise InputFormatError(
                f"the file has {rows} rows, and {part.rows} were written",
                where=str(folder / part.path),
                todo=f"{_AGAIN} into this folder",
            )
    return [folder / part.path for part in mark.parts]


def _is_observed(path: Path) -> bool:
    try:
        return VERSION in (pq.read_schema(path).metadata or {})
    except (pa.ArrowException, OSError):
        return False


class _Head:
    """What a file's footer says of it."""

    def __init__(self, path: Path, file: pq.ParquetFile) -> None:
        schema = file.schema_arrow
        said = schema.metadata or {}
        if VERSION not in said:
            raise InputFormatError(
                "the file holds no observations",
                where=str(path),
                todo="name files that `stillwatch observe` wrote",
            )
        version = said[VERSION].decode("utf-8", "replace")
        if version != OBSERVATION_VERSION:
            raise _other_version(version, path)
        self.key = said.get(KEY, UNKNOWN.encode()).decode("utf-8", "replace")
        self.rows = file.metadata.num_rows
        for field in observation_schema(pa.string()):
            if field.name not in schema.names:
                raise MissingColumnError(
                    f"the column {field.name} is absent from the observations",
                    where=str(path),
                    todo=_AGAIN,
                )
        self.account_type = schema.field("account_id").type


def _head(path: Path) -> _Head:
    with _open(path) as file:
        return _Head(path, file)


def _open(path: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path, page_checksum_verification=True)
    except (pa.ArrowException, OSError) as error:
        raise _damaged(path, error) from error


def _read(path: Path) -> Iterator[pa.RecordBatch]:
    names = observation_schema(pa.string()).names
    with _open(path) as file:
        try:
            yield from file.iter_batches(BATCH_ROWS, columns=names)
        except (pa.ArrowException, OSError) as error:
            raise _damaged(path, error) from error


def _sound(raw: pa.RecordBatch, path: Path) -> pa.RecordBatch:
    """Return a batch in the schema, or refuse what would be read as something else."""
    schema = observation_schema(raw.schema.field("account_id").type)
    try:
        columns = [raw.column(field.name).cast(field.type) for field in schema]
        batch = pa.RecordBatch.from_arrays(columns, schema=schema)
        batch.validate(full=True)
    except (pa.ArrowException, ValueError) as error:
        raise _damaged(path, error) from error
    facets, kinds = batch.column("facets"), batch.column("kinds")
    gaps = [name for name in schema.names if batch.column(name).null_count]
    if gaps or facets.flatten().null_count or kinds.flatten().null_count:
        raise _damaged(path, ValueError(f"values are missing in {', '.join(gaps) or 'facets'}"))
    if not pc.list_value_length(facets).equals(pc.list_value_length(kinds)):
        raise _damaged(path, ValueError("facets and kinds differ in length"))
    return batch


def _account_ids(ids: pa.Array, account_type: pa.DataType) -> pa.Array:
    """Return ids in a type; null where an id cannot be an integer."""
    if ids.type == account_type:
        return ids
    ids = plain_text(ids)
    return ids if pa.types.is_string(account_type) else integers_in(ids)


def _rejected(
    batch: pa.RecordBatch, rows: NDArray[np.bool_], first: int, rule: Rule, column: str
) -> list[Rejected]:
    names = ("account_id", "exchange_id")
    return [
        Rejected(first + row, rule, {n: batch.column(n)[row].as_py() for n in names}, column)
        for row in np.flatnonzero(rows).tolist()
    ]


def _damaged(path: Path, error: Exception) -> InputFormatError:
    words = str(error).partition("\n")[0]
    what = "is gone" if isinstance(error, FileNotFoundError) else f"is damaged: {words}"
    return InputFormatError(
        f"a file of observations {what}", where=str(path), todo=f"{_AGAIN}, or scan again"
    )


def _other_version(version: str, path: Path) -> IncompatibleObservationsError:
    return IncompatibleObservationsError(
        f"the observations are of version {version[:20]!r}; this program reads "
        f"{OBSERVATION_VERSION!r}",
        where=str(path),
        todo="observe the exchanges again with this program, or scan with the one that wrote them",
    )
