"""OpenTelemetry GenAI spans as OTLP-JSON: one export request a line, or one in the file."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from stillwatch.errors import InputFormatError
from stillwatch.find.sources.genai import attributes_of, exchange_of
from stillwatch.find.sources.interface import FileLayout, Rejected
from stillwatch.find.sources.jsonlines import parse_object, read_lines, read_whole
from stillwatch.find.sources.records import pack
from stillwatch.find.sources.rules import RECORD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stillwatch.find.sources.interface import InputFile, RawBatch, Selection
    from stillwatch.find.sources.records import Record

__all__ = ["Otlp", "logs_in", "spans_in"]

HEAD_SPANS = 2_000
"""Exchanges that tell a file's columns."""
START = re.compile(rb'(?:\xef\xbb\xbf)?\s*\[?\s*\{\s*"resource_?[sS]pans"\s*:')


class Otlp:
    """OTLP-JSON traces."""

    name = "otlp"
    suffixes: tuple[str, ...] = (".json", ".jsonl", ".ndjson")

    def recognises(self, head: bytes) -> bool:
        """Whether the file starts as an export of spans does."""
        return START.match(head) is not None

    def layout(self, file: InputFile) -> FileLayout:
        """Return the canonical columns and attributes of the first 2,000 exchanges."""
        names: dict[str, None] = {}
        exchanges = (r for _, r in _exchanges(file) if not isinstance(r, Rejected))
        for record in itertools.islice(exchanges, HEAD_SPANS):
            names.update(dict.fromkeys(record))
        if not names:
            raise InputFormatError(
                "the file holds no GenAI span",
                where=file.shown,
                todo="export spans with gen_ai.* attributes, message content included",
            )
        return FileLayout(tuple(names), complete=False)

    def integer_ids(self, file: InputFile, column: str) -> bool:  # noqa: ARG002
        """Whether ids are integers: never, the conventions make them strings."""
        return False

    def read(self, file: InputFile, selection: Selection) -> Iterator[RawBatch]:
        """Yield the spans that ask a model for text; a position counts all spans of the file."""
        records: list[Record] = []
        positions: list[int] = []
        rejected: list[Rejected] = []
        for position, record in _exchanges(file):
            if isinstance(record, Rejected):
                rejected.append(record)
            else:
                records.append(record)
                positions.append(position)
            if len(records) + len(rejected) >= selection.batch_rows:
                yield pack(records, positions, selection, rejected)
                records, positions, rejected = [], [], []
        if records or rejected:
            yield pack(records, positions, selection, rejected)


def _exchanges(file: InputFile) -> Iterator[tuple[int, Record | Rejected]]:
    position = -1
    for document in _documents(file):
        if isinstance(document, Rejected):
            position += 1
            yield position, Rejected(position, document.rule, document.fields)
            continue
        for resource, span in spans_in(document):
            position += 1
            if not isinstance(span, Mapping):
                kind = {"span": type(span).__name__}
                yield position, Rejected(position, RECORD, kind)
                continue
            exchange = exchange_of(span, resource)
            if exchange is not None:
                yield position, exchange


def _documents(file: InputFile) -> Iterator[Record | Rejected]:
    lines = read_lines(file)
    _, first = next(lines, (0, b""))
    opening = None if first is None else parse_object(first, 0).record
    if not isinstance(opening, Mapping):  # the document goes on over more lines, or is a list
        whole = read_whole(file)
        for entry in whole if isinstance(whole, list) else [whole]:
            if isinstance(entry, dict):
                yield entry
            else:
                yield Rejected(0, RECORD, {"record": type(entry).__name__})
        return
    yield opening
    for _, line in lines:
        if line is None:
            yield Rejected(0, RECORD, {"line": "over 64 MiB"})
        else:
            yield parse_object(line, 0).record


def spans_in(document: Record) -> Iterator[tuple[dict[str, object], object]]:
    """Yield each span of an export request with its resource's attributes."""
    scopes = ("scopeSpans", "scope_spans", "instrumentationLibrarySpans")
    return _entries(document, ("resourceSpans", "resource_spans"), scopes, ("spans",))


def logs_in(document: Record) -> Iterator[tuple[dict[str, object], object]]:
    """Yield each log record of an export request with its resource's attributes."""
    records = ("logRecords", "log_records")
    return _entries(
        document, ("resourceLogs", "resource_logs"), ("scopeLogs", "scope_logs"), records
    )


def _entries(
    document: Record, resources: tuple[str, ...], scopes: tuple[str, ...], names: tuple[str, ...]
) -> Iterator[tuple[dict[str, object], object]]:
    for resource in _children(document, *resources):
        holder = resource.get("resource")
        attributes = attributes_of(holder.get("attributes") if isinstance(holder, Mapping) else ())
        for scope in _children(resource, *scopes):
            for name in names:
                entries = scope.get(name)
                for entry in entries if isinstance(entries, list) else ():
                    yield attributes, entry


def _children(parent: Record, *names: str) -> Iterator[Record]:
    for name in names:
        children = parent.get(name)
        for child in children if isinstance(children, list) else ():
            if isinstance(child, Mapping):
                yield child
