"""Texts out of files as token ids, in batches: documents, JSON Lines, Parquet."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from stillwatch.errors import (
    ConfigurationError,
    InputFormatError,
    MissingColumnError,
    MissingExtraError,
    SourceNotFoundError,
)
from stillwatch.prove.watermark.pairs import Texts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = ["Batch", "Columns", "read_texts", "tokenizer_in"]

_BATCH_TOKENS = 1 << 20
_BATCH_ROWS = 4096
_MOST_DOCUMENT = 1 << 28
_LINES = (".jsonl", ".ndjson")


@dataclass(frozen=True, slots=True)
class Columns:
    """Where the token ids come from."""

    tokens: str | None = None
    """Column of token ids; takes no tokenizer."""
    text: str | None = None
    """Column of text."""
    encode: Callable[[list[str]], list[list[int]]] | None = None
    """Texts to token ids, as the marking model's tokenizer does; None where ids are given."""

    @property
    def name(self) -> str:
        """The column that is read."""
        return self.tokens or self.text or ""


@dataclass(frozen=True, slots=True)
class Batch:
    """Some texts of a file."""

    texts: Texts
    """Their token ids."""
    places: list[str]
    """File and row of each, for a person."""


def tokenizer_in(path: Path) -> Callable[[list[str]], list[list[int]]]:
    """Return the encoder in a ``tokenizer.json``; no special token is added.

    Raises:
        MissingExtraError: the package ``tokenizers`` is not installed.
        SourceNotFoundError: there is no such file.
        InputFormatError: it holds no tokenizer.
    """
    try:
        from tokenizers import Tokenizer  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            "text needs the package tokenizers",
            todo="pip install 'stillwatch[prove]', or give a column of token ids with --tokens",
        ) from error
    if not path.is_file():
        raise SourceNotFoundError("there is no tokenizer", where=str(path), todo="check the path")
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # tokenizers raises nothing narrower
        raise InputFormatError(
            f"the file holds no tokenizer: {error}",
            where=str(path),
            todo="give the model's tokenizer.json",
        ) from error
    tokenizer.no_truncation()
    tokenizer.no_padding()

    def encode(texts: list[str]) -> list[list[int]]:
        return [found.ids for found in tokenizer.encode_batch(texts, add_special_tokens=False)]

    return encode


def read_texts(path: Path, columns: Columns) -> Iterator[Batch]:
    """Yield the texts of a file, or of all files in a folder by name.

    ``.jsonl`` and ``.ndjson`` are JSON Lines and ``.parquet`` is Parquet, by column; any other file
    is one document.

    Raises:
        SourceNotFoundError: there is no such file.
        InputFormatError: a file, line or id is not what it should be; the line is named.
        MissingColumnError: a file lacks the column.
        ConfigurationError: what is needed to read a file was not given.
    """
    if path.is_dir():
        for inside in sorted(p for p in path.rglob("*") if p.is_file()):
            yield from read_texts(inside, columns)
        return
    if not path.is_file():
        raise SourceNotFoundError("there is no such input", where=str(path), todo="check the path")
    if path.suffix in {*_LINES, ".parquet"} and not columns.name:
        raise ConfigurationError(
            "no column is named", where=str(path), todo="give --tokens or --text"
        )
    rows = {".parquet": _parquet, **dict.fromkeys(_LINES, _lines)}.get(path.suffix, _document)
    pending: list[Any] = []
    first = size = 0
    for value in rows(path, columns):
        pending.append(value)
        size += len(value)
        if len(pending) == _BATCH_ROWS or size >= _BATCH_TOKENS:
            yield _batch(path, columns, pending, first)
            first, pending, size = first + len(pending), [], 0
    if pending:
        yield _batch(path, columns, pending, first)


def _batch(path: Path, columns: Columns, values: list[Any], first: int) -> Batch:
    places = [f"{path}:{first + at + 1}" for at in range(len(values))]
    if isinstance(values[0], str):
        if columns.encode is None:
            raise ConfigurationError(
                "text needs a tokenizer", where=str(path), todo="give --tokenizer tokenizer.json"
            )
        values = columns.encode(values)
    return Batch(
        Texts.of(*(_ids(value, at) for value, at in zip(values, places, strict=True))), places
    )


def _ids(value: Any, place: str) -> np.ndarray:  # noqa: ANN401 - what a file holds
    try:
        ids = np.asarray(value)
    except ValueError:  # lists of different lengths
        ids = np.empty(1, object)
    if ids.size == 0:
        return np.empty(0, np.uint32)
    if ids.ndim != 1 or ids.dtype.kind not in "iu" or ids.min() < 0 or ids.max() >= 2**32:
        raise InputFormatError(
            "a row holds no token ids",
            where=place,
            todo="token ids are whole numbers from 0 to 4,294,967,295",
        )
    return ids.astype(np.uint32)


def _lines(path: Path, columns: Columns) -> Iterator[Any]:
    wanted: type = list if columns.tokens else str
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            place = f"{path}:{number}"
            try:
                held = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise InputFormatError(
                    f"a line is no JSON: {error}", where=place, todo="repair or leave the line out"
                ) from error
            if not isinstance(held, dict) or columns.name not in held:
                raise MissingColumnError(
                    f"a line has no {columns.name}", where=place, todo="name another column"
                )
            if not isinstance(held[columns.name], wanted):
                raise InputFormatError(
                    f"{columns.name} is no {'list of token ids' if columns.tokens else 'text'}",
                    where=place,
                    todo="--tokens names ids, --text names text",
                )
            yield held[columns.name]


def _parquet(path: Path, columns: Columns) -> Iterator[Any]:
    import pyarrow as pa  # noqa: PLC0415 - only where a file is Parquet
    import pyarrow.parquet as pq  # noqa: PLC0415

    try:
        with pq.ParquetFile(path) as file:
            if columns.name not in file.schema_arrow.names:
                raise MissingColumnError(
                    f"the file has no column {columns.name}",
                    where=str(path),
                    todo=f"name one of {', '.join(file.schema_arrow.names)[:200]}",
                )
            kind = file.schema_arrow.field(columns.name).type
            ids = pa.types.is_list(kind) or pa.types.is_large_list(kind)
            if not (ids and pa.types.is_integer(kind.value_type) if columns.tokens else not ids):
                raise InputFormatError(
                    f"{columns.name} is a column of {kind}",
                    where=str(path),
                    todo="--tokens names lists of whole numbers, --text names text",
                )
            for batch in file.iter_batches(_BATCH_ROWS, columns=[columns.name]):
                for value in batch.column(0):
                    held = value.as_py() if not ids else value.values
                    yield _filled(held, ids=ids)
    except (pa.ArrowException, OSError) as error:
        raise InputFormatError(
            f"the file cannot be read: {error}", where=str(path), todo="give a Parquet file"
        ) from error


def _filled(held: Any, *, ids: bool) -> Any:  # noqa: ANN401 - text, or Arrow's integers
    """Return a row's value, an absent one as an empty one."""
    if ids:
        return np.empty(0, np.uint32) if held is None else held.to_numpy(zero_copy_only=False)
    return "" if held is None else held


def _document(path: Path, columns: Columns) -> Iterator[str]:
    del columns
    if path.stat().st_size > _MOST_DOCUMENT:
        raise InputFormatError(
            f"a document is over {_MOST_DOCUMENT:,} bytes long",
            where=str(path),
            todo="split it, or give JSON Lines",
        )
    try:
        yield path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise InputFormatError(
            "a document is not UTF-8", where=str(path), todo="give text, JSON Lines or Parquet"
        ) from error
