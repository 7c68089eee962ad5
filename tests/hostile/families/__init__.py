"""Hostile inputs, a module for what they attack."""

from __future__ import annotations

from families import (
    columns,
    containers,
    json_records,
    options,
    outputs,
    parquet_files,
    paths,
    separated,
    shapes,
    tables,
    texts,
    values,
)

CASES = (
    *containers.CASES,
    *paths.CASES,
    *json_records.CASES,
    *separated.CASES,
    *parquet_files.CASES,
    *columns.CASES,
    *values.CASES,
    *texts.CASES,
    *tables.CASES,
    *shapes.CASES,
    *options.CASES,
    *outputs.CASES,
)
"""Every case."""
